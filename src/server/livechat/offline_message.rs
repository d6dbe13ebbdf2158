//! Heading "Offline message" (livechat contract §4.7.4), and how the face hands mail over.
//!
//! "Sent" is only said when it is true: the mail server has taken the mail, or, with
//! `delivery = "outbox"`, the mail is on the disk. With `smtp` nothing is kept of a mail that the server
//! did not take: the visitor is told so and still has their text.

use std::{sync::Arc, time::Duration};

use http::Method;
use serde_json::{Map, Value};

use super::{
    Livechat,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, Params},
    failure::{Failure, Outcome},
    schema::{Kind, Schema},
};
use crate::{
    config::livechat::Delivery,
    conversation::{OfflineMessage, Refused},
    ports::{Letter, PostError},
};

const SEND: Schema = Schema {
    required: &["name", "email", "message"],
    properties: &[
        ("name", Kind::Text),
        ("email", Kind::Text),
        ("message", Kind::Text),
        ("department", Kind::Nullable(&Kind::Text)),
        ("host", Kind::Nullable(&Kind::Text)),
    ],
    open: false,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint {
    method: Method::POST,
    template: "livechat/offline.message",
    versions: ALWAYS,
    auth: Auth::Public,
    limit: Some((1, 5_000)),
    params: Params::Body(&SEND),
    summary: "A visitor leaves a message while nobody is there.",
    run: |livechat, call| Box::pin(send(livechat, call)),
}];

/// Every problem at run time has this one name on the wire.
const FAILED: Failure = Failure::plain("Error sending Livechat offline message");

/// Most time that a mail server gets while somebody waits.
const PATIENCE: Duration = Duration::from_secs(20);

async fn send(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let left = OfflineMessage {
        name: call.required_text("name"),
        email: call.required_text("email"),
        message: call.required_text("message"),
        department: call.body_text("department"),
        host: call.body_text("host"),
    };
    match leave(&livechat, left).await {
        Ok(()) => Ok(told("Livechat offline message sent")),
        Err(Unsent::Here(Refused::Unavailable(why))) => {
            tracing::error!("an offline message could not be kept: {why}");
            Err(FAILED)
        }
        Err(Unsent::Here(refused)) => {
            tracing::warn!("an offline message was not sent: {refused}");
            Err(FAILED)
        }
        Err(Unsent::There(error)) => {
            tracing::warn!("an offline message was not sent: {error}");
            Err(FAILED)
        }
    }
}

async fn leave(livechat: &Livechat, left: OfflineMessage) -> Result<(), Unsent> {
    let validates = livechat.config.behaviour.validate_offline_email;
    let domain = left.email.trim().rsplit('@').next().map(str::to_owned);
    let letter = livechat
        .conversations
        .ask(move |chats| chats.offline_letter(&left))
        .await?;
    if validates && !livechat.post.knows(domain.unwrap_or_default()).await {
        return Err(Refused::plain("error-invalid-email-address").into());
    }
    livechat.hand_over(letter).await
}

/// Why a mail did not go.
pub(super) enum Unsent {
    /// Because of what was asked, or of the store.
    Here(Refused),
    /// Because of the mail server, or for want of one.
    There(PostError),
}

impl From<Refused> for Unsent {
    fn from(refused: Refused) -> Self {
        Self::Here(refused)
    }
}

impl Livechat {
    /// Hands a mail over while somebody waits. The mail server gets less time than the request has, so
    /// that a slow one is told as what it is and not as a slow request.
    pub(super) async fn hand_over(&self, letter: Letter) -> Result<(), Unsent> {
        match &self.config.mail.delivery {
            Delivery::None => Err(Unsent::There(PostError::NoServer)),
            Delivery::Outbox => {
                let kept = self
                    .conversations
                    .ask(move |chats| chats.keep_mail(&letter));
                Ok(kept.await?)
            }
            Delivery::Smtp(_) => {
                let within = PATIENCE.min(self.api.request_timeout * 3 / 4);
                let sent = self.post.send(letter, within).await;
                sent.map_err(Unsent::There)
            }
        }
    }
}

/// `{"message": …}`
pub(super) fn told(text: &str) -> Map<String, Value> {
    Map::from_iter([("message".to_owned(), Value::from(text))])
}
