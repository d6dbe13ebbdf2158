//! One clock for the bridge and its LivePerson, moved only when neither has anything left to do.
//!
//! What "quiet" means: bridge, simulator and clients run on one thread, with one thread more for
//! blocking work. A round lets every task that can run do so, looks at the sockets, and waits
//! until the blocking work queued so far is done. When round after round nobody asks the clock
//! anything (which every step of both sides does), and every request that is being answered waits
//! on the clock, the only thing left to wait for is the clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use lp2rc::{
    domain::Timestamp,
    ports::{Clock, Future, ManualClock},
    sim::liveperson::Simulator,
};

/// So many rounds without a sign of life are quiet. Between two signs lies at most one: a
/// connection, a piece of a body, a job of the blocking thread.
const STILL: u32 = 4;

/// In a round every task gets so many turns, and every socket as many looks.
const TURNS: u32 = 12;

/// Nothing takes so long in real time; without it a hang would be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// A manual clock that counts how often it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Clockwork {
    hands: ManualClock,
    asked: Arc<AtomicU64>,
}

impl Clockwork {
    pub(crate) fn new() -> Self {
        Self {
            hands: ManualClock::at(Timestamp::from_millis(1_767_323_045_678)),
            asked: Arc::default(),
        }
    }

    /// The hands themselves: looking at them is no sign of life.
    pub(crate) fn hands(&self) -> &ManualClock {
        &self.hands
    }

    /// Waits until both sides only wait on the clock.
    pub(crate) async fn quiet(&self, sim: &Simulator) {
        let quiet = async {
            let (mut still, mut last) = (0, self.asked.load(Ordering::SeqCst));
            while still < STILL {
                for _ in 0..TURNS {
                    tokio::task::yield_now().await;
                }
                tokio::task::spawn_blocking(|| ()).await.unwrap();
                let now = self.asked.load(Ordering::SeqCst);
                let (in_flight, held) = (sim.in_flight(), sim.held());
                // The simulator's counts ask the clock themselves.
                let looks = self.asked.load(Ordering::SeqCst) - now;
                still = if now == last && in_flight == held {
                    still + 1
                } else {
                    0
                };
                last = now + looks;
            }
        };
        let done = tokio::time::timeout(PATIENCE, quiet).await;
        assert!(
            done.is_ok(),
            "no quiet within {PATIENCE:?} at {:?}: {:?}; next on the clock: {:?}; last requests: {:#?}",
            self.hands.elapsed(),
            sim.counts(),
            self.hands.next_wake(),
            sim.log().iter().rev().take(10).collect::<Vec<_>>(),
        );
    }

    /// Moves the clock to `until`, from one wake to the next, with quiet before each move and at
    /// the end. Gives how many moves it took.
    pub(crate) async fn run_to(&self, until: Duration, sim: &Simulator) -> u64 {
        let mut moves = 0;
        loop {
            self.quiet(sim).await;
            let left = until.saturating_sub(self.hands.elapsed());
            if left.is_zero() {
                return moves;
            }
            let wake = self.hands.next_wake().unwrap_or(left);
            self.hands.advance(wake.min(left));
            moves += 1;
        }
    }
}

impl Clock for Clockwork {
    fn now(&self) -> Timestamp {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.hands.now()
    }

    fn elapsed(&self) -> Duration {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.hands.elapsed()
    }

    fn sleep(&self, wait: Duration) -> Future<'static, ()> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.hands.sleep(wait)
    }
}

/// The runtime that [`Clockwork::quiet`] speaks of.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap()
}
