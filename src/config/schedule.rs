//! `[schedule]`: when the source is polled. For the room `schedule`.

use std::time::Duration;

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use serde::{Deserialize, Serialize};

use super::{duration::Span, error::ConfigError};

/// `[schedule]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    every: Option<Span>,
    cron: Option<String>,
    jitter: Span,
    deadline: Span,
    overdue_after: Option<Span>,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            every: None,
            cron: None,
            jitter: Span::millis(500),
            deadline: Span::seconds(120),
            overdue_after: None,
        }
    }
}

/// When the source is polled.
#[derive(Clone, Debug)]
pub struct ScheduleConfig {
    /// Interval or cron expression.
    pub when: When,
    /// Each poll waits a random part of this first, so that many bridges do not call at once.
    pub jitter: Duration,
    /// A cycle that takes longer is cancelled.
    pub deadline: Duration,
    /// Without a tick for so long a poll is made anyway; `None` means twice the usual distance
    /// between runs.
    pub overdue_after: Option<Duration>,
}

/// Interval or cron expression.
#[derive(Clone, Debug)]
pub enum When {
    /// So long after the last poll ended its turn.
    Every(Duration),
    /// At these times, UTC. The text parses for croner and for the scheduler.
    Cron {
        /// Six fields, seconds first.
        text: String,
        /// The same, parsed.
        cron: Box<Cron>,
    },
}

impl Typed {
    pub(super) fn meaning(self) -> Result<ScheduleConfig, ConfigError> {
        let wrong =
            |key: &str, why: String| Err(ConfigError::meaning(&format!("schedule.{key}"), why));
        let when = match (self.every, self.cron) {
            (Some(_), Some(_)) => {
                return wrong(
                    "cron",
                    "is given beside `every`; keep one of them".to_owned(),
                );
            }
            (None, None) => When::Every(Duration::from_secs(15)),
            (Some(every), None) => {
                if every.0 < Duration::from_millis(100) {
                    return wrong(
                        "every",
                        "must be at least 100ms; LivePerson advises 2s or more".to_owned(),
                    );
                }
                When::Every(every.0)
            }
            (None, Some(text)) => {
                let parser = CronParser::builder()
                    .seconds(Seconds::Required)
                    .year(Year::Optional)
                    .dom_and_dow(true)
                    .build();
                match parser.parse(&text) {
                    Ok(cron) => When::Cron {
                        text,
                        cron: Box::new(cron),
                    },
                    Err(error) => {
                        return wrong(
                            "cron",
                            format!(
                                "\"{text}\" is not a cron expression: {error}; write six fields, seconds first, in UTC: \"*/15 * * * * *\""
                            ),
                        );
                    }
                }
            }
        };
        if self.deadline.0.is_zero() {
            return wrong("deadline", "must be longer than 0s".to_owned());
        }
        Ok(ScheduleConfig {
            when,
            jitter: self.jitter.0,
            deadline: self.deadline.0,
            overdue_after: self.overdue_after.map(|span| span.0),
        })
    }
}
