//! `[routing]`: how the next agent is chosen, held and aged. For the room `ledger`.

use serde::{Deserialize, Serialize};

use super::{duration::Span, error::ConfigError};
use crate::domain::{Policy, RoutingRules};

/// `[routing]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    policy: String,
    hold_for: Span,
    agent_next_share: u8,
    fanout: u32,
    fanout_window: Span,
    stale_after: Span,
    max_age: Span,
}

impl Default for Typed {
    fn default() -> Self {
        let rules = RoutingRules::default();
        Self {
            policy: rules.policy.word().to_owned(),
            hold_for: Span(rules.hold_for),
            agent_next_share: rules.agent_next_share,
            fanout: rules.fanout,
            fanout_window: Span(rules.fanout_window),
            stale_after: Span(rules.stale_after),
            max_age: Span(rules.max_age),
        }
    }
}

impl Typed {
    pub(super) fn meaning(&self) -> Result<RoutingRules, ConfigError> {
        let wrong =
            |key: &str, why: &str| Err(ConfigError::meaning(&format!("routing.{key}"), why));
        let Some(policy) = Policy::from_word(&self.policy) else {
            return wrong(
                "policy",
                "must be auto-selection, load-balancing, load-rotation or manual",
            );
        };
        if !(1..=100).contains(&self.agent_next_share) {
            return wrong("agent_next_share", "is a percentage and must be 1 to 100");
        }
        if self.fanout == 0 {
            return wrong("fanout", "must be at least 1; Rocket.Chat sends 10");
        }
        if self.max_age.0 < self.stale_after.0 {
            return wrong("max_age", "must not be shorter than `stale_after`");
        }
        Ok(RoutingRules {
            policy,
            hold_for: self.hold_for.0,
            agent_next_share: self.agent_next_share,
            fanout: self.fanout,
            fanout_window: self.fanout_window.0,
            stale_after: self.stale_after.0,
            max_age: self.max_age.0,
        })
    }
}
