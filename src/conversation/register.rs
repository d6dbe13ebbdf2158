//! Registering a visitor (livechat contract §4.3.1).

use super::{
    chats::Chats,
    custom_field::{SentField, fills},
    document::Visitor,
    event::Event,
    id::random_id,
    key,
    refused::Refused,
    routing::find_agent,
};
use crate::config::livechat::Version;

/// Bytes of a token, a name or a number: whoever sends more cannot be registered. They are in every
/// message and in every key's making.
pub(super) const LONGEST: usize = 1_024;

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

/// Whatever else stands in the way.
const FAILED: Refused = Refused::meteor(
    "error-livechat-visitor-registration",
    "Error registering visitor",
);

impl Chats {
    /// Makes or changes a visitor. Looked for by token, then by phone (who keeps their own token),
    /// then by address (who gets the new one).
    pub fn register(&mut self, sent: Registration) -> Result<Visitor, Refused> {
        let now = self.now();
        let texts = [&sent.name, &sent.email, &sent.phone, &sent.username];
        if texts
            .into_iter()
            .flatten()
            .chain([&sent.token])
            .any(|text| text.len() > LONGEST)
        {
            return Err(FAILED);
        }
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
            Some(wanted) => match self.department(wanted) {
                Some(found) => Some(found),
                None if self.config.version < Version::V7 => {
                    return Err(Refused::meteor(
                        "error-invalid-department",
                        "The provided department is invalid",
                    ));
                }
                None => return Err(Refused::plain("error-invalid-department")),
            },
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
                    .filter(|id| !id.is_empty() && id.len() <= 64 && !self.is_staff(id))
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
        if fills(&visitor) {
            return Err(FAILED);
        }
        self.keep_visitor(&visitor, was.as_ref());
        self.rename_rooms(&visitor)?;
        Ok(visitor)
    }

    /// Whether an id is an agent's or the target's own bot's: visitors know those ids, and clients tell
    /// by the id who wrote.
    fn is_staff(&self, id: &str) -> bool {
        id == "rocket.cat" || find_agent(&self.ledger.snapshot(), id).is_some()
    }

    /// `guest-<n>`, counted for ever.
    pub(super) fn next_guest(&mut self) -> Result<String, Refused> {
        let last: u64 = self
            .text(key::GUESTS)?
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        self.put_text(key::GUESTS.to_owned(), &(last + 1).to_string());
        Ok(format!("guest-{}", last + 1))
    }

    /// Open rooms carry their visitor's name, and their token where it was replaced.
    pub(super) fn rename_rooms(&mut self, visitor: &Visitor) -> Result<(), Refused> {
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
