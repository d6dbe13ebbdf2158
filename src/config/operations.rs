//! `[operations]`: the second listener, for operators. For the room `server`.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::error::ConfigError;

/// `[operations]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    listen: String,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:3081".to_owned(),
        }
    }
}

/// The operators' listener: health, metrics and the admin API.
#[derive(Clone, Debug)]
pub struct OperationsConfig {
    /// Address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
}

impl Typed {
    pub(super) fn meaning(&self) -> Result<OperationsConfig, ConfigError> {
        self.listen
            .parse()
            .map(|listen| OperationsConfig { listen })
            .map_err(|_| {
                ConfigError::meaning(
                    "operations.listen",
                    format!(
                        "\"{}\" is not an address; write \"127.0.0.1:3081\"",
                        self.listen
                    ),
                )
            })
    }
}
