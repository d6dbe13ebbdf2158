//! Looking visitors up (livechat contract §2.1, §4.3).

use super::{
    chats::Chats,
    document::{Room, Visitor},
    event::Event,
    key,
    refused::Refused,
};

/// Characters that are kept of a presence or of a call's state: both are a client's own words.
const LONGEST_WORD: usize = 64;

impl Chats {
    /// The visitor of a token.
    pub fn visitor_by_token(&self, token: &str) -> Result<Option<Visitor>, Refused> {
        self.visitor_at(&key::token(token), |visitor| visitor.token == token)
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
        self.visitor_at(&key::email(address), |visitor| {
            visitor.emails.iter().any(|known| known == address)
        })
    }

    /// The visitor of a phone number.
    pub fn visitor_by_phone(&self, number: &str) -> Result<Option<Visitor>, Refused> {
        self.visitor_at(&key::phone(number), |visitor| {
            visitor.phone.iter().any(|known| known == number)
        })
    }

    fn visitor_at(
        &self,
        way: &str,
        is_theirs: impl Fn(&Visitor) -> bool,
    ) -> Result<Option<Visitor>, Refused> {
        match self.text(way)? {
            Some(id) => Ok(self.visitor(&id)?.filter(is_theirs)),
            None => Ok(None),
        }
    }

    /// Keeps a visitor with the ways to find them; `was` is how they were before. An address or a
    /// number leads to whoever named it last, and only then: keeping a visitor again takes nothing
    /// from others.
    pub(super) fn keep_visitor(&mut self, visitor: &Visitor, was: Option<&Visitor>) {
        let before = was.map(ways).unwrap_or_default();
        let now = ways(visitor);
        for way in before.iter().filter(|way| !now.contains(way)) {
            self.close_way(way, &visitor.id);
        }
        for way in now.into_iter().filter(|way| !before.contains(way)) {
            self.put_text(way, &visitor.id);
        }
        self.put(key::visitor(&visitor.id), visitor);
    }

    /// Removes a visitor and the ways that lead to them.
    pub(super) fn drop_visitor(&mut self, visitor: &Visitor) {
        for way in ways(visitor) {
            self.close_way(&way, &visitor.id);
        }
        self.remove(key::visitor(&visitor.id));
    }

    /// Removes a way if it leads to this visitor, or contact. One that cannot be read stays: whoever takes it
    /// finds that it is no longer theirs.
    pub(super) fn close_way(&mut self, way: &str, id: &str) {
        if self.text(way).is_ok_and(|to| to.as_deref() == Some(id)) {
            self.remove(way.to_owned());
        }
    }

    /// Sets the presence of a visitor in their open rooms and inquiries; the visitor stays as it is
    /// (livechat contract §4.3.5).
    pub fn set_visitor_status(&mut self, token: &str, status: &str) -> Result<(), Refused> {
        let visitor = self.guest(token)?;
        for mut room in self.open_rooms_of(&visitor.id)? {
            room.v.status = status.chars().take(LONGEST_WORD).collect();
            self.keep_room(&mut room);
            if let Some(mut inquiry) = self.inquiry(&room.id)? {
                inquiry.v.status.clone_from(&room.v.status);
                self.keep_inquiry(&inquiry, "changed");
            }
            self.tell(Event::Visitor {
                rid: room.id.clone(),
                visitor: visitor.id.clone(),
            });
        }
        Ok(())
    }

    /// Sets the state of a video call in the visitor's own open room of that id; any other room is
    /// left alone without a word (livechat contract §4.3.6).
    pub fn set_call_status(
        &mut self,
        visitor: &Visitor,
        rid: &str,
        status: &str,
    ) -> Result<(), Refused> {
        let own = self.room(rid)?.filter(|room| room.v.id == visitor.id);
        if let Some(mut room) = own.filter(|room| room.open) {
            room.call_status = Some(status.chars().take(LONGEST_WORD).collect());
            self.keep_room(&mut room);
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

/// The keys by which a visitor is found.
fn ways(visitor: &Visitor) -> Vec<String> {
    let mut ways = vec![key::token(&visitor.token)];
    ways.extend(visitor.emails.iter().map(|address| key::email(address)));
    ways.extend(visitor.phone.iter().map(|number| key::phone(number)));
    ways
}
