//! `[mapping.states]`: what each presence of the source means for the target.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    config::ConfigError,
    domain::{Availability, MappingRules, Presence, TargetStatus},
};

/// `[mapping.states]` as it was typed: one table a presence.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct States {
    online: State,
    occupied: State,
    away: State,
    offline: State,
    unknown: State,
}

/// What is left out stays as it is by default for that presence.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct State {
    status: Option<Status>,
    new_chats: Option<bool>,
    transfers: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Online,
    Away,
    Busy,
    Offline,
}

impl Default for States {
    fn default() -> Self {
        let rules = MappingRules::default().states;
        let of = |presence| rules.get(&presence).copied().map(State::from);
        let of = |presence| of(presence).unwrap_or_default();
        Self {
            online: of(Presence::Online),
            occupied: of(Presence::Occupied),
            away: of(Presence::Away),
            offline: of(Presence::Offline),
            unknown: of(Presence::Unknown),
        }
    }
}

impl From<Availability> for State {
    fn from(availability: Availability) -> Self {
        Self {
            status: Some(match availability.status {
                TargetStatus::Online => Status::Online,
                TargetStatus::Away => Status::Away,
                TargetStatus::Busy => Status::Busy,
                TargetStatus::Offline => Status::Offline,
            }),
            new_chats: Some(availability.new_chats),
            transfers: Some(availability.transfers),
        }
    }
}

impl States {
    pub(super) fn meaning(self) -> Result<BTreeMap<Presence, Availability>, ConfigError> {
        let mut rules = MappingRules::default().states;
        for (presence, rule) in &mut rules {
            let state = match presence {
                Presence::Online => self.online,
                Presence::Occupied => self.occupied,
                Presence::Away => self.away,
                Presence::Offline => self.offline,
                Presence::Unknown => self.unknown,
            };
            *rule = state.over(*rule);
            let wrong = |why: &str| {
                let key = format!("mapping.states.{}", presence.word());
                Err(ConfigError::meaning(&key, why))
            };
            let takes_chats = rule.new_chats || rule.transfers;
            if *presence == Presence::Unknown && takes_chats {
                return wrong(
                    "must take no chats: it also stands for agents who are missing from an answer",
                );
            }
            if rule.status == TargetStatus::Offline && takes_chats {
                return wrong(
                    "takes chats with `status = \"offline\"`; Rocket.Chat gives none to offline agents",
                );
            }
        }
        Ok(rules)
    }
}

impl State {
    fn over(self, default: Availability) -> Availability {
        let status = self.status.map(|status| match status {
            Status::Online => TargetStatus::Online,
            Status::Away => TargetStatus::Away,
            Status::Busy => TargetStatus::Busy,
            Status::Offline => TargetStatus::Offline,
        });
        Availability {
            status: status.unwrap_or(default.status),
            new_chats: self.new_chats.unwrap_or(default.new_chats),
            transfers: self.transfers.unwrap_or(default.transfers),
        }
    }
}
