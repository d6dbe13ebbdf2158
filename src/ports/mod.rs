//! The borders of the centre, in its own words: what it asks of the source, the store, the clock
//! and of those who want a cycle run. Each comment is a contract that engines must keep.

pub mod clock;
pub mod control;
pub mod documents;
pub mod jobs;
pub mod moving;
pub mod post;
pub mod publish;
pub mod rooms;
pub mod source;
pub mod store;
pub mod target;

/// A boxed future, so that ports can be trait objects.
pub type Future<'a, T> = std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

pub use clock::{Clock, ManualClock, SystemClock};
pub use control::{Control, ControlError, Cycle, CycleError, CycleRequest};
pub use documents::{DOCUMENT_LIMIT, Documents, Edit, Look, Order};
pub use jobs::{Job, JobEnd, JobError, JobRequest, Jobs};
pub use moving::{Amendment, Believed, Centre, JournalStore, News};
pub use post::{Letter, Post, PostError};
pub use publish::Publish;
pub use rooms::{NoRooms, OpenRooms};
pub use source::{Examine, PollRequest, Source, SourceError, SourceFault};
pub use store::{
    BridgeStore, Commit, CounterRecord, CounterStore, Inspect, Latch, LatchReason, LatchStore,
    Opened, RunStore, StoreError, Stored,
};
pub use target::{Target, TargetError, TargetFault};

/// Runs what blocks, as the store's methods do, on the blocking pool; a panic in it goes on here.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
