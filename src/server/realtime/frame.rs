//! Frames of DDP (livechat contract §6.3): what clients say, and what is said to them.
//!
//! Refusals have the shapes of Meteor: a frame that makes no sense gets `error` and nothing else
//! happens; what was refused for a reason gets an error object with `error`, `reason`, `message`.

use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Versions of the protocol, the best first.
const VERSIONS: [&str; 3] = ["1", "pre2", "pre1"];

/// Longest id or name that is kept, in bytes; those of clients are below 100.
const LONGEST_NAME: usize = 256;

/// What a client says.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// Wants a session. `Err` names the version that could be spoken instead.
    Connect(Result<&'static str, &'static str>),
    /// Asks whether we are there.
    Ping(Option<Value>),
    /// Is there.
    Pong,
    /// Wants to hear of something.
    Sub {
        id: String,
        name: String,
        params: Vec<Value>,
    },
    /// Wants to hear no more of it.
    Unsub(String),
    /// Wants something done.
    Method {
        id: String,
        name: String,
        params: Vec<Value>,
    },
    /// Makes no sense: why, and what was said if it was JSON.
    Nonsense(&'static str, Option<Value>),
}

/// Reads a frame. Never fails: what cannot be read is [`Said::Nonsense`].
pub(super) fn read(text: &str) -> Said {
    // serde_json refuses what is nested deeper than 128 levels.
    let Ok(Value::Object(mut frame)) = serde_json::from_str(text) else {
        return Said::Nonsense("Bad request", None);
    };
    let name = |frame: &mut Map<String, Value>, key: &str| match frame.remove(key) {
        Some(Value::String(text)) if text.len() <= LONGEST_NAME => Ok(text),
        Some(other) => {
            frame.insert(key.to_owned(), other);
            Err(())
        }
        None => Err(()),
    };
    let params = |frame: &mut Map<String, Value>| match frame.remove("params") {
        Some(Value::Array(params)) => params,
        Some(_) | None => Vec::new(),
    };
    let kind = frame.get("msg").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "connect" => Said::Connect(version(&frame)),
        "ping" => Said::Ping(frame.remove("id")),
        "pong" => Said::Pong,
        "sub" => {
            let whole = frame.clone();
            match (name(&mut frame, "id"), name(&mut frame, "name")) {
                (Ok(id), Ok(name)) => Said::Sub {
                    id,
                    name,
                    params: params(&mut frame),
                },
                _ => Said::Nonsense("Malformed subscription", Some(Value::Object(whole))),
            }
        }
        "unsub" => match name(&mut frame, "id") {
            Ok(id) => Said::Unsub(id),
            Err(()) => Said::Nonsense("Bad request", Some(Value::Object(frame))),
        },
        "method" => {
            let whole = frame.clone();
            match (name(&mut frame, "id"), name(&mut frame, "method")) {
                (Ok(id), Ok(name)) => Said::Method {
                    id,
                    name,
                    params: params(&mut frame),
                },
                _ => Said::Nonsense("Malformed method invocation", Some(Value::Object(whole))),
            }
        }
        _ => Said::Nonsense("Bad request", Some(Value::Object(frame))),
    }
}

/// The version to speak, or the one that could be: the client's first choice that is known here.
fn version(frame: &Map<String, Value>) -> Result<&'static str, &'static str> {
    let known = |word: &Value| {
        let word = word.as_str()?;
        VERSIONS.into_iter().find(|version| *version == word)
    };
    let support = frame.get("support").and_then(Value::as_array);
    let wanted = frame.get("version").and_then(known);
    let best = support
        .into_iter()
        .flatten()
        .find_map(known)
        .unwrap_or(VERSIONS[0]);
    match wanted {
        Some(version) if version == best => Ok(version),
        // A client that does not say what it supports gets what it asks for, if that is spoken.
        Some(version) if support.is_none() => Ok(version),
        Some(_) | None => Err(best),
    }
}

/// A frame, ready to be sent to any number of sockets.
pub(super) fn write(frame: &Value) -> Utf8Bytes {
    Utf8Bytes::from(frame.to_string())
}

/// What Meteor says before everything else, for clients of its oldest versions.
pub(super) fn server_id() -> Utf8Bytes {
    Utf8Bytes::from_static(r#"{"server_id":"0"}"#)
}

/// The session is there.
pub(super) fn connected(session: &str) -> Utf8Bytes {
    write(&json!({"msg": "connected", "session": session}))
}

/// This version is not spoken, that one is.
pub(super) fn failed(version: &str) -> Utf8Bytes {
    write(&json!({"msg": "failed", "version": version}))
}

/// Are you there?
pub(super) fn ping() -> Utf8Bytes {
    Utf8Bytes::from_static(r#"{"msg":"ping"}"#)
}

/// Yes, to the ping of this id.
pub(super) fn pong(id: Option<Value>) -> Utf8Bytes {
    match id {
        Some(id) => write(&json!({"msg": "pong", "id": id})),
        None => Utf8Bytes::from_static(r#"{"msg":"pong"}"#),
    }
}

/// A subscription stands.
pub(super) fn ready(id: &str) -> Utf8Bytes {
    write(&json!({"msg": "ready", "subs": [id]}))
}

/// A subscription has ended, or was refused.
pub(super) fn nosub(id: &str, why: Option<&Meteor>) -> Utf8Bytes {
    let mut frame = json!({"msg": "nosub", "id": id});
    if let Some(why) = why {
        frame["error"] = why.value();
    }
    write(&frame)
}

/// What a method gives. `None` is a method that gives nothing: the key is absent.
pub(super) fn result(id: &str, outcome: Result<Option<Value>, Meteor>) -> Utf8Bytes {
    let mut frame = json!({"msg": "result", "id": id});
    match outcome {
        Ok(Some(value)) => frame["result"] = value,
        Ok(None) => {}
        Err(why) => frame["error"] = why.value(),
    }
    write(&frame)
}

/// All that a method changes has been sent.
pub(super) fn updated(id: &str) -> Utf8Bytes {
    write(&json!({"msg": "updated", "methods": [id]}))
}

/// A frame made no sense.
pub(super) fn error(reason: &str, said: Option<Value>) -> Utf8Bytes {
    let mut frame = json!({"msg": "error", "reason": reason});
    if let Some(said) = said {
        frame["offendingMessage"] = said;
    }
    write(&frame)
}

/// An event of a stream.
pub(super) fn changed(stream: &str, event: &str, args: &[Value]) -> Utf8Bytes {
    write(&json!({
        "msg": "changed",
        "collection": stream,
        "id": "id",
        "fields": {"eventName": event, "args": args},
    }))
}

/// A document of the client's own collections: the logged-in user.
pub(super) fn added(collection: &str, id: &str, fields: &Value) -> Utf8Bytes {
    write(&json!({"msg": "added", "collection": collection, "id": id, "fields": fields}))
}

/// It is gone.
pub(super) fn removed(collection: &str, id: &str) -> Utf8Bytes {
    write(&json!({"msg": "removed", "collection": collection, "id": id}))
}

/// A refusal as Meteor writes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Meteor {
    error: Value,
    reason: Option<String>,
}

impl Meteor {
    /// With a number or a word, and what people read.
    pub(super) fn new(error: impl Into<Value>, reason: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            reason: Some(reason.into()),
        }
    }

    /// A word alone.
    pub(super) fn code(error: &str) -> Self {
        Self {
            error: Value::from(error),
            reason: None,
        }
    }

    /// Whoever asks may not.
    pub(super) fn not_allowed() -> Self {
        Self::code("not-allowed")
    }

    /// The parameters are of the wrong type.
    pub(super) fn no_match() -> Self {
        Self::new(400, "Match failed")
    }

    /// Something of ours broke; the log says what.
    pub(super) fn internal() -> Self {
        Self::new(500, "Internal server error")
    }

    fn value(&self) -> Value {
        let code = match self.error.as_str() {
            Some(word) => word.to_owned(),
            None => self.error.to_string(),
        };
        let message = match &self.reason {
            Some(reason) => format!("{reason} [{code}]"),
            None => format!("[{code}]"),
        };
        let mut shown = json!({
            "isClientSafe": true,
            "error": self.error,
            "message": message,
            "errorType": "Meteor.Error",
        });
        if let Some(reason) = &self.reason {
            shown["reason"] = Value::from(reason.as_str());
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_clients_first_choice_that_is_known() {
        let cases = [
            (
                json!({"version": "1", "support": ["1", "pre2", "pre1"]}),
                Ok("1"),
            ),
            (
                json!({"version": "pre2", "support": ["pre2", "pre1"]}),
                Ok("pre2"),
            ),
            (json!({"version": "pre1", "support": ["pre1"]}), Ok("pre1")),
            (json!({"version": "1"}), Ok("1")),
            (
                json!({"version": "pre1", "support": ["1", "pre1"]}),
                Err("1"),
            ),
            (
                json!({"version": "2", "support": ["2", "pre2"]}),
                Err("pre2"),
            ),
            (json!({"version": "2", "support": ["2"]}), Err("1")),
            (json!({"version": 1, "support": [1]}), Err("1")),
            (json!({}), Err("1")),
        ];
        for (mut frame, expected) in cases {
            frame["msg"] = json!("connect");
            assert_eq!(read(&frame.to_string()), Said::Connect(expected), "{frame}");
        }
    }

    #[test]
    fn nonsense_is_told_from_frames() {
        let deep = format!(r#"{{"msg":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
        let long = json!({"msg": "sub", "id": "x".repeat(257), "name": "n"});
        let cases = [
            ("", "Bad request", None),
            ("nothing", "Bad request", None),
            ("[]", "Bad request", None),
            (deep.as_str(), "Bad request", None),
            ("{}", "Bad request", Some(json!({}))),
            (r#"{"msg":7}"#, "Bad request", Some(json!({"msg": 7}))),
            (
                r#"{"msg":"sub","id":"1"}"#,
                "Malformed subscription",
                Some(json!({"msg": "sub", "id": "1"})),
            ),
            (
                &long.to_string(),
                "Malformed subscription",
                Some(long.clone()),
            ),
            (
                r#"{"msg":"method","id":1,"method":"m"}"#,
                "Malformed method invocation",
                Some(json!({"msg": "method", "id": 1, "method": "m"})),
            ),
        ];
        for (text, why, said) in cases {
            assert_eq!(read(text), Said::Nonsense(why, said), "{text}");
        }
    }

    #[test]
    fn refusals_have_meteors_shape() {
        let unknown = Meteor::new(404, "Method 'x' not found");
        assert_eq!(
            unknown.value(),
            json!({
                "isClientSafe": true,
                "error": 404,
                "reason": "Method 'x' not found",
                "message": "Method 'x' not found [404]",
                "errorType": "Meteor.Error",
            })
        );
        assert_eq!(
            Meteor::not_allowed().value(),
            json!({
                "isClientSafe": true,
                "error": "not-allowed",
                "message": "[not-allowed]",
                "errorType": "Meteor.Error",
            })
        );
    }
}
