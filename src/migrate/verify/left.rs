//! Agents of the roster who take no part, and what has become of their users.

use super::{
    Inputs,
    person::{Found, Sides, owner_word, result},
    routable,
    wanted::{Waves, is_protected},
};
use crate::{
    domain::{
        DesiredAgent, Owner, RosterEntry, Standing, TargetUser,
        moving::{Link, Removal},
    },
    migrate::wire::{PersonLine, Remark},
};

/// Goes through everybody of the roster who is not wanted in the target.
///
/// | who | told as |
/// |---|---|
/// | takes no part, never moved | left out |
/// | takes no part any more, has a user of ours | left out: the user stays as he is |
/// | has left the source, the target decides about him | left out |
/// | has left the source, user as `removal` wants it | left out |
/// | has left the source, user not as `removal` wants it | different |
/// | has left the source, never moved or user gone | not at all |
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
        let before = |agent: &&std::sync::Arc<DesiredAgent>| agent.identity.source_id < *id;
        while moving.next_if(before).is_some() {}
        let wave = waves.of(&entry.agent);
        if moving
            .next_if(|agent| agent.identity.source_id == *id)
            .is_some()
            || only.is_some_and(|only| only != wave)
        {
            continue;
        }
        let link = inputs.links.agents.get(id);
        let user = link.and_then(|link| inputs.actual.user(&link.target_id));
        let mut leave = |why: String| {
            left_out.push(Remark {
                subject: subject(entry, link),
                why,
            });
        };
        match (entry.standing, user) {
            (Standing::Gone { .. }, None) => {}
            (Standing::Gone { .. }, Some(user)) => {
                if entry.owner == Owner::Target {
                    leave("has left LivePerson; his availability is Rocket.Chat's".to_owned());
                } else if is_protected(inputs.rules, user) {
                    leave("has left LivePerson, and his user is protected there".to_owned());
                } else {
                    match retired(entry, user, sides, wave) {
                        Some(differs) => people.push(differs),
                        None => leave(format!(
                            "has left LivePerson; his user is as migrate.removal = \"{}\" wants it",
                            inputs.rules.removal.word()
                        )),
                    }
                }
            }
            (Standing::Present | Standing::Missing { .. } | Standing::Frozen { .. }, None) => {
                leave("takes no part, by participants or mapping.email".to_owned());
            }
            (Standing::Present | Standing::Missing { .. } | Standing::Frozen { .. }, Some(_)) => {
                leave(
                    "takes no part any more, by participants or mapping.email; his user stays as he is"
                        .to_owned(),
                );
            }
        }
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
    found.note(field, ["has left", bridge, target], "");
    let capabilities = &sides.actual.capabilities;
    let why_not = routable::why_not(Some(user), None, capabilities, &sides.rules.agent_role);
    Some(PersonLine {
        source_id: entry.agent.id.as_str().to_owned(),
        username: user.username.clone(),
        name: user.name.clone(),
        wave: wave.to_owned(),
        owner: owner_word(entry.owner).to_owned(),
        result: result(&found.differences).to_owned(),
        routable: why_not.is_empty(),
        why_not,
        differences: found.differences,
    })
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
