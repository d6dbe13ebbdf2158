//! Messages that are looked for, changed and removed by the visitor who wrote them (livechat
//! contract §4.6.2 to §4.6.4).
//!
//! System messages are written in the visitor's name too, but they say what happened: nobody edits
//! or removes them.

use std::ops::ControlFlow;

use super::{
    chats::Chats,
    document::{Editor, Message, Room, Visitor},
    event::Event,
    key,
    refused::Refused,
};
use crate::{config::livechat::Version, ports::Order};

impl Chats {
    /// A message for a visitor (livechat contract §4.6.2): from 7.x on it must be in that room, in
    /// 6.x any of their own.
    pub fn message_for(&self, token: &str, rid: &str, id: &str) -> Result<Message, Refused> {
        let visitor = self.guest(token)?;
        let room = self.find_room(&visitor, rid)?;
        let message = self.message(id)?.ok_or(Refused::INVALID_MESSAGE)?;
        // The old server gave anybody's message to whoever had a room; that much is not rehearsed.
        let lenient = self.config.version == Version::V6;
        let reachable =
            message.rid == room.id || (lenient && self.find_room(&visitor, &message.rid).is_ok());
        if message.hidden || !reachable {
            return Err(Refused::INVALID_MESSAGE);
        }
        Ok(message)
    }

    /// A visitor changes a message of theirs.
    pub fn edit_message(
        &mut self,
        token: &str,
        rid: &str,
        id: &str,
        msg: String,
    ) -> Result<Message, Refused> {
        let allowed = self.config.behaviour.allow_editing;
        let (visitor, mut room, mut message) = self.own_message(token, rid, id)?;
        if !allowed || !is_by(&message, &visitor) {
            return Err(self.not_allowed("Message editing not allowed"));
        }
        if msg.encode_utf16().count() > self.longest_message() {
            return Err(Refused::TOO_LONG);
        }
        let now = self.now();
        message.msg = msg;
        message.updated_at = now.max(message.ts);
        message.edited_at = Some(now);
        message.edited_by = Some(Editor {
            id: visitor.id,
            username: visitor.username,
        });
        if !message.fits() {
            return Err(Refused::TOO_LONG);
        }
        self.keep_message(&message);
        if room.last_message == Some(message.number) {
            self.keep_room(&mut room);
        }
        Ok(message)
    }

    /// A visitor removes a message of theirs, with its files. The room's `lastMessage` is then the
    /// one before.
    pub fn delete_message(&mut self, token: &str, rid: &str, id: &str) -> Result<(), Refused> {
        let allowed = self.config.behaviour.allow_deleting;
        let (visitor, mut room, message) = self.own_message(token, rid, id)?;
        if !allowed || !is_by(&message, &visitor) {
            return Err(self.not_allowed("Message deleting not allowed"));
        }
        self.remove_message(&mut room, &message)
    }

    /// Removes a message with its files from a room, and keeps the room.
    pub(super) fn remove_message(
        &mut self,
        room: &mut Room,
        message: &Message,
    ) -> Result<(), Refused> {
        for file in &message.files {
            self.remove(key::file(&file.id));
        }
        self.remove(key::message(&message.rid, message.number));
        self.remove(key::message_id(&message.id));
        room.msgs = room.msgs.saturating_sub(1);
        if room.last_message == Some(message.number) {
            room.last_message = self.last_before(&room.id, message.number)?;
        }
        self.keep_room(room);
        self.tell(Event::Deleted {
            rid: message.rid.clone(),
            message: message.id.clone(),
        });
        Ok(())
    }

    /// The newest message of a person's that is older than a place.
    fn last_before(&self, rid: &str, number: u32) -> Result<Option<u32>, Refused> {
        let (from, to) = (key::messages_of(rid), key::message(rid, number));
        let mut found = None;
        self.walk(&from, &to, Order::Descending, |_, message: Message| {
            if message.kind.is_some() || message.hidden {
                return ControlFlow::Continue(());
            }
            found = Some(message.number);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// The visitor, their room and the message in it.
    fn own_message(
        &self,
        token: &str,
        rid: &str,
        id: &str,
    ) -> Result<(Visitor, Room, Message), Refused> {
        let visitor = self.guest(token)?;
        let room = self.find_room(&visitor, rid)?;
        let message = self
            .message(id)?
            .filter(|message| message.rid == room.id && !message.hidden)
            .ok_or(Refused::INVALID_MESSAGE)?;
        Ok((visitor, room, message))
    }

    /// `error-action-not-allowed`, which 6.x says with a reason (livechat contract §4.6.3).
    fn not_allowed(&self, reason: &'static str) -> Refused {
        const CODE: &str = "error-action-not-allowed";
        match self.config.version {
            Version::V6 => Refused::meteor(CODE, reason),
            Version::V7 | Version::V8 => Refused::plain(CODE),
        }
    }
}

fn is_by(message: &Message, visitor: &Visitor) -> bool {
    // Agents' messages have no token: an id alone is a word of the client's.
    message.kind.is_none() && message.token.is_some() && message.u.id == visitor.id
}
