//! `[state]`: where durable state lives and how it is backed up. For the room `state`.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{duration::Span, error::ConfigError};

/// `[state]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    dir: PathBuf,
    export_every: Span,
    keep_runs: u32,
    counters_every: Span,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("/var/lib/lp2rc"),
            export_every: Span::seconds(3_600),
            keep_runs: 1_000,
            counters_every: Span::seconds(2),
        }
    }
}

impl Default for StateConfig {
    fn default() -> Self {
        let typed = Typed::default();
        Self {
            dir: typed.dir,
            export_every: typed.export_every.0,
            keep_runs: typed.keep_runs,
            counters_every: typed.counters_every.0,
        }
    }
}

/// Where durable state lives.
#[derive(Clone, Debug)]
pub struct StateConfig {
    /// The directory. Holds `db/` (sled), `export.jsonl`, `quarantine/`, `admin.token` and
    /// `admin.addr`. Made with mode 0700.
    pub dir: PathBuf,
    /// How often the state is exported beside the database; also done at a clean stop.
    pub export_every: Duration,
    /// So many runs are kept in the history.
    pub keep_runs: u32,
    /// How often routing counters are written behind: what a crash may lose.
    pub counters_every: Duration,
}

impl Typed {
    pub(super) fn meaning(self) -> Result<StateConfig, ConfigError> {
        if self.dir.as_os_str().is_empty() {
            return Err(ConfigError::meaning("state.dir", "must name a directory"));
        }
        for (key, span, least) in [
            ("export_every", self.export_every, Span::seconds(1)),
            ("counters_every", self.counters_every, Span::millis(100)),
        ] {
            if span < least {
                let key = format!("state.{key}");
                return Err(ConfigError::meaning(
                    &key,
                    format!("must be at least {least}"),
                ));
            }
        }
        if self.keep_runs == 0 {
            return Err(ConfigError::meaning(
                "state.keep_runs",
                "must be at least 1",
            ));
        }
        Ok(StateConfig {
            dir: self.dir,
            export_every: self.export_every.0,
            keep_runs: self.keep_runs,
            counters_every: self.counters_every.0,
        })
    }
}
