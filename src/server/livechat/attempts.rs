//! Failed logins: whoever fails too often waits, and the right password does not shorten it.
//!
//! Counted by address and account together, so that nobody can lock an account out from elsewhere.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Failures in a row that are let through.
const MOST: u32 = 10;

/// How long a count lasts, from its first failure.
const WINDOW: Duration = Duration::from_secs(300);

/// Counts that are remembered; beyond it the oldest is forgotten.
const CLIENTS: usize = 4_096;

/// An address and the place of the account it wants; `None`: an account that there is not.
pub(super) type Who = (IpAddr, Option<usize>);

/// Failed logins so far.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<Who, (Duration, u32)>>);

impl Attempts {
    /// Counts an attempt at `now` (of [`crate::ports::Clock::elapsed`]) as failed until it is forgiven,
    /// so that many at once count too. Whether it may go on.
    pub(super) fn begin(&self, who: Who, now: Duration) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= CLIENTS && !counts.contains_key(&who) {
            counts.retain(|_, (began, _)| *began + WINDOW > now);
            if counts.len() >= CLIENTS
                && let Some(oldest) = counts.iter().min_by_key(|(_, (began, _))| *began)
            {
                let oldest = *oldest.0;
                counts.remove(&oldest);
            }
        }
        let (began, count) = counts.entry(who).or_insert((now, 0));
        if *began + WINDOW <= now {
            (*began, *count) = (now, 0);
        }
        if *count >= MOST {
            return false;
        }
        *count += 1;
        true
    }

    /// The right password came.
    pub(super) fn forgive(&self, who: Who) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(&who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn too_many_failures_wait_for_the_end_of_their_window() {
        let attempts = Attempts::default();
        let who = ("192.0.2.1".parse().unwrap(), Some(0));
        for _ in 0..MOST {
            assert!(attempts.begin(who, at(7)));
        }
        assert!(!attempts.begin(who, at(306)));
        assert!(attempts.begin((who.0, Some(1)), at(306)), "another account");
        assert!(attempts.begin(("192.0.2.2".parse().unwrap(), Some(0)), at(306)));
        assert!(attempts.begin(who, at(307)));
    }

    #[test]
    fn a_success_begins_anew() {
        let attempts = Attempts::default();
        let who = ("192.0.2.1".parse().unwrap(), None);
        for _ in 0..5 * MOST {
            assert!(attempts.begin(who, at(0)));
            attempts.forgive(who);
        }
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_newest() {
        let attempts = Attempts::default();
        let client = |number: u32| (IpAddr::from(number.to_be_bytes()), None);
        for number in 0..=u32::try_from(CLIENTS).unwrap() {
            assert!(attempts.begin(client(number), Duration::from_millis(number.into())));
        }
        let counts = attempts.0.lock().unwrap();
        assert_eq!(counts.len(), CLIENTS);
        assert!(!counts.contains_key(&client(0)) && counts.contains_key(&client(1)));
    }
}
