//! The one question: who is next?

use super::{
    condition::{Claim, Condition},
    index::Index,
    order,
    refusal::{Refusal, Tally},
};
use crate::domain::Policy;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This agent.
    Agent(Pick),
    /// Nobody, and why.
    Nobody(Nobody),
}

/// Who, and what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Row of the agent.
    pub row: usize,
    /// Place of the department they were picked for.
    pub department: Option<usize>,
    /// Whether a tentative hold of theirs must give way.
    pub displaces: bool,
}

/// Why nobody: every known agent counted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nobody {
    /// The reason in one word.
    pub main: Refusal,
    /// All reasons.
    pub tally: Tally,
}

/// Who is next for a claim, in a department or among everybody, but not the ignored agent (both
/// by their ids in the target). Changes nothing. O(log n) with an ignored agent, else O(1).
pub fn next(
    index: &Index,
    department: Option<&str>,
    ignored: Option<&str>,
    claim: Claim,
) -> Choice {
    let roll = index.roll();
    let everybody = u32::try_from(roll.len()).unwrap_or(u32::MAX);
    if roll.policy() == Policy::Manual {
        return Choice::Nobody(Nobody::all(Refusal::ManualPolicy, everybody));
    }
    if roll.is_empty() {
        return Choice::Nobody(Nobody::all(Refusal::NobodyKnown, 0));
    }
    let place = match department {
        None => None,
        Some(id) => match roll.snapshot().department(id) {
            None => return Choice::Nobody(Nobody::all(Refusal::UnknownDepartment, everybody)),
            place => place,
        },
    };
    let leaf = ignored
        .and_then(|id| roll.find(id))
        .and_then(|row| index.leaf(row, place));
    let (tree, _) = index.of(place);
    let first = leaf.map_or_else(|| tree.first(), |leaf| tree.first_without(leaf));
    let (class, row) = order::parts(first);
    if class > claim.highest() {
        let nobody = Nobody::refused(index, place, ignored, claim);
        return Choice::Nobody(nobody);
    }
    Choice::Agent(Pick {
        row: row as usize,
        department: place,
        displaces: class % 2 == 1,
    })
}

impl Nobody {
    /// One reason for all.
    pub(super) fn all(main: Refusal, agents: u32) -> Self {
        let mut tally = Tally::default();
        tally.add(main, agents);
        Self { main, tally }
    }

    /// The answer when somebody is free and anonymous answers hold their share already.
    pub fn share_spent(index: &Index, pick: &Pick) -> Self {
        Self {
            main: Refusal::ShareSpent,
            ..Self::refused(index, pick.department, None, Claim::Anonymous)
        }
    }

    /// Counts everybody by reason from the kept counts: O(1) in the number of agents. Whoever is
    /// free is counted as refused by the share, the one reason that is nobody's own.
    fn refused(
        index: &Index,
        department: Option<usize>,
        ignored: Option<&str>,
        claim: Claim,
    ) -> Self {
        let roll = index.roll();
        let mut counts = *index.of(department).1;
        let mut tally = Tally::default();
        let members: u32 = counts.iter().sum();
        tally.add(
            Refusal::NotInDepartment,
            u32::try_from(roll.len())
                .unwrap_or(u32::MAX)
                .saturating_sub(members),
        );
        if let Some(row) = ignored.and_then(|id| roll.find(id))
            && index.leaf(row, department).is_some()
        {
            counts[roll.seats[row].condition.slot()] -= 1;
            tally.add(Refusal::Ignored, 1);
        }
        for (slot, agents) in counts.into_iter().enumerate().filter(|(_, n)| *n > 0) {
            let refusal = Condition::of_slot(slot).refusal(claim);
            tally.add(refusal.unwrap_or(Refusal::ShareSpent), agents);
        }
        Self {
            main: tally.main().unwrap_or(Refusal::NobodyKnown),
            tally,
        }
    }
}
