//! Acknowledged means on the disk: flush, then fsync, then the answer. And what happens when the
//! disk says no.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
};

use lp2rc::{
    domain::{Cursor, Generation, Outcome},
    ports::{BridgeStore, Commit, CounterStore, JournalStore, RunStore, StoreError},
    state::{Durable, Fsync, SledStore, verify},
};

use crate::state_journal_world::{changes, department_link, link, run};
use crate::state_world::{NOON, commit, config, entry, open, report};

/// Syncs for real, and notes at each sync of the data file whether it held a text by then.
#[derive(Default)]
struct Watch {
    looked_for: Mutex<String>,
    seen: Mutex<Vec<bool>>,
    paths: Mutex<Vec<PathBuf>>,
}

impl Watch {
    fn look_for(&self, text: &str) {
        text.clone_into(&mut self.looked_for.lock().unwrap());
        self.seen.lock().unwrap().clear();
        self.paths.lock().unwrap().clear();
    }

    fn seen(&self) -> Vec<bool> {
        self.seen.lock().unwrap().clone()
    }
}

impl Durable for Watch {
    fn sync(&self, file: &fs::File, path: &Path) -> io::Result<()> {
        if path.ends_with("db/db") {
            let wanted = self.looked_for.lock().unwrap().clone().into_bytes();
            let bytes = fs::read(path)?;
            let found = bytes
                .windows(wanted.len().max(1))
                .any(|part| part == wanted);
            self.seen.lock().unwrap().push(found);
        }
        self.paths.lock().unwrap().push(path.to_owned());
        Fsync.sync(file, path)
    }
}

fn with_revision(text: &str) -> Commit {
    Commit {
        cursor: Cursor {
            config_revision: Some(text.to_owned()),
            ..Cursor::default()
        },
        ..Commit::default()
    }
}

fn watched(dir: &Path) -> (SledStore, Arc<Watch>) {
    let watch = Arc::new(Watch::default());
    let durable: Arc<dyn Durable> = Arc::<Watch>::clone(&watch);
    (
        SledStore::open_with(&config(dir), NOON, durable).unwrap(),
        watch,
    )
}

#[test]
fn every_write_is_in_the_file_before_the_fsync_that_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let (store, watch) = watched(dir.path());
    let mut generation = Generation(0);
    for round in 0..20 {
        let text = format!("revision-{round}-");
        watch.look_for(&text);
        generation = store.commit(generation, &with_revision(&text)).unwrap();
        assert_eq!(watch.seen(), [true], "commit {round}");
    }
    watch.look_for("\"run77\"");
    let mut run = report(1);
    run.run = "run77".to_owned();
    store.append_run(&run).unwrap();
    assert_eq!(watch.seen(), [true]);
    watch.look_for("counted-agent");
    let counter = lp2rc::ports::CounterRecord {
        agent: lp2rc::domain::TargetId::new("counted-agent"),
        department: None,
        picks: 1,
        last_picked: None,
    };
    store.save_counters(&[counter]).unwrap();
    assert_eq!(watch.seen(), [true]);
}

#[test]
fn news_of_the_move_is_one_fsync_however_much_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (store, watch) = watched(dir.path());
    let mut begun = run("m1", 400);
    store.begin_run(&begun, &changes(400)).unwrap();
    for outcomes in [1, 20, 200] {
        watch.look_for("Sales / ");
        let news = lp2rc::ports::News {
            outcomes: (0..outcomes).map(|n| (n, Outcome::Done)).collect(),
            agents: (0..usize::try_from(outcomes).unwrap()).map(link).collect(),
            departments: vec![department_link(1)],
        };
        store.record("m1", &news).unwrap();
        assert_eq!(watch.seen(), [true], "{outcomes} outcomes");
    }
    begun.done = 200;
    assert_eq!(store.move_runs().unwrap(), [begun]);
}

#[test]
fn a_cursor_never_reaches_the_disk_before_its_records() {
    let dir = tempfile::tempdir().unwrap();
    let (store, watch) = watched(dir.path());
    let mut given = commit(0..2_500, 1);
    given.cursor.config_revision = Some("the-last-thing".to_owned());
    watch.look_for("the-last-thing");
    store.commit(Generation(0), &given).unwrap();
    assert_eq!(watch.seen(), [false, true]);
}

/// Stops inside the sync until it is let go.
struct Gate {
    entered: Mutex<mpsc::Sender<()>>,
    go_on: Mutex<mpsc::Receiver<()>>,
    armed: AtomicBool,
}

impl Durable for Gate {
    fn sync(&self, file: &fs::File, path: &Path) -> io::Result<()> {
        if self.armed.load(Ordering::SeqCst) {
            self.entered.lock().unwrap().send(()).unwrap();
            self.go_on.lock().unwrap().recv().unwrap();
        }
        Fsync.sync(file, path)
    }
}

#[test]
fn nothing_is_acknowledged_before_the_fsync_returned() {
    let dir = tempfile::tempdir().unwrap();
    let (entered, has_entered) = mpsc::channel();
    let (let_go, go_on) = mpsc::channel();
    let gate = Arc::new(Gate {
        entered: Mutex::new(entered),
        go_on: Mutex::new(go_on),
        armed: AtomicBool::new(false),
    });
    let durable: Arc<dyn Durable> = Arc::<Gate>::clone(&gate);
    let store = SledStore::open_with(&config(dir.path()), NOON, durable).unwrap();
    gate.armed.store(true, Ordering::SeqCst);
    let acknowledged = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            store.commit(Generation(0), &with_revision("r")).unwrap();
            acknowledged.store(true, Ordering::SeqCst);
        });
        has_entered.recv().unwrap();
        assert!(!acknowledged.load(Ordering::SeqCst));
        let_go.send(()).unwrap();
    });
    assert!(acknowledged.load(Ordering::SeqCst));
}

/// Refuses while it is told to.
#[derive(Default)]
struct Broken {
    with: Mutex<Option<ErrorKind>>,
}

impl Durable for Broken {
    fn sync(&self, file: &fs::File, path: &Path) -> io::Result<()> {
        match *self.with.lock().unwrap() {
            Some(kind) => Err(kind.into()),
            None => Fsync.sync(file, path),
        }
    }
}

/// Loads, waiting for the failed handle to close, which sled does on a thread of its own.
fn load_again(store: &SledStore) -> lp2rc::ports::Stored {
    for _ in 0..200 {
        match store.load() {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            other => return other.unwrap(),
        }
    }
    panic!("the state stays locked");
}

#[test]
fn a_failing_fsync_fails_the_commit_and_the_store_goes_on_from_the_disk() {
    for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
        let dir = tempfile::tempdir().unwrap();
        let broken = Arc::new(Broken::default());
        let durable: Arc<dyn Durable> = Arc::<Broken>::clone(&broken);
        let store = SledStore::open_with(&config(dir.path()), NOON, durable).unwrap();
        let first = store.commit(Generation(0), &commit(0..30, 1)).unwrap();

        *broken.with.lock().unwrap() = Some(kind);
        let refused = store.commit(first, &commit(0..3_000, 2)).unwrap_err();
        let StoreError::Io { path, source, .. } = refused else {
            panic!("{refused}");
        };
        assert_eq!(source.kind(), kind);
        assert!(path.starts_with(dir.path().to_str().unwrap()));
        assert!(store.commit(first, &commit(0..1, 3)).is_err());

        *broken.with.lock().unwrap() = None;
        // Nobody was told, so either outcome is right, as long as it is a whole one.
        let stored = load_again(&store);
        assert!([first, first.next()].contains(&stored.generation));
        let next = store.commit(stored.generation, &commit(0..5, 4)).unwrap();
        drop(store);
        let store = open(dir.path());
        let stored = store.load().unwrap();
        assert_eq!(stored.generation, next);
        assert_eq!(stored.roster.entries()[0], entry(0, 4));
        assert_eq!(verify(&store).unwrap(), []);
    }
}

#[test]
fn pages_that_sled_puts_into_files_of_their_own_are_synced_too() {
    let dir = tempfile::tempdir().unwrap();
    let (store, watch) = watched(dir.path());
    let mut given = commit(0..64, 1);
    for (place, entry) in given.entries.iter_mut().enumerate() {
        Arc::make_mut(entry).agent.display_name = Some(format!("{place}{}", "x".repeat(25_000)));
    }
    watch.look_for("x");
    let mut generation = store.commit(Generation(0), &given).unwrap();
    for _ in 0..20 {
        generation = store.commit(generation, &given).unwrap();
        for entry in &mut given.entries {
            let entry = Arc::make_mut(entry);
            entry.agent.load += 1;
        }
    }
    let on_disk: Vec<_> = fs::read_dir(dir.path().join("db/blobs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(!on_disk.is_empty(), "sled keeps large pages elsewhere now");
    let synced = watch.paths.lock().unwrap();
    for blob in on_disk {
        assert!(synced.contains(&blob), "{}", blob.display());
    }
}

/// A file system of its own; unmounted when dropped.
struct Mount(PathBuf);

impl Mount {
    fn small(dir: &Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
            .arg(dir)
            .output();
        match mounted {
            Ok(done) if done.status.success() => Some(Self(dir.to_owned())),
            Ok(done) => {
                println!(
                    "skipped, no mount: {}",
                    String::from_utf8_lossy(&done.stderr)
                );
                None
            }
            Err(error) => {
                println!("skipped, no mount: {error}");
                None
            }
        }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn on_a_full_disk_commits_fail_and_what_was_acknowledged_stays() {
    let dir = tempfile::tempdir().unwrap();
    let Some(_mount) = Mount::small(dir.path()) else {
        return;
    };
    let ballast = dir.path().join("ballast");
    fs::write(&ballast, vec![1; 2_000_000]).unwrap();
    let state = dir.path().join("state");
    let store = open(&state);
    let mut generation = Generation(0);
    let refused = loop {
        let version = generation.0 + 1;
        match store.commit(generation, &commit(0..1_000, version)) {
            Ok(next) => generation = next,
            Err(refused) => break refused,
        }
        assert!(generation.0 < 1_000, "the disk does not get full");
    };
    assert!(generation.0 > 0);
    println!("after {generation} commits: {refused}");

    fs::remove_file(ballast).unwrap();
    let stored = load_again(&store);
    assert!([generation, generation.next()].contains(&stored.generation));
    let next = store.commit(stored.generation, &commit(0..5, 77)).unwrap();
    drop(store);
    let store = open(&state);
    assert_eq!(store.load().unwrap().generation, next);
    assert_eq!(verify(&store).unwrap(), []);
}
