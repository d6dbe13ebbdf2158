//! Roster, mapping and cursor as stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Record, Version, words::OwnerWord};
use crate::{
    domain::{
        AccountId, Capacity, Cursor, Generation, Identity, Presence, RosterEntry, Skill, SkillId,
        SourceAgent, SourceId, Standing, TargetId, Timestamp,
    },
    state::tally::Tally,
};

/// `roster/<source id>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RosterRecord {
    v: Version<1>,
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    presence: PresenceWord,
    voice: PresenceWord,
    /// Absent when there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capacity: Option<u32>,
    load: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    skills: Vec<SkillRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    privilege_group: Option<String>,
    standing: StandingWord,
    /// Epoch milliseconds; absent exactly when `standing` is `present`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    owner: OwnerWord,
}

impl Record for RosterRecord {
    const VERSION: u32 = 1;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SkillRecord {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PresenceWord {
    Offline,
    Online,
    Occupied,
    Away,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StandingWord {
    Present,
    Missing,
    Frozen,
    Gone,
}

impl From<Presence> for PresenceWord {
    fn from(presence: Presence) -> Self {
        match presence {
            Presence::Offline => Self::Offline,
            Presence::Online => Self::Online,
            Presence::Occupied => Self::Occupied,
            Presence::Away => Self::Away,
            Presence::Unknown => Self::Unknown,
        }
    }
}

impl From<PresenceWord> for Presence {
    fn from(word: PresenceWord) -> Self {
        match word {
            PresenceWord::Offline => Self::Offline,
            PresenceWord::Online => Self::Online,
            PresenceWord::Occupied => Self::Occupied,
            PresenceWord::Away => Self::Away,
            PresenceWord::Unknown => Self::Unknown,
        }
    }
}

impl RosterRecord {
    pub(crate) fn new(entry: &RosterEntry) -> Self {
        let agent = &entry.agent;
        let (standing, since) = match entry.standing {
            Standing::Present => (StandingWord::Present, None),
            Standing::Missing { since } => (StandingWord::Missing, Some(since.millis())),
            Standing::Frozen { since } => (StandingWord::Frozen, Some(since.millis())),
            Standing::Gone { since } => (StandingWord::Gone, Some(since.millis())),
        };
        Self {
            v: Version,
            id: agent.id.as_str().to_owned(),
            login: agent.login.clone(),
            name: agent.display_name.clone(),
            email: agent.email.clone(),
            presence: agent.presence.into(),
            voice: agent.voice.into(),
            capacity: match agent.capacity {
                Capacity::Unlimited => None,
                Capacity::Limited(limit) => Some(limit),
            },
            load: agent.load,
            skills: agent
                .skills
                .iter()
                .map(|skill| SkillRecord {
                    id: skill.id.as_str().to_owned(),
                    name: skill.name.clone(),
                })
                .collect(),
            group_id: agent.group_id.clone(),
            group_name: agent.group_name.clone(),
            privilege_group: agent.privilege_group.clone(),
            standing,
            since,
            owner: entry.owner.into(),
        }
    }

    pub(crate) fn into_domain(self) -> Arc<RosterEntry> {
        let since = Timestamp::from_millis(self.since.unwrap_or_default());
        Arc::new(RosterEntry {
            agent: SourceAgent {
                id: SourceId::new(self.id),
                login: self.login,
                display_name: self.name,
                email: self.email,
                presence: self.presence.into(),
                voice: self.voice.into(),
                capacity: self.capacity.map_or(Capacity::Unlimited, Capacity::Limited),
                load: self.load,
                skills: self
                    .skills
                    .into_iter()
                    .map(|skill| Skill {
                        id: SkillId::new(skill.id),
                        name: skill.name,
                    })
                    .collect(),
                group_id: self.group_id,
                group_name: self.group_name,
                privilege_group: self.privilege_group,
            },
            standing: match self.standing {
                StandingWord::Present => Standing::Present,
                StandingWord::Missing => Standing::Missing { since },
                StandingWord::Frozen => Standing::Frozen { since },
                StandingWord::Gone => Standing::Gone { since },
            },
            owner: self.owner.into(),
        })
    }
}

/// `identity/<source id>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdentityRecord {
    v: Version<1>,
    pub(crate) source_id: String,
    pub(crate) target_id: String,
    pub(crate) username: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    formerly: Option<String>,
}

impl Record for IdentityRecord {
    const VERSION: u32 = 1;
}

impl IdentityRecord {
    pub(crate) fn new(identity: &Identity) -> Self {
        Self {
            v: Version,
            source_id: identity.source_id.as_str().to_owned(),
            target_id: identity.target_id.as_str().to_owned(),
            username: identity.username.clone(),
            formerly: identity.formerly.as_ref().map(ToString::to_string),
        }
    }

    pub(crate) fn into_domain(self) -> Arc<Identity> {
        Arc::new(Identity {
            source_id: SourceId::new(self.source_id),
            target_id: TargetId::new(self.target_id),
            username: self.username,
            formerly: self.formerly.map(TargetId::new),
        })
    }
}

/// `cursor`. Holds the generation too, so that a cycle that changed nothing writes one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CursorRecord {
    v: Version<1>,
    generation: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_full: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_success: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_timestamp: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quarantined_since: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config_revision: Option<String>,
    /// Over all rows of roster and mapping.
    pub(crate) tally: Tally,
}

impl Record for CursorRecord {
    const VERSION: u32 = 1;
}

impl CursorRecord {
    pub(crate) fn new(generation: Generation, cursor: &Cursor, tally: Tally) -> Self {
        Self {
            v: Version,
            generation: generation.0,
            account: cursor.account.as_ref().map(ToString::to_string),
            last_full: cursor.last_full.map(Timestamp::millis),
            last_success: cursor.last_success.map(Timestamp::millis),
            source_timestamp: cursor.source_timestamp,
            quarantined_since: cursor.quarantined_since.map(Timestamp::millis),
            config_revision: cursor.config_revision.clone(),
            tally,
        }
    }

    pub(crate) fn into_domain(self) -> (Generation, Cursor) {
        (
            Generation(self.generation),
            Cursor {
                account: self.account.map(AccountId::new),
                last_full: self.last_full.map(Timestamp::from_millis),
                last_success: self.last_success.map(Timestamp::from_millis),
                source_timestamp: self.source_timestamp,
                quarantined_since: self.quarantined_since.map(Timestamp::from_millis),
                config_revision: self.config_revision,
            },
        )
    }
}
