//! Agents of the roster who take no part, and what has become of their users.

use std::sync::Arc;

use super::{
    Inputs,
    person::{Found, Sides, result},
    routable,
    wanted::is_untouchable,
};
use crate::{
    domain::{
        DesiredAgent, Owner, RosterEntry, Standing, TargetUser, Waves,
        moving::{Link, Removal},
    },
    migrate::wire::{PersonLine, Remark},
};

/// Goes through everybody of the roster who is not wanted in the target: they have left the source,
/// or no longer take part. Whoever was moved counts to the wave he was moved with.
///
/// | who | told as |
/// |---|---|
/// | takes no part, no user of ours | left out |
/// | has left the source, no user of ours | not at all |
/// | has a user of ours, about whom the target decides | left out |
/// | has a user of ours, who is protected | left out |
/// | has a user of ours, who is as `removal` wants it | left out |
/// | has a user of ours, who is not as `removal` wants it | different |
pub(super) fn judge(
    inputs: &Inputs<'_>,
    sides: &Sides<'_>,
    people: &mut Vec<PersonLine>,
    left_out: &mut Vec<Remark>,
) {
    let waves = Waves::new(inputs.rules);
    let only = inputs.part.wave.as_deref();
    let mut moving = inputs.believed.desired.agents.iter().peekable();
    for entry in inputs.believed.roster.entries() {
        let id = &entry.agent.id;
        let before = |agent: &&Arc<DesiredAgent>| agent.identity.source_id < *id;
        while moving.next_if(before).is_some() {}
        let takes_part = moving.next_if(|agent| agent.identity.source_id == *id);
        let link = inputs.links.agents.get(id);
        let wave = link.map_or_else(|| waves.of(&entry.agent), |link| link.wave.as_str());
        if takes_part.is_some() || only.is_some_and(|only| only != wave) {
            continue;
        }
        let gone = is_gone(entry);
        let what = if gone {
            "has left LivePerson"
        } else {
            "takes no part, by participants or mapping.email"
        };
        let user = link.and_then(|link| inputs.actual.user(&link.target_id));
        let why = match user {
            None if gone => continue,
            None => what.to_owned(),
            Some(_) if entry.owner == Owner::Target => {
                format!("{what}; his availability is Rocket.Chat's")
            }
            Some(user) if is_untouchable(inputs.actual, inputs.rules, user) => {
                format!("{what}; his user is protected there")
            }
            Some(user) => {
                if let Some(differs) = retired(entry, user, sides, wave) {
                    people.push(differs);
                    continue;
                }
                let removal = inputs.rules.removal.word();
                format!("{what}; his user is as migrate.removal = \"{removal}\" wants it")
            }
        };
        left_out.push(Remark {
            subject: subject(entry, link),
            why,
        });
    }
}

/// The line of somebody whose user is not as the rules for leavers want it.
fn retired(
    entry: &RosterEntry,
    user: &TargetUser,
    sides: &Sides<'_>,
    wave: &str,
) -> Option<PersonLine> {
    let mut found = Found {
        sides,
        differences: Vec::new(),
    };
    let available = user.agent.as_ref().is_some_and(|agent| agent.available);
    let an_agent = user.roles.contains(&sides.rules.agent_role);
    // A deactivated user is further away than any rule asks for.
    let (wrong, field, bridge, target) = match sides.rules.removal {
        Removal::NotAvailable => (available, "availability", "not available", "available"),
        Removal::RemoveRole => (an_agent, "roles", "no agent any more", "still an agent"),
        Removal::Deactivate => (true, "active", "no", "yes"),
    };
    if !(wrong && user.active) {
        return None;
    }
    let source = if is_gone(entry) {
        "has left"
    } else {
        "takes no part"
    };
    found.note(field, [source, bridge, target], "");
    let capabilities = &sides.actual.capabilities;
    let why_not = routable::why_not(Some(user), None, capabilities, &sides.rules.agent_role);
    Some(PersonLine {
        source_id: entry.agent.id.as_str().to_owned(),
        username: user.username.clone(),
        name: user.name.clone(),
        wave: wave.to_owned(),
        owner: entry.owner.word().to_owned(),
        result: result(&found.differences).to_owned(),
        routable: why_not.is_empty(),
        why_not,
        differences: found.differences,
    })
}

fn is_gone(entry: &RosterEntry) -> bool {
    match entry.standing {
        Standing::Gone { .. } => true,
        Standing::Present | Standing::Missing { .. } | Standing::Frozen { .. } => false,
    }
}

fn subject(entry: &RosterEntry, link: Option<&Link>) -> String {
    let id = &entry.agent.id;
    let login = entry
        .agent
        .login
        .as_deref()
        .filter(|one| !one.contains('@'));
    match link.map(|link| link.username.as_str()).or(login) {
        Some(name) => format!("{name} ({id})"),
        None => id.to_string(),
    }
}
