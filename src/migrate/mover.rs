//! One request of the move, from what is asked to what is answered.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    approve::{self, Kind},
    carry::{Errand, carry_out},
    checks,
    error::MoveError,
    jobs::{Finished, Order},
    known::Known,
    ownership,
    readonly::ReadOnly,
    status,
    telling::{READING, Teller},
    verify,
    wire::{self, Apply, End, Part, Request},
};
use crate::{
    config::MigrateConfig,
    ports::{self, Centre, Clock, JournalStore, Target},
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
    /// Brings what is kept into safety beside the database: a journal that damage takes away cannot
    /// be taken back.
    pub save: Save,
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
    /// Older than this the view of the source is nothing to move by.
    pub max_age: Duration,
    /// Whether we log in by password: fine for setting up, a second factor stops it.
    pub password_login: bool,
}

/// Exports the state; what goes wrong is logged there.
pub type Save = Arc<dyn Fn() -> ports::Future<'static, ()> + Send + Sync>;

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
            save: Arc::clone(&parts.save),
            config: parts.config.clone(),
            place: parts.place.clone(),
            ..parts
        };
        Self {
            parts: Arc::new(parts),
            looking: Arc::new(looking),
        }
    }

    /// Carries out one order. Stopping leaves a run open, to be taken up again.
    pub async fn run(&self, order: Order) -> Finished {
        if let Err(error) = approve::names(&self.parts, &order.request) {
            return refused(&error);
        }
        order.progress.doing(READING);
        let teller = order.progress.clone();
        let stop = order.stop.clone();
        let work = Box::pin(async {
            match order.request.clone() {
                Request::Check => stoppable(&stop, self.check()).await,
                Request::Plan(part) => stoppable(&stop, self.plan(&part)).await,
                Request::Verify(part) => stoppable(&stop, self.verify(&part)).await,
                Request::Status => self.status(&order.doing).await,
                Request::Adopt(people) => {
                    let adopted = ownership::adopt(&self.parts, &people).await;
                    adopted.map(|done| owned(&done))
                }
                Request::Release(people) => {
                    let released = ownership::release(&self.parts, &people).await;
                    released.map(|done| owned(&done))
                }
                Request::Apply(how) => self.carry(Kind::Apply, how, order).await,
                Request::Connect(how) => self.carry(Kind::Connect, how, order).await,
                Request::Finish(how) => self.carry(Kind::Finish, how, order).await,
                Request::Undo(undo) => {
                    let kind = Kind::Undo {
                        run: undo.run,
                        phase: undo.phase,
                    };
                    self.carry(kind, undo.apply, order).await
                }
            }
        });
        let done = tokio::select! {
            done = work => done,
            never = self.tell_of_waits(&teller) => match never {},
        };
        done.unwrap_or_else(|error| refused(&error))
    }

    /// Whoever waits wants to know for what.
    async fn tell_of_waits(&self, teller: &Teller) -> Infallible {
        loop {
            self.parts.clock.sleep(Duration::from_secs(1)).await;
            teller.held_back(self.parts.target.held_back());
        }
    }

    async fn carry(&self, kind: Kind, how: Apply, order: Order) -> Result<Finished, MoveError> {
        let parts = if how.dry_run {
            &self.looking
        } else {
            &self.parts
        };
        carry_out(Errand {
            parts: Arc::clone(parts),
            kind,
            how,
            teller: order.progress,
            stop: order.stop,
        })
        .await
    }

    async fn check(&self) -> Result<Finished, MoveError> {
        let known = Known::gather(&self.looking).await?;
        let checks = approve::checks(&self.looking, &known, None, &[]);
        let verdict = checks::verdict(&checks);
        let (end, message) = (verdict.end(), verdict.why().unwrap_or_default());
        Ok(Finished::with(end, message, &checks))
    }

    async fn plan(&self, part: &Part) -> Result<Finished, MoveError> {
        let known = Known::gather(&self.looking).await?;
        let scope = approve::scope(&self.looking, part)?;
        let plan = crate::sync::plan::plan(&known.facts(&self.looking.config.rules), &scope);
        let (document, _) = approve::guarded(&self.looking, &plan, &[]);
        let checks = approve::checks(&self.looking, &known, Some(part), &[]);
        let (mut end, mut message) = (End::Done, String::new());
        if !document.changes.is_empty() {
            end = End::Differences;
        }
        let verdict = checks::verdict(&checks);
        if verdict.end() == End::Source {
            // A plan of nobody is not a plan without changes.
            end = End::Source;
        }
        if let Some(why) = verdict.why() {
            message = format!("apply would be refused: {why}");
        } else if let Some(first) = document.refused_by.first() {
            message = format!("apply would be refused: {}", first.why);
        }
        Ok(Finished::with(end, message, &document))
    }

    async fn verify(&self, part: &Part) -> Result<Finished, MoveError> {
        let known = Known::gather(&self.looking).await?;
        approve::scope(&self.looking, part)?;
        let config = &self.looking.config;
        let parity = verify::verify(&verify::Inputs {
            believed: &known.believed,
            actual: &known.actual,
            links: &known.links,
            rules: &config.rules,
            acknowledged: &config.acknowledge,
            part,
            address: &self.looking.place,
            at: self.looking.clock.now(),
        });
        let end = verify::parity_end(&parity);
        let message = if end == End::Done {
            String::new()
        } else if end == End::Source {
            "LivePerson was never read, so there is nothing to compare; run `lp2rc sync`, or wait for the daemon's first poll".to_owned()
        } else {
            format!(
                "{} of {} agents differ; each line says in what",
                parity.different, parity.agents
            )
        };
        Ok(Finished::with(end, message, &parity))
    }

    async fn status(&self, doing: &str) -> Result<Finished, MoveError> {
        let mut status = status::status(&self.looking).await?;
        doing.clone_into(&mut status.doing);
        Ok(Finished::with(End::Done, "", &status))
    }
}

fn owned(owned: &wire::Owned) -> Finished {
    if owned.refused.is_empty() {
        let nobody = owned.done.is_empty();
        let message = if nobody {
            "nobody is left to adopt"
        } else {
            ""
        };
        return Finished::with(End::Done, message, owned);
    }
    let why = match owned.refused.len() {
        1 => "1 user was refused".to_owned(),
        several => format!("{several} users were refused"),
    };
    Finished::with(End::Refused, why, owned)
}

fn refused(error: &MoveError) -> Finished {
    let (end, message) = (error.end(), error.to_string());
    match error {
        MoveError::RefusedPlan { applied, .. } => Finished::with(end, message, applied),
        MoveError::Target(_)
        | MoveError::Store(_)
        | MoveError::Refused(_)
        | MoveError::Asked(_)
        | MoveError::Nothing(_)
        | MoveError::Source(_) => Finished::bare(end, message),
    }
}

/// Work that only looks, and may be dropped anywhere.
async fn stoppable(
    stop: &CancellationToken,
    work: impl Future<Output = Result<Finished, MoveError>>,
) -> Result<Finished, MoveError> {
    let done = stop.run_until_cancelled(work).await;
    done.unwrap_or_else(|| {
        Ok(Finished::bare(
            End::Interrupted,
            "stopped; nothing was changed",
        ))
    })
}
