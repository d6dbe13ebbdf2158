//! Heading "Video call" (livechat contract §4.7.6): the endpoints that the shown version has.
//!
//! `livechat/video.call` was gone before 6.3; only the old SDK calls it, so 6.x has it here. Its shape is
//! from memory [K], and the meeting is one on Jitsi's stock server: there is no setting of another.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::{
    Livechat,
    account::Permission,
    call::Call,
    endpoint::{Auth, Endpoint, Params, UP_TO_6, UP_TO_7},
    failure::{Failure, Outcome},
    schema::{Kind, Schema},
};
use crate::conversation::{Calling, document::Moment};

const ROOM: Schema = Schema {
    required: &["rid"],
    properties: &[("rid", Kind::Text)],
    open: false,
};

const STATUS: Schema = Schema {
    required: &["rid", "status"],
    properties: &[("rid", Kind::Text), ("status", Kind::Text)],
    open: false,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::GET,
        template: "livechat/video.call/:token",
        versions: UP_TO_6,
        auth: Auth::Public,
        limit: None,
        params: Params::Query(&ROOM),
        summary: "Where a visitor's video call takes place.",
        run: |livechat, call| Box::pin(meet(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "livechat/webrtc.call",
        versions: UP_TO_7,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::Query(&ROOM),
        summary: "An agent calls the visitor of a room.",
        run: |livechat, call| Box::pin(ring(livechat, call)),
    },
    Endpoint {
        method: Method::PUT,
        template: "livechat/webrtc.call/:callId",
        versions: UP_TO_7,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::Body(&STATUS),
        summary: "Notes what became of a call.",
        run: |livechat, call| Box::pin(note(livechat, call)),
    },
];

/// Jitsi's stock server (`Jitsi_Domain`).
const DOMAIN: &str = "meet.jit.si";

/// How long a visitor may still join, in milliseconds.
const TIMEOUT: i64 = 3_600_000;

async fn meet(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let token = call.path(0).to_owned();
    let rid = call.query_text("rid").unwrap_or_default();
    let room = livechat
        .conversations
        .ask(move |chats| {
            let visitor = chats.guest(&token)?;
            chats.find_room(&visitor, &rid)
        })
        .await?;
    if !room.open {
        return Err(Failure::plain("invalid-room"));
    }
    if !livechat.config.settings.video_call {
        return Err(Failure::plain("invalid-livechat-config"));
    }
    let until = Moment(livechat.clock.now().millis() + TIMEOUT);
    Ok(answer(json!({"videoCall": {
        "rid": room.id,
        "domain": DOMAIN,
        "provider": "Jitsi",
        // Whoever knows the room's name may join: the id is as hard to guess as the room's own.
        "room": format!("RocketChat{}", room.id),
        "timeout": until.to_string(),
    }})))
}

async fn ring(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let calling = calling(&call)?;
    let rid = call.query_text("rid").unwrap_or_default();
    let called = rid.clone();
    let status = livechat
        .conversations
        .ask(move |chats| chats.ring(&called, &calling))
        .await?;
    Ok(answer(json!({"videoCall": {
        "rid": rid, "provider": "webrtc", "callStatus": status,
    }})))
}

async fn note(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let calling = calling(&call)?;
    let id = call.path(0).to_owned();
    let (rid, status) = (call.required_text("rid"), call.required_text("status"));
    let told = status.clone();
    livechat
        .conversations
        .ask(move |chats| chats.note_call(&rid, &id, &status, &calling))
        .await?;
    Ok(answer(json!({"status": told})))
}

fn calling(call: &Call) -> Result<Calling, Failure> {
    let caller = call.logged_in()?;
    Ok(Calling {
        agent: caller.account.agent.clone(),
        everywhere: caller.may(Permission::ViewRooms),
    })
}

fn answer(fields: Value) -> serde_json::Map<String, Value> {
    match fields {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            serde_json::Map::new()
        }
    }
}
