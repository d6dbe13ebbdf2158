//! The conversations' documents: a database of their own beside the bridge's, so that visitors'
//! traffic neither slows nor endangers the mapping, and no visitor's text gets into an export
//! (ADR 6).

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{Mutex, PoisonError},
};

use super::engine::BATCH;
use crate::ports::{DOCUMENT_LIMIT, Documents, Edit, Look, Order, StoreError};

/// Whether every document is within the limit. `place` is the database.
pub(super) fn fits(edits: &[Edit], place: &str) -> Result<(), StoreError> {
    for edit in edits {
        let bytes = edit.key.len() + edit.value.as_ref().map_or(0, Vec::len);
        if bytes > DOCUMENT_LIMIT {
            let family = edit.key.split('/').next().unwrap_or_default();
            let why = format!(
                "a document of the kind `{family}` has {bytes} bytes, at most {DOCUMENT_LIMIT} can be kept; send shorter texts"
            );
            return Err(StoreError::Io {
                doing: "keep a document",
                path: place.to_owned(),
                source: std::io::Error::new(std::io::ErrorKind::InvalidInput, why),
            });
        }
    }
    Ok(())
}

/// The batches of one write.
pub(super) fn batches(edits: &[Edit]) -> impl Iterator<Item = &[Edit]> {
    edits.chunks(BATCH)
}

/// Documents that live as long as the process.
#[derive(Debug, Default)]
pub struct MemoryDocuments {
    table: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Documents for MemoryDocuments {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(table.get(key).cloned())
    }

    fn walk(
        &self,
        from: &str,
        to: &str,
        order: Order,
        look: &mut Look<'_>,
    ) -> Result<(), StoreError> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut range = table.range(from.to_owned()..to.to_owned());
        loop {
            let next = match order {
                Order::Ascending => range.next(),
                Order::Descending => range.next_back(),
            };
            let Some((key, value)) = next else {
                return Ok(());
            };
            if let ControlFlow::Break(()) = look(key, value) {
                return Ok(());
            }
        }
    }

    fn write(&self, edits: &[Edit]) -> Result<(), StoreError> {
        fits(edits, "memory")?;
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        for edit in edits {
            match &edit.value {
                Some(value) => table.insert(edit.key.clone(), value.clone()),
                None => table.remove(&edit.key),
            };
        }
        Ok(())
    }

    fn settle(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn disk_bytes(&self) -> u64 {
        0
    }
}
