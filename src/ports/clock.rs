//! Time is a port: every "now" and every wait of the bridge and of the simulators comes here.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use super::Future;
use crate::domain::Timestamp;

/// A source of time. Cheap to ask; never blocks.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock. May jump in either direction: use it for stored and printed moments only.
    fn now(&self) -> Timestamp;

    /// Time since the clock was made. Never goes back: use it for every age and deadline.
    fn elapsed(&self) -> Duration;

    /// Completes after `wait`. Cancel-safe: dropping it costs nothing.
    fn sleep(&self, wait: Duration) -> Future<'static, ()>;
}

/// Runs `work`, giving up after `limit` by the given clock. `None` means that time ran out.
pub async fn timeout<T>(
    clock: &dyn Clock,
    limit: Duration,
    work: impl std::future::Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = clock.sleep(limit) => None,
    }
}

/// The machine's own clock, on tokio's timer, so that tests without sockets can pause it.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the machine"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, wait: Duration) -> Future<'static, ()> {
        Box::pin(tokio::time::sleep(wait))
    }
}

/// A clock that moves only when told. Simulations over real sockets use it, where tokio's paused
/// time would run ahead whenever a socket is waited for.
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    inner: Arc<Hands>,
}

#[derive(Debug, Default)]
struct Hands {
    /// Wall time at elapsed zero, in epoch milliseconds; moved alone by [`ManualClock::jump`].
    wall_base: AtomicI64,
    state: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    elapsed: Duration,
    next: u64,
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
}

impl ManualClock {
    /// A clock that shows `start` and stands still.
    pub fn at(start: Timestamp) -> Self {
        let clock = Self::default();
        clock
            .inner
            .wall_base
            .store(start.millis(), Ordering::Relaxed);
        clock
    }

    /// Moves both clocks forward and wakes every sleeper whose time has come, earliest first.
    pub fn advance(&self, by: Duration) {
        let mut due = Vec::new();
        {
            let mut state = self.state();
            state.elapsed += by;
            let after = (state.elapsed + Duration::from_nanos(1), 0);
            let later = state.sleepers.split_off(&after);
            due.extend(std::mem::replace(&mut state.sleepers, later).into_values());
        }
        for sleeper in due {
            // A sleeper that was dropped meanwhile does not want to know.
            let _ = sleeper.send(());
        }
    }

    /// Moves the wall clock alone, in milliseconds, either way: what an administrator or a
    /// resumed virtual machine does.
    pub fn jump(&self, millis: i64) {
        self.inner.wall_base.fetch_add(millis, Ordering::Relaxed);
    }

    /// How long until the next sleeper wakes; `None` when nobody sleeps.
    pub fn next_wake(&self) -> Option<Duration> {
        let mut state = self.state();
        state.sleepers.retain(|_, sleeper| !sleeper.is_closed());
        let first = state.sleepers.first_key_value().map(|((at, _), _)| *at);
        first.map(|at| at.saturating_sub(state.elapsed))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let base = self.inner.wall_base.load(Ordering::Relaxed);
        Timestamp::from_millis(base).plus(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    fn sleep(&self, wait: Duration) -> Future<'static, ()> {
        let (send, receive) = oneshot::channel();
        let mut state = self.state();
        if wait.is_zero() {
            return Box::pin(std::future::ready(()));
        }
        let key = (state.elapsed + wait, state.next);
        state.next += 1;
        state.sleepers.insert(key, send);
        Box::pin(async move {
            // The clock itself is gone: nothing will ever be due again.
            if receive.await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_exactly_those_who_are_due() {
        let clock = ManualClock::at(Timestamp::from_millis(1_000));
        let (short, long) = (
            clock.sleep(Duration::from_secs(1)),
            clock.sleep(Duration::from_secs(3)),
        );
        assert_eq!(clock.next_wake(), Some(Duration::from_secs(1)));
        clock.advance(Duration::from_secs(2));
        short.await;
        assert_eq!(clock.next_wake(), Some(Duration::from_secs(1)));
        clock.jump(-500);
        assert_eq!(clock.now(), Timestamp::from_millis(2_500));
        clock.advance(Duration::from_secs(1));
        long.await;
        assert_eq!(clock.next_wake(), None);
        assert_eq!(clock.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeout_gives_up_by_the_given_clock() {
        let clock = SystemClock::new();
        let never = std::future::pending::<()>();
        assert_eq!(timeout(&clock, Duration::from_secs(5), never).await, None);
        assert_eq!(
            timeout(&clock, Duration::from_secs(5), async { 7 }).await,
            Some(7)
        );
    }
}
