//! Departments and who is a member of them with which counters.

use serde_json::{Map, Value, json};

use crate::domain::Timestamp;

/// A department. Names are not unique (contract §3.4).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SimDepartment {
    /// `_id`.
    pub id: String,
    /// `name`.
    pub name: String,
    /// `email`; its form is not checked.
    pub email: String,
    /// Chats may go there.
    pub enabled: bool,
    /// Put away, and disabled by that.
    pub archived: bool,
    /// Everything else as it was sent, `showOnRegistration` and `showOnOfflineForm` among it.
    pub fields: Map<String, Value>,
    /// How many members it has.
    pub agents: u64,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// One membership; the pair of ids is its key (contract §3.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimMember {
    /// `_id` of the membership itself.
    pub id: String,
    /// The member.
    pub agent_id: String,
    /// The member's name at the time of the last write.
    pub username: String,
    /// Where.
    pub department_id: String,
    /// How often he was picked, in his whole life.
    pub count: i64,
    /// Who comes first among equals; lower is sooner.
    pub order: i64,
    /// A copy of the department's `enabled`.
    pub department_enabled: bool,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl SimDepartment {
    pub(in crate::sim::rocketchat) fn json(&self) -> Value {
        let mut shown = self.fields.clone();
        let members = [
            ("_id", json!(self.id)),
            ("name", json!(self.name)),
            ("email", json!(self.email)),
            ("enabled", json!(self.enabled)),
            ("numAgents", json!(self.agents)),
            ("type", json!("d")),
            ("_updatedAt", json!(self.updated_at.to_string())),
        ];
        shown.extend(members.map(|(name, value)| (name.to_owned(), value)));
        if self.archived {
            shown.insert("archived".to_owned(), json!(true));
        }
        Value::Object(shown)
    }
}

impl SimMember {
    pub(in crate::sim::rocketchat) fn json(&self) -> Value {
        json!({
            "_id": self.id,
            "agentId": self.agent_id,
            "username": self.username,
            "departmentId": self.department_id,
            "count": self.count,
            "order": self.order,
            "departmentEnabled": self.department_enabled,
            "_updatedAt": self.updated_at.to_string(),
        })
    }
}
