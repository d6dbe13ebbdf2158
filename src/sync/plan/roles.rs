//! Which roles are given and taken, and who is closed before the cut-over.

use super::{matching::Person, shown};
use crate::domain::{
    Capacity, Change, Effect, Owner, Phase, Write,
    change::UserRef,
    moving::{MoveRules, Scope},
};

/// Roles that are missing. The agent's role comes first and is followed at once by "not available",
/// because it makes available (admin contract §3.2).
pub(super) fn grant(person: &Person<'_>, rules: &MoveRules) -> Option<Change> {
    let missing = person.agent.roles.iter();
    let mut missing: Vec<&String> = missing.filter(|role| !person.has_role(role)).collect();
    if missing.is_empty() {
        return None;
    }
    missing.sort_by_key(|role| (**role != rules.agent_role, *role));
    let user = person.user_ref();
    let mut writes = Vec::new();
    for role in &missing {
        writes.extend(granting(&user, role, rules));
    }
    Some(Change {
        phase: Phase::Roles,
        subject: person.subject(),
        effect: Effect::Create,
        reason: if *missing[0] == rules.agent_role {
            "becomes an agent, not available until the cut-over".to_owned()
        } else {
            "mapping gives more roles".to_owned()
        },
        fields: missing
            .iter()
            .map(|role| shown::gained("role", role))
            .collect(),
        writes,
    })
}

/// The writes that give a role and nothing besides.
pub(super) fn granting(
    user: &UserRef,
    role: &str,
    rules: &MoveRules,
) -> impl Iterator<Item = Write> + use<> {
    let grant = Write::GrantRole {
        user: user.clone(),
        role: role.to_owned(),
    };
    let dark = (role == rules.agent_role).then(|| Write::SetAvailability {
        user: user.clone(),
        available: false,
        was: false,
    });
    [grant].into_iter().chain(dark)
}

/// Roles that mapping can give, and no longer gives.
pub(super) fn revoke(person: &Person<'_>, rules: &MoveRules) -> Option<Change> {
    let managed = rules.managed_roles.iter();
    let mut surplus: Vec<&String> = managed
        .filter(|role| person.has_role(role) && !person.agent.roles.contains(role))
        .collect();
    surplus.sort();
    surplus.dedup();
    (!surplus.is_empty()).then(|| Change {
        phase: Phase::Roles,
        subject: person.subject(),
        effect: Effect::Remove,
        reason: "mapping no longer gives these roles".to_owned(),
        fields: surplus
            .iter()
            .map(|role| shown::lost("role", role))
            .collect(),
        writes: surplus
            .iter()
            .map(|role| Write::RevokeRole {
                user: person.user_ref(),
                role: (*role).clone(),
            })
            .collect(),
    })
}

/// Whoever still takes his chats in the source must be dark in the target. Who takes none there
/// (a capacity of 0) is dark even through the cut-over.
pub(super) fn darken(person: &Person<'_>, scope: &Scope) -> Option<Change> {
    let stays_dark = match (person.agent.owner(), person.agent.capacity()) {
        (Owner::Source, Capacity::Limited(0)) => true,
        (Owner::Source, Capacity::Limited(_) | Capacity::Unlimited) => !scope.cut_over,
        (Owner::Target | Owner::Both, _) => false,
    };
    // Nothing but a cut-over ever opened him: of a lost state the owner is lost, too.
    (stays_dark && person.is_available() && !person.recognised).then(|| Change {
        phase: Phase::Roles,
        subject: person.subject(),
        effect: Effect::Close,
        reason: "is available before his cut-over; chats still come from the source".to_owned(),
        fields: vec![shown::availability(true, false)],
        writes: vec![Write::SetAvailability {
            user: person.user_ref(),
            available: false,
            was: true,
        }],
    })
}
