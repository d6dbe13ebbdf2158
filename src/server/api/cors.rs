//! Browsers on other origins (livechat contract §1.8).

use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
    },
};

use super::reply::{self, Body};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE, HEAD, PATCH");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "Origin, X-Requested-With, Content-Type, Accept, X-User-Id, X-Auth-Token, x-visitor-token, Authorization",
);
const ANY: HeaderValue = HeaderValue::from_static("*");
const VARY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// Who may read our answers in a browser.
pub(super) enum Cors {
    /// `API_Enable_CORS` is off.
    Off,
    /// `*`.
    Everybody,
    /// These origins, compared byte by byte.
    Listed(Vec<HeaderValue>),
}

impl Cors {
    pub(super) fn new(origins: Option<&[String]>) -> Self {
        match origins {
            None => Self::Off,
            Some(origins) if origins.iter().any(|origin| origin == "*") => Self::Everybody,
            // An origin that cannot be a header value cannot be sent either, so it never matches.
            Some(origins) => Self::Listed(origins.iter().flat_map(|o| o.parse()).collect()),
        }
    }

    /// Answers an OPTIONS request.
    pub(super) fn preflight(&self, asked: &HeaderMap) -> Response<Body> {
        if !asked.contains_key(ORIGIN) && !asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            // Spelled as upstream spells this one: without a space.
            let mut plain = reply::text(StatusCode::OK, "OK");
            plain.headers_mut().insert(
                http::header::CONTENT_TYPE,
                HeaderValue::from_static("text/plain;charset=UTF-8"),
            );
            return plain;
        }
        match self {
            Self::Off => reply::text(
                StatusCode::METHOD_NOT_ALLOWED,
                r#"CORS not enabled. Go to "Admin > General > REST Api" to enable it."#,
            ),
            Self::Listed(_) if self.allowed(asked).is_none() => {
                reply::text(StatusCode::FORBIDDEN, "Invalid origin")
            }
            Self::Everybody => {
                let mut answer = reply::text(StatusCode::OK, "OK");
                self.allow(asked, answer.headers_mut());
                answer
            }
            Self::Listed(_) => {
                let mut answer = reply::text(StatusCode::OK, "OK");
                self.actual(asked, answer.headers_mut());
                answer
            }
        }
    }

    /// Adds the headers of an answer that is not a preflight's. Three versions of upstream
    /// disagree here; sending Allow-Origin is the only choice that works for browsers, the rest
    /// is what 7.x sends, `Vary` beside `*` included.
    pub(super) fn actual(&self, asked: &HeaderMap, answer: &mut HeaderMap) {
        if !matches!(self, Self::Off) {
            self.allow(asked, answer);
            answer.insert(VARY, VARY_ORIGIN);
        }
    }

    fn allow(&self, asked: &HeaderMap, answer: &mut HeaderMap) {
        if let Some(origin) = self.allowed(asked) {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    }

    /// What Allow-Origin says to this request.
    fn allowed(&self, asked: &HeaderMap) -> Option<HeaderValue> {
        match self {
            Self::Off => None,
            Self::Everybody => Some(ANY),
            Self::Listed(origins) => {
                let origin = asked.get(ORIGIN)?;
                origins.contains(origin).then(|| origin.clone())
            }
        }
    }
}
