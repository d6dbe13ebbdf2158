//! Heading "Message" (livechat contract §4.6).

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};

use super::{
    super::shape::{self, Dates},
    Livechat,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, Params},
    failure::{Failure, Outcome},
    schema::{Kind, Schema},
};
use crate::conversation::{
    History,
    document::{Message, Moment},
};

const AGENT: Schema = Schema {
    required: &["agentId", "username"],
    properties: &[("agentId", Kind::Text), ("username", Kind::Text)],
    open: false,
};

const SEND: Schema = Schema {
    required: &["token", "rid", "msg"],
    properties: &[
        ("_id", Kind::Nullable(&Kind::Text)),
        ("token", Kind::Text),
        ("rid", Kind::Text),
        ("msg", Kind::Text),
        ("agent", Kind::Object(&AGENT)),
    ],
    open: false,
};

const HISTORY: Schema = Schema {
    required: &["token"],
    properties: &[
        ("searchText", Kind::Nullable(&Kind::Text)),
        ("token", Kind::Text),
        ("ls", Kind::Nullable(&Kind::Text)),
        ("end", Kind::Nullable(&Kind::Text)),
        ("limit", Kind::Nullable(&Kind::Number)),
        ("count", Kind::Nullable(&Kind::Number)),
        ("offset", Kind::Nullable(&Kind::Number)),
        ("sort", Kind::Nullable(&Kind::Text)),
    ],
    open: false,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::POST,
        template: "livechat/message",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Body(&SEND),
        summary: "A visitor writes.",
        run: |livechat, call| Box::pin(send(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "livechat/messages.history/:rid",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Query(&HISTORY),
        summary: "A room's messages, newest first.",
        run: |livechat, call| Box::pin(history(livechat, call)),
    },
];

/// Messages of a page, where nothing else is asked for.
const PAGE: usize = 20;

async fn send(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, rid) = (call.required_text("token"), call.required_text("rid"));
    let (msg, id) = (call.required_text("msg"), call.body_text("_id"));
    let message = livechat
        .conversations
        .ask(move |chats| chats.visitor_message(&token, &rid, msg, id))
        .await?;
    Ok(Map::from_iter([("message".to_owned(), shown(&message))]))
}

async fn history(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (rid, token) = (
        call.path(0).to_owned(),
        call.query_text("token").unwrap_or_default(),
    );
    if token.is_empty() {
        return Err(Failure::plain("error-token-param-not-provided"));
    }
    let end = match call.query_text("end").filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(moment(&text).ok_or(Failure::plain("Invalid date"))?),
    };
    let wanted = History {
        limit: call.query_count("limit").filter(|n| *n > 0).unwrap_or(PAGE),
        offset: call.query_count("offset").unwrap_or(0),
        end,
    };
    let messages = livechat
        .conversations
        .ask(move |chats| {
            let visitor = chats.guest(&token)?;
            let room = chats.find_room(&visitor, &rid)?;
            chats.history(&room.id, wanted)
        })
        .await?;
    let messages = messages.iter().map(shown).collect();
    Ok(Map::from_iter([("messages".to_owned(), messages)]))
}

/// A date as clients write it: ISO-8601, or epoch milliseconds.
fn moment(text: &str) -> Option<Moment> {
    if let Ok(millis) = text.parse::<i64>() {
        return Some(Moment(millis));
    }
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Moment(at.as_millisecond()))
}

fn shown(message: &Message) -> Value {
    Value::Object(shape::message(message, Dates::Iso))
}
