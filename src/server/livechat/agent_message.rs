//! Messages, the agents' side: `chat.sendMessage`, `chat.postMessage`, `livechat/:rid/messages` (livechat contract §4.6.7).
//!
//! Livechat rooms only, and text only: attachments, threads and other names or pictures that the
//! target takes here are accepted and left out.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::{
    super::shape::{self, Dates},
    Livechat,
    account::Permission,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, Params},
    failure::{Failure, Outcome},
    message::sites,
    schema::{Kind, Schema},
};
use crate::conversation::{AgentSaying, Search, document::Message};

const TEXT: Kind = Kind::Nullable(&Kind::Text);

const MESSAGE: Schema = Schema {
    required: &[],
    properties: &[("_id", TEXT), ("rid", Kind::Text), ("msg", TEXT)],
    open: true,
};

const SEND: Schema = Schema {
    required: &["message"],
    properties: &[
        ("message", Kind::Object(&MESSAGE)),
        ("previewUrls", Kind::Any),
    ],
    open: false,
};

const POST: Schema = Schema {
    required: &[],
    properties: &[
        ("roomId", Kind::Any),
        ("channel", Kind::Any),
        ("text", TEXT),
        ("msg", TEXT),
    ],
    open: true,
};

const GET: Schema = Schema {
    required: &["msgId"],
    properties: &[("msgId", Kind::Text)],
    open: false,
};

const SEARCH: Schema = Schema {
    required: &[],
    properties: &[
        ("count", Kind::Nullable(&Kind::Number)),
        ("offset", Kind::Nullable(&Kind::Number)),
        ("sort", TEXT),
        ("searchTerm", TEXT),
    ],
    open: false,
};

/// Messages of a page where nothing else is asked for.
const PAGE: usize = 50;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::POST,
        template: "chat.sendMessage",
        versions: ALWAYS,
        auth: Auth::Needs(&[]),
        limit: None,
        params: Params::Body(&SEND),
        summary: "An agent writes into a livechat room.",
        run: |livechat, call| Box::pin(send(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "chat.postMessage",
        versions: ALWAYS,
        auth: Auth::Needs(&[]),
        limit: None,
        params: Params::Body(&POST),
        summary: "An agent writes into a livechat room; the shorter form.",
        run: |livechat, call| Box::pin(post(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "chat.getMessage",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::Query(&GET),
        summary: "One message of a livechat room.",
        run: |livechat, call| Box::pin(one(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "livechat/:rid/messages",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::Query(&SEARCH),
        summary: "What people wrote in a room, searched and page by page.",
        run: |livechat, call| Box::pin(search(livechat, call)),
    },
];

async fn send(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let field = |key: &str| {
        let value = call.body_object("message")?.get(key)?.as_str()?;
        Some(value.to_owned())
    };
    let rid = field("rid").filter(|rid| !rid.is_empty());
    let rid = rid.ok_or(Failure::plain(
        "The 'rid' property on the message object is missing.",
    ))?;
    let saying = AgentSaying {
        rid,
        msg: field("msg").unwrap_or_default(),
        id: field("_id"),
        groupable: None,
        sites: sites(&call),
    };
    let message = say(&livechat, &call, saying).await?;
    Ok(Map::from_iter([("message".to_owned(), shown(&message))]))
}

async fn post(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let room = call.body_text("roomId").or(call.body_text("channel"));
    let Some(room) = room.filter(|room| !room.is_empty()) else {
        // Both forms of the target's schema fail, and then their choice.
        return Err(Failure::Params(
            "must have required property 'roomId'\n must have required property 'channel'\n must match exactly one schema in oneOf".to_owned(),
        ));
    };
    // The target takes a room's id with a `#` as well.
    let rid = room.trim_start_matches('#').to_owned();
    let text = call.body_text("text").or(call.body_text("msg"));
    let saying = AgentSaying {
        rid: rid.clone(),
        msg: text.unwrap_or_default(),
        id: None,
        groupable: Some(false),
        sites: sites(&call),
    };
    let known = livechat
        .conversations
        .ask(move |chats| Ok(chats.room(&rid)?.is_some()))
        .await?;
    if !known {
        return Err(Failure::Refused(crate::conversation::Refused::code(
            "invalid-channel",
        )));
    }
    let message = say(&livechat, &call, saying).await?;
    Ok(Map::from_iter([
        ("ts".to_owned(), Value::from(message.ts.0)),
        ("channel".to_owned(), Value::from(room)),
        ("message".to_owned(), shown(&message)),
    ]))
}

async fn say(livechat: &Livechat, call: &Call, saying: AgentSaying) -> Result<Message, Failure> {
    let caller = call.logged_in()?;
    // Whoever is bound to an agent is one; others must be allowed to see rooms at all.
    if caller.account.agent.is_none() && !caller.may(Permission::ViewRoom) {
        return Err(Failure::plain("error-not-allowed"));
    }
    let actor = caller.actor();
    let said = livechat
        .conversations
        .ask(move |chats| chats.agent_says(&actor, saying))
        .await?;
    Ok(said)
}

async fn one(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (actor, all) = reader(&call)?;
    let id = call.query_text("msgId").unwrap_or_default();
    let message = livechat
        .conversations
        .ask(move |chats| chats.message_for_account(&actor, all, &id))
        .await?;
    Ok(Map::from_iter([("message".to_owned(), shown(&message))]))
}

async fn search(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (actor, all) = reader(&call)?;
    let rid = call.path(0).to_owned();
    let sort = call.query_text("sort").unwrap_or_default();
    let sort: Value = serde_json::from_str(&sort).unwrap_or_default();
    let offset = call.query_count("offset").unwrap_or(0);
    let search = Search {
        term: call.query_text("searchTerm").unwrap_or_default(),
        offset,
        count: call.query_count("count").filter(|n| *n > 0).unwrap_or(PAGE),
        oldest_first: sort["ts"].as_i64() == Some(1),
    };
    let (messages, total) = livechat
        .conversations
        .ask(move |chats| chats.search(&actor, all, &rid, &search))
        .await?;
    let Value::Object(page) = json!({
        "messages": messages.iter().map(shown).collect::<Vec<_>>(),
        "count": messages.len(),
        "offset": offset,
        "total": total,
    }) else {
        return Err(Failure::Internal);
    };
    Ok(page)
}

/// Who reads, and whether every room is theirs to read.
fn reader(call: &Call) -> Result<(crate::conversation::Actor, bool), Failure> {
    let caller = call.logged_in()?;
    Ok((caller.actor(), caller.may(Permission::ViewRooms)))
}

fn shown(message: &Message) -> Value {
    Value::Object(shape::message(message, Dates::Iso))
}
