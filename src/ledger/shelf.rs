//! Counters that no row of the snapshot can carry: of agents who vanished and may come back, of
//! memberships that ended, and of everybody before the first snapshot. Counters never decay
//! (admin contract §4.3), so whoever returns finds theirs again.

use std::collections::HashMap;

use crate::{
    domain::{DepartmentId, Snapshot, TargetId, Timestamp},
    ports::CounterRecord,
    routing::Roll,
};

/// Counters by agent.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    agents: HashMap<TargetId, Vec<Kept>>,
}

/// One counter.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) department: Option<DepartmentId>,
    pub(super) picks: u64,
    pub(super) last_picked: Option<Timestamp>,
    /// Changed since it was last written.
    pub(super) dirty: bool,
}

/// One changed counter of the roll; names are looked up outside the lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changed {
    pub(super) row: u32,
    pub(super) department: Option<u32>,
    pub(super) picks: u64,
    pub(super) last_picked: Option<Timestamp>,
}

impl Changed {
    /// What the store keeps of it.
    pub(super) fn record(self, snapshot: &Snapshot) -> CounterRecord {
        let department = self.department.map(|place| place as usize);
        CounterRecord {
            agent: snapshot.rows()[self.row as usize].target_id().clone(),
            department: department.map(|place| snapshot.departments()[place].id.clone()),
            picks: self.picks,
            last_picked: self.last_picked,
        }
    }
}

impl Shelf {
    /// Keeps a counter; of two about the same the higher stays.
    pub(super) fn put(&mut self, record: CounterRecord, dirty: bool) {
        let kept = self.agents.entry(record.agent).or_default();
        if let Some(known) = kept.iter_mut().find(|k| k.department == record.department) {
            known.picks = known.picks.max(record.picks);
            known.last_picked = known.last_picked.max(record.last_picked);
            known.dirty |= dirty;
        } else {
            kept.push(Kept {
                department: record.department,
                picks: record.picks,
                last_picked: record.last_picked,
                dirty,
            });
        }
    }

    /// Hands over every counter that the roll can carry: row, place of the department, counter.
    pub(super) fn hand_over(&mut self, roll: &Roll) -> Vec<(usize, Option<usize>, Kept)> {
        let mut handed = Vec::new();
        self.agents.retain(|agent, kept| {
            let Some(row) = roll.find(agent.as_str()) else {
                return true;
            };
            kept.retain(|counter| {
                let id = counter.department.as_ref();
                let place = id.map(|id| roll.snapshot().department(id.as_str()));
                // A department that is no more, or not this agent's any more.
                let stays = place == Some(None) || roll.picks(row, place.flatten()).is_none();
                if !stays {
                    handed.push((row, place.flatten(), counter.clone()));
                }
                stays
            });
            !kept.is_empty()
        });
        handed
    }

    /// Changed counters, which are then unchanged.
    pub(super) fn take_dirty(&mut self) -> Vec<CounterRecord> {
        let mut records = Vec::new();
        for (agent, kept) in &mut self.agents {
            for counter in kept.iter_mut().filter(|counter| counter.dirty) {
                counter.dirty = false;
                records.push(CounterRecord {
                    agent: agent.clone(),
                    department: counter.department.clone(),
                    picks: counter.picks,
                    last_picked: counter.last_picked,
                });
            }
        }
        records
    }
}
