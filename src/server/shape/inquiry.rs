//! Inquiries: rooms' places in the queue (official file, `livechat/inquiries.getOne`).

use serde_json::{Map, Value, json};

use super::{
    Dates, Object, message,
    room::{source, visitor},
};
use crate::{
    config::livechat::Version,
    conversation::document::{Inquiry, InquiryStatus, Message},
};

/// The whole inquiry; `last` is its room's last message.
pub(in super::super) fn inquiry(
    inquiry: &Inquiry,
    last: Option<&Message>,
    version: Version,
    dates: Dates,
) -> Map<String, Value> {
    let default_agent = inquiry
        .default_agent
        .as_ref()
        .map(|(id, username)| json!({"agentId": id, "username": username}));
    Object::new()
        .put("_id", inquiry.id.as_str())
        .put("rid", inquiry.rid.as_str())
        .put("name", inquiry.name.as_str())
        .put("ts", dates.write(inquiry.ts))
        .maybe("department", inquiry.department.clone())
        .put("message", inquiry.message.as_str())
        .put("status", status(inquiry.status))
        .put("v", visitor(&inquiry.v, dates))
        .put("t", "l")
        .put("priorityWeight", 99)
        .put("estimatedWaitingTimeQueue", 9_999_999)
        .put("source", source(&inquiry.source, version))
        .put("queuedAt", dates.write(inquiry.ts))
        .maybe("defaultAgent", default_agent)
        .maybe("lastMessage", last.map(|last| message(last, dates)))
        .maybe("takenAt", inquiry.taken_at.map(|at| dates.write(at)))
        .put("_updatedAt", dates.write(inquiry.updated_at))
        .done()
}

/// The inquiry in `inquiries.list`.
pub(in super::super) fn inquiry_summary(inquiry: &Inquiry, dates: Dates) -> Map<String, Value> {
    Object::new()
        .put("_id", inquiry.id.as_str())
        .put("rid", inquiry.rid.as_str())
        .put("name", inquiry.name.as_str())
        .put("ts", dates.write(inquiry.ts))
        .put("status", status(inquiry.status))
        .maybe("department", inquiry.department.clone())
        .done()
}

const fn status(status: InquiryStatus) -> &'static str {
    match status {
        InquiryStatus::Queued => "queued",
        InquiryStatus::Taken => "taken",
    }
}
