//! Visitors (livechat contract §3.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Document, Moment};

/// A visitor. The token is their whole credential: it never reaches a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Visitor {
    /// `_id`.
    pub id: String,
    /// Given at the first registration, else `guest-<n>`.
    pub username: String,
    /// Any text the client chose.
    pub token: String,
    /// `online` at every registration.
    pub status: String,
    /// When first seen.
    pub ts: Moment,
    /// When last changed.
    pub updated_at: Moment,
    /// Shown name.
    pub name: Option<String>,
    /// Id of the department.
    pub department: Option<String>,
    /// Phone numbers.
    pub phone: Vec<String>,
    /// Addresses, trimmed and in lower case.
    pub emails: Vec<String>,
    /// Custom fields of scope `visitor`.
    pub livechat_data: BTreeMap<String, String>,
    /// Username of the agent who looks after them.
    pub contact_manager: Option<String>,
    /// Contact they belong to.
    pub contact_id: Option<String>,
    /// Room and moment of the last chat.
    pub last_chat: Option<(String, Moment)>,
    /// Who served them last.
    pub last_agent: Option<LastAgent>,
    /// From the request's headers, where they are collected.
    pub user_agent: Option<String>,
    /// The same.
    pub ip: Option<String>,
    /// The same.
    pub host: Option<String>,
    /// Months in which they wrote, `YYYY-MM`.
    pub activity: Vec<String>,
}

/// Who served a visitor last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAgent {
    /// Id in the target.
    pub agent_id: String,
    /// Name in the target.
    pub username: String,
    /// Since when.
    pub ts: Moment,
}

impl Document for Visitor {
    const VERSION: u32 = 1;
}

impl Visitor {
    /// The name by which they are spoken to.
    pub fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.username)
    }
}
