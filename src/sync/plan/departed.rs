//! What becomes of our users whose agents have left. Nothing is ever deleted.
//!
//! | removal | phase users | phase roles |
//! |---|---|---|
//! | not-available | not available | |
//! | remove-role | not available | departments, limit and role are taken |
//! | deactivate | not available | the same, and the user is deactivated |
//!
//! They are closed a phase earlier, because the target refuses to change the availability of
//! somebody who is no agent or not active. Who is deactivated already is left as he is: he gets no
//! chats and holds no seat.
//!
//! Departments and limit fall with the role by themselves; they are taken by name, so that the
//! journal has them for the way back.

use std::collections::HashSet;

use super::{
    Facts,
    matching::{Departed, has_role, is_available},
    membership, shown,
};
use crate::domain::{
    Change, Effect, Phase, Write,
    change::{DepartmentRef, Member},
    moving::Removal,
    target::Membership,
};

/// Every change about those who left.
pub(super) fn retire(facts: &Facts<'_>, departed: &[Departed<'_>]) -> Vec<Change> {
    let users: HashSet<_> = departed.iter().map(|one| &one.user.id).collect();
    let memberships = membership::by_user(facts.actual, &users);
    let mut changes = Vec::new();
    for one in departed {
        changes.extend(close(one));
        let inside = memberships.get(&one.user.id).map_or(&[][..], Vec::as_slice);
        let removal = facts.rules.removal;
        changes.extend(match removal {
            Removal::NotAvailable => None,
            Removal::RemoveRole | Removal::Deactivate => strip(facts, one, inside, removal),
        });
    }
    changes
}

fn reason(one: &Departed<'_>) -> String {
    if one.gone {
        "has left the source".to_owned()
    } else {
        "no longer takes part".to_owned()
    }
}

fn close(one: &Departed<'_>) -> Option<Change> {
    (one.user.active && is_available(one.user)).then(|| Change {
        phase: Phase::Users,
        subject: one.subject(),
        effect: Effect::Close,
        reason: reason(one),
        fields: vec![shown::availability(true, false)],
        writes: vec![Write::SetAvailability {
            user: one.user_ref(),
            available: false,
            was: true,
        }],
    })
}

fn strip(
    facts: &Facts<'_>,
    one: &Departed<'_>,
    inside: &[&Membership],
    removal: Removal,
) -> Option<Change> {
    if !one.user.active {
        return None;
    }
    let user = one.user_ref();
    let role = &facts.rules.agent_role;
    let mut fields = Vec::new();
    let mut writes = Vec::new();
    if has_role(one.user, role) {
        for member in inside {
            let department = facts.actual.department(&member.department);
            let name = department.map_or(member.department.as_str(), |one| &one.name);
            fields.push(shown::lost("department", name));
            writes.push(Write::RemoveMembers {
                department: DepartmentRef {
                    name: name.to_owned(),
                    id: Some(member.department.clone()),
                },
                members: vec![Member {
                    user: user.clone(),
                    count: member.count,
                    order: member.order,
                }],
            });
        }
        let agent = one.user.agent.as_ref();
        if let Some(was) = agent.and_then(|agent| agent.limit).filter(|one| *one > 0) {
            fields.push(shown::limit(Some(was), None));
            writes.push(Write::SetLimit {
                user: user.clone(),
                limit: None,
                was: Some(was),
            });
        }
        fields.push(shown::lost("role", role));
        writes.push(Write::RevokeRole {
            user: user.clone(),
            role: role.clone(),
        });
    }
    if removal == Removal::Deactivate {
        fields.push(shown::active(false));
        writes.push(Write::SetActive {
            user,
            active: false,
        });
    }
    (!writes.is_empty()).then(|| Change {
        phase: Phase::Roles,
        subject: one.subject(),
        effect: Effect::Remove,
        reason: reason(one),
        fields,
        writes,
    })
}
