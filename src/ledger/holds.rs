//! Slots kept for somebody who may come: two queues through one slab, nothing searched.

use std::{collections::HashMap, time::Duration};

/// Whom a slot is kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// The visitor whose token has this number. Tentative: gives way to rooms and decisions.
    Visitor(u64),
    /// A decision of external routing. Firm.
    Decision,
}

/// One kept slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) whom: For,
    pub(super) row: u32,
    /// When it is given back.
    until: Duration,
    /// Neighbours by age among all holds, then among those of the row.
    before: [u32; 2],
    after: [u32; 2],
}

/// The two orders every hold stands in. All holds last equally long, so the order of laying is
/// also the order of expiry.
const ALL: usize = 0;
const ROW: usize = 1;
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Ends {
    first: u32,
    last: u32,
}

const EMPTY: Ends = Ends {
    first: NONE,
    last: NONE,
};

/// All holds. Laying, removing, finding the oldest: O(1).
#[derive(Debug)]
pub(super) struct Holds {
    slab: Vec<Hold>,
    /// Places in the slab that are free.
    vacant: Vec<u32>,
    visitors: HashMap<u64, u32, ahash::RandomState>,
    all: Ends,
    rows: Vec<Ends>,
}

impl Holds {
    pub(super) fn new() -> Self {
        Self {
            slab: Vec::new(),
            vacant: Vec::new(),
            visitors: HashMap::default(),
            all: EMPTY,
            rows: Vec::new(),
        }
    }

    /// How many are tentative.
    pub(super) fn tentative(&self) -> usize {
        self.visitors.len()
    }

    /// Keeps a slot. A visitor must not have one already.
    pub(super) fn lay(&mut self, whom: For, row: usize, until: Duration) {
        let row = u32::try_from(row).unwrap_or(NONE);
        let hold = Hold {
            whom,
            row,
            until,
            before: [NONE; 2],
            after: [NONE; 2],
        };
        let at = if let Some(at) = self.vacant.pop() {
            self.slab[at as usize] = hold;
            at
        } else {
            self.slab.push(hold);
            u32::try_from(self.slab.len() - 1).unwrap_or(NONE)
        };
        self.append(ALL, at);
        self.append(ROW, at);
        if let For::Visitor(visitor) = whom {
            self.visitors.insert(visitor, at);
        }
    }

    /// The hold of a visitor.
    pub(super) fn of_visitor(&self, visitor: u64) -> Option<u32> {
        self.visitors.get(&visitor).copied()
    }

    /// The oldest hold, if its time has come.
    pub(super) fn due(&self, now: Duration) -> Option<u32> {
        let hold = self.slab.get(self.all.first as usize)?;
        (hold.until <= now).then_some(self.all.first)
    }

    /// The oldest hold of a row.
    pub(super) fn oldest(&self, row: usize) -> Option<u32> {
        let first = self.rows.get(row)?.first;
        (first != NONE).then_some(first)
    }

    /// The oldest tentative hold of a row: the one that gives way.
    pub(super) fn oldest_tentative(&self, row: usize) -> Option<u32> {
        self.tentative_from(self.rows.get(row)?.first, |hold| hold.after[ROW])
    }

    /// The newest tentative hold of a row: the one that should not have been promised.
    pub(super) fn newest_tentative(&self, row: usize) -> Option<u32> {
        self.tentative_from(self.rows.get(row)?.last, |hold| hold.before[ROW])
    }

    pub(super) fn get(&self, at: u32) -> Hold {
        self.slab[at as usize]
    }

    /// Gives a slot back.
    pub(super) fn remove(&mut self, at: u32) -> Hold {
        self.take_out(ALL, at);
        self.take_out(ROW, at);
        self.forget(at)
    }

    /// Puts every hold on the row where its agent is now; those of vanished agents are dropped.
    /// One pass over the slab.
    pub(super) fn renumber(&mut self, moved: &[Option<u32>], rows: usize) {
        let old = std::mem::replace(&mut self.rows, vec![EMPTY; rows]);
        for (ends, now) in old.into_iter().zip(moved) {
            if let Some(now) = now {
                self.rows[*now as usize] = ends;
            }
        }
        let mut at = self.all.first;
        while at != NONE {
            let hold = &mut self.slab[at as usize];
            let next = hold.after[ALL];
            if let Some(now) = moved.get(hold.row as usize).copied().flatten() {
                hold.row = now;
            } else {
                // Its row's queue went with the row.
                self.take_out(ALL, at);
                self.forget(at);
            }
            at = next;
        }
    }

    fn tentative_from(&self, mut at: u32, next: impl Fn(&Hold) -> u32) -> Option<u32> {
        while at != NONE {
            let hold = &self.slab[at as usize];
            if hold.whom != For::Decision {
                return Some(at);
            }
            at = next(hold);
        }
        None
    }

    fn forget(&mut self, at: u32) -> Hold {
        let hold = self.slab[at as usize];
        if let For::Visitor(visitor) = hold.whom {
            self.visitors.remove(&visitor);
        }
        self.vacant.push(at);
        hold
    }

    fn ends(&mut self, order: usize, row: u32) -> &mut Ends {
        if order == ALL {
            return &mut self.all;
        }
        &mut self.rows[row as usize]
    }

    fn append(&mut self, order: usize, at: u32) {
        let row = self.slab[at as usize].row;
        let ends = self.ends(order, row);
        let last = std::mem::replace(&mut ends.last, at);
        if last == NONE {
            ends.first = at;
        } else {
            self.slab[last as usize].after[order] = at;
            self.slab[at as usize].before[order] = last;
        }
    }

    fn take_out(&mut self, order: usize, at: u32) {
        let hold = self.slab[at as usize];
        let (before, after) = (hold.before[order], hold.after[order]);
        if before == NONE {
            self.ends(order, hold.row).first = after;
        } else {
            self.slab[before as usize].after[order] = after;
        }
        if after == NONE {
            self.ends(order, hold.row).last = before;
        } else {
            self.slab[after as usize].before[order] = before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whom(holds: &Holds, at: Option<u32>) -> Option<For> {
        at.map(|at| holds.get(at).whom)
    }

    #[test]
    fn the_oldest_comes_first_in_both_orders_whatever_is_removed() {
        let mut holds = Holds::new();
        holds.renumber(&[], 2);
        for (second, (whom, row)) in (1..).zip([
            (For::Decision, 0),
            (For::Visitor(1), 0),
            (For::Visitor(2), 1),
            (For::Visitor(3), 0),
        ]) {
            holds.lay(whom, row, Duration::from_secs(second));
        }
        assert_eq!(holds.tentative(), 3);
        assert_eq!(whom(&holds, holds.oldest(0)), Some(For::Decision));
        assert_eq!(
            whom(&holds, holds.oldest_tentative(0)),
            Some(For::Visitor(1))
        );
        assert_eq!(
            whom(&holds, holds.newest_tentative(0)),
            Some(For::Visitor(3))
        );
        holds.remove(holds.of_visitor(1).unwrap());
        assert_eq!(
            whom(&holds, holds.oldest_tentative(0)),
            Some(For::Visitor(3))
        );
        assert_eq!(holds.due(Duration::from_millis(999)), None);
        let mut expired = Vec::new();
        while let Some(at) = holds.due(Duration::from_secs(4)) {
            expired.push(holds.remove(at).whom);
        }
        assert_eq!(expired, [For::Decision, For::Visitor(2), For::Visitor(3)]);
        assert_eq!(holds.oldest(0), None);
        assert_eq!(holds.tentative(), 0);
    }

    #[test]
    fn renumbering_moves_queues_and_drops_those_of_the_vanished() {
        let mut holds = Holds::new();
        holds.renumber(&[], 2);
        for (visitor, row) in [(1, 0), (2, 1), (3, 0), (4, 1)] {
            holds.lay(For::Visitor(visitor), row, Duration::from_secs(1));
        }
        holds.renumber(&[None, Some(0)], 1);
        assert_eq!(holds.tentative(), 2);
        assert_eq!(holds.of_visitor(1), None);
        assert_eq!(whom(&holds, holds.oldest(0)), Some(For::Visitor(2)));
        assert_eq!(
            whom(&holds, holds.newest_tentative(0)),
            Some(For::Visitor(4))
        );
        holds.lay(For::Visitor(5), 0, Duration::from_secs(2));
        assert_eq!(
            whom(&holds, holds.newest_tentative(0)),
            Some(For::Visitor(5))
        );
    }
}
