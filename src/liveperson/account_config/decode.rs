//! The lists of users, skills and agent groups, from bytes to what the bridge keeps (contract
//! §6.1). Pure and total, by visitors: no tree of a hundred thousand users, and no allocation for a
//! text that is not kept.
//!
//! Booleans and numbers come with and without quotes, a list of one may come as the bare object,
//! and unknown members are read over. An entry without an id is skipped and counted; a list that is
//! none is an error.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
    sync::Arc,
};

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::{
    domain::{SourceAgent, SourceId},
    liveperson::decode::{DecodeError, Format, Scalar, document, sniff},
};

/// Why an answer is not such a list. Never quotes the answer: it holds e-mail addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ListError {
    /// No JSON document.
    #[error(transparent)]
    Document(#[from] DecodeError),
    /// Only JSON is documented.
    #[error("the answer is XML where JSON was asked for")]
    Xml,
    /// Another document, or an error in place of the list.
    #[error("the answer is not the list that was asked for: none of its entries ({0}) has an id")]
    NoIds(usize),
    /// At least the bridge's own user is in every account.
    #[error("the answer lists no user at all, not even the bridge's own")]
    Nobody,
}

/// The users. No `Debug`: e-mail addresses.
#[derive(Default)]
pub(super) struct Users {
    /// Users who have an e-mail address and are not deleted.
    mail: HashMap<SourceId, Mail, ahash::RandomState>,
    /// The deleted and the disabled.
    pub(super) departed: Arc<BTreeSet<SourceId>>,
    /// How many entries were used.
    pub(super) count: usize,
    /// How many entries had no id, or one that had come before.
    pub(super) skipped: usize,
}

struct Mail {
    login: Option<String>,
    email: String,
}

impl Users {
    /// Whoever the polls show is there, whatever this older list says.
    pub(super) fn showed(&mut self, agents: &[SourceAgent]) {
        if agents.iter().any(|agent| self.departed.contains(&agent.id)) {
            let departed = Arc::make_mut(&mut self.departed);
            for agent in agents {
                departed.remove(&agent.id);
            }
        }
    }

    /// The e-mail address of the user `id`, unless their login name is another one than `login`:
    /// ids are the join key only by inference, so both must agree where both are known.
    pub(super) fn email(&self, id: &SourceId, login: Option<&str>) -> Option<&str> {
        let mail = self.mail.get(id)?;
        let agree = match (login, mail.login.as_deref()) {
            (Some(agents), Some(users)) => is_same_login(agents, users),
            (Some(_) | None, _) => true,
        };
        agree.then_some(&mail.email)
    }
}

fn is_same_login(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || one.to_lowercase() == other.to_lowercase()
}

/// The names of skills or agent groups by id. Deleted ones too: an agent may still carry the id.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_id: HashMap<String, Option<String>, ahash::RandomState>,
    /// How many entries had no id, or one that had come before.
    pub(super) skipped: usize,
}

impl Names {
    pub(super) fn name(&self, id: &str) -> Option<&str> {
        self.by_id.get(id)?.as_deref()
    }

    /// How many entries were used.
    pub(super) fn count(&self) -> usize {
        self.by_id.len()
    }
}

/// Decodes `…/le-users/users`.
pub(super) fn users(body: &[u8]) -> Result<Users, ListError> {
    let mut users = Users::default();
    let mut departed = BTreeSet::new();
    let mut seen = HashSet::<SourceId, ahash::RandomState>::default();
    users.skipped = rows(body, |row| {
        let Some(id) = row.id.into_text().map(SourceId::new) else {
            return false;
        };
        if !seen.insert(id.clone()) {
            return false;
        }
        let deleted = flag(&row.deleted) == Some(true);
        if deleted || flag(&row.enabled) == Some(false) {
            departed.insert(id.clone());
        }
        if !deleted && let Some(email) = row.email.into_text() {
            let login = row.login.into_text();
            users.mail.insert(id, Mail { login, email });
        }
        true
    })?;
    users.count = seen.len();
    users.departed = Arc::new(departed);
    if users.count == 0 {
        return Err(ListError::Nobody);
    }
    Ok(users)
}

/// Decodes `…/le-users/skills` and `…/le-users/agentGroups`. An account may have none.
pub(super) fn names(body: &[u8]) -> Result<Names, ListError> {
    let mut names = Names::default();
    names.skipped = rows(body, |row| {
        let Some(id) = row.id.into_text() else {
            return false;
        };
        if names.by_id.contains_key(&id) {
            return false;
        }
        names.by_id.insert(id, row.name.into_text());
        true
    })?;
    Ok(names)
}

/// Hands every entry to `take`, which says whether it could be used; gives the number of the others.
fn rows(body: &[u8], take: impl FnMut(Row<'_>) -> bool) -> Result<usize, ListError> {
    match sniff(body)? {
        Format::Json => {}
        Format::Xml => return Err(ListError::Xml),
    }
    let (mut used, mut skipped) = (0, 0);
    let rows = Rows {
        take,
        used: &mut used,
        skipped: &mut skipped,
    };
    document(body, rows)?;
    if used == 0 && skipped > 0 {
        return Err(ListError::NoIds(skipped));
    }
    Ok(skipped)
}

/// `true`, `"true"`, `1`, and the opposites; anything else says nothing.
fn flag(value: &Scalar<'_>) -> Option<bool> {
    match value {
        Scalar::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Scalar::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Scalar::Absent | Scalar::Text(_) | Scalar::Number(_) => match value.whole() {
            Some(1) => Some(true),
            Some(0) => Some(false),
            Some(_) | None => None,
        },
    }
}

/// The members of an entry that mean something to us; those of users and of the other two lists in
/// one, because no name means two things.
struct Row<'a> {
    id: Scalar<'a>,
    name: Scalar<'a>,
    login: Scalar<'a>,
    email: Scalar<'a>,
    deleted: Scalar<'a>,
    enabled: Scalar<'a>,
}

impl Row<'_> {
    const EMPTY: Self = Self {
        id: Scalar::Absent,
        name: Scalar::Absent,
        login: Scalar::Absent,
        email: Scalar::Absent,
        deleted: Scalar::Absent,
        enabled: Scalar::Absent,
    };
}

#[derive(Clone, Copy)]
enum Member {
    Id,
    Name,
    Login,
    Email,
    Deleted,
    Enabled,
    Other,
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl Visitor<'_> for Word {
            type Value = Member;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<Member, E> {
                Ok(match word {
                    "id" => Member::Id,
                    "name" => Member::Name,
                    "loginName" => Member::Login,
                    "email" => Member::Email,
                    "deleted" => Member::Deleted,
                    "isEnabled" => Member::Enabled,
                    _ => Member::Other,
                })
            }
        }
        deserializer.deserialize_identifier(Word)
    }
}

/// The document: a list of entries, or one entry alone.
struct Rows<'c, F> {
    take: F,
    used: &'c mut usize,
    skipped: &'c mut usize,
}

impl<F: FnMut(Row<'_>) -> bool> Rows<'_, F> {
    fn count(&mut self, row: Row<'_>) {
        if (self.take)(row) {
            *self.used += 1;
        } else {
            *self.skipped += 1;
        }
    }
}

impl<'de, F: FnMut(Row<'_>) -> bool> DeserializeSeed<'de> for Rows<'_, F> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Row<'_>) -> bool> Visitor<'de> for Rows<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(row) = list.next_element()? {
            self.count(row);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, map: A) -> Result<(), A::Error> {
        let row = AnyRow.visit_map(map)?;
        self.count(row);
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Row<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyRow)
    }
}

/// An entry. What is no object has no id, so that it is skipped and does not sink the list.
struct AnyRow;

/// Visitor methods for kinds of values that no entry is.
macro_rules! no_entry {
    ($($method:ident($kind:ty)),*) => {
        $(fn $method<E: Error>(self, _value: $kind) -> Result<Row<'de>, E> {
            Ok(Row::EMPTY)
        })*
    };
}

impl<'de> Visitor<'de> for AnyRow {
    type Value = Row<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    no_entry!(
        visit_str(&str),
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64)
    );

    fn visit_unit<E: Error>(self) -> Result<Row<'de>, E> {
        Ok(Row::EMPTY)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Row<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Row::EMPTY)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row<'de>, A::Error> {
        let mut row = Row::EMPTY;
        while let Some(member) = map.next_key::<Member>()? {
            let slot = match member {
                Member::Id => &mut row.id,
                Member::Name => &mut row.name,
                Member::Login => &mut row.login,
                Member::Email => &mut row.email,
                Member::Deleted => &mut row.deleted,
                Member::Enabled => &mut row.enabled,
                Member::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let value = map.next_value()?;
            // Of a repeated member the first that is not absent counts, as in the list of agents.
            if *slot == Scalar::Absent {
                *slot = value;
            }
        }
        Ok(row)
    }
}
