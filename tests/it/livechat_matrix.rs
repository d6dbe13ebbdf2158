//! Tables of requests and their whole answers (livechat contract §8): a row is a request and what must
//! come back, and [`run`] sends them one after the other and tells all that differ.
//!
//! `post("livechat/message", json!({"token": "T"})).params("must have required property 'rid'")`

use serde_json::{Value, json};

use crate::{livechat_world::Livechat, livechat_world::credentials};

const JSON: &str = "content-type: application/json";

/// A request, not yet with its answer.
pub(crate) struct Asked {
    method: &'static str,
    path: String,
    headers: String,
    body: String,
}

/// A request and the answer it must get.
pub(crate) struct Row {
    asked: Asked,
    status: u16,
    answer: Expected,
}

enum Expected {
    /// This and nothing else.
    Exactly(Value),
    /// At least this: objects may hold more, lists and the rest are the same.
    Holds(Value),
    /// Not JSON.
    Text(&'static str),
}

pub(crate) fn get(path: impl Into<String>) -> Asked {
    Asked {
        method: "GET",
        path: path.into(),
        headers: String::new(),
        body: String::new(),
    }
}

pub(crate) fn delete(path: impl Into<String>) -> Asked {
    Asked {
        method: "DELETE",
        ..get(path)
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "rows are easier to read with their bodies made in place"
)]
pub(crate) fn send(method: &'static str, path: impl Into<String>, body: Value) -> Asked {
    Asked {
        method,
        headers: JSON.to_owned(),
        body: body.to_string(),
        ..get(path)
    }
}

pub(crate) fn post(path: impl Into<String>, body: Value) -> Asked {
    send("POST", path, body)
}

/// A body that says it is JSON and is none.
pub(crate) fn malformed(method: &'static str, path: impl Into<String>) -> Asked {
    Asked {
        body: "{\"token\": ".to_owned(),
        ..send(method, path, Value::Null)
    }
}

impl Asked {
    /// With one header line more.
    pub(crate) fn with(mut self, line: &str) -> Self {
        self.headers = format!("{}\n{line}", self.headers);
        self
    }

    /// With a service account's credentials.
    pub(crate) fn by(self, username: &str) -> Self {
        let lines = credentials(username);
        self.with(&lines)
    }

    /// 200 and at least these fields; `success` is always looked for.
    pub(crate) fn gives(self, fields: Value) -> Row {
        self.row(200, Expected::Holds(fields))
    }

    /// 200 and these fields, `success`, and nothing else.
    pub(crate) fn gives_only(self, mut fields: Value) -> Row {
        fields["success"] = json!(true);
        self.row(200, Expected::Exactly(fields))
    }

    /// 400 with a plain `error` and no `errorType`.
    pub(crate) fn plain(self, error: &str) -> Row {
        let body = json!({"success": false, "error": error});
        self.refused(400, body)
    }

    /// 400 with this text and this `errorType`.
    pub(crate) fn typed(self, error: &str, kind: &str) -> Row {
        let body = json!({"success": false, "error": error, "errorType": kind});
        self.refused(400, body)
    }

    /// 400 of a schema route (§1.5.1).
    pub(crate) fn params(self, text: &str) -> Row {
        self.typed(&format!("{text} [invalid-params]"), "invalid-params")
    }

    /// 400 of Meteor's `check` (§1.5.3).
    pub(crate) fn matches(self, text: &str) -> Row {
        self.plain(&format!("Match error: {text}"))
    }

    /// 401.
    pub(crate) fn not_logged_in(self) -> Row {
        let text = "You must be logged in to do this.";
        let body = json!({"success": false, "error": text, "status": "error", "message": text});
        self.refused(401, body)
    }

    /// 403 for want of a permission.
    pub(crate) fn not_permitted(self) -> Row {
        let text =
            "User does not have the permissions required for this action [error-unauthorized]";
        self.refused(403, json!({"success": false, "error": text}))
    }

    /// No such route.
    pub(crate) fn nothing_there(self) -> Row {
        self.row(404, Expected::Text("404 Not Found"))
    }

    /// This status and exactly this body.
    pub(crate) fn refused(self, status: u16, body: Value) -> Row {
        self.row(status, Expected::Exactly(body))
    }

    fn row(self, status: u16, answer: Expected) -> Row {
        Row {
            asked: self,
            status,
            answer,
        }
    }
}

/// Sends every row in order.
pub(crate) async fn run(livechat: &Livechat, rows: Vec<Row>) {
    let mut wrong = Vec::new();
    for (number, row) in rows.into_iter().enumerate() {
        let Asked {
            method,
            path,
            headers,
            body,
        } = &row.asked;
        let told = livechat.raw(method, path, headers, body).await;
        let (fits, kind) = match &row.answer {
            Expected::Exactly(wanted) => (told.json == *wanted, "application/json"),
            Expected::Holds(wanted) => (
                told.json["success"] == true && holds(&told.json, wanted),
                "application/json",
            ),
            Expected::Text(text) => (told.raw.body == *text, "text/plain; charset=UTF-8"),
        };
        let wanted = match &row.answer {
            Expected::Exactly(wanted) | Expected::Holds(wanted) => wanted.to_string(),
            Expected::Text(text) => (*text).to_owned(),
        };
        if !fits || told.status != row.status || told.raw.header("content-type") != Some(kind) {
            wrong.push(format!(
                "row {number}, {method} {path} {body}\n  wanted {} {kind} {wanted}\n  got    {} {} {}",
                row.status,
                told.status,
                told.raw.header("content-type").unwrap_or("untyped"),
                told.raw.body,
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Whether `found` has everything of `wanted`.
pub(crate) fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| found.get(key).is_some_and(|found| holds(found, wanted))),
        (found, wanted) => found == wanted,
    }
}

/// `[livechat]` of a version, and whatever else belongs into that section; more sections may follow.
pub(crate) fn version(number: &str) -> String {
    format!("[livechat]\nrocketchat_version = \"{number}\"\n")
}
