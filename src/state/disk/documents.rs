//! Documents in a sled database of their own: `<state dir>/livechat/`.

use std::{
    fs,
    io::{self, ErrorKind},
    ops::ControlFlow,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use super::{
    Disk,
    durable::{Durable, Fsync},
    engine::{Live, into_io},
    opening::{self, Refusal},
    quarantine, snapshots,
};
use crate::{
    config::StateConfig,
    domain::Timestamp,
    ports::{Clock as _, Documents, Edit, Look, Opened, Order, StoreError, SystemClock},
    state::{
        documents::{batches, fits},
        engine::Engine as _,
    },
};

/// Name of the database below the state directory.
const DATABASE: &str = "livechat";

/// Documents on a disk.
#[derive(Debug)]
pub struct DiskDocuments {
    disk: Disk,
}

impl DiskDocuments {
    /// Opens `<state dir>/livechat`, which must be inside an open state (that holds the directory's
    /// rights and its one owner). A damaged snapshot file is replaced by its copy; a damaged database
    /// is moved into the quarantine and leaves an empty one, and [`Self::opened`] and one log line
    /// say so. Blocks.
    pub fn open(config: &StateConfig) -> Result<Self, StoreError> {
        Self::open_with(config, SystemClock::new().now(), Arc::new(Fsync))
    }

    /// The same at a given moment (it names the quarantine) and with a given last step.
    pub fn open_with(
        config: &StateConfig,
        now: Timestamp,
        durable: Arc<dyn Durable>,
    ) -> Result<Self, StoreError> {
        let database = config.dir.join(DATABASE);
        let failed = |doing, source| StoreError::Io {
            doing,
            path: database.display().to_string(),
            source,
        };
        let existed = quarantine::has_content(&database);
        let mut opened = if existed { Opened::Clean } else { Opened::New };
        let place = quarantine::place(&config.dir, now);
        let quarantine = place.display().to_string();
        let mut outcome = look_through(&database, &*durable, existed);
        if let Err(Refusal::Damaged(why)) = &outcome {
            tracing::warn!(state.dir = %database.display(), reason = %why, "the conversations are damaged; trying with the copy of their snapshot file");
            let moving = "put the copy of a damaged snapshot in its place";
            quarantine::move_snapshots(&database, &place).map_err(|e| failed(moving, e))?;
            snapshots::put_back(&database).map_err(|e| failed(moving, e))?;
            outcome = again(&database, &*durable);
            opened = Opened::Repaired {
                quarantine: quarantine.clone(),
            };
        }
        if let Err(Refusal::Damaged(why)) = &outcome {
            tracing::error!(state.dir = %database.display(), reason = %why, quarantine = %quarantine, "the conversations could not be read and begin anew; the old ones are in quarantine");
            quarantine::move_aside(&database, &place)
                .map_err(|source| failed("move damaged conversations into quarantine", source))?;
            outcome = look_through(&database, &*durable, false);
            opened = Opened::Lost { quarantine };
        }
        let path = database.display().to_string();
        let live = match outcome {
            Ok(live) => live,
            Err(Refusal::Locked) => return Err(StoreError::Locked { path }),
            Err(Refusal::Newer { found, known }) => {
                return Err(StoreError::Newer { path, found, known });
            }
            Err(Refusal::Damaged(why)) => return Err(StoreError::Damaged { what: path, why }),
            Err(Refusal::Io(source)) => return Err(failed("open the conversations", source)),
        };
        snapshots::copy(&database)
            .map_err(|source| failed("copy the snapshot of the conversations", source))?;
        fs::set_permissions(&database, fs::Permissions::from_mode(0o700))
            .map_err(|source| failed("close the conversations to other users", source))?;
        Ok(Self {
            disk: Disk {
                dir: config.dir.clone(),
                database,
                durable,
                opened,
                live: Mutex::new(Some(live)),
            },
        })
    }

    /// How it came up.
    pub fn opened(&self) -> Opened {
        self.disk.opened.clone()
    }
}

/// There from the first settling on: a database without it has lost its beginning.
const MARKER: &str = "meta/documents";

/// Opens the database and reads every page of it. `existed`: then its marker must be there, as sled
/// opens what it cannot read as an empty database.
fn look_through(database: &Path, durable: &dyn Durable, existed: bool) -> Result<Live, Refusal> {
    let mut live = opening::attempt(database, durable)?;
    let read = super::panics::supervised(|| {
        let mut marked = false;
        live.walk("", "\u{10ffff}", Order::Ascending, &mut |key, _| {
            marked |= key == MARKER;
            ControlFlow::Continue(())
        })?;
        if !marked && !existed {
            live.db().insert(MARKER, "1").map_err(into_io)?;
            live.settle(database, durable)?;
            marked = true;
        }
        Ok::<_, io::Error>(marked)
    });
    match read {
        Ok(Ok(true)) => Ok(live),
        Ok(Ok(false)) => Err(Refusal::Damaged("its documents are gone".to_owned())),
        Ok(Err(error)) => Err(Refusal::from(error)),
        Err(panic) => Err(Refusal::Damaged(panic)),
    }
}

/// sled closes its file on a thread of its own, so the lock may be ours for some milliseconds more.
fn again(database: &Path, durable: &dyn Durable) -> Result<Live, Refusal> {
    for _ in 0..50 {
        match look_through(database, durable, true) {
            Err(Refusal::Locked) => thread::sleep(Duration::from_millis(20)),
            other => return other,
        }
    }
    Err(Refusal::Locked)
}

impl Live {
    fn walk(&mut self, from: &str, to: &str, order: Order, look: &mut Look<'_>) -> io::Result<()> {
        let mut range = self.db().range(from..to);
        loop {
            let next = match order {
                Order::Ascending => range.next(),
                Order::Descending => range.next_back(),
            };
            let Some(row) = next else { return Ok(()) };
            let (key, value) = row.map_err(into_io)?;
            let key = std::str::from_utf8(&key)
                .map_err(|_| io::Error::new(ErrorKind::InvalidData, "a key is not text"))?;
            if let ControlFlow::Break(()) = look(key, &value) {
                return Ok(());
            }
        }
    }
}

impl Documents for DiskDocuments {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.disk.get(key)
    }

    fn walk(
        &self,
        from: &str,
        to: &str,
        order: Order,
        look: &mut Look<'_>,
    ) -> Result<(), StoreError> {
        self.disk.with("read the conversations", |live| {
            live.walk(from, to, order, look)
        })
    }

    fn write(&self, edits: &[Edit]) -> Result<(), StoreError> {
        fits(edits, &self.disk.database.display().to_string())?;
        self.disk.with("write the conversations", |live| {
            for batch in batches(edits) {
                let mut writes = sled::Batch::default();
                for edit in batch {
                    match &edit.value {
                        Some(value) => writes.insert(edit.key.as_bytes(), value.as_slice()),
                        None => writes.remove(edit.key.as_bytes()),
                    }
                }
                live.db().apply_batch(writes).map_err(into_io)?;
            }
            Ok(())
        })
    }

    fn settle(&self) -> Result<(), StoreError> {
        let (database, durable) = (&self.disk.database, &*self.disk.durable);
        self.disk.with("keep the conversations", |live| {
            live.settle(database, durable)
        })
    }

    fn disk_bytes(&self) -> u64 {
        self.disk.disk_bytes()
    }
}
