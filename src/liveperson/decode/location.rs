//! The address of a new agent session in the answer that creates it (contract §3.1), in JSON and
//! in XML.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    DecodeError, Format,
    draft::Member,
    json::{self, Links},
    page::Link,
    scalar::Scalar,
    sniff, text, xml,
};

/// The `href` of the link that says `rel="location"`, else of the first link that has none or
/// another `rel`; links are one or many. `None` when the body holds no such link or is broken:
/// then the `Location` header has to tell.
pub fn session_location(body: &[u8]) -> Option<String> {
    let mut found = Found::default();
    match sniff(body).ok()? {
        Format::Json => of_json(body, &mut found).ok()?,
        Format::Xml => xml::session_links(body, &mut |link| found.take(link)).ok()?,
    }
    found.named.or(found.other)
}

#[derive(Default)]
struct Found {
    /// `rel="location"`.
    named: Option<String>,
    /// Any other, because only one link is documented here.
    other: Option<String>,
}

impl Found {
    fn take(&mut self, link: Link) {
        let named = link
            .rel
            .is_some_and(|rel| rel.eq_ignore_ascii_case("location"));
        let slot = if named {
            &mut self.named
        } else {
            &mut self.other
        };
        if slot.is_none() {
            *slot = link.href.or(link.text);
        }
    }
}

fn of_json(body: &[u8], found: &mut Found) -> Result<(), DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_str(text(body)?);
    Level {
        found,
        wanted: Member::SessionLocation,
    }
    .deserialize(&mut deserializer)
    .and_then(|()| deserializer.end())
    .map_err(|error| json::said(&error))
}

/// The document, where `agentSessionLocation` is wanted, and its value, where `link` is.
struct Level<'f> {
    found: &'f mut Found,
    wanted: Member,
}

impl Level<'_> {
    #[expect(clippy::unused_self, reason = "the shape that the macro asks for")]
    fn nothing(self, _value: Scalar<'_>) {}
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();
    json::scalars!(nothing);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list
            .next_element_seed(Level {
                found: self.found,
                wanted: self.wanted,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { found, wanted } = self;
        while let Some(member) = map.next_key::<Member>()? {
            if member != wanted {
                map.next_value::<IgnoredAny>()?;
            } else if wanted == Member::Link {
                map.next_value_seed(Links(&mut |link| found.take(link)))?;
            } else {
                map.next_value_seed(Level {
                    found,
                    wanted: Member::Link,
                })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_in_every_shape_of_the_answer() {
        let cases = [
            // As documented.
            (
                r#"{"agentSessionLocation":{"link":{"@href":"h","@rel":"location"}}}"#,
                Some("h"),
            ),
            (
                r#"<agentSessionLocation><link href="h" rel="location"/></agentSessionLocation>"#,
                Some("h"),
            ),
            // One or many, with and without `@`, other links beside it.
            (
                r#"{"agentSessionLocation":{"link":[{"href":"x","rel":"self"},{"rel":"location","href":"h"}]}}"#,
                Some("h"),
            ),
            (
                r#"<agentSessionLocation><link href="x" rel="self"/><link rel="Location" href="h"></link></agentSessionLocation>"#,
                Some("h"),
            ),
            (
                r#"{"agentSessionLocation":[{"link":[{"@href":" h "}]}]}"#,
                Some("h"),
            ),
            (
                r#"{"agentSessionLocation":{"link":{"@href":{"$":"h"}}}}"#,
                Some("h"),
            ),
            (r#"{"agentSessionLocation":{"link":"h"}}"#, Some("h")),
            (
                "<agentSessionLocation><link>h</link></agentSessionLocation>",
                Some("h"),
            ),
            // Any namespace, a declaration, children instead of attributes, entities.
            (
                r#"<?xml version="1.0"?><n:agentSessionLocation xmlns:n="x"><n:link n:href="a?b&amp;c"/></n:agentSessionLocation>"#,
                Some("a?b&c"),
            ),
            (
                r#"<agentSessionLocation xmlns="x"><link><rel>location</rel><href><![CDATA[h]]></href></link></agentSessionLocation>"#,
                Some("h"),
            ),
            // Nothing to be found.
            (r#"{"agentSessionLocation":{"link":{"@href":""}}}"#, None),
            (r#"{"agentSessionLocation":{"link":null}}"#, None),
            (r#"{"agentSessionLocation":null}"#, None),
            (r#"{"link":{"@href":"h"}}"#, None),
            (r#"{"other":{"link":{"@href":"h"}}}"#, None),
            (r#"<other><link href="h"/></other>"#, None),
            ("<agentSessionLocation/>", None),
            ("", None),
            ("oauth_problem=x", None),
            ("<!DOCTYPE html><html></html>", None),
            // Cut off: the header has to tell.
            (r#"{"agentSessionLocation":{"link":{"@href":"h"}}"#, None),
            (r#"<agentSessionLocation><link href="h"/>"#, None),
        ];
        for (body, expect) in cases {
            assert_eq!(
                session_location(body.as_bytes()).as_deref(),
                expect,
                "{body}"
            );
        }
    }
}
