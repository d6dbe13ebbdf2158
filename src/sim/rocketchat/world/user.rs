//! One user's record.

use serde_json::{Map, Value, json};

use crate::domain::Timestamp;

/// The role of an agent.
pub(in crate::sim::rocketchat) const AGENT: &str = "livechat-agent";

/// A user as Rocket.Chat stores him, as far as provisioning can see or change it.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "a record of flags")]
pub struct SimUser {
    /// `_id`.
    pub id: String,
    /// Unique without regard to case.
    pub username: String,
    /// Name for display.
    pub name: String,
    /// Addresses; the first one counts.
    pub emails: Vec<SimEmail>,
    /// Role ids, in the order in which they came.
    pub roles: Vec<String>,
    /// `user`, `bot` or `app`.
    pub kind: String,
    /// Not deactivated.
    pub active: bool,
    /// Presence: `online`, `away`, `busy` or `offline`. It comes from clients, which we have none
    /// of, so it changes only by arrangement (contract §4.2).
    pub status: String,
    /// `available`, `not-available`, or nothing for who was never an agent.
    pub status_livechat: Option<String>,
    /// The system, not a person, set `status_livechat` last.
    pub status_system_modified: bool,
    /// The flag beside the role that only the agents' own route sets.
    pub operator: bool,
    /// The whole `livechat` object.
    pub livechat: Option<Map<String, Value>>,
    /// The whole `customFields` object.
    pub custom_fields: Option<Map<String, Value>>,
    /// He must choose a new password at his next login.
    pub require_password_change: bool,
    /// He was put into the default channels when he was made.
    pub joined_default_channels: bool,
    /// `bio`, `nickname`, `statusText` and such, as they were sent.
    pub extras: Map<String, Value>,
    /// Ids under which an import knows him.
    pub import_ids: Vec<String>,
    /// When he was made.
    pub created_at: Timestamp,
    /// When he was changed last.
    pub updated_at: Timestamp,
    /// When he logged in last.
    pub last_login: Option<Timestamp>,
    /// Only who knows it sees it.
    pub(in crate::sim::rocketchat) password: Hidden,
}

/// One address of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimEmail {
    /// As it was sent.
    pub address: String,
    /// It was confirmed.
    pub verified: bool,
}

/// A password that does not print.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::sim::rocketchat) struct Hidden(pub(in crate::sim::rocketchat) String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl SimUser {
    /// Whether he has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }

    /// Whether he is an agent.
    pub fn is_agent(&self) -> bool {
        self.has_role(AGENT)
    }

    /// His first address.
    pub fn email(&self) -> Option<&str> {
        self.emails.first().map(|email| email.address.as_str())
    }

    /// Whether he uses up a seat of the licence.
    pub fn takes_seat(&self) -> bool {
        self.active && self.kind == "user"
    }

    /// Whether a conversation may be routed to him now (contract §4.2).
    pub fn is_routable(&self) -> bool {
        self.is_agent()
            && self.active
            && self.status_livechat.as_deref() == Some("available")
            && (self.has_role("bot") || self.status != "offline")
    }

    pub(in crate::sim::rocketchat) fn emails_json(&self) -> Value {
        let emails = self
            .emails
            .iter()
            .map(|email| json!({ "address": email.address, "verified": email.verified }));
        emails.collect()
    }

    /// The record as `users.info` shows it to who may see everything.
    pub(in crate::sim::rocketchat) fn whole(&self) -> Map<String, Value> {
        let mut shown = self.extras.clone();
        let members = [
            ("_id", json!(self.id)),
            ("createdAt", json!(self.created_at.to_string())),
            ("_updatedAt", json!(self.updated_at.to_string())),
            ("username", json!(self.username)),
            ("name", json!(self.name)),
            ("emails", self.emails_json()),
            ("roles", json!(self.roles)),
            ("type", json!(self.kind)),
            ("active", json!(self.active)),
            ("status", json!(self.status)),
            ("requirePasswordChange", json!(self.require_password_change)),
            ("settings", json!({})),
        ];
        shown.extend(members.map(|(name, value)| (name.to_owned(), value)));
        let optional = [
            (
                "statusLivechat",
                self.status_livechat.clone().map(Value::from),
            ),
            ("livechat", self.livechat.clone().map(Value::from)),
            ("customFields", self.custom_fields.clone().map(Value::from)),
            (
                "lastLogin",
                self.last_login.map(|moment| json!(moment.to_string())),
            ),
            (
                "importIds",
                (!self.import_ids.is_empty()).then(|| json!(self.import_ids)),
            ),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                shown.insert(name.to_owned(), value);
            }
        }
        shown
    }
}
