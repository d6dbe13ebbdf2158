//! A scripted LivePerson on a socket of its own: it gives its replies in order, whatever is asked,
//! and keeps what was asked, so that a test can compare bytes.
#![expect(
    clippy::unwrap_used,
    reason = "a broken test server should stop the test"
)]

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    response::Response,
};
use lp2rc::{
    config::{
        AccountConfigReading, Credentials, Filters, LivePersonConfig, RetryConfig, WireFormat,
    },
    domain::Timestamp,
    liveperson::LivePerson,
    ports::ManualClock,
    state::MemoryStore,
    telemetry::Metrics,
};
use secrecy::SecretString;
use tokio::{net::TcpListener, sync::Notify};

pub(crate) const ACCOUNT: &str = "20026006";
pub(crate) const PASSWORD: &str = "pass-word-9";
pub(crate) const BEARER: &str = "bearer-1f";
pub(crate) const COOKIE: &str = "cookie-77";
pub(crate) const CSRF: &str = "csrf-42";

/// What the server does with one request. `{host}` in texts becomes its own address.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Status, extra headers, body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// 200 whose connection breaks after these bytes.
    Broken(&'static str),
    /// Nothing, ever.
    Silence,
}

pub(crate) fn json(status: u16, body: &str) -> Reply {
    let headers = vec![("content-type", "application/json".to_owned())];
    Reply::Answer(status, headers, body.as_bytes().to_vec())
}

pub(crate) fn typed(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    let headers = vec![("content-type", content_type.to_owned())];
    Reply::Answer(status, headers, body.into())
}

pub(crate) fn discovery() -> Reply {
    json(
        200,
        r#"{"service":"agentVep","account":"20026006","baseURI":"{host}"}"#,
    )
}

pub(crate) fn login() -> Reply {
    let body = format!(
        r#"{{"bearer":"{BEARER}","csrf":"{CSRF}","config":{{"userId":"3","loginName":"bridge"}}}}"#
    );
    let cookie = format!("Session_id={COOKIE}; Path=/; HttpOnly");
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("set-cookie", "other=1".to_owned()),
        ("set-cookie", cookie),
    ];
    Reply::Answer(200, headers, body.into_bytes())
}

pub(crate) fn session(id: u32) -> Reply {
    json(
        201,
        &format!(
            r#"{{"agentSessionLocation":{{"link":{{"@href":"https://{{host}}/api/account/20026006/agentSession/{id}","@rel":"location"}}}}}}"#
        ),
    )
}

pub(crate) fn ok() -> Reply {
    json(200, "")
}

/// Two agents, of whom 3 is the bridge's own user, and a next link.
pub(crate) const AGENTS: &str = r#"{"availableAgents":{"agents":{"agent":[{"@id":"3","@chatState":"4"},{"@id":"2","@chatState":"2","@maxChats":"-1","userName":"Agent1"}]},"link":{"@href":"https://{host}/api/account/20026006/agentSession/9/availableAgents?timeStamp=1331544926464","@rel":"next"}}}"#;

pub(crate) fn agents() -> Reply {
    json(200, AGENTS)
}

/// Discovery, login, session, Away.
pub(crate) fn opening() -> Vec<Reply> {
    vec![discovery(), login(), session(9), ok()]
}

pub(crate) struct Server {
    pub(crate) host: String,
    state: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    seen: Mutex<Vec<String>>,
    arrived: Notify,
}

impl Server {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Shared::default());
        state.replies.lock().unwrap().extend(replies);
        let (shared, own) = (Arc::clone(&state), host.clone());
        let router = axum::Router::new().fallback(move |request: Request| {
            let (shared, own) = (Arc::clone(&shared), own.clone());
            async move { serve(&shared, &own, request).await }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { host, state }
    }

    /// Adds replies behind those that are left.
    pub(crate) fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.replies.lock().unwrap().extend(replies);
    }

    /// What was asked since the last call, whole. The server's address reads `HOST`.
    pub(crate) fn transcript(&self) -> Vec<String> {
        std::mem::take(&mut *self.state.seen.lock().unwrap())
    }

    /// Likewise, request lines only, shortened by the account's path.
    pub(crate) fn lines(&self) -> Vec<String> {
        let first = |text: &String| text.lines().next().unwrap_or_default().to_owned();
        let lines = self.transcript();
        lines
            .iter()
            .map(|text| first(text).replace("/api/account/20026006/", ""))
            .collect()
    }

    /// Takes back the replies that nobody has asked for.
    pub(crate) fn forget(&self) {
        self.state.replies.lock().unwrap().clear();
    }

    /// How many requests came since the last look.
    pub(crate) fn asked(&self) -> usize {
        self.state.seen.lock().unwrap().len()
    }

    /// Until one more request has come in.
    pub(crate) async fn arrival(&self) {
        self.state.arrived.notified().await;
    }

    pub(crate) fn config(&self) -> LivePersonConfig {
        LivePersonConfig {
            account: ACCOUNT.to_owned(),
            username: "bridge".to_owned(),
            credentials: Credentials::Password(SecretString::from(PASSWORD)),
            discovery_url: format!("http://{}", self.host),
            discovery_every: Duration::from_secs(6 * 3_600),
            trusted_hosts: vec!["127.0.0.1".to_owned()],
            ca_files: Vec::new(),
            format: WireFormat::Json,
            follow_next: false,
            filters: Filters::default(),
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            body_limit: 1024 * 1024,
            refresh_every: Duration::from_secs(240),
            session_idle: Duration::from_secs(300),
            account_config: AccountConfigReading {
                read: false,
                every: Duration::from_secs(600),
            },
            retry: RetryConfig::default(),
        }
    }

    pub(crate) fn reader(&self) -> (LivePerson, ManualClock) {
        reader(self.config())
    }
}

impl Drop for Server {
    /// A script that was not played to its end did not test what it says.
    fn drop(&mut self) {
        let left = self.state.replies.lock().unwrap().len();
        if !std::thread::panicking() {
            assert_eq!(left, 0, "replies that nobody asked for");
        }
    }
}

/// The clock stands still unless a test moves it, so nothing here waits for time.
pub(crate) fn reader(config: LivePersonConfig) -> (LivePerson, ManualClock) {
    let clock = ManualClock::at(Timestamp::from_millis(1_700_000_000_000));
    let latches = Arc::new(MemoryStore::new(1));
    let reader = LivePerson::new(config, Arc::new(clock.clone()), latches, Metrics::new()).unwrap();
    (reader, clock)
}

async fn serve(shared: &Shared, own: &str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let mut text = format!("{} {}\n", parts.method, parts.uri);
    let mut headers: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    headers.sort();
    text.extend(headers);
    let _ = write!(text, "\n{}", String::from_utf8_lossy(&body));
    let text = text.replace(own, "HOST");
    shared.seen.lock().unwrap().push(text);
    let reply = shared.replies.lock().unwrap().pop_front();
    shared.arrived.notify_one();
    match reply {
        Some(Reply::Answer(status, headers, body)) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value.replace("{host}", own));
            }
            let body = match String::from_utf8(body) {
                Ok(text) => text.replace("{host}", own).into_bytes(),
                Err(bytes) => bytes.into_bytes(),
            };
            response.body(Body::from(body)).unwrap()
        }
        Some(Reply::Broken(start)) => {
            let parts = [
                Ok(Bytes::from_static(start.as_bytes())),
                Err(std::io::Error::other("cable cut")),
            ];
            Response::new(Body::from_stream(futures_util::stream::iter(parts)))
        }
        Some(Reply::Silence) => std::future::pending().await,
        None => Response::builder().status(599).body(Body::empty()).unwrap(),
    }
}
