//! One successful poll of the source: what was seen, how much of it, and what had to be skipped.

use super::{agent::SourceAgent, time::Timestamp};

/// How much of the source an answer claims to show; only a full one may say who is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coverage {
    /// The whole account, asked without filter and without cursor.
    Full,
    /// The whole account seen through a filter.
    Filtered,
    /// What the source's `next` link gave: perhaps only changes.
    Partial,
}

impl Coverage {
    /// The lower-case word used in logs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Filtered => "filtered",
            Self::Partial => "partial",
        }
    }
}

/// One poll: agents in id order, each id once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The agents, sorted by id, without the bridge's own user.
    pub agents: Vec<SourceAgent>,
    /// How much of the source this shows.
    pub coverage: Coverage,
    /// When the answer was complete, by our clock.
    pub taken_at: Timestamp,
    /// Entries that were in the answer and could not be used.
    pub skipped: Vec<Skipped>,
    /// The `timeStamp` of the answer's `next` link in epoch milliseconds: shown, never trusted.
    pub cursor: Option<i64>,
}

/// An entry of the answer that could not be read as an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Place in the answer, counted from 0.
    pub position: usize,
    /// Why.
    pub reason: SkipReason,
}

/// Why an entry was skipped. A closed list, so that it can be a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// It has no id, so it cannot be told from others.
    NoId,
    /// Another entry of the same answer has the same id; the first one counts.
    RepeatedId,
    /// It is not an object or element with members.
    NotAnAgent,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::NoId, Self::RepeatedId, Self::NotAnAgent];

    /// The word used in logs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoId => "no_id",
            Self::RepeatedId => "repeated_id",
            Self::NotAnAgent => "not_an_agent",
        }
    }
}
