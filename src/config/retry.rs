//! `[liveperson.retry]`: when a failed poll is tried again. For the room `liveperson`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{duration::Span, error::ConfigError};

/// `[liveperson.retry]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    quick: Vec<Span>,
    slow: Span,
    slow_max: Span,
    refused: Span,
    asked_max: Span,
    replaced_losses: u32,
    replaced_within: Span,
    replaced_wait: Span,
    retired_after: Span,
    retired_every: Span,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            quick: vec![Span::seconds(5), Span::seconds(10), Span::seconds(15)],
            slow: Span::seconds(120),
            slow_max: Span::seconds(480),
            refused: Span::seconds(300),
            asked_max: Span::seconds(3_600),
            replaced_losses: 3,
            replaced_within: Span::seconds(600),
            replaced_wait: Span::seconds(300),
            retired_after: Span::seconds(24 * 3_600),
            retired_every: Span::seconds(3_600),
        }
    }
}

/// When a failed poll is tried again (contract §7.2, §8). Every wait may come out up to twice as
/// long: full jitter, so that many bridges do not call at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryConfig {
    /// Waits after the first failures in a row, one each.
    pub quick: Vec<Duration>,
    /// The wait after those; it doubles from failure to failure.
    pub slow: Duration,
    /// The longest such wait.
    pub slow_max: Duration,
    /// The wait after a refusal that waiting alone seldom cures: 400, 403.
    pub refused: Duration,
    /// The longest wait that is granted when the source itself asks for one.
    pub asked_max: Duration,
    /// So many lost agent sessions …
    pub replaced_losses: u32,
    /// … within this time mean that another client uses the same user.
    pub replaced_within: Duration,
    /// The wait then.
    pub replaced_wait: Duration,
    /// A service that is not there (404, 410, no such host) for so long has been retired.
    pub retired_after: Duration,
    /// How often a retired service is looked for.
    pub retired_every: Duration,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Typed::default().into()
    }
}

impl From<Typed> for RetryConfig {
    fn from(typed: Typed) -> Self {
        Self {
            quick: typed.quick.into_iter().map(|span| span.0).collect(),
            slow: typed.slow.0,
            slow_max: typed.slow_max.0,
            refused: typed.refused.0,
            asked_max: typed.asked_max.0,
            replaced_losses: typed.replaced_losses,
            replaced_within: typed.replaced_within.0,
            replaced_wait: typed.replaced_wait.0,
            retired_after: typed.retired_after.0,
            retired_every: typed.retired_every.0,
        }
    }
}

impl Typed {
    pub(super) fn meaning(self) -> Result<RetryConfig, ConfigError> {
        let wrong = |key: &str, why: &str| {
            Err(ConfigError::meaning(
                &format!("liveperson.retry.{key}"),
                why,
            ))
        };
        let least = Span::millis(100);
        if self.quick.iter().any(|wait| *wait < least) {
            return wrong("quick", &format!("each wait must be at least {least}"));
        }
        if self.quick.len() > 20 {
            return wrong("quick", "may hold at most 20 waits");
        }
        for (key, span) in [
            ("slow", self.slow),
            ("refused", self.refused),
            ("asked_max", self.asked_max),
            ("replaced_within", self.replaced_within),
            ("replaced_wait", self.replaced_wait),
            ("retired_after", self.retired_after),
            ("retired_every", self.retired_every),
        ] {
            if span < least {
                return wrong(key, &format!("must be at least {least}"));
            }
        }
        if self.slow_max < self.slow {
            return wrong("slow_max", "must not be shorter than `slow`");
        }
        if self.replaced_losses < 2 {
            return wrong(
                "replaced_losses",
                "must be at least 2: sessions end by themselves, too",
            );
        }
        Ok(self.into())
    }
}
