//! The time this LivePerson tells: the clock's wall time, shifted by every jump. Waits and ages
//! follow the clock itself and know of no jump.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    domain::Timestamp,
    ports::{Clock, Future},
};

/// A clock whose wall time can be shifted.
pub(super) struct ToldClock {
    clock: Arc<dyn Clock>,
    /// Milliseconds that the told time is ahead.
    ahead: AtomicI64,
    jumps: AtomicU64,
}

impl ToldClock {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            ahead: AtomicI64::new(0),
            jumps: AtomicU64::new(0),
        }
    }

    /// The told wall time: in every stamp, header and error.
    pub(super) fn now(&self) -> Timestamp {
        let ahead = self.ahead.load(Ordering::Relaxed);
        Timestamp::from_millis(self.clock.now().millis().saturating_add(ahead))
    }

    /// For ages and deadlines.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    pub(super) fn sleep(&self, wait: Duration) -> Future<'static, ()> {
        self.clock.sleep(wait)
    }

    /// Shifts the told time, either way.
    pub(super) fn jump(&self, millis: i64) {
        let ahead = self.ahead.load(Ordering::Relaxed);
        self.ahead
            .store(ahead.saturating_add(millis), Ordering::Relaxed);
        self.jumps.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it was shifted.
    pub(super) fn jumps(&self) -> u64 {
        self.jumps.load(Ordering::Relaxed)
    }

    /// The told time as a `Date` header; `None` outside of the years that can be written.
    pub(super) fn date(&self) -> Option<String> {
        let now = jiff::Timestamp::from_millisecond(self.now().millis()).ok()?;
        Some(now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    }
}
