//! What is told to those who listen, after it was kept (livechat contract §6.3).

use super::document::{Inquiry, Message, Room};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message came or changed: `stream-room-messages`.
    Message {
        /// The message.
        message: Box<Message>,
    },
    /// A message was removed: `stream-notify-room <rid>/deleteMessage`.
    Deleted {
        /// Room.
        rid: String,
        /// Id of the message.
        message: String,
    },
    /// Another agent, or none: `stream-livechat-room`, `agentData`.
    Agent {
        /// Room.
        rid: String,
        /// Id of the agent in the target.
        agent: Option<String>,
    },
    /// The agent's presence changed: `agentStatus`.
    AgentStatus {
        /// Room.
        rid: String,
        /// The target's word.
        status: &'static str,
    },
    /// The visitor changed: `visitorData`.
    Visitor {
        /// Room.
        rid: String,
        /// Id of the visitor.
        visitor: String,
    },
    /// The room changed otherwise: opened, closed, retagged.
    Room {
        /// As it is now.
        room: Box<Room>,
    },
    /// An inquiry came, changed or went: `stream-livechat-inquiry-queue-observer`.
    Inquiry {
        /// `added`, `changed` or `removed`.
        change: &'static str,
        /// As it is now, or was.
        inquiry: Box<Inquiry>,
    },
    /// All of a room is gone; whoever listens to it should stop.
    Gone {
        /// Room.
        rid: String,
    },
}

/// Whoever passes events on. Called by the conversations' thread, in order, after the store has
/// settled: must not block.
pub trait Audience: Send + Sync + 'static {
    /// Takes one event.
    fn hear(&self, event: &Event);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Audience for Nobody {
    fn hear(&self, _event: &Event) {}
}
