//! Desired and actual make a plan: pure, so specific that applying it chooses nothing.
//!
//! Reading order: [`plan`] is the list of what is decided, one file each. `matching` says who is
//! who; `custom_fields`, `users`, `roles`, `departments`, `membership`, `limits` and `cut_over`
//! decide the phases, `departed` what becomes of those who left; `policy` withholds what may not be
//! written; `checksum` binds the result. [`undo`] goes back, and [`standing`] tells how the target
//! stands with one write.

mod address;
mod assemble;
mod checksum;
mod custom_fields;
mod cut_over;
mod departed;
mod departments;
mod json;
mod limits;
mod matching;
mod membership;
mod policy;
mod roles;
mod settings;
mod shown;
mod standing;
mod undo;
mod users;
mod waves;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod matching_cases;
#[cfg(test)]
mod model;
#[cfg(test)]
mod undo_cases;
#[cfg(test)]
pub(super) mod world;

use std::collections::BTreeSet;

use crate::domain::{
    Actual, Change, Desired, Phase, Roster, SourceId, Subject, TargetUser,
    moving::{Journalled, Link, Links, MoveRules, Scope},
    target::SettingValue,
};

pub use membership::BATCH;
pub use standing::{Standing, standing};

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Everybody ever seen: tells who has left.
    pub roster: &'a Roster,
    /// Everybody who takes part.
    pub desired: &'a Desired,
    /// What the target holds.
    pub actual: &'a Actual,
    /// What is ours there.
    pub links: &'a Links,
    /// What decides.
    pub rules: &'a MoveRules,
}

/// A list of changes with its checksum. Made only here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    scope: Scope,
    changes: Vec<Change>,
    left_out: Vec<LeftOut>,
    withheld: Vec<Change>,
    recognised: Vec<Link>,
    departed: BTreeSet<SourceId>,
    foreign: usize,
    concerned: usize,
    takes_back: bool,
    checksum: String,
}

/// Somebody or something that the plan leaves alone though one might expect otherwise, and why. Who
/// is in the plan as well is left alone only in the part that is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Whom.
    pub subject: Subject,
    /// Why, and what to do.
    pub why: String,
}

impl Plan {
    /// For what part of the move.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What is to be done: by phase (of the way back: last phase first, see [`undo`]; apply in this
    /// order, do not sort by phase), within a phase by subject.
    /// Changes of one phase about different subjects do not depend on each other.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Who is left alone, by subject.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Changes that the policy does not allow, in the same order, and those that need them.
    pub fn withheld(&self) -> &[Change] {
        &self.withheld
    }

    /// Users without a link that carry the id of an agent of the scope: ours, though the state that
    /// knew it was lost. The caller keeps these links before it applies the plan.
    pub fn recognised(&self) -> &[Link] {
        &self.recognised
    }

    /// Agents of ours who have left the source or no longer take part.
    pub fn departed(&self) -> &BTreeSet<SourceId> {
        &self.departed
    }

    /// Agents of the target that are not ours.
    pub fn foreign(&self) -> usize {
        self.foreign
    }

    /// Agents the plan is about: what shares are counted of.
    pub fn concerned(&self) -> usize {
        self.concerned
    }

    /// Whether it takes a run back: then mapping has decided nothing in it.
    pub fn takes_back(&self) -> bool {
        self.takes_back
    }

    /// SHA-256 over scope and changes in a fixed form, as 64 hexadecimal digits. The same inputs
    /// give the same plan, and the same plan the same checksum. Counts of members are not in it:
    /// they move by themselves while chats are routed.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }
}

/// Plans the move of one scope. Facts that already are as desired give no change.
pub fn plan(facts: &Facts<'_>, scope: &Scope) -> Plan {
    assemble::plan(facts, scope)
}

/// Plans the way back: the inverses of what a run has done (or may have done), last phase first (of
/// a run that went back itself: first phase first); each keeps the phase of what it takes back. What somebody else has changed since is left out.
/// `phase` and `wave` take back only a part; with a wave, departments and settings stay, because
/// other waves need them.
///
/// The policy does not filter the way back, for it takes only what the policy once let through;
/// except [`crate::domain::moving::MovePolicy::Observe`], under which nothing is ever written.
pub fn undo(
    facts: &Facts<'_>,
    journal: &[Journalled],
    phase: Option<Phase>,
    wave: Option<&str>,
) -> Plan {
    undo::undo(facts, journal, phase, wave)
}

/// Plans settings: what differs from what is wanted.
pub fn settings(facts: &Facts<'_>, wanted: &[(String, SettingValue)]) -> Plan {
    settings::settings(facts, wanted)
}

/// Why a user must never be touched, whoever's it is: ourselves, bots, and whom the rules protect.
pub fn protection(facts: &Facts<'_>, user: &TargetUser) -> Option<String> {
    matching::protection(facts, user)
}
