//! `/admin/jobs`: the long work of the move, begun and watched from elsewhere. Its JSON is here too.
//!
//! What a job is asked and what it answers is `migrate`'s and passes through as text: this room
//! only knows verbs, numbers and how far a job is.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, RawQuery, State},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use super::{
    Answer, Desk, arguments, blocking, json, whole,
    wire::{Refusal, RefusalKind},
};
use crate::{
    domain::moving,
    ports::{self, JobError, JobRequest, Jobs, clock},
    server::Operations,
};

/// Largest request: thousands of names to adopt.
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// A client waits no longer for news at once: proxies and time-outs on the way like short answers.
pub const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// The answer of `POST /admin/jobs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Begun {
    /// Its number.
    pub job: u64,
}

/// The answer of `GET /admin/jobs`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Running {
    /// The job that runs, if one does.
    pub running: Option<Job>,
}

/// The answer of `POST /admin/jobs/{number}/stop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Stopping {
    /// Whether it ran and was asked to stop; `false` when it had ended.
    pub stopping: bool,
}

/// The answer of `GET /admin/jobs/{number}`: [`ports::Job`].
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Job {
    /// Its number.
    pub job: u64,
    /// `plan`, `apply`, …
    pub verb: String,
    /// How far it is; what `seen` of the next look should be.
    pub progress: Progress,
    /// How it ended, once it has.
    pub end: Option<End>,
}

/// [`moving::Progress`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Progress {
    /// A phase, or a word such as `reading`.
    pub doing: String,
    /// Changes that ended.
    pub done: usize,
    /// Changes there are.
    pub total: usize,
    /// Those that failed.
    pub failed: usize,
    /// Changes in a thousand seconds, lately.
    pub per_kilosecond: u64,
    /// Time left at that rate, in milliseconds.
    pub left_ms: Option<u64>,
}

/// [`ports::JobEnd`].
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct End {
    /// A closed word.
    pub end: String,
    /// One sentence for people; may be empty.
    pub message: String,
    /// The result, or null.
    pub document: Box<RawValue>,
}

/// `POST /admin/jobs`: a JSON object with a `verb` and what that verb wants.
pub(super) async fn begin(State(operations): Desk, body: Body) -> Answer {
    let jobs = desk(&operations)?;
    let bad = |why: &dyn std::fmt::Display| {
        let error = format!("the body of a job must be {{\"verb\":…}} and its arguments: {why}");
        Refusal::new(RefusalKind::BadRequest, error)
    };
    let bytes = whole(&operations, body, BODY_BYTES).await;
    let bytes = bytes.map_err(|why| bad(&why))?;
    let mut object: Map<String, Value> =
        serde_json::from_slice(&bytes).map_err(|error| bad(&error))?;
    let Some(Value::String(verb)) = object.remove("verb") else {
        return Err(bad(&"there is no `verb`"));
    };
    let arguments = Value::Object(object).to_string();
    let job = jobs.start(JobRequest { verb, arguments })?;
    json(&Begun { job })
}

/// `GET /admin/jobs`.
pub(super) async fn running(State(operations): Desk) -> Answer {
    let running = match &operations.jobs {
        None => None,
        Some(jobs) => jobs.running().map(Job::try_from).transpose()?,
    };
    json(&Running { running })
}

/// `GET /admin/jobs/{number}?wait=&seen=`. With `wait`, in seconds, it answers once the progress is
/// another than `seen` (JSON, as it was answered before) or the job has ended, or when that time is
/// over, at most [`LONGEST_WAIT`].
pub(super) async fn show(
    State(operations): Desk,
    Path(number): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let number = number_of(&number)?;
    let query = query.unwrap_or_default();
    let [wait, seen] = arguments(&query, ["wait", "seen"])?;
    let bad = |error: String| Refusal::new(RefusalKind::BadRequest, error);
    let wait = match wait.map(|text| text.parse::<u64>()) {
        None => Duration::ZERO,
        Some(Ok(seconds)) => Duration::from_secs(seconds).min(LONGEST_WAIT),
        Some(Err(_)) => return Err(bad("`wait` must be a number of seconds".to_owned())),
    };
    let seen: Progress = match seen.as_deref().map(serde_json::from_str) {
        None => Progress::default(),
        Some(Ok(seen)) => seen,
        Some(Err(error)) => {
            return Err(bad(format!("`seen` must be the last progress: {error}")));
        }
    };
    let jobs = desk(&operations)?;
    if !wait.is_zero() {
        let seen = seen.into();
        clock::timeout(&*operations.clock, wait, jobs.changed(number, &seen)).await;
    }
    let jobs = Arc::clone(jobs);
    // The document of a plan may have several MiB.
    blocking(move || {
        let job = jobs.look(number).ok_or_else(|| unknown(number))?;
        json(&Job::try_from(job)?)
    })
    .await
}

/// `POST /admin/jobs/{number}/stop`.
pub(super) async fn stop(State(operations): Desk, Path(number): Path<String>) -> Answer {
    let number = number_of(&number)?;
    let jobs = desk(&operations)?;
    let stopping = jobs.stop(number);
    if !stopping && jobs.look(number).is_none() {
        return Err(unknown(number));
    }
    json(&Stopping { stopping })
}

fn desk(operations: &Operations) -> Result<&Arc<dyn Jobs>, Refusal> {
    let jobs = operations.jobs.as_ref();
    jobs.ok_or_else(|| JobError::NoTarget.into())
}

fn number_of(text: &str) -> Result<u64, Refusal> {
    text.parse()
        .map_err(|_| Refusal::new(RefusalKind::BadRequest, "a job has a number"))
}

fn unknown(number: u64) -> Refusal {
    let error = format!(
        "there is no job {number}: only the last few are remembered, until the daemon stops; `lp2rc migrate status` shows the runs there were"
    );
    Refusal::new(RefusalKind::NotFound, error)
}

impl From<JobError> for Refusal {
    fn from(error: JobError) -> Self {
        let kind = match error {
            JobError::Busy { .. } => RefusalKind::Conflict,
            JobError::Request(_) | JobError::NoTarget => RefusalKind::BadRequest,
            JobError::Stopping => RefusalKind::Busy,
        };
        Self::new(kind, error.to_string())
    }
}

impl TryFrom<ports::Job> for Job {
    type Error = Refusal;

    fn try_from(job: ports::Job) -> Result<Self, Refusal> {
        let end = match job.end {
            None => None,
            Some(end) => Some(End {
                end: end.end,
                message: end.message,
                document: RawValue::from_string(end.document).map_err(|error| {
                    let error = format!("the result of job {} is no JSON: {error}", job.number);
                    Refusal::new(RefusalKind::Unexpected, error)
                })?,
            }),
        };
        Ok(Self {
            job: job.number,
            verb: job.verb,
            progress: job.progress.into(),
            end,
        })
    }
}

impl From<Job> for ports::Job {
    fn from(job: Job) -> Self {
        Self {
            number: job.job,
            verb: job.verb,
            progress: job.progress.into(),
            end: job.end.map(|end| ports::JobEnd {
                end: end.end,
                message: end.message,
                document: end.document.get().to_owned(),
            }),
        }
    }
}

impl From<moving::Progress> for Progress {
    fn from(progress: moving::Progress) -> Self {
        // Taken apart, so that a new fact cannot be forgotten here.
        let moving::Progress {
            doing,
            done,
            total,
            failed,
            per_kilosecond,
            left,
        } = progress;
        Self {
            doing,
            done,
            total,
            failed,
            per_kilosecond,
            left_ms: left.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

impl From<Progress> for moving::Progress {
    fn from(progress: Progress) -> Self {
        Self {
            doing: progress.doing,
            done: progress.done,
            total: progress.total,
            failed: progress.failed,
            per_kilosecond: progress.per_kilosecond,
            left: progress.left_ms.map(Duration::from_millis),
        }
    }
}
