//! A request taken apart.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, request::Parts};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A request taken apart.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// As sent, without the query.
    pub(super) path: String,
    /// Decoded segments of the path.
    pub(super) segments: Vec<String>,
    /// Decoded names and values, in the order in which they came.
    pub(super) query: Vec<(String, String)>,
    /// `X-Auth-Token`.
    pub(super) token: Option<String>,
    /// `X-User-Id`.
    pub(super) user_id: Option<String>,
    /// `x-2fa-code`.
    pub(super) code: Option<String>,
    /// `x-2fa-method`.
    pub(super) code_method: Option<String>,
    pub(super) peer: IpAddr,
    /// An empty object without a body; nothing when it is no JSON.
    pub(super) body: Option<Value>,
}

impl Request {
    pub(super) fn read(parts: &Parts, body: &Bytes, peer: IpAddr) -> Self {
        let headers = &parts.headers;
        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or_default();
        Self {
            method: parts.method.clone(),
            path: path.to_owned(),
            segments: path.split('/').skip(1).map(decoded).collect(),
            query: query.split('&').filter_map(named).collect(),
            token: text(headers, "x-auth-token"),
            user_id: text(headers, "x-user-id"),
            code: text(headers, "x-2fa-code"),
            code_method: text(headers, "x-2fa-method"),
            peer,
            body: if body.is_empty() {
                Some(Value::Object(serde_json::Map::new()))
            } else {
                serde_json::from_slice(body).ok()
            },
        }
    }

    pub(super) fn reads(&self) -> bool {
        self.method == Method::GET
    }

    /// The first value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn named(pair: &str) -> Option<(String, String)> {
    let read = |text: &str| decoded(&text.replace('+', " "));
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (!name.is_empty()).then(|| (read(name), read(value)))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}
