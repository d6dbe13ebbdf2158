//! What a plan does, in the numbers that are limited.

use std::collections::HashSet;

use crate::domain::{Change, Effect, SourceId, Subject, Write};
use crate::sync::plan::Plan;

/// The numbers of one plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) removals: usize,
    pub(super) absences: usize,
    pub(super) mapping: usize,
    pub(super) opened: usize,
}

impl Counts {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut counts = Self::default();
        // Closed and stripped is one absence.
        let mut absent: HashSet<&SourceId> = HashSet::new();
        for change in plan.changes() {
            let departed = agent(change).filter(|id| plan.departed().contains(*id));
            absent.extend(departed);
            if change.effect == Effect::Remove {
                counts.removals += taken(change);
            }
            // A way back is no mapping's doing.
            let by_mapping = !plan.takes_back() && departed.is_none();
            if by_mapping && (change.effect == Effect::Remove || is_update(change)) {
                counts.mapping += taken(change);
            }
            counts.opened += opened(change);
        }
        counts.absences = absent.len();
        counts
    }
}

fn agent(change: &Change) -> Option<&SourceId> {
    match &change.subject {
        Subject::Agent { source_id, .. } => Some(source_id),
        Subject::Department(_) | Subject::Setting(_) => None,
    }
}

/// A change that takes away is one, whatever it takes from its agent; members of a department are
/// taken one by one.
fn taken(change: &Change) -> usize {
    match &change.subject {
        Subject::Agent { .. } | Subject::Setting(_) => 1,
        Subject::Department(_) => {
            let mut members = 0;
            for write in &change.writes {
                if let Write::RemoveMembers { members: out, .. } = write {
                    members += out.len();
                }
            }
            members.max(1)
        }
    }
}

/// Whether facts of an agent who is there are changed. That he is active again is none of them.
fn is_update(change: &Change) -> bool {
    let wakes = |write: &Write| matches!(write, Write::SetActive { active: true, .. });
    let only_wakes = change.writes.iter().all(wakes);
    change.effect == Effect::Update && agent(change).is_some() && !only_wakes
}

fn opened(change: &Change) -> usize {
    let writes = change.writes.iter();
    let opening = writes.filter(|write| {
        matches!(
            write,
            Write::SetAvailability {
                available: true,
                ..
            }
        )
    });
    opening.count()
}
