//! Opening a database that may be damaged, under supervision, in steps that lose ever more:
//!
//! | step | when | outcome |
//! |---|---|---|
//! | open, read every page, check the tally | always | `Clean`, `New` |
//! | move `snap.*` into quarantine, open and check again | damaged | `Repaired` |
//! | move the whole database into quarantine, take in `export.jsonl` | still damaged | `Restored` |
//! | start empty | no usable export | `Lost` |
//!
//! A database that another process holds, that a newer version wrote, or that the system refuses
//! to read (permissions, full disk) is never touched.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use super::{
    Disk,
    durable::Durable,
    engine::{Live, close, into_io},
    panics::supervised,
    quarantine,
};
use crate::{
    config::StateConfig,
    domain::{Generation, Timestamp},
    ports::{Opened, StoreError},
    state::{
        engine::{Applied, Engine, scan_all},
        export::{self, export_to_file},
        import::import,
        key,
        migrate::{self, MIGRATIONS, Schema},
        store::{SCHEMA, Store},
        tally::Tally,
    },
};

/// Why a database could not be opened.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Another process, or a handle of this one that is still closing.
    Locked,
    /// Its content is not what it should be.
    Damaged(String),
    /// A newer version wrote it.
    Newer {
        /// Version found.
        found: u32,
        /// Version known.
        known: u32,
    },
    /// The system refused.
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        // What ends too early, or points at a blob that is not there, is damage.
        let damage = [
            io::ErrorKind::InvalidData,
            io::ErrorKind::UnexpectedEof,
            io::ErrorKind::NotFound,
        ];
        if damage.contains(&error.kind()) {
            Self::Damaged(error.to_string())
        } else {
            Self::Io(error)
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Io { source, .. } => Self::from(source),
            StoreError::Newer { found, known, .. } => Self::Newer { found, known },
            StoreError::Damaged { what, why } => Self::Damaged(format!("{what}: {why}")),
            StoreError::Conflict { .. } | StoreError::Locked { .. } => {
                Self::Damaged(error.to_string())
            }
            // Neither is about the content, so neither may ever start a repair.
            StoreError::OtherAccount { .. } | StoreError::OtherOwner { .. } => {
                Self::Io(io::Error::other(error.to_string()))
            }
        }
    }
}

/// Opens the database in this directory as it is, and nothing else.
pub(super) fn attempt(database: &Path, durable: &dyn Durable) -> Result<Live, Refusal> {
    // No flusher thread: nothing reaches the disk outside of a commit, which ends with an fsync.
    // Default cache: a smaller one leaks (2.9 GB after 1,500 commits with 8 MB).
    let config = sled::Config::new().path(database).flush_every_ms(None);
    let db = match supervised(|| config.open()) {
        Err(panic) => return Err(Refusal::Damaged(panic)),
        Ok(Err(error)) => return Err(refusal(error)),
        Ok(Ok(db)) => db,
    };
    let live = supervised(|| Live::new(&db, database, durable));
    close(db);
    match live {
        Err(panic) => Err(Refusal::Damaged(panic)),
        Ok(outcome) => outcome.map_err(Refusal::from),
    }
}

fn refusal(error: sled::Error) -> Refusal {
    let said = error.to_string();
    if said.contains("could not acquire lock") {
        return Refusal::Locked;
    }
    if matches!(error, sled::Error::Unsupported(_)) {
        // Another version or settings of sled: not damage, and not for us to move away.
        return Refusal::Io(io::Error::new(io::ErrorKind::Unsupported, said));
    }
    Refusal::from(into_io(error))
}

/// Opens what [`super::SledStore::open`] describes.
pub(super) fn open(
    config: &StateConfig,
    now: Timestamp,
    durable: Arc<dyn Durable>,
) -> Result<Store<Disk>, StoreError> {
    let opening = Opening {
        dir: config.dir.clone(),
        database: config.dir.join(super::DATABASE),
        keep_runs: config.keep_runs,
        now,
        durable,
    };
    opening.make_directory()?;
    let store = opening.open()?;
    quarantine::end_first_start(&opening.dir).map_err(failed("begin a new state", &opening.dir))?;
    opening.say(&store);
    Ok(store)
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.display().to_string();
    move |source| StoreError::Io {
        doing,
        path,
        source,
    }
}

/// Reads every page and checks that the rows add up to what the cursor says.
fn look_through(store: &Store<Disk>) -> Result<(), Refusal> {
    match store.engine.get(key::UNSETTLED)? {
        None => {}
        Some(marker) if marker == key::COMMIT => {}
        Some(_) => return Err(Refusal::Damaged("an import was cut off".to_owned())),
    }
    let mut tally = Tally::default();
    scan_all(&store.engine, &mut |key, value| {
        if key.starts_with(key::ROSTER) || key.starts_with(key::IDENTITY) {
            tally.add(key, value);
        }
        Ok(())
    })?;
    if !store.tally_holds(tally)? {
        let why = "roster and mapping are not what the cursor was written for";
        return Err(Refusal::Damaged(why.to_owned()));
    }
    store.turn().tally = Some(tally);
    Ok(())
}

struct Opening {
    dir: PathBuf,
    database: PathBuf,
    keep_runs: u32,
    now: Timestamp,
    durable: Arc<dyn Durable>,
}

impl Opening {
    /// Root may open anybody's state, and would leave files in it that its owner cannot open.
    fn check_owner(&self) -> Result<(), StoreError> {
        let owner = |path: &Path| fs::metadata(path).map(|found| found.uid());
        match (owner(Path::new("/proc/self")), owner(&self.dir)) {
            (Ok(0), Ok(owner)) if owner != 0 => Err(StoreError::OtherOwner {
                path: self.dir.display().to_string(),
                owner,
            }),
            _ => Ok(()),
        }
    }

    fn make_directory(&self) -> Result<(), StoreError> {
        self.check_owner()?;
        let existed = self.dir.exists();
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
            .and_then(|()| {
                if existed {
                    return Ok(());
                }
                // Whatever the umask was.
                fs::set_permissions(&self.dir, fs::Permissions::from_mode(0o700))?;
                fs::File::open(export::parent(&self.dir))?.sync_all()
            })
            .map_err(failed("make the state directory", &self.dir))
    }

    fn open(&self) -> Result<Store<Disk>, StoreError> {
        if let Some(unfinished) = quarantine::unfinished(&self.dir) {
            // The process died while it replaced a damaged database: go on where it stood.
            return self.replace(&unfinished, "an earlier repair was cut off");
        }
        let existed =
            quarantine::has_content(&self.database) && !quarantine::is_first_start(&self.dir);
        if !existed {
            quarantine::begin_first_start(&self.dir)
                .map_err(failed("begin a new state", &self.dir))?;
        }
        let opened = if existed { Opened::Clean } else { Opened::New };
        let why = match self.accept(existed) {
            Ok(store) => return self.settle(store, opened),
            Err(refusal) => self.damage(refusal)?,
        };
        let place = quarantine::place(&self.dir, self.now);
        tracing::warn!(state.dir = %self.dir.display(), reason = %why, "the state is damaged; trying without its snapshot file");
        let moved = quarantine::move_snapshots(&self.database, &place)
            .map_err(failed("move a damaged snapshot into quarantine", &place))?;
        if moved == 0 {
            return self.replace(&place, &why);
        }
        let store = match self.accept_again() {
            Ok(store) => store,
            Err(refusal) => return self.replace(&place, &self.damage(refusal)?),
        };
        // Usually every record is there: without a snapshot sled reads its whole log. Where the
        // log is damaged too, sled cuts it back to an older state, whole by its tally; then the
        // last export may be newer.
        let (generation, _, _) = store.cursor()?;
        if self.last_export().is_some_and(|export| export > generation) {
            drop(store);
            return self.replace(&place, "the last export is newer than what is left");
        }
        let quarantine = place.display().to_string();
        self.settle(store, Opened::Repaired { quarantine })
    }

    /// Opens what this process had open a moment ago. sled closes its file on a thread of its
    /// own, so the lock may be ours for some milliseconds more.
    fn accept_again(&self) -> Result<Store<Disk>, Refusal> {
        for _ in 0..50 {
            match self.accept(true) {
                Err(Refusal::Locked) => thread::sleep(Duration::from_millis(20)),
                other => return other,
            }
        }
        Err(Refusal::Locked)
    }

    /// Generation of the last own export, if it can be used.
    fn last_export(&self) -> Option<Generation> {
        let text = fs::read_to_string(self.dir.join(super::EXPORT)).ok()?;
        let export = export::read("the last export", &text).ok()?;
        Some(export.generation)
    }

    /// What is wrong with the database, unless it is something that must not be repaired.
    fn damage(&self, refusal: Refusal) -> Result<String, StoreError> {
        let path = self.dir.display().to_string();
        match refusal {
            Refusal::Damaged(why) => Ok(why),
            Refusal::Locked => Err(StoreError::Locked { path }),
            Refusal::Newer { found, known } => Err(StoreError::Newer { path, found, known }),
            Refusal::Io(source) => Err(failed("open the state", &self.database)(source)),
        }
    }

    /// Opens the database and looks whether it is one of ours, and whole: every page is read,
    /// and the rows must add up to what the cursor says.
    fn accept(&self, existed: bool) -> Result<Store<Disk>, Refusal> {
        let live = attempt(&self.database, &*self.durable)?;
        let store = self.store(live, Opened::Clean);
        match migrate::found(&store.engine)? {
            // sled opens a file of garbage as an empty database.
            Schema::Empty if existed => {
                return Err(Refusal::Damaged("its records are gone".to_owned()));
            }
            Schema::Missing => return Err(Refusal::Damaged("it has no schema number".to_owned())),
            Schema::Found(SCHEMA) => look_through(&store)?,
            // Nothing to look at, or another layout, which is not for this program to judge.
            Schema::Empty | Schema::Found(_) => {}
        }
        Ok(store)
    }

    fn store(&self, live: Live, opened: Opened) -> Store<Disk> {
        let disk = Disk {
            dir: self.dir.clone(),
            database: self.database.clone(),
            durable: Arc::clone(&self.durable),
            opened,
            live: Mutex::new(Some(live)),
        };
        Store::over(disk, self.keep_runs)
    }

    /// Brings the schema up to date and says how the store came up.
    fn settle(&self, mut store: Store<Disk>, opened: Opened) -> Result<Store<Disk>, StoreError> {
        // sled makes its files with the umask's rights, and names and addresses are in them.
        fs::set_permissions(&self.database, fs::Permissions::from_mode(0o700))
            .map_err(failed("close the database to other users", &self.database))?;
        store.engine.opened = opened;
        match migrate::found(&store.engine)? {
            Schema::Empty | Schema::Missing => {
                match store.engine.apply(&[migrate::stamp(SCHEMA)], None)? {
                    Applied::Done | Applied::Refused => {}
                }
            }
            Schema::Found(schema) => {
                let place = self.dir.display().to_string();
                migrate::climb(
                    &store.engine,
                    &place,
                    (schema, SCHEMA),
                    MIGRATIONS,
                    &mut |from| {
                        let name =
                            format!("before-schema-{}-{}.jsonl", from + 1, self.now.millis());
                        let (generation, _, _) = store.cursor()?;
                        let text = export::write(&store.engine, from, generation, self.now)?;
                        export_to_file(&self.dir.join(name), &text)
                    },
                )?;
            }
        }
        Ok(store)
    }

    /// Starts a new database beside the damaged one and takes in the last own export.
    fn replace(&self, place: &Path, why: &str) -> Result<Store<Disk>, StoreError> {
        tracing::warn!(state.dir = %self.dir.display(), reason = %why, "the state cannot be repaired; starting a new database");
        quarantine::move_database(&self.dir, &self.database, place)
            .map_err(failed("move the damaged state into quarantine", place))?;
        let live = attempt(&self.database, &*self.durable).map_err(|refusal| {
            match self.damage(refusal) {
                Ok(why) => StoreError::Damaged {
                    what: format!("a new database in {}", self.database.display()),
                    why,
                },
                Err(error) => error,
            }
        })?;
        let quarantine = place.display().to_string();
        let lost = Opened::Lost {
            quarantine: quarantine.clone(),
        };
        let mut store = self.settle(self.store(live, lost.clone()), lost)?;
        let path = self.dir.join(super::EXPORT);
        match fs::read_to_string(&path) {
            Ok(text) => match import(&store, &text, self.now) {
                Ok(imported) => {
                    store.engine.opened = Opened::Restored {
                        quarantine,
                        exported_at: imported.exported_at,
                    };
                }
                Err(error @ StoreError::Io { .. }) => return Err(error),
                Err(error) => {
                    tracing::error!(export = %path.display(), reason = %error, "the last export cannot be used");
                    quarantine::move_file(&path, place)
                        .map_err(failed("move the export into quarantine", &path))?;
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(failed("read the last export", &path)(source)),
        }
        quarantine::finish(&self.dir).map_err(failed("finish a repair", &self.dir))?;
        Ok(store)
    }

    fn say(&self, store: &Store<Disk>) {
        let dir = self.dir.display();
        match &store.engine.opened {
            Opened::Clean => {}
            Opened::New if self.dir.join(super::EXPORT).exists() => {
                tracing::warn!(state.dir = %dir, "there was no database, but there is an export; `lp2rc state import` takes it in");
            }
            Opened::New => tracing::info!(state.dir = %dir, "a new state was made"),
            Opened::Repaired { quarantine } => {
                let generation = store.cursor().map_or(0, |(generation, _, _)| generation.0);
                tracing::warn!(state.dir = %dir, %quarantine, state.generation = generation, "the state was damaged and is whole again without its snapshot file; if this generation is older than the last one in the log, the next full poll makes up for it; nothing to do");
            }
            Opened::Restored {
                quarantine,
                exported_at,
            } => {
                tracing::error!(state.dir = %dir, %quarantine, %exported_at, "the database was damaged; the last export was restored; the next full poll brings agents up to date, routing counters are as old as the export");
            }
            Opened::Lost { quarantine } => {
                tracing::error!(state.dir = %dir, %quarantine, "the database was damaged and there was no usable export; starting empty; the next full poll fills it; import an older export with `lp2rc state import` to keep identities that were given by the target");
            }
        }
    }
}
