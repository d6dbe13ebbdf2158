//! The closed list of metrics, as one value: no global state, so tests can run side by side.

use std::sync::{Arc, atomic::AtomicU64};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// One label, its name fixed by the metric.
macro_rules! label {
    ($name:ident, $field:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub struct $name {
            /// The label's value: always from a closed list.
            pub $field: &'static str,
        }
    };
}

label!(Coverage, coverage, "`Coverage::word`");
label!(Fault, fault, "`SourceFault::word`");
label!(Reason, reason, "A closed reason word");
label!(Presence, presence, "`Presence::word`");
label!(Kind, kind, "A closed word for what changed or was noted");
label!(Breaker, state, "`closed`, `open` or `half_open`");
label!(
    Answer,
    answer,
    "`agent`, `open_room`, `not_found`, `invalid_agent`"
);

/// Requests by listener and status class.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
    /// `api` or `operations`.
    pub listener: &'static str,
    /// HTTP status code.
    pub status: u16,
}

/// Health by component and word: 1 for the word that holds, 0 for the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HealthOf {
    /// `Component::word`.
    pub component: &'static str,
    /// `Health::word`.
    pub health: &'static str,
}

/// Calls to the target by class of route and outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TargetCall {
    /// A closed word: `users`, `agents`, `departments` and so on.
    pub route: &'static str,
    /// `ok`, or `TargetFault::word`.
    pub outcome: &'static str,
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $field:ident: $kind:ty = $name:literal $(, $make:expr)?;)*) => {
        /// Every metric of the bridge. Clones share the same values.
        #[derive(Clone, Debug)]
        pub struct Metrics {
            registry: Arc<Registry>,
            $($(#[doc = $help])+ pub $field: $kind,)*
        }

        impl Metrics {
            /// A fresh set, all zero.
            pub fn new() -> Self {
                let mut registry = Registry::with_prefix("lp2rc");
                $(
                    #[allow(unused_mut, unused_assignments, clippy::allow_attributes, reason = "one macro for metrics with and without a maker")]
                    let $field: $kind = metrics!(@make $($make)?);
                    registry.register($name, concat!($($help),+).trim(), $field.clone());
                )*
                Self { registry: Arc::new(registry), $($field),* }
            }
        }
    };
    (@make $make:expr) => { $make };
    (@make) => { Default::default() };
}

metrics! {
    /// Successful polls of the source
    polls: Family<Coverage, Counter> = "polls";
    /// Failed polls of the source, by kind of trouble
    poll_failures: Family<Fault, Counter> = "poll_failures";
    /// Entries of answers that could not be used
    skipped_agents: Family<Reason, Counter> = "skipped_agents";
    /// Logins to the source that worked; many of them mean that somebody else uses the same user
    source_logins: Counter = "source_logins";
    /// Agent sessions opened at the source
    source_sessions: Counter = "source_sessions";
    /// Agent sessions that the source ended under us
    source_session_losses: Counter = "source_session_losses";
    /// State of the breaker before the source: 1 for the state that holds; open means that polls wait for the retry schedule
    source_breaker: Family<Breaker, Gauge> = "source_breaker";
    /// Failed polls in a row
    source_failures_in_a_row: Gauge = "source_failures_in_a_row";
    /// 1 when the source's next link turned out to give the whole list again, although it may give changes only
    source_next_is_full: Gauge = "source_next_is_full";
    /// Reads of the source's account configuration, by outcome: `read`, `unchanged`, `no_right`, `failed`
    account_config_reads: Family<Kind, Counter> = "account_config_reads";
    /// Agents believed, by presence; the gone ones are left out
    agents: Family<Presence, Gauge> = "agents";
    /// Agents that may get a new chat as the last poll says
    routable_agents: Gauge = "routable_agents";
    /// Unix time of the last attempt to poll, in seconds
    last_attempt: Gauge = "last_attempt_timestamp_seconds";
    /// Unix time of the last successful poll, in seconds
    last_success: Gauge = "last_success_timestamp_seconds";
    /// Time of a whole cycle in seconds
    cycle_seconds: Histogram = "cycle_seconds", Histogram::new(exponential_buckets(0.001, 2.0, 16));
    /// Changes of the roster, by kind
    changes: Family<Kind, Counter> = "roster_changes";
    /// What mapping had to decide in the last cycle, by kind
    mapping_notes: Family<Kind, Gauge> = "mapping_notes";
    /// Age of the served snapshot in seconds, set whenever metrics are read; +Inf before the first poll ever
    snapshot_age: Gauge<f64, AtomicU64> = "snapshot_age_seconds";
    /// Version of the stored state
    generation: Gauge = "state_generation";
    /// Durable commits of the store
    commits: Counter = "store_commits";
    /// Refusals and faults of the store
    store_failures: Counter = "store_failures";
    /// Size of the database on disk
    store_disk_bytes: Gauge = "store_disk_bytes";
    /// Polls that the staleness guard made because no tick came
    missed_ticks: Counter = "scheduler_missed_ticks";
    /// Answers of agent.next, by what was answered
    agent_next: Family<Answer, Counter> = "agent_next";
    /// Why agent.next found nobody: the reason of most of the refused agents
    agent_next_refused: Family<Reason, Counter> = "agent_next_refused";
    /// Slots held for anonymous answers
    holds: Gauge = "holds";
    /// Requests by listener and status
    http_requests: Family<Request, Counter> = "http_requests";
    /// Open connections of the public listener
    http_connections: Gauge = "http_connections";
    /// Open rooms of visitors
    livechat_open_rooms: Gauge = "livechat_open_rooms";
    /// Open rooms that wait for an agent
    livechat_waiting_rooms: Gauge = "livechat_waiting_rooms";
    /// Messages kept, system messages included
    livechat_messages: Counter = "livechat_messages";
    /// Groups of operations that could not be kept
    livechat_failed_groups: Counter = "livechat_failed_groups";
    /// Open sockets of `/websocket`
    realtime_sockets: Gauge = "realtime_sockets";
    /// Subscriptions of all sockets
    realtime_subscriptions: Gauge = "realtime_subscriptions";
    /// Frames that came from sockets
    realtime_frames_in: Counter = "realtime_frames_received";
    /// Frames that were sent to sockets
    realtime_frames_out: Counter = "realtime_frames_sent";
    /// Sockets that were closed because they did not read what was sent to them
    realtime_slow_readers: Counter = "realtime_slow_readers";
    /// Requests refused by the rate limit
    rate_limited: Counter = "rate_limited_requests";
    /// Calls to the target, by class of route and outcome
    target_calls: Family<TargetCall, Counter> = "target_calls";
    /// Time that calls waited for the target's rate limiter, in seconds
    target_waited: Counter<f64, AtomicU64> = "target_rate_limit_wait_seconds";
    /// Health by component and word
    health: Family<HealthOf, Gauge> = "health";
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// The text form (`OpenMetrics`) of all metrics. Counters get `_total` at the end of the name.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
