//! One request of the move, from what is asked to what is answered.

use std::sync::Arc;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    approve::{self, Kind},
    carry::{Errand, carry_out},
    checks,
    error::MoveError,
    known::Known,
    ownership,
    readonly::ReadOnly,
    status, verify,
    wire::{self, Apply, End, Part, Request},
};
use crate::{
    config::MigrateConfig,
    domain::moving::Progress,
    ports::{Centre, Clock, JournalStore, Target},
};

/// What the move is made of.
pub struct Parts {
    /// Where agents are moved to.
    pub target: Arc<dyn Target>,
    /// What the move keeps.
    pub journal: Arc<dyn JournalStore>,
    /// What the bridge believes.
    pub centre: Arc<dyn Centre>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What decides.
    pub config: MigrateConfig,
    /// Address of the target, for documents.
    pub place: String,
    /// Changes at once.
    pub in_flight: usize,
    /// Tries of one write.
    pub attempts: u32,
    /// Failed changes that stop a run.
    pub stop_after_failures: usize,
    /// Older than this the view of the source is nothing to move by, in seconds.
    pub max_age_seconds: u64,
}

/// Hears how far it is. Called often; must not block.
pub type Tell = Arc<dyn Fn(Progress) + Send + Sync>;

/// How a request ended, and what is to be shown.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The word from which the exit code is made.
    pub end: End,
    /// One sentence; empty when the document says everything.
    pub message: String,
    /// The document; null when there is none.
    pub document: serde_json::Value,
}

/// Carries out requests, one at a time.
pub struct Mover {
    parts: Arc<Parts>,
    /// The same, unable to write.
    looking: Arc<Parts>,
}

impl Mover {
    /// Puts it together. Nothing is read yet.
    pub fn new(parts: Parts) -> Self {
        let looking = Parts {
            target: Arc::new(ReadOnly(Arc::clone(&parts.target))),
            journal: Arc::clone(&parts.journal),
            centre: Arc::clone(&parts.centre),
            clock: Arc::clone(&parts.clock),
            config: parts.config.clone(),
            place: parts.place.clone(),
            ..parts
        };
        Self {
            parts: Arc::new(parts),
            looking: Arc::new(looking),
        }
    }

    /// Carries out one request. Stopping leaves a run open, to be taken up again.
    pub async fn run(&self, request: Request, tell: Tell, stop: CancellationToken) -> Finished {
        tell(Progress {
            doing: "reading".to_owned(),
            ..Progress::default()
        });
        let done = match request {
            Request::Check => self.check().await,
            Request::Plan(part) => self.plan(&part).await,
            Request::Verify(part) => self.verify(&part).await,
            Request::Status => self.status().await,
            Request::Adopt(people) => ownership::adopt(&self.parts, &people)
                .await
                .and_then(|done| owned(&done)),
            Request::Release(people) => ownership::release(&self.parts, &people)
                .await
                .and_then(|done| owned(&done)),
            Request::Apply(how) => self.carry(Kind::Apply, how, tell, stop).await,
            Request::Connect(how) => self.carry(Kind::Connect, how, tell, stop).await,
            Request::Finish(how) => self.carry(Kind::Finish, how, tell, stop).await,
            Request::Undo(undo) => {
                let kind = Kind::Undo {
                    run: undo.run,
                    phase: undo.phase,
                };
                self.carry(kind, undo.apply, tell, stop).await
            }
        };
        done.unwrap_or_else(|error| refused(&error))
    }

    async fn carry(
        &self,
        kind: Kind,
        how: Apply,
        tell: Tell,
        stop: CancellationToken,
    ) -> Result<Finished, MoveError> {
        let parts = if how.dry_run {
            &self.looking
        } else {
            &self.parts
        };
        let parts = Arc::clone(parts);
        carry_out(Errand {
            parts,
            kind,
            how,
            tell,
            stop,
        })
        .await
    }

    async fn check(&self) -> Result<Finished, MoveError> {
        let known = Known::gather(&self.looking).await?;
        let checks = approve::checks(&self.looking, &known, &[]);
        let (end, message) = match checks::verdict(&checks) {
            checks::Verdict::Clear => (End::Done, String::new()),
            checks::Verdict::Warnings(names) => (
                End::Warnings,
                format!(
                    "nothing blocks the move; these warnings want to be acknowledged: {}",
                    names.join(", ")
                ),
            ),
            checks::Verdict::Blocked(names) => (
                End::Refused,
                format!("these checks block the move: {}", names.join(", ")),
            ),
        };
        finished(end, message, &checks)
    }

    async fn plan(&self, part: &Part) -> Result<Finished, MoveError> {
        let known = Known::gather(&self.looking).await?;
        let scope = approve::scope(&self.looking, part)?;
        let plan = crate::sync::plan::plan(&known.facts(&self.looking.config.rules), &scope);
        let (document, _) = approve::guarded(&self.looking, &plan, &[]);
        let checks = approve::checks(&self.looking, &known, &[]);
        let (mut end, mut message) = (End::Done, String::new());
        if !document.changes.is_empty() {
            end = End::Differences;
        }
        if let Some(why) = approve::refusal(&checks) {
            message = format!("apply would be refused: {why}");
        } else if let Some(first) = document.refused_by.first() {
            message = format!("apply would be refused: {}", first.why);
        }
        finished(end, message, &document)
    }

    async fn verify(&self, part: &Part) -> Result<Finished, MoveError> {
        let known = Known::gather(&self.looking).await?;
        let scope = approve::scope(&self.looking, part)?;
        let parity = verify::verify(&verify::Sides {
            facts: known.facts(&self.looking.config.rules),
            scope: &scope,
            acknowledged: &self.looking.config.acknowledge,
            at: self.looking.clock.now(),
            place: &self.looking.place,
            account: &known.believed.account,
            source_age_seconds: known.believed.age_seconds,
        });
        let end = verify::parity_end(&parity);
        let message = if end == End::Done {
            String::new()
        } else {
            format!(
                "{} of {} agents differ; each line says in what",
                parity.different, parity.agents
            )
        };
        finished(end, message, &parity)
    }

    async fn status(&self) -> Result<Finished, MoveError> {
        let status = status::status(&self.looking).await?;
        finished(End::Done, String::new(), &status)
    }
}

fn owned(owned: &wire::Owned) -> Result<Finished, MoveError> {
    let (end, message) = if owned.refused.is_empty() {
        (End::Done, String::new())
    } else {
        let why = format!("{} users were refused", owned.refused.len());
        (End::Refused, why)
    };
    finished(end, message, owned)
}

pub(super) fn finished(
    end: End,
    message: String,
    document: &impl Serialize,
) -> Result<Finished, MoveError> {
    let document = serde_json::to_value(document)
        .map_err(|error| MoveError::Asked(format!("cannot write the document: {error}")))?;
    Ok(Finished {
        end,
        message,
        document,
    })
}

fn refused(error: &MoveError) -> Finished {
    let document = match error {
        MoveError::RefusedPlan { applied, .. } => serde_json::to_value(applied).unwrap_or_default(),
        MoveError::Target(_)
        | MoveError::Store(_)
        | MoveError::Refused(_)
        | MoveError::Asked(_)
        | MoveError::Source(_) => serde_json::Value::Null,
    };
    Finished {
        end: error.end(),
        message: error.to_string(),
        document,
    }
}
