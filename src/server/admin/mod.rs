//! The admin API, `/admin/*` on the operations listener: what the command line asks a running
//! bridge for, because only one process can have the store open (DESIGN §4.9).
//!
//! Every call carries `Authorization: Bearer <token>` with the token of [`super::door`]. Answers
//! are the types of [`wire`]; a refusal is a [`wire::Refusal`] with one sentence. The shape is
//! ours: nothing of the target looks like this.

pub mod check;
pub mod jobs;
pub mod look;
pub mod outbox;
mod refusal;
pub mod wire;

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{RawQuery, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use secrecy::ExposeSecret as _;
use serde::{Serialize, de::DeserializeOwned};
use subtle::ConstantTimeEq as _;

use self::wire::{Refusal, RefusalKind};
use super::{operations::Operations, query};
use crate::{
    domain::{Ask, Policy, Purpose, Trigger},
    ports::{CycleRequest, clock},
};

/// Largest request body of calls that have two booleans at most.
const BODY_BYTES: usize = 16 * 1024;

/// How long a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs shown when no limit is given, and the most that can be asked for.
const RUNS: (usize, usize) = (20, 1_000);

type Answer = Result<Response, Refusal>;
type Desk = State<Arc<Operations>>;

/// The routes below `/admin`, all behind the token, unknown ones too.
pub(super) fn routes(operations: &Arc<Operations>) -> Router<Arc<Operations>> {
    Router::new()
        .route("/sync", post(sync))
        .route("/check", post(check))
        .route("/jobs", get(jobs::running).post(jobs::begin))
        .route("/jobs/{number}", get(jobs::show))
        .route("/jobs/{number}/stop", post(jobs::stop))
        .route("/outbox", get(outbox::answer_list))
        .route("/outbox/{id}", get(outbox::answer_whole))
        .route("/outbox/{id}/remove", post(outbox::answer_remove))
        .route("/explain", get(explain))
        .route("/agents", get(agents))
        .route("/runs", get(runs))
        .route("/state", get(state))
        .route("/state/export", get(export))
        .route("/state/verify", get(verify))
        .fallback(async || {
            Refusal::new(
                RefusalKind::NotFound,
                "there is no such admin call; `lp2rc --help` names the verbs that make them",
            )
        })
        .layer(middleware::from_fn_with_state(
            Arc::clone(operations),
            bearer,
        ))
}

/// Lets only the holder of the token through. The comparison takes the same time wherever the
/// first difference is.
async fn bearer(State(operations): Desk, request: Request, next: Next) -> Answer {
    let given = bearer_of(request.headers()).unwrap_or_default();
    let expected = operations.token.expose_secret().as_bytes();
    if bool::from(given.as_bytes().ct_eq(expected)) {
        return Ok(next.run(request).await);
    }
    Err(Refusal::new(
        RefusalKind::Unauthorized,
        "the admin API needs `Authorization: Bearer` with the text of admin.token in the state directory",
    ))
}

fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// `POST /admin/sync`. Waits for a running cycle, then for its own; the schedule's deadline is
/// its time-out. Going away in between detaches and stops nothing.
async fn sync(State(operations): Desk, body: Body) -> Answer {
    const SHAPE: &str = "a sync must be empty or {\"dry_run\":…,\"accept_fall\":…}";
    let wanted: wire::SyncRequest = asked(&operations, body, SHAPE).await?;
    let request = CycleRequest {
        trigger: Trigger::Request,
        dry_run: wanted.dry_run,
        accept_fall: wanted.accept_fall,
    };
    let report = operations.control.sync_now(request).await?;
    json(&wire::Run::from(&report))
}

/// `POST /admin/check`. Waits for a running poll, and polls wait for it; with `retry_login` it
/// waits for a cycle too.
async fn check(State(operations): Desk, body: Body) -> Answer {
    const SHAPE: &str = "a check must be empty or {\"retry_login\":…}";
    let wanted: check::CheckRequest = asked(&operations, body, SHAPE).await?;
    let desk = Arc::clone(&operations);
    let looked = tokio::task::spawn_blocking(move || check::state(&*desk.inspect, &desk.ledger));
    let mut steps = looked.await.map_err(|_| broken())?;
    let looked = check::to_its_end(operations, wanted).await;
    steps.extend(looked.map_err(|_| broken())?);
    json(&check::Checked {
        steps: steps.iter().map(Into::into).collect(),
    })
}

/// The JSON object in a request's body, which may be left out. `shape` is what it must look like.
async fn asked<T: DeserializeOwned + Default>(
    operations: &Operations,
    body: Body,
    shape: &str,
) -> Result<T, Refusal> {
    let bad = |why: &dyn std::fmt::Display| {
        Refusal::new(
            RefusalKind::BadRequest,
            format!("the body of {shape}: {why}"),
        )
    };
    let bytes = match whole(operations, body, BODY_BYTES).await {
        Ok(bytes) => bytes,
        Err(why) => return Err(bad(&why)),
    };
    if bytes.is_empty() {
        return Ok(T::default());
    }
    // An object first: serde would take `[]` for a struct without fields too.
    serde_json::from_slice::<serde_json::Map<_, _>>(&bytes)
        .and_then(|object| serde_json::from_value(object.into()))
        .map_err(|error| bad(&error))
}

/// All bytes of a request's body, or why there are none.
async fn whole(operations: &Operations, body: Body, limit: usize) -> Result<Bytes, String> {
    let read = Limited::new(body, limit).collect();
    match clock::timeout(operations.clock.as_ref(), BODY_TIMEOUT, read).await {
        Some(Ok(collected)) => Ok(collected.to_bytes()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("it did not arrive in time".to_owned()),
    }
}

/// `GET /admin/explain?department=&policy=&transfer=true&ignore=`. The department is an id, or a
/// name without regard to case; `ignore` is an id of the target.
async fn explain(State(operations): Desk, RawQuery(query): RawQuery) -> Answer {
    let query = query.unwrap_or_default();
    let [department, policy, transfer, ignore] =
        arguments(&query, ["department", "policy", "transfer", "ignore"])?;
    let policy = policy.map(|word| parse_policy(&word)).transpose()?;
    let purpose = match transfer.as_deref() {
        None | Some("false") => Purpose::NewChat,
        Some("true") => Purpose::Transfer,
        Some(_) => {
            return Err(Refusal::new(
                RefusalKind::BadRequest,
                "`transfer` must be true or false",
            ));
        }
    };
    let department = department
        .map(|named| department_id(&operations, &named))
        .transpose()?;
    let ignore = ignore.map(Cow::into_owned);
    blocking(move || {
        let ask = Ask {
            department: department.as_deref(),
            purpose,
            ignored_agent: ignore.as_deref(),
        };
        let explanation = operations.ledger.explain(&ask, policy);
        json(&wire::Explanation::from(&explanation))
    })
    .await
}

/// `GET /admin/agents`.
async fn agents(State(operations): Desk) -> Answer {
    blocking(move || json(&look::agents(&operations.ledger))).await
}

/// `GET /admin/runs?limit=`.
async fn runs(State(operations): Desk, RawQuery(query): RawQuery) -> Answer {
    let query = query.unwrap_or_default();
    let [limit] = arguments(&query, ["limit"])?;
    let limit = match limit.map(|text| text.parse::<usize>()) {
        None => RUNS.0,
        Some(Ok(limit)) if (1..=RUNS.1).contains(&limit) => limit,
        Some(_) => {
            return Err(Refusal::new(
                RefusalKind::BadRequest,
                format!("`limit` must be a number from 1 to {}", RUNS.1),
            ));
        }
    };
    blocking(move || {
        let reports = operations.runs.recent_runs(limit)?;
        json(&wire::Runs {
            runs: reports.iter().map(wire::Run::from).collect(),
        })
    })
    .await
}

/// `GET /admin/state`.
async fn state(State(operations): Desk) -> Answer {
    blocking(move || {
        let snapshot = operations.ledger.snapshot();
        let (freshness, age_seconds) = look::freshness(operations.ledger.freshness());
        json(&wire::State {
            generation: snapshot.generation.0,
            source_seen: look::source_seen(&operations.ledger, &*operations.clock),
            freshness: freshness.to_owned(),
            age_seconds,
            agents: snapshot.rows().len(),
            departments: snapshot.departments().len(),
            holds: operations.ledger.holds(),
            disk_bytes: operations.inspect.disk_bytes(),
            opened: operations.inspect.opened().into(),
        })
    })
    .await
}

/// `GET /admin/state/verify`: what is wrong with the state; reads every record.
async fn verify(State(operations): Desk) -> Answer {
    blocking(move || {
        let findings = operations.inspect.findings()?;
        json(&wire::Findings { findings })
    })
    .await
}

/// `GET /admin/state/export`: JSON Lines, the last of which carries the sum of the others.
async fn export(State(operations): Desk) -> Answer {
    blocking(move || {
        let text = operations.inspect.export(operations.clock.now())?;
        Ok(content("text/plain; charset=utf-8", text))
    })
    .await
}

/// The values of the given keys, each at most once and none besides; empty is absent.
fn arguments<'q, const N: usize>(
    query: &'q str,
    keys: [&str; N],
) -> Result<[Option<Cow<'q, str>>; N], Refusal> {
    let mut values = [const { None }; N];
    for (key, value) in query::pairs(query) {
        let place = keys.iter().position(|known| *known == key);
        if let Some(slot @ None) = place.map(|place| &mut values[place]) {
            *slot = Some(value);
        } else {
            let why = format!(
                "`{key}` is unknown or given twice; known: {}",
                keys.join(", ")
            );
            return Err(Refusal::new(RefusalKind::BadRequest, why));
        }
    }
    Ok(values.map(|value| value.filter(|text| !text.is_empty())))
}

fn parse_policy(word: &str) -> Result<Policy, Refusal> {
    Policy::from_word(word).ok_or_else(|| {
        let known = Policy::ALL.map(Policy::word).join(", ");
        Refusal::new(
            RefusalKind::BadRequest,
            format!("there is no such policy; known: {known}"),
        )
    })
}

/// The id of the department that has this id or name.
fn department_id(operations: &Operations, named: &str) -> Result<String, Refusal> {
    look::department_id(&operations.ledger, named)
        .ok_or_else(|| Refusal::new(RefusalKind::NotFound, look::NO_DEPARTMENT))
}

/// Runs what reads the store or walks over everybody, away from the threads that answer visitors.
async fn blocking(work: impl FnOnce() -> Answer + Send + 'static) -> Answer {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(broken()))
}

fn broken() -> Refusal {
    Refusal::new(
        RefusalKind::Unexpected,
        "the admin call failed inside the bridge; its log has the panic",
    )
}

fn json(body: &impl Serialize) -> Answer {
    match serde_json::to_string(body) {
        Ok(text) => Ok(content("application/json", text)),
        Err(error) => Err(Refusal::new(
            RefusalKind::Unexpected,
            format!("cannot write the answer: {error}"),
        )),
    }
}

fn content(kind: &'static str, text: String) -> Response {
    super::operations::content(StatusCode::OK, kind, text)
}
