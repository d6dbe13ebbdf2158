//! The book from outside, asked by many threads at once while snapshots are published.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::ScopedJoinHandle,
    time::Duration,
};

use lp2rc::{
    domain::{
        Availability, Capacity, Department, DepartmentId, DesiredAgent, Generation, Identity,
        Owner, Presence, RosterEntry, RoutingRules, Snapshot, SnapshotRow, SourceAgent, SourceId,
        Standing, TargetId, TargetStatus, Timestamp,
    },
    ledger::{Answer, Ledger},
    ports::{ManualClock, Publish},
    routing::Refusal,
    telemetry::Metrics,
};

const DEPARTMENTS: [&str; 3] = ["billing", "sales", "support"];

/// (number, load, limit, online)
type Row = (usize, u32, u32, bool);

fn snapshot(rows: &[Row]) -> Arc<Snapshot> {
    let agents = rows.iter().map(|&(number, load, limit, online)| {
        let name = format!("agent-{number:03}");
        let agent = SourceAgent {
            id: SourceId::new(name.as_str()),
            login: None,
            display_name: None,
            email: None,
            presence: Presence::Online,
            voice: Presence::Unknown,
            capacity: Capacity::Limited(limit),
            load,
            skills: Vec::new(),
            group_id: None,
            group_name: None,
            privilege_group: None,
        };
        Arc::new(DesiredAgent {
            believed: Arc::new(RosterEntry {
                agent,
                standing: Standing::Present,
                owner: Owner::Source,
            }),
            identity: Arc::new(Identity {
                source_id: SourceId::new(name.as_str()),
                target_id: TargetId::new(format!("t{number}")),
                username: name.clone(),
                formerly: None,
            }),
            name,
            emails: Vec::new(),
            roles: Vec::new(),
            departments: vec![DepartmentId::new(DEPARTMENTS[number % 3])],
            limit: Some(limit),
            availability: Availability {
                status: TargetStatus::Online,
                new_chats: online,
                transfers: online,
            },
            custom_fields: BTreeMap::new(),
        })
    });
    let departments = DEPARTMENTS.map(|id| Department {
        id: DepartmentId::new(id),
        name: id.to_owned(),
    });
    Arc::new(Snapshot::build(
        Generation(1),
        None,
        &agents.collect::<Vec<_>>(),
        &departments,
        &|agent, bytes| bytes.extend_from_slice(agent.name.as_bytes()),
    ))
}

/// Somebody always comes, somebody always goes, loads stay within limits.
fn any_rows(dice: &mut fastrand::Rng, loads: Loads) -> Vec<Row> {
    (0..60)
        .filter(|_| dice.u8(..20) > 0)
        .collect::<Vec<_>>()
        .into_iter()
        .map(|number| {
            let limit = 1 + u32::try_from(number % 4).expect("small");
            let load = match loads {
                Loads::Change => dice.u32(0..=limit),
                Loads::Stay => limit / 2,
            };
            (number, load, limit, dice.u8(..5) > 0)
        })
        .collect()
}

/// What the source's own chats do. A chat that starts there may meet a firm hold in the same slot:
/// nobody can know before the poll, so firm holds are tried where loads stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loads {
    Change,
    Stay,
}

fn limit(snapshot: &Snapshot, row: usize) -> u32 {
    match snapshot.rows()[row].capacity() {
        Capacity::Limited(limit) => limit,
        Capacity::Unlimited => u32::MAX,
    }
}

fn within_limits(ledger: &Ledger) {
    let (snapshot, taken) = ledger.taken();
    for (row, taken) in taken.into_iter().enumerate() {
        let limit = limit(&snapshot, row);
        let name = snapshot.rows()[row].username();
        assert!(taken <= limit, "{name} has {taken} of {limit}");
    }
}

#[test]
fn nobody_is_ever_above_capacity_however_many_ask_while_snapshots_change() {
    storm(Loads::Change);
}

#[test]
fn firm_holds_never_lift_anybody_above_capacity_either() {
    storm(Loads::Stay);
}

fn storm(loads: Loads) {
    let clock = ManualClock::at(Timestamp::from_millis(1_700_000_000_000));
    let rules = RoutingRules {
        hold_for: Duration::from_millis(300),
        ..RoutingRules::default()
    };
    let ledger = Ledger::new(rules, Arc::new(clock.clone()), Metrics::new());
    let mut dice = fastrand::Rng::with_seed(11);
    ledger.publish(snapshot(&any_rows(&mut dice, loads)), Some(Duration::ZERO));
    let done = AtomicBool::new(false);
    let reasons = Mutex::new(BTreeMap::new());
    let agents = Mutex::new(0);
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..16u64)
            .map(|asker| {
                let (ledger, reasons, agents) = (&ledger, &reasons, &agents);
                scope.spawn(move || {
                    let mut dice = fastrand::Rng::with_seed(asker);
                    for ask in 0..700 {
                        let department = DEPARTMENTS.get(dice.usize(..5)).copied();
                        let answer = match ask % 10 {
                            // A token of its own, one that many use, and external routing.
                            0..5 => ledger.agent_next(&format!("{asker}-{ask}"), department),
                            9 if loads == Loads::Stay => {
                                ledger.external(department, Some(&format!("t{}", ask % 60)))
                            }
                            _ => ledger.agent_next(&format!("all-{}", ask % 40), department),
                        };
                        match answer {
                            Answer::Agent { place, snapshot } => {
                                let row = &snapshot.rows()[place];
                                // A burst keeps its answer even if a poll came in between.
                                let burst = loads == Loads::Stay && ask % 10 == 9;
                                assert!(burst || row.availability().new_chats);
                                assert!(burst || row.load() < limit(&snapshot, place));
                                assert!(department.is_none_or(|id| {
                                    row.agent.departments.contains(&DepartmentId::new(id))
                                }));
                                *agents.lock().expect("unpoisoned") += 1;
                            }
                            Answer::Nobody(nobody) => {
                                assert!(nobody.tally.count(nobody.main) > 0, "{nobody:?}");
                                let mut reasons = reasons.lock().expect("unpoisoned");
                                *reasons.entry(nobody.main).or_insert(0) += 1;
                            }
                        }
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let mut dice = fastrand::Rng::with_seed(5);
            while !done.load(Ordering::Relaxed) {
                clock.advance(Duration::from_millis(7));
                ledger.publish(snapshot(&any_rows(&mut dice, loads)), Some(Duration::ZERO));
                within_limits(&ledger);
                let dirty = ledger.take_dirty_counters();
                if dice.bool() {
                    ledger.return_dirty(dirty);
                }
            }
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                within_limits(&ledger);
            }
        });
        let outcomes: Vec<_> = askers.into_iter().map(ScopedJoinHandle::join).collect();
        // First, so that a failure ends the others too.
        done.store(true, Ordering::Relaxed);
        assert!(outcomes.iter().all(Result::is_ok), "an asker failed");
    });
    let (agents, reasons) = (
        agents.into_inner().expect("unpoisoned"),
        reasons.into_inner().expect("unpoisoned"),
    );
    assert_eq!(agents + reasons.values().sum::<i32>(), 16 * 700);
    assert!(agents > 100, "{agents} {reasons:?}");
    assert!(!reasons.contains_key(&Refusal::SourceTooOld), "{reasons:?}");
    // When every hold has ended, nothing is left behind in the book.
    clock.advance(Duration::from_secs(1));
    let (snapshot, taken) = ledger.taken();
    let loads: Vec<_> = snapshot.rows().iter().map(SnapshotRow::load).collect();
    assert_eq!(taken, loads);
    assert_eq!(ledger.holds(), 0);
}

#[test]
fn no_pick_is_lost_or_counted_twice_while_snapshots_change() {
    let rows: Vec<Row> = (0..30).map(|number| (number, 0, 1_000, true)).collect();
    let clock = ManualClock::at(Timestamp::from_millis(1_700_000_000_000));
    let ledger = Ledger::new(RoutingRules::default(), Arc::new(clock), Metrics::new());
    ledger.publish(snapshot(&rows), Some(Duration::ZERO));
    let done = AtomicBool::new(false);
    // What a store would hold: the last value written for each counter.
    let kept = Mutex::new(BTreeMap::new());
    let write_behind = || {
        for record in ledger.take_dirty_counters() {
            let key = (record.agent, record.department);
            kept.lock().expect("unpoisoned").insert(key, record.picks);
        }
    };
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..8)
            .map(|asker| {
                let ledger = &ledger;
                scope.spawn(move || {
                    for ask in 0..500 {
                        let department = DEPARTMENTS.get(ask % 4).copied();
                        let answer = ledger.agent_next(&format!("{asker}-{ask}"), department);
                        assert!(answer.agent().is_some(), "{answer:?}");
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let mut without = 0;
            while !done.load(Ordering::Relaxed) {
                // One agent of every department is away in turn, and comes back.
                without = (without + 1) % 10;
                let here: Vec<_> = rows
                    .iter()
                    .filter(|r| r.0 / 3 != without)
                    .copied()
                    .collect();
                ledger.publish(snapshot(&here), Some(Duration::ZERO));
                write_behind();
            }
        });
        let outcomes: Vec<_> = askers.into_iter().map(ScopedJoinHandle::join).collect();
        // First, so that a failure ends the others too.
        done.store(true, Ordering::Relaxed);
        assert!(outcomes.iter().all(Result::is_ok), "an asker failed");
    });
    ledger.publish(snapshot(&rows), Some(Duration::ZERO));
    write_behind();
    let kept = kept.into_inner().expect("unpoisoned");
    assert_eq!(kept.values().sum::<u64>(), 8 * 500);
}
