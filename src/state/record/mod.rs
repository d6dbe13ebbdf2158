//! What is stored: one JSON object a record, with its version first and its fields in fixed order.
//!
//! Apart from `domain` on purpose: the stored form is a promise to the next release, the domain
//! is not. A change of meaning gets a new `v`; a record with a newer `v` is refused, never guessed.

mod bridge;
mod counter;
mod latch;
mod moving;
mod run;
mod words;
mod write;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub(crate) use bridge::{CursorRecord, IdentityRecord, RosterRecord};
pub(crate) use counter::CounterRow;
pub(crate) use latch::LatchRecord;
pub(crate) use moving::{
    AgentLinkRecord, ChangeRecord, DepartmentLinkRecord, MoveRunRecord, OutcomeRecord,
};
pub(crate) use run::RunRecord;

/// Most bytes of one value. The engine moves bigger things into files of their own.
pub(crate) const LIMIT: usize = 32 * 1024;

/// A kind of record.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// Newest version this program writes and knows.
    const VERSION: u32;
}

/// Why stored bytes are not a record. Never carries the bytes themselves: they hold addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// A newer program wrote it.
    Newer { found: u32, known: u32 },
    /// It is not what it should be.
    Broken(String),
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

/// The bytes to store.
pub(crate) fn encode<R: Record>(record: &R) -> Vec<u8> {
    // Plain structs with text keys cannot fail to serialise into memory.
    serde_json::to_vec(record).unwrap_or_default()
}

/// The record in stored bytes.
pub(crate) fn decode<R: Record>(bytes: &[u8]) -> Result<R, Unreadable> {
    match serde_json::from_slice::<R>(bytes) {
        Ok(record) => Ok(record),
        Err(error) => Err(match serde_json::from_slice::<VersionOnly>(bytes) {
            Ok(VersionOnly { v }) if v > R::VERSION => Unreadable::Newer {
                found: v,
                known: R::VERSION,
            },
            Ok(_) | Err(_) => Unreadable::Broken(format!(
                "not a record of this kind, at byte {} of {}",
                error.column(),
                bytes.len()
            )),
        }),
    }
}

/// A `v` field that is always written as the newest version and refuses a newer one when read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version<const NEWEST: u32>;

impl<const NEWEST: u32> Serialize for Version<NEWEST> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(NEWEST)
    }
}

impl<'de, const NEWEST: u32> Deserialize<'de> for Version<NEWEST> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = u32::deserialize(deserializer)?;
        if found == NEWEST {
            Ok(Self)
        } else {
            Err(serde::de::Error::custom("another version"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Cursor, Generation, TargetId, Timestamp},
        state::tally::Tally,
    };

    #[test]
    fn the_stored_form_of_a_cursor_is_a_promise() {
        let record = CursorRecord::new(
            Generation(7),
            &Cursor {
                last_full: Some(Timestamp::from_millis(1_331_544_926_464)),
                ..Cursor::default()
            },
            Tally::default(),
        );
        assert_eq!(
            String::from_utf8(encode(&record)).unwrap(),
            r#"{"v":1,"generation":7,"last_full":1331544926464,"tally":"0000000000000000"}"#
        );
    }

    #[test]
    fn an_identity_names_a_former_id_only_where_there_is_one() {
        let before = r#"{"v":1,"source_id":"7","target_id":"t7","username":"ada"}"#;
        let after = r#"{"v":1,"source_id":"7","target_id":"u7","username":"ada","formerly":"t7"}"#;
        for (stored, formerly) in [(before, None), (after, Some("t7"))] {
            let identity = decode::<IdentityRecord>(stored.as_bytes()).unwrap();
            let identity = identity.into_domain();
            assert_eq!(identity.formerly.as_ref().map(TargetId::as_str), formerly);
            let again = encode(&IdentityRecord::new(&identity));
            assert_eq!(String::from_utf8(again).unwrap(), stored);
        }
    }

    #[test]
    fn a_newer_record_is_refused_and_a_broken_one_is_not_quoted() {
        let newer = br#"{"v":2,"generation":"of another shape"}"#;
        assert_eq!(
            decode::<CursorRecord>(newer),
            Err(Unreadable::Newer { found: 2, known: 1 })
        );
        for broken in [
            &b""[..],
            b"{}",
            br#"{"v":0,"generation":1}"#,
            br#"{"v":1,"generation":"ada@example.org"}"#,
            br#"{"v":1,"generation":1"#,
        ] {
            let Err(Unreadable::Broken(why)) = decode::<CursorRecord>(broken) else {
                panic!("{broken:?} was read");
            };
            assert!(!why.contains("ada"), "{why}");
        }
    }
}
