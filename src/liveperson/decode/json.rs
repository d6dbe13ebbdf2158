//! JSON by visitors (contract §4.5): no intermediate tree, no `untagged`, one allocation per text
//! that is kept.
//!
//! Every visitor here accepts every kind of value. So an error of `serde_json` is one of syntax,
//! and its message, which may quote the answer, is never passed on.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each place knows its few members and reads over the others, new ones included"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "one macro makes the scalar methods of all visitors, and some keep the value"
)]

use std::{borrow::Cow, fmt};

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::{
    DEEPEST, DecodeError, Decoded,
    draft::{Draft, Member, SkillEntry},
    page::{Link, Page},
    plain,
    scalar::Scalar,
    text,
};

/// Decodes a JSON answer.
pub fn json(body: &[u8]) -> Result<Decoded, DecodeError> {
    let mut page = Page::default();
    let mut deserializer = serde_json::Deserializer::from_str(text(body)?);
    Root(&mut page)
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| said(&error))?;
    page.finish()
}

/// What an error of the library says about the answer.
pub(super) fn said(error: &serde_json::Error) -> DecodeError {
    if error.is_eof() {
        return DecodeError::Truncated;
    }
    // serde_json has no category for it.
    if error.to_string().starts_with("recursion limit exceeded") {
        debug_assert_eq!(DEEPEST, 128, "serde_json's own limit");
        return DecodeError::TooDeep;
    }
    DecodeError::Malformed {
        place: format!("line {} column {}", error.line(), error.column()),
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Member;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<Member, E> {
                Ok(Member::of(name))
            }
        }
        deserializer.deserialize_identifier(Name)
    }
}

/// Visitor methods that read a scalar of any kind and hand it to `$one`.
macro_rules! scalars {
    ($one:ident) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
        fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(self.$one(Scalar::borrowed(text)))
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(self.$one(Scalar::owned(text.to_owned())))
        }
        fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
            let text = if value { "true" } else { "false" };
            Ok(self.$one(Scalar::Text(Cow::Borrowed(text))))
        }
        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            Ok(self.$one(Scalar::Number(number)))
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok(self.$one(match i64::try_from(number) {
                Ok(number) => Scalar::Number(number),
                Err(_) => Scalar::Text(Cow::Owned(number.to_string())),
            }))
        }
        fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
            Ok(self.$one(Scalar::float(number)))
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(self.$one(Scalar::Absent))
        }
    };
}

pub(super) use scalars;

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyScalar)
    }
}

/// `"x"`, `7`, `true`, `null`, `{"$": …}`, or the first of a list that is not absent.
struct AnyScalar;

impl AnyScalar {
    #[expect(clippy::unused_self, reason = "the shape that the macro asks for")]
    fn same(self, value: Scalar<'_>) -> Scalar<'_> {
        value
    }
}

impl<'de> Visitor<'de> for AnyScalar {
    type Value = Scalar<'de>;
    scalars!(same);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        let mut found = Scalar::Absent;
        while let Some(member) = map.next_key::<Member>()? {
            if member == Member::Text && found == Scalar::Absent {
                found = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar<'de>, A::Error> {
        let mut found = Scalar::Absent;
        while let Some(value) = list.next_element::<Scalar<'de>>()? {
            if found == Scalar::Absent {
                found = value;
            }
        }
        Ok(found)
    }
}

/// Seeds whose values may come singly or in lists share this shape.
macro_rules! seed {
    ($name:ident) => {
        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_any(self)
            }
        }
    };
}

/// The document: `{"availableAgents": …}`, or `{"error": …}`.
struct Root<'p>(&'p mut Page);
seed!(Root);

impl Root<'_> {
    fn other(self, _value: Scalar<'_>) {
        let found = "a bare value".to_owned();
        self.0.broken(DecodeError::OtherDocument { found });
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = ();
    scalars!(other);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        let found = "a list".to_owned();
        self.0.broken(DecodeError::OtherDocument { found });
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = false;
        let mut found = None;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match Member::of(&name) {
                Member::AvailableAgents => {
                    seen = true;
                    map.next_value_seed(Body(self.0))?;
                }
                Member::Error => map.next_value_seed(Reported(self.0))?,
                _ => {
                    found.get_or_insert_with(|| plain(&name));
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if !seen {
            let found = found.unwrap_or_else(|| "{}".to_owned());
            self.0.broken(DecodeError::OtherDocument { found });
        }
        Ok(())
    }
}

/// The value of `availableAgents`.
struct Body<'p>(&'p mut Page);
seed!(Body);

impl Body<'_> {
    fn blank(self, value: Scalar<'_>) {
        blank(self.0, &value, "availableAgents");
    }
}

fn blank(page: &mut Page, value: &Scalar<'_>, member: &'static str) {
    if *value != Scalar::Absent {
        page.broken(DecodeError::NotAList { member });
    }
}

impl<'de> Visitor<'de> for Body<'_> {
    type Value = ();
    scalars!(blank);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Body(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_key::<Member>()? {
            if member == Member::Agents {
                map.next_value_seed(Agents {
                    page: self.0,
                    listed: false,
                })?;
            } else if member == Member::Link {
                map.next_value_seed(Links(&mut |link| self.0.link(link)))?;
            } else if member == Member::Error {
                map.next_value_seed(Reported(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The value of `agents`. Inside a list, an object that holds members but no `agent` is an entry
/// we cannot use, and is counted: it must not look like an empty account.
struct Agents<'p> {
    page: &'p mut Page,
    listed: bool,
}
seed!(Agents);

impl Agents<'_> {
    fn blank(self, value: Scalar<'_>) {
        blank(self.page, &value, "agents");
    }
}

impl<'de> Visitor<'de> for Agents<'_> {
    type Value = ();
    scalars!(blank);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list
            .next_element_seed(Agents {
                page: self.page,
                listed: true,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut members, mut found) = (false, false);
        while let Some(member) = map.next_key::<Member>()? {
            members = true;
            if member == Member::Agent {
                found = true;
                map.next_value_seed(Entries {
                    page: self.page,
                    listed: false,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if self.listed && members && !found {
            self.page.no_agent();
        }
        Ok(())
    }
}

/// One agent, or a list of them. Alone, `null` and `""` mean that there is none; in a list each is
/// an entry that is not an agent.
struct Entries<'p> {
    page: &'p mut Page,
    listed: bool,
}
seed!(Entries);

impl Entries<'_> {
    fn no_agent(self, value: Scalar<'_>) {
        if self.listed || value != Scalar::Absent {
            self.page.no_agent();
        }
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();
    scalars!(no_agent);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.listed {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            self.page.no_agent();
            return Ok(());
        }
        while list
            .next_element_seed(Entries {
                page: self.page,
                listed: true,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut draft = Draft::default();
        while let Some(member) = map.next_key::<Member>()? {
            match member {
                Member::Skills | Member::SkillsInfo => map.next_value_seed(Skills(&mut draft))?,
                Member::Other => drop(map.next_value::<IgnoredAny>()?),
                _ => draft.set(member, map.next_value()?),
            }
        }
        self.page.entry(draft);
        Ok(())
    }
}

/// `skills`, `skillsInfo`, and what is in them: containers and entries in one, because an entry
/// without a list around it is accepted as well.
struct Skills<'p>(&'p mut Draft);
seed!(Skills);

impl Skills<'_> {
    fn bare(self, value: Scalar<'_>) {
        self.0.skill(SkillEntry::bare(value));
    }
}

impl<'de> Visitor<'de> for Skills<'_> {
    type Value = ();
    scalars!(bare);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Skills(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut entry = SkillEntry::EMPTY;
        while let Some(member) = map.next_key::<Member>()? {
            match member {
                Member::Skill | Member::SkillInfo => map.next_value_seed(Skills(self.0))?,
                Member::Id | Member::Name | Member::Text => entry.set(member, map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        self.0.skill(entry);
        Ok(())
    }
}

/// `link`: an object, a text, or a list of them.
pub(super) struct Links<'p>(pub(super) &'p mut dyn FnMut(Link));
seed!(Links);

impl Links<'_> {
    fn bare(self, value: Scalar<'_>) {
        (self.0)(Link {
            text: value.into_text(),
            ..Link::default()
        });
    }
}

impl<'de> Visitor<'de> for Links<'_> {
    type Value = ();
    scalars!(bare);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Links(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut link = Link::default();
        while let Some(member) = map.next_key::<Member>()? {
            let slot = match member {
                Member::Href => &mut link.href,
                Member::Rel => &mut link.rel,
                Member::Text => &mut link.text,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let value = map.next_value::<Scalar<'de>>()?.into_text();
            *slot = slot.take().or(value);
        }
        (self.0)(link);
        Ok(())
    }
}

/// An `error` inside a successful answer: an object with `internalCode`, or a text (§7.1 row 5).
struct Reported<'p>(&'p mut Page);
seed!(Reported);

impl Reported<'_> {
    fn bare(self, value: Scalar<'_>) {
        if value != Scalar::Absent {
            self.0.broken(DecodeError::Reported {
                internal_code: None,
            });
        }
    }
}

impl<'de> Visitor<'de> for Reported<'_> {
    type Value = ();
    scalars!(bare);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Reported(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut internal_code = None;
        while let Some(member) = map.next_key::<Member>()? {
            if member == Member::InternalCode {
                internal_code = map.next_value::<Scalar<'de>>()?.whole();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        self.0.broken(DecodeError::Reported { internal_code });
        Ok(())
    }
}

/// Reads any other JSON answer with `seed`. Where that accepts every kind of value, what remains is
/// an error of syntax.
pub(in crate::liveperson) fn document<'de, S: DeserializeSeed<'de>>(
    body: &'de [u8],
    seed: S,
) -> Result<S::Value, DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_str(text(body)?);
    let read = seed.deserialize(&mut deserializer).and_then(|read| {
        deserializer.end()?;
        Ok(read)
    });
    read.map_err(|error| said(&error))
}
