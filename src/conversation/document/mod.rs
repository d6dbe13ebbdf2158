//! What is kept: one JSON document a thing, in an envelope with its version. Apart from the wire:
//! the face's shapes are in `server`, and may change without these.

mod contact;
mod file;
mod mail;
mod message;
mod page;
mod person;
mod room;
mod session;

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use contact::{Conflict, Contact};
pub use file::StoredFile;
pub use mail::{Mail, MailState};
pub use message::{Author, Editor, FileRef, Message};
pub use page::Page;
pub use person::{LastAgent, Visitor};
pub use room::{
    ClosedBy, Closer, Inquiry, InquiryStatus, LastResponse, Metrics, Room, RoomVisitor, ServedBy,
    Source, TranscriptRequest,
};
pub use session::Session;

use crate::domain::Timestamp;

/// A kind of document.
pub trait Document: Serialize + DeserializeOwned {
    /// Newest version this program writes and knows.
    const VERSION: u32;
}

/// Milliseconds since 1970 in UTC; prints as livechat contract §1.10 says.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at.millis())
    }
}

impl From<Moment> for Timestamp {
    fn from(at: Moment) -> Self {
        Self::from_millis(at.0)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Timestamp::from(*self).fmt(f)
    }
}

#[derive(Serialize)]
struct Sealed<'a, T> {
    v: u32,
    d: &'a T,
}

#[derive(Deserialize)]
struct Opened<T> {
    v: u32,
    d: T,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

/// Why stored bytes are not a document of this kind. Never carries the bytes: visitors wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// A newer program wrote it.
    Newer {
        /// Version found.
        found: u32,
    },
    /// It is not what it should be.
    Broken {
        /// Where it stops making sense.
        at: usize,
    },
}

/// The bytes to keep.
pub(super) fn seal<T: Document>(document: &T) -> Vec<u8> {
    let sealed = Sealed {
        v: T::VERSION,
        d: document,
    };
    // Plain structs with text keys cannot fail to serialise into memory.
    serde_json::to_vec(&sealed).unwrap_or_default()
}

/// Bytes that a document takes.
pub(super) fn size<T: Document>(document: &T) -> usize {
    seal(document).len()
}

/// The document in kept bytes.
pub(super) fn open<T: Document>(bytes: &[u8]) -> Result<T, Unreadable> {
    match serde_json::from_slice::<Opened<T>>(bytes) {
        Ok(opened) if opened.v <= T::VERSION => Ok(opened.d),
        Ok(opened) => Err(Unreadable::Newer { found: opened.v }),
        Err(error) => Err(match serde_json::from_slice::<VersionOnly>(bytes) {
            Ok(VersionOnly { v }) if v > T::VERSION => Unreadable::Newer { found: v },
            Ok(_) | Err(_) => Unreadable::Broken { at: error.column() },
        }),
    }
}
