//! Documents: order, atomicity, what is durable when, and how damage is met.

use std::{
    fs, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use lp2rc::{
    ports::{DOCUMENT_LIMIT, Documents, Edit, Opened, Order, StoreError},
    state::{DiskDocuments, Durable, Fsync, MemoryDocuments},
};

use crate::state_world::{NOON, config};

fn put(key: &str, value: &str) -> Edit {
    Edit {
        key: key.to_owned(),
        value: Some(value.as_bytes().to_vec()),
    }
}

fn remove(key: &str) -> Edit {
    Edit {
        key: key.to_owned(),
        value: None,
    }
}

/// Opens, waiting for handles that this process has just dropped.
fn open(dir: &Path) -> DiskDocuments {
    open_with(dir, &(Arc::new(Fsync) as Arc<dyn Durable>))
}

fn open_with(dir: &Path, durable: &Arc<dyn Durable>) -> DiskDocuments {
    for _ in 0..200 {
        match DiskDocuments::open_with(&config(dir), NOON, Arc::clone(durable)) {
            Err(StoreError::Locked { .. }) => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            other => return other.unwrap(),
        }
    }
    panic!("the documents stay locked");
}

fn keys(documents: &dyn Documents, from: &str, to: &str, order: Order, most: usize) -> Vec<String> {
    let mut keys = Vec::new();
    documents
        .walk(from, to, order, &mut |key, _| {
            keys.push(key.to_owned());
            if keys.len() == most {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    keys
}

#[test]
fn both_engines_keep_order_and_show_writes_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let engines: [Box<dyn Documents>; 2] = [
        Box::new(MemoryDocuments::default()),
        Box::new(open(dir.path())),
    ];
    for documents in engines {
        let documents = &*documents;
        documents
            .write(&[
                put("m/1", "a"),
                put("m/3", "c"),
                put("m/2", "b"),
                put("n/1", "x"),
            ])
            .unwrap();
        assert_eq!(documents.get("m/2").unwrap().as_deref(), Some(&b"b"[..]));
        let all = keys(documents, "m/", "m0", Order::Ascending, 9);
        assert_eq!(all, ["m/1", "m/2", "m/3"]);
        let newest = keys(documents, "m/", "m0", Order::Descending, 2);
        assert_eq!(newest, ["m/3", "m/2"]);
        documents.write(&[remove("m/3"), put("m/1", "A")]).unwrap();
        assert_eq!(documents.get("m/3").unwrap(), None);
        assert_eq!(documents.get("m/1").unwrap().as_deref(), Some(&b"A"[..]));
        let long = "x".repeat(DOCUMENT_LIMIT);
        let refused = documents.write(&[put("m/9", "kept?"), put("m/8", &long)]);
        assert!(matches!(refused, Err(StoreError::Io { .. })), "{refused:?}");
        assert_eq!(
            documents.get("m/9").unwrap(),
            None,
            "nothing of a refused write"
        );
        documents.settle().unwrap();
    }
}

#[test]
fn what_was_settled_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let documents = open(dir.path());
    assert_eq!(documents.opened(), Opened::New);
    let many: Vec<_> = (0..5_000)
        .map(|n| put(&format!("m/{n:05}"), "text"))
        .collect();
    documents.write(&many).unwrap();
    documents.settle().unwrap();
    drop(documents);
    let documents = open(dir.path());
    assert_eq!(documents.opened(), Opened::Clean);
    let found = keys(&documents, "m/", "m0", Order::Ascending, usize::MAX);
    assert_eq!(found.len(), 5_000);
}

/// Notes at each fsync of the data file whether it held a text by then; may refuse.
#[derive(Default)]
struct Watch {
    looked_for: Mutex<String>,
    seen: Mutex<Vec<bool>>,
    broken: AtomicBool,
}

impl Durable for Watch {
    fn sync(&self, file: &fs::File, path: &Path) -> io::Result<()> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk is gone"));
        }
        if path.ends_with("livechat/db") {
            let wanted = self.looked_for.lock().unwrap().clone().into_bytes();
            let bytes = fs::read(path)?;
            let found = bytes
                .windows(wanted.len().max(1))
                .any(|part| part == wanted);
            self.seen.lock().unwrap().push(found);
        }
        Fsync.sync(file, path)
    }
}

#[test]
fn settling_puts_every_write_into_the_file_before_its_fsync() {
    let dir = tempfile::tempdir().unwrap();
    let watch = Arc::new(Watch::default());
    let documents = open_with(
        dir.path(),
        &(Arc::<Watch>::clone(&watch) as Arc<dyn Durable>),
    );
    for round in 0..20 {
        let text = format!("words-of-round-{round}-");
        text.clone_into(&mut watch.looked_for.lock().unwrap());
        watch.seen.lock().unwrap().clear();
        documents.write(&[put("m/1", "other")]).unwrap();
        documents.write(&[put("m/2", &text)]).unwrap();
        assert!(
            watch.seen.lock().unwrap().is_empty(),
            "writing alone syncs nothing"
        );
        documents.settle().unwrap();
        assert_eq!(*watch.seen.lock().unwrap(), [true], "round {round}");
    }
}

#[test]
fn a_disk_that_fails_is_told_and_opened_anew() {
    let dir = tempfile::tempdir().unwrap();
    let watch = Arc::new(Watch::default());
    let documents = open_with(
        dir.path(),
        &(Arc::<Watch>::clone(&watch) as Arc<dyn Durable>),
    );
    documents.write(&[put("m/1", "kept")]).unwrap();
    documents.settle().unwrap();
    watch.broken.store(true, Ordering::Relaxed);
    documents.write(&[put("m/2", "nobody knows")]).unwrap();
    assert!(matches!(documents.settle(), Err(StoreError::Io { .. })));
    watch.broken.store(false, Ordering::Relaxed);
    let kept = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        documents.get("m/1").ok()
    });
    assert_eq!(kept.unwrap().as_deref(), Some(&b"kept"[..]));
}

fn files(dir: &Path, prefix: &str) -> Vec<PathBuf> {
    let found = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    found
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(prefix)
        })
        .collect()
}

fn filled(dir: &Path) {
    for round in 0..30 {
        let documents = open(dir);
        let many: Vec<_> = (0..200)
            .map(|n| {
                put(
                    &format!("m/{n:05}"),
                    &format!("{round} {}", "text ".repeat(20)),
                )
            })
            .collect();
        documents.write(&many).unwrap();
        documents.settle().unwrap();
    }
}

#[test]
fn a_damaged_snapshot_costs_nothing_however_often_it_was_opened() {
    for damage in ["", "garbage", "garbage that is longer than a checksum"] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path());
        drop(open(dir.path()));
        let snapshots = files(&dir.path().join("livechat"), "snap.");
        assert_eq!(snapshots.len(), 1);
        fs::write(&snapshots[0], damage).unwrap();
        let documents = open(dir.path());
        assert!(
            matches!(documents.opened(), Opened::Repaired { .. }),
            "{damage:?}: {:?}",
            documents.opened()
        );
        let found = keys(&documents, "m/", "m0", Order::Ascending, usize::MAX);
        assert_eq!(found.len(), 200, "{damage:?}");
        assert_eq!(files(&dir.path().join("quarantine"), "").len(), 1);
    }
}

#[test]
fn a_destroyed_database_goes_to_the_quarantine_and_a_new_one_begins() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let database = dir.path().join("livechat/db");
    let size = fs::metadata(&database).unwrap().len();
    fs::write(&database, vec![0xa5; usize::try_from(size).unwrap()]).unwrap();
    let documents = open(dir.path());
    let Opened::Lost { quarantine } = documents.opened() else {
        panic!("{:?}", documents.opened());
    };
    assert!(Path::new(&quarantine).join("livechat/db").exists());
    documents.write(&[put("m/1", "anew")]).unwrap();
    documents.settle().unwrap();
    drop(documents);
    assert_eq!(open(dir.path()).opened(), Opened::Clean);
}

#[test]
fn a_second_owner_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _first = open(dir.path());
    let second = DiskDocuments::open(&config(dir.path()));
    assert!(
        matches!(second, Err(StoreError::Locked { .. })),
        "{second:?}"
    );
}
