//! Rooms (livechat contract §3.2 and the seed of the room).

use serde_json::{Map, Value, json};

use super::{Dates, Object, message};
use crate::{
    config::livechat::Version,
    conversation::{
        RoomView,
        document::{Closer, Metrics, Room, RoomVisitor, Source},
    },
};

/// The whole room. `showConnecting` of the last message is what the seed shows: nobody serves yet.
pub(in super::super) fn room(
    view: &RoomView,
    version: Version,
    dates: Dates,
) -> Map<String, Value> {
    let room = &view.room;
    let last = view.last_message.as_ref().map(|last| {
        let mut shown = message(last, dates);
        shown.insert("newRoom".to_owned(), Value::from(false));
        shown.insert(
            "showConnecting".to_owned(),
            Value::from(room.served_by.is_none()),
        );
        shown
    });
    let closed_by = room
        .closed_by
        .as_ref()
        .map(|by| json!({"_id": by.id, "username": by.username}));
    let closer = room.closer.map(|closer| match closer {
        Closer::Visitor => "visitor",
        Closer::User => "user",
    });
    let response_by = room.response_by.as_ref().map(|by| {
        json!({
            "_id": by.id,
            "username": by.username,
            "lastMessageTs": dates.write(by.last_message_ts),
        })
    });
    let transcript = room.transcript_request.as_ref().map(|request| {
        json!({
            "email": request.email,
            "subject": request.subject,
            "requestedAt": dates.write(request.requested_at),
            "requestedBy": {"_id": request.by.0, "username": request.by.1},
        })
    });
    let some = |filled: bool, value: Value| filled.then_some(value);
    Object::new()
        .put("_id", room.id.as_str())
        .put("fname", room.fname.as_str())
        .put("t", "l")
        .put("v", visitor(&room.v, dates))
        .maybe("departmentId", room.department_id.clone())
        .put("default", false)
        .put("ro", false)
        .put("sysMes", true)
        .maybe("open", room.open.then_some(true))
        .put("msgs", room.msgs)
        .put("ts", dates.write(room.ts))
        .put("_updatedAt", dates.write(room.updated_at))
        .put("lm", dates.write(room.lm))
        .maybe("customFields", room.custom_fields.clone())
        .put("usersCount", users(room))
        .put("cl", false)
        .maybe("lastMessage", last)
        .maybe("metrics", metrics(&room.metrics, dates))
        .maybe("servedBy", served_by(room, dates))
        .put("waitingResponse", room.waiting_response)
        .maybe("responseBy", response_by)
        .put("source", source(&room.source, version))
        .put("queuedAt", dates.write(room.queued_at))
        .put("priorityWeight", 99)
        .put("estimatedWaitingTimeQueue", 9_999_999)
        .maybe(
            "contactId",
            room.contact_id.clone().filter(|_| version >= Version::V7),
        )
        .maybe("tags", some(!room.tags.is_empty(), json!(room.tags)))
        .maybe("topic", room.topic.clone())
        .maybe(
            "livechatData",
            some(!room.livechat_data.is_empty(), json!(room.livechat_data)),
        )
        .maybe("survey", some(!room.survey.is_empty(), json!(room.survey)))
        .maybe("closedAt", room.closed_at.map(|at| dates.write(at)))
        .maybe("closer", closer)
        .maybe("closedBy", closed_by)
        .maybe("transcriptRequest", transcript)
        .maybe(
            "callStatus",
            room.call_status.clone().filter(|_| version < Version::V8),
        )
        .done()
}

/// The room in `config.room` (livechat contract §4.2.1): not the whole one.
pub(in super::super) fn room_summary(
    room: &Room,
    version: Version,
    dates: Dates,
) -> Map<String, Value> {
    Object::new()
        .put("_id", room.id.as_str())
        .maybe("departmentId", room.department_id.clone())
        .maybe("servedBy", served_by(room, dates))
        .maybe("open", room.open.then_some(true))
        .maybe(
            "callStatus",
            room.call_status.clone().filter(|_| version < Version::V8),
        )
        .done()
}

/// The room as visitors' look-ups see it (livechat contract §2.1).
pub(in super::super) fn found_room(room: &Room, dates: Dates) -> Map<String, Value> {
    Object::new()
        .put("_id", room.id.as_str())
        .put("t", "l")
        .put("ts", dates.write(room.ts))
        .put("v", visitor(&room.v, dates))
        .maybe("departmentId", room.department_id.clone())
        .maybe("open", room.open.then_some(true))
        .maybe("servedBy", served_by(room, dates))
        .done()
}

/// The visitor as rooms and inquiries keep them.
pub(super) fn visitor(v: &RoomVisitor, dates: Dates) -> Object {
    Object::new()
        .put("_id", v.id.as_str())
        .put("username", v.username.as_str())
        .put("token", v.token.as_str())
        .put("status", v.status.as_str())
        .maybe("lastMessageTs", v.last_message_ts.map(|at| dates.write(at)))
        .maybe(
            "activity",
            (!v.activity.is_empty()).then(|| json!(v.activity)),
        )
}

fn served_by(room: &Room, dates: Dates) -> Option<Value> {
    room.served_by.as_ref().map(|served| {
        json!({
            "_id": served.id,
            "username": served.username,
            "ts": dates.write(served.ts),
        })
    })
}

/// Where a room or an inquiry came from (livechat contract §2.6).
pub(super) fn source(source: &Source, version: Version) -> Object {
    let destination = source.destination.clone();
    Object::new().put("type", source.kind.as_str()).maybe(
        "destination",
        destination.filter(|_| version >= Version::V7),
    )
}

/// The visitor, their agent and whoever joined.
fn users(room: &Room) -> usize {
    1 + usize::from(room.served_by.is_some()) + room.joined.len()
}

/// `metrics`, in seconds; absent until something was measured.
fn metrics(metrics: &Metrics, dates: Dates) -> Option<Value> {
    let mut shown = Map::new();
    if let Some(fd) = metrics.first_response {
        let average = metrics.response_tt / f64::from(metrics.responses.max(1));
        shown.insert(
            "reaction".to_owned(),
            json!({
                "fd": dates.write(fd),
                "ft": metrics.reaction_ft,
                "tt": metrics.reaction_tt,
            }),
        );
        shown.insert(
            "response".to_owned(),
            json!({
                "avg": average,
                "fd": dates.write(fd),
                "ft": metrics.response_ft,
                "total": metrics.responses,
                "tt": metrics.response_tt,
            }),
        );
    }
    if let Some(at) = metrics.last_question {
        shown.insert("v".to_owned(), json!({"lq": dates.write(at)}));
    }
    if let Some(at) = metrics.last_response {
        shown.insert("servedBy".to_owned(), json!({"lr": dates.write(at)}));
    }
    if let Some(duration) = metrics.chat_duration {
        shown.insert("chatDuration".to_owned(), json!(duration));
    }
    (!shown.is_empty()).then_some(Value::Object(shown))
}
