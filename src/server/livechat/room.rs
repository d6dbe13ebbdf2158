//! Heading "Room", the visitor's side (livechat contract §4.4).

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::{
    super::shape::{self, Dates},
    Livechat,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, FROM_7, Params, UP_TO_6},
    failure::Outcome,
    schema::{Kind, Schema},
};
use crate::conversation::{RoomRequest, RoomView};

const GET: Schema = Schema {
    required: &["token"],
    properties: &[
        ("token", Kind::Text),
        ("rid", Kind::Text),
        ("agentId", Kind::Text),
    ],
    open: false,
};

const CLOSE: Schema = Schema {
    required: &["token", "rid"],
    properties: &[("token", Kind::Text), ("rid", Kind::Text)],
    open: false,
};

const ANSWER: Schema = Schema {
    required: &["name", "value"],
    properties: &[("name", Kind::Text), ("value", Kind::Text)],
    open: false,
};

const SURVEY: Schema = Schema {
    required: &["token", "rid", "data"],
    properties: &[
        ("token", Kind::Text),
        ("rid", Kind::Text),
        (
            "data",
            Kind::List {
                item: &Kind::Object(&ANSWER),
                least: 1,
                unique: false,
            },
        ),
    ],
    open: false,
};

/// GET `livechat/room`, whose window came with 7.x (livechat contract §1.7).
const fn get_or_create(
    versions: (
        crate::config::livechat::Version,
        crate::config::livechat::Version,
    ),
    limit: Option<(u32, u64)>,
) -> Endpoint {
    Endpoint {
        method: Method::GET,
        template: "livechat/room",
        versions,
        auth: Auth::Public,
        limit,
        params: Params::CheckQuery(&GET),
        summary: "The visitor's room, made when there is none.",
        run: |livechat, call| Box::pin(room(livechat, call)),
    }
}

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get_or_create(UP_TO_6, None),
    get_or_create(FROM_7, Some((5, 60_000))),
    Endpoint {
        method: Method::POST,
        template: "livechat/room.close",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Body(&CLOSE),
        summary: "A visitor closes their room.",
        run: |livechat, call| Box::pin(close(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "livechat/room.survey",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Body(&SURVEY),
        summary: "A visitor answers the survey.",
        run: |livechat, call| Box::pin(survey(livechat, call)),
    },
];

async fn room(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let given = |key: &str| call.query_text(key).filter(|text| !text.is_empty());
    let request = RoomRequest {
        token: call.query_text("token").unwrap_or_default(),
        rid: given("rid"),
        agent_id: given("agentId"),
        source: call.source(),
        custom_fields: None,
    };
    let (view, is_new) = livechat
        .conversations
        .ask(move |chats| {
            let (room, is_new) = chats.room_for(request)?;
            Ok((chats.view(room)?, is_new))
        })
        .await?;
    Ok(Map::from_iter([
        ("room".to_owned(), livechat.shown_room(&view)),
        ("newRoom".to_owned(), Value::from(is_new)),
    ]))
}

async fn close(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, rid) = (call.required_text("token"), call.required_text("rid"));
    let closed = rid.clone();
    let comment = livechat
        .conversations
        .ask(move |chats| chats.close_by_visitor(&token, &closed))
        .await?;
    let answer = json!({"rid": rid, "comment": comment});
    Ok(answer.as_object().cloned().unwrap_or_default())
}

async fn survey(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, rid) = (call.required_text("token"), call.required_text("rid"));
    let sent = call.body.get("data").and_then(Value::as_array);
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    let answers = sent
        .into_iter()
        .flatten()
        .map(|item| (text(item, "name"), text(item, "value")))
        .collect();
    let room = rid.clone();
    let kept = livechat
        .conversations
        .ask(move |chats| chats.survey(&token, &room, answers))
        .await?;
    let data: Map<_, _> = kept
        .into_iter()
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    Ok(Map::from_iter([
        ("rid".to_owned(), Value::from(rid)),
        ("data".to_owned(), Value::Object(data)),
    ]))
}

impl Livechat {
    /// The whole room over REST.
    pub(super) fn shown_room(&self, view: &RoomView) -> Value {
        Value::Object(shape::room(view, self.config.version, Dates::Iso))
    }
}
