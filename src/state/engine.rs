//! What an engine must do: one ordered table of small values, written in batches.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::key;
use crate::ports::{Opened, StoreError};

/// Most changes of one batch: one huge batch costs memory and time (100,000 records at once took
/// 605 MB and 1.4 times as long as in batches of 2,000, which took 213 MB).
pub(crate) const BATCH: usize = 2_000;

/// One key and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub(crate) key: String,
    /// `None` removes the key.
    pub(crate) value: Option<Vec<u8>>,
}

impl Change {
    pub(crate) fn put(key: impl Into<String>, value: Vec<u8>) -> Self {
        Self {
            key: key.into(),
            value: Some(value),
        }
    }

    pub(crate) fn remove(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: None,
        }
    }
}

/// What must still be true when the last batch is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    pub(crate) key: String,
    /// The value's bytes; `None` means that the key must be absent.
    pub(crate) expected: Option<Vec<u8>>,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Applied {
    /// Durable.
    Done,
    /// The guard did not hold; the last batch was not written.
    Refused,
}

/// Looks at one key and its value; an error ends the scan.
pub type Visit<'a> = dyn FnMut(&str, &[u8]) -> Result<(), StoreError> + 'a;

/// One ordered table. The store calls it from one thread at a time.
pub trait Engine: Send + Sync + 'static {
    /// The value of a key.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Visits the keys from `from` up to, not including, `to`, in order.
    fn scan(&self, from: &str, to: &str, visit: &mut Visit<'_>) -> Result<(), StoreError>;

    /// The greatest key before `to`, if it is not before `from`.
    fn last_key(&self, from: &str, to: &str) -> Result<Option<String>, StoreError>;

    /// Writes the changes in their order, in batches of at most [`BATCH`], each of them atomic. The
    /// last batch is as full as it can be; the guard is checked together with it. When it returns `Done`, everything
    /// survives kill -9 and power loss; an error means that nobody knows, and that the caller
    /// must load again.
    fn apply(&self, changes: &[Change], guard: Option<&Guard>) -> Result<Applied, StoreError>;

    /// Size on disk in bytes.
    fn disk_bytes(&self) -> u64;

    /// The directory, for engines that have one.
    fn dir(&self) -> Option<&Path>;

    /// How it came up.
    fn opened(&self) -> Opened;
}

/// A table that lives as long as the process.
#[derive(Debug, Default)]
pub struct Memory {
    table: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Memory {
    fn table(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for Memory {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.table().get(key).cloned())
    }

    fn scan(&self, from: &str, to: &str, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        for (key, value) in self.table().range(from.to_owned()..to.to_owned()) {
            visit(key, value)?;
        }
        Ok(())
    }

    fn last_key(&self, from: &str, to: &str) -> Result<Option<String>, StoreError> {
        let table = self.table();
        let mut range = table.range(from.to_owned()..to.to_owned());
        Ok(range.next_back().map(|(key, _)| key.clone()))
    }

    fn apply(&self, changes: &[Change], guard: Option<&Guard>) -> Result<Applied, StoreError> {
        let mut table = self.table();
        if let Some(guard) = guard
            && table.get(&guard.key) != guard.expected.as_ref()
        {
            return Ok(Applied::Refused);
        }
        for change in changes {
            match &change.value {
                Some(value) => table.insert(change.key.clone(), value.clone()),
                None => table.remove(&change.key),
            };
        }
        Ok(Applied::Done)
    }

    fn disk_bytes(&self) -> u64 {
        0
    }

    fn dir(&self) -> Option<&Path> {
        None
    }

    fn opened(&self) -> Opened {
        Opened::New
    }
}

/// Everything there is, key by key.
pub(crate) fn scan_all(engine: &dyn Engine, visit: &mut Visit<'_>) -> Result<(), StoreError> {
    engine.scan("", "\u{10ffff}", visit)
}

/// Everything with one prefix, which must be a family of [`key`].
pub(crate) fn scan_family(
    engine: &dyn Engine,
    prefix: &str,
    visit: &mut Visit<'_>,
) -> Result<(), StoreError> {
    engine.scan(prefix, &key::after(prefix), visit)
}
