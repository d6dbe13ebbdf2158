//! Contacts (livechat contract §4.8): entered by agents, or made of a visitor at their first room.

use std::{collections::BTreeMap, ops::ControlFlow};

use serde_json::{Map, Value};

use super::{
    chats::Chats,
    document::{Conflict, Contact, Room, Visitor},
    id::random_id,
    key,
    refused::Refused,
    routing::{agent_of, find_agent},
};
use crate::{
    config::livechat::{Scope, Version},
    ports::Order,
};

/// No such contact, or it was removed.
const UNKNOWN: Refused = Refused::plain("error-contact-not-found");

/// What an agent says of a contact; `None` leaves what is there.
#[derive(Clone, Debug, Default)]
pub struct ContactEntry {
    /// Shown name.
    pub name: Option<String>,
    /// All addresses.
    pub emails: Option<Vec<String>>,
    /// All phone numbers.
    pub phones: Option<Vec<String>>,
    /// Custom fields; only those that are named change.
    pub custom_fields: Option<Map<String, Value>>,
    /// Id of the agent who looks after them.
    pub manager: Option<String>,
    /// Whether conflicts are settled by this.
    pub wipe_conflicts: bool,
}

/// What a contact search looks for; texts in lower case.
#[derive(Clone, Debug, Default)]
pub struct ContactSearch {
    /// Part of the name, of an address or of a number.
    pub text: Option<String>,
    /// Whether they are unknown.
    pub unknown: Option<bool>,
}

/// What one contact is found by.
#[derive(Clone, Debug)]
pub enum ContactKey {
    /// Its id.
    Id(String),
    /// One of its addresses.
    Email(String),
    /// One of its numbers.
    Phone(String),
}

impl Chats {
    /// The contact of an id, unless it was removed.
    pub fn contact(&self, id: &str) -> Result<Option<Contact>, Refused> {
        let contact = self.get::<Contact>(&key::contact(id))?;
        Ok(contact.filter(|contact| contact.id == id && !contact.disabled))
    }

    /// An agent enters a contact; gives its id.
    pub fn create_contact(&mut self, entry: ContactEntry) -> Result<String, Refused> {
        let manager = self.manager(entry.manager.as_deref())?;
        let fields = entry.custom_fields.unwrap_or_default();
        let contact = Contact {
            id: random_id(),
            name: entry.name.unwrap_or_default(),
            emails: addresses(entry.emails.unwrap_or_default()),
            phones: entry.phones.unwrap_or_default(),
            manager,
            custom_fields: self.allowed_fields(&fields, false)?,
            created_at: self.now(),
            updated_at: self.now(),
            ..Contact::default()
        };
        self.keep_contact(&contact, None);
        Ok(contact.id)
    }

    /// An agent changes a contact; their open rooms get the new name.
    pub fn update_contact(&mut self, id: &str, entry: ContactEntry) -> Result<Contact, Refused> {
        let was = self.contact(id)?.ok_or(UNKNOWN)?;
        let mut contact = was.clone();
        if let Some(manager) = self.manager(entry.manager.as_deref())? {
            contact.manager = Some(manager);
        }
        if let Some(fields) = &entry.custom_fields {
            contact
                .custom_fields
                .extend(self.allowed_fields(fields, false)?);
        }
        if let Some(name) = entry.name {
            contact.name = name;
            self.rename_rooms_of(&contact)?;
        }
        if let Some(emails) = entry.emails {
            contact.emails = addresses(emails);
        }
        if let Some(phones) = entry.phones {
            contact.phones = phones;
        }
        if entry.wipe_conflicts {
            contact.conflicts.clear();
        }
        contact.unknown = false;
        contact.updated_at = self.now();
        self.keep_contact(&contact, Some(&was));
        Ok(contact)
    }

    /// An agent decides conflicts: those of the fields that are given, or with `wipe_conflicts` all.
    pub fn resolve_conflicts(&mut self, id: &str, entry: ContactEntry) -> Result<Contact, Refused> {
        let contact = self.contact(id)?.ok_or(UNKNOWN)?;
        if contact.conflicts.is_empty() {
            return Err(Refused::plain("error-contact-has-no-conflicts"));
        }
        let mut decided = Vec::new();
        decided.extend(entry.name.as_ref().map(|_| "name".to_owned()));
        decided.extend(entry.manager.as_ref().map(|_| "manager".to_owned()));
        let fields = entry.custom_fields.iter().flat_map(Map::keys);
        decided.extend(fields.map(|field| format!("customFields.{field}")));
        let mut contact = self.update_contact(id, entry)?;
        let before = contact.clone();
        contact
            .conflicts
            .retain(|conflict| !decided.contains(&conflict.field));
        self.keep_contact(&contact, Some(&before));
        Ok(contact)
    }

    /// Removes a contact: nothing but its id stays.
    pub fn disable_contact(&mut self, id: &str) -> Result<(), Refused> {
        let was = self.contact(id)?.ok_or(UNKNOWN)?;
        for visitor in &was.visitors {
            if !self.open_rooms_of(visitor)?.is_empty() {
                return Err(Refused::plain("error-contact-has-open-rooms"));
            }
        }
        for id in &was.visitors {
            if let Some(visitor) = self.visitor(id)? {
                let unlinked = Visitor {
                    contact_id: None,
                    ..visitor.clone()
                };
                self.keep_visitor(&unlinked, Some(&visitor));
            }
        }
        let gone = Contact {
            id: was.id.clone(),
            created_at: was.created_at,
            updated_at: self.now(),
            disabled: true,
            ..Contact::default()
        };
        self.keep_contact(&gone, Some(&was));
        Ok(())
    }

    /// A visitor goes, and with them what is known of them: a contact with no other visitor is
    /// removed, name, addresses, numbers and all (livechat contract §4.3.3).
    pub(super) fn leave_contact(&mut self, visitor: &Visitor) -> Result<(), Refused> {
        let Some(id) = &visitor.contact_id else {
            return Ok(());
        };
        let Some(was) = self.contact(id)? else {
            return Ok(());
        };
        let mut contact = was.clone();
        contact.visitors.retain(|other| *other != visitor.id);
        if contact.visitors.is_empty() {
            let nothing_known = Contact {
                id: was.id.clone(),
                ..Contact::default()
            };
            self.keep_contact(&nothing_known, Some(&was));
            self.remove(key::contact(&was.id));
        } else {
            self.keep_contact(&contact, Some(&was));
        }
        Ok(())
    }

    /// Contacts that fit, by name.
    pub fn search_contacts(&self, wanted: &ContactSearch) -> Result<Vec<Contact>, Refused> {
        let mut found = Vec::new();
        self.every_contact(|contact| {
            let fits = |text: &String| {
                let holds = |part: &String| part.to_lowercase().contains(text.as_str());
                holds(&contact.name)
                    || contact.emails.iter().any(holds)
                    || contact.phones.iter().any(holds)
            };
            if wanted.text.as_ref().is_none_or(fits)
                && wanted
                    .unknown
                    .is_none_or(|unknown| unknown == contact.unknown)
            {
                found.push(contact);
            }
            ControlFlow::Continue(())
        })?;
        found.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(found)
    }

    /// Whether there is a contact of that key.
    pub fn contact_exists(&self, wanted: &ContactKey) -> Result<bool, Refused> {
        let mut found = false;
        match wanted {
            ContactKey::Id(id) => return Ok(self.contact(id)?.is_some()),
            ContactKey::Email(_) | ContactKey::Phone(_) => self.every_contact(|contact| {
                found = match wanted {
                    ContactKey::Id(id) => contact.id == *id,
                    ContactKey::Email(address) => contact.emails.contains(&address.to_lowercase()),
                    ContactKey::Phone(number) => contact.phones.contains(number),
                };
                if found {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })?,
        }
        Ok(found)
    }

    /// Every room of a contact, newest first; `None` where there is no such contact.
    pub fn contact_rooms(&self, id: &str) -> Result<Option<Vec<Room>>, Refused> {
        let Some(contact) = self.contact(id)? else {
            return Ok(None);
        };
        let mut rooms = Vec::new();
        for visitor in &contact.visitors {
            rooms.extend(self.rooms_of(visitor)?);
        }
        rooms.sort_by(|a, b| (b.ts, &b.id).cmp(&(a.ts, &a.id)));
        Ok(Some(rooms))
    }

    /// The visitor with their contact, from 7.x on: the one they have, one that an agent entered with
    /// their address or number, or a new one.
    pub(super) fn with_contact(&mut self, visitor: Visitor) -> Result<Visitor, Refused> {
        let linked = match &visitor.contact_id {
            Some(id) => self.contact(id)?.is_some(),
            None => false,
        };
        if linked || self.config.version < Version::V7 {
            return Ok(visitor);
        }
        let mut ways: Vec<_> = visitor
            .emails
            .iter()
            .map(|e| key::contact_email(e))
            .collect();
        ways.extend(visitor.phone.iter().map(|p| key::contact_phone(p)));
        let mut entered = None;
        for way in ways {
            if let Some(id) = self.text(&way)?
                && let Some(contact) = self.contact(&id)?
                && contact.visitors.is_empty()
            {
                entered = Some(contact);
                break;
            }
        }
        let now = self.now();
        let mut contact = entered.clone().unwrap_or_else(|| Contact {
            id: random_id(),
            name: visitor.shown_name().to_owned(),
            emails: visitor.emails.clone(),
            phones: visitor.phone.clone(),
            custom_fields: visitor.livechat_data.clone(),
            unknown: visitor.activity.is_empty(),
            created_at: now,
            ..Contact::default()
        });
        if let Some(name) = visitor.name.as_ref().filter(|name| **name != contact.name) {
            contact.conflicts.push(Conflict {
                field: "name".to_owned(),
                value: name.clone(),
            });
        }
        contact.visitors.push(visitor.id.clone());
        contact.updated_at = now;
        self.keep_contact(&contact, entered.as_ref());
        let linked = Visitor {
            contact_id: Some(contact.id),
            ..visitor.clone()
        };
        self.keep_visitor(&linked, Some(&visitor));
        Ok(linked)
    }

    /// Custom fields of scope `visitor` that agents may set: known ones, trimmed, as their patterns
    /// say, and every required one. `ignores`: unknown ones do not matter.
    pub(super) fn allowed_fields(
        &self,
        sent: &Map<String, Value>,
        ignores: bool,
    ) -> Result<BTreeMap<String, String>, Refused> {
        let known = || {
            let fields = self.config.custom_fields.iter();
            fields.filter(|field| field.scope == Scope::Visitor)
        };
        let mut allowed = BTreeMap::new();
        for field in known() {
            let value = sent.get(&field.id).and_then(Value::as_str).map(str::trim);
            let value = value.filter(|value| !value.is_empty());
            let fits = match value {
                None => !field.required,
                // Looked at when the configuration was read.
                Some(value) => regex_automata::meta::Regex::new(&field.regexp)
                    .is_ok_and(|pattern| pattern.is_match(value)),
            };
            if !fits {
                let text = format!("Invalid value for {} field", field.label);
                return Err(Refused::Plain(text.into()));
            }
            if let Some(value) = value {
                allowed.insert(field.id.clone(), value.to_owned());
            }
        }
        let unknown = sent.keys().find(|key| !known().any(|f| f.id == **key));
        match unknown.filter(|_| !ignores) {
            Some(key) => Err(Refused::Plain(
                format!("Custom field {key} is not allowed").into(),
            )),
            None => Ok(allowed),
        }
    }

    /// The id of the agent who is to look after a contact.
    fn manager(&self, wanted: Option<&str>) -> Result<Option<String>, Refused> {
        let Some(wanted) = wanted.filter(|id| !id.is_empty()) else {
            return Ok(None);
        };
        let snapshot = self.ledger.snapshot();
        match find_agent(&snapshot, wanted) {
            Some(row) => Ok(Some(agent_of(row).id)),
            None => Err(Refused::plain("error-contact-manager-not-found")),
        }
    }

    fn rename_rooms_of(&mut self, contact: &Contact) -> Result<(), Refused> {
        for visitor in &contact.visitors {
            for mut room in self.open_rooms_of(visitor)? {
                room.fname.clone_from(&contact.name);
                self.keep_room(&mut room);
                if let Some(mut inquiry) = self.inquiry(&room.id)? {
                    inquiry.name.clone_from(&contact.name);
                    self.keep_inquiry(&inquiry, "changed");
                }
            }
        }
        Ok(())
    }

    /// Keeps a contact with the ways to find it; `was` is how it was before.
    fn keep_contact(&mut self, contact: &Contact, was: Option<&Contact>) {
        let keys = |contact: &Contact| {
            let emails = contact.emails.iter().map(|e| key::contact_email(e));
            let phones = contact.phones.iter().map(|p| key::contact_phone(p));
            emails.chain(phones).collect::<Vec<_>>()
        };
        for way in was.map(keys).unwrap_or_default() {
            self.close_way(&way, &contact.id);
        }
        for way in keys(contact) {
            self.put_text(way, &contact.id);
        }
        self.put(key::contact(&contact.id), contact);
    }

    fn every_contact(
        &self,
        mut look: impl FnMut(Contact) -> ControlFlow<()>,
    ) -> Result<(), Refused> {
        let end = key::after(key::CONTACT);
        self.walk(
            key::CONTACT,
            &end,
            Order::Ascending,
            |_, contact: Contact| {
                if contact.disabled {
                    ControlFlow::Continue(())
                } else {
                    look(contact)
                }
            },
        )
    }
}

fn addresses(sent: Vec<String>) -> Vec<String> {
    let trimmed = sent.into_iter().map(|text| text.trim().to_lowercase());
    trimmed.collect()
}
