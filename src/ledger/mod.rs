//! The one book: holds, bookings and counters over the latest snapshot.
//!
//! Whoever wants an agent asks here and nobody else asks `routing` (DESIGN decision "one book").
//! Asking touches memory only, under one short lock: no store, no network, no await. A snapshot is
//! prepared outside that lock and swapped in (`publish`). Why it never over-books, and what a
//! crash may lose, is in `docs/adr/0003-one-book.md`.
//!
//! Reading order: [`answer`], `holds`, `fanout`, `book` (what happens under the lock), `direct` (asks for one agent), `shelf`
//! (counters of those not on the roll), `publish`, and the asks below.

pub mod answer;
mod book;
mod direct;
mod fanout;
mod holds;
mod publish;
mod shelf;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use answer::{Answer, Freshness};
use book::{Book, Moment};
pub use direct::Insist;
use shelf::Shelf;

use crate::{
    domain::{Ask, Policy, RoutingRules, Snapshot},
    ports::{Clock, CounterRecord},
    routing::{self, Claim, Explanation},
    telemetry::Metrics,
};

/// The book. Shared by everybody who asks.
pub struct Ledger {
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    /// Turns visitors' tokens into numbers. Keyed by chance at start: the tokens cannot be
    /// guessed from the numbers, and are kept nowhere.
    visitors: ahash::RandomState,
    /// Taken before `book` by those who need both, and by one publication at a time.
    shelf: Mutex<Shelf>,
    book: Mutex<Book>,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

impl Ledger {
    /// An empty book: everybody is refused until the first [`Publish`](crate::ports::Publish).
    pub fn new(rules: RoutingRules, clock: Arc<dyn Clock>, metrics: Metrics) -> Arc<Self> {
        Arc::new(Self {
            clock,
            metrics,
            visitors: ahash::RandomState::new(),
            shelf: Mutex::default(),
            book: Mutex::new(Book::new(rules)),
        })
    }

    /// The next agent for a visitor who has no room yet, and a tentative hold on them. A visitor
    /// has one hold: asking again gives the old one back and chooses anew. Counts as a pick even
    /// if no chat follows, as in Rocket.Chat (admin contract §4.7, livechat contract §2.3).
    pub fn agent_next(&self, visitor_token: &str, department: Option<&str>) -> Answer {
        let visitor = self.visitors.hash_one(visitor_token);
        self.with_book(|book, now| book.hold_for_visitor(now, visitor, department))
    }

    /// What [`Self::agent_next`] would answer a new visitor. Books and counts nothing.
    pub fn preview(&self, department: Option<&str>) -> Answer {
        self.with_book(|book, now| book.preview(now, department))
    }

    /// Books an agent for a conversation until [`Self::release`], displacing a tentative hold
    /// when nobody is free otherwise.
    ///
    /// The visitor's own hold becomes the booking when its agent suits the ask; else it is given
    /// back. A new chat that is booked already keeps its agent. A transfer never goes back to the
    /// agent it leaves, and keeps them when nobody else is found.
    pub fn take(&self, conversation: &str, visitor_token: Option<&str>, ask: &Ask<'_>) -> Answer {
        let visitor = visitor_token.map(|token| self.visitors.hash_one(token));
        self.with_book(|book, now| book.take(now, conversation, visitor, ask))
    }

    /// Ends the booking of a conversation; nothing happens when there is none.
    pub fn release(&self, conversation: &str) {
        self.with_book(|book, now| book.release(now, conversation));
    }

    /// The next agent for External routing, whose questions come in bursts of `fanout` identical
    /// ones (admin contract §5.1, §5.4): up to so many within `fanout_window` of the first share
    /// one decision and one hold; the next opens another. The hold is firm for `hold_for`.
    pub fn external(&self, department: Option<&str>, ignored: Option<&str>) -> Answer {
        let burst = self.visitors.hash_one((department, ignored));
        self.with_book(|book, now| book.external(now, burst, department, ignored))
    }

    /// Why an ask would be answered as it would. Slow beside the rest, but the slow part happens
    /// on a copy, outside the lock.
    pub fn explain(&self, ask: &Ask<'_>, policy: Option<Policy>) -> Explanation {
        let (roll, share_spent) = self.with_book(|book, now| {
            book.catch_up(now);
            (book.roll().clone(), book.share_spent())
        });
        let policy = policy.unwrap_or(roll.policy());
        routing::explain(&roll, ask, policy, share_spent)
    }

    /// How old the published view of the source is.
    pub fn freshness(&self) -> Freshness {
        self.with_book(|book, now| book.freshness(now))
    }

    /// The published snapshot; an empty one before the first.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.with_book(|book, _| Arc::clone(book.roll().snapshot()))
    }

    /// Tentative holds now.
    pub fn holds(&self) -> usize {
        self.with_book(|book, now| {
            book.catch_up(now);
            book.tentative()
        })
    }

    /// Load, bookings and holds together of every row of the snapshot that comes with them.
    pub fn taken(&self) -> (Arc<Snapshot>, Vec<u32>) {
        self.with_book(|book, now| {
            book.catch_up(now);
            let roll = book.roll();
            let taken = (0..roll.len()).map(|row| roll.taken(row)).collect();
            (Arc::clone(roll.snapshot()), taken)
        })
    }

    /// Adds counters read from the store. Where both know a counter the higher one stays.
    pub fn restore_counters(&self, records: Vec<CounterRecord>) {
        let mut shelved = self.shelf();
        for record in records {
            shelved.put(record, false);
        }
        self.with_book(|book, _| book.unshelve(&mut shelved));
    }

    /// Counters that changed since the last call, to be written behind.
    pub fn take_dirty_counters(&self) -> Vec<CounterRecord> {
        let mut shelved = self.shelf();
        let (snapshot, changed) = self.with_book(|book, _| book.take_changed());
        let mut records = shelved.take_dirty();
        records.extend(changed.into_iter().map(|counter| counter.record(&snapshot)));
        records
    }

    /// Gives back what could not be written: the next [`Self::take_dirty_counters`] has it again,
    /// with the values of then.
    pub fn return_dirty(&self, records: Vec<CounterRecord>) {
        let mut shelved = self.shelf();
        for record in records {
            shelved.put(record, true);
        }
        self.with_book(|book, _| book.unshelve(&mut shelved));
    }

    /// Runs something under the lock, with the time read inside it, so that moments never go back
    /// between one holder of the lock and the next.
    fn with_book<T>(&self, work: impl FnOnce(&mut Book, Moment) -> T) -> T {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Moment {
            elapsed: self.clock.elapsed(),
            wall: self.clock.now(),
        };
        let result = work(&mut book, now);
        self.metrics
            .holds
            .set(i64::try_from(book.tentative()).unwrap_or(i64::MAX));
        result
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The claim behind an ask of somebody who will book.
fn claim(ask: &Ask<'_>) -> Claim {
    Claim::firm(ask.purpose)
}

#[cfg(test)]
mod aging;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod provisioning;
