//! Every decision in its order, put together.

use std::collections::BTreeSet;

use super::{
    Facts, LeftOut, Plan, checksum, custom_fields, cut_over, departed,
    departments::{self, Departments},
    limits,
    matching::match_up,
    membership, policy, roles, users,
};
use crate::domain::{
    Change, SourceId,
    moving::{Link, MovePolicy, MoveRules, Scope},
};

/// A plan before the policy has seen it.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) scope: Scope,
    pub(super) changes: Vec<Change>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) recognised: Vec<Link>,
    pub(super) departed: BTreeSet<SourceId>,
    pub(super) foreign: usize,
    pub(super) concerned: usize,
}

/// The plan of one part of the move.
pub(super) fn plan(facts: &Facts<'_>, scope: &Scope) -> Plan {
    let crowd = match_up(facts, scope);
    let people = &crowd.people;
    let rules = facts.rules;
    let mut changes = Vec::new();
    let mut left_out = crowd.left_out;

    let defined = if people.is_empty() {
        custom_fields::Defined::default()
    } else {
        let (defined, change) = custom_fields::define(facts);
        match change {
            Ok(change) => changes.extend(change),
            Err(setting) => left_out.push(setting),
        }
        defined
    };
    for person in people {
        changes.extend(users::settle(person, &defined, rules.login));
        changes.extend(roles::grant(person, rules));
        changes.extend(roles::revoke(person, rules));
        changes.extend(roles::darken(person, scope));
        changes.extend(limits::settle(person));
        if scope.cut_over {
            changes.extend(cut_over::open(person));
        }
    }
    changes.extend(departed::retire(facts, &crowd.departed));

    let known = Departments::new(facts);
    let wanted = known.wanted(people);
    let mut settled = departments::settle(&known, &wanted);
    changes.append(&mut settled.changes);
    left_out.append(&mut settled.left_out);
    changes.extend(membership::add(&settled, &wanted, facts.actual));
    changes.extend(membership::remove(&known, &wanted, people, facts.actual));

    let departed = crowd.departed.iter().map(|one| one.link.source_id.clone());
    Draft {
        scope: scope.clone(),
        changes,
        left_out,
        recognised: crowd.recognised,
        departed: departed.collect(),
        foreign: crowd.foreign,
        concerned: people.len() + crowd.departed.len(),
    }
    .finish(rules)
}

impl Draft {
    /// Sorts by phase and subject, lets the policy filter, and binds the rest.
    pub(super) fn finish(mut self, rules: &MoveRules) -> Plan {
        // Stable: batches about one department stay in the order of their members.
        self.changes
            .sort_by(|a, b| (a.phase, &a.subject, a.effect).cmp(&(b.phase, &b.subject, b.effect)));
        let (changes, withheld) = policy::filter(std::mem::take(&mut self.changes), rules);
        self.bind(changes, withheld, false)
    }

    /// Keeps the order and asks no policy, except the one that forbids all writing.
    pub(super) fn finish_way_back(mut self, rules: &MoveRules) -> Plan {
        let changes = std::mem::take(&mut self.changes);
        match rules.policy {
            MovePolicy::Observe => self.bind(Vec::new(), changes, true),
            MovePolicy::CreateOnly | MovePolicy::Upsert | MovePolicy::Sync => {
                self.bind(changes, Vec::new(), true)
            }
        }
    }

    fn bind(mut self, changes: Vec<Change>, withheld: Vec<Change>, takes_back: bool) -> Plan {
        self.left_out.sort();
        self.left_out.dedup();
        Plan {
            checksum: checksum::of(&self.scope, &changes),
            scope: self.scope,
            changes,
            left_out: self.left_out,
            withheld,
            recognised: self.recognised,
            departed: self.departed,
            foreign: self.foreign,
            concerned: self.concerned,
            takes_back,
        }
    }
}
