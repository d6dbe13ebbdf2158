//! What the book says.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    domain::{Snapshot, SnapshotRow},
    routing::Nobody,
};

/// Who is next. Holds the snapshot it was taken from, so it stays true to itself while newer
/// snapshots are published.
#[derive(Clone, Debug)]
pub enum Answer {
    /// This agent.
    Agent {
        /// Row in the snapshot.
        place: usize,
        /// The snapshot of that moment.
        snapshot: Arc<Snapshot>,
    },
    /// Nobody, with every known agent's refusal counted.
    Nobody(Nobody),
}

impl Answer {
    /// The agent's row; `None` for nobody.
    pub fn agent(&self) -> Option<&SnapshotRow> {
        match self {
            Self::Agent { place, snapshot } => snapshot.rows().get(*place),
            Self::Nobody(_) => None,
        }
    }

    /// The agent's ready answer, not copied. `None` for nobody, and for an agent who cannot be
    /// shown (livechat contract §4.1.2, `invalid-agent`).
    pub fn body(&self) -> Option<Bytes> {
        match self {
            Self::Agent { place, snapshot } => snapshot.answer(*place),
            Self::Nobody(_) => None,
        }
    }

    /// The agent's name in the target.
    pub fn username(&self) -> Option<&str> {
        self.agent().map(SnapshotRow::username)
    }

    /// The agent's id in the target.
    pub fn target_id(&self) -> Option<&str> {
        self.agent().map(|row| row.target_id().as_str())
    }

    /// Why nobody.
    pub fn nobody(&self) -> Option<&Nobody> {
        match self {
            Self::Agent { .. } => None,
            Self::Nobody(nobody) => Some(nobody),
        }
    }
}

/// How old the published view of the source is (DESIGN decision "staleness"). An age is past a
/// limit only when it is longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The source was never seen.
    Never,
    /// Young enough.
    Fresh {
        /// Since the source was read.
        age: Duration,
    },
    /// Past `stale_after`: degraded, and served.
    Stale {
        /// Since the source was read.
        age: Duration,
    },
    /// Past `max_age`: agents owned by the source are refused.
    TooOld {
        /// Since the source was read.
        age: Duration,
    },
}
