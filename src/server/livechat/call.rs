//! One request, understood (livechat contract §1.2).

use std::net::IpAddr;

use http::HeaderMap;
use hyper::body::Incoming;
use serde_json::{Map, Value};

use super::{account::Caller, failure::Failure};
use crate::conversation::document::Source;

/// A request on its way to its endpoint; query and body have passed their check.
#[derive(Debug)]
pub(in super::super) struct Call {
    /// The path's parameters in order, decoded.
    pub(in super::super) path: Vec<String>,
    /// The query as `qs` reads it: always an object.
    pub(in super::super) query: Value,
    /// The body; an empty object where there is none or it cannot be read.
    pub(in super::super) body: Value,
    /// The body itself, for endpoints that read it as a stream.
    pub(in super::super) stream: Option<Incoming>,
    /// As sent.
    pub(in super::super) headers: HeaderMap,
    /// Address of the client.
    pub(in super::super) client: IpAddr,
    /// Who is logged in.
    pub(in super::super) caller: Option<Caller>,
}

impl Call {
    /// The path's parameter at a place.
    pub(in super::super) fn path(&self, place: usize) -> &str {
        self.path.get(place).map_or("", String::as_str)
    }

    /// A text of the query; absent and `null` are the same.
    pub(in super::super) fn query_text(&self, key: &str) -> Option<String> {
        text(self.query.get(key))
    }

    /// A count of the query, such as `count` or `offset`; negative ones are 0.
    pub(in super::super) fn query_count(&self, key: &str) -> Option<usize> {
        let number = self.query.get(key)?.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float's cast saturates, and what is below zero becomes zero"
        )]
        let count = number.max(0.0) as usize;
        Some(count)
    }

    /// A text of the body; absent and `null` are the same.
    pub(in super::super) fn body_text(&self, key: &str) -> Option<String> {
        text(self.body.get(key))
    }

    /// A text of the body that its schema requires.
    pub(in super::super) fn required_text(&self, key: &str) -> String {
        self.body_text(key).unwrap_or_default()
    }

    /// An object of the body.
    pub(in super::super) fn body_object(&self, key: &str) -> Option<&Map<String, Value>> {
        self.body.get(key)?.as_object()
    }

    /// A header as text.
    pub(in super::super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Who is logged in, on endpoints that require it.
    pub(in super::super) fn logged_in(&self) -> Result<&Caller, Failure> {
        self.caller.as_ref().ok_or(Failure::NotLoggedIn)
    }

    /// `widget` when the cookies say so (livechat contract §2.6), else `api`.
    pub(in super::super) fn source(&self) -> Source {
        let cookies = self.header("cookie").unwrap_or_default();
        let has = |wanted: &str| cookies.split(';').any(|cookie| cookie.trim() == wanted);
        if has("rc_room_type=l") && has("rc_is_widget=t") {
            Source {
                kind: "widget".to_owned(),
                destination: self.header("host").map(str::to_owned),
            }
        } else {
            Source {
                kind: "api".to_owned(),
                destination: None,
            }
        }
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value?.as_str().map(str::to_owned)
}
