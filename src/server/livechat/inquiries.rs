//! Heading "Omnichannel Inquiries" (official file `omnichannel.yaml`): the queue, seen and taken by agents.

use std::{cmp::Ordering, sync::Arc};

use http::Method;
use serde_json::{Map, Value, json};

use super::{
    super::shape::{self, Dates},
    Livechat,
    account::{Permission, id_of},
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, FROM_7, Params},
    failure::{Failure, Outcome},
    paging::Page,
    schema::{Kind, Schema},
};
use crate::conversation::{
    Actor, Chats, Refused, agent_of,
    document::{Author, Inquiry},
    find_agent,
};

const LIST: Schema = Schema {
    required: &[],
    properties: &[
        ("count", Kind::Nullable(&Kind::Number)),
        ("offset", Kind::Nullable(&Kind::Number)),
        ("sort", Kind::Nullable(&Kind::Text)),
        ("department", Kind::Nullable(&Kind::Text)),
    ],
    open: false,
};

const TAKE: Schema = Schema {
    required: &["inquiryId"],
    properties: &[
        ("inquiryId", Kind::Text),
        ("userId", Kind::Nullable(&Kind::Text)),
    ],
    open: false,
};

const ONE: Schema = Schema {
    required: &["roomId"],
    properties: &[("roomId", Kind::Text)],
    open: false,
};

const BACK: Schema = Schema {
    required: &["roomId"],
    properties: &[("roomId", Kind::Text), ("departmentId", Kind::Text)],
    open: false,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::GET,
        template: "livechat/inquiries.list",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewManager]),
        limit: None,
        params: Params::Query(&LIST),
        summary: "Everybody who waits.",
        run: |livechat, call| Box::pin(list(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "livechat/inquiries.queuedForUser",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::Query(&LIST),
        summary: "Those whom the caller's agent may take.",
        run: |livechat, call| Box::pin(queued_for_user(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "livechat/inquiries.getOne",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::Query(&ONE),
        summary: "The inquiry of an open room.",
        run: |livechat, call| Box::pin(get_one(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "livechat/inquiries.take",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::Body(&TAKE),
        summary: "An agent takes a room that waits.",
        run: |livechat, call| Box::pin(take(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "livechat/inquiries.returnAsInquiry",
        versions: FROM_7,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::TypedBody(&BACK),
        summary: "Put a room back into the queue.",
        run: |livechat, call| Box::pin(give_back(livechat, call)),
    },
];

async fn list(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let page = Page::of(&call)?;
    let department = given(&call, "department");
    let mut inquiries = livechat
        .conversations
        .ask(move |chats| chats.queued(department.as_deref()))
        .await?;
    // Without a wish the newest comes first, other than in the queue itself.
    inquiries.reverse();
    page.order(&mut inquiries, compare);
    Ok(page.answer("inquiries", &inquiries, |inquiry| {
        Value::Object(shape::inquiry_summary(inquiry, Dates::Iso))
    }))
}

async fn queued_for_user(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let page = Page::of(&call)?;
    let department = given(&call, "department");
    let actor = call.logged_in()?.actor();
    let mut inquiries = livechat
        .conversations
        .ask(move |chats| chats.queued_for(&actor, department.as_deref()))
        .await?;
    page.order(&mut inquiries, compare);
    let version = livechat.config.version;
    Ok(page.answer("inquiries", &inquiries, |inquiry| {
        Value::Object(shape::inquiry(inquiry, None, version, Dates::Iso))
    }))
}

async fn get_one(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let rid = call.query_text("roomId").unwrap_or_default();
    let found = livechat
        .conversations
        .ask(move |chats| chats.inquiry_of(&rid))
        .await?;
    let version = livechat.config.version;
    let shown = found.map(|(inquiry, last)| {
        Value::Object(shape::inquiry(&inquiry, last.as_ref(), version, Dates::Iso))
    });
    Ok(Map::from_iter([("inquiry".to_owned(), shown.into())]))
}

async fn take(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let id = call.required_text("inquiryId");
    let wanted = call.body_text("userId").filter(|id| !id.is_empty());
    let actor = match &wanted {
        Some(wanted) => livechat.account_of(wanted),
        None => Some(call.logged_in()?.actor()),
    };
    livechat
        .conversations
        .ask(move |chats| {
            let agent = whose(chats, actor.as_ref(), wanted.as_deref())?;
            chats.take_inquiry(&id, agent.as_ref())
        })
        .await
        .map_err(|refused| {
            let details = json!({"method": "livechat:takeInquiry"});
            match &refused {
                Refused::Meteor {
                    reason: Some(_), ..
                } => Failure::Refused(refused).with_details(details),
                Refused::Meteor { reason: None, .. }
                | Refused::Plain(_)
                | Refused::Bare
                | Refused::NotFound(_)
                | Refused::Forbidden(_)
                | Refused::Unavailable(_) => Failure::Refused(refused),
            }
        })?;
    Ok(Map::new())
}

/// The agent who takes: the account's, or the one who was named by the target's id.
fn whose(
    chats: &Chats,
    actor: Option<&Actor>,
    wanted: Option<&str>,
) -> Result<Option<Author>, Refused> {
    if let Some(actor) = actor {
        return Ok(chats.bound_agent(actor));
    }
    let snapshot = chats.ledger().snapshot();
    let row = wanted.and_then(|wanted| find_agent(&snapshot, wanted));
    row.map(|row| Some(agent_of(row)))
        .ok_or(Refused::plain("The user is invalid"))
}

async fn give_back(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let rid = call.required_text("roomId");
    let department = call.body_text("departmentId").filter(|id| !id.is_empty());
    let actor = call.logged_in()?.actor();
    let result = livechat
        .conversations
        .ask(move |chats| chats.return_as_inquiry(&actor, &rid, department.as_deref()))
        .await?;
    Ok(Map::from_iter([("result".to_owned(), Value::from(result))]))
}

impl Livechat {
    /// The configured account of an id.
    fn account_of(&self, id: &str) -> Option<Actor> {
        let mut accounts = self.config.accounts.iter();
        let account = accounts.find(|account| id_of(&account.username) == id)?;
        Some(super::account::Caller::of(account).actor())
    }
}

fn given(call: &Call, key: &str) -> Option<String> {
    call.query_text(key).filter(|text| !text.is_empty())
}

/// Inquiries by a key of `sort`. Weights and estimates are the same for all.
fn compare(key: &str, a: &Inquiry, b: &Inquiry) -> Ordering {
    match key {
        "ts" | "queuedAt" => a.ts.cmp(&b.ts),
        "name" => a.name.cmp(&b.name),
        "_updatedAt" => a.updated_at.cmp(&b.updated_at),
        "department" => a.department.cmp(&b.department),
        _ => Ordering::Equal,
    }
}
