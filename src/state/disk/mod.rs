//! sled 0.34.7 on a disk. This is the only place that knows it.
//!
//! `<state dir>/db/` is sled's directory; inside it sled keeps a data file that is called `db`
//! too, `conf`, `snap.*` and `blobs/`.

mod documents;
mod durable;
mod engine;
mod opening;
mod panics;
mod quarantine;
mod snapshots;

use std::sync::Arc;

pub use documents::DiskDocuments;
pub use durable::{Durable, Fsync};
pub use engine::Disk;

use super::store::Store;
use crate::{
    config::StateConfig,
    domain::Timestamp,
    ports::{Clock as _, StoreError, SystemClock},
};

/// sled's directory below the state directory.
pub(crate) const DATABASE: &str = "db";

/// The last own export, below the state directory.
pub const EXPORT: &str = "export.jsonl";

/// A store in sled.
pub type SledStore = Store<Disk>;

impl SledStore {
    /// Opens the state in `config.dir`, making it (mode 0700) when there is none, and repairing
    /// it when it is damaged; [`crate::ports::Inspect::opened`] says what happened, and so does
    /// one log line with what to do.
    ///
    /// Blocks: about 100 ms with 100,000 records. Errors: `Locked` at once when another process
    /// has it; `Newer` when a newer version wrote it; `Io` with the path when the system refuses.
    pub fn open(config: &StateConfig) -> Result<Self, StoreError> {
        Self::open_with(config, SystemClock::new().now(), Arc::new(Fsync))
    }

    /// The same at a given moment (it names the quarantine) and with a given last step.
    pub fn open_with(
        config: &StateConfig,
        now: Timestamp,
        durable: Arc<dyn Durable>,
    ) -> Result<Self, StoreError> {
        opening::open(config, now, durable)
    }
}
