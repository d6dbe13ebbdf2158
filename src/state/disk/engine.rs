//! sled as an engine: one tree, atomic batches, flush, fsync, and only then an answer.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    durable::{Blobs, Durable},
    opening::{self, Refusal},
    panics::supervised,
};
use crate::{
    ports::{Opened, StoreError},
    state::engine::{Applied, BATCH, Change, Engine, Guard, Visit},
};

/// sled on a disk.
pub struct Disk {
    pub(super) dir: PathBuf,
    pub(super) database: PathBuf,
    pub(super) durable: Arc<dyn Durable>,
    pub(super) opened: Opened,
    /// `None` after a failure: what is in memory may differ from what is on the disk, so the next
    /// call opens anew from the disk.
    pub(super) live: Mutex<Option<Live>>,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk")
            .field("database", &self.database)
            .field("opened", &self.opened)
            .finish_non_exhaustive()
    }
}

/// An open database and the second handle on its `db` file, for fsync.
pub(super) struct Live {
    db: sled::Db,
    file: fs::File,
    blobs: Blobs,
}

impl Live {
    /// Takes a freshly opened database and makes its directory entries durable.
    pub(super) fn new(db: &sled::Db, database: &Path, durable: &dyn Durable) -> io::Result<Self> {
        let path = database.join("db");
        let file = fs::File::open(&path)?;
        db.flush().map_err(into_io)?;
        let mut blobs = Blobs::default();
        blobs.sync(&database.join("blobs"), durable)?;
        durable.sync(&file, &path)?;
        for path in [&database.join("conf"), database] {
            durable.sync(&fs::File::open(path)?, path)?;
        }
        let db = db.clone();
        Ok(Self { db, file, blobs })
    }

    pub(super) fn db(&self) -> &sled::Db {
        &self.db
    }

    pub(super) fn settle(&mut self, database: &Path, durable: &dyn Durable) -> io::Result<()> {
        let blobs = database.join("blobs");
        // Before the log that points at them, and after it for those that flushing made.
        self.blobs.sync(&blobs, durable)?;
        self.db.flush().map_err(into_io)?;
        self.blobs.sync(&blobs, durable)?;
        durable.sync(&self.file, &database.join("db"))
    }

    /// Compares and writes one atomic batch. sled locks its directory and `&mut self` keeps other
    /// threads out, so nothing can come between the two. A transaction of sled's would read every
    /// key once more for the same promise, and is no faster.
    fn write(&mut self, batch: &[Change], guard: Option<&Guard>) -> sled::Result<Applied> {
        if let Some(guard) = guard {
            let stored = self.db.get(&guard.key)?;
            if stored.as_deref() != guard.expected.as_deref() {
                return Ok(Applied::Refused);
            }
        }
        let mut writes = sled::Batch::default();
        for change in batch {
            match &change.value {
                Some(value) => writes.insert(change.key.as_bytes(), value.as_slice()),
                None => writes.remove(change.key.as_bytes()),
            }
        }
        self.db.apply_batch(writes).map(|()| Applied::Done)
    }
}

/// An error of sled as an error of the system, for those that are one.
pub(super) fn into_io(error: sled::Error) -> io::Error {
    match error {
        // sled hands such errors on as debug text; the kind is still right.
        sled::Error::Io(source) if source.kind() == ErrorKind::StorageFull => io::Error::new(
            ErrorKind::StorageFull,
            "no space left; free some, lp2rc goes on by itself",
        ),
        sled::Error::Io(source) => source,
        sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_)
        | sled::Error::Corruption { .. } => {
            io::Error::new(ErrorKind::InvalidData, error.to_string())
        }
    }
}

impl Disk {
    fn failed(&self, doing: &'static str, source: io::Error) -> StoreError {
        let path = self.database.display().to_string();
        if source.kind() == ErrorKind::InvalidData {
            return StoreError::Damaged {
                what: format!("the database in {path}"),
                why: source.to_string(),
            };
        }
        StoreError::Io {
            doing,
            path,
            source,
        }
    }

    /// Runs `work` on the open database, opening it anew if the last call failed.
    pub(super) fn with<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Live) -> io::Result<T>,
    ) -> Result<T, StoreError> {
        let mut slot = self.live();
        let mut live = match slot.take() {
            Some(live) => live,
            None => self.reopen()?,
        };
        let error = match supervised(|| work(&mut live)) {
            Ok(Ok(done)) => {
                *slot = Some(live);
                return Ok(done);
            }
            Ok(Err(error)) => error,
            Err(panic) => io::Error::new(ErrorKind::InvalidData, panic),
        };
        close(live);
        Err(self.failed(doing, error))
    }

    fn reopen(&self) -> Result<Live, StoreError> {
        let doing = "open the state again after a failure";
        match opening::attempt(&self.database, &*self.durable) {
            Ok(live) => Ok(live),
            Err(Refusal::Locked) => Err(self.failed(
                doing,
                io::Error::new(
                    ErrorKind::WouldBlock,
                    "the failed one is still closing, or another lp2rc took it; try again, then restart lp2rc",
                ),
            )),
            Err(refusal @ (Refusal::Damaged(_) | Refusal::Newer { .. })) => Err(self.failed(
                doing,
                io::Error::new(
                    ErrorKind::InvalidData,
                    format!("it cannot be opened again ({refusal:?}); a restart of lp2rc repairs it"),
                ),
            )),
            Err(Refusal::Io(source)) => Err(self.failed(doing, source)),
        }
    }

    fn live(&self) -> MutexGuard<'_, Option<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closing tries to flush once more, which may panic in its turn.
pub(super) fn close<T>(handle: T) {
    let _ = supervised(|| drop(handle));
}

impl Drop for Disk {
    fn drop(&mut self) {
        close(self.live().take());
    }
}

impl Engine for Disk {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.with("read the state", |live| {
            let value = live.db.get(key).map_err(into_io)?;
            Ok(value.map(|value| value.to_vec()))
        })
    }

    fn scan(&self, from: &str, to: &str, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.with("read the state", |live| {
            for row in live.db.range(from..to) {
                let (key, value) = row.map_err(into_io)?;
                let key = std::str::from_utf8(&key)
                    .map_err(|_| io::Error::new(ErrorKind::InvalidData, "a key is not text"))?;
                if let Err(error) = visit(key, &value) {
                    // The visitor's error, not the engine's: the database stays open.
                    return Ok(Err(error));
                }
            }
            Ok(Ok(()))
        })?
    }

    fn last_key(&self, from: &str, to: &str) -> Result<Option<String>, StoreError> {
        self.with("read the state", |live| {
            let Some(row) = live.db.range(from..to).next_back() else {
                return Ok(None);
            };
            let (key, _) = row.map_err(into_io)?;
            String::from_utf8(key.to_vec())
                .map(Some)
                .map_err(|_| io::Error::new(ErrorKind::InvalidData, "a key is not text"))
        })
    }

    fn apply(&self, changes: &[Change], guard: Option<&Guard>) -> Result<Applied, StoreError> {
        let (first, last) = changes.split_at(changes.len().saturating_sub(BATCH));
        self.with("keep the state", |live| {
            for batch in first.chunks(BATCH) {
                match live.write(batch, None).map_err(into_io)? {
                    Applied::Done | Applied::Refused => {}
                }
            }
            if !first.is_empty() {
                // The cursor must never reach the disk before the records it vouches for.
                live.settle(&self.database, &*self.durable)?;
            }
            let applied = live.write(last, guard).map_err(into_io)?;
            live.settle(&self.database, &*self.durable)?;
            Ok(applied)
        })
    }

    fn disk_bytes(&self) -> u64 {
        let slot = self.live();
        slot.as_ref()
            .and_then(|live| live.db.size_on_disk().ok())
            .unwrap_or(0)
    }

    fn dir(&self) -> Option<&Path> {
        Some(&self.dir)
    }

    fn opened(&self) -> Opened {
        self.opened.clone()
    }
}
