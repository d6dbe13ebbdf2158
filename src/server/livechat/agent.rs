//! Heading "Agent" (livechat contract §4.1): info and status. `agent.next` is in `server::api`: it
//! must cost next to nothing beside the socket.
//!
//! An agent's service status is not ours to change: it is the source's word, mapped, and after the
//! cut-over the target's. `agent.status` therefore answers every question of form, person, permission
//! and equality as the target does, and a real change as the target answers one that its business
//! hours forbid: the own one is refused with `error-business-hours-are-closed`, another's stays as it
//! was and is told so. A caller sees the truth either way.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};

use super::{
    super::shape,
    Livechat,
    account::Permission,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, Params},
    failure::{Failure, Outcome},
    schema::{Kind, Schema},
};
use crate::conversation::{Refused, find_agent};

const STATUS: Schema = Schema {
    required: &[],
    properties: &[
        (
            "status",
            Kind::Nullable(&Kind::OneOf(&["available", "not-available"])),
        ),
        ("agentId", Kind::Nullable(&Kind::Text)),
    ],
    open: false,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::GET,
        template: "livechat/agent.info/:rid/:token",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Free,
        summary: "The agent who serves a room.",
        run: |livechat, call| Box::pin(info(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "livechat/agent.status",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::Body(&STATUS),
        summary: "Ask for another service status of an agent.",
        run: |livechat, call| Box::pin(std::future::ready(status(&livechat, &call))),
    },
];

/// livechat contract §4.1.3, in its order. An account's own agent is the one it is bound to.
fn status(livechat: &Livechat, call: &Call) -> Outcome {
    let caller = call.logged_in()?;
    let snapshot = livechat.ledger.snapshot();
    let bound = caller.account.agent.as_deref();
    let own = bound.and_then(|wanted| find_agent(&snapshot, wanted));
    let named = call.body_text("agentId").filter(|id| !id.is_empty());
    let row = match named.as_deref() {
        None => own,
        Some(id) if id == caller.id => own,
        Some(id) => snapshot.rows().iter().find(|row| row.answers_to(id)),
    };
    let row = row.ok_or(Refused::NotFound("Agent not found".into()))?;
    let current = if row.availability().new_chats {
        "available"
    } else {
        "not-available"
    };
    let toggled = if row.availability().new_chats {
        "not-available"
    } else {
        "available"
    };
    let wanted = call.body_text("status").filter(|word| !word.is_empty());
    let unchanged = Map::from_iter([("status".to_owned(), Value::from(current))]);
    if wanted.as_deref().unwrap_or(toggled) == current {
        return Ok(unchanged);
    }
    if own.is_some_and(|own| own.target_id() == row.target_id()) {
        return Err(Failure::plain("error-business-hours-are-closed"));
    }
    if !caller.may(Permission::ManageAgents) {
        return Err(Refused::Forbidden("unauthorized".into()).into());
    }
    Ok(unchanged)
}

/// The token is looked at before the room (livechat contract §4.1.1); the room may be closed.
async fn info(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (rid, token) = (call.path(0).to_owned(), call.path(1).to_owned());
    let room = livechat
        .conversations
        .ask(move |chats| {
            let visitor = chats.guest(&token)?;
            chats.find_room(&visitor, &rid)
        })
        .await?;
    let served = room.served_by.ok_or(Failure::plain("invalid-agent"))?;
    let agent = livechat
        .shown_agent(&served.id)
        .ok_or(Failure::plain("invalid-agent"))?;
    Ok(Map::from_iter([("agent".to_owned(), Value::Object(agent))]))
}

impl Livechat {
    /// What visitors see of the agent of an id (livechat contract §2.2); `None` when there is none.
    pub(in super::super) fn shown_agent(&self, id: &str) -> Option<Map<String, Value>> {
        if !self.api.show_agent_info {
            return Some(shape::hidden_agent());
        }
        let snapshot = self.ledger.snapshot();
        let row = find_agent(&snapshot, id)?;
        Some(shape::agent(row, self.api.show_agent_email))
    }
}
