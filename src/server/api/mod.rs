//! The public listener: the livechat API as Rocket.Chat 7.x and 8.x answer it (livechat contract
//! §1 and §4.1.2).
//!
//! agent.next is told apart by hand, before everything else: it must cost next to nothing beside
//! the socket, and its answer waits for nothing. All other endpoints are the livechat face's
//! (`server::livechat`), which waits for the conversations.
//!
//! Deliberately absent: `stack` in errors, and compression.

mod address;
mod agent_next;
mod cors;
mod rate;
mod render;
mod reply;
mod route;

use std::{
    convert::Infallible,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header::ALLOW};
use hyper::body::Incoming;

pub use render::render_agent;

use self::{agent_next::AgentNext, cors::Cors, reply::StatusCounters, route::Route};
pub(super) use self::{
    rate::{Spending, Windows, network},
    reply::{Body, document, empty, tag, text},
    route::decode as decode_segment,
};
use super::{
    listener::{BindError, Bound, Face, Limits, Terms},
    livechat::{Answered, Livechat, avatar, openapi},
    realtime::{self, Hub, Realtime},
};
use crate::{
    config::{ApiConfig, LivechatConfig, livechat::Version},
    conversation::Conversations,
    ledger::Ledger,
    ports::{Clock, OpenRooms, Post},
    telemetry::Metrics,
};

/// What `GET /api/info` says: a release whose answers ours are like (admin contract §1.5; only
/// major.minor, as there). `workspaceUrl`, `minimumClientVersions` and the signed
/// `supportedVersions` are left out: they would be claims about a workspace that does not exist.
fn info(version: Version) -> Bytes {
    Bytes::from_static(match version {
        Version::V6 => br#"{"version":"6.13","success":true}"#,
        Version::V7 => br#"{"version":"7.13","success":true}"#,
        Version::V8 => br#"{"version":"8.5","success":true}"#,
    })
}

/// What the public listener is made of.
pub struct Api {
    /// `[api]`.
    pub config: ApiConfig,
    /// Who is next.
    pub ledger: Arc<Ledger>,
    /// Who is already talking to somebody.
    pub rooms: Arc<dyn OpenRooms>,
    /// The livechat face; `None`: agent.next alone.
    pub livechat: Option<LivechatParts>,
    /// Rate windows and time-outs.
    pub clock: Arc<dyn Clock>,
    /// Requests, answers, connections.
    pub metrics: Metrics,
}

/// What the livechat face needs besides.
pub struct LivechatParts {
    /// `[livechat]`.
    pub config: Arc<LivechatConfig>,
    /// Visitors, rooms, messages.
    pub conversations: Conversations,
    /// Who listens to them over `/websocket`.
    pub hub: Arc<Hub>,
    /// Who carries mail.
    pub post: Arc<dyn Post>,
}

impl Api {
    /// Opens `[api] listen`. Must be called inside a tokio runtime.
    pub async fn bind(self) -> Result<Bound<ApiFace>, BindError> {
        let Self {
            config,
            ledger,
            rooms,
            livechat,
            clock,
            metrics,
        } = self;
        let terms = Terms {
            setting: "api.listen",
            address: config.listen,
            limits: Limits {
                max_connections: config.max_connections,
                header_timeout: config.header_timeout,
                write_timeout: config.request_timeout,
                drain_timeout: config.drain_timeout,
            },
            clock: Arc::clone(&clock),
            open: metrics.http_connections.clone(),
        };
        let windows = config.rate_limit.map(|limit| Arc::new(Windows::new(limit)));
        let version = livechat
            .as_ref()
            .map_or(Version::V8, |parts| parts.config.version);
        let offers = livechat.as_ref().map(|parts| Arc::clone(&parts.config));
        let (livechat, realtime) = livechat
            .map(|parts| {
                let livechat = Arc::new(Livechat::new(
                    config.clone(),
                    parts.config,
                    parts.conversations,
                    parts.post,
                    Arc::clone(&ledger),
                    Arc::clone(&clock),
                    windows.clone(),
                ));
                let realtime = Realtime::new(parts.hub, Arc::clone(&livechat));
                (livechat, realtime)
            })
            .unzip();
        let face = ApiFace {
            agent_next: AgentNext::new(&config, ledger, rooms, offers, &metrics),
            livechat,
            realtime,
            info: info(version),
            cors: Cors::new(config.cors_origins.as_deref()),
            windows,
            statuses: StatusCounters::new(&metrics),
            clock,
            config,
            metrics,
        };
        Bound::open(terms, face).await
    }
}

/// Answers one public request after the other.
pub struct ApiFace {
    config: ApiConfig,
    agent_next: AgentNext,
    livechat: Option<Arc<Livechat>>,
    realtime: Option<Realtime>,
    info: Bytes,
    cors: Cors,
    windows: Option<Arc<Windows>>,
    statuses: StatusCounters,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

/// An answer that is there, or one that waits for the conversations.
pub enum Answering {
    /// There already; taken when it is asked for.
    Now(Option<Response<Body>>),
    /// On its way.
    Later(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
}

impl Future for Answering {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Now(response) => response
                .take()
                .map_or(Poll::Pending, |r| Poll::Ready(Ok(r))),
            Self::Later(coming) => coming.as_mut().poll(context).map(Ok),
        }
    }
}

impl Face for ApiFace {
    type Body = Body;
    type Answering = Answering;

    fn answer(self: &Arc<Self>, peer: IpAddr, request: Request<Incoming>) -> Self::Answering {
        if let Some(realtime) = &self.realtime
            && request.uri().path() == realtime::PATH
        {
            let client = address::client(&self.config, peer, request.headers());
            let response = realtime.answer(client, request);
            self.statuses.count(response.status());
            return Answering::Now(Some(response));
        }
        if request.method() == Method::OPTIONS && route::is_under_api(request.uri().path()) {
            let response = self.cors.preflight(request.headers());
            self.statuses.count(response.status());
            return Answering::Now(Some(response));
        }
        if let Some(mut response) = self.at_once(peer, &request) {
            self.cors.actual(request.headers(), response.headers_mut());
            self.statuses.count(response.status());
            return Answering::Now(Some(response));
        }
        let face = Arc::clone(self);
        Answering::Later(Box::pin(async move {
            let origin = request.headers().get(http::header::ORIGIN).cloned();
            let mut response = face.later(peer, request).await;
            let asked = HeaderMap::from_iter(origin.map(|o| (http::header::ORIGIN, o)));
            face.cors.actual(&asked, response.headers_mut());
            face.statuses.count(response.status());
            response
        }))
    }
}

impl ApiFace {
    /// What can be answered from memory.
    fn at_once<B>(&self, peer: IpAddr, request: &Request<B>) -> Option<Response<Body>> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        // HEAD runs the GET route, as upstream's router does, and hyper leaves the body out.
        let is_head = method == Method::HEAD;
        if method == Method::GET || is_head {
            match Route::of(uri.path()) {
                Route::AgentNext { token } => {
                    return Some(self.limited(peer, headers, || {
                        self.agent_next.answer(&token, uri.query(), is_head)
                    }));
                }
                // Not under `/api/v1`, so not limited.
                Route::Info => {
                    return Some(reply::json(StatusCode::OK, self.info.clone()));
                }
                Route::Unknown => {}
            }
            if uri.path() == openapi::PATH {
                return Some(openapi::answer(headers));
            }
            if let Some(livechat) = &self.livechat {
                let hosted = livechat.hosted.answer(uri.path(), headers);
                let found = hosted.or_else(|| avatar::answer(uri.path(), headers));
                if found.is_some() {
                    return found;
                }
            }
        }
        self.livechat.is_none().then(reply::not_found)
    }

    /// The livechat face.
    async fn later(&self, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
        let Some(livechat) = &self.livechat else {
            return reply::not_found();
        };
        if request.uri().path().starts_with("/file-upload/") {
            let file = livechat.download(request).await;
            return file.unwrap_or_else(reply::not_found);
        }
        let client = address::client(&self.config, peer, request.headers());
        let Some(answered) = Arc::clone(livechat).answer(client, request).await else {
            return reply::not_found();
        };
        let Answered {
            status,
            body,
            window,
            allow,
        } = answered;
        let mut response = match window.and_then(|window| window.exceeded()) {
            Some(resets_in) => {
                self.metrics.rate_limited.inc();
                reply::too_many(resets_in)
            }
            None => reply::json(status, Bytes::from(body.to_string())),
        };
        if let Some(window) = window {
            window.write_headers(self.clock.now(), response.headers_mut());
        }
        let names: Vec<_> = allow.iter().map(Method::as_str).collect();
        if !names.is_empty()
            && let Ok(names) = HeaderValue::from_str(&names.join(", "))
        {
            response.headers_mut().insert(ALLOW, names);
        }
        response
    }

    /// The rate limit comes before the parameter schema, as on all legacy routes (livechat
    /// contract §1.3): a malformed question counts too.
    fn limited(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        answer: impl FnOnce() -> Response<Body>,
    ) -> Response<Body> {
        let Some(windows) = &self.windows else {
            return answer();
        };
        let client = address::client(&self.config, peer, headers);
        let spending = windows.agent_next(client, self.clock.elapsed());
        let mut response = match spending.exceeded() {
            None => answer(),
            Some(resets_in) => {
                self.metrics.rate_limited.inc();
                reply::too_many(resets_in)
            }
        };
        spending.write_headers(self.clock.now(), response.headers_mut());
        response
    }
}
