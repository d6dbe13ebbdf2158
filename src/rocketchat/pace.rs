//! Keeping below the rate limiter (admin contract §1.4), by each route on its own, from what the
//! answers tell.
//!
//! | known of a route | who may go |
//! |---|---|
//! | nothing | one call at a time, until an answer tells |
//! | no limit was told | everybody |
//! | a window with calls left | as many as are left beyond those that are still under way |
//! | a window without any | nobody before it ends |
//! | a window that has ended | as many as the limit, less those still under way; nobody more before an answer tells when the new window ends |
//!
//! An answer tells what was left when it was made, so the least one of a window counts, and a call
//! whose answer is lost counts as made.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use tokio::sync::Notify;

use super::route::Route;
use crate::{domain::Timestamp, ports::Clock};

/// Two ends of windows that are nearer than this are one: each answer reckons it anew.
const SAME: i64 = 250;

/// A window is over only when it is over.
const MARGIN: Duration = Duration::from_millis(20);

/// The default length of a window, for an answer that does not tell.
const WINDOW: Duration = Duration::from_secs(60);

/// No window is longer: what seems so comes from clocks that differ.
const LONGEST: i64 = 3_600_000;

/// The pace of all routes.
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    waited: Counter<f64, std::sync::atomic::AtomicU64>,
    lanes: Vec<Lane>,
    /// The target's clock less ours since our start, at the least, in milliseconds.
    ahead: Mutex<Option<i64>>,
}

#[derive(Default)]
struct Lane {
    state: Mutex<State>,
    changed: Notify,
    /// How many wait for the window to end.
    waiting: AtomicUsize,
}

/// One who waits for a window to end, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn on(lane: &'a Lane) -> Self {
        lane.waiting.fetch_add(1, Ordering::Relaxed);
        Self(&lane.waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct State {
    known: Known,
    /// Calls that have gone and are not answered.
    flying: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    #[default]
    Nothing,
    Free,
    Window {
        limit: u32,
        left: u32,
        /// As the target told, in its time.
        reset: i64,
        /// By our clock; `None` when the window that was told has ended.
        ends: Option<Duration>,
    },
}

/// What an answer tells of the limiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing at all: no answer, or not the target's own.
    Nothing,
    /// That this call is not counted.
    Free,
    /// The headers.
    Window {
        limit: u32,
        left: u32,
        /// Epoch milliseconds of the target.
        reset: i64,
    },
    /// Too many, with the end of the window where it is told.
    TooMany(Option<i64>),
}

enum Verdict {
    Go,
    /// When something changes.
    Later,
    /// At that moment, or when something changes.
    At(Duration),
}

/// Leave for one call. Dropping it means that nobody knows what became of the call.
pub(super) struct Pass<'a> {
    lane: &'a Lane,
    told: bool,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.lane.learn(|known| {
                if let Known::Window { left, .. } = known {
                    *left = left.saturating_sub(1);
                }
            });
        }
    }
}

impl Pace {
    pub(super) fn new(
        clock: Arc<dyn Clock>,
        waited: Counter<f64, std::sync::atomic::AtomicU64>,
    ) -> Self {
        let lanes = (0..Route::COUNT).map(|_| Lane::default()).collect();
        Self {
            clock,
            waited,
            lanes,
            ahead: Mutex::new(None),
        }
    }

    /// Waits until a call may go.
    pub(super) async fn admit(&self, route: Route) -> Pass<'_> {
        let lane = self.lane(route);
        let began = self.clock.elapsed();
        loop {
            let changed = lane.changed.notified();
            let mut changed = std::pin::pin!(changed);
            // Before the look: what changes after it must not be missed.
            changed.as_mut().enable();
            let now = self.clock.elapsed();
            let verdict = lane.state().ask(now);
            match verdict {
                Verdict::Go => break,
                Verdict::Later => changed.await,
                Verdict::At(then) => {
                    let _waiting = Waiting::on(lane);
                    tokio::select! {
                        () = changed => {}
                        () = self.clock.sleep(then.saturating_sub(now)) => {}
                    }
                }
            }
        }
        let waited = self.clock.elapsed().saturating_sub(began);
        self.waited.inc_by(waited.as_secs_f64());
        Pass { lane, told: false }
    }

    /// Learns from the answer to a call; `date` is when the target says it answered.
    pub(super) fn learn(&self, mut pass: Pass<'_>, told: Told, date: Option<Timestamp>) {
        pass.told = true;
        let now = self.clock.elapsed();
        self.compare(date, now);
        pass.lane.learn(|known| match told {
            Told::Nothing => {
                if let Known::Window { left, .. } = known {
                    *left = left.saturating_sub(1);
                }
            }
            Told::Free => *known = Known::Free,
            Told::Window { limit, left, reset } => {
                let ends = Some(now + self.until(reset, now) + MARGIN);
                known.merge(limit.max(1), left, reset, ends);
            }
            Told::TooMany(reset) => {
                let limit = match known {
                    Known::Window { limit, .. } => *limit,
                    Known::Nothing | Known::Free => 1,
                };
                let wait = reset.map_or(WINDOW, |reset| self.until(reset, now));
                let wait = wait.max(Duration::from_secs(1)) + MARGIN;
                let reset = reset.unwrap_or(i64::MIN);
                *known = Known::Window {
                    limit,
                    left: 0,
                    reset,
                    ends: Some(now + wait),
                };
            }
        });
        if matches!(told, Told::TooMany(_)) {
            // The window ended later than reckoned: one of the clocks was set.
            *lock(&self.ahead) = None;
        }
    }

    /// Whether calls of a route are counted, as the last answer told.
    pub(super) fn is_limited(&self, route: Route) -> bool {
        matches!(self.lane(route).state().known, Known::Window { .. })
    }

    /// How long a route's window still lasts.
    pub(super) fn wait(&self, route: Route) -> Option<Duration> {
        match self.lane(route).state().known {
            Known::Window { ends, .. } => Some(ends?.saturating_sub(self.clock.elapsed())),
            Known::Nothing | Known::Free => None,
        }
    }

    /// The longest wait of those who wait for a window to end.
    pub(super) fn held_back(&self) -> Option<Duration> {
        let now = self.clock.elapsed();
        let held = self.lanes.iter().filter(|lane| {
            // A moment too early or too late does no harm: somebody only looks.
            lane.waiting.load(Ordering::Relaxed) > 0
        });
        let ends = held.filter_map(|lane| match lane.state().known {
            Known::Window { ends, .. } => ends,
            Known::Nothing | Known::Free => None,
        });
        ends.max().map(|end| end.saturating_sub(now))
    }

    fn lane(&self, route: Route) -> &Lane {
        &self.lanes[route as usize]
    }

    /// `Date` is cut to the second, so the target's clock is there or further: the greatest
    /// difference seen is the nearest to the truth, and never beyond it.
    fn compare(&self, date: Option<Timestamp>, now: Duration) {
        if let Some(date) = date {
            let ahead = date.millis() - millis(now);
            let mut known = lock(&self.ahead);
            *known = Some(known.map_or(ahead, |known| known.max(ahead)));
        }
    }

    /// How long it is until `reset` of the target's clock; rather too long than too short.
    fn until(&self, reset: i64, now: Duration) -> Duration {
        let ahead = *lock(&self.ahead);
        let theirs = ahead.map(|ahead| reset - millis(now) - ahead);
        let ours = reset - self.clock.now().millis();
        let likely = |wait: &i64| (0..=LONGEST).contains(wait);
        let wait = theirs.filter(likely).or(Some(ours).filter(likely));
        let wait = wait.and_then(|wait| u64::try_from(wait).ok());
        wait.map_or(WINDOW, Duration::from_millis)
    }
}

impl Lane {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn learn(&self, change: impl FnOnce(&mut Known)) {
        {
            let mut state = self.state();
            state.flying = state.flying.saturating_sub(1);
            change(&mut state.known);
        }
        self.changed.notify_waiters();
    }
}

impl State {
    fn ask(&mut self, now: Duration) -> Verdict {
        let verdict = match &mut self.known {
            Known::Nothing if self.flying == 0 => Verdict::Go,
            Known::Nothing => Verdict::Later,
            Known::Free => Verdict::Go,
            Known::Window {
                limit, left, ends, ..
            } => {
                if ends.is_some_and(|ends| now >= ends) {
                    *left = *limit;
                    *ends = None;
                }
                match ends {
                    _ if *left > self.flying => Verdict::Go,
                    Some(ends) => Verdict::At(*ends),
                    // All that are left fly, so an answer will come.
                    None if self.flying > 0 => Verdict::Later,
                    // Nothing flies and nothing is left: all answers were lost.
                    None => {
                        *left = 1;
                        Verdict::Go
                    }
                }
            }
        };
        if matches!(verdict, Verdict::Go) {
            self.flying += 1;
        }
        verdict
    }
}

impl Known {
    /// Joins what one more answer told.
    fn merge(&mut self, limit: u32, left: u32, reset: i64, ends: Option<Duration>) {
        let told = Self::Window {
            limit,
            left,
            reset,
            ends,
        };
        match self {
            Self::Nothing | Self::Free => *self = told,
            Self::Window { reset: known, .. } if reset > known.saturating_add(SAME) => *self = told,
            // Of a window that has ended since.
            Self::Window { reset: known, .. } if reset < known.saturating_sub(SAME) => {}
            Self::Window { ends: None, .. } => {}
            Self::Window {
                left: known,
                ends: until,
                ..
            } => {
                *known = left.min(*known);
                *until = ends.min(*until);
            }
        }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
