//! Desired and actual make a plan: pure, so specific that applying it chooses nothing.

use crate::domain::{
    Actual, Change, Desired, Phase, Roster, SourceId, Subject,
    moving::{Journalled, Links, MoveRules, Scope},
    target::SettingValue,
};

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
    foreign: usize,
    concerned: usize,
    checksum: String,
}

/// Somebody or something that the plan leaves alone though one might expect otherwise, and why.
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

    /// What is to be done: by phase, within a phase by subject. Within a phase changes do not
    /// depend on each other.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Who is left alone, by subject.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Changes that the policy does not allow, in the same order.
    pub fn withheld(&self) -> &[Change] {
        &self.withheld
    }

    /// Agents of the target that are not ours.
    pub fn foreign(&self) -> usize {
        self.foreign
    }

    /// Agents the plan is about: what shares are counted of.
    pub fn concerned(&self) -> usize {
        self.concerned
    }

    /// x
    pub fn recognised(&self) -> &[crate::domain::moving::Link] {
        &[]
    }

    /// SHA-256 over scope and changes in a fixed form, as 64 hexadecimal digits. The same inputs
    /// give the same plan, and the same plan the same checksum.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }
}

/// Plans the move of one scope. Facts that already are as desired give no change.
pub fn plan(facts: &Facts<'_>, scope: &Scope) -> Plan {
    let _ = facts;
    Plan {
        scope: scope.clone(),
        changes: Vec::new(),
        left_out: Vec::new(),
        withheld: Vec::new(),
        foreign: 0,
        concerned: 0,
        checksum: String::new(),
    }
}

/// Plans the way back: the inverses of what a run has done (or may have done), last phase first.
/// What somebody else has changed since is left out. `phase` and `wave` take back only a part.
pub fn undo(
    facts: &Facts<'_>,
    journal: &[Journalled],
    phase: Option<Phase>,
    wave: Option<&str>,
) -> Plan {
    let _ = (journal, phase, wave);
    plan(facts, &Scope::default())
}

/// Plans settings: what differs from what is wanted.
pub fn settings(facts: &Facts<'_>, wanted: &[(String, SettingValue)]) -> Plan {
    let _ = wanted;
    plan(facts, &Scope::default())
}

/// How the target stands with one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is as the write wants it.
    Wanted,
    /// It is as it was before the write.
    Before,
    /// It is something else: somebody changed it.
    Other,
}

/// The wave of an agent, by the rules.
pub fn wave_of(facts: &Facts<'_>, agent: &SourceId) -> Option<String> {
    let _ = (facts, agent);
    None
}
