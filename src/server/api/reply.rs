//! Envelopes of the livechat API (livechat contract §1.4, §1.5.1, §1.7, §1.9).

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA},
};
use http_body_util::{Either, Full, combinators::UnsyncBoxBody};
use prometheus_client::metrics::counter::Counter;

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
    known: [(StatusCode, Counter); 14],
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
