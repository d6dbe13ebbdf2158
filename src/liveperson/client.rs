//! One exchange over HTTP: no redirects, limits for time and size, and only those parts of an
//! answer that somebody asks for.

use std::{collections::BTreeMap, error::Error as _, path::Path, sync::Arc, time::Duration};

use reqwest::{
    Certificate, Client, Method, RequestBuilder, StatusCode, Url,
    header::{
        ACCEPT, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE,
    },
    redirect,
};
use secrecy::{ExposeSecret, SecretString};

use super::fault::{self, Step};
use crate::{
    config::LivePersonConfig,
    domain::Timestamp,
    ports::{Clock, SourceError, SourceFault, clock::timeout},
};

/// Answers that are no lists: a login's may hold all settings of the account (contract §2.2), and
/// still not more than this.
const SMALL_LIMIT: u64 = 4 * 1024 * 1024;

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
    /// Of an account configuration: its revision, from `ac-revision`, else `eTag` (contract §6.1).
    pub(super) revision: Option<String>,
    pub(super) location: Option<String>,
    /// From `Retry-After`, which LivePerson never documented.
    pub(super) retry_after: Option<Duration>,
    /// Every cookie that was set.
    pub(super) cookies: Vec<(String, SecretString)>,
    /// When the server says it answered, to the second.
    pub(super) date: Option<Timestamp>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The value of a `session_id` cookie, in whatever case its name comes (contract §2.2).
    pub(super) fn session_cookie(&self) -> Option<SecretString> {
        let found = self.cookies.iter().find(|(name, value)| {
            name.eq_ignore_ascii_case("session_id") && !value.expose_secret().is_empty()
        });
        found.map(|(_, value)| value.clone())
    }

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
        let mut trusted = Vec::new();
        for file in &config.ca_files {
            trusted.extend(certificates(file)?);
        }
        let builder = || {
            Client::builder()
                .tls_certs_merge(trusted.clone())
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
            // Certificates that were named will do on a system that has none.
            let own = || builder().tls_certs_only(trusted.clone()).build();
            let built = builder().build();
            built.or_else(|error| {
                if trusted.is_empty() {
                    Err(error)
                } else {
                    own()
                }
            })
        };
        let http = http.map_err(|error| SourceError {
            doing: "prepare https to LivePerson".to_owned(),
            what: format!(
                "{}; install the CA certificates of this system (Debian: apt-get install ca-certificates), or name yours in liveperson.ca_files",
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
        let broken = |error: &reqwest::Error| step.error(host, broken_fault(error), trouble(error));
        let mut response = sending.await.map_err(|error| broken(&error))?;
        let status = response.status();
        let headers = response.headers();
        let mut answer = Answer {
            status,
            content_type: text(headers, CONTENT_TYPE.as_str()),
            revision: text(headers, "ac-revision").or_else(|| text(headers, ETAG.as_str())),
            location: text(headers, LOCATION.as_str()),
            retry_after: text(headers, RETRY_AFTER.as_str())
                .and_then(|value| fault::retry_after(&value, self.clock.now())),
            cookies: cookies(headers),
            date: text(headers, DATE.as_str()).and_then(|value| fault::moment(&value)),
            body: Vec::new(),
        };
        let limit = if status.is_success() {
            match step {
                Step::Read | Step::ReadAccounts => self.body_limit,
                Step::Discover
                | Step::LogIn
                | Step::Refresh
                | Step::OpenSession
                | Step::SetAway
                | Step::KeepAlive
                | Step::LogOut => self.body_limit.min(SMALL_LIMIT),
            }
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

/// Names and values; attributes do not matter to a client that sends each where it came from.
fn cookies(headers: &HeaderMap) -> Vec<(String, SecretString)> {
    let set = headers.get_all(SET_COOKIE).iter();
    set.filter_map(|cookie| {
        let (name, value) = cookie.to_str().ok()?.split(';').next()?.split_once('=')?;
        let value = SecretString::from(value.trim().to_owned());
        Some((name.trim().to_owned(), value))
    })
    .collect()
}

/// The cookies of one agent session.
#[derive(Clone, Debug, Default)]
pub(super) struct Cookies {
    held: BTreeMap<String, SecretString>,
}

/// No server needs more of them, and a broken one must not fill the memory.
const COOKIES: usize = 16;

impl Cookies {
    /// Keeps what an answer set; an empty value takes a cookie away.
    pub(super) fn learn(&mut self, set: &[(String, SecretString)]) {
        for (name, value) in set {
            if value.expose_secret().is_empty() {
                self.held.remove(name);
            } else if self.held.len() < COOKIES || self.held.contains_key(name) {
                self.held.insert(name.clone(), value.clone());
            }
        }
    }

    /// The `Cookie` header; `None` without cookies.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        cookie_header(self.held.iter().map(|(name, value)| (name.as_str(), value)))
    }
}

/// These pairs as a `Cookie` header; `None` without any.
pub(super) fn cookie_header<'c>(
    pairs: impl Iterator<Item = (&'c str, &'c SecretString)>,
) -> Option<HeaderValue> {
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={}", value.expose_secret()))
        .collect();
    let mut value = HeaderValue::from_str(&pairs.join("; ")).ok()?;
    value.set_sensitive(true);
    (!pairs.is_empty()).then_some(value)
}

/// What went wrong between us and the host, without the address: that carries the session.
fn trouble(error: &reqwest::Error) -> String {
    let cause = innermost(error);
    if is_certificate(error) {
        format!(
            "its certificate is not trusted ({cause}); install the system's CA certificates, or name the CA's file in liveperson.ca_files; a proxy that looks into https needs that too"
        )
    } else if is_unknown_host(error) {
        format!(
            "there is no such host ({cause}); check the network, DNS and liveperson.discovery_url"
        )
    } else if error.is_connect() {
        format!("cannot connect ({cause}); check the network, DNS, the proxy and the certificates")
    } else if error.is_decode() && !is_network(error) {
        format!("the answer's compression is damaged ({cause}); a proxy may have changed it")
    } else {
        format!("the connection broke before the answer was complete ({cause})")
    }
}

/// A host that DNS does not know may have been retired; anything else may pass.
fn broken_fault(error: &reqwest::Error) -> SourceFault {
    if is_unknown_host(error) {
        SourceFault::NotFound
    } else {
        SourceFault::Unreachable
    }
}

/// The resolver's own words for a name that does not exist; "temporary failure" is another one. The
/// code behind them (`EAI_NONAME`) is not carried by the error.
fn is_unknown_host(error: &reqwest::Error) -> bool {
    const WORDS: [&str; 4] = [
        "Name or service not known",
        "No address associated with hostname",
        "Name does not resolve",
        "nodename nor servname",
    ];
    let said = innermost(error);
    error.is_connect() && WORDS.iter().any(|word| said.contains(word))
}

/// rustls' words for a peer that it does not believe.
fn is_certificate(error: &reqwest::Error) -> bool {
    error.is_connect() && innermost(error).contains("invalid peer certificate")
}

/// The certificates in a PEM file.
fn certificates(file: &Path) -> Result<Vec<Certificate>, SourceError> {
    let wrong = |why: String| SourceError {
        doing: format!("read the CA certificates in {}", file.display()),
        what: format!("{why}; correct liveperson.ca_files"),
        fault: SourceFault::Refused,
        retry_after: None,
    };
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(innermost(&error)))?;
    if found.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(found)
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
