//! The store ports, written once over any engine.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    engine::{Applied, BATCH, Change, Engine, Guard, Memory, scan_family},
    export, key,
    record::{
        self, CounterRow, CursorRecord, IdentityRecord, LatchRecord, RosterRecord, RunRecord,
        Unreadable,
    },
    tally::Tally,
};
use crate::{
    domain::{Cursor, CycleReport, Generation, Roster, Timestamp},
    ports::{
        BridgeStore, Commit, CounterRecord, CounterStore, Inspect, Latch, LatchStore, Opened,
        RunStore, StoreError, Stored,
    },
};

/// Version of the key layout. Records carry versions of their own.
pub const SCHEMA: u32 = 1;

/// What makes a record of an agent shorter.
const SHORTEN: &str =
    "shorten that agent's texts or skills in the source, or exclude them under [participants]";

/// Roster, mapping, cursor, counters and history over an engine.
#[derive(Debug)]
pub struct Store<E> {
    pub(crate) engine: E,
    keep_runs: u32,
    /// Readers wait for writers too, so that nobody sees half a commit of several batches.
    turn: Mutex<Turn>,
}

/// What whoever has the turn may rely on.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Over the rows as they are; `None` after a write that nobody knows the end of.
    pub(crate) tally: Option<Tally>,
}

/// A store that lives as long as the process: for tests, and for runs that must leave no trace.
pub type MemoryStore = Store<Memory>;

impl MemoryStore {
    /// An empty store that keeps the last `keep_runs` runs.
    #[must_use]
    pub fn new(keep_runs: u32) -> Self {
        Self::over(Memory::default(), keep_runs)
    }
}

impl<E: Engine> Store<E> {
    pub(crate) fn over(engine: E, keep_runs: u32) -> Self {
        Self {
            engine,
            keep_runs,
            turn: Mutex::default(),
        }
    }

    /// The directory of the state; `None` for engines without a disk.
    #[must_use]
    pub fn dir(&self) -> Option<&Path> {
        self.engine.dir()
    }

    /// Where messages say the state is.
    pub(crate) fn place(&self) -> String {
        self.engine
            .dir()
            .map_or_else(|| "memory".to_owned(), |dir| dir.display().to_string())
    }

    pub(crate) fn turn(&self) -> MutexGuard<'_, Turn> {
        // A panic elsewhere leaves no half-written state behind: engines write atomically.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A record that could not be read, as the error the operator sees.
    pub(crate) fn unreadable(&self, key: &str, why: Unreadable) -> StoreError {
        match why {
            Unreadable::Newer { found, known } => StoreError::Newer {
                path: self.place(),
                found,
                known,
            },
            Unreadable::Broken(why) => StoreError::Damaged {
                what: format!("the record `{key}` in {}", self.place()),
                why,
            },
        }
    }

    pub(crate) fn read<R: record::Record>(&self, key: &str, bytes: &[u8]) -> Result<R, StoreError> {
        record::decode(bytes).map_err(|why| self.unreadable(key, why))
    }

    /// What cannot be kept, whoever tries.
    pub(crate) fn refused(&self, why: String) -> StoreError {
        StoreError::Io {
            doing: "keep a record",
            path: self.place(),
            source: std::io::Error::new(std::io::ErrorKind::InvalidInput, why),
        }
    }

    /// Whether every record is within the limit. `remedy` says what makes one shorter.
    pub(crate) fn fits(&self, changes: &[Change], remedy: &str) -> Result<(), StoreError> {
        for change in changes {
            let bytes = change.key.len() + change.value.as_ref().map_or(0, Vec::len);
            if bytes > record::LIMIT {
                let family = change.key.split('/').next().unwrap_or_default();
                return Err(self.refused(format!(
                    "a {family} record of {bytes} bytes is above the limit of {}; nothing was written; {remedy}: `{}`",
                    record::LIMIT,
                    change.key.chars().take(80).collect::<String>(),
                )));
            }
        }
        Ok(())
    }

    /// The stored cursor with the bytes it was read from.
    pub(crate) fn cursor(&self) -> Result<(Generation, Cursor, Option<Vec<u8>>), StoreError> {
        let Some(bytes) = self.engine.get(key::CURSOR)? else {
            return Ok((Generation::default(), Cursor::default(), None));
        };
        let record: CursorRecord = self.read(key::CURSOR, &bytes)?;
        let (generation, cursor) = record.into_domain();
        Ok((generation, cursor, Some(bytes)))
    }

    /// The tally of the rows as they are. Reads them all.
    pub(crate) fn count_tally(&self) -> Result<Tally, StoreError> {
        let mut tally = Tally::default();
        for family in [key::ROSTER, key::IDENTITY] {
            scan_family(&self.engine, family, &mut |key, value| {
                tally.add(key, value);
                Ok(())
            })?;
        }
        Ok(tally)
    }

    /// Whether the rows are what the cursor believes them to be. After a commit of several
    /// batches that was cut off they are not, and need not be.
    pub(crate) fn tally_holds(&self, tally: Tally) -> Result<bool, StoreError> {
        if self.engine.get(key::UNSETTLED)?.is_some() {
            return Ok(true);
        }
        match self.engine.get(key::CURSOR)? {
            Some(bytes) => Ok(self.read::<CursorRecord>(key::CURSOR, &bytes)?.tally == tally),
            None => Ok(tally == Tally::default()),
        }
    }

    /// The rows of a commit that differ from what is stored, moving the tally along.
    fn differences(&self, commit: &Commit, tally: &mut Tally) -> Result<Vec<Change>, StoreError> {
        let identities = commit.identities.iter().map(|identity| {
            let record = IdentityRecord::new(identity);
            (key::identity(&identity.source_id), record::encode(&record))
        });
        let entries = commit.entries.iter().map(|entry| {
            let record = RosterRecord::new(entry);
            (key::roster(&entry.agent.id), record::encode(&record))
        });
        // A map: of two rows with one key the last one counts, and sled likes sorted keys.
        let rows: BTreeMap<_, _> = identities.chain(entries).collect();
        let mut changes = Vec::with_capacity(rows.len() + 3);
        for (key, value) in rows {
            match self.engine.get(&key)? {
                Some(same) if same == value => continue,
                Some(old) => tally.remove(&key, &old),
                None => {}
            }
            tally.add(&key, &value);
            changes.push(Change::put(key, value));
        }
        self.fits(&changes, SHORTEN)?;
        Ok(changes)
    }

    /// Everything, while the caller holds the turn.
    pub(crate) fn export_in_turn(&self, exported_at: Timestamp) -> Result<String, StoreError> {
        let (generation, _, _) = self.cursor()?;
        export::write(&self.engine, SCHEMA, generation, exported_at)
    }
}

impl<E: Engine> BridgeStore for Store<E> {
    fn load(&self) -> Result<Stored, StoreError> {
        let _turn = self.turn();
        let (generation, cursor, _) = self.cursor()?;
        let mut entries = Vec::new();
        scan_family(&self.engine, key::ROSTER, &mut |key, bytes| {
            entries.push(self.read::<RosterRecord>(key, bytes)?.into_domain());
            Ok(())
        })?;
        let mut identities = Vec::with_capacity(entries.len());
        scan_family(&self.engine, key::IDENTITY, &mut |key, bytes| {
            identities.push(self.read::<IdentityRecord>(key, bytes)?.into_domain());
            Ok(())
        })?;
        Ok(Stored {
            generation,
            roster: Roster::new(entries),
            identities,
            cursor,
        })
    }

    /// Records go first and the cursor last. After a crash in between, records may be ahead of
    /// the cursor; the full poll that follows every start makes that harmless.
    fn commit(&self, expected: Generation, commit: &Commit) -> Result<Generation, StoreError> {
        let mut turn = self.turn();
        let (stored, _, seen) = self.cursor()?;
        if stored != expected {
            return Err(StoreError::Conflict { expected, stored });
        }
        let next = stored.next();
        let mut tally = match turn.tally {
            Some(tally) => tally,
            None => self.count_tally()?,
        };
        let mut changes = self.differences(commit, &mut tally)?;
        // At the end, so that both are in the last batch.
        let cut_off_before = self.engine.get(key::UNSETTLED)?.is_some();
        let several = changes.len() + 2 > BATCH;
        if several {
            changes.insert(0, Change::put(key::UNSETTLED, key::COMMIT.to_vec()));
        }
        if several || cut_off_before {
            changes.push(Change::remove(key::UNSETTLED));
        }
        changes.push(Change::put(
            key::CURSOR,
            record::encode(&CursorRecord::new(next, &commit.cursor, tally)),
        ));
        self.fits(&changes, SHORTEN)?;
        let guard = Guard {
            key: key::CURSOR.to_owned(),
            expected: seen,
        };
        turn.tally = None;
        match self.engine.apply(&changes, Some(&guard))? {
            Applied::Done => {
                turn.tally = Some(tally);
                Ok(next)
            }
            Applied::Refused => Err(StoreError::Conflict {
                expected,
                stored: self.cursor()?.0,
            }),
        }
    }
}

impl<E: Engine> CounterStore for Store<E> {
    fn load_counters(&self) -> Result<Vec<CounterRecord>, StoreError> {
        let _turn = self.turn();
        let mut counters = Vec::new();
        scan_family(&self.engine, key::COUNTER, &mut |key, bytes| {
            counters.push(self.read::<CounterRow>(key, bytes)?.into_domain());
            Ok(())
        })?;
        Ok(counters)
    }

    fn save_counters(&self, counters: &[CounterRecord]) -> Result<(), StoreError> {
        if counters.is_empty() {
            return Ok(());
        }
        let changes: Vec<_> = counters
            .iter()
            .map(|counter| {
                Change::put(
                    key::counter(&counter.agent, counter.department.as_ref()),
                    record::encode(&CounterRow::new(counter)),
                )
            })
            .collect();
        self.fits(&changes, SHORTEN)?;
        let _turn = self.turn();
        let _unguarded = self.engine.apply(&changes, None)?;
        Ok(())
    }
}

impl<E: Engine> LatchStore for Store<E> {
    fn load_latch(&self) -> Result<Option<Latch>, StoreError> {
        let _turn = self.turn();
        let Some(bytes) = self.engine.get(key::LATCH)? else {
            return Ok(None);
        };
        let record: LatchRecord = self.read(key::LATCH, &bytes)?;
        Ok(Some(record.into_domain()))
    }

    fn save_latch(&self, latch: Option<&Latch>) -> Result<(), StoreError> {
        let change = match latch {
            Some(latch) => Change::put(key::LATCH, record::encode(&LatchRecord::new(latch))),
            None => Change::remove(key::LATCH),
        };
        let _turn = self.turn();
        let _unguarded = self.engine.apply(&[change], None)?;
        Ok(())
    }
}

impl<E: Engine> RunStore for Store<E> {
    fn append_run(&self, report: &CycleReport) -> Result<(), StoreError> {
        let bytes = RunRecord::new(report).encode_within_limit();
        let _turn = self.turn();
        let last = self.engine.last_key(key::RUN, &key::after(key::RUN))?;
        let number = last
            .and_then(|key| key::run_number(&key))
            .map_or(0, |last| last + 1);
        let mut changes = Vec::new();
        if let Some(too_old) = (number + 1).checked_sub(u64::from(self.keep_runs)) {
            self.engine
                .scan(key::RUN, &key::run(too_old), &mut |key, _| {
                    changes.push(Change::remove(key));
                    Ok(())
                })?;
        }
        changes.push(Change::put(key::run(number), bytes));
        self.fits(&changes, SHORTEN)?;
        let _unguarded = self.engine.apply(&changes, None)?;
        Ok(())
    }

    fn recent_runs(&self, limit: usize) -> Result<Vec<CycleReport>, StoreError> {
        let _turn = self.turn();
        let end = key::after(key::RUN);
        let Some(last) = self.engine.last_key(key::RUN, &end)? else {
            return Ok(Vec::new());
        };
        // Numbers have no gaps, so the first wanted one can be computed.
        let newest = key::run_number(&last).unwrap_or(u64::MAX);
        let wanted = u64::try_from(limit).unwrap_or(u64::MAX);
        let first = (newest.saturating_add(1)).saturating_sub(wanted);
        let mut runs = Vec::new();
        self.engine
            .scan(&key::run(first), &end, &mut |key, bytes| {
                runs.push(self.read::<RunRecord>(key, bytes)?.into_domain());
                Ok(())
            })?;
        runs.reverse();
        Ok(runs)
    }
}

impl<E: Engine> Inspect for Store<E> {
    fn opened(&self) -> Opened {
        self.engine.opened()
    }

    fn export(&self, exported_at: Timestamp) -> Result<String, StoreError> {
        let _turn = self.turn();
        self.export_in_turn(exported_at)
    }

    fn findings(&self) -> Result<Vec<String>, StoreError> {
        let findings = super::verify::verify(self)?;
        Ok(findings.iter().map(ToString::to_string).collect())
    }

    fn disk_bytes(&self) -> u64 {
        self.engine.disk_bytes()
    }
}
