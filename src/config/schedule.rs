//! `[schedule]`: when the source is polled. For the room `schedule`.

use std::time::Duration;

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use serde::{Deserialize, Serialize};

use super::{duration::Span, error::ConfigError};
use crate::domain::Timestamp;

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
    /// Without a tick for so long a poll is made anyway; `None` leaves it to the schedule, see
    /// [`Self::overdue_after`].
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

impl ScheduleConfig {
    /// The next `count` moments, in UTC, at which a poll is due after `now`.
    pub fn next_runs(&self, now: Timestamp, count: usize) -> Vec<Timestamp> {
        match &self.when {
            When::Every(every) => (1..=count)
                .scan(now, |last, _| {
                    *last = last.plus(*every);
                    Some(*last)
                })
                .collect(),
            When::Cron { cron, .. } => {
                chrono::DateTime::from_timestamp(now.millis().div_euclid(1_000), 0)
                    .into_iter()
                    .flat_map(|start| cron.iter_after(start).take(count))
                    .map(|due| Timestamp::from_millis(due.timestamp_millis()))
                    .collect()
            }
        }
    }

    /// How long after `last`, the end of the last poll, one is made anyway when no tick comes: as
    /// configured, else twice the interval, else at the second run that the cron expression had
    /// after it, so that nights and week-ends without runs are not taken for a dead trigger.
    pub fn overdue_after(&self, last: Timestamp) -> Duration {
        self.overdue_after.unwrap_or_else(|| {
            let second = self.next_runs(last, 2).pop();
            let until = second.map_or(Duration::from_secs(86_400), |run| run.since(last));
            until + self.jitter
        })
    }
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
        if let When::Cron { text, cron } = &when
            && cron
                .iter_after(chrono::DateTime::UNIX_EPOCH)
                .next()
                .is_none()
        {
            return wrong(
                "cron",
                format!("\"{text}\" never comes; no such day exists"),
            );
        }
        if let Some(overdue) = self.overdue_after {
            let least = match &when {
                When::Every(every) => *every,
                When::Cron { .. } => Duration::from_secs(1),
            };
            if overdue.0 <= least {
                return wrong(
                    "overdue_after",
                    format!("must be longer than {}", Span(least)),
                );
            }
        }
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
