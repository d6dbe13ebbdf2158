//! The engine of the [`Jobs`] port: one job at a time, and the last few that ended are remembered.
//!
//! What a job does is given to [`Desk::new`] as a function; here is only order: who may begin, who
//! is told, how a job is stopped, and that a panic in it ends the job and nothing else. Looking at
//! where the move stands takes no place: `status` runs beside a running job, and says what it does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    telling::{Seen, Teller},
    wire::{End, Request},
};
use crate::{
    domain::moving::Progress,
    ports::{Clock, Future, Job, JobEnd, JobError, JobRequest, Jobs, blocking},
};

/// Jobs that ended are remembered up to this number.
const REMEMBERED: usize = 8;

/// Their documents take no more memory than this, the newest one aside: plans of a big centre have
/// several MiB each.
const REMEMBERED_BYTES: usize = 32 * 1024 * 1024;

/// So many may look at where the move stands at once.
const LOOKERS: usize = 8;

/// What a job is given.
pub struct Order {
    /// What is asked.
    pub request: Request,
    /// Where to tell how far it is.
    pub progress: Teller,
    /// Cancelled when the job shall stop in order: what is being written is finished and journalled,
    /// nothing new is begun, and the end is [`End::Interrupted`].
    pub stop: CancellationToken,
    /// The job that runs meanwhile, in words; empty when none does. Only a `status` can see one.
    pub doing: String,
}

/// What a job came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// How it ended.
    pub end: End,
    /// One sentence for people, with what to do next; empty when the document says it all.
    pub message: String,
    /// One of [`super::wire`]'s documents; null when there is none.
    pub document: serde_json::Value,
}

impl Finished {
    /// An end with its document.
    pub fn with(end: End, message: impl Into<String>, document: &impl Serialize) -> Self {
        match serde_json::to_value(document) {
            Ok(document) => Self {
                end,
                message: message.into(),
                document,
            },
            Err(error) => Self::bare(End::Broken, format!("cannot write the result: {error}")),
        }
    }

    /// An end without a document.
    pub fn bare(end: End, message: impl Into<String>) -> Self {
        Self {
            end,
            message: message.into(),
            document: serde_json::Value::Null,
        }
    }
}

type Work = dyn Fn(Order) -> Future<'static, Finished> + Send + Sync;

/// Where jobs are begun and watched.
pub struct Desk {
    clock: Arc<dyn Clock>,
    work: Arc<Work>,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    last: u64,
    jobs: BTreeMap<u64, Kept>,
    closed: bool,
}

struct Kept {
    verb: &'static str,
    /// Whether it runs beside the others.
    aside: bool,
    seen: Arc<watch::Sender<Seen>>,
    stop: CancellationToken,
}

impl Kept {
    fn runs(&self) -> bool {
        self.seen.borrow().end.is_none()
    }

    fn job(&self, number: u64) -> Job {
        let seen = self.seen.borrow();
        Job {
            number,
            verb: self.verb.to_owned(),
            progress: seen.progress.clone(),
            end: seen.end.clone(),
        }
    }
}

impl Desk {
    /// A desk at which `work` does the jobs. [`Jobs::start`] must then be called inside a tokio
    /// runtime.
    pub fn new<W, F>(clock: Arc<dyn Clock>, work: W) -> Self
    where
        W: Fn(Order) -> F + Send + Sync + 'static,
        F: std::future::Future<Output = Finished> + Send + 'static,
    {
        Self {
            clock,
            work: Arc::new(move |order| Box::pin(work(order))),
            book: Arc::default(),
        }
    }

    /// Begins nothing any more, asks what runs to stop in order, and waits until it has.
    pub async fn close(&self) {
        let waiting: Vec<_> = {
            let mut book = book(&self.book);
            book.closed = true;
            let running = book.jobs.values().filter(|kept| kept.runs());
            running
                .map(|kept| {
                    kept.stop.cancel();
                    kept.seen.subscribe()
                })
                .collect()
        };
        for mut seen in waiting {
            // An error means that the job is forgotten: then it has ended.
            let _ = seen.wait_for(|seen| seen.end.is_some()).await;
        }
    }

    /// A place for the job, unless there is none.
    fn admit(&self, request: Request) -> Result<(u64, Order), JobError> {
        let mut book = book(&self.book);
        if book.closed {
            return Err(JobError::Stopping);
        }
        let aside = request == Request::Status;
        let rival = book.rival(aside);
        if let Some((number, kept)) = rival {
            let verb = kept.verb.to_owned();
            return Err(JobError::Busy { verb, number });
        }
        let doing = book
            .busy()
            .map(|(number, kept)| in_words(&kept.job(number)));
        book.last += 1;
        let (number, verb) = (book.last, request.verb());
        let seen = Arc::new(watch::Sender::new(Seen::default()));
        let stop = CancellationToken::new();
        let order = Order {
            request,
            progress: Teller::new(Arc::clone(&self.clock), Arc::clone(&seen)),
            stop: stop.clone(),
            doing: doing.unwrap_or_default(),
        };
        let kept = Kept {
            verb,
            aside,
            seen,
            stop,
        };
        book.jobs.insert(number, kept);
        Ok((number, order))
    }
}

impl Book {
    /// The job that has the one place.
    fn busy(&self) -> Option<(u64, &Kept)> {
        let mut jobs = self.jobs.iter();
        jobs.find(|(_, kept)| !kept.aside && kept.runs())
            .map(|(number, kept)| (*number, kept))
    }

    /// The running job that stands in the way of another one.
    fn rival(&self, aside: bool) -> Option<(u64, &Kept)> {
        if !aside {
            return self.busy();
        }
        let jobs = self.jobs.iter();
        jobs.filter(|(_, kept)| kept.aside && kept.runs())
            .nth(LOOKERS - 1)
            .map(|(number, kept)| (*number, kept))
    }

    /// Forgets the oldest of those that ended, looks at the move before work on it. Never the one
    /// that ended just now, nor the newest work: somebody is about to read them.
    fn forget(&mut self, just_now: u64) {
        let ended: Vec<_> = self
            .jobs
            .iter()
            .filter_map(|(number, kept)| {
                let seen = kept.seen.borrow();
                Some((!kept.aside, *number, seen.end.as_ref()?.document.len()))
            })
            .collect();
        let newest_work = ended.iter().filter(|(work, ..)| *work).map(|(_, n, _)| *n);
        let newest_work = newest_work.max();
        let (mut count, mut older) = (ended.len(), ended);
        older.retain(|(_, number, _)| *number != just_now && Some(*number) != newest_work);
        older.sort_unstable();
        let mut bytes: usize = older.iter().map(|(_, _, bytes)| bytes).sum();
        for (_, number, size) in older {
            if count <= REMEMBERED && bytes <= REMEMBERED_BYTES {
                return;
            }
            self.jobs.remove(&number);
            (count, bytes) = (count - 1, bytes - size);
        }
    }
}

impl Jobs for Desk {
    fn start(&self, request: JobRequest) -> Result<u64, JobError> {
        let request = read(&request).map_err(JobError::Request)?;
        let (number, order) = self.admit(request)?;
        let (work, verb) = (Arc::clone(&self.work), order.request.verb());
        // A task of its own around it: a panic is then an answer like any other.
        let job = tokio::spawn(async move { work(order).await });
        let all = Arc::clone(&self.book);
        tokio::spawn(async move {
            let finished = match job.await {
                Ok(finished) => finished,
                Err(error) if error.is_panic() => Finished::bare(
                    End::Broken,
                    format!(
                        "`migrate {verb}` broke inside the bridge, the panic on its stderr says where, please report it; what was written is in the journal, look with `lp2rc migrate status`"
                    ),
                ),
                Err(_) => Finished::bare(End::Interrupted, "the bridge stopped"),
            };
            let how = finished.end.word();
            tracing::info!(
                job.number = number,
                job.verb = verb,
                "job {number}, `migrate {verb}`, ended: {how}"
            );
            let Finished {
                message, document, ..
            } = finished;
            let end = JobEnd {
                end: how.to_owned(),
                message,
                // Several MiB for a big centre: not on a thread that answers visitors.
                document: blocking(move || document.to_string()).await,
            };
            let mut book = book(&all);
            if let Some(kept) = book.jobs.get(&number) {
                kept.seen.send_modify(|seen| seen.end = Some(end));
            }
            book.forget(number);
        });
        Ok(number)
    }

    fn stop(&self, number: u64) -> bool {
        let book = book(&self.book);
        let kept = book.jobs.get(&number).filter(|kept| kept.runs());
        kept.inspect(|kept| kept.stop.cancel()).is_some()
    }

    fn look(&self, number: u64) -> Option<Job> {
        let book = book(&self.book);
        book.jobs.get(&number).map(|kept| kept.job(number))
    }

    fn running(&self) -> Option<Job> {
        let book = book(&self.book);
        book.busy().map(|(number, kept)| kept.job(number))
    }

    fn changed<'a>(&'a self, number: u64, seen: &'a Progress) -> Future<'a, ()> {
        let watched = book(&self.book)
            .jobs
            .get(&number)
            .map(|kept| kept.seen.subscribe());
        Box::pin(async move {
            if let Some(mut watched) = watched {
                // An error means that the job is forgotten, which is a change too.
                let _ = watched
                    .wait_for(|now| now.end.is_some() || now.progress != *seen)
                    .await;
            }
        })
    }
}

/// A job in a few words: `apply (job 3): users, 120 of 400, 2 failed`.
pub fn in_words(job: &Job) -> String {
    let progress = &job.progress;
    let mut parts = Vec::new();
    if !progress.doing.is_empty() {
        parts.push(progress.doing.clone());
    }
    if progress.total > 0 {
        parts.push(format!("{} of {}", progress.done, progress.total));
    }
    if progress.failed > 0 {
        parts.push(format!("{} failed", progress.failed));
    }
    let who = format!("{} (job {})", job.verb, job.number);
    if parts.is_empty() {
        return who;
    }
    format!("{who}: {}", parts.join(", "))
}

/// The request of that verb; what cannot be read is named.
fn read(asked: &JobRequest) -> Result<Request, String> {
    Ok(match asked.verb.as_str() {
        "check" => nothing(asked, Request::Check)?,
        "plan" => Request::Plan(arguments(asked)?),
        "apply" => Request::Apply(arguments(asked)?),
        "verify" => Request::Verify(arguments(asked)?),
        "connect" => Request::Connect(arguments(asked)?),
        "status" => nothing(asked, Request::Status)?,
        "adopt" => Request::Adopt(arguments(asked)?),
        "release" => Request::Release(arguments(asked)?),
        "undo" => Request::Undo(arguments(asked)?),
        "finish" => Request::Finish(arguments(asked)?),
        other => {
            return Err(format!(
                "the move has no verb `{other}`; `lp2rc migrate --help` names them"
            ));
        }
    })
}

fn nothing(asked: &JobRequest, request: Request) -> Result<Request, String> {
    let given: serde_json::Map<String, serde_json::Value> = arguments(asked)?;
    match given.keys().next() {
        None => Ok(request),
        Some(key) => Err(format!("`{}` takes no argument `{key}`", asked.verb)),
    }
}

/// The arguments of a job; a mistake is told with its place.
fn arguments<T: DeserializeOwned>(asked: &JobRequest) -> Result<T, String> {
    let told = |place: &str, why: &dyn std::fmt::Display| {
        format!("the arguments of `{}` at {place}: {why}", asked.verb)
    };
    // An object first: serde would take `[]` for a struct too.
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&asked.arguments).map_err(|error| told("the top", &error))?;
    serde_path_to_error::deserialize(serde_json::Value::Object(object))
        .map_err(|error| told(&format!("`{}`", error.path()), error.inner()))
}

fn book(shared: &Mutex<Book>) -> MutexGuard<'_, Book> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
