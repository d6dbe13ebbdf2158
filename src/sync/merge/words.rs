//! What changed about one agent, in plain words for people. Never logins or e-mail addresses.

use crate::domain::{Capacity, RosterEntry, SourceAgent, Standing};

/// A new agent.
pub(super) fn added(agent: &SourceAgent) -> String {
    format!("{}: new, {}", who(agent), agent.presence.word())
}

/// A known agent who is in the answer and different from before.
pub(super) fn met(before: &RosterEntry, now: &SourceAgent) -> String {
    let mut what = Vec::new();
    match before.standing {
        Standing::Present => {}
        Standing::Missing { .. } | Standing::Frozen { .. } => what.push("seen again".to_owned()),
        Standing::Gone { .. } => what.push("back after having been gone".to_owned()),
    }
    let old = &before.agent;
    if old.presence != now.presence {
        let (from, to) = (old.presence.word(), now.presence.word());
        what.push(format!("{from} to {to}"));
    }
    if old.load != now.load {
        what.push(format!("chats {} to {}", old.load, now.load));
    }
    if old.capacity != now.capacity {
        let (from, to) = (limit(old.capacity), limit(now.capacity));
        what.push(format!("limit {from} to {to}"));
    }
    let group = |agent: &SourceAgent| (agent.group_id.clone(), agent.group_name.clone());
    for (differs, name) in [
        (old.login != now.login, "login"),
        (old.display_name != now.display_name, "name"),
        (old.email != now.email, "e-mail"),
        (old.voice != now.voice, "voice presence"),
        (old.skills != now.skills, "skills"),
        (group(old) != group(now), "group"),
        (old.privilege_group != now.privilege_group, "privileges"),
    ] {
        if differs {
            what.push(format!("{name} changed"));
        }
    }
    format!("{}: {}", who(now), what.join(", "))
}

/// A known agent who is not in the answer, after the absence rules.
pub(super) fn absent(now: &RosterEntry) -> String {
    let what = match now.standing {
        Standing::Present => "hidden by the filter, not available",
        Standing::Missing { .. } => "missing, not available",
        Standing::Frozen { .. } => "missing from a doubted answer, kept as last seen",
        Standing::Gone { .. } => "gone",
    };
    format!("{}: {what}", who(&now.agent))
}

/// The id, and the public name unless it could be an address or would spoil the line.
fn who(agent: &SourceAgent) -> String {
    match &agent.display_name {
        Some(name) if !name.contains(|c: char| c == '@' || c.is_control()) => {
            format!("agent {} ({name})", agent.id)
        }
        Some(_) | None => format!("agent {}", agent.id),
    }
}

fn limit(capacity: Capacity) -> String {
    match capacity {
        Capacity::Unlimited => "none".to_owned(),
        Capacity::Limited(chats) => chats.to_string(),
    }
}
