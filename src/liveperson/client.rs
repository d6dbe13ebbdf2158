//! One exchange over HTTP: no redirects, limits for time and size, and only those parts of an
//! answer that somebody asks for.

use std::{error::Error as _, sync::Arc, time::Duration};

use reqwest::{
    Client, Method, RequestBuilder, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER, SET_COOKIE},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};

use super::fault::{self, Step};
use crate::{
    config::LivePersonConfig,
    ports::{Clock, SourceError, SourceFault, clock::timeout},
};

/// Of a refusal no more than this is read: enough to tell what kind of body it is.
const REFUSAL_LIMIT: u64 = 64 * 1024;

/// Answers start with room for this much at most, whatever they promise.
const FIRST_ROOM: u64 = 1024 * 1024;

/// The HTTP client with its limits.
pub(super) struct Wire {
    http: Client,
    clock: Arc<dyn Clock>,
    total: Duration,
    body_limit: u64,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content_type: Option<String>,
    pub(super) location: Option<String>,
    /// From `Retry-After`, which LivePerson never documented.
    pub(super) retry_after: Option<Duration>,
    /// The value of a `session_id` cookie, in whatever case its name comes (contract §2.2).
    pub(super) session_cookie: Option<SecretString>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Whether the body holds nothing but blanks.
    pub(super) fn is_blank(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }
}

impl Wire {
    /// Builds the client. Where `discovery_url` is plain http, a simulator is meant: no proxy of
    /// the environment is used, and a machine without CA certificates will do.
    pub(super) fn new(
        config: &LivePersonConfig,
        discovery: &Url,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SourceError> {
        let builder = || {
            Client::builder()
                .user_agent(concat!("lp2rc/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .connect_timeout(config.connect_timeout)
                .gzip(true)
        };
        // The client loads the system's CA certificates while it is built, and fails when there
        // are none, even if it will never speak https.
        let http = if discovery.scheme() == "http" {
            let builder = || builder().no_proxy();
            builder()
                .build()
                .or_else(|_| builder().tls_certs_only([]).build())
        } else {
            builder().build()
        };
        let http = http.map_err(|error| SourceError {
            doing: "prepare https to LivePerson".to_owned(),
            what: format!(
                "{}; install the CA certificates of this system (Debian: apt-get install ca-certificates)",
                innermost(&error)
            ),
            fault: SourceFault::Unreachable,
            retry_after: None,
        })?;
        Ok(Self {
            http,
            clock,
            total: config.total_timeout,
            body_limit: config.body_limit,
        })
    }

    /// A `GET` that names `format` as what it wants.
    pub(super) fn get(&self, url: Url, format: &'static str) -> RequestBuilder {
        self.http.request(Method::GET, url).header(ACCEPT, format)
    }

    /// A `POST` of JSON that wants JSON.
    pub(super) fn post(&self, url: Url, json: &serde_json::Value) -> RequestBuilder {
        self.http
            .request(Method::POST, url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(json.to_string())
    }

    /// Sends and reads the whole answer. Any status is an answer; only the lack of one, or one
    /// that is too large, is an error.
    pub(super) async fn send(
        &self,
        step: Step,
        request: RequestBuilder,
    ) -> Result<Answer, SourceError> {
        let (client, request) = request.build_split();
        let request = request.map_err(|error| {
            let what = format!("the request cannot be written: {}", innermost(&error));
            step.error("LivePerson", SourceFault::Refused, what)
        })?;
        let host = host(request.url());
        let work = self.exchange(step, &host, client.execute(request));
        timeout(&*self.clock, self.total, work)
            .await
            .unwrap_or_else(|| {
                let what = format!(
                    "no complete answer within {:?} (liveperson.total_timeout); check the network and the proxy",
                    self.total
                );
                Err(step.error(&host, SourceFault::Unreachable, what))
            })
    }

    async fn exchange(
        &self,
        step: Step,
        host: &str,
        sending: impl Future<Output = reqwest::Result<reqwest::Response>>,
    ) -> Result<Answer, SourceError> {
        let broken =
            |error: &reqwest::Error| step.error(host, SourceFault::Unreachable, trouble(error));
        let mut response = sending.await.map_err(|error| broken(&error))?;
        let status = response.status();
        let headers = response.headers();
        let mut answer = Answer {
            status,
            content_type: text(headers, CONTENT_TYPE.as_str()),
            location: text(headers, LOCATION.as_str()),
            retry_after: text(headers, RETRY_AFTER.as_str())
                .and_then(|value| fault::retry_after(&value, self.clock.now())),
            session_cookie: session_cookie(headers),
            body: Vec::new(),
        };
        let limit = if status.is_success() {
            self.body_limit
        } else {
            self.body_limit.min(REFUSAL_LIMIT)
        };
        let promised = response.content_length().unwrap_or(0);
        let room = usize::try_from(promised.min(limit).min(FIRST_ROOM)).unwrap_or(0);
        answer.body.reserve(room);
        let mut read = 0_u64;
        // Chunks come decompressed, so a small answer that unpacks to a huge one ends here too.
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            read += chunk.len() as u64;
            if read > limit {
                if !status.is_success() {
                    break;
                }
                let what = format!(
                    "the answer is larger than {} MiB; if the account really is that large, raise liveperson.body_limit_mib",
                    limit / (1024 * 1024)
                );
                return Err(step.error(host, SourceFault::UnexpectedAnswer, what));
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

/// `name` or `name:port`, for messages.
pub(super) fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or("?");
    match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn session_cookie(headers: &HeaderMap) -> Option<SecretString> {
    headers.get_all(SET_COOKIE).iter().find_map(|cookie| {
        let pair = cookie.to_str().ok()?.split(';').next()?;
        let (name, value) = pair.split_once('=')?;
        (name.trim().eq_ignore_ascii_case("session_id") && !value.trim().is_empty())
            .then(|| SecretString::from(value.trim().to_owned()))
    })
}

/// `session_id=…` for the `Cookie` header.
pub(super) fn cookie_header(session: &SecretString) -> Option<reqwest::header::HeaderValue> {
    let text = format!("session_id={}", session.expose_secret());
    let mut value = reqwest::header::HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// What went wrong between us and the host, without the address: that carries the session.
fn trouble(error: &reqwest::Error) -> String {
    let cause = innermost(error);
    if error.is_connect() {
        format!("cannot connect ({cause}); check the network, DNS, the proxy and the certificates")
    } else if error.is_decode() && !is_network(error) {
        format!("the answer's compression is damaged ({cause}); a proxy may have changed it")
    } else {
        format!("the connection broke before the answer was complete ({cause})")
    }
}

/// Whether the system's own network error is at the bottom: reqwest calls a connection that broke
/// inside a compressed body a decoding error too.
fn is_network(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut};
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>()
            && matches!(
                io.kind(),
                ConnectionReset | ConnectionAborted | BrokenPipe | TimedOut
            )
        {
            return true;
        }
        cause = inner.source();
    }
    false
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
