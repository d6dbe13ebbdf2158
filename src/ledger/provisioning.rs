//! The book while agents get the target's own ids: nothing of what was counted or promised is lost.

use std::{sync::Arc, time::Duration};

use super::{
    aging::{counters, line},
    cases::{START, ask, rules, said, world},
    *,
};
use crate::{
    domain::{DepartmentId, Purpose, TargetId, Timestamp},
    ports::{ManualClock, Publish},
    routing::people::{Person, person, snapshot},
};

fn ada() -> Person {
    person("ada").of(&["sales"])
}

fn bob() -> Person {
    person("bob").of(&["sales"])
}

#[test]
fn counters_follow_an_agent_to_the_new_id_and_are_written_under_it() {
    let w = world(rules(), &[ada(), bob()]);
    for _ in 0..4 {
        w.next("t");
        w.ledger.agent_next("t", Some("sales"));
    }
    let before = [
        line("t-ada", "-", 2),
        line("t-ada", "sales", 2),
        line("t-bob", "-", 2),
        line("t-bob", "sales", 2),
    ];
    assert_eq!(counters(&w.ledger), before);
    w.next("t");
    let steps = [
        (ada().provisioned("u1"), "u1"),
        // Once more another user, and back again.
        (ada().provisioned("u2"), "u2"),
        (ada(), "t-ada"),
    ];
    for (ada, id) in steps {
        w.ledger.amend(snapshot(&[ada, bob()]), None);
        assert_eq!(
            counters(&w.ledger),
            [line(id, "-", 3), line(id, "sales", 2)]
        );
        assert!(counters(&w.ledger).is_empty(), "written once");
    }
    assert_eq!([w.next("t"), w.next("t")], ["bob", "ada"]);
}

#[test]
fn counters_kept_under_either_id_are_found_after_a_restart() {
    let record = |agent: &str, department: Option<&str>, picks| CounterRecord {
        agent: TargetId::new(agent),
        department: department.map(DepartmentId::new),
        picks,
        last_picked: Some(Timestamp::from_millis(START)),
    };
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(START)));
    // (kept, picks of ada for none and for sales): the higher one of two counts.
    let cases = [
        (vec![("t-ada", 5)], 5),
        (vec![("t-ada", 5), ("u1", 7)], 7),
        (vec![("u1", 7), ("t-ada", 5)], 7),
    ];
    for published_first in [true, false] {
        for (kept, expected) in &cases {
            let ledger = Ledger::new(rules(), Arc::<ManualClock>::clone(&clock), Metrics::new());
            let people = snapshot(&[ada().provisioned("u1"), bob()]);
            let records = |department| {
                let one = move |(agent, picks): &(&str, u64)| record(agent, department, *picks);
                kept.iter().map(one).collect::<Vec<_>>()
            };
            if published_first {
                ledger.publish(Arc::clone(&people), Some(Duration::ZERO));
            }
            ledger.restore_counters(records(None));
            ledger.restore_counters(records(Some("sales")));
            if !published_first {
                ledger.publish(people, Some(Duration::ZERO));
            }
            for department in [None, Some("sales")] {
                let next = || said(&ledger.agent_next("t", department)).to_owned();
                let bobs = (0..20).take_while(|_| next() == "bob").count();
                // Of equals ada comes first, by name.
                assert_eq!(bobs, *expected, "{kept:?} {department:?}");
            }
        }
    }
}

#[test]
fn holds_and_bookings_stay_with_an_agent_who_gets_another_id() {
    let w = world(rules(), &[person("ada").chats(0, 2)]);
    assert_eq!(w.next("visitor"), "ada");
    let transfer = ask(Purpose::NewChat);
    assert_eq!(said(&w.ledger.take("room", None, &transfer)), "ada");
    assert_eq!(w.taken(), [2]);
    let moved = || person("ada").chats(0, 2).provisioned("u1");
    w.ledger.amend(snapshot(&[moved()]), None);
    assert_eq!(w.taken(), [2]);
    // Away for a while, and back under the other id: the booking knows the former one.
    let w2 = world(rules(), &[person("ada").chats(0, 2)]);
    assert_eq!(said(&w2.ledger.take("room", None, &transfer)), "ada");
    w2.publish(&[]);
    w2.publish(&[moved()]);
    assert_eq!(w2.taken(), [1]);
    for world in [w, w2] {
        let again = world.ledger.take("room", None, &transfer);
        assert_eq!(said(&again), "ada");
        world.ledger.release("room");
        assert_eq!(
            world.taken(),
            [u32::try_from(world.ledger.holds()).unwrap()]
        );
    }
}

#[test]
fn an_amended_snapshot_is_as_old_as_the_one_before() {
    let w = world(rules(), &[ada()]);
    let secs = Duration::from_secs;
    w.clock.advance(secs(80));
    // Whatever the wall clock made of it.
    w.ledger
        .amend(snapshot(&[ada().provisioned("u1")]), Some(secs(1)));
    assert_eq!(w.ledger.freshness(), Freshness::Fresh { age: secs(80) });
    w.clock.advance(secs(521));
    w.ledger.amend(snapshot(&[ada()]), Some(secs(1)));
    assert_eq!(w.ledger.freshness(), Freshness::TooOld { age: secs(601) });
    assert_eq!(w.next("t"), "source_too_old");
    w.ledger.confirm();
    assert_eq!(w.next("t"), "ada");
    // Nothing was published before: what is told counts.
    let clock = Arc::new(w.clock.clone());
    let ledger = Ledger::new(rules(), clock, Metrics::new());
    ledger.amend(snapshot(&[ada()]), Some(secs(30)));
    assert_eq!(ledger.freshness(), Freshness::Fresh { age: secs(30) });
}
