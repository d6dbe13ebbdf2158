//! Heading "Transfer" (livechat contract §4.4.4, §4.4.5, §4.5): by visitors, by agents, and what
//! became of a room.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};

use super::{
    super::shape::{self, Dates},
    Livechat,
    account::Permission,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, FROM_8, Params, UP_TO_7},
    failure::{Failure, Outcome},
    room_list::{MOST_COUNT, USUAL_COUNT},
    schema::{Kind, Schema},
};
use crate::{
    config::livechat::Version,
    conversation::{Forwarding, Refused},
};

const TRANSFER: Schema = Schema {
    required: &["token", "rid", "department"],
    properties: &[
        ("token", Kind::Text),
        ("rid", Kind::Text),
        ("department", Kind::Text),
    ],
    open: false,
};

const FORWARD: Schema = Schema {
    required: &["roomId"],
    properties: &[
        ("roomId", Kind::Text),
        ("userId", Kind::Nullable(&Kind::Text)),
        ("departmentId", Kind::Nullable(&Kind::Text)),
        ("comment", Kind::Nullable(&Kind::Text)),
        ("clientAction", Kind::Nullable(&Kind::Flag)),
    ],
    open: false,
};

const PAGE: Schema = Schema {
    required: &[],
    properties: &[
        ("count", Kind::Nullable(&Kind::Number)),
        ("offset", Kind::Nullable(&Kind::Number)),
    ],
    open: true,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::POST,
        template: "livechat/visitor/department.transfer",
        versions: FROM_8,
        auth: Auth::Public,
        limit: None,
        params: Params::TypedBody(&TRANSFER),
        summary: "A visitor goes to another department.",
        run: |livechat, call| Box::pin(by_visitor(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "livechat/room.transfer",
        versions: UP_TO_7,
        auth: Auth::Public,
        limit: None,
        params: Params::Body(&TRANSFER),
        summary: "A visitor goes to another department.",
        run: |livechat, call| Box::pin(room(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "livechat/room.forward",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom, Permission::TransferGuest]),
        limit: None,
        params: Params::Body(&FORWARD),
        summary: "An agent forwards a chat to another agent or department.",
        run: |livechat, call| Box::pin(forward(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "livechat/transfer.history/:rid",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRooms]),
        limit: None,
        params: Params::Query(&PAGE),
        summary: "Who moved a room, and where to.",
        run: |livechat, call| Box::pin(history(livechat, call)),
    },
];

async fn by_visitor(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, rid) = (call.required_text("token"), call.required_text("rid"));
    let department = call.required_text("department");
    livechat
        .conversations
        .ask(move |chats| chats.transfer_by_visitor(&token, &rid, &department))
        .await
        // The misspelling is the target's.
        .map_err(|refused| refused_as(refused, "error-transfering-chat"))?;
    Ok(Map::new())
}

async fn room(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, rid) = (call.required_text("token"), call.required_text("rid"));
    let department = call.required_text("department");
    let room = livechat
        .conversations
        .ask(move |chats| chats.transfer_room(&token, &rid, &department))
        .await?;
    let shown = shape::found_room(&room, Dates::Iso);
    Ok(Map::from_iter([("room".to_owned(), Value::Object(shown))]))
}

async fn forward(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let actor = call.logged_in()?.actor();
    let wanted = Forwarding {
        rid: call.required_text("roomId"),
        user_id: call.body_text("userId"),
        department_id: call.body_text("departmentId"),
        comment: call.body_text("comment"),
    };
    let done = livechat
        .conversations
        .ask(move |chats| chats.forward(&actor, &wanted))
        .await;
    match done {
        Ok(()) => Ok(Map::new()),
        Err(refused) if livechat.config.version >= Version::V7 => {
            Err(refused_as(refused, "error-forwarding-chat"))
        }
        Err(refused) => Err(refused.into()),
    }
}

/// A move for which nobody was found, in an endpoint's words.
fn refused_as(refused: Refused, text: &'static str) -> Failure {
    if matches!(refused, Refused::Bare) {
        Failure::plain(text)
    } else {
        refused.into()
    }
}

async fn history(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let rid = call.path(0).to_owned();
    let offset = call.query_count("offset").unwrap_or(0);
    let count = call.query_count("count").unwrap_or(USUAL_COUNT);
    let (found, total) = livechat
        .conversations
        .ask(move |chats| chats.transfers(&rid, offset, count.min(MOST_COUNT)))
        .await?;
    Ok(Map::from_iter([
        ("count".to_owned(), Value::from(found.len())),
        ("history".to_owned(), Value::Array(found)),
        ("offset".to_owned(), Value::from(offset)),
        ("total".to_owned(), Value::from(total)),
    ]))
}
