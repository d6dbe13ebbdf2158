//! Long work of the move: where the state is, there it is done, and others watch.

use super::Future;
use crate::domain::moving::Progress;

/// What is asked for: a verb of the move and its arguments as JSON, which only `migrate` reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRequest {
    /// `plan`, `apply`, …
    pub verb: String,
    /// A JSON object.
    pub arguments: String,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// A closed word, from which the command line makes its exit code: see `migrate::End`.
    pub end: String,
    /// One sentence for people; empty when there is nothing to add to the document.
    pub message: String,
    /// The result as a JSON object, which only `migrate` and the command line read; `null` when
    /// there is none.
    pub document: String,
}

/// A job as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number; they rise.
    pub number: u64,
    /// Its verb.
    pub verb: String,
    /// How far it is.
    pub progress: Progress,
    /// How it ended, once it has.
    pub end: Option<JobEnd>,
}

/// Why a job was not begun.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JobError {
    /// One at a time.
    #[error(
        "the move is busy with `{verb}` (job {number}); wait for it, or look with `lp2rc migrate status`"
    )]
    Busy {
        /// Verb of the job that runs.
        verb: String,
        /// Its number.
        number: u64,
    },
    /// The request cannot be read.
    #[error("{0}")]
    Request(String),
    /// Nothing to move to.
    #[error(
        "there is no [rocketchat] in the configuration of the running daemon; add it and restart the daemon"
    )]
    NoTarget,
    /// The process is shutting down.
    #[error("the bridge is stopping; ask again after it has started")]
    Stopping,
}

/// Beginning and watching jobs. One runs at a time; the last few that ended are remembered.
pub trait Jobs: Send + Sync + 'static {
    /// Begins a job and gives its number.
    fn start(&self, request: JobRequest) -> Result<u64, JobError>;

    /// Asks the job to stop in order: what it is writing is finished, the rest stays undone. Does not
    /// wait. `false` when no job of that number runs.
    fn stop(&self, number: u64) -> bool;

    /// The job of that number, if it is remembered.
    fn look(&self, number: u64) -> Option<Job>;

    /// The job that runs, if one does; never one that only looks at where the move stands.
    fn running(&self) -> Option<Job>;

    /// Completes when the job has changed from `seen`, or ended, or is not remembered.
    fn changed<'a>(&'a self, number: u64, seen: &'a Progress) -> Future<'a, ()>;
}
