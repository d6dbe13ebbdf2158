//! Roster to [`Desired`]: pure rules, each a table.
//!
//! Reading order: [`map`] walks the roster, `agent` translates one entry, `departments`,
//! `participants` and `username` hold the rules, [`identities`] gives names that stay for ever, and
//! [`mod@derive`] makes ids that anybody can compute again.
//!
//! Deliberately absent: anything the target says. Whether a name is free *there* is for the plan
//! that meets the target; here a name is free when no other agent of ours has it.

mod agent;
mod departments;
pub mod derive;
pub mod identities;
mod participants;
mod username;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;

use std::{collections::BTreeSet, sync::Arc};

use agent::Translator;
use identities::Registrar;

use crate::domain::{
    AccountId, Department, DepartmentId, Desired, DesiredAgent, Identity, MappingNotes,
    MappingRules, Roster, RosterEntry, Standing, rules::EmailRules,
};

pub use derive::{Kind, derive_id};
pub use identities::Identities;

/// The roster in the target's model, and who got a name on the way.
#[derive(Clone, Debug)]
pub struct Mapped {
    /// Everybody who takes part.
    pub desired: Desired,
    /// Identities that must be kept together with the roster, by source id.
    pub new_identities: Vec<Arc<Identity>>,
    /// All identities, the new ones included.
    pub identities: Identities,
}

/// Maps the roster, taking over from `previous` what is pointer-equal, so that an unchanged agent
/// costs two comparisons. The result is the same as without `previous`.
///
/// `previous` must have been made with the same rules and account; after a change of either, pass
/// `None`. Gone agents are left out (their identity stays), missing and frozen ones are kept.
#[must_use]
pub fn map(
    roster: &Roster,
    identities: &Identities,
    previous: Option<&Desired>,
    rules: &MappingRules,
    account: &AccountId,
) -> Mapped {
    let nobody = Desired::default();
    let previous = previous.unwrap_or(&nobody);
    let mut pass = Pass {
        translator: Translator::new(rules, account),
        registrar: Registrar::new(identities, &rules.username, account),
        agents: Vec::with_capacity(roster.len()),
        notes: carried(&previous.notes, rules),
        left: BTreeSet::new(),
    };
    let mut old = previous.agents.iter().peekable();
    let mut known = identities.all().iter().peekable();
    for entry in roster.entries() {
        let id = &entry.agent.id;
        if let (Some(agent), Some(identity)) = (old.peek(), known.peek())
            && is_as_before(agent, entry, identity)
        {
            pass.agents.push(Arc::clone(agent));
            old.next();
            known.next();
            continue;
        }
        while known.next_if(|identity| identity.source_id < *id).is_some() {}
        let identity = known.next_if(|identity| identity.source_id == *id);
        while let Some(agent) = old.next_if(|agent| agent.believed.agent.id < *id) {
            pass.retire(agent);
        }
        match (
            old.next_if(|agent| agent.believed.agent.id == *id),
            identity,
        ) {
            (Some(agent), Some(identity)) if is_as_before(agent, entry, identity) => {
                pass.agents.push(Arc::clone(agent));
            }
            (before, identity) => {
                if let Some(agent) = before {
                    pass.retire(agent);
                }
                pass.take(entry, identity);
            }
        }
    }
    for agent in old {
        pass.retire(agent);
    }
    pass.finish(identities, &previous.departments)
}

fn is_as_before(agent: &DesiredAgent, entry: &Arc<RosterEntry>, identity: &Arc<Identity>) -> bool {
    Arc::ptr_eq(&agent.believed, entry) && Arc::ptr_eq(&agent.identity, identity)
}

/// The notes to start from. Those about agents in [`Desired`] are carried over, and corrected for
/// each agent who leaves or is mapped anew; those about people left out are counted afresh, for
/// there is nothing of them to compare with.
fn carried(previous: &MappingNotes, rules: &MappingRules) -> MappingNotes {
    MappingNotes {
        excluded: 0,
        missing_emails: match rules.email {
            EmailRules::Exclude => 0,
            EmailRules::Leave | EmailRules::Template(_) => previous.missing_emails,
        },
        ..previous.clone()
    }
}

/// The state of one walk over the roster.
struct Pass<'a> {
    translator: Translator<'a>,
    registrar: Registrar<'a>,
    agents: Vec<Arc<DesiredAgent>>,
    notes: MappingNotes,
    /// Departments of agents who were retired.
    left: BTreeSet<DepartmentId>,
}

impl Pass<'_> {
    /// Takes back what the notes say about an agent of the previous pass.
    fn retire(&mut self, agent: &DesiredAgent) {
        let remarks = self
            .translator
            .remarks(&agent.believed.agent, &agent.identity);
        let notes = &mut self.notes;
        // Saturating: a wrong `previous` must spoil no more than the numbers.
        notes.unmapped_skills = notes
            .unmapped_skills
            .saturating_sub(remarks.unmapped_skills);
        notes.missing_emails = notes.missing_emails.saturating_sub(remarks.missing_emails);
        notes.name_collisions = notes
            .name_collisions
            .saturating_sub(remarks.name_collisions);
        notes.names_changed = notes.names_changed.saturating_sub(remarks.names_changed);
        self.left.extend(agent.departments.iter().cloned());
    }

    /// Maps one entry that is new or different.
    fn take(&mut self, entry: &Arc<RosterEntry>, identity: Option<&Arc<Identity>>) {
        match entry.standing {
            Standing::Gone { .. } => return,
            Standing::Present | Standing::Missing { .. } | Standing::Frozen { .. } => {}
        }
        if !self.translator.admits(&entry.agent) {
            self.notes.excluded += 1;
            return;
        }
        if self.translator.lacks_required_email(&entry.agent) {
            self.notes.excluded += 1;
            self.notes.missing_emails += 1;
            return;
        }
        let identity = match identity {
            Some(identity) => Arc::clone(identity),
            None => self.registrar.introduce(&entry.agent),
        };
        let remarks = self.translator.remarks(&entry.agent, &identity);
        self.notes.unmapped_skills += remarks.unmapped_skills;
        self.notes.missing_emails += remarks.missing_emails;
        self.notes.name_collisions += remarks.name_collisions;
        self.notes.names_changed += remarks.names_changed;
        self.agents
            .push(Arc::new(self.translator.translate(entry, identity)));
    }

    fn finish(self, identities: &Identities, departments_before: &[Department]) -> Mapped {
        let agents = self.agents.iter().map(AsRef::as_ref);
        let departments =
            self.translator
                .departments
                .finish(departments_before, &self.left, agents);
        let new_identities = self.registrar.finish();
        Mapped {
            desired: Desired {
                agents: self.agents,
                departments,
                notes: self.notes,
            },
            identities: identities.with(&new_identities),
            new_identities,
        }
    }
}
