//! How far a job is: whoever does the work tells counts, and rate and time left are made of them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use crate::{
    domain::moving::Progress,
    ports::{Clock, JobEnd},
};

/// What is done before there is anything to measure.
pub(super) const READING: &str = "reading";

/// What "lately" means for the rate: long enough to be steady, short enough to show a limit that
/// has begun to bite.
const WINDOW: Duration = Duration::from_secs(30);

/// No two samples of the rate are closer: the window stays small whatever the pace.
const APART: Duration = Duration::from_millis(500);

/// What those who watch a job see.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) progress: Progress,
    pub(super) end: Option<JobEnd>,
}

/// Tells how far a job is. Clones tell of the same job; telling never waits.
#[derive(Clone)]
pub struct Teller {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    told: Arc<watch::Sender<Seen>>,
    /// Moments and the count of ended changes then, oldest first.
    samples: Mutex<VecDeque<(Duration, usize)>>,
}

impl Teller {
    /// A teller whom nobody hears, for work outside a job.
    pub fn unheard(clock: Arc<dyn Clock>) -> Self {
        Self::new(clock, Arc::new(watch::Sender::new(Seen::default())))
    }

    pub(super) fn new(clock: Arc<dyn Clock>, told: Arc<watch::Sender<Seen>>) -> Self {
        let samples = Mutex::default();
        Self {
            inner: Arc::new(Inner {
                clock,
                told,
                samples,
            }),
        }
    }

    /// What is being done now: a phase, or a word such as `reading`.
    pub fn doing(&self, what: &str) {
        self.inner.told.send_if_modified(|seen| {
            let other = seen.progress.doing != what;
            if other {
                what.clone_into(&mut seen.progress.doing);
            }
            other
        });
    }

    /// For how long the target holds back what is read now. What is measured tells by its rate.
    pub fn held_back(&self, wait: Option<Duration>) {
        let told = wait.map_or_else(
            || READING.to_owned(),
            |wait| {
                let seconds = wait.as_secs().saturating_add(1);
                format!("{READING}, held back by Rocket.Chat's rate limiter for {seconds}s")
            },
        );
        self.inner.told.send_if_modified(|seen| {
            let doing = &mut seen.progress.doing;
            let other = doing.starts_with(READING) && *doing != told;
            if other {
                *doing = told;
            }
            other
        });
    }

    /// From now on this work is measured: so many changes there are, so many ended before (of a run
    /// that is taken up again). The rate counts from here.
    pub fn begin(&self, total: usize, done: usize, failed: usize) {
        let mut samples = self.samples();
        samples.clear();
        samples.push_back((self.inner.clock.elapsed(), done));
        self.inner.told.send_modify(|seen| {
            let progress = &mut seen.progress;
            (progress.total, progress.done, progress.failed) = (total, done, failed);
            (progress.per_kilosecond, progress.left) = (0, None);
        });
    }

    /// So many more changes ended, `failed` of them badly.
    pub fn ended(&self, more: usize, failed: usize) {
        let now = self.inner.clock.elapsed();
        // Held over the sending: samples and counts must move together.
        let mut samples = self.samples();
        self.inner.told.send_modify(|seen| {
            let progress = &mut seen.progress;
            progress.done = progress.done.saturating_add(more);
            progress.failed = progress.failed.saturating_add(failed);
            while samples.len() > 1
                && samples
                    .front()
                    .is_some_and(|(at, _)| now.saturating_sub(*at) > WINDOW)
            {
                samples.pop_front();
            }
            if let Some(&(since, before)) = samples.front() {
                progress.per_kilosecond = rate(
                    progress.done.saturating_sub(before),
                    now.saturating_sub(since),
                );
                let open = progress.total.saturating_sub(progress.done);
                progress.left = time_for(open, progress.per_kilosecond);
            }
            if samples
                .back()
                .is_none_or(|(at, _)| now.saturating_sub(*at) >= APART)
            {
                samples.push_back((now, progress.done));
            }
        });
    }

    fn samples(&self) -> std::sync::MutexGuard<'_, VecDeque<(Duration, usize)>> {
        let samples = self.inner.samples.lock();
        samples.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Changes in a thousand seconds.
fn rate(changes: usize, took: Duration) -> u64 {
    let changes = u128::try_from(changes).unwrap_or(u128::MAX);
    let rate = changes
        .saturating_mul(1_000_000)
        .checked_div(took.as_millis());
    rate.map_or(0, |rate| u64::try_from(rate).unwrap_or(u64::MAX))
}

/// How long so many changes take; `None` when nothing moves.
fn time_for(open: usize, per_kilosecond: u64) -> Option<Duration> {
    let open = u64::try_from(open).unwrap_or(u64::MAX);
    let millis = open.saturating_mul(1_000_000).checked_div(per_kilosecond)?;
    Some(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Timestamp, ports::ManualClock};

    fn teller() -> (ManualClock, Teller, watch::Receiver<Seen>) {
        let clock = ManualClock::at(Timestamp::from_millis(0));
        let (told, seen) = watch::channel(Seen::default());
        let teller = Teller::new(Arc::new(clock.clone()), Arc::new(told));
        (clock, teller, seen)
    }

    #[test]
    fn rate_and_time_left_are_those_of_the_last_half_minute() {
        let (clock, teller, seen) = teller();
        teller.doing("users");
        teller.begin(1_000, 100, 2);
        for _ in 0..60 {
            clock.advance(Duration::from_secs(1));
            teller.ended(10, 0);
        }
        let progress = seen.borrow().progress.clone();
        assert_eq!((progress.done, progress.failed), (700, 2));
        assert_eq!(progress.per_kilosecond, 10_000);
        assert_eq!(progress.left, Some(Duration::from_secs(30)));
        // A limit begins to bite: half a minute later only the new pace counts.
        for _ in 0..40 {
            clock.advance(Duration::from_secs(1));
            teller.ended(1, 0);
        }
        let progress = seen.borrow().progress.clone();
        assert_eq!(progress.per_kilosecond, 1_000);
        assert_eq!(progress.left, Some(Duration::from_secs(260)));
    }

    #[test]
    fn without_time_or_changes_nothing_is_promised() {
        let (_, teller, seen) = teller();
        teller.begin(10, 0, 0);
        teller.ended(5, 1);
        let progress = seen.borrow().progress.clone();
        assert_eq!((progress.done, progress.failed), (5, 1));
        assert_eq!((progress.per_kilosecond, progress.left), (0, None));
    }

    #[test]
    fn only_reading_tells_what_holds_it_back() {
        let (_, teller, seen) = teller();
        let doing = || seen.borrow().progress.doing.clone();
        teller.doing(READING);
        teller.held_back(Some(Duration::from_millis(41_300)));
        assert_eq!(
            doing(),
            "reading, held back by Rocket.Chat's rate limiter for 42s"
        );
        teller.held_back(None);
        assert_eq!(doing(), "reading");
        teller.doing("users");
        teller.held_back(Some(Duration::from_secs(1)));
        assert_eq!(doing(), "users");
    }

    #[test]
    fn saying_the_same_again_wakes_nobody() {
        let (_, teller, mut seen) = teller();
        teller.doing("reading");
        assert!(seen.has_changed().unwrap());
        seen.mark_unchanged();
        teller.doing("reading");
        assert!(!seen.has_changed().unwrap());
    }
}
