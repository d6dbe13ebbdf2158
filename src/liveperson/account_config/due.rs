//! When the account configuration is read again, and how long that may take. Pure.
//!
//! | the last try | next try |
//! |---|---|
//! | worked, or there is no right | after `every` |
//! | failed | after `every / 4`, or what the server asked for when that is longer |
//! | was cancelled with its poll | like failed, and as if it had taken all of its time |
//!
//! All tries within one `every` share one `total`, so that a service that hangs costs the polls no
//! more than that. A try that would be left with less than a quarter of it waits for the next
//! `every`.

use std::time::Duration;

/// The plan. All moments are by `Clock::elapsed`.
#[derive(Debug, Default)]
pub(super) struct Due {
    at: Duration,
    /// Since when `spent` is counted.
    since: Option<Duration>,
    spent: Duration,
    /// Of `spent`, the time of the try that runs.
    granted: Duration,
}

impl Due {
    /// How long a try may take, when one is due now. Counts as a try that is cancelled, until
    /// [`Self::done`] tells otherwise.
    pub(super) fn start(
        &mut self,
        now: Duration,
        every: Duration,
        total: Duration,
    ) -> Option<Duration> {
        if now < self.at {
            return None;
        }
        let since = match self.since {
            Some(since) if now < since + every => since,
            Some(_) | None => {
                self.spent = Duration::ZERO;
                *self.since.insert(now)
            }
        };
        let limit = total.saturating_sub(self.spent);
        if limit < total / 4 {
            self.at = since + every;
            return None;
        }
        self.granted = limit;
        self.spent += limit;
        self.at = now + every / 4;
        Some(limit)
    }

    /// The try that [`Self::start`] allowed ended at `now`, after `took`. The next one is due `wait`
    /// later.
    pub(super) fn done(&mut self, now: Duration, took: Duration, wait: Duration) {
        self.spent = self.spent.saturating_sub(self.granted.saturating_sub(took));
        self.at = now.saturating_add(wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(600);
    const TOTAL: Duration = Duration::from_secs(30);

    #[derive(Clone, Copy)]
    enum Try {
        /// Took so long, and the next is due so much later.
        Ends(u64, u64),
        Cancelled,
        /// None is due.
        None,
    }

    /// When, what comes of it, and the seconds it was given.
    type Step = (u64, Try, u64);

    #[test]
    fn tries_come_when_due_and_share_their_time() {
        use Try::{Cancelled, Ends, None};
        let cases: &[(&str, &[Step])] = &[
            (
                "at once, then every",
                &[
                    (0, Ends(2, 600), 30),
                    (601, None, 0),
                    (602, Ends(1, 600), 30),
                ],
            ),
            (
                "quick failures: four tries within every",
                &[
                    (0, Ends(0, 150), 30),
                    (149, None, 0),
                    (150, Ends(0, 150), 30),
                    (300, Ends(0, 150), 30),
                    (450, Ends(0, 150), 30),
                    (600, Ends(0, 150), 30),
                ],
            ),
            (
                "a server that hangs: once within every",
                &[
                    (0, Ends(30, 150), 30),
                    (180, None, 0),
                    (599, None, 0),
                    (600, Ends(30, 150), 30),
                ],
            ),
            (
                "slow failures share the time",
                &[
                    (0, Ends(12, 150), 30),
                    (162, Ends(12, 150), 18),
                    (324, None, 0),
                    (600, Ends(0, 600), 30),
                ],
            ),
            (
                "a cancelled poll does not come back at once",
                &[
                    (0, Cancelled, 30),
                    (1, None, 0),
                    (150, None, 0),
                    (600, Cancelled, 30),
                ],
            ),
        ];
        for (name, steps) in cases {
            let mut due = Due::default();
            for (at, then, given) in *steps {
                let now = Duration::from_secs(*at);
                let limit = due.start(now, EVERY, TOTAL);
                let expect = (*given > 0).then_some(Duration::from_secs(*given));
                assert_eq!(limit, expect, "{name}, at {at} s");
                match then {
                    Ends(took, wait) => {
                        let took = Duration::from_secs(*took);
                        due.done(now + took, took, Duration::from_secs(*wait));
                    }
                    Cancelled | None => {}
                }
            }
        }
    }
}
