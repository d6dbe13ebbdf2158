//! What goes back to a client, and the refusals in Rocket.Chat's envelope (contract §1.3).

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Map, Value, json};

/// An answer. `status` 0 means that none is sent: the connection breaks.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json", body.to_string())
    }

    pub(super) fn text(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// No answer: the connection is reset.
    pub(super) fn reset() -> Self {
        Self::text(0, "", "")
    }

    /// What an overloaded proxy says.
    pub(super) fn page(status: u16) -> Self {
        let page = "<html><head><title>Error</title></head><body>proxy</body></html>";
        Self::text(status, "text/html", page)
    }

    /// A status without a cause of its own.
    pub(super) fn status(status: u16) -> Self {
        match status {
            429 => Refused::too_many(1).into_answer(),
            502..=504 => Self::page(status),
            500 => Refused::plain_with(500, "Internal server error").into_answer(),
            _ => Refused::plain_with(status, "Something went wrong").into_answer(),
        }
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Half of the body, as well-formed HTTP.
    #[must_use]
    pub(super) fn cut(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    /// The answer as hyper wants it. A header that cannot be written is left out.
    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(self.content_type) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// Why a request is not done.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    body: Map<String, Value>,
}

impl Refused {
    /// 400 with `errorType`, and the same in brackets behind the reason.
    pub(super) fn coded(code: &str, reason: &str) -> Self {
        let mut refused = Self::plain_with(400, &format!("{reason} [{code}]"));
        refused.body.insert("errorType".to_owned(), json!(code));
        refused
    }

    /// 400 with a text that carries no code.
    pub(super) fn plain(text: &str) -> Self {
        Self::plain_with(400, text)
    }

    /// Any status with a text that carries no code.
    pub(super) fn plain_with(status: u16, text: &str) -> Self {
        let mut refused = Self::silent();
        refused.status = status;
        refused.body.insert("error".to_owned(), json!(text));
        refused
    }

    /// 400 without any error.
    pub(super) fn silent() -> Self {
        let success = ("success".to_owned(), json!(false));
        Self {
            status: 400,
            body: [success].into_iter().collect(),
        }
    }

    pub(super) fn unauthenticated() -> Self {
        let text = "You must be logged in to do this.";
        let mut refused = Self::plain_with(401, text);
        refused.body.insert("status".to_owned(), json!("error"));
        refused.body.insert("message".to_owned(), json!(text));
        refused
    }

    pub(super) fn forbidden() -> Self {
        let text = "User does not have the permissions required for this action \
                    [error-unauthorized]";
        Self::plain_with(403, text)
    }

    pub(super) fn too_many(seconds: u64) -> Self {
        let text = format!(
            "Error, too many requests. Please slow down. You must wait {seconds} seconds before \
             trying this endpoint again. [error-too-many-requests]"
        );
        Self::plain_with(429, &text)
    }

    /// A permission that the handler itself asks for.
    pub(super) fn not_allowed(reason: &str, action: &str) -> Self {
        let details = json!({ "method": "insertOrUpdateUser", "action": action });
        Self::coded("error-action-not-allowed", reason).details(details)
    }

    #[must_use]
    pub(super) fn details(mut self, details: Value) -> Self {
        self.body.insert("details".to_owned(), details);
        self
    }

    pub(super) fn into_answer(self) -> Answer {
        Answer::json(self.status, &Value::Object(self.body))
    }
}
