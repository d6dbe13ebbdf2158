//! The journal of the move, on every engine: what `JournalStore` promises.

use lp2rc::{
    domain::{
        Outcome, SourceId, Timestamp,
        moving::{Journalled, Links, RunKind, Scope},
    },
    ports::{BridgeStore, Inspect, JournalStore, News, StoreError, Stored},
    state::{MemoryStore, read_export},
    state::{Problem, SledStore, import, show, verify, verify_export},
};

use crate::{
    state_journal_world::{change, changes, department_link, link, run, writes},
    state_transfer::{body, sealed},
    state_world::{NOON, config},
};

trait Whole: JournalStore + BridgeStore + Inspect {}
impl<T: JournalStore + BridgeStore + Inspect> Whole for T {}

fn each(case: fn(&dyn Whole)) {
    case(&MemoryStore::new(5));
    let dir = tempfile::tempdir().unwrap();
    case(&SledStore::open(&config(dir.path())).unwrap());
}

fn failed(why: &str) -> Outcome {
    Outcome::Failed {
        why: why.to_owned(),
        transient: why.contains("again"),
    }
}

fn skipped() -> Outcome {
    Outcome::Skipped {
        why: "the user was not created".to_owned(),
    }
}

fn outcomes(outcomes: impl IntoIterator<Item = (u32, Outcome)>) -> News {
    News {
        outcomes: outcomes.into_iter().collect(),
        ..News::default()
    }
}

/// Done, failed, skipped.
fn counts(store: &dyn Whole) -> (usize, usize, usize) {
    let run = store.move_runs().unwrap().remove(0);
    (run.done, run.failed, run.skipped)
}

/// A store with everything a journal can hold.
fn filled(store: &dyn Whole) -> Vec<Journalled> {
    let plan: Vec<_> = writes()
        .into_iter()
        .enumerate()
        .map(|(number, write)| change(number, vec![write.clone(), write]))
        .collect();
    store.begin_run(&run("m1", plan.len()), &plan).unwrap();
    let ends = [Outcome::Done, failed("try again"), failed("no"), skipped()];
    let noted: Vec<_> = (0..).zip(ends).collect();
    store
        .record(
            "m1",
            &News {
                outcomes: noted.clone(),
                agents: (0..3).map(link).collect(),
                departments: (0..3).map(department_link).collect(),
            },
        )
        .unwrap();
    (0..)
        .zip(plan)
        .map(|(number, change)| Journalled {
            number,
            change,
            outcome: noted
                .iter()
                .find(|(n, _)| *n == number)
                .map(|(_, outcome)| outcome.clone()),
        })
        .collect()
}

#[test]
fn an_empty_journal_reads_as_nothing() {
    each(|store| {
        assert_eq!(store.move_runs().unwrap(), []);
        assert_eq!(store.journal("m1").unwrap(), []);
        assert_eq!(store.journal("no / run").unwrap(), []);
        assert_eq!(store.links().unwrap(), Links::default());
        store.unlink(&[]).unwrap();
        store.record("none", &News::default()).unwrap();
        assert_eq!(store.load().unwrap(), Stored::default());
    });
}

#[test]
fn every_write_outcome_and_link_comes_back_as_it_was() {
    each(|store| {
        let expected = filled(store);
        assert_eq!(store.journal("m1").unwrap(), expected);
        let links = store.links().unwrap();
        let agents: Vec<_> = links.agents.into_values().collect();
        assert_eq!(agents, [0, 1, 2].map(link));
        let departments: Vec<_> = links.departments.into_values().collect();
        assert_eq!(departments, [0, 1, 2].map(department_link));
        assert_eq!(counts(store), (1, 2, 1));
        assert_eq!(store.findings().unwrap(), Vec::<String>::new());
    });
}

#[test]
fn a_journal_goes_with_an_export_and_comes_back() {
    let store = MemoryStore::new(5);
    let expected = filled(&store);
    let text = store.export(NOON).unwrap();
    assert_eq!(verify_export("it", &text).unwrap(), []);
    let dir = tempfile::tempdir().unwrap();
    let other = SledStore::open(&config(dir.path())).unwrap();
    import(&other, &text, NOON).unwrap();
    assert_eq!(other.journal("m1").unwrap(), expected);
    assert_eq!(other.links().unwrap(), store.links().unwrap());
    assert_eq!(other.move_runs().unwrap(), store.move_runs().unwrap());
    assert_eq!(other.export(NOON).unwrap(), text);
    assert_eq!(verify(&other).unwrap(), []);
    let summary = show(&other).unwrap();
    assert_eq!((summary.move_runs, summary.links), (1, 6));
}

#[test]
fn the_stored_form_of_a_journal_is_a_promise() {
    let store = MemoryStore::new(5);
    store.begin_run(&run("m1", 4), &changes(4)).unwrap();
    let news = News {
        outcomes: vec![(0, Outcome::Done), (3, failed("again"))],
        agents: vec![link(7)],
        departments: vec![department_link(1)],
    };
    store.record("m1", &news).unwrap();
    let text = store.export(NOON).unwrap();
    let lines: Vec<_> = text.lines().skip(1).collect();
    let expected = [
        r#"{"key":"link/agent/7","value":{"v":1,"source_id":"7","target_id":"u7","username":"agent7","origin":"adopted","wave":"first"}}"#,
        r#"{"key":"link/department/Sales / 1","value":{"v":1,"name":"Sales / 1","id":"d1","origin":"adopted"}}"#,
        r#"{"key":"move/change/m1/00000000","value":{"v":1,"phase":"settings","subject":{"agent":{"source_id":"0","username":"agent0"}},"effect":"create","reason":"is missing","writes":[{"write":"grant_role","user":{"source_id":"7","username":"Ada.Lovelace"},"role":"role0"}]}}"#,
        r#"{"key":"move/change/m1/00000001","value":{"v":1,"phase":"users","subject":{"department":"Sales"},"effect":"update","reason":"is missing","fields":[{"field":"field0","before":"-","after":"Ada \"Lövelace\"\n"}],"writes":[{"write":"grant_role","user":{"source_id":"7","username":"Ada.Lovelace"},"role":"role1"}]}}"#,
    ];
    assert_eq!(lines[..4], expected);
    let expected = [
        r#"{"key":"move/outcome/m1/00000000","value":{"v":1,"outcome":"done"}}"#,
        r#"{"key":"move/outcome/m1/00000003","value":{"v":1,"outcome":"failed","why":"again","transient":true}}"#,
        r#"{"key":"move/run/m1","value":{"v":1,"id":"m1","kind":"apply","wave":"first","cut_over":true,"checksum":"3f","started_at":1331544926464,"changes":4,"done":1,"failed":1,"skipped":0}}"#,
    ];
    assert_eq!(lines[6..9], expected);
    assert_eq!(read_export("it", &text).unwrap().records(), 9);
}

#[test]
fn counts_follow_outcomes_that_replace_each_other() {
    each(|store| {
        store.begin_run(&run("m1", 4), &changes(4)).unwrap();
        let steps: [(&[(u32, Outcome)], _); 5] = [
            (&[(0, failed("again")), (1, skipped())], (0, 1, 1)),
            (&[(0, failed("no"))], (0, 1, 1)),
            (&[(0, Outcome::Done), (1, failed("no"))], (1, 1, 0)),
            (&[(3, skipped()), (3, Outcome::Done)], (2, 1, 0)),
            (&[(1, Outcome::Done), (0, Outcome::Done)], (3, 0, 0)),
        ];
        for (news, expected) in steps {
            store.record("m1", &outcomes(news.to_vec())).unwrap();
            assert_eq!(counts(store), expected, "{news:?}");
        }
        let ends: Vec<_> = store
            .journal("m1")
            .unwrap()
            .into_iter()
            .map(|one| one.outcome)
            .collect();
        let done = Some(Outcome::Done);
        assert_eq!(ends, [done.clone(), done.clone(), None, done]);
    });
}

#[test]
fn a_large_run_is_kept_whole_and_far_too_much_news_too() {
    each(|store| {
        let plan = changes(4_500);
        store.begin_run(&run("m1", 4_500), &plan).unwrap();
        let mut news = outcomes((0..4_500).map(|number| (number, Outcome::Done)));
        news.agents = (0..2_500).map(link).collect();
        store.record("m1", &news).unwrap();
        let journal = store.journal("m1").unwrap();
        assert_eq!(journal.len(), 4_500);
        for ((number, journalled), change) in (0..).zip(&journal).zip(&plan) {
            assert_eq!((journalled.number, &journalled.change), (number, change));
            assert_eq!(journalled.outcome, Some(Outcome::Done));
        }
        assert_eq!(counts(store), (4_500, 0, 0));
        assert_eq!(store.links().unwrap().agents.len(), 2_500);
    });
}

#[test]
fn runs_come_newest_first_and_can_be_replaced() {
    each(|store| {
        for id in ["m1", "m1a", "m2"] {
            store.begin_run(&run(id, 2), &changes(2)).unwrap();
        }
        let mut ended = run("m1a", 2);
        ended.kind = RunKind::Undo {
            of: "m1".to_owned(),
        };
        ended.scope = Scope::default();
        ended.ended_at = Some(Timestamp::from_millis(NOON.millis() + 1));
        ended.done = 2;
        store.save_run(&ended).unwrap();
        let runs = store.move_runs().unwrap();
        assert_eq!(runs, [run("m2", 2), ended, run("m1", 2)]);
        // Keys of one run begin like those of another.
        assert_eq!(store.journal("m1").unwrap().len(), 2);
        for kind in [RunKind::Finish, RunKind::Connect] {
            let mut other = run("m2", 2);
            other.kind = kind;
            store.save_run(&other).unwrap();
            assert_eq!(store.move_runs().unwrap()[0], other);
        }
    });
}

#[test]
fn what_nobody_began_is_refused_and_changes_nothing() {
    each(|store| {
        store.begin_run(&run("m1", 2), &changes(2)).unwrap();
        let before = store.export(NOON).unwrap();
        let news = |number| outcomes([(number, Outcome::Done)]);
        let refused = [
            store.record("m2", &news(0)),
            store.record("m1", &news(2)),
            store.save_run(&run("m2", 0)),
            store.begin_run(&run("m1", 1), &changes(1)),
            store.begin_run(&run("m2", 3), &changes(2)),
            store.begin_run(&run("m/2", 0), &[]),
            store.begin_run(&run("", 0), &[]),
            store.begin_run(&run("é", 0), &[]),
        ];
        for (place, refused) in refused.into_iter().enumerate() {
            let error = refused.unwrap_err();
            let unknown = matches!(error, StoreError::Damaged { .. });
            let refused = matches!(error, StoreError::Io { .. });
            let expected = if [0, 2].contains(&place) {
                unknown
            } else {
                refused
            };
            assert!(expected, "{place}: {error}");
        }
        assert_eq!(store.export(NOON).unwrap(), before);
    });
}

#[test]
fn a_change_above_the_limit_is_refused_and_nothing_is_written() {
    each(|store| {
        let mut plan = changes(3);
        plan[1].reason = "x".repeat(33_000);
        let error = store.begin_run(&run("m1", 3), &plan).unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, StoreError::Io { .. }), "{said}");
        assert!(
            said.contains("move/change/m1/00000001") && said.contains("32768"),
            "{said}"
        );
        assert_eq!(store.move_runs().unwrap(), []);

        store.begin_run(&run("m1", 3), &changes(3)).unwrap();
        let mut news = outcomes([(0, Outcome::Done), (1, failed(&"x".repeat(33_000)))]);
        news.agents.push(link(1));
        assert!(store.record("m1", &news).is_err());
        assert_eq!(counts(store), (0, 0, 0));
        assert_eq!(store.links().unwrap(), Links::default());
    });
}

#[test]
fn links_replace_each_other_and_are_forgotten_one_by_one() {
    each(|store| {
        let mut news = News {
            agents: (0..4).map(link).collect(),
            departments: vec![department_link(0)],
            ..News::default()
        };
        // Links alone need no run.
        store.record("", &news).unwrap();
        news.agents = vec![link(1)];
        news.agents[0].wave = "second".to_owned();
        store.record("", &news).unwrap();
        let gone = ["0", "3", "unknown"].map(SourceId::new);
        store.unlink(&gone).unwrap();
        let links = store.links().unwrap();
        let kept: Vec<_> = links.agents.into_values().collect();
        assert_eq!(kept, [news.agents[0].clone(), link(2)]);
        assert_eq!(links.departments.len(), 1);
        let of = |n| link(n).target_id;
        assert_eq!(links.released, [of(0), of(3)].into());

        // Adopted again, he is ours again.
        news.agents = vec![link(3)];
        store.record("", &news).unwrap();
        assert_eq!(store.links().unwrap().released, [of(0)].into());
    });
}

#[test]
fn a_journal_with_holes_is_found_out() {
    let store = MemoryStore::new(5);
    store.begin_run(&run("m1", 3), &changes(3)).unwrap();
    let news = outcomes([(1, Outcome::Done)]);
    store.record("m1", &news).unwrap();
    let whole = body(&store.export(NOON).unwrap());
    let without = |start: &str| {
        let lines = whole.split_inclusive('\n');
        let kept: Vec<_> = lines.filter(|line| !line.contains(start)).collect();
        sealed(&kept.concat())
    };
    let cases = [
        (
            "move/change/m1/00000001",
            vec![
                Problem::NoChange,
                Problem::ChangesDiffer {
                    found: 2,
                    expected: 3,
                },
            ],
        ),
        (
            "move/change/m1/00000002",
            vec![Problem::ChangesDiffer {
                found: 2,
                expected: 3,
            }],
        ),
        ("move/run/m1", vec![]),
        ("move/outcome/m1/00000001", vec![]),
    ];
    for (missing, expected) in cases {
        let found = verify_export("it", &without(missing)).unwrap();
        let problems: Vec<_> = found.into_iter().map(|one| one.problem).collect();
        assert_eq!(problems, expected, "without {missing}");
    }
    let moved = whole.replace(r#""id":"m1""#, r#""id":"m2""#);
    let found = verify_export("it", &sealed(&moved)).unwrap();
    assert!(
        matches!(found[0].problem, Problem::Misplaced { .. }),
        "{found:?}"
    );
    // A kind of write that this program does not know is no reason to guess.
    let strange = whole.replace("grant_role", "grant_all");
    assert!(import(&MemoryStore::new(5), &sealed(&strange), NOON).is_err());
}
