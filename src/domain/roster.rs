//! What we believe about the source's agents, after the absence rules.

use std::sync::Arc;

use super::{
    agent::{Owner, SourceAgent},
    ids::{AccountId, SourceId},
    time::Timestamp,
};

/// Everybody we know of, sorted by id, each id once. Unchanged entries are shared between
/// generations, so "is it the same?" is a pointer comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    entries: Vec<Arc<RosterEntry>>,
}

impl Roster {
    /// Builds a roster, sorting by id; of two entries with one id the first stays.
    pub fn new(mut entries: Vec<Arc<RosterEntry>>) -> Self {
        if !entries.is_sorted_by(|a, b| a.agent.id < b.agent.id) {
            entries.sort_by(|a, b| a.agent.id.cmp(&b.agent.id));
            entries.dedup_by(|later, first| later.agent.id == first.agent.id);
        }
        Self { entries }
    }

    /// All entries in id order, the gone ones too.
    pub fn entries(&self) -> &[Arc<RosterEntry>] {
        &self.entries
    }

    /// The entry of one agent.
    pub fn get(&self, id: &SourceId) -> Option<&Arc<RosterEntry>> {
        self.entries
            .binary_search_by(|entry| entry.agent.id.cmp(id))
            .ok()
            .map(|place| &self.entries[place])
    }

    /// How many entries there are, the gone ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody was ever seen.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// One agent and how sure we are of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterEntry {
    /// As last shown by the source (presence may have been lowered by the absence rules).
    pub agent: SourceAgent,
    /// Whether they were in the latest answer that could tell.
    pub standing: Standing,
    /// Whose word about availability counts.
    pub owner: Owner,
}

/// How an agent stands with the latest complete answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// In the latest complete answer.
    Present,
    /// Not in the latest complete answer, once: presence is unknown, the agent stays.
    Missing {
        /// When the answer that first lacked them was taken.
        since: Timestamp,
    },
    /// Missing from an answer that looked like a fault: kept as last seen.
    Frozen {
        /// When they were last seen, as far as that is known: when the answer before the one that
        /// first lacked them was taken.
        since: Timestamp,
    },
    /// Missing from two complete answers in a row: no longer offered, never erased.
    Gone {
        /// When the second answer without them was taken.
        since: Timestamp,
    },
}

/// Where reading stands. Durable, written together with the roster it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Whose agents these are: a state belongs to one account. `None` before the first commit.
    pub account: Option<AccountId>,
    /// When the last complete, unfiltered, undoubted answer was taken.
    pub last_full: Option<Timestamp>,
    /// When the last answer of any coverage was taken.
    pub last_success: Option<Timestamp>,
    /// The `timeStamp` of the last `next` link: diagnostics only, never reused after a restart.
    pub source_timestamp: Option<i64>,
    /// Since when full answers have been doubted; `None` when they are trusted.
    pub quarantined_since: Option<Timestamp>,
    /// Revision of the source's static half, when that is read.
    pub config_revision: Option<String>,
}
