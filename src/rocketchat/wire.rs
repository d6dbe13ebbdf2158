//! One exchange over HTTP: no redirects, limits for time and size, and only those parts of an
//! answer that somebody asks for.

use std::{error::Error as _, path::Path, sync::Arc, time::Duration};

use reqwest::{
    Certificate, Client, Url,
    header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderValue},
    redirect,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{pace::Told, route::Call, session::Identity};
use crate::{
    config::RocketChatConfig,
    domain::Timestamp,
    ports::{Clock, TargetError, TargetFault, clock::timeout},
};

/// Pages hold a hundred entries at most; a permission list or a setting is not larger either.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// Of a refusal no more than this is read.
const REFUSAL_LIMIT: usize = 64 * 1024;

/// The HTTP client with its limits.
pub(super) struct Wire {
    http: Client,
    clock: Arc<dyn Clock>,
    base: String,
    pub(super) host: String,
    total: Duration,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) told: Told,
    pub(super) date: Option<Timestamp>,
    pub(super) body: Received,
}

/// A body, as far as it matters.
pub(super) enum Received {
    Json(Value),
    Empty,
    /// A web page, perhaps a proxy's.
    Page,
    /// Anything else, damaged JSON too.
    Other,
}

impl Received {
    /// What it is, in words that can be logged.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Json(_) => "JSON",
            Self::Empty => "an empty body",
            Self::Page => "a web page (HTML), perhaps a proxy's",
            Self::Other => "something that is not JSON",
        }
    }
}

impl Wire {
    /// Builds the client. Plain http is only ever this machine (`config`): no proxy is used then,
    /// and a machine without CA certificates will do.
    pub(super) fn new(
        config: &RocketChatConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TargetError> {
        let url = Url::parse(&config.url).map_err(|error| TargetError {
            doing: "read rocketchat.url".to_owned(),
            what: format!("{error}; set it to the workspace's address"),
            fault: TargetFault::Refused,
            retry_after: None,
        })?;
        let mut trusted = Vec::new();
        for file in &config.ca_files {
            trusted.extend(certificates(file)?);
        }
        let builder = || {
            Client::builder()
                .tls_certs_merge(trusted.clone())
                // Constant, because a second factor's memory hangs on it (contract §1.2).
                .user_agent(concat!("lp2rc/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .connect_timeout(config.connect_timeout)
                .pool_max_idle_per_host(config.in_flight)
                .http1_only()
                .gzip(true)
        };
        // The client loads the system's CA certificates while it is built, and fails when there
        // are none, even if it will never speak https.
        let http = if url.scheme() == "http" {
            let builder = || builder().no_proxy();
            builder()
                .build()
                .or_else(|_| builder().tls_certs_only([]).build())
        } else {
            // Certificates that were named will do on a system that has none.
            builder().build().or_else(|error| {
                if trusted.is_empty() {
                    Err(error)
                } else {
                    builder().tls_certs_only(trusted.clone()).build()
                }
            })
        };
        let http = http.map_err(|error| TargetError {
            doing: "prepare https to Rocket.Chat".to_owned(),
            what: format!(
                "{}; install the CA certificates of this system (Debian: apt-get install ca-certificates), or name yours in rocketchat.ca_files",
                innermost(&error)
            ),
            fault: TargetFault::Unreachable,
            retry_after: None,
        })?;
        Ok(Self {
            http,
            clock,
            base: config.url.trim_end_matches('/').to_owned(),
            host: host(&url),
            total: config.total_timeout,
        })
    }

    /// Sends and reads the whole answer. Any status is an answer; the error says why there is none.
    pub(super) async fn send(
        &self,
        call: &Call,
        identity: Option<&Identity>,
    ) -> Result<Answer, (TargetFault, String)> {
        let address = format!("{}{}", self.base, call.target());
        let mut request = self
            .http
            .request(call.route.method(), address)
            .header(ACCEPT, "application/json");
        if let Some(identity) = identity {
            request = request
                .header("X-User-Id", sensitive(&identity.user_id)?)
                .header("X-Auth-Token", sensitive(identity.token.expose_secret())?);
        }
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.0.to_string());
        }
        self.within(request).await
    }

    /// Asks another address than the workspace's, with the secret of External routing.
    pub(super) async fn ask(
        &self,
        address: Url,
        token: &str,
    ) -> Result<Answer, (TargetFault, String)> {
        let request = self
            .http
            .get(address)
            .header(ACCEPT, "application/json")
            .header("X-RocketChat-Secret-Token", sensitive(token)?);
        self.within(request).await
    }

    async fn within(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, (TargetFault, String)> {
        let exchange = timeout(&*self.clock, self.total, exchange(request)).await;
        exchange.unwrap_or_else(|| {
            let what = format!(
                "no complete answer within {:?} (rocketchat.total_timeout); check the network and the other side",
                self.total
            );
            Err((TargetFault::Unreachable, what))
        })
    }
}

async fn exchange(request: reqwest::RequestBuilder) -> Result<Answer, (TargetFault, String)> {
    let broken = |error: &reqwest::Error| (TargetFault::Unreachable, trouble(error));
    let mut response = request.send().await.map_err(|error| broken(&error))?;
    let status = response.status();
    let limit = if status.is_success() {
        BODY_LIMIT
    } else {
        REFUSAL_LIMIT
    };
    let mut body = Vec::new();
    // Chunks come decompressed, so a small answer that unpacks to a huge one ends here too.
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > limit {
            if !status.is_success() {
                break;
            }
            let what = "the answer is larger than 16 MiB; check rocketchat.url and what stands between here and the workspace";
            return Err((TargetFault::UnexpectedAnswer, what.to_owned()));
        }
    }
    let headers = response.headers();
    let body = received(&body);
    Ok(Answer {
        told: told(status.as_u16(), headers, &body),
        status: status.as_u16(),
        date: headers
            .get(DATE)
            .and_then(|value| moment(value.to_str().ok()?)),
        body,
    })
}

fn received(body: &[u8]) -> Received {
    let text = body.trim_ascii();
    if text.is_empty() {
        return Received::Empty;
    }
    if text.starts_with(b"<") {
        return Received::Page;
    }
    serde_json::from_slice(text).map_or(Received::Other, Received::Json)
}

/// What the limiter's headers say (contract §1.4). That they are missing says something only where
/// the answer is the workspace's own and came from behind the limiter.
fn told(status: u16, headers: &HeaderMap, body: &Received) -> Told {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let reset = number("x-ratelimit-reset");
    if status == 429 {
        return Told::TooMany(reset);
    }
    let small = |name: &str| u32::try_from(number(name)?.max(0)).ok();
    if let (Some(limit), Some(left), Some(reset)) = (
        small("x-ratelimit-limit"),
        small("x-ratelimit-remaining"),
        reset,
    ) {
        return Told::Window { limit, left, reset };
    }
    match (status, body) {
        (200 | 400 | 403, Received::Json(_)) => Told::Free,
        _ => Told::Nothing,
    }
}

/// A date as HTTP headers carry it.
fn moment(value: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    Some(Timestamp::from_millis(date.timestamp().as_millisecond()))
}

fn sensitive(text: &str) -> Result<HeaderValue, (TargetFault, String)> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        let what = "the user id or the token holds characters that no header can; correct rocketchat.user_id and the token";
        (TargetFault::CredentialsRejected, what.to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// `name` or `name:port`, for messages.
pub(super) fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or("?");
    match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

/// What went wrong between us and the host, without the address.
fn trouble(error: &reqwest::Error) -> String {
    let cause = innermost(error);
    if error.is_connect() && cause.contains("invalid peer certificate") {
        format!(
            "its certificate is not trusted ({cause}); install the system's CA certificates, or name the CA's file in rocketchat.ca_files"
        )
    } else if error.is_connect() && cause.contains("InvalidContentType") {
        "what answers there speaks no TLS; check the scheme and the port in rocketchat.url"
            .to_owned()
    } else if error.is_connect() {
        format!("cannot connect ({cause}); check the network, DNS, the proxy and rocketchat.url")
    } else if error.is_builder() {
        "the request cannot be written; check rocketchat.url".to_owned()
    } else {
        format!(
            "the connection broke before the answer was complete ({cause}); whether it was done must be looked up"
        )
    }
}

/// The certificates in a PEM file.
fn certificates(file: &Path) -> Result<Vec<Certificate>, TargetError> {
    let wrong = |why: String| TargetError {
        doing: format!("read the CA certificates in {}", file.display()),
        what: format!("{why}; correct rocketchat.ca_files"),
        fault: TargetFault::Refused,
        retry_after: None,
    };
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(innermost(&error)))?;
    if found.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(found)
}

fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut said = None;
    while let Some(inner) = cause {
        said = Some(inner.to_string());
        cause = inner.source();
    }
    said.unwrap_or_else(|| "no further detail".to_owned())
}
