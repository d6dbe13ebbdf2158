//! `lp2rc config check|dump`: does it hold, and where does each value come from.

use std::fmt::Write as _;

use super::{
    Common,
    exit::Failure,
    output::{remark, say},
};
use crate::{config::When, domain::Timestamp, ports::Clock};

/// What to do with the configuration.
#[derive(Clone, Copy, Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Say whether it holds, and when the next five polls are due.
    Check,
    /// Print every effective value with where it comes from; secrets are stars.
    Dump,
}

/// Runs the verb.
pub(super) fn run(common: &Common, verb: Verb) -> Result<(), Failure> {
    let loaded = common.load()?;
    match verb {
        Verb::Dump => say(&loaded.dump()),
        Verb::Check => {
            let schedule = &loaded.config.schedule;
            let now = crate::ports::SystemClock::new().now();
            let runs: Vec<Timestamp> = schedule.next_runs(now, 5);
            let when = match &schedule.when {
                When::Every(every) => format!("every {every:?}, counted from the end of a poll"),
                When::Cron { text, .. } => format!("cron \"{text}\" (UTC)"),
            };
            let mut text = format!(
                "the configuration holds\naccount {}, {}\nnext polls, {when}:\n",
                loaded.config.liveperson.account, loaded.config.liveperson.discovery_url
            );
            for run in runs {
                // Writing into a String cannot fail.
                let _ = writeln!(text, "  {run}");
            }
            let routing = &loaded.config.routing;
            if let When::Every(every) = schedule.when {
                let gap = every + schedule.jitter;
                if gap >= routing.max_age {
                    remark(
                        "warning: polls are rarer than routing.max_age: between two of them every agent of LivePerson's is refused",
                    );
                } else if gap >= routing.stale_after {
                    remark(
                        "warning: polls are rarer than routing.stale_after: between two of them what is served is called degraded",
                    );
                }
            }
            say(&text)
        }
    }
}
