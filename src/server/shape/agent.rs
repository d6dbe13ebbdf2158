//! What visitors see of an agent (livechat contract §2.2).

use serde_json::{Map, Value, json};

use super::Object;
use crate::domain::SnapshotRow;

/// The agent of a row. `show_email` is `Livechat_show_agent_email`.
pub(in super::super) fn agent(row: &SnapshotRow, show_email: bool) -> Map<String, Value> {
    let agent = &row.agent;
    let emails: Vec<_> = agent
        .emails
        .iter()
        .map(|email| json!({"address": email.address, "verified": email.verified}))
        .collect();
    let shown = Object::new().put("_id", row.target_id().as_str());
    let shown = if show_email && !emails.is_empty() {
        shown.put("emails", emails)
    } else {
        shown
    };
    shown
        .put("name", agent.name.as_str())
        .put("username", row.username())
        .put("status", row.availability().status.word())
        .maybe(
            "livechat",
            agent
                .limit
                .map(|limit| json!({"maxNumberSimultaneousChat": limit})),
        )
        .done()
}

/// What is seen where `Livechat_show_agent_info` is off.
pub(in super::super) fn hidden_agent() -> Map<String, Value> {
    Object::new().put("hiddenInfo", true).done()
}
