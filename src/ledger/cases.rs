//! The book under a clock that stands still until told.

use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    domain::{Presence, Purpose, Timestamp},
    ports::{ManualClock, Publish},
    routing::{
        Refusal,
        people::{Person, person, snapshot},
    },
};

pub(super) const START: i64 = 1_700_000_000_000;

pub(super) struct World {
    pub(super) ledger: Arc<Ledger>,
    pub(super) clock: ManualClock,
    pub(super) metrics: Metrics,
}

/// A book over these people, just polled.
pub(super) fn world(rules: RoutingRules, people: &[Person]) -> World {
    let clock = ManualClock::at(Timestamp::from_millis(START));
    let metrics = Metrics::new();
    let ledger = Ledger::new(rules, Arc::new(clock.clone()), metrics.clone());
    ledger.publish(snapshot(people), Some(Duration::ZERO));
    World {
        ledger,
        clock,
        metrics,
    }
}

/// Every slot may be held: most cases are not about the share.
pub(super) fn rules() -> RoutingRules {
    RoutingRules {
        agent_next_share: 100,
        ..RoutingRules::default()
    }
}

pub(super) fn ask(purpose: Purpose) -> Ask<'static> {
    Ask {
        department: None,
        purpose,
        ignored_agent: None,
    }
}

pub(super) fn said(answer: &Answer) -> &str {
    match answer {
        Answer::Agent { .. } => answer.username().unwrap(),
        Answer::Nobody(nobody) => nobody.main.word(),
    }
}

impl World {
    pub(super) fn next(&self, token: &str) -> String {
        said(&self.ledger.agent_next(token, None)).to_owned()
    }

    pub(super) fn taken(&self) -> Vec<u32> {
        self.ledger.taken().1
    }

    pub(super) fn publish(&self, people: &[Person]) {
        self.ledger.publish(snapshot(people), Some(Duration::ZERO));
    }
}

#[test]
fn before_the_first_snapshot_nobody_is_known() {
    let clock = Arc::new(ManualClock::default());
    let ledger = Ledger::new(rules(), clock, Metrics::new());
    assert_eq!(said(&ledger.agent_next("t", None)), "nobody_known");
    assert_eq!(ledger.freshness(), Freshness::Never);
    assert!(ledger.snapshot().rows().is_empty());
}

#[test]
fn an_answer_carries_the_ready_bytes_and_the_names() {
    let w = world(rules(), &[person("ada")]);
    let answer = w.ledger.agent_next("t", None);
    assert_eq!(answer.body().as_deref(), Some(b"[ada]".as_slice()));
    assert_eq!(answer.target_id(), Some("t-ada"));
}

#[test]
fn a_visitor_has_one_hold_and_asking_again_moves_it() {
    let w = world(
        rules(),
        &[person("ada").chats(0, 1), person("bob").chats(0, 1)],
    );
    assert_eq!(w.next("one"), "ada");
    assert_eq!(w.taken(), [1, 0]);
    // Auto-selection counted the pick, so the other is next; the first slot is free again.
    assert_eq!(w.next("one"), "bob");
    assert_eq!(w.taken(), [0, 1]);
    assert_eq!(w.next("two"), "ada");
    assert_eq!(w.next("three"), "at_capacity");
    assert_eq!(w.ledger.holds(), 2);
    assert_eq!(w.metrics.holds.get(), 2);
}

#[test]
fn a_hold_ends_exactly_when_its_time_is_over() {
    let w = world(rules(), &[person("ada").chats(0, 1)]);
    assert_eq!(w.next("one"), "ada");
    w.clock.advance(Duration::from_millis(29_999));
    assert_eq!(w.next("two"), "at_capacity");
    // Jumps of the wall clock do not count.
    w.clock.jump(3_600_000);
    assert_eq!(w.next("two"), "at_capacity");
    w.clock.advance(Duration::from_millis(1));
    assert_eq!(w.next("two"), "ada");
    w.clock.advance(Duration::from_secs(31));
    assert_eq!(w.ledger.holds(), 0);
    assert_eq!(w.taken(), [0]);
}

#[test]
fn a_preview_books_and_counts_nothing() {
    let w = world(rules(), &[person("ada"), person("bob")]);
    for _ in 0..3 {
        assert_eq!(said(&w.ledger.preview(None)), "ada");
    }
    assert_eq!(w.taken(), [0, 0]);
    assert!(w.ledger.take_dirty_counters().is_empty());
    assert_eq!(w.next("one"), "ada");
    assert_eq!(said(&w.ledger.preview(None)), "bob");
}

#[test]
fn anonymous_holds_stop_at_their_share_of_the_free_slots() {
    // (share, people, holds that are granted)
    let cases: [(u8, Vec<Person>, usize); 5] = [
        (80, vec![person("ada").chats(0, 10)], 8),
        (80, vec![person("ada").chats(0, 1)], 1),
        (50, vec![person("ada").chats(0, 3)], 2),
        (
            50,
            vec![
                person("ada").chats(6, 10),
                person("bob").is(Presence::Occupied),
            ],
            2,
        ),
        (
            1,
            vec![person("ada").chats(0, 4), person("bob").endless()],
            40,
        ),
    ];
    for (share, people, granted) in cases {
        let w = world(
            RoutingRules {
                agent_next_share: share,
                ..rules()
            },
            &people,
        );
        let answers: Vec<_> = (0..40).map(|n| w.next(&format!("v{n}"))).collect();
        let got = answers.iter().filter(|a| !a.contains('_')).count();
        assert_eq!(got, granted, "{share} % of {people:?}");
        // One slot of one is full before its share is spent.
        if granted > 1 && granted < 40 {
            assert_eq!(answers[39], "share_spent", "{share} % of {people:?}");
            assert_eq!(said(&w.ledger.preview(None)), "share_spent");
            let told = w.ledger.explain(&ask(Purpose::NewChat), None);
            assert_eq!(told.tally.count(Refusal::ShareSpent), 1);
            // Whoever has a hold keeps one.
            assert_eq!(w.next("v0"), "ada");
        }
    }
}

#[test]
fn rooms_and_decisions_displace_the_oldest_anonymous_hold() {
    let w = world(rules(), &[person("ada").chats(0, 2)]);
    w.next("one");
    w.clock.advance(Duration::from_secs(1));
    w.next("two");
    assert_eq!(said(&w.ledger.external(None, None)), "ada");
    assert_eq!((w.ledger.holds(), w.taken()), (1, vec![2]));
    assert_eq!(
        said(&w.ledger.take("room", None, &ask(Purpose::NewChat))),
        "ada"
    );
    assert_eq!((w.ledger.holds(), w.taken()), (0, vec![2]));
    // Both displaced visitors must ask again, and firm bookings give way to nobody.
    assert_eq!(w.next("two"), "at_capacity");
    assert_eq!(
        said(&w.ledger.take("other", None, &ask(Purpose::NewChat))),
        "at_capacity"
    );
    w.ledger.release("room");
    assert_eq!(w.next("two"), "ada");
}

#[test]
fn a_room_takes_the_slot_its_visitor_held() {
    let w = world(
        rules(),
        &[person("ada").chats(0, 1), person("bob").chats(0, 1)],
    );
    assert_eq!(w.next("one"), "ada");
    let answer = w.ledger.take("room", Some("one"), &ask(Purpose::NewChat));
    assert_eq!(said(&answer), "ada");
    assert_eq!((w.ledger.holds(), w.taken()), (0, vec![1, 0]));
    // Counted once, when the hold was laid.
    let dirty = w.ledger.take_dirty_counters();
    assert_eq!(dirty.iter().map(|c| c.picks).collect::<Vec<_>>(), [1]);
    // Asking again for the same room books nothing more.
    w.ledger.take("room", None, &ask(Purpose::NewChat));
    assert_eq!(w.taken(), [1, 0]);
    // A hold that does not suit the ask is given back.
    assert_eq!(w.next("two"), "bob");
    let elsewhere = Ask {
        department: Some("sales"),
        ..ask(Purpose::NewChat)
    };
    let answer = w.ledger.take("second", Some("two"), &elsewhere);
    assert_eq!(said(&answer), "not_in_department");
    assert_eq!(w.taken(), [1, 0]);
}

#[test]
fn a_transfer_moves_the_booking_and_keeps_it_when_nobody_else_is_found() {
    let w = world(
        rules(),
        &[
            person("ada"),
            person("bob").is(Presence::Occupied).chats(0, 1),
        ],
    );
    w.ledger.take("room", None, &ask(Purpose::NewChat));
    assert_eq!(w.taken(), [1, 0]);
    assert_eq!(
        said(&w.ledger.take("room", None, &ask(Purpose::Transfer))),
        "bob"
    );
    assert_eq!(w.taken(), [0, 1]);
    w.publish(&[
        person("ada").is(Presence::Away),
        person("bob").is(Presence::Occupied).chats(0, 1),
    ]);
    let answer = w.ledger.take("room", None, &ask(Purpose::Transfer));
    assert!(answer.nobody().is_some());
    assert_eq!(w.taken(), [0, 1]);
    w.ledger.release("room");
    w.ledger.release("room");
    assert_eq!(w.taken(), [0, 0]);
}

#[test]
fn ten_asks_are_one_decision_and_the_eleventh_opens_the_next() {
    let people: Vec<_> = ["ada", "bob", "cyd"].map(person).to_vec();
    let w = world(rules(), &people);
    let external = || said(&w.ledger.external(None, None)).to_owned();
    let first: Vec<_> = (0..10).map(|_| external()).collect();
    assert_eq!(first, vec!["ada"; 10]);
    assert_eq!(w.taken(), [1, 0, 0]);
    assert_eq!(external(), "bob");
    // Another question is another decision, in the same window.
    let other = w.ledger.external(None, Some("t-cyd"));
    assert_eq!(said(&other), "ada");
    assert_eq!(w.taken(), [2, 1, 0]);
    // The window counts from the first ask, and its end is outside.
    w.clock.advance(Duration::from_millis(1_499));
    assert_eq!(external(), "bob");
    w.clock.advance(Duration::from_millis(1));
    assert_eq!(external(), "cyd");
    assert_eq!(w.taken(), [2, 1, 1]);
    w.clock.advance(Duration::from_secs(30));
    assert_eq!(w.taken(), [0, 0, 0]);
    assert_eq!(w.ledger.holds(), 0);
}

#[test]
fn a_burst_that_found_nobody_is_one_decision_too() {
    let w = world(
        RoutingRules {
            fanout: 2,
            ..rules()
        },
        &[person("ada").chats(1, 1)],
    );
    assert_eq!(said(&w.ledger.external(None, None)), "at_capacity");
    w.publish(&[person("ada").chats(0, 1)]);
    assert_eq!(said(&w.ledger.external(None, None)), "at_capacity");
    assert_eq!(said(&w.ledger.external(None, None)), "ada");
}

#[test]
fn a_poll_confirms_the_oldest_holds() {
    let bob = || person("bob").is(Presence::Away);
    let w = world(rules(), &[person("ada").chats(1, 4), bob()]);
    w.next("one");
    w.next("two");
    assert_eq!(w.taken(), [3, 0]);
    // One more chat than before: the first visitor came. Rows moved by a newcomer.
    w.publish(&[person("aaa").chats(0, 0), person("ada").chats(2, 4), bob()]);
    assert_eq!((w.taken(), w.ledger.holds()), (vec![0, 3, 0], 1));
    // Fewer chats confirm nothing.
    w.publish(&[person("ada").chats(0, 4)]);
    assert_eq!((w.taken(), w.ledger.holds()), (vec![1], 1));
    // More chats than holds: the last hold is confirmed, the rest came by themselves.
    w.publish(&[person("ada").chats(3, 4)]);
    assert_eq!((w.taken(), w.ledger.holds()), (vec![3], 0));
}

#[test]
fn a_smaller_limit_takes_back_the_newest_holds_that_no_longer_fit() {
    let w = world(rules(), &[person("ada").chats(0, 4)]);
    for token in ["one", "two", "three"] {
        w.next(token);
    }
    w.publish(&[person("ada").chats(0, 2)]);
    assert_eq!((w.taken(), w.ledger.holds()), (vec![2], 2));
    w.ledger.take("room", Some("three"), &ask(Purpose::NewChat));
    assert_eq!(
        (w.taken(), w.ledger.holds()),
        (vec![2], 1),
        "three's was gone"
    );
}

#[test]
fn holds_of_a_vanished_agent_go_and_bookings_wait_for_their_return() {
    let w = world(
        rules(),
        &[person("ada").chats(0, 2), person("bob").is(Presence::Away)],
    );
    w.next("one");
    w.ledger.take("room", None, &ask(Purpose::NewChat));
    assert_eq!(w.taken(), [2, 0]);
    w.publish(&[person("bob").chats(0, 1)]);
    assert_eq!((w.taken(), w.ledger.holds()), (vec![0], 0));
    assert_eq!(w.next("one"), "bob");
    w.publish(&[person("ada").chats(0, 2), person("bob").chats(0, 1)]);
    assert_eq!(w.taken(), [1, 1]);
    w.ledger.release("room");
    assert_eq!(w.taken(), [0, 1]);
}
