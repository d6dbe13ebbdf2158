//! Durable documents under ordered keys, for what is written often and in small pieces: the
//! conversations. Writing and making durable are two steps here, so that many writers can share one
//! fsync; nobody is told "kept" before the second. All methods block.

use std::ops::ControlFlow;

use super::store::StoreError;

/// One key and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The key.
    pub key: String,
    /// The document's bytes, at most [`DOCUMENT_LIMIT`]; `None` removes the key.
    pub value: Option<Vec<u8>>,
}

/// Most bytes of one document (DESIGN decision "sled": bigger values are not synced).
pub const DOCUMENT_LIMIT: usize = 32 * 1024;

/// Which end a walk begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Greatest key first.
    Descending,
}

/// Looks at one key and its document, and says whether to go on.
pub type Look<'a> = dyn FnMut(&str, &[u8]) -> ControlFlow<()> + 'a;

/// One ordered table of documents with one owner.
pub trait Documents: Send + 'static {
    /// The document of a key, as last written, durable or not.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Looks at the keys from `from` up to, not including, `to`.
    fn walk(
        &self,
        from: &str,
        to: &str,
        order: Order,
        look: &mut Look<'_>,
    ) -> Result<(), StoreError>;

    /// Writes the edits, in atomic batches of at most 2,000: seen by later reads at once, durable
    /// after [`Self::settle`]. After an error what was not settled may be gone.
    fn write(&self, edits: &[Edit]) -> Result<(), StoreError>;

    /// When it returns, every write before it survives kill -9 and power loss.
    fn settle(&self) -> Result<(), StoreError>;

    /// Size on disk in bytes; 0 for engines without a disk.
    fn disk_bytes(&self) -> u64;
}
