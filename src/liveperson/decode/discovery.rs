//! Hosts of LivePerson's services, as discovery and the login answer tell them (contract §1).
//!
//! The documentation prints two shapes for the same call, so both are read anywhere:
//! `{"service", "account", "baseURI"}` and `{"baseURIs": [ … ]}`. Which hosts may be used is not
//! decided here but by the rule that guards the credentials.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{DecodeError, json, scalar::Scalar, text};

/// What an answer says about one service of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A bare host, as sent: not checked yet.
    Host(String),
    /// The service is there, but only for other accounts.
    OtherAccount,
    /// The service is not there.
    Nothing,
}

/// Finds `service` (names are case-sensitive) in the body of a discovery answer. Errors are those
/// of the JSON form; what is JSON of another shape names nothing.
pub fn host(body: &[u8], service: &str, account: &str) -> Result<Named, DecodeError> {
    let mut search = Search::new(service, account);
    let mut deserializer = serde_json::Deserializer::from_str(text(body)?);
    Directory(&mut search)
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| json::said(&error))?;
    Ok(search.found())
}

/// The same in a document that was parsed before, such as the login answer's
/// `csdsCollectionResponse`.
pub fn host_in(document: &Value, service: &str, account: &str) -> Named {
    let mut search = Search::new(service, account);
    match Directory(&mut search).deserialize(document) {
        Ok(()) => search.found(),
        Err(_) => Named::Nothing,
    }
}

/// Looks while the document is read, so that a long list of services costs no memory.
struct Search<'q> {
    service: &'q str,
    account: &'q str,
    /// Best so far. An entry with the service's name beats one without a name, which only the call
    /// for a single service can mean; then our account beats another one, whose host is not kept.
    best: Option<(Rank, Option<String>)>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    has_name: bool,
    ours: bool,
}

/// One item of the list, in the making.
#[derive(Default)]
struct Entry {
    service: Option<String>,
    account: Option<String>,
    base: Option<String>,
}

impl<'q> Search<'q> {
    fn new(service: &'q str, account: &'q str) -> Self {
        Self {
            service,
            account,
            best: None,
        }
    }

    /// Of equal entries the first counts.
    fn take(&mut self, entry: Entry) {
        let Some(base) = entry.base else { return };
        if entry
            .service
            .as_ref()
            .is_some_and(|name| name != self.service)
        {
            return;
        }
        let rank = Rank {
            has_name: entry.service.is_some(),
            ours: entry.account.is_none_or(|id| id == self.account),
        };
        if self.best.as_ref().is_none_or(|(best, _)| *best < rank) {
            self.best = Some((rank, rank.ours.then_some(base)));
        }
    }

    fn found(self) -> Named {
        match self.best {
            Some((_, Some(host))) => Named::Host(host),
            Some((_, None)) => Named::OtherAccount,
            None => Named::Nothing,
        }
    }
}

/// The whole document: an entry, a list of them under `baseURIs`, or both.
struct Directory<'s, 'q>(&'s mut Search<'q>);
/// The value of `baseURIs`: one or many.
struct Entries<'s, 'q>(&'s mut Search<'q>);

impl Directory<'_, '_> {
    #[expect(clippy::unused_self, reason = "the shape that the macro asks for")]
    fn nothing(self, _value: Scalar<'_>) {}
}

impl Entries<'_, '_> {
    #[expect(clippy::unused_self, reason = "the shape that the macro asks for")]
    fn nothing(self, _value: Scalar<'_>) {}
}

impl<'de> DeserializeSeed<'de> for Directory<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Directory<'_, '_> {
    type Value = ();
    json::scalars!(nothing);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        members(map, self.0)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();
    json::scalars!(nothing);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Entries(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        members(map, self.0)
    }
}

fn members<'de, A: MapAccess<'de>>(mut map: A, search: &mut Search<'_>) -> Result<(), A::Error> {
    let mut entry = Entry::default();
    while let Some(name) = map.next_key::<Cow<'de, str>>()? {
        let slot = match name.as_ref() {
            "baseURIs" => {
                map.next_value_seed(Entries(search))?;
                continue;
            }
            "service" => &mut entry.service,
            "account" => &mut entry.account,
            "baseURI" => &mut entry.base,
            _ => {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
        };
        let value = map.next_value::<Scalar<'de>>()?.into_text();
        *slot = slot.take().or(value);
    }
    search.take(entry);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(document: &str, service: &str) -> String {
        let found = host(document.as_bytes(), service, "1").unwrap();
        let parsed: Value = serde_json::from_str(document).unwrap();
        assert_eq!(host_in(&parsed, service, "1"), found, "{document}");
        match found {
            Named::Host(host) => host,
            Named::OtherAccount => "other".to_owned(),
            Named::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn every_documented_shape_of_discovery_names_the_host() {
        let cases = [
            (r#"{"service":"agentVep","account":"1","baseURI":"h"}"#, "h"),
            (r#"{"baseURI":"h"}"#, "h"),
            (
                r#"{"baseURIs":[{"service":"idp","account":"1","baseURI":"x"},{"service":"agentVep","account":1,"baseURI":"h"}]}"#,
                "h",
            ),
            (
                r#"{"baseURIs":{"service":"agentVep","account":"1","baseURI":"h"}}"#,
                "h",
            ),
            (r#"{"service":"agentvep","baseURI":"h"}"#, "nothing"),
            (r#"{"service":"agentVep","baseURI":""}"#, "nothing"),
            (r#"{"service":"agentVep","baseURI":null}"#, "nothing"),
            (r#"{"service":"agentVep"}"#, "nothing"),
            ("{}", "nothing"),
            ("[]", "nothing"),
            (r#"[{"baseURI":"h"}]"#, "nothing"),
            ("7", "nothing"),
            (r#"{"baseURIs":null}"#, "nothing"),
            (r#"{"baseURIs":"h"}"#, "nothing"),
            (
                r#"{"service":"agentVep","account":"2","baseURI":"h"}"#,
                "other",
            ),
        ];
        for (document, expect) in cases {
            assert_eq!(named(document, "agentVep"), expect, "{document}");
        }
    }

    #[test]
    fn any_service_is_found_and_the_entry_that_fits_best_wins() {
        let all = r#"{"baseURIs":[
            {"baseURI":"nameless"},
            {"service":"agentVep","account":"2","baseURI":"theirs"},
            {"service":"agentVep","account":"1","baseURI":" ours "},
            {"service":"agentVep","account":"1","baseURI":"second"},
            {"service":"accountConfigReadOnly","account":"1","baseURI":"config"},
            {"service":"idp","account":"2","baseURI":"x"}]}"#;
        let cases = [
            ("agentVep", "ours"),
            ("accountConfigReadOnly", "config"),
            ("smt", "nameless"),
        ];
        for (service, expect) in cases {
            assert_eq!(named(all, service), expect, "{service}");
        }
        let theirs = r#"{"baseURIs":[{"service":"idp","account":"2","baseURI":"x"}]}"#;
        let nameless_beside =
            r#"{"baseURI":"h","baseURIs":{"service":"idp","account":"2","baseURI":"x"}}"#;
        assert_eq!(named(nameless_beside, "idp"), "other");
        assert_eq!(named(theirs, "idp"), "other");
        assert_eq!(named(theirs, "smt"), "nothing");
    }

    #[test]
    fn a_body_that_is_not_json_is_an_error() {
        let cases = [
            (&b""[..], DecodeError::Empty),
            (b"{\"baseURI\":\"h", DecodeError::Truncated),
            (b"{\"a\xff\":1}", DecodeError::NotUtf8 { at: 3 }),
        ];
        for (body, expect) in cases {
            assert_eq!(host(body, "agentVep", "1"), Err(expect));
        }
        assert!(matches!(
            host(b"<html>", "agentVep", "1"),
            Err(DecodeError::Malformed { .. })
        ));
    }
}
