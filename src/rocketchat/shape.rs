//! The workspace's shapes, and what they mean to us (admin contract §2, §3.1). What is missing is
//! empty: rights decide what is shown.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::{
    DepartmentId, EmailAddress, TargetId, TargetUser,
    target::{Membership, SettingValue, TargetAgent, TargetDepartment},
};

/// The role of agents.
pub(super) const AGENT: &str = "livechat-agent";

/// The role of managers.
pub(super) const MANAGER: &str = "livechat-manager";

/// A user as lists and `users.info` show him.
#[derive(Clone, Deserialize)]
pub(super) struct User {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) username: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) emails: Option<Vec<Email>>,
    #[serde(default)]
    pub(super) roles: Option<Vec<String>>,
    #[serde(default)]
    pub(super) active: Option<bool>,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default, rename = "customFields")]
    pub(super) custom_fields: Option<Map<String, Value>>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Email {
    #[serde(default)]
    pub(super) address: String,
    #[serde(default)]
    pub(super) verified: bool,
}

impl User {
    /// The first address is what the workspace uses.
    pub(super) fn email(&self) -> &str {
        let first = self.emails.as_ref().and_then(|emails| emails.first());
        first.map_or("", |email| &email.address)
    }

    pub(super) fn has_role(&self, role: &str) -> bool {
        let mut roles = self.roles.iter().flatten();
        roles.any(|own| own == role)
    }

    /// Whether every one of these custom fields is there with that value.
    pub(super) fn has_fields(&self, wanted: &BTreeMap<String, String>) -> bool {
        let fields = self.custom_fields.as_ref();
        wanted.iter().all(|(name, value)| {
            let held = fields.and_then(|fields| fields.get(name));
            held.and_then(Value::as_str).unwrap_or_default() == value
        })
    }

    pub(super) fn into_domain(self, agent: Option<TargetAgent>) -> TargetUser {
        let texts = |(name, value): (String, Value)| match value {
            Value::String(text) => Some((name, text)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        };
        let emails = self.emails.into_iter().flatten().map(|email| EmailAddress {
            address: email.address,
            verified: email.verified,
        });
        let mut roles = self.roles.unwrap_or_default();
        roles.sort();
        roles.dedup();
        TargetUser {
            id: TargetId::new(self.id),
            username: self.username.unwrap_or_default(),
            name: self.name.unwrap_or_default(),
            emails: emails.collect(),
            person: !roles.iter().any(|role| role == "bot" || role == "app")
                && self.kind.is_none_or(|kind| kind == "user"),
            roles,
            active: self.active.unwrap_or(true),
            custom_fields: self
                .custom_fields
                .into_iter()
                .flatten()
                .filter_map(texts)
                .collect(),
            agent,
        }
    }
}

/// `{user}` of `users.info` and `users.create`.
#[derive(Deserialize)]
pub(super) struct OneUser {
    pub(super) user: User,
}

/// An agent as the agents' own routes show him.
#[derive(Clone, Deserialize)]
pub(super) struct Agent {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default, rename = "statusLivechat")]
    pub(super) availability: Option<String>,
    /// Kept whole: a write of the limit has to send the rest again (contract §3.3).
    #[serde(default)]
    pub(super) livechat: Option<Map<String, Value>>,
}

/// The name of the limit in `livechat`.
pub(super) const LIMIT: &str = "maxNumberSimultaneousChat";

impl Agent {
    pub(super) fn is_available(&self) -> bool {
        self.availability.as_deref() == Some("available")
    }

    /// The own limit: a number or a text that is one; anything else and 0 are none.
    pub(super) fn limit(&self) -> Option<u32> {
        let limit = match self.livechat.as_ref()?.get(LIMIT)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let limit = limit.and_then(|limit| u32::try_from(limit).ok());
        limit.filter(|limit| *limit > 0)
    }

    pub(super) fn into_domain(self) -> TargetAgent {
        TargetAgent {
            available: self.is_available(),
            connected: self.status.as_deref().is_some_and(|is| is != "offline"),
            limit: self.limit(),
        }
    }
}

/// `{user}` of the agents' own routes; `null` for who is none.
#[derive(Deserialize)]
pub(super) struct OneAgent {
    pub(super) user: Option<Agent>,
}

/// A department. The rest is kept: an update has to send it again (contract §3.4).
#[derive(Clone, Deserialize)]
pub(super) struct Department {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) archived: Option<bool>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

impl Department {
    pub(super) fn is_archived(&self) -> bool {
        self.archived.unwrap_or(false)
    }

    pub(super) fn into_domain(self) -> TargetDepartment {
        TargetDepartment {
            archived: self.is_archived(),
            id: DepartmentId::new(self.id),
            name: self.name,
            enabled: self.enabled,
        }
    }
}

/// `{department}`; `null` for an id that is not known.
#[derive(Deserialize)]
pub(super) struct OneDepartment {
    #[serde(default)]
    pub(super) department: Option<Department>,
}

/// A member of a department.
#[derive(Clone, Deserialize)]
pub(super) struct Member {
    #[serde(rename = "agentId")]
    pub(super) agent: String,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    count: Option<f64>,
    #[serde(default)]
    order: Option<f64>,
}

impl Member {
    pub(super) fn into_domain(self, department: &DepartmentId) -> Membership {
        Membership {
            department: department.clone(),
            user: TargetId::new(self.agent),
            username: self.username.unwrap_or_default(),
            count: whole(self.count),
            order: whole(self.order),
        }
    }
}

/// Counters are JavaScript numbers: whole ones, but perhaps written as `3.0`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "as casts saturate, and counters are far from there"
)]
fn whole(number: Option<f64>) -> i64 {
    number.unwrap_or_default() as i64
}

/// The departments of one agent.
#[derive(Deserialize)]
pub(super) struct AgentDepartments {
    pub(super) departments: Vec<AgentDepartment>,
}

#[derive(Deserialize)]
pub(super) struct AgentDepartment {
    #[serde(rename = "departmentId")]
    pub(super) department: String,
}

/// The value of a setting; `None` for kinds that we have no use for.
pub(super) fn setting(value: &Value) -> Option<SettingValue> {
    match value {
        Value::String(text) => Some(SettingValue::Text(text.clone())),
        Value::Bool(flag) => Some(SettingValue::Flag(*flag)),
        Value::Number(number) => number.as_i64().map(SettingValue::Number),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The same, to be sent.
pub(super) fn setting_json(value: &SettingValue) -> Value {
    match value {
        SettingValue::Text(text) => Value::from(text.as_str()),
        SettingValue::Flag(flag) => Value::from(*flag),
        SettingValue::Number(number) => Value::from(*number),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_limit_is_a_number_a_text_or_none() {
        let cases = [
            (json!({ "maxNumberSimultaneousChat": 4 }), Some(4)),
            (json!({ "maxNumberSimultaneousChat": "7" }), Some(7)),
            (json!({ "maxNumberSimultaneousChat": "" }), None),
            (json!({ "maxNumberSimultaneousChat": 0 }), None),
            (json!({ "maxNumberSimultaneousChat": -1 }), None),
            (json!({ "maxNumberSimultaneousChat": null }), None),
            (json!({ "other": 4 }), None),
        ];
        for (livechat, limit) in cases {
            let agent: Agent =
                serde_json::from_value(json!({ "_id": "a", "livechat": livechat })).unwrap();
            assert_eq!(agent.limit(), limit, "{livechat}");
        }
    }
}
