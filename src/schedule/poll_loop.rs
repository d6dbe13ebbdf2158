//! The one task that runs cycles.

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::cron::Ticks;
use crate::{
    config::{ScheduleConfig, When},
    domain::{Component, CycleReport, Health, Trigger},
    ports::{
        self, Clock, Control, ControlError, Cycle, CycleError, CycleRequest, SourceFault,
        clock::timeout,
    },
    telemetry::{HealthBoard, Metrics},
};

/// How long the goodbye to the source may take.
const GOODBYE: Duration = Duration::from_secs(5);

/// How often the loop shows that it is alive while it waits.
const PULSE: Duration = Duration::from_secs(5);

type Outcome = Result<CycleReport, Arc<CycleError>>;

struct Wanted {
    request: CycleRequest,
    tell: oneshot::Sender<Outcome>,
}

/// The loop before it runs.
pub struct PollLoop {
    config: ScheduleConfig,
    cycle: Arc<dyn Cycle>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    health: HealthBoard,
    ticks: Option<Ticks>,
    alive: Box<dyn Fn() + Send + Sync>,
    wanted: mpsc::Receiver<Wanted>,
}

/// The loop as others see it: ask for a cycle, and wait for its report.
#[derive(Clone, Debug)]
pub struct Asking {
    wanted: mpsc::Sender<Wanted>,
}

/// Why the loop ended.
#[derive(Debug)]
pub enum Ended {
    /// It was asked to.
    Stopped,
    /// The very first cycle was refused by the source and there is nothing to serve.
    Refused(Arc<CycleError>),
}

/// The end of the last poll.
struct Last {
    /// By the monotonic clock.
    end: Duration,
    /// So long after it a poll is overdue. Decided once, then: a wall clock that jumps while the
    /// loop waits changes nothing.
    overdue_after: Duration,
    /// It failed, and so long after it comes the next one, whatever the schedule says.
    retry_after: Option<Duration>,
}

/// What the loop does next.
enum Next {
    Stop,
    Run(Trigger),
    Asked(Wanted),
    Pulse,
}

impl PollLoop {
    /// A loop and the handle to ask it. `ticks` is the cron trigger, absent for intervals. `alive`
    /// is called after every cycle and, while nothing is overdue, every few seconds: the watchdog
    /// lives on the loop's progress, not on a timer of its own.
    pub fn new(
        config: ScheduleConfig,
        cycle: Arc<dyn Cycle>,
        clock: Arc<dyn Clock>,
        (metrics, health): (Metrics, HealthBoard),
        ticks: Option<Ticks>,
        alive: Box<dyn Fn() + Send + Sync>,
    ) -> (Self, Asking) {
        let (send, wanted) = mpsc::channel(16);
        let this = Self {
            config,
            cycle,
            clock,
            metrics,
            health,
            ticks,
            alive,
            wanted,
        };
        (this, Asking { wanted: send })
    }

    /// Runs until `stop`. `serves` says whether something older is being served already: without
    /// it a refused login ends the loop, because waiting would help nobody.
    pub async fn run(mut self, stop: CancellationToken, serves: bool) -> Ended {
        self.health.set(
            Component::Scheduler,
            Health::Connected,
            "the loop runs",
            self.clock.now(),
        );
        let mut latched = false;
        let mut last = self.just_ended(None);
        let mut next = Next::Run(Trigger::Start);
        let mut first = true;
        loop {
            match next {
                Next::Stop => break,
                Next::Pulse => (self.alive)(),
                Next::Run(trigger) if latched => {
                    // A refused login is never tried again by itself (contract §2.4).
                    tracing::debug!(
                        trigger = trigger.word(),
                        "poll skipped, the login was refused"
                    );
                    last = self.just_ended(None);
                    (self.alive)();
                }
                Next::Run(trigger) => {
                    if trigger == Trigger::Overdue {
                        self.metrics.missed_ticks.inc();
                        tracing::warn!("no tick came when one was due; polling anyway");
                    }
                    let jitter = self.jitter(trigger);
                    let request = CycleRequest::from_trigger(trigger);
                    let Some(outcome) = self.one(request, jitter, &stop).await else {
                        break;
                    };
                    last = self.just_ended(retry_after(&outcome));
                    latched = is_refusal(&outcome);
                    if let Err(error) = outcome
                        && first
                        && latched
                        && !serves
                    {
                        self.goodbye().await;
                        return Ended::Refused(error);
                    }
                    first = false;
                }
                Next::Asked(wanted) => {
                    let Some(outcome) = self.one(wanted.request, Duration::ZERO, &stop).await
                    else {
                        break;
                    };
                    // A dry run publishes nothing, so it must not put the next poll off.
                    if !wanted.request.dry_run {
                        last = self.just_ended(retry_after(&outcome));
                    }
                    latched = is_refusal(&outcome);
                    // Whoever asked may have gone away meanwhile.
                    let _ = wanted.tell.send(outcome);
                }
            }
            next = self.wait(&stop, &last).await;
        }
        self.goodbye().await;
        Ended::Stopped
    }

    /// One cycle within its deadline; `None` when the stop came first.
    async fn one(
        &self,
        request: CycleRequest,
        jitter: Duration,
        stop: &CancellationToken,
    ) -> Option<Outcome> {
        let work = async {
            if !jitter.is_zero() {
                self.clock.sleep(jitter).await;
            }
            let deadline = self.config.deadline;
            match timeout(&*self.clock, deadline, self.cycle.run(request)).await {
                Some(done) => done,
                None => Err(CycleError::Deadline(deadline)),
            }
        };
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            done = work => done,
        };
        if let Err(error) = &outcome {
            let fault = match error {
                CycleError::Source(error) => error.fault.word(),
                CycleError::Store(_) => "store",
                CycleError::Deadline(_) => "deadline",
            };
            let trigger = request.trigger.word();
            tracing::warn!(
                trigger,
                fault,
                "a cycle failed, what is served stays as it is: {error}"
            );
        }
        let (health, reason) = match &outcome {
            Err(error @ CycleError::Deadline(_)) => {
                // Given up in the middle: nobody else can say that the source was not read.
                let now = self.clock.now();
                self.health
                    .set(Component::Source, Health::Degraded, error.to_string(), now);
                (Health::Degraded, error.to_string())
            }
            Ok(_) | Err(CycleError::Source(_) | CycleError::Store(_)) => {
                (Health::Connected, "cycles run on time".to_owned())
            }
        };
        self.health
            .set(Component::Scheduler, health, reason, self.clock.now());
        (self.alive)();
        Some(outcome.map_err(Arc::new))
    }

    /// The end of a poll, now.
    fn just_ended(&self, retry_after: Option<Duration>) -> Last {
        Last {
            retry_after,
            end: self.clock.elapsed(),
            overdue_after: self.config.overdue_after(self.clock.now()),
        }
    }

    async fn wait(&mut self, stop: &CancellationToken, last: &Last) -> Next {
        let since = self.clock.elapsed().saturating_sub(last.end);
        let interval = match (last.retry_after, &self.config.when) {
            (Some(wait), _) => Some(wait),
            (None, When::Every(every)) => Some(*every),
            (None, When::Cron { .. }) => None,
        };
        let interval = interval.map(|wait| self.clock.sleep(wait.saturating_sub(since)));
        // A retry has its own moment, by the monotonic clock: it cannot go silent.
        let overdue_after = match last.retry_after {
            Some(wait) => wait.max(last.overdue_after),
            None => last.overdue_after,
        };
        let tick = async {
            match (interval, &mut self.ticks) {
                (Some(interval), _) => interval.await,
                (None, Some(ticks)) => ticks.next().await,
                (None, None) => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => Next::Stop,
            Some(wanted) = self.wanted.recv() => Next::Asked(wanted),
            () = tick => Next::Run(Trigger::Schedule),
            () = self.clock.sleep(overdue_after.saturating_sub(since)) => Next::Run(Trigger::Overdue),
            () = self.clock.sleep(PULSE) => Next::Pulse,
        }
    }

    fn jitter(&self, trigger: Trigger) -> Duration {
        if trigger == Trigger::Schedule {
            self.config.jitter.mul_f64(fastrand::f64())
        } else {
            Duration::ZERO
        }
    }

    async fn goodbye(&mut self) {
        if let Some(ticks) = &mut self.ticks {
            ticks.stop().await;
        }
        if timeout(&*self.clock, GOODBYE, self.cycle.close())
            .await
            .is_none()
        {
            tracing::warn!("the source did not answer the goodbye within {GOODBYE:?}");
        }
    }
}

/// How long the source itself, or its retry schedule, wants to be left alone after a failure.
fn retry_after(outcome: &Outcome) -> Option<Duration> {
    match outcome.as_ref().map_err(|error| &**error) {
        Err(CycleError::Source(error)) => error.retry_after,
        Ok(_) | Err(CycleError::Store(_) | CycleError::Deadline(_)) => None,
    }
}

fn is_refusal(outcome: &Outcome) -> bool {
    matches!(
        outcome.as_ref().map_err(|error| &**error),
        Err(CycleError::Source(error))
            if matches!(error.fault, SourceFault::CredentialsRejected | SourceFault::Blacklisted)
    )
}

impl Control for Asking {
    fn sync_now(
        &self,
        request: CycleRequest,
    ) -> ports::Future<'_, Result<CycleReport, ControlError>> {
        Box::pin(async move {
            let (tell, told) = oneshot::channel();
            let wanted = Wanted { request, tell };
            self.wanted
                .send(wanted)
                .await
                .map_err(|_| ControlError::Stopping)?;
            told.await
                .map_err(|_| ControlError::Stopping)?
                .map_err(ControlError::Failed)
        })
    }
}
