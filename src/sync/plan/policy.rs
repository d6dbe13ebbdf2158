//! Policies filter the finished plan, by name.
//!
//! | policy | create | update | remove | open | close |
//! |---|---|---|---|---|---|
//! | observe | | | | | |
//! | create-only | yes | | | yes | |
//! | upsert | yes | yes | | yes | yes |
//! | sync | yes | yes | yes | yes | yes |

use std::collections::HashSet;

use super::membership;
use crate::domain::{
    Change, Effect, SourceId, Subject, Write,
    change::Member,
    moving::{MovePolicy, MoveRules},
};

/// Whether a policy lets an effect through.
pub(super) const fn allows(policy: MovePolicy, effect: Effect) -> bool {
    match policy {
        MovePolicy::Observe => false,
        MovePolicy::CreateOnly => matches!(effect, Effect::Create | Effect::Open),
        MovePolicy::Upsert => !matches!(effect, Effect::Remove),
        MovePolicy::Sync => true,
    }
}

/// Parts the changes, in their order, into those that may be made and those that are withheld:
/// because the policy does not allow them, or because they need one that is withheld.
pub(super) fn filter(changes: Vec<Change>, rules: &MoveRules) -> (Vec<Change>, Vec<Change>) {
    let mut missing = Missing::default();
    let (mut allowed, mut withheld) = (Vec::new(), Vec::new());
    for change in changes {
        if !allows(rules.policy, change.effect) || missing.needed_by(&change) {
            missing.note(&change, &rules.agent_role);
            withheld.push(change);
            continue;
        }
        match missing.split(&change) {
            None => allowed.push(change),
            Some((with, without)) => {
                allowed.extend(with);
                withheld.push(without);
            }
        }
    }
    (allowed, withheld)
}

/// What is not there because it is withheld.
#[derive(Default)]
struct Missing {
    /// Agents without a user, without an active one, or without the agent's role.
    agents: HashSet<SourceId>,
    departments: HashSet<String>,
}

impl Missing {
    fn note(&mut self, change: &Change, agent_role: &str) {
        match &change.subject {
            Subject::Agent { source_id, .. } => {
                let needed = |write: &Write| {
                    let user = matches!(
                        write,
                        Write::CreateUser(_) | Write::SetActive { active: true, .. }
                    );
                    user || matches!(write, Write::GrantRole { role, .. } if role == agent_role)
                };
                if change.writes.iter().any(needed) {
                    self.agents.insert(source_id.clone());
                }
            }
            Subject::Department(name) => {
                let needed = change.writes.iter().any(|write| {
                    matches!(
                        write,
                        Write::CreateDepartment(_) | Write::OpenDepartment { .. }
                    )
                });
                if needed {
                    self.departments.insert(name.clone());
                }
            }
            Subject::Setting(_) => {}
        }
    }

    fn needed_by(&self, change: &Change) -> bool {
        let adds = match change.effect {
            Effect::Create | Effect::Update | Effect::Open => true,
            Effect::Remove | Effect::Close => false,
        };
        adds && match &change.subject {
            Subject::Agent { source_id, .. } => self.agents.contains(source_id),
            Subject::Department(name) => self.departments.contains(name),
            Subject::Setting(_) => false,
        }
    }

    /// Members who cannot come leave the others their way: the change with those who can, if there
    /// are any, and the one with those who cannot. `None` when all can.
    fn split(&self, change: &Change) -> Option<(Option<Change>, Change)> {
        let [
            Write::AddMembers {
                department,
                members,
            },
        ] = &change.writes[..]
        else {
            return None;
        };
        let (without, with): (Vec<Member>, Vec<Member>) = members
            .iter()
            .cloned()
            .partition(|member| self.agents.contains(&member.user.source_id));
        if without.is_empty() {
            return None;
        }
        let part = |members| membership::adding(department.clone(), members, &change.reason);
        Some(((!with.is_empty()).then(|| part(with)), part(without)))
    }
}
