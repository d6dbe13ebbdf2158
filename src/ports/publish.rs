//! Handing a finished cycle to those who answer.

use std::{sync::Arc, time::Duration};

use crate::domain::Snapshot;

/// Whoever answers from the latest snapshot. Called after the commit is durable, never before.
pub trait Publish: Send + Sync + 'static {
    /// Replaces the snapshot. `age` is how old its view of the source is: zero after a poll, more
    /// after a restart; `None` means that the source was never seen.
    fn publish(&self, snapshot: Arc<Snapshot>, age: Option<Duration>);

    /// Replaces the snapshot by one that tells no news of the source: how old its view is stays as
    /// it was. `age` counts only where nothing was published before.
    fn amend(&self, snapshot: Arc<Snapshot>, age: Option<Duration>);

    /// The source was read and nothing changed: the published snapshot is young again.
    fn confirm(&self);
}
