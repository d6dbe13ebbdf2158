//! Registering a visitor (livechat contract §4.3.1).

use super::{chats::Chats, document::Visitor, event::Event, id::random_id, key, refused::Refused};

/// A custom field as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentField {
    /// Id of the field.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Whether it replaces a value that is there.
    pub overwrite: bool,
}

/// What is told of a visitor. Absent fields are left as they are.
#[derive(Clone, Debug, Default)]
pub struct Registration {
    /// Their credential; not blank.
    pub token: String,
    /// Becomes the `_id` of a new visitor.
    pub id: Option<String>,
    /// Shown name.
    pub name: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// Id or name.
    pub department: Option<String>,
    /// Number.
    pub phone: Option<String>,
    /// For a new visitor.
    pub username: Option<String>,
    /// `None` where none were sent.
    pub custom_fields: Option<Vec<SentField>>,
    /// Of the request.
    pub user_agent: Option<String>,
    /// Of the client.
    pub ip: Option<String>,
    /// Of the request.
    pub host: Option<String>,
}

impl Chats {
    /// Makes or changes a visitor. Looked for by token, then by phone (who keeps their own token),
    /// then by address (who gets the new one).
    pub fn register(&mut self, sent: Registration) -> Result<Visitor, Refused> {
        let now = self.now();
        let email = sent
            .email
            .as_deref()
            .map(|address| address.trim().to_lowercase())
            .filter(|address| !address.is_empty());
        if let Some(address) = &email
            && !is_address(address)
        {
            return Err(Refused::Meteor {
                code: "error-invalid-email".into(),
                reason: Some(format!("Invalid email {address}").into()),
            });
        }
        let department = match sent.department.as_deref().filter(|text| !text.is_empty()) {
            None => None,
            Some(wanted) => Some(self.department(wanted).ok_or(Refused::meteor(
                "error-invalid-department",
                "The provided department is invalid",
            ))?),
        };
        let phone = sent.phone.filter(|number| !number.trim().is_empty());
        let mut was = self.visitor_by_token(&sent.token)?;
        if was.is_none()
            && let Some(number) = &phone
        {
            was = self.visitor_by_phone(number)?;
        }
        let mut new_token = None;
        if was.is_none()
            && let Some(address) = &email
        {
            was = self.visitor_by_email(address)?;
            new_token = was.is_some().then(|| sent.token.clone());
        }
        let mut visitor = match &was {
            Some(known) => known.clone(),
            None => Visitor {
                id: sent
                    .id
                    .filter(|id| !id.is_empty() && id.len() <= 64)
                    .unwrap_or_else(random_id),
                username: match sent.username.filter(|name| !name.is_empty()) {
                    Some(name) => name,
                    None => self.next_guest()?,
                },
                token: sent.token.clone(),
                ts: now,
                user_agent: sent.user_agent,
                ip: sent.ip,
                host: sent.host,
                ..Visitor::default()
            },
        };
        if was.is_none() && self.visitor(&visitor.id)?.is_some() {
            // A client may name an id, but not somebody else's.
            visitor.id = random_id();
        }
        if let Some(token) = new_token {
            visitor.token = token;
        }
        "online".clone_into(&mut visitor.status);
        visitor.updated_at = now;
        if let Some(name) = sent.name.filter(|name| !name.is_empty()) {
            visitor.name = Some(name);
        }
        if let Some(address) = email {
            visitor.emails = vec![address];
        }
        if let Some(number) = phone {
            visitor.phone = vec![number];
        }
        if let Some((id, _)) = department {
            visitor.department = Some(id);
        }
        if let Some(fields) = sent.custom_fields {
            self.apply_sent_fields(&mut visitor, &fields)?;
        }
        self.keep_visitor(&visitor, was.as_ref());
        self.rename_rooms(&visitor)?;
        Ok(visitor)
    }

    /// `guest-<n>`, counted for ever.
    fn next_guest(&mut self) -> Result<String, Refused> {
        let last: u64 = self
            .text(key::GUESTS)?
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        self.put_text(key::GUESTS.to_owned(), &(last + 1).to_string());
        Ok(format!("guest-{}", last + 1))
    }

    /// Open rooms carry their visitor's name, and their token where it was replaced.
    fn rename_rooms(&mut self, visitor: &Visitor) -> Result<(), Refused> {
        for mut room in self.open_rooms_of(&visitor.id)? {
            if room.fname == visitor.shown_name() && room.v.token == visitor.token {
                continue;
            }
            visitor.shown_name().clone_into(&mut room.fname);
            if room.v.token != visitor.token {
                self.note_open(&room.v.token, false);
                self.note_open(&visitor.token, true);
                visitor.token.clone_into(&mut room.v.token);
            }
            self.keep_room(&mut room);
            if let Some(mut inquiry) = self.inquiry(&room.id)? {
                visitor.shown_name().clone_into(&mut inquiry.name);
                inquiry.v.token.clone_from(&visitor.token);
                self.keep_inquiry(&inquiry, "changed");
            }
            self.tell(Event::Visitor {
                rid: room.id.clone(),
                visitor: visitor.id.clone(),
            });
        }
        Ok(())
    }

    /// Custom fields that come with a registration: only those of scope `visitor` count, others are
    /// ignored; `overwrite: false` keeps what is there. From 7.x on a non-empty list must name every
    /// required one (livechat contract §4.3.1).
    fn apply_sent_fields(
        &self,
        visitor: &mut Visitor,
        fields: &[SentField],
    ) -> Result<(), Refused> {
        use crate::config::livechat::{Scope, Version};
        if fields.is_empty() {
            return Ok(());
        }
        let of_visitors = self
            .config
            .custom_fields
            .iter()
            .filter(|field| field.scope == Scope::Visitor);
        let missing: Vec<_> = of_visitors
            .clone()
            .filter(|field| field.required && !fields.iter().any(|sent| sent.key == field.id))
            .map(|field| field.id.as_str())
            .collect();
        if self.config.version >= Version::V7 && !missing.is_empty() {
            let text = format!("Missing required custom fields: {}", missing.join(", "));
            return Err(Refused::Plain(text.into()));
        }
        for sent in fields {
            let known = of_visitors.clone().any(|field| field.id == sent.key);
            let there = visitor.livechat_data.contains_key(&sent.key);
            if known && (sent.overwrite || !there) {
                visitor
                    .livechat_data
                    .insert(sent.key.clone(), sent.value.clone());
            }
        }
        Ok(())
    }
}

/// Whether a text can be an address: something, one `@`, a domain; no spaces. The mail server has
/// the last word.
pub(super) fn is_address(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else {
        return false;
    };
    !name.is_empty()
        && !name.contains('@')
        && !domain.is_empty()
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}
