//! One successful poll of the source: what was seen, how much of it, and what had to be skipped.

use std::{collections::BTreeSet, sync::Arc};

use super::{agent::SourceAgent, ids::SourceId, time::Timestamp};

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
    /// What the source's own list of accounts adds to this answer.
    pub static_half: StaticHalf,
}

/// The half of an agent that seldom changes (names, addresses, whether the account lives), which
/// the source keeps apart from presence. What it knows has already been filled into the agents of
/// the answer, where the answer itself said nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StaticHalf {
    /// Not read: switched off, or the user has no right to it. The answer speaks for itself.
    #[default]
    Off,
    /// Wanted, and at the moment not to be had: what it said before still stands, so that a fault
    /// there does not take names and addresses away.
    Unreadable,
    /// Read, now or earlier, and still current.
    Known {
        /// The source's revision of it.
        revision: Option<String>,
        /// Agents whose account is disabled or deleted: their absence is no fault.
        departed: Arc<BTreeSet<SourceId>>,
    },
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
