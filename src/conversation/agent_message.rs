//! What the agents' side writes and reads in a room (livechat contract §4.6.7).

use std::ops::ControlFlow;

use super::{
    actor::Actor,
    chats::Chats,
    document::{Message, Room},
    key,
    message::Draft,
    refused::Refused,
};
use crate::ports::Order;

/// Most messages of one page.
const PAGE_LIMIT: usize = 100;

/// What an agent writes.
#[derive(Clone, Debug, Default)]
pub struct AgentSaying {
    /// Room.
    pub rid: String,
    /// Text.
    pub msg: String,
    /// Chosen by the client; else made here.
    pub id: Option<String>,
    /// `Some(false)`: clients show it by itself.
    pub groupable: Option<bool>,
    /// Addresses of this server besides the configured one: links to them may be quotes.
    pub sites: Vec<String>,
}

/// Which messages of a room an agent looks for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Text that they hold, whatever the case; empty: all.
    pub term: String,
    /// Without the first so many.
    pub offset: usize,
    /// At most so many, and never more than 100.
    pub count: usize,
    /// Whether the oldest come first.
    pub oldest_first: bool,
}

impl Chats {
    /// An agent writes: in the name that [`Chats::acting`] says, who must take part in the room.
    /// The same id again, with the same text, gives the message that is there.
    pub fn agent_says(&mut self, actor: &Actor, saying: AgentSaying) -> Result<Message, Refused> {
        let mut room = self
            .room(&saying.rid)?
            .ok_or(Refused::plain("error-invalid-room"))?;
        if !self.takes_part(actor, &room) {
            return Err(Refused::plain("error-not-allowed"));
        }
        let author = self.acting(actor, &room);
        let id = saying.id.filter(|id| !id.is_empty());
        if let Some(id) = &id
            && let Some(there) = self.message(id)?
        {
            let same = there.rid == room.id && there.u.id == author.id && there.msg == saying.msg;
            return if same {
                Ok(there)
            } else {
                Err(Refused::INVALID_MESSAGE)
            };
        }
        let attachments = self.quotes(&room, &saying.msg, &saying.sites)?;
        let draft = Draft {
            id,
            msg: saying.msg,
            author,
            groupable: saying.groupable,
            attachments,
            ..Draft::default()
        };
        self.agent_message(&mut room, draft)
    }

    /// Whether an account may read a room; `all`: it sees rooms that are nothing to it. A room that nobody
    /// serves is everybody's to look at.
    pub fn may_read(&self, actor: &Actor, room: &Room, all: bool) -> bool {
        all || room.served_by.is_none() || self.takes_part(actor, room)
    }

    /// A page of what people wrote in a room, newest first, and how many there are in all.
    pub fn search(
        &self,
        actor: &Actor,
        all: bool,
        rid: &str,
        search: &Search,
    ) -> Result<(Vec<Message>, usize), Refused> {
        let room = self.room(rid)?.ok_or(Refused::INVALID_ROOM)?;
        if !self.may_read(actor, &room, all) {
            return Err(Refused::plain("not-allowed"));
        }
        let order = if search.oldest_first {
            Order::Ascending
        } else {
            Order::Descending
        };
        let term = search.term.to_lowercase();
        let (mut total, mut page) = (0, Vec::new());
        let prefix = key::messages_of(&room.id);
        self.walk(
            &prefix,
            &key::after(&prefix),
            order,
            |_, message: Message| {
                let found = message.kind.is_none()
                    && !message.hidden
                    && (term.is_empty() || message.msg.to_lowercase().contains(&term));
                if found {
                    if total >= search.offset && page.len() < search.count.min(PAGE_LIMIT) {
                        page.push(message);
                    }
                    total += 1;
                }
                ControlFlow::Continue(())
            },
        )?;
        Ok((page, total))
    }

    /// One message for an account that may read its room.
    pub fn message_for_account(
        &self,
        actor: &Actor,
        all: bool,
        id: &str,
    ) -> Result<Message, Refused> {
        let message = self.message(id)?.filter(|message| !message.hidden);
        let message = message.ok_or(Refused::Bare)?;
        let room = self.room(&message.rid)?.ok_or(Refused::Bare)?;
        if self.may_read(actor, &room, all) {
            Ok(message)
        } else {
            Err(Refused::Bare)
        }
    }
}
