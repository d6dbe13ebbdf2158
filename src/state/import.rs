//! Taking an export in: everything is checked before anything is written.

use std::path::PathBuf;

use super::{
    engine::{Applied, BATCH, Change, Engine, scan_all},
    export::{self, Export, export_to_file},
    key,
    record::{
        self, AgentLinkRecord, ChangeRecord, CounterRow, CursorRecord, DepartmentLinkRecord,
        IdentityRecord, LatchRecord, MoveRunRecord, OutcomeRecord, RosterRecord, RunRecord,
        Unreadable,
    },
    store::{SCHEMA, Store},
    tally::Tally,
};
use crate::{
    domain::{Cursor, Generation, Timestamp},
    ports::StoreError,
};

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Records taken in.
    pub records: usize,
    /// Generation of the store now. Above the one before, so that whoever still works with the
    /// old content gets a conflict.
    pub generation: Generation,
    /// When the export was made.
    pub exported_at: Timestamp,
    /// Where the content from before was exported to; `None` when there was none, or no disk.
    pub before: Option<PathBuf>,
}

/// Replaces the content of `store` by an export. What was there is exported first, beside the
/// database as `before-import-<epoch milliseconds>.jsonl`.
///
/// An import that is cut off leaves a marker; the next start then restores the last own export.
pub fn import<E: Engine>(
    store: &Store<E>,
    text: &str,
    now: Timestamp,
) -> Result<Imported, StoreError> {
    let export = export::read("the export", text)?;
    let (cursor, tally) = check(store, &export)?;

    let mut turn = store.turn();
    let (stored, _, _) = store.cursor()?;
    let mut old_keys = Vec::new();
    scan_all(&store.engine, &mut |key, _| {
        if !key.starts_with(key::META) {
            old_keys.push(key.to_owned());
        }
        Ok(())
    })?;
    let mut before = None;
    if !old_keys.is_empty()
        && let Some(dir) = store.dir()
    {
        let path = dir.join(format!("before-import-{}.jsonl", now.millis()));
        export_to_file(&path, &store.export_in_turn(now)?)?;
        before = Some(path);
    }

    let generation = if old_keys.is_empty() {
        export.generation
    } else {
        export.generation.max(stored.next())
    };
    let mut changes = vec![Change::put(key::UNSETTLED, key::IMPORT.to_vec())];
    changes.extend(
        old_keys
            .into_iter()
            .filter(|key| export.rows.binary_search_by(|row| row.0.cmp(key)).is_err())
            .map(Change::remove),
    );
    changes.extend(export.rows.iter().map(|(key, value)| {
        let value = match &cursor {
            Some(cursor) if key == key::CURSOR => {
                record::encode(&CursorRecord::new(generation, cursor, tally))
            }
            Some(_) | None => value.as_bytes().to_vec(),
        };
        Change::put(key.clone(), value)
    }));
    if changes.len() < BATCH {
        // One batch is whole or not there at all: no marker needed.
        changes.remove(0);
    } else {
        changes.push(Change::remove(key::UNSETTLED));
    }
    turn.tally = None;
    match store.engine.apply(&changes, None)? {
        Applied::Done | Applied::Refused => turn.tally = Some(tally),
    }
    Ok(Imported {
        records: export.records(),
        generation,
        exported_at: export.exported_at,
        before,
    })
}

/// Decodes every record, so that nothing unreadable gets in. Gives the cursor, and the tally of
/// the rows as they are: an export may have been made after a commit that was cut off.
fn check<E: Engine>(
    store: &Store<E>,
    export: &Export<'_>,
) -> Result<(Option<Cursor>, Tally), StoreError> {
    if export.schema > SCHEMA {
        return Err(StoreError::Newer {
            path: "the export".to_owned(),
            found: export.schema,
            known: SCHEMA,
        });
    }
    if export.schema < SCHEMA {
        return Err(StoreError::Damaged {
            what: "the export".to_owned(),
            why: format!(
                "it has schema {}, and there is no way from there to {SCHEMA}",
                export.schema
            ),
        });
    }
    let mut cursor = None;
    let mut generation = Generation::default();
    let mut tally = Tally::default();
    for (key, value) in &export.rows {
        let bytes = value.as_bytes();
        let kept = match family(key) {
            Family::Roster => record::decode::<RosterRecord>(bytes).map(drop),
            Family::Identity => record::decode::<IdentityRecord>(bytes).map(drop),
            Family::Counter => record::decode::<CounterRow>(bytes).map(drop),
            Family::Run => record::decode::<RunRecord>(bytes).map(drop),
            Family::Latch => record::decode::<LatchRecord>(bytes).map(drop),
            Family::MoveRun => record::decode::<MoveRunRecord>(bytes).map(drop),
            Family::MoveChange => record::decode::<ChangeRecord>(bytes).map(drop),
            Family::MoveOutcome => record::decode::<OutcomeRecord>(bytes).map(drop),
            Family::AgentLink => record::decode::<AgentLinkRecord>(bytes).map(drop),
            Family::DepartmentLink => record::decode::<DepartmentLinkRecord>(bytes).map(drop),
            Family::Cursor => record::decode::<CursorRecord>(bytes).map(|record| {
                let (found, read) = record.into_domain();
                generation = found;
                cursor = Some(read);
            }),
            Family::Unknown => Err(Unreadable::Broken("it has no known kind".to_owned())),
        };
        kept.map_err(|why| store.unreadable(key, why))?;
        if matches!(family(key), Family::Roster | Family::Identity) {
            tally.add(key, bytes);
        }
    }
    if generation != export.generation {
        return Err(StoreError::Damaged {
            what: "the export".to_owned(),
            why: "its first line and its cursor disagree about the generation".to_owned(),
        });
    }
    Ok((cursor, tally))
}

/// Kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Roster,
    Identity,
    Counter,
    Run,
    Cursor,
    Latch,
    MoveRun,
    MoveChange,
    MoveOutcome,
    AgentLink,
    DepartmentLink,
    Unknown,
}

/// The kind of record under a key.
pub(crate) fn family(key: &str) -> Family {
    let prefixes = [
        (key::ROSTER, Family::Roster),
        (key::IDENTITY, Family::Identity),
        (key::COUNTER, Family::Counter),
        (key::MOVE_RUN, Family::MoveRun),
        (key::AGENT_LINK, Family::AgentLink),
        (key::DEPARTMENT_LINK, Family::DepartmentLink),
    ];
    if key == key::CURSOR {
        Family::Cursor
    } else if key == key::LATCH {
        Family::Latch
    } else if key::run_number(key).is_some() {
        Family::Run
    } else if key::place_in_run(key::MOVE_CHANGE, key).is_some() {
        Family::MoveChange
    } else if key::place_in_run(key::MOVE_OUTCOME, key).is_some() {
        Family::MoveOutcome
    } else {
        prefixes
            .into_iter()
            .find(|(prefix, _)| key.starts_with(prefix))
            .map_or(Family::Unknown, |(_, family)| family)
    }
}
