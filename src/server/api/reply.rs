//! Envelopes of the livechat API (livechat contract §1.4, §1.5.1, §1.7, §1.9).

use std::{fmt::Write as _, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, PRAGMA, X_CONTENT_TYPE_OPTIONS},
};
use http_body_util::{Either, Full, combinators::UnsyncBoxBody};
use prometheus_client::metrics::counter::Counter;
use sha2::{Digest as _, Sha256};

use crate::telemetry::{Metrics, metrics::Request};

/// What public answers are made of: bytes at once, or a file as it is read.
pub(in super::super) type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, std::io::Error>>;

/// Room for every header an answer can have, ours and hyper's, so that the map never grows.
const HEADERS: usize = 12;

/// A JSON answer, `content-type` without a charset.
pub(in super::super) fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = bare(status, body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// A plain text answer, as the target's router gives them.
pub(in super::super) fn text(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = bare(status, Bytes::from_static(body.as_bytes()));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=UTF-8"),
    );
    response
}

/// A document that a client may keep, with its tag: 304 when the client has it (`If-None-Match`).
pub(in super::super) fn document(
    asked: &HeaderMap,
    kind: &'static str,
    tag: &HeaderValue,
    body: &Bytes,
) -> Response<Body> {
    let has_it = asked.get_all(IF_NONE_MATCH).iter().any(|known| {
        let known = known.to_str().unwrap_or_default().split(',');
        let mut known = known.map(|one| one.trim().trim_start_matches("W/"));
        known.any(|one| one == "*" || one.as_bytes() == tag.as_bytes())
    });
    let mut response = if has_it {
        bare(StatusCode::NOT_MODIFIED, Bytes::new())
    } else {
        let mut whole = bare(StatusCode::OK, body.clone());
        let headers = whole.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        whole
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, tag.clone());
    // Kept, but asked after each time: a new build has old names.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The tag of a document: it changes with the bytes.
pub(in super::super) fn tag(body: &[u8]) -> HeaderValue {
    let mut tag = String::with_capacity(18);
    tag.push('"');
    for byte in Sha256::digest(body).iter().take(8) {
        // Writing into a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Unknown route, and wrong method on a known one: upstream has no 405 for methods.
pub(in super::super) fn not_found() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "404 Not Found")
}

/// Rate limit exceeded: no `errorType` and no `Retry-After`. Seconds are rounded up.
pub(super) fn too_many(resets_in: Duration) -> Response<Body> {
    let seconds = resets_in.as_millis().div_ceil(1_000);
    let body = format!(
        r#"{{"success":false,"error":"Error, too many requests. Please slow down. You must wait {seconds} seconds before trying this endpoint again. [error-too-many-requests]"}}"#
    );
    json(StatusCode::TOO_MANY_REQUESTS, Bytes::from(body))
}

/// No content and no type.
pub(in super::super) fn empty(status: StatusCode) -> Response<Body> {
    bare(status, Bytes::new())
}

fn bare(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::with_capacity(HEADERS);
    response
}

/// Requests by status, resolved once: a look-up by label costs more than the whole count.
pub(super) struct StatusCounters {
    known: [(StatusCode, Counter); 15],
}

impl StatusCounters {
    pub(super) fn new(metrics: &Metrics) -> Self {
        // Every status that is given anywhere in this listener, the hottest first.
        let known = [
            StatusCode::OK,
            StatusCode::BAD_REQUEST,
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::NOT_FOUND,
            StatusCode::FORBIDDEN,
            StatusCode::METHOD_NOT_ALLOWED,
            StatusCode::UNAUTHORIZED,
            StatusCode::INTERNAL_SERVER_ERROR,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::SWITCHING_PROTOCOLS,
            StatusCode::PARTIAL_CONTENT,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::UPGRADE_REQUIRED,
            StatusCode::NOT_MODIFIED,
        ]
        .map(|status| {
            let labels = Request {
                listener: "api",
                status: status.as_u16(),
            };
            (status, metrics.http_requests.get_or_create_owned(&labels))
        });
        Self { known }
    }

    pub(super) fn count(&self, status: StatusCode) {
        if let Some((_, counter)) = self.known.iter().find(|(known, _)| *known == status) {
            counter.inc();
        }
    }
}
