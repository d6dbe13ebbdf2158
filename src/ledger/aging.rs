//! The book grows old: ages of the source, and counters over restarts and absences.

use std::{sync::Arc, time::Duration};

use super::{
    cases::{START, ask, rules, said, world},
    *,
};
use crate::{
    domain::{DepartmentId, Owner, Purpose, Standing, TargetId, Timestamp},
    ports::{ManualClock, Publish},
    routing::{
        Refusal,
        people::{Person, person, snapshot},
    },
};

#[test]
fn the_source_ages_by_the_monotonic_clock_and_confirmation_makes_it_young() {
    let w = world(
        rules(),
        &[
            person("ada").chats(0, 9),
            person("eve").chats(0, 9).owned_by(Owner::Both),
        ],
    );
    let next = || w.next("t");
    let secs = Duration::from_secs;
    let step = Duration::from_millis(1);
    w.clock.jump(86_400_000);
    assert_eq!(w.ledger.freshness(), Freshness::Fresh { age: secs(0) });
    w.clock.advance(secs(90));
    assert_eq!(w.ledger.freshness(), Freshness::Fresh { age: secs(90) });
    w.clock.advance(step);
    let stale = Freshness::Stale {
        age: secs(90) + step,
    };
    assert_eq!(w.ledger.freshness(), stale);
    assert_eq!(next(), "ada");
    w.clock.advance(Duration::from_millis(509_999));
    assert_eq!(w.ledger.freshness(), Freshness::Stale { age: secs(600) });
    w.next("evens the counts");
    assert_eq!(next(), "ada");
    w.clock.advance(step);
    assert_eq!(
        w.ledger.freshness(),
        Freshness::TooOld {
            age: secs(600) + step
        }
    );
    assert_eq!(next(), "source_too_old");
    let told = w.ledger.explain(&ask(Purpose::NewChat), None);
    assert_eq!(told.refused[0].refusal, Refusal::SourceTooOld);
    w.ledger.confirm();
    assert_eq!(w.ledger.freshness(), Freshness::Fresh { age: secs(0) });
    assert_eq!(next(), "eve");
}

#[test]
fn a_restart_serves_what_it_had_with_its_age() {
    let clock = ManualClock::default();
    let ledger = Ledger::new(rules(), Arc::new(clock.clone()), Metrics::new());
    // (age at publication, what is said)
    let cases = [
        (Some(599), "ada"),
        (Some(601), "source_too_old"),
        (None, "source_too_old"),
    ];
    for (age, expected) in cases {
        let age = age.map(Duration::from_secs);
        ledger.publish(snapshot(&[person("ada")]), age);
        assert_eq!(said(&ledger.preview(None)), expected, "{age:?}");
    }
    assert_eq!(ledger.freshness(), Freshness::Never);
}

#[test]
fn agents_frozen_for_longer_than_the_highest_age_are_refused() {
    let since = Timestamp::from_millis(START - 1_000);
    let frozen = || person("ada").stands(Standing::Frozen { since });
    let w = world(rules(), &[frozen()]);
    w.clock.advance(Duration::from_secs(599));
    w.ledger.confirm();
    assert_eq!(w.next("t"), "ada");
    // The wall clock jumps; a new poll keeps the deadline it had.
    w.clock.jump(1_000_000);
    w.publish(&[frozen()]);
    assert_eq!(w.next("t"), "ada");
    w.clock.advance(Duration::from_millis(1));
    assert_eq!(w.next("t"), "not_seen");
    w.publish(&[frozen()]);
    assert_eq!(w.next("t"), "not_seen");
    w.publish(&[person("ada")]);
    assert_eq!(w.next("t"), "ada");
    // Frozen too long before the process knew.
    let long_ago = Timestamp::from_millis(START - 601_000);
    let w = world(
        rules(),
        &[person("ada").stands(Standing::Frozen { since: long_ago })],
    );
    assert_eq!(w.next("t"), "not_seen");
    // Or at a moment that is still to come: the wall clock was put back.
    let future = Timestamp::from_millis(START + 1);
    let w = world(
        rules(),
        &[person("ada").stands(Standing::Frozen { since: future })],
    );
    assert_eq!(w.next("t"), "not_seen");
}

pub(super) fn counters(ledger: &Ledger) -> Vec<(String, String, u64)> {
    let mut counters: Vec<_> = ledger
        .take_dirty_counters()
        .into_iter()
        .map(|c| {
            let department = c.department.map_or("-".to_owned(), |d| d.to_string());
            (c.agent.to_string(), department, c.picks)
        })
        .collect();
    counters.sort();
    counters
}

pub(super) fn line(agent: &str, department: &str, picks: u64) -> (String, String, u64) {
    (agent.to_owned(), department.to_owned(), picks)
}

#[test]
fn counters_are_written_once_and_again_when_writing_failed() {
    let w = world(rules(), &[person("ada").of(&["sales"])]);
    w.next("one");
    w.ledger.agent_next("two", Some("sales"));
    w.ledger.agent_next("three", Some("sales"));
    let records = w.ledger.take_dirty_counters();
    assert_eq!(records.len(), 2);
    assert!(
        records
            .iter()
            .all(|c| c.last_picked == Some(Timestamp::from_millis(START)))
    );
    assert!(w.ledger.take_dirty_counters().is_empty());
    w.next("four");
    w.ledger.return_dirty(records);
    assert_eq!(
        counters(&w.ledger),
        [line("t-ada", "-", 2), line("t-ada", "sales", 2)]
    );
}

#[test]
fn counters_outlive_restarts_absence_and_lost_memberships() {
    let record = |agent: &str, department: Option<&str>, picks| CounterRecord {
        agent: TargetId::new(agent),
        department: department.map(DepartmentId::new),
        picks,
        last_picked: Some(Timestamp::from_millis(START)),
    };
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(START)));
    let ledger = Ledger::new(rules(), clock, Metrics::new());
    let next = |department| said(&ledger.agent_next("t", department)).to_owned();
    let publish = |people: &[Person]| ledger.publish(snapshot(people), Some(Duration::ZERO));
    ledger.restore_counters(vec![
        record("t-ada", None, 2),
        record("t-bob", None, 1),
        record("t-ada", Some("sales"), 1),
        record("t-gone", None, 5),
    ]);
    let everybody = || [person("ada").of(&["sales"]), person("bob").of(&["sales"])];
    publish(&everybody());
    assert!(
        counters(&ledger).is_empty(),
        "nothing is new about what was read"
    );
    assert_eq!([next(None), next(None), next(None)], ["bob", "ada", "bob"]);
    assert_eq!([next(Some("sales")), next(Some("sales"))], ["bob", "ada"]);
    // Unwritten counters of whoever leaves are still written.
    publish(&[person("bob")]);
    assert_eq!(
        counters(&ledger),
        [
            line("t-ada", "-", 3),
            line("t-ada", "sales", 2),
            line("t-bob", "-", 3),
            line("t-bob", "sales", 1)
        ]
    );
    // Back again with what they had: bob has one pick for sales, ada two.
    publish(&everybody());
    assert_eq!([next(Some("sales")), next(Some("sales"))], ["bob", "ada"]);
    assert_eq!(
        counters(&ledger),
        [line("t-ada", "sales", 3), line("t-bob", "sales", 2)]
    );
}

#[test]
fn the_wall_clock_going_back_does_not_turn_the_rotation_round() {
    let people: Vec<_> = ["ada", "bob", "cyd"].map(|n| person(n).endless()).to_vec();
    let w = world(
        RoutingRules {
            policy: Policy::LoadRotation,
            ..rules()
        },
        &people,
    );
    let mut picks = Vec::new();
    for _ in 0..6 {
        w.clock.jump(-60_000);
        picks.push(w.next("t"));
    }
    assert_eq!(picks, ["ada", "bob", "cyd", "ada", "bob", "cyd"]);
}
