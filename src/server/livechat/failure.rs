//! Refusals on the wire (livechat contract §1.4, §1.5, §1.6).

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::conversation::Refused;

/// What an endpoint gives: the success's own fields, or why not.
pub(in super::super) type Outcome = Result<Map<String, Value>, Failure>;

/// Why an endpoint did not do it.
#[derive(Debug)]
pub(in super::super) enum Failure {
    /// What the conversations say.
    Refused(Refused),
    /// ajv: `<text> [invalid-params]`.
    Params(String),
    /// A typed route: the text alone, and this `errorType`.
    Typed(String, &'static str),
    /// Meteor's `check`: `Match error: <text>`.
    Match(String),
    /// 400 with these fields.
    Object(Map<String, Value>),
    /// 401: nobody is logged in.
    NotLoggedIn,
    /// 401: a login was refused, with this `error` and this `message`.
    LoginRefused(&'static str, &'static str),
    /// 403: a permission is missing.
    NotPermitted,
    /// 413: the body is too large.
    TooLarge,
    /// 408: the body did not come in time.
    TooSlow,
    /// 500: something of ours broke; the log says what.
    Internal,
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl Failure {
    /// A plain error.
    pub(in super::super) const fn plain(text: &'static str) -> Self {
        Self::Refused(Refused::plain(text))
    }

    /// The same with `details` (livechat contract §1.4).
    pub(in super::super) fn with_details(self, details: Value) -> Self {
        match self {
            Self::Refused(Refused::Meteor { code, reason }) => {
                let text = match &reason {
                    Some(reason) => format!("{reason} [{code}]"),
                    None => format!("[{code}]"),
                };
                Self::Object(Map::from_iter([
                    ("error".to_owned(), Value::from(text)),
                    ("errorType".to_owned(), Value::from(code.into_owned())),
                    ("details".to_owned(), details),
                ]))
            }
            other @ (Self::Refused(_)
            | Self::Params(_)
            | Self::Typed(..)
            | Self::Match(_)
            | Self::Object(_)
            | Self::NotLoggedIn
            | Self::LoginRefused(..)
            | Self::NotPermitted
            | Self::TooLarge
            | Self::TooSlow
            | Self::Internal) => other,
        }
    }

    /// Status and body.
    pub(in super::super) fn answer(self) -> (StatusCode, Value) {
        let bad = |body| (StatusCode::BAD_REQUEST, body);
        match self {
            Self::Refused(refused) => refused_answer(refused),
            Self::Params(text) => bad(json!({
                "success": false,
                "error": format!("{text} [invalid-params]"),
                "errorType": "invalid-params",
            })),
            Self::Typed(text, kind) => bad(json!({
                "success": false, "errorType": kind, "error": text,
            })),
            Self::Match(text) => bad(json!({
                "success": false, "error": format!("Match error: {text}"),
            })),
            Self::Object(mut fields) => {
                fields.insert("success".to_owned(), Value::from(false));
                bad(Value::Object(fields))
            }
            Self::NotLoggedIn => {
                let text = "You must be logged in to do this.";
                (
                    StatusCode::UNAUTHORIZED,
                    json!({"success": false, "error": text, "status": "error", "message": text}),
                )
            }
            Self::LoginRefused(error, message) => (
                StatusCode::UNAUTHORIZED,
                json!({"success": false, "status": "error", "error": error, "message": message}),
            ),
            Self::NotPermitted => (
                StatusCode::FORBIDDEN,
                json!({
                    "success": false,
                    "error": "User does not have the permissions required for this action [error-unauthorized]",
                }),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                json!({"success": false, "error": "error-request-too-large"}),
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                json!({"success": false, "error": "error-request-timeout"}),
            ),
            Self::Internal => internal(),
        }
    }
}

fn refused_answer(refused: Refused) -> (StatusCode, Value) {
    match refused {
        Refused::Plain(text) => (
            StatusCode::BAD_REQUEST,
            json!({"success": false, "error": text}),
        ),
        Refused::Meteor { code, reason } => {
            let text: Cow<'_, str> = match &reason {
                Some(reason) => format!("{reason} [{code}]").into(),
                None => format!("[{code}]").into(),
            };
            // Up to 8.x one code is a status of its own (livechat contract §1.4).
            let status = match code.as_ref() {
                "error-unauthorized" | "unauthorized" => StatusCode::FORBIDDEN,
                "error-too-many-requests" => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::BAD_REQUEST,
            };
            (
                status,
                json!({"success": false, "error": text, "errorType": code}),
            )
        }
        Refused::Bare => (StatusCode::BAD_REQUEST, json!({"success": false})),
        Refused::NotFound(text) => (
            StatusCode::NOT_FOUND,
            json!({"success": false, "error": text}),
        ),
        Refused::Forbidden(text) => (
            StatusCode::FORBIDDEN,
            json!({"success": false, "error": text}),
        ),
        Refused::Unavailable(why) => {
            tracing::error!("a livechat request could not be kept: {why}");
            internal()
        }
    }
}

fn internal() -> (StatusCode, Value) {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        json!({"success": false, "error": "Internal server error"}),
    )
}
