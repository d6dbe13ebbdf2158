//! A newer snapshot under the same book.
//!
//! Everything O(n) happens outside the book's lock, on a copy: carrying desks over by target id,
//! sorting, building the tournaments. Asks go on meanwhile; the rows they touch are journalled
//! and brought up to date when the new index is swapped in. Under the lock remain two copies of
//! flat memory, one pass over the holds, and work for what changed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    Ledger,
    book::{Book, Frozen, Moment, Seen, number},
    shelf::Shelf,
};
use crate::{
    domain::{DepartmentId, Owner, RoutingRules, Snapshot, Standing, Timestamp},
    ports::{CounterRecord, Publish},
    routing::{Index, Roll},
};

impl Publish for Ledger {
    fn publish(&self, snapshot: Arc<Snapshot>, age: Option<Duration>) {
        self.replace(snapshot, age, false);
    }

    fn amend(&self, snapshot: Arc<Snapshot>, age: Option<Duration>) {
        self.replace(snapshot, age, true);
    }

    fn confirm(&self) {
        self.with_book(|book, now| {
            book.seen = Some(Seen {
                age: Duration::ZERO,
                at: now.elapsed,
            });
            book.catch_up(now);
        });
    }
}

impl Ledger {
    /// `amends`: the source was not read for it, and its view is as old as it was.
    fn replace(&self, snapshot: Arc<Snapshot>, age: Option<Duration>, amends: bool) {
        // One publication at a time: whoever has the shelf.
        let mut shelved = self.shelf();
        let (old, past, rules, start) = self.with_book(|book, now| {
            book.catch_up(now);
            book.journal = Some(Vec::new());
            let past = Past {
                frozen: deadlines(&book.frozen),
                seen: book.seen,
            };
            (book.roll().clone(), past, book.rules, now)
        });
        let told = age.map(|age| Seen {
            age,
            at: start.elapsed,
        });
        let seen = past.seen.filter(|_| amends).or(told);
        let young = seen.is_some_and(|seen| seen.age(start.elapsed) <= rules.max_age);
        let (mut roll, moved) = old.following(snapshot, young);
        let frozen = freeze(&mut roll, &past, &rules, start);
        let returned = shelved.hand_over(&roll);
        let mut dirty = renamed(&old, &roll, &moved);
        for (row, place, counter) in returned {
            // The higher one: what was counted under a former id may come after the rest.
            let known = roll.picks(row, place).unwrap_or(0);
            roll.set_picks(row, place, known.max(counter.picks));
            let desk = roll.desk_mut(row);
            desk.last_picked = desk.last_picked.max(counter.last_picked);
            if counter.dirty {
                dirty.push((number(row), place.map(number)));
            }
        }
        let departments = old.snapshot().departments().iter();
        let departments = departments
            .map(|department| roll.snapshot().department(department.id.as_str()))
            .collect();
        let mut next = Next {
            departments,
            risen: risen(&old, &roll, &moved),
            tight: tight(&roll),
            index: Index::new(roll),
            old,
            moved,
            seen,
            amends,
            frozen,
            dirty,
        };
        shelve(&mut shelved, &next);
        let replaced = self.with_book(|book, now| {
            next.swap(book, &mut shelved);
            book.catch_up(now);
            next
        });
        // Freeing a big index takes milliseconds: after the lock.
        drop(replaced);
    }
}

/// A publication, prepared.
struct Next {
    /// The copy it was prepared from.
    old: Roll,
    /// For each old row its new one.
    moved: Vec<Option<u32>>,
    /// For each old department its new place.
    departments: Vec<Option<usize>>,
    index: Index,
    seen: Option<Seen>,
    /// Whether the source's view stays as old as it is.
    amends: bool,
    frozen: BTreeMap<Timestamp, Frozen>,
    /// Old rows with holds whose load rose, and by how much.
    risen: Vec<(u32, u32)>,
    /// New rows that are beyond their limit and have tentative holds.
    tight: Vec<u32>,
    /// Counters that came from the shelf unwritten, or stand under another id now.
    dirty: Vec<(u32, Option<u32>)>,
}

impl Next {
    /// Puts the new index in place, and the old one here.
    fn swap(&mut self, book: &mut Book, shelved: &mut Shelf) {
        let mut touched = book.journal.take().unwrap_or_default();
        touched.sort_unstable();
        touched.dedup();
        for row in &touched {
            match self.moved[*row as usize] {
                Some(now) => {
                    let there = *row as usize;
                    self.index
                        .adopt(now as usize, book.roll(), there, &self.departments);
                    self.tight.push(now);
                }
                None => shelve_row(shelved, book.roll(), *row as usize, |_| true),
            }
        }
        self.renumber_changed(book, shelved);
        book.changed.extend(self.dirty.drain(..));
        std::mem::swap(&mut book.index, &mut self.index);
        book.frozen = std::mem::take(&mut self.frozen);
        book.seen = book.seen.filter(|_| self.amends).or(self.seen);
        book.holds.renumber(&self.moved, book.roll().len());
        book.fanout.renumber(&self.moved);
        self.renumber_bookings(book);
        self.absorb(book);
        for row in &self.tight {
            trim(book, *row as usize);
        }
    }

    /// The poll confirms holds: of an agent whose load rose by so many, the so many oldest have
    /// become chats, or at least the load has taken their place.
    fn absorb(&self, book: &mut Book) {
        for (row, by) in &self.risen {
            let Some(now) = self.moved[*row as usize] else {
                continue;
            };
            for _ in 0..*by {
                let Some(at) = book.holds.oldest(now as usize) else {
                    break;
                };
                book.give_back(at);
            }
        }
    }

    /// Bookings are by agent, not by row: they wait while their agent is away, and count again
    /// when they are back.
    fn renumber_bookings(&self, book: &mut Book) {
        let mut returned = Vec::new();
        let roll = book.index.roll();
        for booking in book.bookings.values_mut() {
            booking.row = if let Some(row) = booking.row {
                self.moved[row as usize]
            } else {
                let row = roll.find(booking.agent.target_id.as_str());
                returned.extend(row);
                row.map(number)
            };
        }
        for row in returned {
            book.change(row, |desk| desk.firm += 1);
        }
    }

    /// Unwritten counters follow their rows; what has no row any more is on the shelved, dirty.
    fn renumber_changed(&self, book: &mut Book, shelved: &mut Shelf) {
        let roll = self.index.roll();
        let was = Arc::clone(book.roll().snapshot());
        for (row, department) in std::mem::take(&mut book.changed) {
            let id = department.map(|place| &was.departments()[place as usize].id);
            let place = id.map(|id| roll.snapshot().department(id.as_str()));
            let row_now = self.moved[row as usize];
            match (row_now, place) {
                (Some(row), None) => {
                    book.changed.insert((row, None));
                }
                (Some(row), Some(Some(place)))
                    if roll.picks(row as usize, Some(place)).is_some() =>
                {
                    book.changed.insert((row, Some(number(place))));
                }
                (_, _) => {
                    let place = department.map(|place| place as usize);
                    let record = counter(book.roll(), row as usize, place, id.cloned());
                    shelved.put(record, true);
                }
            }
        }
    }
}

/// Counters of agents who have another id now: to be written under that one, so that a restart
/// finds them whatever becomes of the former id.
fn renamed(old: &Roll, new: &Roll, moved: &[Option<u32>]) -> Vec<(u32, Option<u32>)> {
    let (was, is) = (old.snapshot().rows(), new.snapshot().rows());
    let mut counters = Vec::new();
    for (row, now) in was.iter().zip(moved) {
        let Some(now) = *now else { continue };
        let place = now as usize;
        let same = Arc::ptr_eq(&row.agent.identity, &is[place].agent.identity);
        if same || row.target_id() == is[place].target_id() {
            continue;
        }
        if new.desk(place).last_picked.is_some() {
            counters.push((now, None));
        }
        let picked = new.memberships(place).filter(|(_, picks)| *picks > 0);
        counters.extend(picked.map(|(department, _)| (now, Some(number(department)))));
    }
    counters
}

/// A tentative hold that no longer fits was promised too early: the newest go first.
fn trim(book: &mut Book, row: usize) {
    while book.roll().excess(row) > 0 {
        let Some(at) = book.holds.newest_tentative(row) else {
            return;
        };
        book.give_back(at);
    }
}

fn risen(old: &Roll, new: &Roll, moved: &[Option<u32>]) -> Vec<(u32, u32)> {
    let pairs = (0u32..).zip(moved);
    pairs
        .filter_map(|(row, now)| {
            let desk = old.desk(row as usize);
            let by = new
                .load((*now)? as usize)
                .saturating_sub(old.load(row as usize));
            (by > 0 && desk.firm + desk.tentative > 0).then_some((row, by))
        })
        .collect()
}

fn tight(roll: &Roll) -> Vec<u32> {
    (0..roll.len())
        .filter(|row| roll.desk(*row).tentative > 0 && roll.excess(*row) > 0)
        .map(number)
        .collect()
}

/// Puts the counters of those who left, and of memberships that ended, on the shelf.
fn shelve(shelved: &mut Shelf, next: &Next) {
    let roll = next.index.roll();
    let here = &next.departments;
    for (row, now) in next.moved.iter().enumerate() {
        match now {
            None => shelve_row(shelved, &next.old, row, |_| true),
            Some(now) => {
                let stays = |place: usize| {
                    here[place].is_some_and(|p| roll.picks(*now as usize, Some(p)).is_some())
                };
                if !next.old.memberships(row).all(|(place, _)| stays(place)) {
                    shelve_row(shelved, &next.old, row, |place| {
                        place.is_some_and(|place| !stays(place))
                    });
                }
            }
        }
    }
}

fn shelve_row(shelved: &mut Shelf, roll: &Roll, row: usize, which: impl Fn(Option<usize>) -> bool) {
    let departments = roll.snapshot().departments();
    let desk = roll.desk(row);
    if which(None) && desk.last_picked.is_some() {
        shelved.put(counter(roll, row, None, None), false);
    }
    for (place, picks) in roll.memberships(row) {
        if which(Some(place)) && picks > 0 {
            let id = departments[place].id.clone();
            shelved.put(counter(roll, row, Some(place), Some(id)), false);
        }
    }
}

fn counter(
    roll: &Roll,
    row: usize,
    place: Option<usize>,
    department: Option<DepartmentId>,
) -> CounterRecord {
    CounterRecord {
        agent: roll.snapshot().rows()[row].target_id().clone(),
        department,
        picks: roll.picks(row, place).unwrap_or(0),
        last_picked: roll.desk(row).last_picked,
    }
}

fn deadlines(frozen: &BTreeMap<Timestamp, Frozen>) -> BTreeMap<Timestamp, Option<Duration>> {
    frozen
        .iter()
        .map(|(since, frozen)| (*since, frozen.until))
        .collect()
}

/// What a publication keeps of the one before.
struct Past {
    /// By the moment since which agents are frozen, the last one at which they are served.
    frozen: BTreeMap<Timestamp, Option<Duration>>,
    /// When the source had been read last.
    seen: Option<Seen>,
}

/// Groups the frozen agents by the poll that last saw them, and marks those whose time is over. A
/// deadline once computed from the wall clock is kept, so that a jump of that clock changes
/// nothing later. Whoever is frozen now was last seen before now: whatever the wall clock says,
/// they are not younger than the view that this one replaces.
fn freeze(
    roll: &mut Roll,
    past: &Past,
    rules: &RoutingRules,
    now: Moment,
) -> BTreeMap<Timestamp, Frozen> {
    let snapshot = Arc::clone(roll.snapshot());
    let mut frozen: BTreeMap<Timestamp, Frozen> = BTreeMap::new();
    for (row, agent) in snapshot.rows().iter().enumerate() {
        let (Standing::Frozen { since }, Owner::Source | Owner::Both) =
            (agent.standing(), agent.owner())
        else {
            roll.desk_mut(row).unseen = false;
            continue;
        };
        let group = frozen.entry(since).or_insert_with(|| Frozen {
            until: past.frozen.get(&since).copied().unwrap_or_else(|| {
                let age = past.seen.map(|seen| seen.age(now.elapsed));
                // Dated in the future, and never served by us: the clock was put back, and nobody
                // can say how long ago it was.
                let known = age.is_some() || since <= now.wall;
                let age = now.wall.since(since).max(age.unwrap_or_default());
                let left = rules.max_age.checked_sub(age).filter(|_| known);
                left.map(|left| now.elapsed.saturating_add(left))
            }),
            rows: Vec::new(),
        });
        let over = group.is_over(now.elapsed);
        roll.desk_mut(row).unseen = over;
        if !over {
            group.rows.push(number(row));
        }
    }
    frozen
}
