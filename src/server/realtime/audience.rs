//! Events of the conversations as frames (livechat contract §6.3). Runs on the conversations'
//! thread, in order, after the store has settled; it renders only what somebody listens to.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    super::{
        livechat::account::id_of as account_id,
        shape::{self, Dates, Object},
    },
    frame,
    hub::Hub,
    topic::{LIVECHAT, MESSAGES, NOTIFY, Place, QUEUE, Topic},
};
use crate::{
    config::livechat::Version,
    conversation::{
        Audience, Event, agent_of,
        document::{Inquiry, Message, Moment, ServedBy},
        find_agent,
    },
};

/// The hub as the conversations know it.
#[derive(Clone, Debug)]
pub struct Ears(Arc<Hub>);

impl Hub {
    /// What the conversations tell.
    pub fn ears(self: &Arc<Self>) -> Ears {
        Ears(Arc::clone(self))
    }
}

impl Audience for Ears {
    fn hear(&self, event: &Event) {
        let hub = &self.0;
        match event {
            Event::Message { message } => hub.message(message),
            Event::Deleted { rid, message } => {
                let place = Place::Room(rid.clone());
                let topic = Topic::Notify("deleteMessage".to_owned());
                hub.tell(&place, &topic, None, || {
                    let event = format!("{rid}/deleteMessage");
                    frame::changed(NOTIFY, &event, &[json!({"_id": message})])
                });
            }
            Event::Agent { rid, agent } => hub.agent(rid, agent.as_deref()),
            Event::AgentStatus { rid, status } => {
                hub.tell_room(rid, || json!({"type": "agentStatus", "status": status}));
            }
            Event::Visitor { rid, visitor } => hub.visitor_later(rid, visitor),
            Event::Room { room } => hub.note_room(room),
            Event::Inquiry { change, inquiry } => {
                hub.inquiry(change, inquiry);
                if *change != "changed" {
                    hub.queue_later();
                }
            }
            Event::Gone { rid } => hub.note_gone(rid),
        }
    }
}

impl Hub {
    fn message(&self, message: &Message) {
        let hidden = match (self.face(), &message.kind) {
            (Some(face), Some(kind)) => {
                let hidden = &face.config.behaviour.hidden_system_messages;
                hidden.contains(kind)
            }
            (None, _) | (_, None) => false,
        };
        if message.hidden || hidden {
            return;
        }
        let shown = || Value::Object(shape::message(message, Dates::Ejson));
        let place = Place::Room(message.rid.clone());
        self.tell(&place, &Topic::Messages, None, || {
            frame::changed(MESSAGES, &message.rid, &[shown()])
        });
        self.tell_all_rooms(&message.rid, || {
            let about = json!({"roomParticipant": true, "roomType": "l"});
            frame::changed(MESSAGES, "__my_messages__", &[shown(), about])
        });
    }

    fn agent(&self, rid: &str, agent: Option<&str>) {
        let Some(face) = self.face() else { return };
        let served = agent.map(|id| {
            let snapshot = face.ledger.snapshot();
            let known = find_agent(&snapshot, id).map(agent_of);
            ServedBy {
                id: id.to_owned(),
                username: known.map_or_else(|| id.to_owned(), |agent| agent.username),
                ts: Moment::default(),
            }
        });
        self.note_agent(rid, served.as_ref());
        let place = Place::Room(rid.to_owned());
        self.tell(&place, &Topic::Livechat, None, || {
            let shown = agent.and_then(|id| face.shown_agent(id));
            let argument = Object::new().put("type", "agentData").maybe("data", shown);
            frame::changed(LIVECHAT, rid, &[argument.into()])
        });
    }

    /// An inquiry goes to those who look at it alone, to its first choice, to its department, else
    /// to everybody.
    fn inquiry(&self, change: &str, inquiry: &Inquiry) {
        let tell = |event: &str, shown: &dyn Fn() -> Map<String, Value>| {
            let place = Place::Queue(event.to_owned());
            self.tell(&place, &Topic::Queue, None, || {
                frame::changed(QUEUE, event, &[Value::Object(shown())])
            });
        };
        let version = self.face().map_or(Version::V8, |face| face.config.version);
        let shown = || shape::inquiry(inquiry, None, version, Dates::Ejson);
        let whole = || {
            let mut whole = shown();
            whole.insert("type".to_owned(), Value::from(change));
            whole
        };
        tell(&inquiry.id, &|| {
            let (action, mut told) = match change {
                "added" => ("inserted", shown()),
                "removed" => (
                    "removed",
                    Object::new().put("_id", inquiry.id.as_str()).done(),
                ),
                _ => ("updated", shown()),
            };
            told.insert("clientAction".to_owned(), Value::from(action));
            told
        });
        if let Some((agent, username)) = &inquiry.default_agent {
            tell(&format!("agent/{agent}"), &whole);
            // Accounts have ids of their own.
            let accounts = self.face().map(|face| Arc::clone(&face.config));
            for account in accounts.iter().flat_map(|config| &config.accounts) {
                let bound = account.agent.as_ref();
                if bound.is_some_and(|bound| bound == agent || bound == username) {
                    tell(&account_id(&account.username), &whole);
                }
            }
        }
        match &inquiry.department {
            Some(department) => tell(&format!("department/{department}"), &whole),
            None => tell("public", &whole),
        }
    }
}
