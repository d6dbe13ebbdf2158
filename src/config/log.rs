//! `[log]`: how the process talks on stderr. For the room `telemetry`.

use serde::{Deserialize, Serialize};

use super::error::ConfigError;

/// Shape of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How the process talks on stderr.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Shape of a line.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`, or a filter such as `info,lp2rc::server=debug`.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: "info".to_owned(),
        }
    }
}

impl LogConfig {
    pub(super) fn meaning(self) -> Result<Self, ConfigError> {
        // A single word that is no level would be taken for the name of a module, and silence the rest.
        let words = ["off", "error", "warn", "info", "debug", "trace"];
        let plain = self.level.trim().to_lowercase();
        let is_filter = plain.contains(['=', ',', ':', '[']);
        if !is_filter && !words.contains(&plain.as_str()) {
            return Err(ConfigError::meaning(
                "log.level",
                format!(
                    "\"{}\" is not a level; write one of {}, or a filter such as info,lp2rc::server=debug",
                    self.level,
                    words.join(", ")
                ),
            ));
        }
        match self.level.parse::<tracing_subscriber::EnvFilter>() {
            Ok(_) => Ok(self),
            Err(error) => Err(ConfigError::meaning(
                "log.level",
                format!("\"{}\" is not a level or filter: {error}", self.level),
            )),
        }
    }
}
