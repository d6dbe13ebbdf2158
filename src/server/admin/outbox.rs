//! `/admin/outbox`: mails that wait, were sent, or are kept for whoever fetches them. Its JSON is here
//! too, and unlike all other answers of the admin API it holds addresses and what visitors wrote.

use axum::extract::{Path, RawQuery, State};
use serde::{Deserialize, Serialize};

use super::{
    Answer, Desk, arguments, json,
    wire::{Refusal, RefusalKind},
};
use crate::{
    conversation::{Conversations, Refused, document},
    ports::Letter,
    server::Operations,
};

/// Mails shown when no limit is given, and the most that can be asked for.
pub const LISTED: (usize, usize) = (100, 10_000);

/// The answer of `GET /admin/outbox?limit=`: newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Outbox {
    /// Mails without their bodies.
    pub mails: Vec<Mail>,
}

/// One mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Mail {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub made_at: String,
    /// `kept`, `waiting`, `sent` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub due: Option<String>,
    /// Why the last try failed.
    pub why: Option<String>,
    /// The sender's address.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// Where answers go to.
    pub reply_to: Option<String>,
    /// Subject.
    pub subject: String,
    /// Bytes of both bodies.
    pub bytes: u64,
}

/// The answer of `GET /admin/outbox/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Whole {
    /// The mail.
    #[serde(flatten)]
    pub mail: Mail,
    /// Its text; empty once it is sent.
    pub text: String,
    /// Its HTML; empty once it is sent.
    pub html: String,
}

/// The answer of `POST /admin/outbox/{id}/remove`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Removed {
    /// Its id.
    pub removed: String,
}

impl From<document::Mail> for Mail {
    fn from(mail: document::Mail) -> Self {
        Self {
            id: mail.id,
            made_at: mail.made_at.to_string(),
            state: mail.state.word().to_owned(),
            attempts: mail.attempts,
            due: mail.due.map(|due| due.to_string()),
            why: mail.why,
            from: mail.from,
            to: mail.to,
            reply_to: mail.reply_to.map(|(_, address)| address),
            subject: mail.subject,
            bytes: mail.bytes,
        }
    }
}

/// The newest mails.
pub async fn list(conversations: &Conversations, limit: usize) -> Result<Outbox, Refused> {
    let mails = conversations.ask(move |chats| chats.mails(limit)).await?;
    Ok(Outbox {
        mails: mails.into_iter().map(Into::into).collect(),
    })
}

/// One mail with its bodies.
pub async fn whole(conversations: &Conversations, id: String) -> Result<Whole, Refused> {
    let found = conversations.ask(move |chats| chats.mail(&id)).await?;
    let (mail, Letter { text, html, .. }) = found.ok_or(NO_MAIL)?;
    Ok(Whole {
        mail: mail.into(),
        text,
        html,
    })
}

/// Removes one.
pub async fn remove(conversations: &Conversations, id: String) -> Result<Removed, Refused> {
    let removed = id.clone();
    let done = conversations.ask(move |chats| chats.remove_mail(&id));
    if done.await? {
        Ok(Removed { removed })
    } else {
        Err(NO_MAIL)
    }
}

const NO_MAIL: Refused = Refused::NotFound(std::borrow::Cow::Borrowed(
    "the outbox has no mail of that id; `lp2rc outbox` lists them",
));

/// `GET /admin/outbox?limit=`
pub(super) async fn answer_list(State(operations): Desk, RawQuery(query): RawQuery) -> Answer {
    let query = query.unwrap_or_default();
    let [limit] = arguments(&query, ["limit"])?;
    let limit = match limit.map(|text| text.parse::<usize>()) {
        None => LISTED.0,
        Some(Ok(limit)) if (1..=LISTED.1).contains(&limit) => limit,
        Some(_) => {
            let error = format!("`limit` must be a number from 1 to {}", LISTED.1);
            return Err(Refusal::new(RefusalKind::BadRequest, error));
        }
    };
    let found = list(desk(&operations)?, limit).await;
    json(&found.map_err(|refused| refusal(&refused))?)
}

/// `GET /admin/outbox/{id}`
pub(super) async fn answer_whole(State(operations): Desk, Path(id): Path<String>) -> Answer {
    let found = whole(desk(&operations)?, id).await;
    json(&found.map_err(|refused| refusal(&refused))?)
}

/// `POST /admin/outbox/{id}/remove`
pub(super) async fn answer_remove(State(operations): Desk, Path(id): Path<String>) -> Answer {
    let done = remove(desk(&operations)?, id).await;
    json(&done.map_err(|refused| refusal(&refused))?)
}

fn desk(operations: &Operations) -> Result<&Conversations, Refusal> {
    operations.conversations.as_ref().ok_or_else(|| {
        let error = "this daemon keeps no conversations, and so no mails";
        Refusal::new(RefusalKind::NotFound, error)
    })
}

fn refusal(refused: &Refused) -> Refusal {
    let kind = match refused {
        Refused::NotFound(_) => RefusalKind::NotFound,
        Refused::Unavailable(_) => RefusalKind::State,
        Refused::Plain(_) | Refused::Meteor { .. } | Refused::Bare | Refused::Forbidden(_) => {
            RefusalKind::Unexpected
        }
    };
    Refusal::new(kind, refused.to_string())
}
