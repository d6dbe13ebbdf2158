//! A scripted Rocket.Chat on a socket of its own: it gives its replies in order, whatever is asked,
//! or asks a function for them, and keeps what was asked, so that a test can compare bytes.
#![expect(
    clippy::unwrap_used,
    reason = "a broken test server should stop the test"
)]

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request},
    response::Response,
};
use lp2rc::{
    config::{RocketChatConfig, TargetCredentials},
    domain::Timestamp,
    ports::ManualClock,
    rocketchat::RocketChat,
    telemetry::Metrics,
};
use secrecy::SecretString;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Barrier, Notify},
};

pub(crate) const USER_ID: &str = "bridgeUserId00001";
pub(crate) const TOKEN: &str = "token-7f";
pub(crate) const PASSWORD: &str = "pass-word-9";

/// Wall time of the manual clock.
pub(crate) const START: i64 = 1_700_000_000_000;

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Status, extra headers, body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// 200 whose connection breaks after these bytes.
    Broken(&'static str),
    /// Nothing, ever.
    Silence,
    /// 200 with `success`, as soon as so many requests are there.
    Together(Arc<Barrier>),
}

pub(crate) fn json(status: u16, body: &str) -> Reply {
    let headers = vec![("content-type", "application/json".to_owned())];
    Reply::Answer(status, headers, body.to_owned())
}

/// 200 with `success`.
pub(crate) fn ok() -> Reply {
    json(200, r#"{"success":true}"#)
}

pub(crate) fn info(version: &str) -> Reply {
    json(200, &format!(r#"{{"version":"{version}","success":true}}"#))
}

/// A refusal with a code, and with everything that must not be told in its text.
pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    let error = format!("{TOKEN} {PASSWORD} ada@example.org is refused [{code}]");
    let body = serde_json::json!({ "success": false, "error": error, "errorType": code });
    json(status, &body.to_string())
}

/// The same without a code.
pub(crate) fn bare(status: u16) -> Reply {
    json(
        status,
        r#"{"success":false,"error":"ada@example.org: User not found."}"#,
    )
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method and target.
    pub(crate) line: String,
    /// Sorted, as `name: value`.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
    /// The client's end of the connection.
    pub(crate) port: u16,
}

impl Asked {
    /// A parameter of the query, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.line.split_once('?')?;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
        let decoded = percent_encoding::percent_decode_str(value);
        Some(decoded.decode_utf8().unwrap().into_owned())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

pub(crate) struct Server {
    pub(crate) host: String,
    state: Arc<Shared>,
}

struct Shared {
    script: Box<Script>,
    left: Arc<Mutex<VecDeque<Reply>>>,
    seen: Mutex<Vec<Asked>>,
    arrived: Notify,
    /// Requests under way, now and at the most.
    under_way: Mutex<(usize, usize)>,
}

impl Server {
    /// Gives these replies in order, then 599.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let left: VecDeque<Reply> = replies.into_iter().collect();
        let left = Arc::new(Mutex::new(left));
        let queue = Arc::clone(&left);
        let script = move |_: &Asked| queue.lock().unwrap().pop_front().unwrap_or(json(599, ""));
        Self::with(Box::new(script), left).await
    }

    /// Asks a function for each reply.
    pub(crate) async fn of(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(Box::new(script), Arc::default()).await
    }

    async fn with(script: Box<Script>, left: Arc<Mutex<VecDeque<Reply>>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Shared {
            script,
            left,
            seen: Mutex::default(),
            arrived: Notify::new(),
            under_way: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let router = axum::Router::new().fallback(
            move |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request| {
                let shared = Arc::clone(&shared);
                async move { serve(&shared, peer.port(), request).await }
            },
        );
        let router = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { host, state }
    }

    /// What was asked since the last call.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.state.seen.lock().unwrap())
    }

    /// Likewise: method, target, and the body behind a blank when there is one.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.asked().into_iter().map(|asked| {
            let line = format!("{} {}", asked.line, asked.body);
            line.trim_end().to_owned()
        });
        lines.collect()
    }

    /// How many requests were under way at the most.
    pub(crate) fn busiest(&self) -> usize {
        self.state.under_way.lock().unwrap().1
    }

    /// Until one more request has come in.
    pub(crate) async fn arrival(&self) {
        self.state.arrived.notified().await;
    }

    pub(crate) fn config(&self) -> RocketChatConfig {
        config(&format!("http://{}", self.host))
    }

    /// A client on a clock that stands still unless a test moves it.
    pub(crate) fn client(&self) -> (RocketChat, ManualClock) {
        on_manual_clock(self.config())
    }
}

impl Drop for Server {
    /// A script that was not played to its end did not test what it says.
    fn drop(&mut self) {
        let left = self.state.left.lock().unwrap().len();
        if !std::thread::panicking() {
            assert_eq!(left, 0, "replies that nobody asked for");
        }
    }
}

pub(crate) fn config(url: &str) -> RocketChatConfig {
    RocketChatConfig {
        url: url.to_owned(),
        credentials: TargetCredentials::Token {
            user_id: USER_ID.to_owned(),
            token: SecretString::from(TOKEN),
        },
        ca_files: Vec::new(),
        connect_timeout: Duration::from_secs(10),
        total_timeout: Duration::from_secs(30),
        in_flight: 32,
    }
}

pub(crate) fn by_login(config: RocketChatConfig) -> RocketChatConfig {
    let credentials = TargetCredentials::Login {
        username: "bridge@example.org".to_owned(),
        password: SecretString::from(PASSWORD),
    };
    RocketChatConfig {
        credentials,
        ..config
    }
}

pub(crate) fn on_manual_clock(config: RocketChatConfig) -> (RocketChat, ManualClock) {
    let clock = ManualClock::at(Timestamp::from_millis(START));
    let client = RocketChat::new(config, Arc::new(clock.clone()), Metrics::new()).unwrap();
    (client, clock)
}

async fn serve(shared: &Shared, port: u16, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let mut headers: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let asked = Asked {
        line: format!("{} {}", parts.method, parts.uri),
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        port,
    };
    shared.seen.lock().unwrap().push(asked.clone());
    {
        let mut under_way = shared.under_way.lock().unwrap();
        under_way.0 += 1;
        under_way.1 = under_way.1.max(under_way.0);
    }
    let mut reply = (shared.script)(&asked);
    shared.arrived.notify_one();
    if let Reply::Together(barrier) = &reply {
        barrier.wait().await;
        reply = ok();
    }
    shared.under_way.lock().unwrap().0 -= 1;
    match reply {
        Reply::Answer(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::from(body)).unwrap()
        }
        Reply::Broken(start) => {
            let parts = [
                Ok(Bytes::from_static(start.as_bytes())),
                Err(std::io::Error::other("cable cut")),
            ];
            Response::new(Body::from_stream(futures_util::stream::iter(parts)))
        }
        Reply::Silence | Reply::Together(_) => std::future::pending().await,
    }
}
