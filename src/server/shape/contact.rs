//! Contacts and their channels (livechat contract §4.8).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Dates, Object};
use crate::conversation::document::{Closer, Contact, Room};

/// The whole contact; `rooms` are all of theirs, newest first. `manager` is shown as the endpoint wants
/// it: the id, or an object.
pub(in super::super) fn contact(
    contact: &Contact,
    rooms: &[Room],
    manager: Option<Value>,
    dates: Dates,
) -> Map<String, Value> {
    let emails = contact.emails.iter();
    let emails: Vec<_> = emails.map(|address| json!({"address": address})).collect();
    let phones = contact.phones.iter();
    let phones: Vec<_> = phones
        .map(|number| json!({"phoneNumber": number}))
        .collect();
    let conflicts = contact.conflicts.iter();
    let conflicts: Vec<_> = conflicts
        .map(|conflict| json!({"field": conflict.field, "value": conflict.value}))
        .collect();
    Object::new()
        .put("_id", contact.id.as_str())
        .put("createdAt", dates.write(contact.created_at))
        .put("name", contact.name.as_str())
        .put("emails", emails)
        .put("phones", phones)
        .put("channels", channels(rooms, dates))
        .put("customFields", json!(contact.custom_fields))
        .put("unknown", contact.unknown)
        .put("conflictingFields", conflicts)
        .maybe("contactManager", manager)
        .maybe("lastChat", rooms.first().map(|room| last_chat(room, dates)))
        .put("_updatedAt", dates.write(contact.updated_at))
        .done()
}

/// One channel for every visitor and kind of source, the latest first.
pub(in super::super) fn channels(rooms: &[Room], dates: Dates) -> Vec<Value> {
    let mut seen = BTreeMap::new();
    for (place, room) in rooms.iter().enumerate() {
        let way = (room.v.id.as_str(), room.source.kind.as_str());
        seen.entry(way).or_insert(place);
    }
    let mut latest: Vec<_> = seen.into_values().collect();
    latest.sort_unstable();
    latest
        .into_iter()
        .map(|place| channel(&rooms[place], dates).into())
        .collect()
}

fn channel(room: &Room, dates: Dates) -> Object {
    let kind = room.source.kind.as_str();
    let visitor = json!({"visitorId": room.v.id, "source": {"type": kind}});
    let details = Object::new()
        .put("type", kind)
        .maybe("destination", room.source.destination.clone());
    Object::new()
        .put("name", kind)
        .put("visitor", visitor)
        .put("blocked", false)
        .put("verified", false)
        .put("details", details)
        .put("lastChat", last_chat(room, dates))
}

fn last_chat(room: &Room, dates: Dates) -> Value {
    json!({"_id": room.id, "ts": dates.write(room.ts)})
}

/// A closed room in `contacts.history`.
pub(in super::super) fn past_chat(room: &Room, dates: Dates) -> Map<String, Value> {
    let served_by = room.served_by.as_ref().map(|served| {
        json!({"_id": served.id, "username": served.username, "ts": dates.write(served.ts)})
    });
    let closed_by = room.closed_by.as_ref();
    let closed_by = closed_by.map(|by| json!({"_id": by.id, "username": by.username}));
    let closer = room.closer.map(|closer| match closer {
        Closer::Visitor => "visitor",
        Closer::User => "user",
    });
    let v = json!({
        "_id": room.v.id,
        "username": room.v.username,
        "token": room.v.token,
        "status": room.v.status,
    });
    Object::new()
        .put("_id", room.id.as_str())
        .put("fname", room.fname.as_str())
        .put("ts", dates.write(room.ts))
        .put("v", v)
        .put("msgs", room.msgs)
        .maybe("servedBy", served_by)
        .maybe("closedAt", room.closed_at.map(|at| dates.write(at)))
        .maybe("closedBy", closed_by)
        .maybe("closer", closer)
        .maybe("tags", (!room.tags.is_empty()).then(|| json!(room.tags)))
        .put("source", json!({"type": room.source.kind}))
        .done()
}
