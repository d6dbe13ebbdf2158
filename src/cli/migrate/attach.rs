//! Watching a job to its end. A signal means another thing by place: from the daemon's job one goes
//! away, one's own job is stopped in order.

use std::time::Duration;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use super::{Meter, Seat};
use crate::{
    cli::{
        exit::{self, Failure},
        output::remark,
    },
    domain::moving::Progress,
    ports::{Clock as _, Job, SystemClock},
};

/// Looks at a job are this far apart, however fast it runs.
const APART: Duration = Duration::from_millis(200);

/// What to do when there is no more news.
const LOST: &str = "\n\nhint: the work may go on there; look with `lp2rc migrate status`";

/// Signals of whoever started us.
pub(super) struct Interrupts(mpsc::UnboundedReceiver<()>);

impl Interrupts {
    /// SIGINT and SIGTERM of this process.
    pub(super) fn of_process() -> Result<Self, Failure> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (send, receive) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if send.send(()).is_err() {
                    return;
                }
            }
        });
        Ok(Self(receive))
    }

    /// The next one.
    pub(super) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            // Nobody can interrupt any more.
            std::future::pending::<()>().await;
        }
    }
}

/// How watching came to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// The job has ended.
    Ended(Job),
    /// The daemon goes on without us.
    Detached,
    /// Asked twice: our own job was left as it was.
    Abandoned,
}

/// Shows how far the job is until it ends or somebody has had enough.
pub(super) async fn follow(
    seat: &Seat,
    number: u64,
    meter: &mut Meter,
    interrupts: &mut Interrupts,
) -> Result<Left, Failure> {
    let clock = SystemClock::new();
    let (mut seen, mut stopping) = (Progress::default(), false);
    loop {
        let asked_at = clock.elapsed();
        let news = async {
            let job = seat.news(number, &seen).await?;
            if job.end.is_none() {
                let spent = clock.elapsed().saturating_sub(asked_at);
                clock.sleep(APART.saturating_sub(spent)).await;
            }
            Ok::<_, Failure>(job)
        };
        let news = tokio::select! {
            biased;
            () = interrupts.next() => None,
            job = news => Some(job),
        };
        match (news, seat) {
            (Some(job), _) => {
                let job = job.map_err(|mut failure| {
                    meter.clear();
                    if failure.code == exit::BUSY {
                        failure.message.push_str(LOST);
                    }
                    failure
                })?;
                if job.end.is_some() {
                    meter.clear();
                    return Ok(Left::Ended(job));
                }
                meter.show(&job.progress, clock.elapsed());
                seen = job.progress;
            }
            (None, Seat::There(_)) => {
                meter.clear();
                return Ok(Left::Detached);
            }
            (None, Seat::Here(..)) if stopping => {
                meter.clear();
                return Ok(Left::Abandoned);
            }
            (None, Seat::Here(..)) => {
                stopping = true;
                meter.clear();
                remark(
                    "stopping in order: what is being written is finished; once more leaves at once",
                );
                seat.stop(number).await?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        migrate::{
            jobs::{Desk, Finished},
            wire::{Apply, End, Request},
        },
        ports::Jobs,
    };

    /// A seat here whose job ends when it is told to stop and `lets` it.
    fn seat(lets: bool) -> (Seat, mpsc::UnboundedReceiver<()>) {
        let (asked, was_asked) = mpsc::unbounded_channel();
        let desk = Desk::new(Arc::new(SystemClock::new()), move |order| {
            let asked = asked.clone();
            async move {
                order.stop.cancelled().await;
                asked.send(()).unwrap();
                if !lets {
                    std::future::pending::<()>().await;
                }
                Finished::bare(End::Interrupted, "stopped after 3 of 9")
            }
        });
        let jobs: Arc<dyn Jobs> = Arc::new(desk);
        (Seat::Here(jobs, None), was_asked)
    }

    fn interrupts() -> (mpsc::UnboundedSender<()>, Interrupts) {
        let (send, receive) = mpsc::unbounded_channel();
        (send, Interrupts(receive))
    }

    #[tokio::test]
    async fn our_own_job_is_stopped_in_order_and_its_end_is_waited_for() {
        let (seat, mut was_asked) = seat(true);
        let number = seat.start(&Request::Apply(Apply::default())).await.unwrap();
        let (signal, mut interrupts) = interrupts();
        signal.send(()).unwrap();
        let mut meter = Meter::silent();
        let left = follow(&seat, number, &mut meter, &mut interrupts).await;
        let Ok(Left::Ended(job)) = left else {
            panic!("{left:?}")
        };
        assert_eq!(job.end.unwrap().end, "interrupted");
        assert!(was_asked.recv().await.is_some());
    }

    #[tokio::test]
    async fn a_second_signal_leaves_a_job_that_does_not_stop() {
        let (seat, mut was_asked) = seat(false);
        let number = seat.start(&Request::Apply(Apply::default())).await.unwrap();
        let (signal, mut interrupts) = interrupts();
        signal.send(()).unwrap();
        signal.send(()).unwrap();
        let mut meter = Meter::silent();
        let left = follow(&seat, number, &mut meter, &mut interrupts).await;
        assert_eq!(left.unwrap(), Left::Abandoned);
        assert!(
            was_asked.recv().await.is_some(),
            "it was asked in order first"
        );
    }
}
