//! Running a cycle: what the poll loop needs, and what those who ask for a cycle see of it.

use super::Future;
use crate::{
    domain::{CycleReport, Trigger},
    ports::{source::SourceError, store::StoreError},
};

/// How a cycle shall be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CycleRequest {
    /// Who wants it.
    pub trigger: Trigger,
    /// Look and compare, keep nothing and publish nothing.
    pub dry_run: bool,
    /// Take a doubtful fall as true, this once.
    pub accept_fall: bool,
}

impl CycleRequest {
    /// An ordinary cycle.
    pub fn from_trigger(trigger: Trigger) -> Self {
        Self {
            trigger,
            dry_run: false,
            accept_fall: false,
        }
    }
}

/// Why a cycle did not finish. Nothing that is served has changed by it, except that a step that
/// was already keeping its result at the deadline runs to its end.
#[derive(Debug, thiserror::Error)]
pub enum CycleError {
    /// The source could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The state could not be read or kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It took longer than the schedule allows.
    #[error(
        "the cycle took longer than {0:?} (`schedule.deadline`) and was given up; what it was already keeping is still finished; look at the source, or raise the deadline"
    )]
    Deadline(std::time::Duration),
}

/// One whole cycle: read, merge, map, keep, publish. The caller guarantees that no two run at
/// once. Cancel-safe: a dropped cycle has either committed and published, or neither.
pub trait Cycle: Send + Sync + 'static {
    /// Runs one cycle.
    fn run(&self, request: CycleRequest) -> Future<'_, Result<CycleReport, CycleError>>;

    /// Ends the session with the source, politely and without waiting long. Called once, last.
    fn close(&self) -> Future<'_, ()>;
}

/// Why a requested cycle gave no report.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The loop is shutting down.
    #[error("the bridge is stopping; ask again after it has started")]
    Stopping,
    /// The cycle itself failed.
    #[error("{0}")]
    Failed(std::sync::Arc<CycleError>),
}

/// Asking the poll loop for a cycle. Requests never run beside another cycle: they wait for it.
pub trait Control: Send + Sync + 'static {
    /// Runs one cycle as soon as the running one is over, and gives its report.
    fn sync_now(&self, request: CycleRequest) -> Future<'_, Result<CycleReport, ControlError>>;
}
