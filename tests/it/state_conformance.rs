//! One suite for every engine: what the store ports promise.

use lp2rc::{
    domain::{DepartmentId, Generation, SourceId, TargetId},
    ports::{
        BridgeStore, Commit, CounterRecord, CounterStore, Inspect, Latch, LatchReason, LatchStore,
        RunStore, StoreError, Stored,
    },
    state::{MemoryStore, SledStore},
};

use crate::state_world::{NOON, commit, config, cursor, entry, identity, report};

trait Whole: BridgeStore + CounterStore + LatchStore + RunStore + Inspect {}
impl<T: BridgeStore + CounterStore + LatchStore + RunStore + Inspect> Whole for T {}

/// Runs a case on a fresh store of each engine, both keeping five runs.
fn each(case: fn(&dyn Whole)) {
    case(&MemoryStore::new(5));
    let dir = tempfile::tempdir().unwrap();
    case(&SledStore::open(&config(dir.path())).unwrap());
}

#[test]
fn an_empty_store_loads_as_nothing() {
    each(|store| {
        assert_eq!(store.load().unwrap(), Stored::default());
        assert_eq!(store.load_counters().unwrap(), []);
        assert_eq!(store.recent_runs(10).unwrap(), []);
        assert_eq!(store.opened(), lp2rc::ports::Opened::New);
    });
}

#[test]
fn what_was_committed_is_loaded() {
    each(|store| {
        let first = store.commit(Generation(0), &commit(0..40, 1)).unwrap();
        assert_eq!(first, Generation(1));
        let second = store.commit(first, &commit(35..45, 2)).unwrap();
        let stored = store.load().unwrap();
        assert_eq!(stored.generation, second);
        assert_eq!(stored.cursor, cursor(2));
        assert_eq!(stored.roster.len(), 45);
        assert_eq!(stored.identities.len(), 45);
        for number in 0..45 {
            let version = if number < 35 { 1 } else { 2 };
            let expected = entry(number, version);
            assert_eq!(stored.roster.get(&expected.agent.id), Some(&expected));
            assert!(stored.identities.contains(&identity(number)));
        }
    });
}

#[test]
fn a_refused_login_is_kept_replaced_exported_and_forgotten() {
    each(|store| {
        assert_eq!(store.load_latch().unwrap(), None);
        for reason in [LatchReason::CredentialsRejected, LatchReason::Blacklisted] {
            let latch = Latch {
                fingerprint: "1f2e".to_owned(),
                reason,
                since: NOON,
            };
            store.save_latch(Some(&latch)).unwrap();
            assert_eq!(store.load_latch().unwrap(), Some(latch));
        }
        store.commit(Generation(0), &commit(0..3, 1)).unwrap();
        assert_eq!(store.findings().unwrap(), Vec::<String>::new());
        let export = store.export(NOON).unwrap();
        let other = MemoryStore::new(5);
        lp2rc::state::import(&other, &export, NOON).unwrap();
        assert_eq!(other.load_latch().unwrap(), store.load_latch().unwrap());
        store.save_latch(None).unwrap();
        assert_eq!(store.load_latch().unwrap(), None);
    });
}

#[test]
fn identities_come_in_the_order_of_their_source_ids() {
    each(|store| {
        let given = Commit {
            identities: [3, 20, 100, 1].map(identity).to_vec(),
            ..Commit::default()
        };
        store.commit(Generation(0), &given).unwrap();
        let ids: Vec<_> = store.load().unwrap().identities;
        assert!(
            ids.is_sorted_by(|a, b| a.source_id < b.source_id),
            "{ids:?}"
        );
    });
}

#[test]
fn a_commit_that_changes_nobody_moves_the_generation_and_the_cursor() {
    each(|store| {
        let first = store.commit(Generation(0), &commit(0..3, 1)).unwrap();
        let second = store.commit(first, &commit(0..0, 2)).unwrap();
        let stored = store.load().unwrap();
        assert_eq!((stored.generation, second), (Generation(2), Generation(2)));
        assert_eq!(stored.cursor, cursor(2));
        assert_eq!(stored.roster.len(), 3);
    });
}

#[test]
fn a_stale_generation_is_refused_and_writes_nothing() {
    each(|store| {
        let first = store.commit(Generation(0), &commit(0..3, 1)).unwrap();
        let before = store.load().unwrap();
        for stale in [Generation(0), Generation(7)] {
            let refused = store.commit(stale, &commit(0..9, 2)).unwrap_err();
            let StoreError::Conflict { expected, stored } = refused else {
                panic!("{refused}");
            };
            assert_eq!((expected, stored), (stale, first));
            assert_eq!(store.load().unwrap(), before);
        }
    });
}

#[test]
fn of_many_writers_with_one_generation_exactly_one_wins() {
    each(|store| {
        let winners: Vec<_> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8)
                .map(|n| {
                    scope.spawn(move || store.commit(Generation(0), &commit(n..n + 1, n)).ok())
                })
                .collect();
            writers
                .into_iter()
                .filter_map(|writer| writer.join().unwrap())
                .collect()
        });
        assert_eq!(winners, [Generation(1)]);
        assert_eq!(store.load().unwrap().roster.len(), 1);
    });
}

#[test]
fn more_records_than_one_batch_holds_are_kept_whole() {
    each(|store| {
        let given = commit(0..5_000, 3);
        store.commit(Generation(0), &given).unwrap();
        let stored = store.load().unwrap();
        assert_eq!(stored.roster.len(), 5_000);
        assert_eq!(stored.identities.len(), 5_000);
        for expected in &given.entries {
            assert_eq!(stored.roster.get(&expected.agent.id), Some(expected));
        }
    });
}

#[test]
fn ids_may_hold_any_character() {
    each(|store| {
        for (generation, text) in (0..).zip(["a/b", "a\"b", "ä\n", "", "\u{10ffff}", "roster0"]) {
            let mut agent = (*entry(1, 1)).clone();
            agent.agent.id = SourceId::new(text);
            let given = Commit {
                entries: vec![std::sync::Arc::new(agent)],
                ..Commit::default()
            };
            store.commit(Generation(generation), &given).unwrap();
            let stored = store.load().unwrap();
            assert_eq!(
                stored.roster.get(&SourceId::new(text)),
                given.entries.first()
            );
        }
        assert_eq!(store.load().unwrap().roster.len(), 6);
    });
}

#[test]
fn counters_are_replaced_one_by_one() {
    let counter = |agent: &str, department: Option<&str>, picks| CounterRecord {
        agent: TargetId::new(agent),
        department: department.map(DepartmentId::new),
        picks,
        last_picked: (picks > 1).then_some(NOON),
    };
    let cases = [
        counter("a", None, 3),
        counter("a", Some("d"), 1),
        counter("b", Some("d"), 0),
    ];
    each_with(&cases, |store, cases| {
        store.save_counters(cases).unwrap();
        store.save_counters(&[]).unwrap();
        let mut newer = cases[1].clone();
        newer.picks = 90;
        store.save_counters(std::slice::from_ref(&newer)).unwrap();
        let loaded = store.load_counters().unwrap();
        assert_eq!(loaded.len(), 3);
        for expected in [&cases[0], &newer, &cases[2]] {
            assert!(loaded.contains(expected), "{expected:?} in {loaded:?}");
        }
        assert_eq!(store.load().unwrap().generation, Generation(0));
    });
}

fn each_with<T>(given: &T, case: fn(&dyn Whole, &T)) {
    case(&MemoryStore::new(5), given);
    let dir = tempfile::tempdir().unwrap();
    case(&SledStore::open(&config(dir.path())).unwrap(), given);
}

#[test]
fn the_history_keeps_the_newest_runs_newest_first() {
    each(|store| {
        for number in 0..12 {
            store.append_run(&report(number)).unwrap();
            let kept = store.recent_runs(100).unwrap();
            assert_eq!(kept.len() as u64, (number + 1).min(5));
            assert_eq!(kept[0], report(number));
        }
        let names = |limit| -> Vec<_> {
            let runs = store.recent_runs(limit).unwrap();
            runs.into_iter().map(|run| run.run).collect()
        };
        assert_eq!(names(2), ["run11", "run10"]);
        assert_eq!(names(5), ["run11", "run10", "run9", "run8", "run7"]);
        assert_eq!(names(0), Vec::<String>::new());
    });
}

#[test]
fn a_run_with_too_many_words_is_cut_and_says_so() {
    each(|store| {
        let mut long = report(1);
        long.changes = (0..200)
            .map(|n| format!("{n} {}", "x".repeat(1_000)))
            .collect();
        store.append_run(&long).unwrap();
        let kept = store.recent_runs(1).unwrap().remove(0);
        let said = kept.changes.last().unwrap();
        let listed = kept.changes.len() - 1;
        assert!(listed > 0);
        assert_eq!(*said, format!("… and {} more", 200 - listed));
        assert_eq!(kept.changes[..listed], long.changes[..listed]);
        long.run = "y".repeat(40_000);
        assert!(matches!(
            store.append_run(&long),
            Err(StoreError::Io { .. })
        ));
    });
}

#[test]
fn a_record_above_the_limit_is_refused_and_nothing_is_written() {
    each(|store| {
        let mut agent = (*entry(2, 1)).clone();
        agent.agent.display_name = Some("x".repeat(33_000));
        let mut given = commit(0..2, 1);
        given.entries.push(std::sync::Arc::new(agent));
        let refused = store.commit(Generation(0), &given).unwrap_err();
        let said = refused.to_string();
        assert!(matches!(refused, StoreError::Io { .. }), "{said}");
        assert!(
            said.contains("roster/2") && said.contains("32768"),
            "{said}"
        );
        assert_eq!(store.load().unwrap(), Stored::default());
    });
}

#[test]
fn equal_content_gives_equal_exports() {
    let dir = tempfile::tempdir().unwrap();
    let sled = SledStore::open(&config(dir.path())).unwrap();
    let memory = MemoryStore::new(5);
    let stores: [&dyn Whole; 2] = [&sled, &memory];
    let texts = stores.map(|store| {
        let first = store.commit(Generation(0), &commit(0..2_500, 1)).unwrap();
        store.commit(first, &commit(10..20, 2)).unwrap();
        store.append_run(&report(1)).unwrap();
        store
            .save_counters(&[CounterRecord {
                agent: TargetId::new("a"),
                department: None,
                picks: 1,
                last_picked: None,
            }])
            .unwrap();
        store.export(NOON).unwrap()
    });
    assert!(texts[0] == texts[1]);
    assert_eq!(texts[0].lines().count(), 2_500 * 2 + 3 + 2);
}
