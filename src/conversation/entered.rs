//! Visitors as agents enter and find them: the contacts of 6.x and earlier (livechat contract §4.8,
//! `omnichannel/contact`).

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::{
    chats::Chats, document::Visitor, id::random_id, key, refused::Refused, routing::find_agent,
};
use crate::{config::livechat::Scope, ports::Order};

/// What an agent enters of a visitor. Absent fields are left as they are.
#[derive(Clone, Debug, Default)]
pub struct VisitorEntry {
    /// Their credential; not empty.
    pub token: String,
    /// Shown name.
    pub name: String,
    /// Username of a new visitor.
    pub username: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// Number.
    pub phone: Option<String>,
    /// Custom fields of scope `visitor`; others are ignored.
    pub custom_fields: Option<Map<String, Value>>,
    /// Username of the agent who looks after them.
    pub manager: Option<String>,
}

/// What an agent looks for; all that is given must fit.
#[derive(Clone, Debug, Default)]
pub struct VisitorSearch {
    /// Whole address.
    pub email: Option<String>,
    /// Whole number.
    pub phone: Option<String>,
    /// Parts of searchable custom fields.
    pub custom: Map<String, Value>,
}

impl Chats {
    /// Makes or changes a visitor, looked for by token, then by address. Gives their id.
    pub fn enter_visitor(&mut self, entry: VisitorEntry) -> Result<String, Refused> {
        if entry.token.is_empty() {
            return Err(Refused::meteor(
                "error-invalid-contact-data",
                "Invalid visitor token",
            ));
        }
        if let Some(username) = &entry.manager
            && find_agent(&self.ledger.snapshot(), username)
                .is_none_or(|row| row.username() != username)
        {
            return Err(Refused::Meteor {
                code: "error-contact-manager-not-found".into(),
                reason: Some(format!("No user found with username {username}").into()),
            });
        }
        let email = entry.email.map(|address| address.trim().to_lowercase());
        let email = email.filter(|address| !address.is_empty());
        let mut was = self.visitor_by_token(&entry.token)?;
        if was.is_none()
            && let Some(address) = &email
        {
            was = self.visitor_by_email(address)?;
        }
        let now = self.now();
        let mut visitor = match &was {
            Some(known) => known.clone(),
            None => Visitor {
                id: random_id(),
                username: match entry.username.filter(|name| !name.is_empty()) {
                    Some(name) => name,
                    None => self.next_guest()?,
                },
                token: entry.token,
                status: "online".to_owned(),
                ts: now,
                ..Visitor::default()
            },
        };
        let fields = self.allowed_fields(&entry.custom_fields.unwrap_or_default(), true)?;
        visitor.livechat_data.extend(fields);
        visitor.name = Some(entry.name);
        visitor.updated_at = now;
        if let Some(address) = email {
            visitor.emails = vec![address];
        }
        if let Some(number) = entry.phone.filter(|number| !number.trim().is_empty()) {
            visitor.phone = vec![number];
        }
        if entry.manager.is_some() {
            visitor.contact_manager = entry.manager;
        }
        self.keep_visitor(&visitor, was.as_ref());
        self.rename_rooms(&visitor)?;
        Ok(visitor.id)
    }

    /// The first visitor who fits. Custom fields count only where the configuration says that they are
    /// searchable; when none of what is asked for can be looked for, nobody fits.
    pub fn search_visitor(&self, wanted: &VisitorSearch) -> Result<Option<Visitor>, Refused> {
        let searchable = self.config.custom_fields.iter().filter(|field| {
            field.searchable
                && field.scope == Scope::Visitor
                && wanted.custom.contains_key(&field.id)
        });
        let custom: Vec<_> = searchable
            .map(|field| {
                let part = wanted.custom[&field.id].as_str().map(str::to_lowercase);
                (&field.id, part)
            })
            .collect();
        let fits = |visitor: &Visitor| {
            let email = wanted.email.as_ref().map(|address| address.to_lowercase());
            email.is_none_or(|address| visitor.emails.contains(&address))
                && wanted
                    .phone
                    .as_ref()
                    .is_none_or(|number| visitor.phone.contains(number))
                && custom.iter().all(|(id, part)| {
                    let value = visitor.livechat_data.get(*id);
                    value
                        .zip(part.as_ref())
                        .is_some_and(|(value, part)| value.to_lowercase().contains(part.as_str()))
                })
        };
        let one = match (&wanted.email, &wanted.phone) {
            (Some(address), _) => self.visitor_by_email(&address.to_lowercase())?,
            (None, Some(number)) => self.visitor_by_phone(number)?,
            (None, None) if custom.is_empty() => None,
            (None, None) => return self.first_visitor(fits),
        };
        Ok(one.filter(fits))
    }

    fn first_visitor(&self, fits: impl Fn(&Visitor) -> bool) -> Result<Option<Visitor>, Refused> {
        let mut found = None;
        let end = key::after(key::VISITOR);
        self.walk(key::VISITOR, &end, Order::Ascending, |_, visitor| {
            if !fits(&visitor) {
                return ControlFlow::Continue(());
            }
            found = Some(visitor);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }
}
