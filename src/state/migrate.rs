//! From an older key layout to this program's, one step at a time, after an automatic export.
//!
//! A step is pure: it gets every record and says what changes. Up to 2,000 changes are written in
//! one go; above that a marker shows a step that was cut off, and the export from before is there.

use super::{
    engine::{Applied, Change, Engine, scan_all},
    key,
};
use crate::ports::StoreError;

/// Every record of the layout before, in key order.
pub(crate) type Rows = Vec<(String, Vec<u8>)>;

/// One step up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// The schema it starts from; it ends at the next one.
    pub(crate) from: u32,
    /// What changes.
    pub(crate) step: fn(&Rows) -> Vec<Change>,
}

/// Every step there is, oldest first. None yet: schema 1 is the first one.
pub(crate) const MIGRATIONS: &[Migration] = &[];

/// What is to be done about the schema of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    /// Nothing was ever written.
    Empty,
    /// There are records, but no schema number: a first write was cut off, or it is not ours.
    Missing,
    /// This one.
    Found(u32),
}

pub(crate) fn found(engine: &dyn Engine) -> Result<Schema, StoreError> {
    if let Some(bytes) = engine.get(key::SCHEMA)? {
        return std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.parse().ok())
            .map(Schema::Found)
            .ok_or_else(|| StoreError::Damaged {
                what: format!("the record `{}`", key::SCHEMA),
                why: "it is not a number".to_owned(),
            });
    }
    Ok(match engine.last_key("", "\u{10ffff}")? {
        None => Schema::Empty,
        Some(_) => Schema::Missing,
    })
}

/// The record that says `schema`.
pub(crate) fn stamp(schema: u32) -> Change {
    Change::put(key::SCHEMA, schema.to_string().into_bytes())
}

/// Walks from schema `from` up to `known`. `export` is called once, before the first step.
pub(crate) fn climb(
    engine: &dyn Engine,
    place: &str,
    (from, known): (u32, u32),
    migrations: &[Migration],
    export: &mut dyn FnMut(u32) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if from > known {
        return Err(StoreError::Newer {
            path: place.to_owned(),
            found: from,
            known,
        });
    }
    let steps: Vec<_> = (from..known)
        .map(|schema| migrations.iter().find(|step| step.from == schema))
        .collect::<Option<_>>()
        .ok_or_else(|| StoreError::Damaged {
            what: format!("the state in {place}"),
            why: format!("it has schema {from}, and there is no way from there to {known}"),
        })?;
    for (place, step) in steps.into_iter().enumerate() {
        if place == 0 {
            export(from)?;
        }
        let mut rows = Rows::new();
        scan_all(engine, &mut |key, value| {
            if !key.starts_with(key::META) {
                rows.push((key.to_owned(), value.to_vec()));
            }
            Ok(())
        })?;
        let mut changes = vec![Change::put(key::UNSETTLED, key::MIGRATION.to_vec())];
        changes.extend((step.step)(&rows));
        changes.push(stamp(step.from + 1));
        changes.push(Change::remove(key::UNSETTLED));
        match engine.apply(&changes, None)? {
            Applied::Done | Applied::Refused => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::engine::Memory;

    const STEPS: &[Migration] = &[
        Migration {
            from: 1,
            step: |rows| {
                rows.iter()
                    .map(|(key, value)| Change::put(format!("{key}-one"), value.clone()))
                    .collect()
            },
        },
        Migration {
            from: 2,
            step: |rows| vec![Change::put("count", rows.len().to_string().into_bytes())],
        },
    ];

    fn table(schema: u32) -> Memory {
        let memory = Memory::default();
        let rows = [Change::put("a", b"{}".to_vec()), stamp(schema)];
        assert_eq!(memory.apply(&rows, None).unwrap(), Applied::Done);
        memory
    }

    #[test]
    fn every_step_is_taken_in_order_after_one_export() {
        let memory = table(1);
        let mut exports = Vec::new();
        climb(&memory, "here", (1, 3), STEPS, &mut |from| {
            exports.push(from);
            Ok(())
        })
        .unwrap();
        assert_eq!(exports, [1]);
        assert_eq!(found(&memory).unwrap(), Schema::Found(3));
        assert_eq!(memory.get("a-one").unwrap().unwrap(), b"{}");
        assert_eq!(memory.get("count").unwrap().unwrap(), b"2");
        assert_eq!(memory.get(key::UNSETTLED).unwrap(), None);
    }

    #[test]
    fn nothing_to_do_exports_nothing() {
        climb(&table(3), "here", (3, 3), STEPS, &mut |_| {
            panic!("there is nothing to export for")
        })
        .unwrap();
    }

    #[test]
    fn a_failed_export_stops_the_climb_before_it_begins() {
        let memory = table(1);
        let refused = climb(&memory, "here", (1, 3), STEPS, &mut |_| {
            Err(StoreError::Io {
                doing: "write an export",
                path: "there".to_owned(),
                source: std::io::ErrorKind::StorageFull.into(),
            })
        });
        assert!(matches!(refused, Err(StoreError::Io { .. })));
        assert_eq!(found(&memory).unwrap(), Schema::Found(1));
        assert_eq!(memory.get("a-one").unwrap(), None);
    }

    #[test]
    fn an_unknown_or_newer_schema_is_refused_untouched() {
        let refused = climb(&table(0), "here", (0, 3), STEPS, &mut |_| Ok(()));
        assert!(matches!(refused, Err(StoreError::Damaged { .. })));
        let refused = climb(&table(4), "here", (4, 3), STEPS, &mut |_| Ok(()));
        assert!(matches!(
            refused,
            Err(StoreError::Newer {
                found: 4,
                known: 3,
                ..
            })
        ));
    }
}
