//! What the loop promises, by paused time and by the manual clock.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Asking, Ended, PollLoop, Ticks};
use crate::{
    config::{ScheduleConfig, When},
    domain::{
        Component, Coverage, CycleReport, Generation, Health, MappingNotes, MergeCounts, Timestamp,
        Trigger, Verdict,
    },
    ports::{
        self, Clock, Control, ControlError, Cycle, CycleError, CycleRequest, ManualClock,
        SourceError, SourceFault, SystemClock,
    },
    telemetry::{HealthBoard, Metrics},
};

/// A cycle that takes as long as told and remembers how it was used.
struct Stub {
    clock: Arc<dyn Clock>,
    takes: Duration,
    fault: Option<SourceFault>,
    retry_after: Option<Duration>,
    running: AtomicUsize,
    most: AtomicUsize,
    closed: AtomicUsize,
    triggers: Mutex<Vec<Trigger>>,
    told: mpsc::UnboundedSender<Trigger>,
}

struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Cycle for Stub {
    fn run(&self, request: CycleRequest) -> ports::Future<'_, Result<CycleReport, CycleError>> {
        Box::pin(async move {
            let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            let _leaving = Leaving(&self.running);
            self.most.fetch_max(now, Ordering::SeqCst);
            self.triggers.lock().unwrap().push(request.trigger);
            let _ = self.told.send(request.trigger);
            self.clock.sleep(self.takes).await;
            match self.fault {
                None => Ok(report(request.trigger)),
                Some(fault) => Err(CycleError::Source(SourceError {
                    doing: "log in".to_owned(),
                    what: "refused".to_owned(),
                    fault,
                    retry_after: self.retry_after,
                })),
            }
        })
    }

    fn close(&self) -> ports::Future<'_, ()> {
        self.closed.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(()))
    }
}

fn report(trigger: Trigger) -> CycleReport {
    CycleReport {
        run: "1".to_owned(),
        trigger,
        dry_run: false,
        started_at: Timestamp::default(),
        took_ms: 0,
        coverage: Coverage::Full,
        counts: MergeCounts::default(),
        verdict: Verdict::Trusted,
        skipped: 0,
        notes: MappingNotes::default(),
        routable: 0,
        generation: Generation(1),
        changes: Vec::new(),
    }
}

/// A loop with all that a test wants to look at.
struct Rig {
    stub: Arc<Stub>,
    told: mpsc::UnboundedReceiver<Trigger>,
    health: HealthBoard,
    metrics: Metrics,
    alive: Arc<AtomicUsize>,
    asking: Asking,
    stop: CancellationToken,
    ended: tokio::task::JoinHandle<Ended>,
}

struct Plan {
    takes: Duration,
    when: When,
    ticks: Option<Ticks>,
    fault: Option<SourceFault>,
    retry_after: Option<Duration>,
    serves: bool,
}

fn every(millis: u64) -> Plan {
    Plan {
        takes: Duration::ZERO,
        when: When::Every(Duration::from_millis(millis)),
        ticks: None,
        fault: None,
        retry_after: None,
        serves: true,
    }
}

fn start(clock: Arc<dyn Clock>, plan: Plan) -> Rig {
    let config = ScheduleConfig {
        when: plan.when,
        jitter: Duration::ZERO,
        deadline: Duration::from_secs(60),
        overdue_after: None,
    };
    let (send, told) = mpsc::unbounded_channel();
    let stub = Arc::new(Stub {
        clock: Arc::clone(&clock),
        takes: plan.takes,
        fault: plan.fault,
        retry_after: plan.retry_after,
        running: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
        closed: AtomicUsize::new(0),
        triggers: Mutex::default(),
        told: send,
    });
    let (health, metrics) = (HealthBoard::default(), Metrics::new());
    let alive = Arc::new(AtomicUsize::new(0));
    let beat = Arc::clone(&alive);
    let (poll_loop, asking) = PollLoop::new(
        config,
        Arc::clone(&stub) as Arc<dyn Cycle>,
        clock,
        (metrics.clone(), health.clone()),
        plan.ticks,
        Box::new(move || {
            beat.fetch_add(1, Ordering::SeqCst);
        }),
    );
    let stop = CancellationToken::new();
    let ended = tokio::spawn(poll_loop.run(stop.clone(), plan.serves));
    Rig {
        stub,
        told,
        health,
        metrics,
        alive,
        asking,
        stop,
        ended,
    }
}

impl Rig {
    async fn triggers(&mut self, count: usize) -> Vec<Trigger> {
        let mut seen = Vec::new();
        for _ in 0..count {
            seen.push(self.told.recv().await.unwrap());
        }
        seen
    }
}

#[tokio::test(start_paused = true)]
async fn a_cycle_longer_than_its_interval_never_overlaps_itself() {
    let plan = Plan {
        takes: Duration::from_millis(3_500),
        ..every(1_000)
    };
    let mut rig = start(Arc::new(SystemClock::new()), plan);
    let asked = tokio::spawn({
        let asking = rig.asking.clone();
        async move {
            asking
                .sync_now(CycleRequest::from_trigger(Trigger::Request))
                .await
        }
    });
    let seen = rig.triggers(5).await;
    assert_eq!(seen[0], Trigger::Start);
    assert!(seen.contains(&Trigger::Request), "{seen:?}");
    assert_eq!(asked.await.unwrap().unwrap().trigger, Trigger::Request);
    assert_eq!(rig.stub.most.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_interval_counts_from_the_end_of_the_last_cycle() {
    let clock = SystemClock::new();
    let mut rig = start(Arc::new(SystemClock::new()), every(15_000));
    rig.triggers(3).await;
    assert_eq!(clock.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_went_silent_does_not_stop_polling() {
    // Every ten seconds by cron, but no tick ever comes: what a pause does to the scheduler.
    let (_silent, ticks) = mpsc::channel(1);
    let text = "*/10 * * * * *".to_owned();
    let cron = Box::new(text.parse().unwrap());
    let plan = Plan {
        when: When::Cron { text, cron },
        ticks: Some(Ticks::from_channel(ticks)),
        ..every(0)
    };
    let mut rig = start(Arc::new(SystemClock::new()), plan);
    assert_eq!(
        rig.triggers(3).await,
        [Trigger::Start, Trigger::Overdue, Trigger::Overdue]
    );
    assert_eq!(rig.metrics.missed_ticks.get(), 2);
}

#[tokio::test]
async fn polling_goes_on_after_a_pause_and_after_the_wall_clock_jumped() {
    let clock = ManualClock::at(Timestamp::from_millis(1_000_000));
    let mut rig = start(Arc::new(clock.clone()), every(10_000));
    rig.triggers(1).await;
    for (pause_s, jump_ms) in [(10, 0), (7_200, 0), (10, -3_600_000), (10, 86_400_000)] {
        // The loop has to be asleep before time passes.
        while clock.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
        clock.jump(jump_ms);
        // The pulse wakes the loop in between, so time passes in its steps.
        let mut left = Duration::from_secs(pause_s);
        while rig.told.is_empty() && !left.is_zero() {
            let step = clock.next_wake().unwrap_or(left).min(left);
            clock.advance(step);
            left -= step;
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(
            rig.triggers(1).await,
            [Trigger::Schedule],
            "after {pause_s} s, {jump_ms} ms"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_running_cycle_and_says_goodbye_once() {
    let plan = Plan {
        takes: Duration::from_secs(3_000),
        ..every(1_000)
    };
    let mut rig = start(Arc::new(SystemClock::new()), plan);
    rig.triggers(1).await;
    rig.stop.cancel();
    assert!(matches!(rig.ended.await.unwrap(), Ended::Stopped));
    assert_eq!(rig.stub.running.load(Ordering::SeqCst), 0);
    assert_eq!(rig.stub.closed.load(Ordering::SeqCst), 1);
    let late = rig
        .asking
        .sync_now(CycleRequest::from_trigger(Trigger::Request))
        .await;
    assert!(matches!(late, Err(ControlError::Stopping)));
}

#[tokio::test(start_paused = true)]
async fn a_cycle_past_its_deadline_is_cancelled_and_the_next_one_comes() {
    let plan = Plan {
        takes: Duration::from_secs(61),
        ..every(1_000)
    };
    let mut rig = start(Arc::new(SystemClock::new()), plan);
    rig.triggers(2).await;
    assert_eq!(
        rig.health.get(Component::Scheduler).health,
        Health::Degraded
    );
    assert_eq!(rig.stub.most.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_first_login_ends_a_loop_that_serves_nothing() {
    let fault = Some(SourceFault::CredentialsRejected);
    let rig = start(
        Arc::new(SystemClock::new()),
        Plan {
            fault,
            serves: false,
            ..every(1_000)
        },
    );
    assert!(matches!(rig.ended.await.unwrap(), Ended::Refused(_)));
    assert_eq!(rig.stub.closed.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_not_tried_again_until_somebody_asks() {
    let fault = Some(SourceFault::CredentialsRejected);
    let mut rig = start(
        Arc::new(SystemClock::new()),
        Plan {
            fault,
            ..every(1_000)
        },
    );
    rig.triggers(1).await;
    SystemClock::new().sleep(Duration::from_secs(600)).await;
    assert!(rig.told.is_empty(), "no further login");
    assert!(
        rig.alive.load(Ordering::SeqCst) > 60,
        "the loop itself is alive"
    );
    let asked = rig
        .asking
        .sync_now(CycleRequest::from_trigger(Trigger::Request))
        .await;
    assert!(matches!(asked, Err(ControlError::Failed(_))));
    assert_eq!(rig.triggers(1).await, [Trigger::Request]);
}

#[tokio::test(start_paused = true)]
async fn other_failures_are_tried_again_on_schedule() {
    let fault = Some(SourceFault::Unreachable);
    let mut rig = start(
        Arc::new(SystemClock::new()),
        Plan {
            fault,
            ..every(1_000)
        },
    );
    let seen = rig.triggers(3).await;
    assert_eq!(seen, [Trigger::Start, Trigger::Schedule, Trigger::Schedule]);
}

#[tokio::test(start_paused = true)]
async fn dry_runs_do_not_put_the_next_poll_off() {
    let clock = SystemClock::new();
    let mut rig = start(Arc::new(SystemClock::new()), every(10_000));
    rig.triggers(1).await;
    let dry = CycleRequest {
        dry_run: true,
        ..CycleRequest::from_trigger(Trigger::Request)
    };
    for _ in 0..9 {
        clock.sleep(Duration::from_secs(1)).await;
        rig.asking.sync_now(dry).await.unwrap();
    }
    assert_eq!(rig.triggers(9).await, [Trigger::Request; 9]);
    assert_eq!(rig.triggers(1).await, [Trigger::Schedule]);
    assert_eq!(clock.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_the_retry_schedule_counts_and_not_the_poll_schedule() {
    let text = "*/10 * * * * *".to_owned();
    let cron = || When::Cron {
        text: text.clone(),
        cron: Box::new(text.parse().unwrap()),
    };
    // Sooner than the next poll, later, and later than a poll would be called overdue.
    for seconds in [3, 45, 600] {
        for by_cron in [false, true] {
            let clock = SystemClock::new();
            let (offer, ticks) = mpsc::channel(1);
            let mut rig = start(
                Arc::new(SystemClock::new()),
                Plan {
                    when: if by_cron {
                        cron()
                    } else {
                        When::Every(Duration::from_secs(15))
                    },
                    ticks: by_cron.then(|| Ticks::from_channel(ticks)),
                    fault: Some(SourceFault::ServerError),
                    retry_after: Some(Duration::from_secs(seconds)),
                    ..every(0)
                },
            );
            rig.triggers(1).await;
            // A tick that comes meanwhile is not a reason to try sooner.
            let _ = offer.try_send(());
            assert_eq!(rig.triggers(2).await, [Trigger::Schedule; 2]);
            assert_eq!(clock.elapsed().as_secs(), 2 * seconds, "{by_cron}");
            // A person does not wait.
            let asked = CycleRequest::from_trigger(Trigger::Request);
            assert!(rig.asking.sync_now(asked).await.is_err());
            assert_eq!(clock.elapsed().as_secs(), 2 * seconds, "{by_cron}");
            assert_eq!(rig.metrics.missed_ticks.get(), 0);
        }
    }
}
