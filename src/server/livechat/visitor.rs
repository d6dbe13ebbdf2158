//! Heading "Visitor" (livechat contract §4.3).

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::{
    super::shape::{self, Dates},
    Livechat,
    account::Permission,
    call::Call,
    custom_fields::sent_field,
    endpoint::{ALWAYS, Auth, Endpoint, Params, UP_TO_7},
    failure::{Failure, Outcome},
    schema::{Kind, Schema},
};
use crate::conversation::{Refused, Registration, document::Room};

const FIELD: Schema = Schema {
    required: &["key", "value", "overwrite"],
    properties: &[
        ("key", Kind::Text),
        ("value", Kind::Text),
        ("overwrite", Kind::Flag),
    ],
    open: true,
};

const GUEST: Schema = Schema {
    required: &["token"],
    properties: &[
        ("token", Kind::Text),
        ("name", Kind::Text),
        ("email", Kind::Text),
        ("department", Kind::Text),
        ("phone", Kind::Text),
        ("username", Kind::Text),
        (
            "customFields",
            Kind::List {
                item: &Kind::Object(&FIELD),
                least: 0,
                unique: false,
            },
        ),
    ],
    open: true,
};

const REGISTER: Schema = Schema {
    required: &["visitor"],
    properties: &[("visitor", Kind::Object(&GUEST))],
    open: false,
};

const STATUS: Schema = Schema {
    required: &["token", "status"],
    properties: &[("token", Kind::Text), ("status", Kind::Text)],
    open: false,
};

const CALL_STATUS: Schema = Schema {
    required: &["token", "callStatus", "rid", "callId"],
    properties: &[
        ("token", Kind::Text),
        ("callStatus", Kind::Text),
        ("rid", Kind::Text),
        ("callId", Kind::Text),
    ],
    open: false,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::POST,
        template: "livechat/visitor",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: Some((5, 60_000)),
        params: Params::CheckBody(&REGISTER),
        summary: "Register a visitor, or change one.",
        run: |livechat, call| Box::pin(register(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "livechat/visitor/:token",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Free,
        summary: "The visitor of a token.",
        run: |livechat, call| Box::pin(read(livechat, call)),
    },
    Endpoint {
        method: Method::DELETE,
        template: "livechat/visitor/:token",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Free,
        summary: "Remove a visitor with everything that is theirs.",
        run: |livechat, call| Box::pin(remove(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "livechat/visitor/:token/room",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewManager]),
        limit: None,
        params: Params::Free,
        summary: "The open rooms of a visitor.",
        run: |livechat, call| Box::pin(rooms(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "livechat/visitor.callStatus",
        versions: UP_TO_7,
        auth: Auth::Public,
        limit: None,
        params: Params::CheckBody(&CALL_STATUS),
        summary: "Set the state of a visitor's video call.",
        run: |livechat, call| Box::pin(call_status(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "livechat/visitor.status",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::CheckBody(&STATUS),
        summary: "Set a visitor's presence in their open rooms.",
        run: |livechat, call| Box::pin(status(livechat, call)),
    },
];

/// What these endpoints say of an unknown token.
const UNKNOWN: Refused = Refused::code("invalid-token");

async fn register(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let guest = call.body_object("visitor").cloned().unwrap_or_default();
    let text = |key: &str| guest.get(key).and_then(Value::as_str).map(str::to_owned);
    let token = text("token").unwrap_or_default();
    if token.trim().is_empty() {
        let error = Failure::Refused(Refused::meteor(
            "error-invalid-token",
            "Token cannot be empty",
        ));
        return Err(error.with_details(json!({"method": "livechat/visitor"})));
    }
    let fields = guest.get("customFields").and_then(Value::as_array);
    let custom_fields = fields.map(|fields| fields.iter().map(sent_field).collect());
    let collects = livechat.config.behaviour.collect_headers;
    let header = |name: &str| {
        let value = call.header(name).map(str::to_owned);
        value.filter(|_| collects)
    };
    let registration = Registration {
        token,
        id: text("id"),
        name: text("name"),
        email: text("email"),
        department: text("department"),
        phone: text("phone"),
        username: text("username"),
        custom_fields,
        user_agent: header("user-agent"),
        ip: collects.then(|| call.client.to_string()),
        host: header("host"),
    };
    let visitor = livechat
        .conversations
        .ask(move |chats| chats.register(registration))
        .await?;
    Ok(shown(&visitor))
}

fn shown(visitor: &crate::conversation::document::Visitor) -> Map<String, Value> {
    let shown = shape::visitor(visitor, Dates::Iso);
    Map::from_iter([("visitor".to_owned(), Value::Object(shown))])
}

async fn read(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let token = call.path(0).to_owned();
    let visitor = livechat
        .conversations
        .ask(move |chats| chats.visitor_by_token(&token)?.ok_or(UNKNOWN))
        .await?;
    Ok(shown(&visitor))
}

/// A removal that fails has words of its own here; the log says why.
async fn remove(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let token = call.path(0).to_owned();
    let removed = livechat
        .conversations
        .ask(move |chats| {
            let visitor = chats.remove_visitor(&token)?.ok_or(UNKNOWN)?;
            Ok((visitor.id, chats.now()))
        })
        .await;
    let (id, ts) = match removed {
        Err(Refused::Unavailable(why)) => {
            tracing::error!("a visitor could not be removed: {why}");
            return Err(Failure::Refused(Refused::meteor(
                "error-removing-visitor",
                "An error ocurred while deleting visitor",
            )));
        }
        done => done?,
    };
    let visitor = json!({"_id": id, "ts": Dates::Iso.write(ts)});
    Ok(Map::from_iter([("visitor".to_owned(), visitor)]))
}

/// Open rooms only; none for a token that is nobody's.
async fn rooms(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let token = call.path(0).to_owned();
    let rooms = livechat
        .conversations
        .ask(move |chats| match chats.visitor_by_token(&token)? {
            Some(visitor) => chats.open_rooms_of(&visitor.id),
            None => Ok(Vec::new()),
        })
        .await?;
    let rooms: Value = rooms.iter().map(room_line).collect();
    Ok(Map::from_iter([("rooms".to_owned(), rooms)]))
}

/// `name`, `u` and `usernames` are of other kinds of rooms.
fn room_line(room: &Room) -> Value {
    let mut line = json!({"_id": room.id, "t": "l", "cl": false});
    if let Some(served) = &room.served_by {
        line["servedBy"] = json!({
            "_id": served.id,
            "username": served.username,
            "ts": Dates::Iso.write(served.ts),
        });
    }
    line
}

/// Room and call need not exist (livechat contract §4.3.6).
async fn call_status(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, status) = (
        call.required_text("token"),
        call.required_text("callStatus"),
    );
    let rid = call.required_text("rid");
    let answer = json!({"token": token, "callStatus": status});
    livechat
        .conversations
        .ask(move |chats| {
            let visitor = chats.visitor_by_token(&token)?.ok_or(UNKNOWN)?;
            chats.set_call_status(&visitor, &rid, &status)
        })
        .await?;
    Ok(answer.as_object().cloned().unwrap_or_default())
}

async fn status(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, status) = (call.required_text("token"), call.required_text("status"));
    let answer = json!({"token": token, "status": status});
    livechat
        .conversations
        .ask(move |chats| {
            let known = chats.visitor_by_token(&token)?.is_some();
            if !known {
                return Err(UNKNOWN);
            }
            chats.set_visitor_status(&token, &status)
        })
        .await?;
    Ok(answer.as_object().cloned().unwrap_or_default())
}
