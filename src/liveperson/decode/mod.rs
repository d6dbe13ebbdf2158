//! `availableAgents` in JSON and XML, from bytes to agents (contract §4.2–4.5), and the hosts and
//! addresses that other answers tell. Pure and total: any bytes give agents or one sentence, and
//! the same agents give the same result in both formats.
//!
//! What is broken in one agent never sinks the list: an entry without an id is skipped and told,
//! a member of the wrong type counts as absent. Only a broken document is an error.

pub mod discovery;
mod draft;
mod json;
mod location;
mod page;
mod scalar;
mod xml;

pub use json::json;
pub use location::session_location;
pub use xml::xml;

use crate::domain::{Skipped, SourceAgent};

// For the account configuration, which is JSON of the same kind.
pub(super) use self::{json::document, scalar::Scalar};

/// Elements or values inside each other; `serde_json` stops at the same depth.
const DEEPEST: usize = 128;

/// What one answer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Agents sorted by id, each id once.
    pub agents: Vec<SourceAgent>,
    /// Entries that could not be used, in the order of the answer.
    pub skipped: Vec<Skipped>,
    /// `href` of the `next` link, as sent.
    pub next: Option<String>,
}

/// The two formats of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON that a machine made of XML.
    Json,
    /// XML.
    Xml,
}

/// Why an answer is not a list of agents. The sentence never quotes the answer, except for the
/// name of its root: answers hold e-mail addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nothing but blanks.
    #[error("the answer is empty")]
    Empty,
    /// HTML.
    #[error(
        "the answer looks like a web page (HTML), as proxies and portals send; check what stands between here and LivePerson"
    )]
    WebPage,
    /// Begins like nothing we asked for.
    #[error("the answer is neither JSON nor XML")]
    NeitherFormat,
    /// Not UTF-8.
    #[error("the answer is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// First wrong byte, counted from 0.
        at: usize,
    },
    /// Ends in the middle.
    #[error("the answer is cut off: it ends in the middle of the document")]
    Truncated,
    /// Breaks the format's own rules.
    #[error("the answer is not well-formed, at {place}")]
    Malformed {
        /// `line 3 column 7` or `byte 120`.
        place: String,
    },
    /// Another document.
    #[error("unexpected document `{found}` where `availableAgents` was asked for")]
    OtherDocument {
        /// Name of the root, shortened to plain characters.
        found: String,
    },
    /// An error of the source inside a successful answer (contract §7.1).
    #[error("the answer is an error of LivePerson{}", code(*.internal_code))]
    Reported {
        /// LivePerson's own number.
        internal_code: Option<i64>,
    },
    /// Text or a number where a list belongs: taking it for an empty list would lose everybody.
    #[error("`{member}` of the answer is not a list")]
    NotAList {
        /// The member.
        member: &'static str,
    },
    /// More than 128 levels.
    #[error("the answer is nested deeper than {DEEPEST} levels")]
    TooDeep,
    /// A document type declaration or an entity that XML itself does not know.
    #[error("the answer declares or uses entities of its own, which is refused")]
    Entities,
}

fn code(internal: Option<i64>) -> String {
    internal.map_or_else(String::new, |number| format!(", internalCode {number}"))
}

/// Tells the format from the first byte that is not blank. The `Content-Type` header is not asked:
/// where it is right it says the same, and where it is missing or wrong the first byte decides.
pub fn sniff(body: &[u8]) -> Result<Format, DecodeError> {
    let body = without_bom(body);
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace());
    let body = start.map_or(&[][..], |at| &body[at..]);
    match body.first() {
        None => Err(DecodeError::Empty),
        Some(b'{' | b'[') => Ok(Format::Json),
        Some(b'<') if is_html(body) => Err(DecodeError::WebPage),
        Some(b'<') => Ok(Format::Xml),
        Some(_) => Err(DecodeError::NeitherFormat),
    }
}

/// Decodes either format.
pub fn any(body: &[u8]) -> Result<Decoded, DecodeError> {
    match sniff(body)? {
        Format::Json => json(body),
        Format::Xml => xml(body),
    }
}

fn is_html(body: &[u8]) -> bool {
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|start| {
            body.get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
        })
}

fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// The text of a body: checked once, so that no string in it is checked again.
fn text(body: &[u8]) -> Result<&str, DecodeError> {
    let body = without_bom(body);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(DecodeError::Empty);
    }
    std::str::from_utf8(body).map_err(|error| match error.error_len() {
        Some(_) => DecodeError::NotUtf8 {
            at: error.valid_up_to(),
        },
        None => DecodeError::Truncated,
    })
}

/// A name from an answer, made fit for a message: cut before an `@` that is not its first letter,
/// so that an address never gets through whole.
pub(super) fn plain(name: &str) -> String {
    let end = name.char_indices().skip(1).find(|(_, c)| *c == '@');
    name[..end.map_or(name.len(), |(at, _)| at)]
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.:@".contains(*c))
        .take(40)
        .collect()
}

#[cfg(test)]
mod tests;
