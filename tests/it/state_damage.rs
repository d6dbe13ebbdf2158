//! What an operator meets after damage: how the store comes up, and what is still there.

use std::{
    fs,
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use lp2rc::{
    domain::Generation,
    ports::{BridgeStore, CounterStore, Inspect, Opened, RunStore, StoreError, Stored},
    state::{EXPORT, SledStore, export_to_file, verify},
};

use crate::state_world::{NOON, commit, config, open, report};

/// 30 generations over 1,000 agents.
fn fill(dir: &Path) -> Stored {
    let store = open(dir);
    let mut generation = store.commit(Generation(0), &commit(0..1_000, 1)).unwrap();
    for version in 2..=30 {
        let changed = commit(version * 30..version * 30 + 20, version);
        generation = store.commit(generation, &changed).unwrap();
    }
    store.append_run(&report(1)).unwrap();
    store.load().unwrap()
}

fn files(dir: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with(prefix)
        })
        .collect();
    found.sort();
    found
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_at(bytes, at).unwrap();
}

#[test]
fn a_new_state_directory_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("deep/state");
    let store = open(&state);
    assert_eq!(store.opened(), Opened::New);
    let mode = fs::metadata(&state).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(store.disk_bytes() > 0);
}

#[test]
fn what_was_kept_is_there_after_a_clean_stop() {
    let dir = tempfile::tempdir().unwrap();
    let kept = fill(dir.path());
    let store = open(dir.path());
    assert_eq!(store.opened(), Opened::Clean);
    assert_eq!(store.load().unwrap(), kept);
    assert_eq!(store.recent_runs(9).unwrap(), [report(1)]);
    assert_eq!(verify(&store).unwrap(), []);
}

#[test]
fn a_second_opener_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    let refused = SledStore::open(&config(dir.path())).unwrap_err();
    assert!(matches!(refused, StoreError::Locked { .. }), "{refused}");
    first.commit(Generation(0), &commit(0..1, 1)).unwrap();
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let kept = fill(dir.path());
    let write_schema = |text: &str| {
        let db = loop {
            // The store that was just dropped closes its file on a thread of its own.
            match sled::open(dir.path().join("db")) {
                Ok(db) => break db,
                Err(error) => assert!(error.to_string().contains("lock"), "{error}"),
            }
        };
        db.insert("meta/schema", text).unwrap();
        db.flush().unwrap();
    };
    write_schema("2");
    let refused = loop {
        let refused = SledStore::open(&config(dir.path())).unwrap_err();
        if !matches!(refused, StoreError::Locked { .. }) {
            break refused;
        }
    };
    assert!(
        matches!(
            refused,
            StoreError::Newer {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{refused}"
    );
    assert!(!dir.path().join("quarantine").exists());
    write_schema("1");
    assert_eq!(open(dir.path()).load().unwrap(), kept);
}

#[test]
fn without_a_readable_snapshot_file_every_row_is_still_there() {
    let damages: [fn(&Path); 3] = [
        |snap| fs::write(snap, "").unwrap(),
        |snap| fs::write(snap, "garbage that is longer than a checksum").unwrap(),
        |snap| overwrite(snap, 3, &[0xff; 5]),
    ];
    for damage in damages {
        let dir = tempfile::tempdir().unwrap();
        let kept = fill(dir.path());
        // sled writes its snapshot when it opens.
        drop(open(dir.path()));
        let snaps = files(&dir.path().join("db"), "snap.");
        assert_eq!(snaps.len(), 1);
        damage(&snaps[0]);

        let store = open(dir.path());
        let Opened::Repaired { quarantine } = store.opened() else {
            panic!("{:?}", store.opened());
        };
        assert_eq!(files(Path::new(&quarantine), "snap.").len(), 1);
        assert_eq!(store.load().unwrap(), kept);
        assert_eq!(store.recent_runs(9).unwrap(), [report(1)]);
        drop(store);
        assert_eq!(open(dir.path()).opened(), Opened::Clean);
    }
}

#[test]
fn a_destroyed_database_comes_back_from_the_last_export() {
    let dir = tempfile::tempdir().unwrap();
    let kept = fill(dir.path());
    let path = dir.path().join(EXPORT);
    export_to_file(&path, &open(dir.path()).export(NOON).unwrap()).unwrap();
    let file = dir.path().join("db/db");
    let size = fs::metadata(&file).unwrap().len();
    overwrite(&file, 0, &vec![0xa5; usize::try_from(size).unwrap()]);

    let store = open(dir.path());
    let Opened::Restored {
        quarantine,
        exported_at,
    } = store.opened()
    else {
        panic!("{:?}", store.opened());
    };
    assert_eq!(exported_at, NOON);
    assert_eq!(store.load().unwrap(), kept);
    // Its length may differ: sled cuts off what it cannot read before it gives up.
    assert!(Path::new(&quarantine).join("db/db").exists());
    assert!(path.exists());
    drop(store);
    assert_eq!(open(dir.path()).opened(), Opened::Clean);
}

#[test]
fn without_an_export_a_destroyed_database_is_lost_and_usable() {
    for export in [None, Some("half an export")] {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        if let Some(text) = export {
            fs::write(dir.path().join(EXPORT), text).unwrap();
        }
        overwrite(&dir.path().join("db/db"), 0, &vec![7; 3_000_000]);

        let store = open(dir.path());
        let Opened::Lost { quarantine } = store.opened() else {
            panic!("{:?}", store.opened());
        };
        assert!(Path::new(&quarantine).join("db/db").exists());
        assert_eq!(
            Path::new(&quarantine).join(EXPORT).exists(),
            export.is_some()
        );
        assert_eq!(store.load().unwrap(), Stored::default());
        store.commit(Generation(0), &commit(0..5, 1)).unwrap();
        drop(store);
        let store = open(dir.path());
        assert_eq!(store.opened(), Opened::Clean);
        assert_eq!(store.load().unwrap().roster.len(), 5);
    }
}

#[test]
fn a_repair_that_was_cut_off_is_finished_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let kept = fill(dir.path());
    let text = open(dir.path()).export(NOON).unwrap();
    export_to_file(&dir.path().join(EXPORT), &text).unwrap();
    let place = dir.path().join("quarantine/1");
    fs::create_dir_all(&place).unwrap();
    fs::write(dir.path().join("repair-under-way"), place.to_str().unwrap()).unwrap();
    // Died before the damaged database was moved, then again with half of a new one.
    for half_built in [false, true] {
        if half_built {
            fs::write(dir.path().join("repair-under-way"), place.to_str().unwrap()).unwrap();
        }
        let store = open(dir.path());
        assert!(matches!(store.opened(), Opened::Restored { .. }));
        assert_eq!(store.load().unwrap(), kept);
        assert!(!dir.path().join("repair-under-way").exists());
    }
    assert!(place.join("db/db").exists());
    assert_eq!(open(dir.path()).opened(), Opened::Clean);
}

/// Guards against what sled does with a damaged log: it may come up with an older or thinner
/// state and call it fine.
#[test]
fn whatever_bytes_are_hit_nothing_wrong_is_taken_for_right() {
    let base = tempfile::tempdir().unwrap();
    let kept = fill(base.path());
    let text = open(base.path()).export(NOON).unwrap();
    let size = fs::metadata(base.path().join("db/db")).unwrap().len();
    let mut dice = fastrand::Rng::with_seed(7);
    for round in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let copied = Command::new("cp")
            .arg("-r")
            .args([base.path().join("db"), dir.path().join("db")])
            .status();
        assert!(copied.unwrap().success());
        fs::write(dir.path().join(EXPORT), &text).unwrap();
        let length = [16, 4_096, 65_536, 500_000][round % 4];
        let bytes: Vec<u8> = (0..length).map(|_| dice.u8(..)).collect();
        overwrite(&dir.path().join("db/db"), dice.u64(..size), &bytes);

        let store = open(dir.path());
        // The export is as new as the database was, so nothing may be missing.
        assert_eq!(
            store.load().unwrap(),
            kept,
            "round {round}: {:?}",
            store.opened()
        );
        assert_eq!(verify(&store).unwrap(), []);
        let generation = store.commit(kept.generation, &commit(0..3, 99)).unwrap();
        assert_eq!(generation, kept.generation.next());
    }
}

#[test]
fn a_first_start_that_was_cut_off_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    drop(sled::open(dir.path().join("db")).unwrap());
    fs::write(dir.path().join("first-start-under-way"), "").unwrap();
    assert_eq!(open(dir.path()).opened(), Opened::New);
    assert!(!dir.path().join("first-start-under-way").exists());
    assert_eq!(open(dir.path()).opened(), Opened::Clean);
}

#[test]
fn a_missing_blob_file_is_damage_and_not_a_refusal() {
    let dir = tempfile::tempdir().unwrap();
    let mut given = commit(0..64, 1);
    for entry in &mut given.entries {
        std::sync::Arc::make_mut(entry).agent.display_name = Some("x".repeat(25_000));
    }
    open(dir.path()).commit(Generation(0), &given).unwrap();
    let blobs = files(&dir.path().join("db/blobs"), "");
    assert!(!blobs.is_empty());
    for blob in blobs {
        fs::remove_file(blob).unwrap();
    }
    let store = open(dir.path());
    assert!(
        matches!(store.opened(), Opened::Lost { .. }),
        "{:?}",
        store.opened()
    );
    store.commit(Generation(0), &given).unwrap();
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = SledStore::open(&config(&file.join("state"))).unwrap_err();
    assert!(matches!(refused, StoreError::Io { .. }));
    assert!(refused.to_string().contains("file/state"), "{refused}");
}

#[test]
fn a_counter_survives_beside_a_damaged_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let counter = lp2rc::ports::CounterRecord {
        agent: lp2rc::domain::TargetId::new("a"),
        department: None,
        picks: 4,
        last_picked: Some(NOON),
    };
    open(dir.path())
        .save_counters(std::slice::from_ref(&counter))
        .unwrap();
    drop(open(dir.path()));
    fs::write(&files(&dir.path().join("db"), "snap.")[0], "").unwrap();
    assert_eq!(open(dir.path()).load_counters().unwrap(), [counter]);
}
