//! Downloads of what visitors sent: `GET /file-upload/<id>/<name>` (livechat contract §4.7.7).
//!
//! Whoever may fetch a file: its visitor (`rc_token`, `rc_room_type`, `rc_rid` in the query or as cookies),
//! whoever has the link that its visitor was given (`token`), and accounts that may read the room. The
//! bytes are a stranger's: nothing that could be a page is shown as one.

use std::{fs::File, io, io::Read as _, sync::Arc};

use bytes::Bytes;
use futures_util::stream;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        COOKIE, X_CONTENT_TYPE_OPTIONS,
    },
};
use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::Value;

use super::{
    super::{api::Body, query},
    Livechat,
    account::{Permission, sha256_hex},
    upload,
};
use crate::{
    conversation::document::{Room, StoredFile},
    ports::blocking,
};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Types that a browser may show in place: they carry no script.
const SHOWN: [&str; 5] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/bmp",
];

impl Livechat {
    /// Answers a request below `/file-upload/`; `None`: there is nothing of that name.
    pub(in super::super) async fn download(
        &self,
        request: Request<Incoming>,
    ) -> Option<Response<Body>> {
        let (parts, _) = request.into_parts();
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return None;
        }
        let (id, _name) = parts
            .uri
            .path()
            .strip_prefix("/file-upload/")?
            .split_once('/')?;
        let id = id.to_owned();
        let asked = query::object(parts.uri.query().unwrap_or_default());
        let wanted = id.clone();
        let found = self
            .conversations
            .ask(move |chats| chats.file_with_room(&wanted))
            .await;
        let (file, room) = match found {
            Ok(found) => found?,
            Err(_) => return Some(empty(StatusCode::INTERNAL_SERVER_ERROR)),
        };
        let presented = Presented::of(&asked, &parts.headers);
        if !(presented.visitor_of(&file, &room) || self.may_fetch(&presented, &room).await) {
            return Some(empty(StatusCode::FORBIDDEN));
        }
        let files = self.conversations.files();
        let opened = blocking(move || {
            let file = files.read(&id)?;
            let size = file.metadata()?.len();
            Ok::<_, io::Error>((file, size))
        });
        match opened.await {
            Ok((bytes, size)) => Some(answer(&file, bytes, size, asked.get("download").is_some())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::error!("a file that a visitor sent cannot be read: {error}");
                Some(empty(StatusCode::INTERNAL_SERVER_ERROR))
            }
        }
    }

    /// Whether the request's account may read the room.
    async fn may_fetch(&self, presented: &Presented, room: &Room) -> bool {
        let Ok(Some(caller)) = self.caller(&presented.account).await else {
            return false;
        };
        if !caller.may(Permission::ViewRoom) {
            return false;
        }
        let (actor, all) = (caller.actor(), caller.may(Permission::ViewRooms));
        let room = room.clone();
        let asked = self
            .conversations
            .ask(move |chats| Ok(chats.may_read(&actor, &room, all)));
        asked.await.unwrap_or(false)
    }
}

/// What a request shows to be let in.
struct Presented {
    token: Option<String>,
    room_type: Option<String>,
    rid: Option<String>,
    /// The link's own key.
    key: Option<String>,
    /// Headers of an account, also where they came otherwise.
    account: HeaderMap,
}

impl Presented {
    fn of(asked: &Value, headers: &HeaderMap) -> Self {
        let cookies = headers
            .get(COOKIE)
            .and_then(|cookies| cookies.to_str().ok());
        let cookies: Vec<_> = cookies
            .unwrap_or_default()
            .split(';')
            .filter_map(|cookie| cookie.trim().split_once('='))
            .collect();
        let value = |key: &str| {
            let in_query = asked.get(key).and_then(Value::as_str);
            let as_cookie = || cookies.iter().find(|(name, _)| *name == key);
            in_query.map(str::to_owned).or_else(|| {
                as_cookie().map(|(_, text)| super::super::api::decode_segment(text).into_owned())
            })
        };
        let token = value("rc_token");
        let mut account = HeaderMap::new();
        let given = [
            ("x-user-id", value("rc_uid")),
            ("x-auth-token", token.clone()),
        ];
        for (name, other) in given {
            let other = other.and_then(|text| HeaderValue::from_str(&text).ok());
            if let Some(value) = headers.get(name).cloned().or(other) {
                account.insert(HeaderName::from_static(name), value);
            }
        }
        Self {
            token,
            room_type: value("rc_room_type"),
            rid: value("rc_rid"),
            key: asked
                .get("token")
                .and_then(Value::as_str)
                .map(str::to_owned),
            account,
        }
    }

    /// Whether it is the file's visitor, or has the link they were given. Secrets are compared by their
    /// hashes, so that how long it takes tells nothing of them.
    fn visitor_of(&self, file: &StoredFile, room: &Room) -> bool {
        let same = |a: &str, b: &str| sha256_hex(a) == sha256_hex(b);
        let token = &room.v.token;
        let in_person = self.room_type.as_deref() == Some("l")
            && self.rid.as_deref() == Some(&file.rid)
            && self.token.as_ref().is_some_and(|given| same(given, token));
        let by_link = self
            .key
            .as_ref()
            .is_some_and(|given| same(given, &upload::key(token, &file.id)));
        in_person || by_link
    }
}

fn answer(about: &StoredFile, file: File, size: u64, saved: bool) -> Response<Body> {
    let in_place = SHOWN.contains(&about.kind.as_str())
        || about.kind.starts_with("audio/")
        || about.kind.starts_with("video/");
    let manner = if in_place && !saved {
        "inline"
    } else {
        "attachment"
    };
    let name = upload::escaped(&about.name);
    let disposition = format!("{manner}; filename*=UTF-8''{name}");
    let mut response = Response::new(Either::Right(pieces(file)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, harmless(&about.kind));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (CACHE_CONTROL, "private, max-age=3600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The type that is told: a stranger's word, unless a browser could take it for a page or a script.
fn harmless(kind: &str) -> HeaderValue {
    const NEVER: [&str; 4] = ["html", "xml", "svg", "script"];
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+/".contains(c);
    let is_plain = kind.matches('/').count() == 1 && kind.chars().all(plain);
    let told = (is_plain && !NEVER.iter().any(|word| kind.contains(word)))
        .then(|| HeaderValue::from_str(kind).ok())
        .flatten();
    told.unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// A file piece by piece, read beside the runtime.
fn pieces(file: File) -> http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error> {
    let file = Arc::new(file);
    let read = stream::try_unfold(file, |file| async move {
        let same = Arc::clone(&file);
        let piece = blocking(move || {
            let mut piece = Vec::with_capacity(PIECE);
            let most = u64::try_from(PIECE).unwrap_or(u64::MAX);
            (&*same).take(most).read_to_end(&mut piece)?;
            Ok::<_, io::Error>(piece)
        })
        .await?;
        let more = (!piece.is_empty()).then(|| (Frame::data(Bytes::from(piece)), file));
        Ok::<_, io::Error>(more)
    });
    StreamBody::new(read).boxed_unsync()
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::new())));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_that_a_browser_would_run() {
        let cases = [
            ("image/png", "image/png"),
            ("text/plain", "text/plain"),
            ("text/html", "application/octet-stream"),
            ("image/svg+xml", "application/octet-stream"),
            ("application/xhtml+xml", "application/octet-stream"),
            ("text/javascript", "application/octet-stream"),
            ("text", "application/octet-stream"),
            ("a/b\r\nx: y", "application/octet-stream"),
        ];
        for (kind, told) in cases {
            assert_eq!(harmless(kind), told);
        }
    }
}
