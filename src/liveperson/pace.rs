//! When a failed poll may be tried again (contract §7.2): the retry schedule and the breaker.
//!
//! | trouble | wait |
//! |---|---|
//! | no connection, 5xx, an answer of another kind, a lost session | `quick`, one after the other, then `slow`, doubling up to `slow_max` |
//! | 429 | the same, and never less than LivePerson itself asked for |
//! | 400, 403, somebody else's account | `refused` at least |
//! | another client uses the user | `replaced_wait` |
//! | not there for `retired_after` | `retired_every` |
//! | login refused, 451 | none: a person is needed |
//!
//! Waits are drawn between once and twice their length. The breaker is closed while quick retries
//! go on, open while a longer wait runs, and half open during the one try after it.

use std::time::Duration;

use backon::{BackoffBuilder, ConstantBuilder, ExponentialBuilder};

use crate::{
    config::RetryConfig,
    ports::SourceFault,
    telemetry::{Metrics, metrics::Breaker},
};

/// The states of the breaker, as metric labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Polls go out as scheduled.
    #[default]
    Closed,
    /// A long wait runs.
    Open,
    /// The one try after a long wait is under way.
    HalfOpen,
}

impl State {
    const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

type Waits = Box<dyn Iterator<Item = Duration> + Send>;

/// Failures in a row and what they mean for the next try.
pub(super) struct Pace {
    config: RetryConfig,
    metrics: Metrics,
    state: State,
    failures: u32,
    waits: Waits,
}

impl Pace {
    pub(super) fn new(config: RetryConfig, metrics: Metrics) -> Self {
        let pace = Self {
            waits: waits(&config),
            config,
            metrics,
            state: State::Closed,
            failures: 0,
        };
        pace.show();
        pace
    }

    /// Whether a long wait runs.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// A try begins.
    pub(super) fn trying(&mut self) {
        if self.state == State::Open {
            self.state = State::HalfOpen;
            self.show();
        }
    }

    /// It worked.
    pub(super) fn worked(&mut self) {
        if self.failures > 0 || self.state != State::Closed {
            self.failures = 0;
            self.waits = waits(&self.config);
            self.state = State::Closed;
            self.show();
        }
    }

    /// It failed: how long to wait now; `asked` is the source's own word. `None` is for ever.
    pub(super) fn failed(
        &mut self,
        fault: SourceFault,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        self.failures = self.failures.saturating_add(1);
        // An empty `quick` and a schedule without end: it never runs dry.
        let scheduled = self.waits.next().unwrap_or(self.config.slow_max);
        let config = &self.config;
        let wait = match fault {
            SourceFault::CredentialsRejected | SourceFault::Blacklisted => None,
            SourceFault::Unreachable
            | SourceFault::ServerError
            | SourceFault::UnexpectedAnswer
            | SourceFault::SessionLost
            | SourceFault::NotFound
            | SourceFault::Throttled => Some(scheduled),
            SourceFault::Forbidden | SourceFault::Refused | SourceFault::ForeignAnswer => {
                Some(scheduled.max(jittered(config.refused)))
            }
            SourceFault::Replaced => Some(jittered(config.replaced_wait)),
            SourceFault::Retired => Some(jittered(config.retired_every)),
        };
        let wait = wait.map(|wait| wait.max(asked.unwrap_or_default()));
        let quick = self.failures as usize <= config.quick.len();
        let scheduled_alone = wait == Some(scheduled);
        self.state = if quick && scheduled_alone {
            State::Closed
        } else {
            State::Open
        };
        self.show();
        wait
    }

    fn show(&self) {
        for state in State::ALL {
            let label = Breaker {
                state: state.word(),
            };
            let holds = i64::from(state == self.state);
            self.metrics.source_breaker.get_or_create(&label).set(holds);
        }
        self.metrics
            .source_failures_in_a_row
            .set(i64::from(self.failures));
    }
}

/// The documented schedule: the quick waits once each, then doubling ones without end.
fn waits(config: &RetryConfig) -> Waits {
    let quick: Vec<Duration> = config.quick.iter().map(|wait| jittered(*wait)).collect();
    let slow = ExponentialBuilder::new()
        .with_min_delay(config.slow)
        .with_max_delay(config.slow_max)
        .with_factor(2.0)
        .without_max_times()
        .with_jitter()
        .build();
    Box::new(quick.into_iter().chain(slow))
}

/// Between once and twice `wait`.
fn jittered(wait: Duration) -> Duration {
    let mut one = ConstantBuilder::new()
        .with_delay(wait)
        .with_max_times(1)
        .with_jitter()
        .build();
    one.next().unwrap_or(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> Pace {
        Pace::new(RetryConfig::default(), Metrics::new())
    }

    /// Whole seconds between which the wait must be: once and twice its documented length.
    fn is_about(wait: Option<Duration>, seconds: u64) {
        let wait = wait.expect("a wait");
        let (least, most) = (
            Duration::from_secs(seconds),
            Duration::from_secs(2 * seconds),
        );
        assert!(wait >= least && wait <= most, "{wait:?} for {seconds} s");
    }

    #[test]
    fn the_documented_schedule_is_kept_and_starts_again_after_a_success() {
        let mut pace = pace();
        for _ in 0..2 {
            for (seconds, state) in [
                (5, State::Closed),
                (10, State::Closed),
                (15, State::Closed),
                (120, State::Open),
                (240, State::Open),
                (480, State::Open),
                (480, State::Open),
            ] {
                pace.trying();
                is_about(pace.failed(SourceFault::ServerError, None), seconds);
                assert_eq!(pace.state, state, "{seconds}");
            }
            pace.trying();
            assert_eq!(pace.state, State::HalfOpen);
            pace.worked();
            assert_eq!(pace.state, State::Closed);
        }
    }

    #[test]
    fn each_trouble_has_its_wait() {
        use SourceFault as F;
        let asked = Some(Duration::from_secs(700));
        for (fault, seconds) in [
            (F::Unreachable, 5),
            (F::UnexpectedAnswer, 5),
            (F::SessionLost, 5),
            (F::NotFound, 5),
            (F::Throttled, 5),
            (F::Forbidden, 300),
            (F::Refused, 300),
            (F::ForeignAnswer, 300),
            (F::Replaced, 300),
            (F::Retired, 3_600),
        ] {
            is_about(pace().failed(fault, None), seconds);
            let wait = pace().failed(fault, asked).expect("a wait");
            assert!(wait >= Duration::from_secs(700), "{fault:?} {wait:?}");
        }
        for fault in [F::CredentialsRejected, F::Blacklisted] {
            let mut pace = pace();
            assert_eq!(pace.failed(fault, asked), None);
            assert_eq!(pace.state, State::Open);
        }
    }

    #[test]
    fn without_quick_waits_the_slow_ones_come_at_once() {
        let config = RetryConfig {
            quick: Vec::new(),
            ..RetryConfig::default()
        };
        let mut pace = Pace::new(config, Metrics::new());
        is_about(pace.failed(SourceFault::Unreachable, None), 120);
        assert_eq!(pace.state, State::Open);
    }
}
