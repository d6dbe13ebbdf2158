//! The way back: what a run has done or may have done, inverted, last phase first; of a run that
//! went back itself, first phase first.
//!
//! | how the target stands with a write | what is done |
//! |---|---|
//! | as the write wanted it | its inverse |
//! | as it was before | nothing: it is back, or never came |
//! | something else | left out: somebody changed it since |
//!
//! Users that are no longer ours and protected ones are left out. Members and the fields of a user
//! are looked at one by one.

mod departments;
mod inverse;
mod people;

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap, HashSet},
};

use inverse::{effect, fields, stays};
use people::People;

use super::{
    Facts, LeftOut, Plan,
    assemble::Draft,
    custom_fields::{self, Defined},
    matching::match_up,
    roles, standing,
    standing::{Standing, department_of},
};
use crate::domain::{
    Change, DepartmentId, Outcome, Phase, SourceId, Subject, TargetId, TargetUser, Write,
    change::{Profile, UserRef},
    moving::{Journalled, Scope},
};

/// Plans the way back.
pub(super) fn undo(
    facts: &Facts<'_>,
    journal: &[Journalled],
    phase: Option<Phase>,
    wave: Option<&str>,
) -> Plan {
    let scope = Scope {
        wave: wave.map(str::to_owned),
        cut_over: false,
    };
    let mut done: Vec<&Journalled> = journal
        .iter()
        .filter(|one| match one.outcome {
            None | Some(Outcome::Done | Outcome::Failed { .. }) => true,
            Some(Outcome::Skipped { .. }) => false,
        })
        .filter(|one| phase.is_none_or(|phase| one.change.phase == phase))
        .collect();
    let went_back = goes_back(&done);
    done.sort_by(|a, b| {
        let phases = b.change.phase.cmp(&a.change.phase);
        let phases = if went_back { phases.reverse() } else { phases };
        let key = |one: &Journalled| (one.change.effect, one.number);
        phases
            .then_with(|| in_turn(&a.change.subject, &b.change.subject, went_back))
            .then_with(|| key(a).cmp(&key(b)))
    });
    let mut back = Back {
        facts,
        people: People::new(facts, &done, wave),
        defined: custom_fields::define(facts).0,
        left_out: Vec::new(),
        leaving: HashMap::new(),
        agents_again: HashSet::new(),
        concerned: BTreeSet::new(),
    };
    let changes = done.iter().filter_map(|one| back.change(&one.change));
    let changes = changes.collect();
    Draft {
        changes,
        left_out: back.left_out,
        foreign: match_up(facts, &scope).foreign,
        concerned: back.concerned.len(),
        scope,
        ..Draft::default()
    }
    .finish_way_back(facts.rules)
}

/// Settings go back in the opposite order: routing is switched off before its address goes.
fn in_turn(one: &Subject, other: &Subject, went_back: bool) -> Ordering {
    match (one, other) {
        (Subject::Setting(_), Subject::Setting(_)) if !went_back => other.cmp(one),
        (Subject::Agent { .. } | Subject::Department(_) | Subject::Setting(_), _) => one.cmp(other),
    }
}

/// Whether a run took its phases backwards: then the way back from it goes forwards.
fn goes_back(journal: &[&Journalled]) -> bool {
    let first = journal.iter().min_by_key(|one| one.number);
    let last = journal.iter().max_by_key(|one| one.number);
    first.map(|one| one.change.phase) > last.map(|one| one.change.phase)
}

/// One walk back.
struct Back<'a, 'b> {
    facts: &'b Facts<'a>,
    people: People<'a, 'b>,
    defined: Defined,
    left_out: Vec<LeftOut>,
    /// Members this plan takes out; departments come after memberships.
    leaving: HashMap<DepartmentId, HashSet<TargetId>>,
    /// Agents whom this plan makes agents again.
    agents_again: HashSet<SourceId>,
    concerned: BTreeSet<SourceId>,
}

impl Back<'_, '_> {
    fn change(&mut self, made: &Change) -> Option<Change> {
        let mut writes = Vec::new();
        match &made.subject {
            Subject::Agent { source_id, .. } => {
                if !self.people.is_meant(source_id) {
                    return None;
                }
                self.concerned.insert(source_id.clone());
                for write in made.writes.iter().rev() {
                    self.about_agent(&made.subject, source_id, write, &mut writes);
                }
            }
            Subject::Department(_) => {
                for write in made.writes.iter().rev() {
                    writes.extend(self.about_department(&made.subject, write));
                }
            }
            // Other waves need it.
            Subject::Setting(_) if self.people.of_one_wave() => {}
            Subject::Setting(_) => {
                for write in made.writes.iter().rev() {
                    writes.extend(self.plainly(&made.subject, write));
                }
            }
        }
        (!writes.is_empty()).then(|| Change {
            phase: made.phase,
            subject: made.subject.clone(),
            effect: effect(&writes),
            reason: format!("taken back: {}", made.reason),
            fields: writes.iter().flat_map(fields).collect(),
            writes,
        })
    }

    fn leave(&mut self, subject: &Subject, why: impl Into<String>) {
        self.left_out.push(LeftOut {
            subject: subject.clone(),
            why: why.into(),
        });
    }

    /// The inverse of a write whose ids are known, if the target still is as it wanted.
    fn plainly(&mut self, subject: &Subject, write: &Write) -> Option<Write> {
        let inverse = write.inverse();
        if inverse.as_ref() == Some(write) {
            // It changed nothing: "not available" after the agent's role.
            return None;
        }
        match standing(write, self.facts.actual, self.facts.roster) {
            Standing::Before => None,
            Standing::Wanted if inverse.is_none() => {
                self.leave(
                    subject,
                    "cannot be taken back: nobody knows what was before",
                );
                None
            }
            Standing::Wanted => inverse,
            Standing::Other => {
                self.leave(subject, stays(write, self.facts));
                None
            }
        }
    }

    fn about_agent(
        &mut self,
        subject: &Subject,
        source_id: &SourceId,
        write: &Write,
        writes: &mut Vec<Write>,
    ) {
        if let Write::SetOwner { .. } = write {
            writes.extend(self.plainly(subject, write));
            return;
        }
        if let Write::RemoveMembers { .. } | Write::AddMembers { .. } = write {
            writes.extend(self.about_department(subject, write));
            return;
        }
        let user = match self.people.find(source_id) {
            Ok(Some(user)) => user,
            // Never created, or already gone: nothing is left to take back.
            Ok(None) => return,
            Err(why) => return self.leave(subject, why),
        };
        let reference = reference(source_id, user);
        let write = with_user(write, &reference);
        if let Write::UpdateUser { set, was, .. } = &write {
            writes.extend(self.profile(subject, user, &reference, set, was));
            return;
        }
        if matches!(write, Write::SetAvailability { was: true, .. })
            && user.agent.is_none()
            && !self.agents_again.contains(source_id)
        {
            return self.leave(subject, "is no agent there, so he cannot be made available");
        }
        if matches!(write, Write::CreateUser(_)) {
            if !user.active {
                return;
            }
            if !self.people.is_created(source_id) {
                return self.leave(subject, "stays active: the user was adopted, not created");
            }
        }
        let Some(inverse) = self.plainly(subject, &write) else {
            return;
        };
        if let Write::GrantRole { role, .. } = &inverse
            && *role == self.facts.rules.agent_role
        {
            // Giving the role makes available; what was before comes from another write.
            writes.extend(roles::granting(&reference, role, self.facts.rules));
            self.agents_again.insert(source_id.clone());
        } else {
            writes.push(inverse);
        }
    }

    /// Fact by fact: what somebody changed since stays, the others go back.
    fn profile(
        &mut self,
        subject: &Subject,
        user: &TargetUser,
        reference: &UserRef,
        set: &Profile,
        was: &Profile,
    ) -> Option<Write> {
        let (mut back, mut from) = (Profile::default(), Profile::default());
        for (set, was) in inverse::single_facts(set, was) {
            let single = Write::UpdateUser {
                user: reference.clone(),
                set: set.clone(),
                was: was.clone(),
            };
            if self.plainly(subject, &single).is_none() {
                continue;
            }
            if was.email.as_deref() == Some("") {
                self.leave(
                    subject,
                    "keeps his e-mail address: he had none before, and the target wants one",
                );
                continue;
            }
            back.name = was.name.or(back.name);
            from.name = set.name.or(from.name);
            back.email = was.email.or(back.email);
            from.email = set.email.or(from.email);
            if let (Some(set), Some(was)) = (set.custom_fields, was.custom_fields) {
                // Complete, for targets that replace them all; emptied, for those that merge.
                let current = self.defined.among(&user.custom_fields);
                let mut complete = current.clone();
                complete.extend(set.into_keys().map(|name| (name, String::new())));
                complete.extend(was);
                back.custom_fields = Some(complete);
                from.custom_fields = Some(current);
            }
        }
        (back != Profile::default()).then(|| Write::UpdateUser {
            user: reference.clone(),
            set: back,
            was: from,
        })
    }
}

fn reference(source_id: &SourceId, user: &TargetUser) -> UserRef {
    UserRef {
        source_id: source_id.clone(),
        username: user.username.clone(),
        id: Some(user.id.clone()),
    }
}

/// The write with the user as he is called now.
fn with_user(write: &Write, reference: &UserRef) -> Write {
    let mut write = write.clone();
    match &mut write {
        Write::CreateUser(new) => new.user = reference.clone(),
        Write::SendResetMail { user, .. }
        | Write::SetActive { user, .. }
        | Write::UpdateUser { user, .. }
        | Write::GrantRole { user, .. }
        | Write::RevokeRole { user, .. }
        | Write::SetAvailability { user, .. }
        | Write::SetLimit { user, .. } => *user = reference.clone(),
        Write::CreateDepartment(_)
        | Write::OpenDepartment { .. }
        | Write::CloseDepartment { .. }
        | Write::AddMembers { .. }
        | Write::RemoveMembers { .. }
        | Write::SetSetting { .. }
        | Write::SetOwner { .. } => {}
    }
    write
}
