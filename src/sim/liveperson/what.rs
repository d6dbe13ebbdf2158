//! What can go wrong, and how each of it is written in JSON: a word, or an object of one member.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong. Those that speak of a list do nothing at places without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Word", into = "Word")]
pub enum What {
    /// Nothing: for a delay alone.
    Nothing,
    /// A proxy's HTML page with status 503 instead of the answer.
    Html503,
    /// An HTML page with status 200 instead of the answer.
    Html200,
    /// This status with the body that LivePerson sends beside it (contract §7.1); empty for 204
    /// and 304.
    Status(u16),
    /// The same with a `Retry-After`.
    StatusRetryAfter(u16, String),
    /// Exactly this instead of the answer: strings as errors, a login without bearer.
    Answer {
        /// Status, 200–999.
        status: u16,
        /// `Content-Type`; none when empty.
        content_type: String,
        /// Body.
        body: String,
    },
    /// The true answer under another `Content-Type`; without one when empty.
    ContentType(String),
    /// The true answer, well-formed HTTP, but the document ends after so many bytes.
    Truncate(usize),
    /// The true head, the first so many bytes of the body, then a connection reset.
    Reset(usize),
    /// A list without agents, users, skills or groups.
    EmptyList,
    /// A list of the first half of them.
    HalfList,
    /// The link of the list names this account.
    ForeignAccount(String),
    /// The link of the list, and every address of an agent session, names this host.
    ForeignNext(String),
    /// A valid beginning of a list that goes on for so many bytes, sent in chunks.
    HugeBody(u64),
    /// The same under `Content-Encoding: gzip`: so many bytes, about 158 to 1 on the wire.
    GzipBomb(u64),
    /// An XML list whose first agent's nickname is a nest of entities worth 10⁹ letters.
    EntityBomb,
    /// No answer at all, until another fault or none is set at the place, or the client leaves.
    Silence,
    /// A login that answers 200 without bearer, and logs nobody in.
    NoBearer,
    /// The true answer, so many bytes at a time, with so long a wait by the clock in between.
    SlowDrip {
        /// At least 1.
        bytes: usize,
        /// Wait between two pieces.
        every: Duration,
    },
}

/// [`What`] as JSON says it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Word {
    Nothing,
    #[serde(rename = "html_503")]
    Html503,
    #[serde(rename = "html_200")]
    Html200,
    EmptyList,
    HalfList,
    EntityBomb,
    Silence,
    NoBearer,
    Status {
        code: u16,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<String>,
    },
    Answer {
        status: u16,
        #[serde(default)]
        content_type: String,
        #[serde(default)]
        body: String,
    },
    ContentType(String),
    Truncate(usize),
    Reset(usize),
    ForeignAccount(String),
    HugeBody(u64),
    GzipBomb(u64),
    SlowDrip {
        bytes: usize,
        every_ms: u64,
    },
    ForeignNext(String),
}

/// A number or text that no answer can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("a status is a number from 200 to 999")]
    Status,
    #[error("slow_drip needs bytes of at least 1")]
    Drip,
    #[error("a header holds printable ASCII only")]
    Header,
}

impl TryFrom<Word> for What {
    type Error = Refused;

    fn try_from(word: Word) -> Result<Self, Refused> {
        let header = |text: String| {
            let fits = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            fits.then_some(text).ok_or(Refused::Header)
        };
        let in_range = |status: u16| match status {
            200..=999 => Ok(status),
            _ => Err(Refused::Status),
        };
        Ok(match word {
            Word::Nothing => Self::Nothing,
            Word::Html503 => Self::Html503,
            Word::Html200 => Self::Html200,
            Word::EmptyList => Self::EmptyList,
            Word::HalfList => Self::HalfList,
            Word::EntityBomb => Self::EntityBomb,
            Word::Silence => Self::Silence,
            Word::NoBearer => Self::NoBearer,
            Word::Status { code, retry_after } => match retry_after {
                None => Self::Status(in_range(code)?),
                Some(wait) => Self::StatusRetryAfter(in_range(code)?, header(wait)?),
            },
            Word::Answer {
                status,
                content_type,
                body,
            } => Self::Answer {
                status: in_range(status)?,
                content_type: header(content_type)?,
                body,
            },
            Word::ContentType(name) => Self::ContentType(header(name)?),
            Word::Truncate(size) => Self::Truncate(size),
            Word::Reset(size) => Self::Reset(size),
            Word::ForeignAccount(account) => Self::ForeignAccount(account),
            Word::HugeBody(size) => Self::HugeBody(size),
            Word::GzipBomb(size) => Self::GzipBomb(size),
            Word::SlowDrip { bytes: 0, .. } => return Err(Refused::Drip),
            Word::SlowDrip { bytes, every_ms } => Self::SlowDrip {
                bytes,
                every: Duration::from_millis(every_ms),
            },
            Word::ForeignNext(host) => Self::ForeignNext(header(host)?),
        })
    }
}

impl From<What> for Word {
    fn from(what: What) -> Self {
        match what {
            What::Nothing => Self::Nothing,
            What::Html503 => Self::Html503,
            What::Html200 => Self::Html200,
            What::Status(code) => Self::Status {
                code,
                retry_after: None,
            },
            What::StatusRetryAfter(code, wait) => Self::Status {
                code,
                retry_after: Some(wait),
            },
            What::Answer {
                status,
                content_type,
                body,
            } => Self::Answer {
                status,
                content_type,
                body,
            },
            What::ContentType(name) => Self::ContentType(name),
            What::Truncate(size) => Self::Truncate(size),
            What::Reset(size) => Self::Reset(size),
            What::EmptyList => Self::EmptyList,
            What::HalfList => Self::HalfList,
            What::ForeignAccount(account) => Self::ForeignAccount(account),
            What::ForeignNext(host) => Self::ForeignNext(host),
            What::HugeBody(size) => Self::HugeBody(size),
            What::GzipBomb(size) => Self::GzipBomb(size),
            What::EntityBomb => Self::EntityBomb,
            What::Silence => Self::Silence,
            What::NoBearer => Self::NoBearer,
            What::SlowDrip { bytes, every } => Self::SlowDrip {
                bytes,
                every_ms: u64::try_from(every.as_millis()).unwrap_or(u64::MAX),
            },
        }
    }
}
