//! What happens under the lock: every method is short, and touches memory only.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::{
    answer::{Answer, Freshness},
    claim,
    fanout::{Fanout, Outcome},
    holds::{For, Holds},
    shelf::{Changed, Shelf},
};
use crate::{
    domain::{Ask, Identity, Purpose, RoutingRules, Snapshot, Timestamp},
    routing::{Choice, Claim, Desk, Index, Nobody, Pick, Roll, next},
};

/// At most so many tentative holds, whatever the share says: agents without a limit would make it
/// endless, and tokens cost a caller nothing. About 80 bytes each.
const MOST_TENTATIVE: usize = 1_000_000;

/// Both clocks, read together under the lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// For ages and deadlines.
    pub(super) elapsed: Duration,
    /// For stored moments.
    pub(super) wall: Timestamp,
}

/// The book itself.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) rules: RoutingRules,
    pub(super) index: Index,
    pub(super) holds: Holds,
    pub(super) bookings: HashMap<String, Booking, ahash::RandomState>,
    pub(super) fanout: Fanout,
    /// Counters changed since last written: row, and place of the department.
    pub(super) changed: HashSet<(u32, Option<u32>), ahash::RandomState>,
    /// When the source was last read, as an age at a moment; `None` before that.
    pub(super) seen: Option<Seen>,
    /// Agents kept as last seen, by the moment since; see [`Frozen`].
    pub(super) frozen: BTreeMap<Timestamp, Frozen>,
    /// Rows changed while a publication is being prepared; `None` when none is.
    pub(super) journal: Option<Vec<u32>>,
    last_stamp: Timestamp,
}

/// A room's slot.
#[derive(Debug)]
pub(super) struct Booking {
    /// Whose, even while they are not on the roll.
    pub(super) agent: Arc<Identity>,
    pub(super) row: Option<u32>,
}

/// An age and when it was true.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) age: Duration,
    pub(super) at: Duration,
}

impl Seen {
    pub(super) fn age(self, now: Duration) -> Duration {
        self.age.saturating_add(now.saturating_sub(self.at))
    }
}

/// Agents frozen by one poll. They share the moment after which they are refused.
#[derive(Clone, Debug)]
pub(super) struct Frozen {
    /// The last moment at which they are still served; `None` when it had passed already before
    /// this process could know.
    pub(super) until: Option<Duration>,
    /// Those still served.
    pub(super) rows: Vec<u32>,
}

impl Frozen {
    pub(super) fn is_over(&self, now: Duration) -> bool {
        self.until.is_none_or(|until| now > until)
    }
}

impl Book {
    pub(super) fn new(rules: RoutingRules) -> Self {
        Self {
            rules,
            index: Index::new(Roll::empty(rules.policy)),
            holds: Holds::new(),
            bookings: HashMap::default(),
            fanout: Fanout::default(),
            changed: HashSet::default(),
            seen: None,
            frozen: BTreeMap::new(),
            journal: None,
            last_stamp: Timestamp::default(),
        }
    }

    pub(super) fn roll(&self) -> &Roll {
        self.index.roll()
    }

    pub(super) fn tentative(&self) -> usize {
        self.holds.tentative()
    }

    pub(super) fn freshness(&self, now: Moment) -> Freshness {
        let Some(seen) = self.seen else {
            return Freshness::Never;
        };
        let age = seen.age(now.elapsed);
        if age > self.rules.max_age {
            Freshness::TooOld { age }
        } else if age > self.rules.stale_after {
            Freshness::Stale { age }
        } else {
            Freshness::Fresh { age }
        }
    }

    /// Lets everything happen that time alone does. Amortised O(log n) for each hold that ends.
    pub(super) fn catch_up(&mut self, now: Moment) {
        while let Some(at) = self.holds.due(now.elapsed) {
            self.give_back(at);
        }
        let young = match self.freshness(now) {
            Freshness::Fresh { .. } | Freshness::Stale { .. } => true,
            Freshness::Never | Freshness::TooOld { .. } => false,
        };
        self.index.set_young(young);
        // A handful of entries: one for each poll that froze somebody.
        for frozen in self.frozen.values_mut() {
            if frozen.is_over(now.elapsed) {
                for row in std::mem::take(&mut frozen.rows) {
                    self.index.change(row as usize, |desk| desk.unseen = true);
                }
            }
        }
    }

    pub(super) fn preview(&mut self, now: Moment, department: Option<&str>) -> Answer {
        self.catch_up(now);
        match self.anonymous_choice(department) {
            Ok(pick) => self.agent(pick.row),
            Err(nobody) => Answer::Nobody(nobody),
        }
    }

    pub(super) fn hold_for_visitor(
        &mut self,
        now: Moment,
        visitor: u64,
        department: Option<&str>,
    ) -> Answer {
        self.catch_up(now);
        if let Some(own) = self.holds.of_visitor(visitor) {
            self.give_back(own);
        }
        let pick = match self.anonymous_choice(department) {
            Ok(pick) => pick,
            Err(nobody) => return Answer::Nobody(nobody),
        };
        let until = now.elapsed.saturating_add(self.rules.hold_for);
        self.holds.lay(For::Visitor(visitor), pick.row, until);
        self.count(&pick, now, |desk| desk.tentative += 1);
        self.agent(pick.row)
    }

    pub(super) fn external(
        &mut self,
        now: Moment,
        burst: u64,
        department: Option<&str>,
        ignored: Option<&str>,
    ) -> Answer {
        self.catch_up(now);
        let question = (department, ignored);
        let limits = (now.elapsed, self.rules.fanout_window, self.rules.fanout);
        if let Some(outcome) = self.fanout.join(burst, question, limits) {
            return match outcome {
                Outcome::Row(row) => self.agent(row as usize),
                Outcome::Nobody(nobody) => Answer::Nobody(nobody),
            };
        }
        let (outcome, answer) = match next(&self.index, department, ignored, Claim::NewChat) {
            Choice::Nobody(nobody) => (Outcome::Nobody(nobody), Answer::Nobody(nobody)),
            Choice::Agent(pick) => {
                self.displace(&pick);
                let until = now.elapsed.saturating_add(self.rules.hold_for);
                self.holds.lay(For::Decision, pick.row, until);
                self.count(&pick, now, |desk| desk.firm += 1);
                (Outcome::Row(number(pick.row)), self.agent(pick.row))
            }
        };
        self.fanout.open(burst, question, now.elapsed, outcome);
        answer
    }

    pub(super) fn take(
        &mut self,
        now: Moment,
        conversation: &str,
        visitor: Option<u64>,
        ask: &Ask<'_>,
    ) -> Answer {
        self.catch_up(now);
        let own = visitor.and_then(|visitor| self.holds.of_visitor(visitor));
        let booked = self.bookings.get(conversation).and_then(|b| b.row);
        let held = own.map(|at| self.holds.get(at).row);
        if let Some(at) = own {
            self.give_back(at);
        }
        if let (Some(row), Purpose::NewChat) = (booked, ask.purpose) {
            return self.agent(row as usize);
        }
        if let Some(row) = held.filter(|row| booked != Some(*row))
            && self.index.suits(row as usize, ask)
        {
            // Picked and counted when the hold was laid.
            let row = row as usize;
            self.release_booking(conversation);
            self.book(conversation, row);
            self.change(row, |desk| desk.firm += 1);
            return self.agent(row);
        }
        let leaving = booked.map(|row| {
            let row = &self.roll().snapshot().rows()[row as usize];
            row.target_id().as_str().to_owned()
        });
        let ignored = ask.ignored_agent.or(leaving.as_deref());
        match next(&self.index, ask.department, ignored, claim(ask)) {
            Choice::Nobody(nobody) => Answer::Nobody(nobody),
            Choice::Agent(pick) => {
                self.displace(&pick);
                self.release_booking(conversation);
                self.book(conversation, pick.row);
                self.count(&pick, now, |desk| desk.firm += 1);
                self.agent(pick.row)
            }
        }
    }

    pub(super) fn release(&mut self, now: Moment, conversation: &str) {
        self.catch_up(now);
        self.release_booking(conversation);
    }

    /// Whether anonymous answers hold all they may: a share, rounded up, of the slots that would
    /// be free without them.
    pub(super) fn share_spent(&self) -> bool {
        let held = self.tentative();
        let most = self.index.free_slots().map_or(u64::MAX, |free| {
            (free * u64::from(self.rules.agent_next_share)).div_ceil(100)
        });
        held >= MOST_TENTATIVE || held as u64 >= most
    }

    /// Changed counters with their values, and the snapshot that names them.
    pub(super) fn take_changed(&mut self) -> (Arc<Snapshot>, Vec<Changed>) {
        let changed = std::mem::take(&mut self.changed);
        let roll = self.roll();
        let counters = changed
            .into_iter()
            .filter_map(|(row, department)| {
                let place = department.map(|place| place as usize);
                Some(Changed {
                    row,
                    department,
                    picks: roll.picks(row as usize, place)?,
                    last_picked: roll.desk(row as usize).last_picked,
                })
            })
            .collect();
        (Arc::clone(roll.snapshot()), counters)
    }

    /// Takes over from the shelf whatever the roll can carry.
    pub(super) fn unshelve(&mut self, shelved: &mut Shelf) {
        for (row, place, counter) in shelved.hand_over(self.index.roll()) {
            self.index
                .raise(row, place, counter.picks, counter.last_picked);
            self.note(row);
            if counter.dirty {
                self.changed.insert((number(row), place.map(number)));
            }
        }
    }

    /// Changes a desk. Every change goes through here or [`Self::count`], so that a publication
    /// in preparation hears of it.
    pub(super) fn change(&mut self, row: usize, change: impl FnOnce(&mut Desk)) {
        self.index.change(row, change);
        self.note(row);
    }

    /// Gives a hold back, whoever has it.
    pub(super) fn give_back(&mut self, at: u32) {
        let hold = self.holds.remove(at);
        self.change(hold.row as usize, |desk| match hold.whom {
            For::Visitor(_) => desk.tentative -= 1,
            For::Decision => desk.firm -= 1,
        });
    }

    fn note(&mut self, row: usize) {
        if let Some(journal) = &mut self.journal {
            journal.push(number(row));
        }
    }

    fn anonymous_choice(&self, department: Option<&str>) -> Result<Pick, Nobody> {
        match next(&self.index, department, None, Claim::Anonymous) {
            Choice::Nobody(nobody) => Err(nobody),
            Choice::Agent(pick) if self.share_spent() => {
                Err(Nobody::share_spent(&self.index, &pick))
            }
            Choice::Agent(pick) => Ok(pick),
        }
    }

    pub(super) fn displace(&mut self, pick: &Pick) {
        if !pick.displaces {
            return;
        }
        if let Some(at) = self.holds.oldest_tentative(pick.row) {
            self.give_back(at);
        }
    }

    pub(super) fn book(&mut self, conversation: &str, row: usize) {
        let agent = Arc::clone(&self.roll().snapshot().rows()[row].agent.identity);
        let booking = Booking {
            agent,
            row: Some(number(row)),
        };
        self.bookings.insert(conversation.to_owned(), booking);
    }

    pub(super) fn release_booking(&mut self, conversation: &str) {
        let booking = self.bookings.remove(conversation);
        if let Some(row) = booking.and_then(|booking| booking.row) {
            self.change(row as usize, |desk| desk.firm -= 1);
        }
    }

    /// Counts a pick, with a time that never goes back: if the wall clock did, the next
    /// millisecond after the latest pick, so that "longest since" keeps its order.
    pub(super) fn count(&mut self, pick: &Pick, now: Moment, change: impl FnOnce(&mut Desk)) {
        self.last_stamp = if now.wall < self.last_stamp {
            self.last_stamp.plus(Duration::from_millis(1))
        } else {
            now.wall
        };
        let stamp = self.last_stamp;
        self.index.pick(pick.row, pick.department, stamp, change);
        self.note(pick.row);
        self.changed
            .insert((number(pick.row), pick.department.map(number)));
    }

    pub(super) fn agent(&self, place: usize) -> Answer {
        Answer::Agent {
            place,
            snapshot: Arc::clone(self.roll().snapshot()),
        }
    }
}

/// A row or a department's place in its short form; a snapshot never has four billion of either.
pub(super) fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
