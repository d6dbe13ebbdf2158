//! hyper's timer on the clock port, so that a test with a manual clock can run out a header.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

use crate::ports::{Clock, Future};

/// One connection's timer. hyper makes and drops a deadline for every request; the alarm behind
/// it is kept from one to the next and re-armed only when it rings, so that a busy connection
/// touches tokio's timer wheel once in a header timeout and not once in a request.
#[derive(Clone)]
pub(super) struct ClockTimer(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    /// What [`Clock::elapsed`] zero is called in hyper's terms. Any fixed instant will do.
    zero: Instant,
    alarm: Mutex<Option<Alarm>>,
}

struct Alarm {
    rings_at: Duration,
    sleep: Future<'static, ()>,
}

impl ClockTimer {
    pub(super) fn new(clock: Arc<dyn Clock>, zero: Instant) -> Self {
        Self(Arc::new(Shared {
            clock,
            zero,
            alarm: Mutex::default(),
        }))
    }
}

impl Timer for ClockTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Waiting {
            shared: Arc::clone(&self.0),
            deadline: deadline.saturating_duration_since(self.0.zero),
        })
    }

    fn now(&self) -> Instant {
        self.0.zero + self.0.clock.elapsed()
    }
}

struct Waiting {
    shared: Arc<Shared>,
    deadline: Duration,
}

impl Sleep for Waiting {}

impl std::future::Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut kept = self
            .shared
            .alarm
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let too_late = kept.as_ref().is_some_and(|a| a.rings_at > self.deadline);
        if too_late {
            *kept = None;
        }
        loop {
            let alarm = kept.get_or_insert_with(|| {
                let left = self.deadline.saturating_sub(self.shared.clock.elapsed());
                Alarm {
                    rings_at: self.deadline,
                    sleep: self.shared.clock.sleep(left),
                }
            });
            if alarm.sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            *kept = None;
            if self.shared.clock.elapsed() >= self.deadline {
                return Poll::Ready(());
            }
        }
    }
}
