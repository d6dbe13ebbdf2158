//! Heading "Transcript" (livechat contract §4.7.5).
//!
//! A visitor's own request is sent while they wait, as an offline message is. What an agent asks for is
//! kept with the room and goes into the outbox when the room is closed, where it is tried until the
//! mail server takes it.

use std::sync::Arc;

use http::Method;
use serde_json::Map;

use super::{
    Livechat,
    account::Permission,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, FROM_7, Params, UP_TO_6},
    failure::{Failure, Outcome},
    offline_message::{Unsent, told},
    schema::{Kind, Schema},
};
use crate::{
    config::livechat::Version,
    conversation::{NO_MAIL, Refused, document::Author},
};

const SEND: Schema = Schema {
    required: &["rid", "token", "email"],
    properties: &[
        ("token", Kind::Text),
        ("rid", Kind::Text),
        ("email", Kind::Text),
    ],
    open: false,
};

/// `subject` is accepted and not used (livechat contract §4.7.5).
const SEND_7: Schema = Schema {
    required: &["rid", "token", "email"],
    properties: &[
        ("token", Kind::Text),
        ("rid", Kind::Text),
        ("email", Kind::Text),
        ("subject", Kind::Text),
    ],
    open: false,
};

const REQUEST: Schema = Schema {
    required: &["email", "subject"],
    properties: &[("email", Kind::Text), ("subject", Kind::Text)],
    open: false,
};

const fn send_of(versions: (Version, Version), schema: &'static Schema) -> Endpoint {
    Endpoint {
        method: Method::POST,
        template: "livechat/transcript",
        versions,
        auth: Auth::Public,
        limit: None,
        params: Params::Body(schema),
        summary: "A visitor has their conversation sent to an address.",
        run: |livechat, call| Box::pin(send(livechat, call)),
    }
}

pub(super) const ENDPOINTS: &[Endpoint] = &[
    send_of(UP_TO_6, &SEND),
    send_of(FROM_7, &SEND_7),
    Endpoint {
        method: Method::POST,
        template: "livechat/transcript/:rid",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::SendTranscript]),
        limit: None,
        params: Params::Body(&REQUEST),
        summary: "Has a room's transcript sent when it is closed.",
        run: |livechat, call| Box::pin(request(livechat, call)),
    },
    Endpoint {
        method: Method::DELETE,
        template: "livechat/transcript/:rid",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::SendTranscript]),
        limit: None,
        params: Params::Free,
        summary: "Takes the request of a transcript back.",
        run: |livechat, call| Box::pin(withdraw(livechat, call)),
    },
];

/// A false result: `message`, not `error`.
fn not_sent() -> Failure {
    Failure::Object(told(NO_MAIL))
}

async fn send(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, rid) = (call.required_text("token"), call.required_text("rid"));
    let (email, room) = (call.required_text("email"), rid.clone());
    let letter = livechat
        .conversations
        .ask(move |chats| chats.visitor_transcript(&token, &rid, &email))
        .await?;
    match livechat.hand_over(letter).await {
        Ok(()) => {}
        Err(Unsent::Here(refused)) => return Err(refused.into()),
        Err(Unsent::There(error)) => {
            tracing::warn!("a transcript was not sent: {error}");
            return Err(not_sent());
        }
    }
    let noted = livechat
        .conversations
        .ask(move |chats| chats.note_transcript(&room, None))
        .await;
    if let Err(error) = noted {
        // It is sent: a "no" now would bring a second one.
        tracing::error!("a sent transcript could not be noted in its room: {error}");
    }
    Ok(told("Livechat transcript sent"))
}

async fn request(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let caller = call.logged_in()?;
    let by = Author {
        id: caller.id.clone(),
        username: caller.account.username.clone(),
        name: Some(caller.account.name.clone()),
    };
    let rid = call.path(0).to_owned();
    let (email, subject) = (call.required_text("email"), call.required_text("subject"));
    let asked = livechat
        .conversations
        .ask(move |chats| chats.request_transcript_of(&rid, &email, &subject, &by))
        .await;
    match asked {
        Ok(()) => Ok(Map::new()),
        Err(Refused::Plain(text)) if text == NO_MAIL => Err(not_sent()),
        Err(refused) => Err(refused.into()),
    }
}

async fn withdraw(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let rid = call.path(0).to_owned();
    livechat
        .conversations
        .ask(move |chats| chats.withdraw_transcript(&rid))
        .await?;
    Ok(Map::new())
}
