//! Custom fields of visitors and rooms (livechat contract §4.7.1, §4.7.2), and those that come with a
//! registration (§4.3.1).

use regex_automata::meta::Regex;

use super::{
    chats::Chats,
    document::{Document, Visitor, size},
    refused::Refused,
};
use crate::config::livechat::{CustomField, Scope, Version};

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

/// Bytes to which values may let a visitor or a room grow: half of what a document can be, so that
/// there is room for everything else.
pub(super) const FULL: usize = 16 * 1024;

const UNKNOWN: Refused = Refused::plain("invalid-custom-field");

impl Chats {
    /// Sets one field: of the visitor, or of their open room. Up to 6.x a field of a room that there
    /// is not is `{"success":false}`; later it is lost in silence.
    pub fn set_custom_field(&mut self, token: &str, sent: &SentField) -> Result<(), Refused> {
        let visitor = self.guest(token)?;
        let scope = self.fitting(sent)?.scope;
        if self.set_fields(&visitor, &[(scope, sent)])? || self.config.version >= Version::V7 {
            Ok(())
        } else {
            Err(Refused::Bare)
        }
    }

    /// Sets several fields, all or none, and gives them in the order of the answer: from 7.x on those
    /// of the room come first.
    pub fn set_custom_fields(
        &mut self,
        token: &str,
        sent: Vec<SentField>,
    ) -> Result<Vec<SentField>, Refused> {
        let visitor = self.guest(token)?;
        let is_new = self.config.version >= Version::V7;
        if is_new {
            let known = |sent: &SentField| self.definition(&sent.key).is_some();
            if sent.is_empty() || !sent.iter().all(known) {
                return Err(UNKNOWN);
            }
            self.check_required(&sent)?;
        }
        let mut fields = Vec::with_capacity(sent.len());
        for sent in sent {
            fields.push((self.fitting(&sent)?.scope, sent));
        }
        if is_new {
            fields.sort_by_key(|(scope, _)| *scope == Scope::Visitor);
        }
        let borrowed: Vec<_> = fields.iter().map(|(scope, sent)| (*scope, sent)).collect();
        if !self.set_fields(&visitor, &borrowed)? && !is_new {
            return Err(Refused::plain("error-setting-custom-field"));
        }
        Ok(fields.into_iter().map(|(_, sent)| sent).collect())
    }

    /// Writes fields that were looked at. Whether all had somebody to belong to.
    fn set_fields(
        &mut self,
        visitor: &Visitor,
        fields: &[(Scope, &SentField)],
    ) -> Result<bool, Refused> {
        let mut room = self.open_rooms_of(&visitor.id)?.into_iter().next();
        let mut changed = visitor.clone();
        let (mut homeless, mut of_room, mut of_visitor) = (false, false, false);
        for (scope, sent) in fields {
            let data = match (scope, &mut room) {
                (Scope::Visitor, _) => {
                    of_visitor = true;
                    &mut changed.livechat_data
                }
                (Scope::Room, Some(room)) => {
                    of_room = true;
                    &mut room.livechat_data
                }
                (Scope::Room, None) => {
                    homeless = true;
                    continue;
                }
            };
            if sent.overwrite || !data.contains_key(&sent.key) {
                data.insert(sent.key.clone(), sent.value.clone());
            }
            let is_full = match (scope, &room) {
                (Scope::Room, Some(room)) => fills(room),
                (Scope::Room, None) | (Scope::Visitor, _) => fills(&changed),
            };
            if is_full {
                return Err(invalid(&sent.key));
            }
        }
        if of_visitor {
            changed.updated_at = self.now();
            self.keep_visitor(&changed, Some(visitor));
        }
        if of_room && let Some(mut room) = room {
            self.keep_room(&mut room);
        }
        Ok(!homeless)
    }

    fn definition(&self, key: &str) -> Option<&CustomField> {
        self.config
            .custom_fields
            .iter()
            .find(|field| field.id == key)
    }

    /// The field's definition, if its value matches the pattern of it.
    fn fitting(&self, sent: &SentField) -> Result<&CustomField, Refused> {
        let field = self.definition(&sent.key).ok_or(UNKNOWN)?;
        let fits = field.regexp.is_empty()
            || Regex::new(&field.regexp).is_ok_and(|pattern| pattern.is_match(&sent.value));
        if fits {
            Ok(field)
        } else {
            Err(invalid(&sent.key))
        }
    }

    /// Whether every required field of visitors is among those sent.
    fn check_required(&self, sent: &[SentField]) -> Result<(), Refused> {
        let missing: Vec<_> = self
            .config
            .custom_fields
            .iter()
            .filter(|field| field.scope == Scope::Visitor && field.required)
            .filter(|field| !sent.iter().any(|sent| sent.key == field.id))
            .map(|field| field.id.as_str())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let text = format!("Missing required custom fields: {}", missing.join(", "));
        Err(Refused::Plain(text.into()))
    }

    /// Fields that come with a registration: only those of scope `visitor` count, others are ignored;
    /// `overwrite: false` keeps what is there. From 7.x on a list that is not empty must name every
    /// required one; up to 6.x values that cannot be kept have an error of their own.
    pub(super) fn apply_sent_fields(
        &self,
        visitor: &mut Visitor,
        sent: &[SentField],
    ) -> Result<(), Refused> {
        if sent.is_empty() {
            return Ok(());
        }
        if self.config.version >= Version::V7 {
            self.check_required(sent)?;
        }
        for sent in sent {
            let is_of_visitors = self
                .definition(&sent.key)
                .is_some_and(|field| field.scope == Scope::Visitor);
            let there = visitor.livechat_data.contains_key(&sent.key);
            if is_of_visitors && (sent.overwrite || !there) {
                let (key, value) = (sent.key.clone(), sent.value.clone());
                visitor.livechat_data.insert(key, value);
            }
        }
        if self.config.version < Version::V7 && fills(visitor) {
            return Err(Refused::plain("error-updating-custom-fields"));
        }
        Ok(())
    }
}

/// Whether a document is as large as it may become.
pub(super) fn fills<T: Document>(document: &T) -> bool {
    size(document) > FULL
}

/// The target translates this text; the bridge speaks English.
fn invalid(key: &str) -> Refused {
    Refused::Plain(format!("Invalid value for {key} field").into())
}
