//! What agents write about a room and its visitor (livechat contract §4.5, `room.saveInfo`), and
//! rooms that get another visitor (6.x, `room.visitor`).

use std::{collections::BTreeMap, ops::ControlFlow};

use super::{
    actor::{Actor, serves},
    chats::Chats,
    custom_field::fills,
    document::{Message, Room, RoomVisitor, Visitor},
    event::Event,
    key,
    refused::Refused,
    register::is_address,
};
use crate::{
    config::livechat::{CustomField, Scope},
    ports::Order,
};

/// Most UTF-16 code units of one text about a room or a visitor, and most tags: a room must stay a
/// small document.
const LONGEST: usize = 1_024;
const MOST_TAGS: usize = 20;

/// What is written. Absent is left as it is; blank texts remove.
#[derive(Clone, Debug, Default)]
pub struct RoomInfo {
    /// Id of the room.
    pub rid: String,
    /// Id of its visitor.
    pub visitor: String,
    /// The visitor's name.
    pub name: Option<String>,
    /// The visitor's address.
    pub email: Option<String>,
    /// The visitor's number.
    pub phone: Option<String>,
    /// The visitor's custom fields.
    pub visitor_data: BTreeMap<String, String>,
    /// What the chat is about.
    pub topic: Option<String>,
    /// Replace those that are there.
    pub tags: Option<Vec<String>>,
    /// The room's custom fields.
    pub room_data: BTreeMap<String, String>,
    /// Whether the account may write about rooms that others serve.
    pub may_save_others: bool,
}

impl RoomInfo {
    fn is_too_long(&self) -> bool {
        let texts = [&self.name, &self.email, &self.phone, &self.topic];
        let tags = self.tags.iter().flatten();
        let data = self.visitor_data.values().chain(self.room_data.values());
        let mut texts = texts.into_iter().flatten().chain(tags.clone()).chain(data);
        tags.count() > MOST_TAGS || texts.any(|text| text.encode_utf16().count() > LONGEST)
    }
}

impl Chats {
    /// Keeps what an account writes about a room and its visitor: both or neither. Upstream takes any
    /// visitor's id; here it must be the room's own, so that no room is a way to somebody else.
    pub fn save_info(&mut self, actor: &Actor, info: RoomInfo) -> Result<(), Refused> {
        let mut room = self
            .room(&info.rid)?
            .ok_or(Refused::plain("error-invalid-room"))?;
        let agent = self.acting(actor, &room);
        if !info.may_save_others && !serves(&room, &agent) {
            return Err(Refused::Forbidden("unauthorized".into()));
        }
        if info.is_too_long() {
            return Err(Refused::plain("error-text-too-long"));
        }
        let visitor = self
            .visitor(&info.visitor)?
            .filter(|visitor| visitor.id == room.v.id)
            .ok_or(Refused::plain("error-invalid-visitor"))?;
        let visitor = self.save_guest(&visitor, &info)?;
        for (field, value) in self.fields_of(Scope::Room, &info.room_data)? {
            set(&mut room.livechat_data, field, value);
        }
        if let Some(topic) = info.topic {
            room.topic = Some(topic).filter(|topic| !topic.trim().is_empty());
        }
        if let Some(tags) = info.tags {
            room.tags = tags;
        }
        visitor.shown_name().clone_into(&mut room.fname);
        if fills(&room) || fills(&visitor) {
            return Err(Refused::plain("error-text-too-long"));
        }
        if let Some(mut inquiry) = self.inquiry(&room.id)? {
            visitor.shown_name().clone_into(&mut inquiry.name);
            self.keep_inquiry(&inquiry, "changed");
        }
        self.tell(Event::Visitor {
            rid: room.id.clone(),
            visitor: visitor.id,
        });
        self.keep_room(&mut room);
        Ok(())
    }

    fn save_guest(&mut self, was: &Visitor, info: &RoomInfo) -> Result<Visitor, Refused> {
        let mut visitor = was.clone();
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        if let Some(name) = &info.name {
            visitor.name = filled(name);
        }
        if let Some(email) = &info.email {
            let address = filled(&email.to_lowercase());
            if let Some(address) = &address
                && !is_address(address)
            {
                return Err(Refused::Meteor {
                    code: "error-invalid-email".into(),
                    reason: Some(format!("Invalid email {address}").into()),
                });
            }
            visitor.emails = address.into_iter().collect();
        }
        if let Some(phone) = &info.phone {
            visitor.phone = filled(phone).into_iter().collect();
        }
        for (field, value) in self.fields_of(Scope::Visitor, &info.visitor_data)? {
            set(&mut visitor.livechat_data, field, value);
        }
        visitor.updated_at = self.now();
        self.keep_visitor(&visitor, Some(was));
        Ok(visitor)
    }

    /// Known custom fields of a scope with their values, trimmed; others are ignored.
    fn fields_of(
        &self,
        scope: Scope,
        sent: &BTreeMap<String, String>,
    ) -> Result<Vec<(String, String)>, Refused> {
        let mut fields = Vec::new();
        for field in &self.config.custom_fields {
            let Some(value) = sent.get(&field.id).filter(|_| field.scope == scope) else {
                continue;
            };
            let value = value.trim();
            if !value.is_empty() && !fits(field, value) {
                let text = format!("Invalid value for {} field", field.label);
                return Err(Refused::Plain(text.into()));
            }
            fields.push((field.id.clone(), value.to_owned()));
        }
        Ok(fields)
    }

    /// Gives a room to another visitor (6.x); gives the room.
    pub fn change_visitor(&mut self, rid: &str, from: &str, to: &str) -> Result<Room, Refused> {
        let visitor = self
            .visitor(to)?
            .filter(|visitor| visitor.id == to)
            .ok_or(Refused::plain("invalid-visitor"))?;
        let mut room = self.room(rid)?.ok_or(Refused::INVALID_ROOM)?;
        if room.v.id != from {
            return Err(Refused::plain("invalid-room-visitor"));
        }
        self.remove(key::room_of(from, &room.id));
        self.put_text(key::room_of(to, &room.id), "");
        if room.open {
            self.remove(key::open(from, &room.id));
            self.put_text(key::open(to, &room.id), "");
            self.note_open(&room.v.token, false);
            self.note_open(&visitor.token, true);
        }
        self.hide_token(&room, &visitor.token)?;
        room.v = RoomVisitor {
            id: visitor.id.clone(),
            username: visitor.username.clone(),
            token: visitor.token.clone(),
            status: visitor.status.clone(),
            last_message_ts: room.v.last_message_ts,
            activity: visitor.activity.clone(),
        };
        visitor.shown_name().clone_into(&mut room.fname);
        room.contact_id.clone_from(&visitor.contact_id);
        if let Some(mut inquiry) = self.inquiry(&room.id)? {
            inquiry.v = room.v.clone();
            inquiry.name.clone_from(&room.fname);
            self.keep_inquiry(&inquiry, "changed");
        }
        self.tell(Event::Visitor {
            rid: room.id.clone(),
            visitor: visitor.id,
        });
        self.keep_room(&mut room);
        Ok(room)
    }

    /// A room's new visitor reads its messages, and a token is the whole credential of the old one: it is
    /// replaced by their own wherever it stands.
    fn hide_token(&mut self, room: &Room, by: &str) -> Result<(), Refused> {
        let prefix = key::messages_of(&room.id);
        let mut messages = Vec::new();
        self.walk(
            &prefix,
            &key::after(&prefix),
            Order::Ascending,
            |_, message: Message| {
                messages.push(message);
                ControlFlow::Continue(())
            },
        )?;
        for mut message in messages {
            message.token = message.token.map(|_| by.to_owned());
            if let Some(token) = message
                .extra
                .get_mut("navigation")
                .and_then(|navigation| navigation.get_mut("token"))
            {
                *token = by.into();
            }
            self.put(key::message(&room.id, message.number), &message);
        }
        Ok(())
    }
}

fn set(data: &mut BTreeMap<String, String>, field: String, value: String) {
    if value.is_empty() {
        data.remove(&field);
    } else {
        data.insert(field, value);
    }
}

/// Whether a value matches what its definition asks for.
fn fits(field: &CustomField, value: &str) -> bool {
    // A pattern that cannot be read was refused at start.
    field.regexp.is_empty()
        || regex_automata::meta::Regex::new(&field.regexp)
            .is_ok_and(|pattern| pattern.is_match(value))
}
