//! Heading "Message" (livechat contract §4.6).

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::{
    super::shape::{self, Dates},
    Livechat,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, Params},
    failure::{Failure, Outcome},
    schema::{Kind, Schema},
    upload,
};
use crate::conversation::{
    History, Registration, Saying,
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

const PLACE: Schema = Schema {
    required: &["token", "rid"],
    properties: &[("token", Kind::Text), ("rid", Kind::Text)],
    open: false,
};

const EDIT: Schema = Schema {
    required: &["token", "rid", "msg"],
    properties: &[
        ("token", Kind::Text),
        ("rid", Kind::Text),
        ("msg", Kind::Text),
    ],
    open: false,
};

const DELETE: Schema = Schema {
    required: &["token", "rid"],
    properties: &[
        ("token", Kind::Text),
        ("rid", Kind::Text),
        ("count", Kind::Nullable(&Kind::Number)),
        ("offset", Kind::Nullable(&Kind::Number)),
        ("sort", Kind::Nullable(&Kind::Text)),
    ],
    open: false,
};

const GUEST: Schema = Schema {
    required: &["token"],
    properties: &[("token", Kind::Text)],
    open: false,
};

const ONE: Schema = Schema {
    required: &["msg"],
    properties: &[("msg", Kind::Text)],
    open: false,
};

const BRING: Schema = Schema {
    required: &["visitor", "messages"],
    properties: &[
        ("visitor", Kind::Object(&GUEST)),
        (
            "messages",
            Kind::List {
                item: &Kind::Object(&ONE),
                least: 1,
                unique: false,
            },
        ),
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
        template: "livechat/message/:_id",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Query(&PLACE),
        summary: "One message of a visitor's room.",
        run: |livechat, call| Box::pin(one(livechat, call)),
    },
    Endpoint {
        method: Method::PUT,
        template: "livechat/message/:_id",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Body(&EDIT),
        summary: "A visitor changes a message of theirs.",
        run: |livechat, call| Box::pin(edit(livechat, call)),
    },
    Endpoint {
        method: Method::DELETE,
        template: "livechat/message/:_id",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Body(&DELETE),
        summary: "A visitor removes a message of theirs.",
        run: |livechat, call| Box::pin(delete(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "livechat/messages",
        versions: ALWAYS,
        auth: Auth::Needs(&[]),
        limit: None,
        params: Params::Body(&BRING),
        summary: "Messages in a visitor's name, all at once.",
        run: |livechat, call| Box::pin(bring(livechat, call)),
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

/// Most messages of a page. None is known upstream; here everybody waits while one page is read.
const LARGEST_PAGE: usize = 1_000;

async fn send(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let saying = Saying {
        token: call.required_text("token"),
        rid: call.required_text("rid"),
        msg: call.required_text("msg"),
        id: call.body_text("_id"),
        sites: sites(&call),
        ..Saying::default()
    };
    let message = livechat
        .conversations
        .ask(move |chats| chats.visitor_says(saying))
        .await?;
    Ok(Map::from_iter([("message".to_owned(), shown(&message))]))
}

async fn one(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, rid) = (
        call.query_text("token").unwrap_or_default(),
        call.query_text("rid").unwrap_or_default(),
    );
    let (id, base) = (call.path(0).to_owned(), base(&livechat, &call));
    let guest = token.clone();
    let message = livechat
        .conversations
        .ask(move |chats| chats.message_for(&guest, &rid, &id))
        .await?;
    let message = with_files(&message, &base, &token);
    Ok(Map::from_iter([("message".to_owned(), message)]))
}

async fn edit(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, rid) = (call.required_text("token"), call.required_text("rid"));
    let (msg, id) = (call.required_text("msg"), call.path(0).to_owned());
    let message = livechat
        .conversations
        .ask(move |chats| chats.edit_message(&token, &rid, &id, msg))
        .await?;
    Ok(Map::from_iter([("message".to_owned(), shown(&message))]))
}

/// The pair in the query does not count, as on the target (livechat contract §4.6.4).
async fn delete(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, rid) = (call.required_text("token"), call.required_text("rid"));
    let id = call.path(0).to_owned();
    let gone = id.clone();
    let ts = livechat
        .conversations
        .ask(move |chats| {
            chats.delete_message(&token, &rid, &gone)?;
            Ok(chats.now())
        })
        .await?;
    let message = json!({"_id": id, "ts": Dates::Iso.write(ts)});
    Ok(Map::from_iter([("message".to_owned(), message)]))
}

async fn bring(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let token = call
        .body_object("visitor")
        .and_then(|visitor| visitor.get("token")?.as_str())
        .unwrap_or_default();
    let who = Registration {
        token: token.to_owned(),
        ..Registration::default()
    };
    let messages: Vec<_> = call.body["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| one["msg"].as_str().unwrap_or_default().to_owned())
        .collect();
    let source = call.source();
    let said = livechat
        .conversations
        .ask(move |chats| chats.bring_messages(who, source, messages))
        .await?;
    let said = said
        .iter()
        .map(|message| {
            json!({
                "username": message.u.username,
                "msg": message.msg,
                "ts": Dates::Iso.write(message.ts),
            })
        })
        .collect();
    Ok(Map::from_iter([("messages".to_owned(), said)]))
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
        limit: call
            .query_count("limit")
            .filter(|n| *n > 0)
            .unwrap_or(PAGE)
            .min(LARGEST_PAGE),
        offset: call.query_count("offset").unwrap_or(0),
        end,
    };
    let (base, guest) = (base(&livechat, &call), token.clone());
    let messages = livechat
        .conversations
        .ask(move |chats| {
            let visitor = chats.guest(&guest)?;
            let room = chats.find_room(&visitor, &rid)?;
            chats.history(&room.id, wanted)
        })
        .await?;
    let messages = messages
        .iter()
        .map(|message| with_files(message, &base, &token))
        .collect();
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

/// Addresses under which this request's client knows the server.
pub(super) fn sites(call: &Call) -> Vec<String> {
    let host = call.header("host").unwrap_or_default();
    if host.is_empty() {
        return Vec::new();
    }
    ["http", "https"]
        .map(|scheme| format!("{scheme}://{host}"))
        .into()
}

/// The address that absolute links begin with, without a slash at the end.
fn base(livechat: &Livechat, call: &Call) -> String {
    match livechat.config.site_url.as_str() {
        "" => format!("http://{}", call.header("host").unwrap_or_default()),
        site => site.to_owned(),
    }
}

/// A message with links to its files, absolute and good for this visitor without further
/// credentials (livechat contract §4.6.2).
fn with_files(message: &Message, base: &str, token: &str) -> Value {
    let mut fields = shape::message(message, Dates::Iso);
    let uploads: Vec<_> = message
        .files
        .iter()
        .map(|file| {
            let path = upload::path(&file.id, &file.name);
            let key = upload::key(token, &file.id);
            json!({
                "publicFilePath": format!("{base}{path}?token={key}"),
                "type": file.kind,
                "size": file.size,
            })
        })
        .collect();
    if let Some(first) = uploads.first() {
        fields.insert("fileUpload".to_owned(), first.clone());
        fields.insert("filesUpload".to_owned(), Value::from(uploads));
    }
    Value::Object(fields)
}

fn shown(message: &Message) -> Value {
    Value::Object(shape::message(message, Dates::Iso))
}
