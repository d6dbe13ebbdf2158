//! Removing: a visitor or a room, with everything that is theirs (livechat contract §4.3.3). Nothing is
//! disabled or hidden: the documents are gone.
//!
//! Files on the disk are removed by whoever keeps them, when [`Event::Gone`] is told.

use std::ops::ControlFlow;

use super::{
    chats::Chats,
    document::{Message, Visitor},
    event::Event,
    key,
    refused::Refused,
};
use crate::ports::Order;

impl Chats {
    /// Removes the visitor of a token (`None`: there is none) with their rooms. Open rooms are in the
    /// way, unless headers are collected: that is the target's own rule.
    pub fn remove_visitor(&mut self, token: &str) -> Result<Option<Visitor>, Refused> {
        let Some(visitor) = self.visitor_by_token(token)? else {
            return Ok(None);
        };
        let is_talking = !self.open_rooms_of(&visitor.id)?.is_empty();
        if is_talking && !self.config.behaviour.collect_headers {
            return Err(Refused::meteor(
                "visitor-has-open-rooms",
                "Cannot remove visitors with opened rooms",
            ));
        }
        let mut unlimited = usize::MAX;
        for rid in self.room_ids_of(&visitor.id)? {
            self.forget_room(&visitor.id, &rid, &mut unlimited)?;
        }
        self.forget_visitor(&visitor)?;
        Ok(Some(visitor))
    }

    /// Ids of every room of a visitor, also of one that is half removed.
    pub(super) fn room_ids_of(&self, visitor: &str) -> Result<Vec<String>, Refused> {
        let prefix = key::rooms_of(visitor);
        let keys = self.keys(&prefix, &key::after(&prefix), usize::MAX)?;
        Ok(keys.iter().map(|key| key::last(key).to_owned()).collect())
    }

    /// Removes a visitor who has no rooms, the pages that wait for one, their transcripts in the outbox
    /// and their contact.
    pub(super) fn forget_visitor(&mut self, visitor: &Visitor) -> Result<(), Refused> {
        let pages = key::pages_of(&visitor.token);
        for key in self.keys(&pages, &key::after(&pages), usize::MAX)? {
            self.remove(key);
        }
        let mails = key::mails_of(&visitor.id);
        for key in self.keys(&mails, &key::after(&mails), usize::MAX)? {
            self.remove_mail(key::last(&key))?;
        }
        self.leave_contact(visitor)?;
        self.drop_visitor(visitor);
        Ok(())
    }

    /// Removes a room: the documents of its messages, as many as `budget` allows, then the room
    /// itself. `false` where it did not suffice: the rest is left for another time.
    pub(super) fn forget_room(
        &mut self,
        visitor: &str,
        rid: &str,
        budget: &mut usize,
    ) -> Result<bool, Refused> {
        let prefix = key::messages_of(rid);
        let (mut keys, mut more) = (Vec::new(), false);
        let limit = *budget;
        self.walk(
            &prefix,
            &key::after(&prefix),
            Order::Ascending,
            |key, message: Message| {
                if keys.len() >= limit {
                    more = true;
                    return ControlFlow::Break(());
                }
                keys.push(key.to_owned());
                keys.push(key::message_id(&message.id));
                keys.extend(message.files.iter().map(|file| key::file(&file.id)));
                ControlFlow::Continue(())
            },
        )?;
        *budget = budget.saturating_sub(keys.len().max(1));
        for key in keys {
            self.remove(key);
        }
        if more {
            return Ok(false);
        }
        if let Some(inquiry) = self.inquiry(rid)? {
            self.remove(key::inquiry(rid));
            self.tell(Event::Inquiry {
                change: "removed",
                inquiry: Box::new(inquiry),
            });
        }
        if let Some(room) = self.room(rid)?.filter(|room| room.open) {
            self.note_open(&room.v.token, false);
            self.note_release(rid);
        }
        self.remove(key::open(visitor, rid));
        self.remove(key::room_of(visitor, rid));
        self.remove(key::room(rid));
        self.tell(Event::Gone {
            rid: rid.to_owned(),
        });
        Ok(true)
    }
}
