//! Export, import, verify, show.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

use lp2rc::{
    domain::{Generation, Identity, TargetId},
    ports::{
        BridgeStore, Commit, CounterRecord, CounterStore, Inspect, RunStore, StoreError, Stored,
    },
    state::{
        MemoryStore, Problem, SledStore, export_to_file, import, read_export, show, verify,
        verify_export,
    },
};
use sha2::{Digest, Sha256};

use crate::state_world::{NOON, commit, config, cursor, identity, open, report};

fn filled() -> MemoryStore {
    let store = MemoryStore::new(5);
    store.commit(Generation(0), &commit(0..30, 1)).unwrap();
    store.append_run(&report(1)).unwrap();
    let counter = CounterRecord {
        agent: TargetId::new("a"),
        department: None,
        picks: 4,
        last_picked: Some(NOON),
    };
    store.save_counters(&[counter]).unwrap();
    store
}

/// Puts the right last line under a body.
pub(crate) fn sealed(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes())
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let records = body.lines().count() - 1;
    format!("{body}{{\"sha256\":\"{digest}\",\"records\":{records}}}\n")
}

pub(crate) fn body(text: &str) -> String {
    let end = text.trim_end().rfind('\n').unwrap() + 1;
    text[..end].to_owned()
}

#[test]
fn the_form_of_an_export_is_a_promise() {
    let store = MemoryStore::new(5);
    let given = Commit {
        identities: vec![identity(7)],
        cursor: cursor(0),
        ..Commit::default()
    };
    store.commit(Generation(0), &given).unwrap();
    let text = store.export(NOON).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[0],
        r#"{"format":"lp2rc-state","v":1,"schema":1,"generation":1,"exported_at":1331544926464}"#
    );
    assert!(lines[1].starts_with(r#"{"key":"cursor","value":{"v":1,"generation":1,"#));
    assert_eq!(
        lines[2],
        r#"{"key":"identity/7","value":{"v":1,"source_id":"7","target_id":"target00000000007","username":"agent7"}}"#
    );
    assert_eq!(sealed(&body(&text)), text);
}

#[test]
fn an_export_goes_from_engine_to_engine_unchanged() {
    let text = filled().export(NOON).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let imported = import(&store, &text, NOON).unwrap();
    assert_eq!(imported.before, None);
    assert_eq!(imported.records, 30 * 2 + 3);
    assert_eq!(store.export(NOON).unwrap(), text);
    assert_eq!(store.load().unwrap(), filled().load().unwrap());
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.export(NOON).unwrap(), text);
    assert_eq!(verify(&store).unwrap(), []);
}

#[test]
fn an_empty_store_can_be_exported_and_taken_in() {
    let text = MemoryStore::new(5).export(NOON).unwrap();
    let store = MemoryStore::new(5);
    assert_eq!(import(&store, &text, NOON).unwrap().records, 0);
    assert_eq!(store.load().unwrap(), Stored::default());
}

#[test]
fn an_import_replaces_everything_after_exporting_what_was_there() {
    let text = filled().export(NOON).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut generation = Generation(0);
    for version in 0..5 {
        generation = store
            .commit(generation, &commit(20..2_400, version))
            .unwrap();
    }
    let old = store.export(NOON).unwrap();

    let imported = import(&store, &text, NOON).unwrap();
    let before = imported.before.unwrap();
    assert_eq!(fs::read_to_string(before).unwrap(), old);
    // Above both, so that whoever works with the old content gets a conflict.
    assert_eq!(imported.generation, Generation(6));
    let stored = store.load().unwrap();
    assert_eq!(stored.generation, Generation(6));
    assert_eq!(stored.roster, filled().load().unwrap().roster);
    assert!(matches!(
        store.commit(generation, &commit(0..1, 9)),
        Err(StoreError::Conflict { .. })
    ));
    store.commit(Generation(6), &commit(0..1, 9)).unwrap();
    drop(store);
    assert_eq!(verify(&open(dir.path())).unwrap(), []);
}

#[test]
fn an_export_that_was_changed_or_cut_is_refused_and_nothing_is_written() {
    let text = filled().export(NOON).unwrap();
    let store = MemoryStore::new(5);
    store.commit(Generation(0), &commit(0..3, 1)).unwrap();
    let before = store.export(NOON).unwrap();
    let mut changed = Vec::new();
    for place in (0..text.len()).step_by(97) {
        let mut bytes = text.clone().into_bytes();
        bytes[place] ^= 1;
        changed.extend(String::from_utf8(bytes).ok());
        if text.is_char_boundary(place) {
            changed.push(text[..place].to_owned());
        }
    }
    changed.push(text[..text.len() - 1].to_owned());
    changed.push(format!("{text}{text}"));
    changed.push(String::new());
    assert!(changed.len() > 100);
    for text in changed {
        let refused = import(&store, &text, NOON).unwrap_err();
        assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
        assert!(!refused.to_string().contains("example.org"));
    }
    assert_eq!(store.export(NOON).unwrap(), before);
}

#[test]
fn a_well_sealed_export_with_wrong_content_is_refused() {
    let text = body(&filled().export(NOON).unwrap());
    let store = MemoryStore::new(5);
    let line = |key: &str, value: &str| format!("{{\"key\":\"{key}\",\"value\":{value}}}\n");
    let broken = [
        text.replace("lp2rc-state", "other-state"),
        text.replace("\"generation\":1,", "\"generation\":8,")
            .replacen("\"generation\":8,", "\"generation\":9,", 1),
        format!("{text}{}", line("zebra/1", "{\"v\":1}")),
        format!("{text}{}", line("run/000000000000000a", "{\"v\":1}")),
        format!("{text}{}", line("run/000000000000000a", "7")),
        format!("{text}{}", line("cursor", "{\"v\":1,\"generation\":1}")),
        format!("{text}no record\n"),
        text.replacen("\"schema\":1", "\"schema\":0", 1),
        text.replacen(
            "{\"key\":\"counter",
            "{\"key\":\"meta/schema\",\"value\":{}}\n{\"key\":\"counter",
            1,
        ),
    ];
    for (place, text) in broken.iter().enumerate() {
        let refused = import(&store, &sealed(text), NOON).unwrap_err();
        assert!(
            matches!(refused, StoreError::Damaged { .. }),
            "{place}: {refused}"
        );
    }
    for text in [
        text.replacen("\"schema\":1", "\"schema\":2", 1),
        text.replacen("\"lp2rc-state\",\"v\":1", "\"lp2rc-state\",\"v\":2", 1),
        text.replacen(
            "\"value\":{\"v\":1,\"generation\"",
            "\"value\":{\"v\":5,\"generation\"",
            1,
        ),
    ] {
        let refused = import(&store, &sealed(&text), NOON).unwrap_err();
        assert!(matches!(refused, StoreError::Newer { .. }), "{refused}");
    }
    assert_eq!(store.load().unwrap(), Stored::default());
}

#[test]
fn an_export_file_is_private_and_replaced_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("export.jsonl");
    fs::write(dir.path().join("export.jsonl.tmp"), "left over by a crash").unwrap();
    for store in [filled(), MemoryStore::new(5)] {
        let text = store.export(NOON).unwrap();
        export_to_file(&path, &text).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(read_export("it", &text).unwrap().exported_at, NOON);
    }
    let nowhere = dir.path().join("missing/export.jsonl");
    let refused = export_to_file(&nowhere, "").unwrap_err();
    assert!(
        refused.to_string().contains("missing/export.jsonl"),
        "{refused}"
    );
}

#[test]
fn the_summary_counts_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(&config(dir.path())).unwrap();
    import(&store, &filled().export(NOON).unwrap(), NOON).unwrap();
    let summary = show(&store).unwrap();
    assert_eq!(summary.generation, Generation(1));
    assert_eq!(summary.cursor, cursor(1));
    assert_eq!(
        (
            summary.agents,
            summary.identities,
            summary.counters,
            summary.runs
        ),
        (30, 30, 1, 1)
    );
    assert!(summary.logical_bytes > 5_000 && summary.disk_bytes > summary.logical_bytes);
}

#[test]
fn what_must_hold_between_records_is_checked() {
    let twin = |source: u64, target: &str, username: &str| {
        Arc::new(Identity {
            source_id: identity(source).source_id.clone(),
            target_id: TargetId::new(target),
            username: username.to_owned(),
            formerly: None,
        })
    };
    let store = filled();
    let given = Commit {
        identities: vec![
            twin(40, "target00000000001", "forty"),
            twin(41, "forty-one", "AGENT2"),
        ],
        ..Commit::default()
    };
    store.commit(Generation(1), &given).unwrap();
    let found: Vec<_> = verify(&store)
        .unwrap()
        .into_iter()
        .map(|finding| finding.to_string())
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("`identity/40` has the target id of `identity/1`; remove"));
    assert!(found[1].starts_with("`identity/41` has the username of `identity/2`; remove"));
}

#[test]
fn records_under_a_wrong_key_and_rows_without_a_cursor_are_found() {
    let text = body(&filled().export(NOON).unwrap());
    let misplaced = text.replace("{\"key\":\"roster/9\"", "{\"key\":\"roster/99\"");
    let store = MemoryStore::new(5);
    import(&store, &sealed(&misplaced), NOON).unwrap();
    let found = verify(&store).unwrap();
    assert_eq!(verify_export("it", &sealed(&misplaced)).unwrap(), found);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].key, "roster/99");
    assert!(matches!(&found[0].problem, Problem::Misplaced { belongs } if belongs == "roster/9"));

    let without: String = text
        .lines()
        .filter(|line| !line.contains("\"cursor\""))
        .map(|line| {
            line.replace("\"generation\":1,\"exported", "\"generation\":0,\"exported") + "\n"
        })
        .collect();
    let store = MemoryStore::new(5);
    import(&store, &sealed(&without), NOON).unwrap();
    let problems: Vec<_> = verify(&store)
        .unwrap()
        .into_iter()
        .map(|found| found.problem)
        .collect();
    assert_eq!(problems, [Problem::NoGeneration]);
}
