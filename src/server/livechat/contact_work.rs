//! The contacts of 7.x and later (livechat contract §4.8).

use std::{cmp::Ordering, sync::Arc};

use serde_json::{Map, Value, json};

use super::{
    super::shape::{self, Dates},
    Livechat,
    call::Call,
    failure::{Failure, Outcome},
    paging::Page,
};
use crate::{
    config::livechat::Version,
    conversation::{
        Chats, ContactEntry, ContactKey, ContactSearch, Refused,
        document::{Contact, Room},
        find_agent,
    },
};

pub(super) async fn create(livechat: Arc<Livechat>, call: Call) -> Outcome {
    livechat.knows_contacts()?;
    let entry = entry(&call);
    let id = livechat
        .conversations
        .ask(move |chats| chats.create_contact(entry))
        .await?;
    Ok(one("contactId", id))
}

pub(super) async fn update(livechat: Arc<Livechat>, call: Call) -> Outcome {
    livechat.knows_contacts()?;
    let (id, entry) = (call.required_text("contactId"), entry(&call));
    let found = livechat
        .conversations
        .ask(move |chats| {
            let contact = chats.update_contact(&id, entry)?;
            with_rooms(chats, contact)
        })
        .await?;
    Ok(one("contact", shown(&found)))
}

pub(super) async fn conflicts(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (id, entry) = (call.required_text("contactId"), entry(&call));
    let found = livechat
        .conversations
        .ask(move |chats| {
            let contact = chats.resolve_conflicts(&id, entry)?;
            with_rooms(chats, contact)
        })
        .await?;
    Ok(one("result", shown(&found)))
}

pub(super) async fn get(livechat: Arc<Livechat>, call: Call) -> Outcome {
    livechat.knows_contacts()?;
    let id = call.query_text("contactId").unwrap_or_default();
    if id.trim().is_empty() {
        return Err(Failure::Params(EMPTY.to_owned()));
    }
    let found = livechat
        .conversations
        .ask(move |chats| {
            let contact = chats
                .contact(&id)?
                .ok_or(Refused::NotFound("Resource not found".into()))?;
            with_rooms(chats, contact)
        })
        .await?;
    Ok(one("contact", shown(&found)))
}

pub(super) async fn search(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let page = Page::of(&call)?;
    let text = call.query_text("searchText");
    let wanted = ContactSearch {
        text: text
            .filter(|text| !text.is_empty())
            .map(|t| t.to_lowercase()),
        unknown: call.query.get("unknown").and_then(Value::as_bool),
    };
    let found = livechat
        .conversations
        .ask(move |chats| {
            let contacts = chats.search_contacts(&wanted)?.into_iter();
            contacts
                .map(|contact| with_rooms(chats, contact))
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let mut found = found;
    page.order(&mut found, |key, (a, in_a), (b, in_b)| {
        let last = |rooms: &[Room]| rooms.first().map(|room| room.ts);
        match key {
            "name" => a.name.cmp(&b.name),
            "createdAt" => a.created_at.cmp(&b.created_at),
            "_updatedAt" => a.updated_at.cmp(&b.updated_at),
            "lastChat.ts" => last(in_a).cmp(&last(in_b)),
            _ => Ordering::Equal,
        }
    });
    Ok(page.answer("contacts", &found, |(contact, rooms)| {
        let manager = contact.manager.as_deref();
        let manager = manager.and_then(|id| livechat.manager(id));
        Value::Object(shape::contact(contact, rooms, manager, Dates::Iso))
    }))
}

pub(super) async fn check_existence(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let wanted = exactly_one(&call).map_err(Failure::Params)?;
    let exists = livechat
        .conversations
        .ask(move |chats| chats.contact_exists(&wanted))
        .await?;
    Ok(one("exists", exists))
}

pub(super) async fn history(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let page = Page::of(&call)?;
    let id = call.query_text("contactId").unwrap_or_default();
    let source = call.query_text("source").filter(|kind| !kind.is_empty());
    let rooms = livechat
        .conversations
        .ask(move |chats| chats.contact_rooms(&id))
        .await?;
    let mut rooms = rooms.ok_or(Failure::plain("error-contact-not-found"))?;
    rooms.retain(|room| {
        let fits = source.as_ref().is_none_or(|kind| room.source.kind == *kind);
        !room.open && fits
    });
    rooms.sort_by_key(|room| std::cmp::Reverse(room.closed_at));
    page.order(&mut rooms, |key, a, b| match key {
        "ts" => a.ts.cmp(&b.ts),
        "closedAt" => a.closed_at.cmp(&b.closed_at),
        "fname" => a.fname.cmp(&b.fname),
        _ => Ordering::Equal,
    });
    Ok(page.answer("history", &rooms, |room| {
        Value::Object(shape::past_chat(room, Dates::Iso))
    }))
}

pub(super) async fn channels(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let id = call.query_text("contactId").unwrap_or_default();
    let rooms = livechat
        .conversations
        .ask(move |chats| chats.contact_rooms(&id))
        .await?;
    let channels = rooms.map(|rooms| shape::channels(&rooms, Dates::Iso));
    Ok(one("channels", channels))
}

pub(super) async fn delete(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let id = call.required_text("contactId");
    livechat
        .conversations
        .ask(move |chats| chats.disable_contact(&id))
        .await?;
    Ok(Map::new())
}

/// What a body says of a contact; its schema has been looked at.
fn entry(call: &Call) -> ContactEntry {
    let texts = |key: &str| {
        let list = call.body.get(key)?.as_array()?;
        let texts = list.iter().filter_map(Value::as_str);
        Some(texts.map(str::to_owned).collect())
    };
    ContactEntry {
        name: call.body_text("name"),
        emails: texts("emails"),
        phones: texts("phones"),
        custom_fields: call.body_object("customFields").cloned(),
        manager: call.body_text("contactManager"),
        wipe_conflicts: call.body["wipeConflicts"] == true,
    }
}

/// What the target's own rule for empty texts is called.
const EMPTY: &str = "must pass \"isNotEmpty\" keyword validation";

/// Exactly one of `contactId`, `email` and `phone`, in ajv's words: what each of the three says, and that
/// not exactly one holds.
fn exactly_one(call: &Call) -> Result<ContactKey, String> {
    let empty = Map::new();
    let query = call.query.as_object().unwrap_or(&empty);
    let mut told = Vec::new();
    for key in ["contactId", "email", "phone"] {
        let Some(value) = query.get(key) else {
            told.push(format!("must have required property '{key}'"));
            continue;
        };
        if query.len() > 1 {
            told.push("must NOT have additional properties".to_owned());
            continue;
        }
        let Some(text) = value.as_str() else {
            told.push("must be string".to_owned());
            continue;
        };
        let is_address = || {
            let parts = text.split_once('@');
            parts.is_some_and(|(name, domain)| {
                !name.is_empty() && !domain.is_empty() && !domain.contains('@')
            })
        };
        if key == "email" && !is_address() {
            told.push("must match format \"basic_email\"".to_owned());
        } else if text.trim().is_empty() {
            told.push(EMPTY.to_owned());
        } else {
            let text = text.to_owned();
            return Ok(match key {
                "email" => ContactKey::Email(text),
                "phone" => ContactKey::Phone(text),
                _ => ContactKey::Id(text),
            });
        }
    }
    told.push("must match exactly one schema in oneOf".to_owned());
    Err(told.join("\n "))
}

fn with_rooms(chats: &Chats, contact: Contact) -> Result<(Contact, Vec<Room>), Refused> {
    let rooms = chats.contact_rooms(&contact.id)?;
    Ok((contact, rooms.unwrap_or_default()))
}

fn shown((contact, rooms): &(Contact, Vec<Room>)) -> Map<String, Value> {
    let manager = contact.manager.clone().map(Value::from);
    shape::contact(contact, rooms, manager, Dates::Iso)
}

fn one(key: &str, value: impl Into<Value>) -> Map<String, Value> {
    Map::from_iter([(key.to_owned(), value.into())])
}

impl Livechat {
    /// 6.13 has some of these endpoints, closed.
    fn knows_contacts(&self) -> Result<(), Refused> {
        if self.config.version >= Version::V7 {
            return Ok(());
        }
        Err(Refused::meteor(
            "error-not-allowed",
            "This endpoint is only allowed in test mode",
        ))
    }

    /// An agent who looks after somebody, by id or username.
    fn manager(&self, wanted: &str) -> Option<Value> {
        let snapshot = self.ledger.snapshot();
        let row = find_agent(&snapshot, wanted)?;
        Some(json!({
            "_id": row.target_id().as_str(),
            "name": row.agent.name,
            "username": row.username(),
        }))
    }

    /// `contactManager` of a visitor, as far as the roll knows them.
    pub(super) fn add_manager(&self, shown: &mut Map<String, Value>, username: Option<&str>) {
        if let Some(manager) = username.and_then(|username| self.manager(username)) {
            shown.insert("contactManager".to_owned(), manager);
        }
    }
}
