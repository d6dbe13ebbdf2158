//! What a cycle starts from and leaves behind: the state in memory that equals the stored one.

use std::{sync::Arc, time::Duration};

use crate::{
    domain::{Cursor, Desired, Generation, Identity, Owner, Roster, Snapshot, Standing, Timestamp},
    mapping::Identities,
    ports::Stored,
};

/// The believed state of one generation, with what was mapped from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    pub(super) generation: Generation,
    pub(super) roster: Roster,
    pub(super) identities: Identities,
    pub(super) cursor: Cursor,
    pub(super) desired: Desired,
    /// Identities that were given while loading: the next commit keeps them.
    pub(super) unsaved: Vec<Arc<Identity>>,
    /// Agents that may get a new chat, in the snapshot of this that was published; `None` when none
    /// was: after loading, until then.
    pub(super) published: Option<usize>,
}

impl Held {
    pub(super) fn from_stored(stored: Stored) -> Self {
        Self {
            generation: stored.generation,
            roster: stored.roster,
            identities: Identities::new(stored.identities),
            cursor: stored.cursor,
            desired: Desired::default(),
            unsaved: Vec::new(),
            published: None,
        }
    }

    /// How old the view is; `None` when the source was never read.
    pub(super) fn age(&self, now: Timestamp) -> Option<Duration> {
        self.cursor.last_success.map(|seen| now.since(seen))
    }
}

/// Agents that may get a new chat, by the polls alone: those of the
/// target are not offered by the source's word.
pub(super) fn routable(snapshot: &Snapshot) -> usize {
    snapshot
        .rows()
        .iter()
        .filter(|row| {
            matches!(row.owner(), Owner::Source | Owner::Both)
                && row.availability().new_chats
                && row.capacity().has_room(row.load())
                && matches!(row.standing(), Standing::Present | Standing::Frozen { .. })
        })
        .count()
}
