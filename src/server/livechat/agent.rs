//! Heading "Agent" (livechat contract §4.1): info and status. `agent.next` is in `server::api`: it
//! must cost next to nothing beside the socket.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};

use super::{
    super::shape,
    Livechat,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, Params},
    failure::{Failure, Outcome},
};
use crate::conversation::find_agent;

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint {
    method: Method::GET,
    template: "livechat/agent.info/:rid/:token",
    versions: ALWAYS,
    auth: Auth::Public,
    limit: None,
    params: Params::Free,
    summary: "The agent who serves a room.",
    run: |livechat, call| Box::pin(info(livechat, call)),
}];

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
