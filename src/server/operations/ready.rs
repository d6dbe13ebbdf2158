//! Whether the bridge is able to answer, and what is wrong where.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::look;
use crate::{
    domain::{Component, Health, Snapshot, Timestamp},
    ledger::Freshness,
    telemetry::ComponentHealth,
};

/// `GET /readyz`: 200 when ready or degraded, 503 when unready.
///
/// | status | when |
/// |---|---|
/// | `unready` | the source was never seen, or what is served is past `routing.max_age`, or the store does not work (its word is not a ready one, see [`Health::is_ready`]) |
/// | `degraded` | answers are given, but what is served is past `routing.stale_after`, or a component's word is not `connected` (so a quarantine is degraded: presence is still read, and served) |
/// | `ready` | neither |
///
/// The source and the scheduler alone never make it unready: what they told last is served until
/// it is too old, and the age of it is the truth about both.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Readiness {
    /// Whether agent.next can be answered: ready or degraded.
    pub ready: bool,
    /// The word.
    pub status: Status,
    /// `source`, `store`, `scheduler`.
    pub components: BTreeMap<String, ComponentState>,
    /// What is served.
    pub snapshot: SnapshotState,
}

/// The three words of readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All is well.
    Ready,
    /// Answers are given; somebody should look.
    Degraded,
    /// No useful answers are given.
    Unready,
}

/// How one component is.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct ComponentState {
    /// [`Health::word`].
    pub state: String,
    /// When the word last changed; absent before anything happened.
    pub since: Option<String>,
    /// How long ago that was.
    pub age_seconds: Option<f64>,
    /// Why, in one sentence.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

/// What is served.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct SnapshotState {
    /// Version of the state.
    pub generation: u64,
    /// Agents in it.
    pub agents: usize,
    /// Since the source was seen whole; absent when it never was.
    pub age_seconds: Option<f64>,
    /// `never`, `fresh`, `stale` or `too_old`.
    pub freshness: String,
}

impl Readiness {
    /// Decides by the table above.
    pub fn of(
        components: &[(Component, ComponentHealth)],
        snapshot: &Snapshot,
        freshness: Freshness,
        now: Timestamp,
    ) -> Self {
        let (word, age_seconds) = look::freshness(freshness);
        let status = status(components, freshness);
        Self {
            ready: status != Status::Unready,
            status,
            components: components
                .iter()
                .map(|(component, health)| (component.word().to_owned(), state(health, now)))
                .collect(),
            snapshot: SnapshotState {
                generation: snapshot.generation.0,
                agents: snapshot.rows().len(),
                age_seconds,
                freshness: word.to_owned(),
            },
        }
    }
}

fn status(components: &[(Component, ComponentHealth)], freshness: Freshness) -> Status {
    let store_works = components
        .iter()
        .all(|(component, state)| *component != Component::Store || state.health.is_ready());
    let all_well = components
        .iter()
        .all(|(_, state)| state.health == Health::Connected);
    match freshness {
        Freshness::Never | Freshness::TooOld { .. } => Status::Unready,
        Freshness::Fresh { .. } | Freshness::Stale { .. } if !store_works => Status::Unready,
        Freshness::Fresh { .. } if all_well => Status::Ready,
        Freshness::Fresh { .. } | Freshness::Stale { .. } => Status::Degraded,
    }
}

fn state(health: &ComponentHealth, now: Timestamp) -> ComponentState {
    let since = Some(health.since).filter(|since| *since != Timestamp::default());
    ComponentState {
        state: health.health.word().to_owned(),
        since: since.map(|since| since.to_string()),
        age_seconds: since.map(|since| now.since(since).as_secs_f64()),
        reason: health.reason.clone(),
        remedy: health.health.remedy().to_owned(),
    }
}
