//! The operators' listener: `/livez`, `/readyz`, `/metrics`, `/openapi.json` and the admin API, on loopback by
//! default. A router of its own, and axum's: nothing here is hot.
//!
//! Deliberately absent: a rate limit and CORS (both are `/api/v1`'s), and a time-out of requests:
//! a sync may take as long as the schedule's deadline lets it, a check as long as the source's
//! answers, and whoever watches a job may wait for news of it; everything else is read from memory or from the store.

pub mod ready;

use std::{convert::Infallible, net::IpAddr, pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderValue, Request, Response, StatusCode, header},
    routing::get,
};
use hyper::body::Incoming;
use prometheus_client::metrics::gauge::Gauge;
use secrecy::SecretString;
use tower::ServiceExt as _;

use super::{
    admin::{self, look},
    listener::{BindError, Bound, Face, Limits, Terms},
    livechat::openapi,
};
use crate::{
    config::OperationsConfig,
    conversation::Conversations,
    domain::Health,
    ledger::Ledger,
    ports::{Clock, Control, Examine, Inspect, Jobs, RunStore},
    telemetry::{
        HealthBoard, Metrics,
        metrics::{HealthOf, Request as RequestLabel},
    },
};

/// A handful of operators and scrapers; not settings, as nobody has ever needed to turn them.
const LIMITS: Limits = Limits {
    max_connections: 64,
    header_timeout: Duration::from_secs(10),
    write_timeout: Duration::from_secs(30),
    drain_timeout: Duration::from_secs(5),
};

/// What the operators' listener is made of.
pub struct Operations {
    /// `[operations]`.
    pub config: OperationsConfig,
    /// What is served, and how old it is.
    pub ledger: Arc<Ledger>,
    /// How the components are.
    pub health: HealthBoard,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// Ages and moments.
    pub clock: Arc<dyn Clock>,
    /// Who runs a cycle.
    pub control: Arc<dyn Control>,
    /// Who looks at the way to the source.
    pub examine: Arc<dyn Examine>,
    /// The store as a whole.
    pub inspect: Arc<dyn Inspect>,
    /// Past cycles.
    pub runs: Arc<dyn RunStore>,
    /// Who does the long work of the move; `None` without a target.
    pub jobs: Option<Arc<dyn Jobs>>,
    /// Visitors, rooms, messages and mails; `None` where there are none.
    pub conversations: Option<Conversations>,
    /// What the admin API wants to see; made by [`super::door::make_token`].
    pub token: SecretString,
}

impl Operations {
    /// Opens `[operations] listen`. Must be called inside a tokio runtime.
    pub async fn bind(self) -> Result<Bound<OperationsFace>, BindError> {
        let terms = Terms {
            setting: "operations.listen",
            address: self.config.listen,
            limits: LIMITS,
            clock: Arc::clone(&self.clock),
            // Connections of operators are nobody's concern: this gauge is not registered.
            open: Gauge::default(),
        };
        let metrics = self.metrics.clone();
        let operations = Arc::new(self);
        let router = Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/metrics", get(scrape))
            .route("/openapi.json", get(describe))
            .nest("/admin", admin::routes(&operations))
            .with_state(operations);
        let face = OperationsFace { router, metrics };
        Bound::open(terms, face).await
    }
}

/// Answers one operator's request after the other.
pub struct OperationsFace {
    router: Router,
    metrics: Metrics,
}

impl Face for OperationsFace {
    type Body = Body;
    type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn answer(self: &Arc<Self>, _peer: IpAddr, request: Request<Incoming>) -> Self::Answering {
        let face = Arc::clone(self);
        Box::pin(async move {
            let response = face.router.clone().oneshot(request.map(Body::new)).await?;
            let labels = RequestLabel {
                listener: "operations",
                status: response.status().as_u16(),
            };
            face.metrics.http_requests.get_or_create(&labels).inc();
            Ok(response)
        })
    }
}

/// The process runs and its reactor turns; nothing else is claimed.
async fn livez() -> Response<Body> {
    content(StatusCode::OK, "text/plain; charset=utf-8", "ok")
}

/// See [`ready::Readiness`].
async fn readyz(State(operations): State<Arc<Operations>>) -> Response<Body> {
    let snapshot = operations.ledger.snapshot();
    let readiness = ready::Readiness::of(
        &operations.health.all(),
        &snapshot,
        operations.ledger.freshness(),
        operations.clock.now(),
    );
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    // Texts and numbers into memory cannot fail.
    let text = serde_json::to_string(&readiness).unwrap_or_default();
    content(status, "application/json", text)
}

/// What the public listener answers (`server::livechat::openapi`).
async fn describe() -> Response<Body> {
    content(StatusCode::OK, "application/json", openapi::served())
}

/// Gauges that are states and not events are set here, when somebody looks.
async fn scrape(State(operations): State<Arc<Operations>>) -> Response<Body> {
    let metrics = &operations.metrics;
    let (_, age) = look::freshness(operations.ledger.freshness());
    metrics.snapshot_age.set(age.unwrap_or(f64::INFINITY));
    let holds = i64::try_from(operations.ledger.holds()).unwrap_or(i64::MAX);
    metrics.holds.set(holds);
    for (component, now) in operations.health.all() {
        for health in Health::ALL {
            let labels = HealthOf {
                component: component.word(),
                health: health.word(),
            };
            let holds = i64::from(health == now.health);
            metrics.health.get_or_create(&labels).set(holds);
        }
    }
    content(
        StatusCode::OK,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        metrics.render(),
    )
}

/// An answer of this listener. Nothing of it may be kept by a cache.
pub(super) fn content(
    status: StatusCode,
    kind: &'static str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
