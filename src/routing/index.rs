//! The roll kept in order: a tournament for everybody and one for each department, and counts of
//! conditions beside them, so that even "nobody, because …" costs nothing in the number of agents.

use super::{
    condition::{Condition, Room, Takes},
    order::{Marks, key},
    roll::{Desk, Link, Roll, Seat},
    tree::Tree,
};
use crate::domain::{Ask, Capacity, Policy, Purpose, Timestamp};

/// Agents by condition. Fixed size.
pub(super) type Counts = [u32; Condition::SLOTS];

/// A roll that is always in order.
#[derive(Clone, Debug)]
pub struct Index {
    roll: Roll,
    /// Everybody first, then each department in the snapshot's order.
    trees: Vec<Tree>,
    counts: Vec<Counts>,
    /// Slots of agents who take new chats, anonymous holds not deducted.
    slots: Slots,
}

/// How many chats could be given away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slots {
    limited: u64,
    /// Agents without a limit.
    unlimited: u32,
}

impl Slots {
    fn of(seat: &Seat) -> Self {
        match (seat.condition, seat.capacity) {
            (Condition::Open(Takes::NewChats, _), Capacity::Unlimited) => Self {
                limited: 0,
                unlimited: 1,
            },
            (Condition::Open(Takes::NewChats, _), Capacity::Limited(limit)) => Self {
                limited: u64::from(limit.saturating_sub(seat.firm())),
                unlimited: 0,
            },
            (Condition::Open(Takes::Transfers, _) | Condition::Shut(_), _) => Self::default(),
        }
    }
}

impl Index {
    /// Puts a roll in order: O(n log n) for the keys' memory, O(n) for the rest.
    pub fn new(mut roll: Roll) -> Self {
        let departments = roll.snapshot.departments().len();
        let mut keys: Vec<Vec<u128>> = Vec::with_capacity(departments + 1);
        keys.push(Vec::with_capacity(roll.len()));
        for department in roll.snapshot.departments() {
            keys.push(Vec::with_capacity(department.members.len()));
        }
        let mut counts = vec![[0; Condition::SLOTS]; departments + 1];
        let mut slots = Slots::default();
        for row in 0..roll.len() {
            let condition = roll.seats[row].judge(roll.young);
            roll.seats[row].condition = condition;
            let own = Slots::of(&roll.seats[row]);
            slots.limited += own.limited;
            slots.unlimited += own.unlimited;
            counts[0][condition.slot()] += 1;
            keys[0].push(key(roll.policy, condition.class(), roll.marks(row, None)));
            for link in roll.links_of(row) {
                let place = link.department as usize + 1;
                counts[place][condition.slot()] += 1;
                let marks = roll.marks(row, Some(link));
                keys[place].push(key(roll.policy, condition.class(), marks));
            }
        }
        let trees = keys
            .into_iter()
            .map(|keys| Tree::new(keys.into_iter()))
            .collect();
        Self {
            roll,
            trees,
            counts,
            slots,
        }
    }

    /// The roll underneath.
    pub fn roll(&self) -> &Roll {
        &self.roll
    }

    /// Changes what is laid over a row: O(log n).
    pub fn change(&mut self, row: usize, change: impl FnOnce(&mut Desk)) {
        self.settle(row, None, change);
    }

    /// Counts a pick for a department (or none) at a time, and changes the desk in the same go.
    pub fn pick(
        &mut self,
        row: usize,
        department: Option<usize>,
        at: Timestamp,
        change: impl FnOnce(&mut Desk),
    ) {
        let link = department.and_then(|place| self.roll.link(row, place));
        if let Some(link) = link {
            self.roll.links[link].picks += 1;
        }
        self.settle(row, link, |desk| {
            desk.picks += u64::from(link.is_none());
            desk.last_picked = Some(at);
            change(desk);
        });
    }

    /// Takes over what another roll says of the same agent now: after an index was made of a copy
    /// of that roll, and the agent was picked meanwhile. `departments` says for each place there
    /// the place here.
    pub fn adopt(&mut self, row: usize, from: &Roll, there: usize, departments: &[Option<usize>]) {
        for (department, picks) in from.memberships(there) {
            if let Some(here) = departments[department]
                && let Some(link) = self.roll.link(row, here)
            {
                self.roll.links[link].picks = picks;
                self.settle(row, Some(link), |_| ());
            }
        }
        let unseen = self.roll.desk(row).unseen;
        self.change(row, |desk| {
            *desk = Desk {
                unseen,
                ..*from.desk(there)
            };
        });
    }

    /// Raises what is counted of an agent, for a department or for none, to at least this; the
    /// same for the time. For counters read from the store.
    pub fn raise(
        &mut self,
        row: usize,
        department: Option<usize>,
        picks: u64,
        last_picked: Option<Timestamp>,
    ) {
        let link = department.and_then(|place| self.roll.link(row, place));
        if let Some(link) = link {
            let counted = &mut self.roll.links[link].picks;
            *counted = picks.max(*counted);
        }
        self.settle(row, link, |desk| {
            if department.is_none() {
                desk.picks = desk.picks.max(picks);
            }
            desk.last_picked = desk.last_picked.max(last_picked);
        });
    }

    /// Says whether the source was read recently enough. O(n) when that changes, else nothing;
    /// it changes twice an outage.
    pub fn set_young(&mut self, young: bool) {
        if self.roll.young != young {
            let nobody = Roll::empty(self.roll.policy);
            let mut roll = std::mem::replace(&mut self.roll, nobody);
            roll.young = young;
            *self = Self::new(roll);
        }
    }

    /// Free slots of agents who take new chats, tentative holds not deducted; `None` when an
    /// agent without a limit makes them endless.
    pub fn free_slots(&self) -> Option<u64> {
        (self.slots.unlimited == 0).then_some(self.slots.limited)
    }

    /// Whether this agent may be picked for an ask without displacing anybody: the right
    /// department, not ignored, open for its purpose, a free slot.
    pub fn suits(&self, row: usize, ask: &Ask<'_>) -> bool {
        let member = ask.department.is_none_or(|id| {
            let place = self.roll.snapshot.department(id);
            place.is_some_and(|place| self.roll.link(row, place).is_some())
        });
        let open = match (self.roll.seats[row].condition, ask.purpose) {
            (Condition::Open(Takes::NewChats, Room::Free), _)
            | (Condition::Open(Takes::Transfers, Room::Free), Purpose::Transfer) => true,
            (Condition::Open(..) | Condition::Shut(_), _) => false,
        };
        let ignored = ask
            .ignored_agent
            .is_some_and(|id| self.roll.snapshot.rows()[row].answers_to(id));
        member && open && !ignored && self.roll.policy != Policy::Manual
    }

    /// Whether anybody takes new chats by presence, with a slot left or without; an unknown
    /// department has nobody.
    pub fn anybody(&self, department: Option<&str>) -> bool {
        let place = match department {
            None => None,
            Some(id) => match self.roll.snapshot.department(id) {
                None => return false,
                place => place,
            },
        };
        let (_, counts) = self.of(place);
        [Room::Free, Room::Held, Room::Full, Room::Closed]
            .into_iter()
            .any(|room| counts[Condition::Open(Takes::NewChats, room).slot()] > 0)
    }

    /// The tree and the counts of one department, or of everybody.
    pub(super) fn of(&self, department: Option<usize>) -> (&Tree, &Counts) {
        let place = department.map_or(0, |place| place + 1);
        (&self.trees[place], &self.counts[place])
    }

    /// The place of a row in the tree of one department, or of everybody.
    pub(super) fn leaf(&self, row: usize, department: Option<usize>) -> Option<usize> {
        match department {
            None => Some(row),
            Some(place) => {
                let link = self.roll.link(row, place)?;
                Some(self.roll.links[link].leaf as usize)
            }
        }
    }

    /// Changes a desk and puts the row in order again. Trees whose key stays the same are not
    /// looked at: their leaves would have to come from memory. The picks of `counted`, one of the
    /// row's links, have changed already.
    fn settle(&mut self, row: usize, counted: Option<usize>, change: impl FnOnce(&mut Desk)) {
        let Self {
            roll,
            trees,
            counts,
            slots,
        } = self;
        let policy = roll.policy;
        let sorted = |roll: &Roll, link: Option<&Link>| {
            let class = roll.seats[row].condition.class();
            key(policy, class, roll.marks(row, link))
        };
        // What a key holds besides the picks for a department.
        let shared = |roll: &Roll| {
            let class = roll.seats[row].condition.class();
            let marks = roll.marks(row, None);
            key(policy, class, Marks { picks: 0, ..marks })
        };
        let (was, before) = (roll.seats[row].condition, Slots::of(&roll.seats[row]));
        let (alone, together) = (sorted(roll, None), shared(roll));
        change(&mut roll.seats[row].desk);
        let now = roll.seats[row].judge(roll.young);
        roll.seats[row].condition = now;
        let after = Slots::of(&roll.seats[row]);
        slots.limited = slots.limited - before.limited + after.limited;
        slots.unlimited = slots.unlimited - before.unlimited + after.unlimited;
        let mut recount = |place: usize| {
            if was != now {
                counts[place][was.slot()] -= 1;
                counts[place][now.slot()] += 1;
            }
        };
        recount(0);
        let first = sorted(roll, None);
        if first != alone {
            trees[0].set(row, first);
        }
        let moved = shared(roll) != together;
        if !moved && counted.is_none() && was == now {
            return;
        }
        for at in roll.link_range(row) {
            let link = &roll.links[at];
            let place = link.department as usize + 1;
            recount(place);
            if moved || counted == Some(at) {
                trees[place].set(link.leaf as usize, sorted(roll, Some(link)));
            }
        }
    }
}
