//! The public listener: the livechat API as Rocket.Chat 7.x and 8.x answer it (livechat contract
//! §1 and §4.1.2).
//!
//! Requests are told apart by hand, not by a router: there are two routes, and agent.next must
//! cost next to nothing beside the socket. No answer waits for anything: what is asked is in
//! memory. Request bodies are never read, so no body is too large; hyper closes a connection
//! whose body is left lying.
//!
//! Deliberately absent: authentication (visitor endpoints have none), `stack` in errors,
//! compression, and routes that are not served yet.

mod address;
mod agent_next;
mod cors;
mod rate;
mod render;
mod reply;
mod route;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::IpAddr,
    sync::Arc,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

pub use render::render_agent;

use self::{
    agent_next::AgentNext,
    cors::Cors,
    rate::{Limited, RateTable, Spent},
    reply::StatusCounters,
    route::Route,
};
use super::listener::{BindError, Bound, Face, Limits, Terms};
use crate::{
    config::ApiConfig,
    ledger::Ledger,
    ports::{Clock, OpenRooms},
    telemetry::Metrics,
};

/// What `GET /api/info` says: a release whose answers ours are like (admin contract §1.5; only
/// major.minor, as there). `workspaceUrl`, `minimumClientVersions` and the signed
/// `supportedVersions` are left out: they would be claims about a workspace that does not exist.
const INFO: &[u8] = br#"{"version":"8.5","success":true}"#;

/// What the public listener is made of.
pub struct Api {
    /// `[api]`.
    pub config: ApiConfig,
    /// Who is next.
    pub ledger: Arc<Ledger>,
    /// Who is already talking to somebody.
    pub rooms: Arc<dyn OpenRooms>,
    /// Rate windows and time-outs.
    pub clock: Arc<dyn Clock>,
    /// Requests, answers, connections.
    pub metrics: Metrics,
}

impl Api {
    /// Opens `[api] listen`. Must be called inside a tokio runtime.
    pub async fn bind(self) -> Result<Bound<ApiFace>, BindError> {
        let Self {
            config,
            ledger,
            rooms,
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
        let face = ApiFace {
            agent_next: AgentNext::new(&config, ledger, rooms, &metrics),
            cors: Cors::new(config.cors_origins.as_deref()),
            rates: config.rate_limit.map(RateTable::new),
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
    cors: Cors,
    rates: Option<RateTable>,
    statuses: StatusCounters,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

impl Face for ApiFace {
    type Body = Full<Bytes>;
    type Answering = Ready<Result<Response<Full<Bytes>>, Infallible>>;

    fn answer(self: &Arc<Self>, peer: IpAddr, request: Request<Incoming>) -> Self::Answering {
        let response = self.respond(peer, &request);
        self.statuses.count(response.status());
        ready(Ok(response))
    }
}

impl ApiFace {
    fn respond<B>(&self, peer: IpAddr, request: &Request<B>) -> Response<Full<Bytes>> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        if method == Method::OPTIONS && route::is_under_api(uri.path()) {
            return self.cors.preflight(headers);
        }
        // HEAD runs the GET route, as upstream's router does, and hyper leaves the body out.
        let is_head = method == Method::HEAD;
        let mut response = if method != Method::GET && !is_head {
            reply::not_found()
        } else {
            match Route::of(uri.path()) {
                Route::AgentNext { token } => self.limited(peer, headers, || {
                    self.agent_next.answer(&token, uri.query(), is_head)
                }),
                // Not under `/api/v1`, so not limited.
                Route::Info => reply::json(StatusCode::OK, Bytes::from_static(INFO)),
                Route::Unknown => reply::not_found(),
            }
        };
        self.cors.actual(headers, response.headers_mut());
        response
    }

    /// The rate limit comes before the parameter schema, as on all legacy routes (livechat
    /// contract §1.3): a malformed question counts too.
    fn limited(
        &self,
        peer: IpAddr,
        headers: &http::HeaderMap,
        answer: impl FnOnce() -> Response<Full<Bytes>>,
    ) -> Response<Full<Bytes>> {
        let Some(rates) = &self.rates else {
            return answer();
        };
        let client = address::client(&self.config, peer, headers);
        let spent = rates.spend(Limited::AgentNext, client, self.clock.elapsed());
        let mut response = match spent {
            Spent::Within { .. } => answer(),
            Spent::Exceeded { resets_in } => {
                self.metrics.rate_limited.inc();
                reply::too_many(resets_in)
            }
        };
        rate::write_headers(
            rates.calls(),
            spent,
            self.clock.now(),
            response.headers_mut(),
        );
        response
    }
}
