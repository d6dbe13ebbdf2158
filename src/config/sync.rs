//! `[sync]`: when an answer is doubted. For the room `sync`.

use serde::{Deserialize, Serialize};

use super::{duration::Span, error::ConfigError};
use crate::domain::MergeRules;

/// `[sync]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    fall_percent: u8,
    fall_minimum: usize,
    full_every: Span,
}

impl Default for Typed {
    fn default() -> Self {
        let rules = MergeRules::default();
        Self {
            fall_percent: rules.fall_percent,
            fall_minimum: rules.fall_minimum,
            full_every: Span(rules.full_every),
        }
    }
}

impl Typed {
    pub(super) fn meaning(&self) -> Result<MergeRules, ConfigError> {
        if self.fall_percent > 100 {
            return Err(ConfigError::meaning(
                "sync.fall_percent",
                "must be 0 to 100",
            ));
        }
        if self.full_every < Span::seconds(1) {
            return Err(ConfigError::meaning(
                "sync.full_every",
                "must be at least 1s",
            ));
        }
        Ok(MergeRules {
            fall_percent: self.fall_percent,
            fall_minimum: self.fall_minimum,
            accept_fall: false,
            full_every: self.full_every.0,
        })
    }
}
