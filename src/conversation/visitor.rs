//! Looking visitors up (livechat contract §2.1, §4.3).

use super::{
    chats::Chats,
    document::{Room, Visitor},
    event::Event,
    key,
    refused::Refused,
};

impl Chats {
    /// The visitor of a token.
    pub fn visitor_by_token(&self, token: &str) -> Result<Option<Visitor>, Refused> {
        match self.text(&key::token(token))? {
            Some(id) => self.visitor(&id),
            None => Ok(None),
        }
    }

    /// The same, or `invalid-token`.
    pub fn guest(&self, token: &str) -> Result<Visitor, Refused> {
        self.visitor_by_token(token)?.ok_or(Refused::INVALID_TOKEN)
    }

    /// The visitor of an id.
    pub fn visitor(&self, id: &str) -> Result<Option<Visitor>, Refused> {
        self.get(&key::visitor(id))
    }

    /// The visitor of an e-mail address, in lower case.
    pub fn visitor_by_email(&self, address: &str) -> Result<Option<Visitor>, Refused> {
        match self.text(&key::email(address))? {
            Some(id) => self.visitor(&id),
            None => Ok(None),
        }
    }

    /// The visitor of a phone number.
    pub fn visitor_by_phone(&self, number: &str) -> Result<Option<Visitor>, Refused> {
        match self.text(&key::phone(number))? {
            Some(id) => self.visitor(&id),
            None => Ok(None),
        }
    }

    /// Keeps a visitor with all the ways to find them; `was` is how they were before.
    pub(super) fn keep_visitor(&mut self, visitor: &Visitor, was: Option<&Visitor>) {
        let ways = |visitor: &Visitor| {
            let mut ways = vec![key::token(&visitor.token)];
            ways.extend(visitor.emails.iter().map(|address| key::email(address)));
            ways.extend(visitor.phone.iter().map(|number| key::phone(number)));
            ways
        };
        for way in was.map(ways).unwrap_or_default() {
            self.remove(way);
        }
        for way in ways(visitor) {
            self.put_text(way, &visitor.id);
        }
        self.put(key::visitor(&visitor.id), visitor);
    }

    /// Sets the presence of a visitor in their open rooms and inquiries; the visitor stays as it is
    /// (livechat contract §4.3.5).
    pub fn set_visitor_status(&mut self, token: &str, status: &str) -> Result<(), Refused> {
        let visitor = self.guest(token)?;
        for mut room in self.open_rooms_of(&visitor.id)? {
            room.v.status = status.to_owned();
            self.keep_room(&mut room);
            if let Some(mut inquiry) = self.inquiry(&room.id)? {
                inquiry.v.status = status.to_owned();
                self.keep_inquiry(&inquiry, "changed");
            }
            self.tell(Event::Visitor {
                rid: room.id.clone(),
                visitor: visitor.id.clone(),
            });
        }
        Ok(())
    }

    /// Every room of a visitor, oldest first by no promise.
    pub fn rooms_of(&self, visitor: &str) -> Result<Vec<Room>, Refused> {
        let prefix = key::rooms_of(visitor);
        let keys = self.keys(&prefix, &key::after(&prefix), usize::MAX)?;
        let mut rooms = Vec::with_capacity(keys.len());
        for key in keys {
            rooms.extend(self.get::<Room>(&key::room(key::last(&key)))?);
        }
        Ok(rooms)
    }
}
