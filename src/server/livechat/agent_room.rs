//! Heading "Room", the agents' side (livechat contract §4.5): close, join, write about it, change its
//! visitor (6.x). `room.onHold`, `room.resumeOnHold`, `rooms.delete` and `rooms.removeAllClosedRooms`
//! are not there: the contract does not detail them.

use std::{collections::BTreeMap, sync::Arc};

use http::Method;
use serde_json::{Map, Value};

use super::{
    Livechat,
    account::Permission,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, FROM_7, Params, UP_TO_6},
    failure::{Failure, Outcome},
    schema::{Kind, Schema},
};
use crate::{
    config::livechat::Version,
    conversation::{AgentClosing, RoomInfo, TranscriptWish},
};

const TEXTS: Kind = Kind::List {
    item: &Kind::Text,
    least: 0,
    unique: false,
};

const REQUEST: Schema = Schema {
    required: &["email", "subject"],
    properties: &[("email", Kind::Text), ("subject", Kind::Text)],
    open: false,
};

const TRANSCRIPT: Schema = Schema {
    required: &["sendToVisitor"],
    properties: &[
        ("sendToVisitor", Kind::Flag),
        ("requestData", Kind::Object(&REQUEST)),
    ],
    open: false,
};

const CLOSE_6: Schema = Schema {
    required: &["rid"],
    properties: &[
        ("rid", Kind::Text),
        ("comment", Kind::Nullable(&Kind::Text)),
        ("tags", Kind::Nullable(&TEXTS)),
        ("generateTranscriptPdf", Kind::Nullable(&Kind::Flag)),
        ("transcriptEmail", Kind::Object(&TRANSCRIPT)),
    ],
    open: false,
};

const CLOSE: Schema = Schema {
    required: &["rid"],
    properties: &[
        ("rid", Kind::Text),
        ("comment", Kind::Nullable(&Kind::Text)),
        ("tags", Kind::Nullable(&TEXTS)),
        ("generateTranscriptPdf", Kind::Nullable(&Kind::Flag)),
        ("transcriptEmail", Kind::Object(&TRANSCRIPT)),
        ("forceClose", Kind::Flag),
    ],
    open: false,
};

const JOIN: Schema = Schema {
    required: &["roomId"],
    properties: &[("roomId", Kind::Text)],
    open: false,
};

const GUEST: Schema = Schema {
    required: &["_id"],
    properties: &[
        ("_id", Kind::Text),
        ("name", Kind::Nullable(&Kind::Text)),
        ("email", Kind::Nullable(&Kind::Text)),
        ("phone", Kind::Nullable(&Kind::Text)),
        ("livechatData", Kind::Nullable(&Kind::AnyObject)),
    ],
    open: false,
};

const ROOM: Schema = Schema {
    required: &["_id"],
    properties: &[
        ("_id", Kind::Text),
        ("topic", Kind::Nullable(&Kind::Text)),
        ("tags", Kind::Nullable(&TEXTS)),
        ("livechatData", Kind::Nullable(&Kind::AnyObject)),
        ("priorityId", Kind::Nullable(&Kind::Text)),
        ("slaId", Kind::Nullable(&Kind::Text)),
    ],
    open: false,
};

const INFO: Schema = Schema {
    required: &["guestData", "roomData"],
    properties: &[
        ("guestData", Kind::Object(&GUEST)),
        ("roomData", Kind::Object(&ROOM)),
    ],
    open: false,
};

const VISITOR: Schema = Schema {
    required: &["rid", "oldVisitorId", "newVisitorId"],
    properties: &[
        ("rid", Kind::Text),
        ("oldVisitorId", Kind::Text),
        ("newVisitorId", Kind::Text),
    ],
    open: false,
};

/// POST `livechat/room.closeByUser`, which knows `forceClose` from 7.x on.
const fn close_by_user(versions: (Version, Version), schema: &'static Schema) -> Endpoint {
    Endpoint {
        method: Method::POST,
        template: "livechat/room.closeByUser",
        versions,
        auth: Auth::Needs(&[Permission::CloseRoom]),
        limit: None,
        params: Params::Body(schema),
        summary: "An agent closes a room.",
        run: |livechat, call| Box::pin(close(livechat, call)),
    }
}

pub(super) const ENDPOINTS: &[Endpoint] = &[
    close_by_user(UP_TO_6, &CLOSE_6),
    close_by_user(FROM_7, &CLOSE),
    Endpoint {
        method: Method::GET,
        template: "livechat/room.join",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::Query(&JOIN),
        summary: "An agent joins a room.",
        run: |livechat, call| Box::pin(join(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "livechat/room.saveInfo",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::Body(&INFO),
        summary: "An agent writes about a room and its visitor.",
        run: |livechat, call| Box::pin(save_info(livechat, call)),
    },
    Endpoint {
        method: Method::PUT,
        template: "livechat/room.visitor",
        versions: UP_TO_6,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::Body(&VISITOR),
        summary: "Give a room to another visitor.",
        run: |livechat, call| Box::pin(change_visitor(livechat, call)),
    },
];

async fn close(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let caller = call.logged_in()?;
    let actor = caller.actor();
    let transcript = call.body_object("transcriptEmail").map(|wish| {
        let request = wish.get("requestData");
        let text = |key: &str| request.and_then(|request| request[key].as_str());
        TranscriptWish {
            send: wish.get("sendToVisitor") == Some(&Value::Bool(true)),
            email: text("email")
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
            subject: text("subject").unwrap_or_default().to_owned(),
        }
    });
    let wanted = AgentClosing {
        rid: call.required_text("rid"),
        comment: call.body_text("comment"),
        tags: texts(call.body.get("tags")).unwrap_or_default(),
        transcript,
        forced: call.body.get("forceClose") == Some(&Value::Bool(true)),
        may_close_others: caller.may(Permission::CloseOthersRoom),
    };
    livechat
        .conversations
        .ask(move |chats| chats.close_by_user(&actor, wanted))
        .await?;
    Ok(Map::new())
}

async fn join(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let caller = call.logged_in()?;
    let (actor, sees_all) = (caller.actor(), caller.may(Permission::ViewRooms));
    let rid = call.query_text("roomId").unwrap_or_default();
    livechat
        .conversations
        .ask(move |chats| chats.join(&actor, &rid, sees_all))
        .await?;
    Ok(Map::new())
}

async fn save_info(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let caller = call.logged_in()?;
    let actor = caller.actor();
    let none = Map::new();
    let guest = call.body_object("guestData").unwrap_or(&none);
    let room = call.body_object("roomData").unwrap_or(&none);
    let text = |of: &Map<String, Value>, key: &str| of.get(key)?.as_str().map(str::to_owned);
    let info = RoomInfo {
        rid: text(room, "_id").unwrap_or_default(),
        visitor: text(guest, "_id").unwrap_or_default(),
        name: text(guest, "name"),
        email: text(guest, "email"),
        phone: text(guest, "phone"),
        visitor_data: data(guest)?,
        topic: text(room, "topic"),
        tags: texts(room.get("tags")),
        room_data: data(room)?,
        may_save_others: caller.may(Permission::SaveOthersRoomInfo),
    };
    livechat
        .conversations
        .ask(move |chats| chats.save_info(&actor, info))
        .await?;
    Ok(Map::new())
}

/// `livechatData`: every value a text, coerced as ajv does.
fn data(of: &Map<String, Value>) -> Result<BTreeMap<String, String>, Failure> {
    let sent = of.get("livechatData").and_then(Value::as_object);
    let mut data = BTreeMap::new();
    for (key, value) in sent.into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null => String::new(),
            Value::Array(_) | Value::Object(_) => {
                return Err(Failure::Params("must be string".to_owned()));
            }
        };
        data.insert(key.clone(), text);
    }
    Ok(data)
}

/// A list of texts; absent and `null` are the same.
fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    let items = value?.as_array()?.iter();
    Some(items.filter_map(Value::as_str).map(str::to_owned).collect())
}

async fn change_visitor(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (rid, from) = (
        call.required_text("rid"),
        call.required_text("oldVisitorId"),
    );
    let to = call.required_text("newVisitorId");
    let view = livechat
        .conversations
        .ask(move |chats| {
            let room = chats.change_visitor(&rid, &from, &to)?;
            chats.view(room)
        })
        .await?;
    let shown = livechat.shown_room(&view);
    Ok(Map::from_iter([("room".to_owned(), shown)]))
}
