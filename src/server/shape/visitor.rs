//! Visitors (livechat contract §3.1).

use serde_json::{Map, Value, json};

use super::{Dates, Object};
use crate::conversation::document::Visitor;

/// The whole visitor.
pub(in super::super) fn visitor(visitor: &Visitor, dates: Dates) -> Map<String, Value> {
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let last_chat = visitor
        .last_chat
        .as_ref()
        .map(|(rid, ts)| json!({"_id": rid, "ts": dates.write(*ts)}));
    let last_agent = visitor.last_agent.as_ref().map(|agent| {
        json!({
            "agentId": agent.agent_id,
            "username": agent.username,
            "ts": dates.write(agent.ts),
        })
    });
    let manager = visitor
        .contact_manager
        .as_ref()
        .map(|username| json!({"username": username}));
    let data = (!visitor.livechat_data.is_empty()).then(|| json!(visitor.livechat_data));
    let activity = (!visitor.activity.is_empty()).then(|| json!(visitor.activity));
    Object::new()
        .put("_id", visitor.id.as_str())
        .put("username", visitor.username.as_str())
        .put("token", visitor.token.as_str())
        .put("status", visitor.status.as_str())
        .put("ts", dates.write(visitor.ts))
        .put("_updatedAt", dates.write(visitor.updated_at))
        .maybe("name", text(&visitor.name))
        .maybe("department", text(&visitor.department))
        .maybe("phone", phones(visitor))
        .maybe("visitorEmails", addresses(visitor))
        .maybe("livechatData", data)
        .maybe("contactManager", manager)
        .maybe("lastChat", last_chat)
        .maybe("lastAgent", last_agent)
        .maybe("userAgent", text(&visitor.user_agent))
        .maybe("ip", text(&visitor.ip))
        .maybe("host", text(&visitor.host))
        .maybe("activity", activity)
        .done()
}

/// The visitor in `config.guest` (livechat contract §4.2.1).
pub(in super::super) fn guest(visitor: &Visitor) -> Map<String, Value> {
    let text = |text: &Option<String>| text.clone().map(Value::from);
    Object::new()
        .put("_id", visitor.id.as_str())
        .maybe("name", text(&visitor.name))
        .put("username", visitor.username.as_str())
        .put("token", visitor.token.as_str())
        .maybe("visitorEmails", addresses(visitor))
        .maybe("department", text(&visitor.department))
        .done()
}

fn phones(visitor: &Visitor) -> Option<Value> {
    let phones: Vec<_> = visitor
        .phone
        .iter()
        .map(|number| json!({"phoneNumber": number}))
        .collect();
    (!phones.is_empty()).then(|| Value::from(phones))
}

fn addresses(visitor: &Visitor) -> Option<Value> {
    let addresses: Vec<_> = visitor
        .emails
        .iter()
        .map(|address| json!({"address": address}))
        .collect();
    (!addresses.is_empty()).then(|| Value::from(addresses))
}
