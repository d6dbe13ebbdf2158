//! What clients see of visitors, rooms, messages and agents (livechat contract §3), over REST and
//! over the socket alike: only dates differ.

mod agent;
mod contact;
mod inquiry;
pub(super) mod markdown;
mod message;
mod room;
mod visitor;

use serde_json::{Map, Value, json};

pub(super) use agent::{agent, hidden_agent};
pub(super) use contact::{channels, contact, past_chat};
pub(super) use inquiry::{inquiry, inquiry_summary};
pub(super) use message::message;
pub(super) use room::{found_room, room, room_summary};
pub(super) use visitor::{guest, visitor};

use crate::conversation::document::Moment;

/// How moments are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    /// `2021-07-09T20:12:19.795Z` (livechat contract §1.10).
    Iso,
    /// `{"$date": 1625861539795}`, over DDP.
    Ejson,
}

impl Dates {
    pub(super) fn write(self, at: Moment) -> Value {
        match self {
            Self::Iso => Value::from(at.to_string()),
            Self::Ejson => json!({ "$date": at.0 }),
        }
    }
}

/// Keys and values in order; what is absent stays absent (livechat contract §1.10).
#[derive(Debug, Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn put(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// Nothing where there is nothing.
    pub(super) fn maybe(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.put(key, value),
            None => self,
        }
    }

    pub(super) fn done(self) -> Map<String, Value> {
        self.0
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}
