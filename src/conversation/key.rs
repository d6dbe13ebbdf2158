//! Keys of the documents. What clients choose (tokens, message ids, addresses) is in a key only as
//! its SHA-256: keys stay short, plain and tell nothing.
//!
//! | key | holds |
//! |---|---|
//! | `counter/guest` | number of the last guest |
//! | `contact/<id>` | a contact |
//! | `contact-email/<hash>`, `contact-phone/<hash>` | id of the contact |
//! | `email/<hash>`, `phone/<hash>`, `token/<hash>` | id of the visitor |
//! | `file/<id>` | a file that was sent |
//! | `inquiry/<room>` | an open room's place in the queue |
//! | `mail/<16 hexadecimal digits>` | a mail to be delivered |
//! | `mail-body/<mail>/<0 or 1>/<4 hexadecimal digits>` | a part of its text, or of its HTML |
//! | `mail-due/<16 hexadecimal digits>/<mail>` | the moment when it is tried next |
//! | `mails-of/<visitor>/<mail>` | a mail with a visitor's words in it |
//! | `message/<room>/<8 hexadecimal digits>` | a message, by its place in the room |
//! | `message-id/<hash>` | room and place of a message |
//! | `open/<visitor>/<room>` | an open room |
//! | `page/<token's hash>/<16 hexadecimal digits>` | a page seen before there was a room |
//! | `room/<id>` | a room |
//! | `rooms-of/<visitor>/<room>` | a room, open or closed |
//! | `session/<token's hash>` | a login of a service account |
//! | `visitor/<id>` | a visitor |

use sha2::{Digest as _, Sha256};

pub(super) const FILE: &str = "file/";
pub(super) const GUESTS: &str = "counter/guest";
pub(super) const MAIL: &str = "mail/";
pub(super) const MAIL_DUE: &str = "mail-due/";
pub(super) const INQUIRY: &str = "inquiry/";
pub(super) const CONTACT: &str = "contact/";
pub(super) const SESSION: &str = "session/";
pub(super) const ROOM: &str = "room/";
pub(super) const PAGE: &str = "page/";
pub(super) const VISITOR: &str = "visitor/";
pub(super) const OPEN: &str = "open/";

/// First 32 hexadecimal digits of the SHA-256 of what a client chose: 128 bits.
pub(super) fn hash(text: &str) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(text.as_bytes());
    let mut hex = String::with_capacity(32);
    for byte in &digest[..16] {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

pub(super) fn visitor(id: &str) -> String {
    format!("{VISITOR}{}", segment(id))
}

pub(super) fn token(token: &str) -> String {
    format!("token/{}", hash(token))
}

pub(super) fn email(address: &str) -> String {
    format!("email/{}", hash(address))
}

pub(super) fn phone(number: &str) -> String {
    format!("phone/{}", hash(number))
}

pub(super) fn room(id: &str) -> String {
    format!("{ROOM}{}", segment(id))
}

pub(super) fn open(visitor: &str, room: &str) -> String {
    format!("{OPEN}{}/{}", segment(visitor), segment(room))
}

pub(super) fn open_of(visitor: &str) -> String {
    format!("{OPEN}{}/", segment(visitor))
}

pub(super) fn room_of(visitor: &str, room: &str) -> String {
    format!("rooms-of/{}/{}", segment(visitor), segment(room))
}

pub(super) fn rooms_of(visitor: &str) -> String {
    format!("rooms-of/{}/", segment(visitor))
}

pub(super) fn inquiry(room: &str) -> String {
    format!("{INQUIRY}{}", segment(room))
}

pub(super) fn mail(id: &str) -> String {
    format!("{MAIL}{}", segment(id))
}

pub(super) fn mail_of(visitor: &str, id: &str) -> String {
    format!("mails-of/{}/{}", segment(visitor), segment(id))
}

pub(super) fn mails_of(visitor: &str) -> String {
    format!("mails-of/{}/", segment(visitor))
}

/// `kind` is 0 for the text, 1 for the HTML.
pub(super) fn mail_body(id: &str, kind: usize, part: u32) -> String {
    format!("mail-body/{}/{kind}/{part:04x}", segment(id))
}

pub(super) fn mail_due(moment: i64, id: &str) -> String {
    format!("{MAIL_DUE}{:016x}/{id}", moment.max(0))
}

pub(super) fn message(room: &str, number: u32) -> String {
    format!("message/{}/{number:08x}", segment(room))
}

pub(super) fn messages_of(room: &str) -> String {
    format!("message/{}/", segment(room))
}

pub(super) fn message_id(id: &str) -> String {
    format!("message-id/{}", hash(id))
}

pub(super) fn file(id: &str) -> String {
    format!("{FILE}{}", segment(id))
}

pub(super) fn contact(id: &str) -> String {
    format!("{CONTACT}{}", segment(id))
}

pub(super) fn contact_email(address: &str) -> String {
    format!("contact-email/{}", hash(address))
}

pub(super) fn contact_phone(number: &str) -> String {
    format!("contact-phone/{}", hash(number))
}

/// By the hash of its token, which is made elsewhere.
pub(super) fn session(hash: &str) -> String {
    format!("{SESSION}{}", segment(hash))
}

pub(super) fn page(token: &str, number: u64) -> String {
    format!("{PAGE}{}/{number:016x}", hash(token))
}

pub(super) fn pages_of(token: &str) -> String {
    format!("{PAGE}{}/", hash(token))
}

/// The last part of a key.
pub(super) fn last(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

/// The first text that is greater than every text with this prefix. Prefixes end in `/`, and `0`
/// is the character after it.
pub(super) fn after(prefix: &str) -> String {
    let mut end = prefix.trim_end_matches('/').to_owned();
    end.push('0');
    end
}

/// An id as part of a key. Ids made here are plain; a visitor's id may be a client's, and rooms are
/// looked for by whatever a client says.
fn segment(id: &str) -> std::borrow::Cow<'_, str> {
    let plain = !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain {
        id.into()
    } else {
        format!("~{}", hash(id)).into()
    }
}
