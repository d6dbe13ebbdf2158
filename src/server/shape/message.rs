//! Messages (livechat contract §3.3).

use serde_json::{Map, Value, json};

use super::{Dates, Object, markdown};
use crate::conversation::document::{FileRef, Message, Moment};

/// The whole message. `md` is made of the text here; `urls`, `mentions` and `channels` are there and
/// empty, as nothing is looked up for visitors.
pub(in super::super) fn message(message: &Message, dates: Dates) -> Map<String, Value> {
    let file = |file: &FileRef| json!({"_id": file.id, "name": file.name, "type": file.kind});
    let files: Vec<_> = message.files.iter().map(file).collect();
    let edited_by = message
        .edited_by
        .as_ref()
        .map(|by| json!({"_id": by.id, "username": by.username}));
    let md =
        (message.kind.is_none() && !message.msg.is_empty()).then(|| markdown::parse(&message.msg));
    let attachments: Vec<_> = message
        .attachments
        .iter()
        .map(|attachment| dated(attachment, dates))
        .collect();
    let attachments = (!attachments.is_empty()).then_some(attachments);
    let mut shown = Object::new()
        .put("_id", message.id.as_str())
        .put("rid", message.rid.as_str())
        .put("msg", message.msg.as_str())
        .maybe("token", message.token.clone())
        .maybe("alias", message.alias.clone())
        .maybe("t", message.kind.clone())
        .put("ts", dates.write(message.ts))
        .put(
            "u",
            Object::new()
                .put("_id", message.u.id.as_str())
                .put("username", message.u.username.as_str())
                .maybe("name", message.u.name.clone()),
        )
        .maybe("groupable", message.groupable)
        .put("_updatedAt", dates.write(message.updated_at))
        .put("urls", Value::Array(Vec::new()))
        .put("mentions", Value::Array(Vec::new()))
        .put("channels", Value::Array(Vec::new()))
        .maybe("md", md)
        .maybe("attachments", attachments)
        .maybe("file", files.first().cloned())
        .maybe("files", (!files.is_empty()).then_some(files))
        .maybe("editedAt", message.edited_at.map(|at| dates.write(at)))
        .maybe("editedBy", edited_by)
        .done();
    for (key, value) in &message.extra {
        shown.insert(key.clone(), value.clone());
    }
    shown
}

/// An attachment with its moment, which is kept in milliseconds, as a date.
fn dated(attachment: &Value, dates: Dates) -> Value {
    let mut attachment = attachment.clone();
    if let Some(ts) = attachment.get_mut("ts")
        && let Some(millis) = ts.as_i64()
    {
        *ts = dates.write(Moment(millis));
    }
    attachment
}
