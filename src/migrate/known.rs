//! The facts that everything is decided from, gathered once a request.

use std::{collections::BTreeMap, sync::Arc};

use super::{error::MoveError, mover::Parts};
use crate::{
    domain::{
        Actual, SourceId, TargetId, TargetUser, Waves,
        moving::{Links, MoveRules},
    },
    ports::{Believed, blocking},
    sync::plan::{Facts, protection},
};

/// The three sides and who is who.
pub(super) struct Known {
    pub(super) believed: Believed,
    pub(super) actual: Actual,
    pub(super) links: Links,
}

impl Known {
    /// Reads the state and surveys the target.
    pub(super) async fn gather(parts: &Arc<Parts>) -> Result<Self, MoveError> {
        let (believed, links) = stored(parts).await?;
        let actual = parts.target.survey().await?;
        Ok(Self {
            believed,
            actual,
            links,
        })
    }

    pub(super) fn facts<'a>(&'a self, rules: &'a MoveRules) -> Facts<'a> {
        Facts {
            roster: &self.believed.roster,
            desired: &self.believed.desired,
            actual: &self.actual,
            links: &self.links,
            rules,
        }
    }

    /// Users who must not be written, whatever was approved once, and why: released or protected.
    pub(super) fn untouchable(&self, rules: &MoveRules) -> BTreeMap<TargetId, String> {
        let facts = self.facts(rules);
        let why = |user: &TargetUser| {
            let released = self.links.released.contains(&user.id);
            let why = released.then(|| "is no longer ours".to_owned());
            why.or_else(|| protection(&facts, user))
        };
        let users = self.actual.users().iter();
        users
            .filter_map(|user| Some((user.id.clone(), why(user)?)))
            .collect()
    }

    /// The wave of everybody who takes part.
    pub(super) fn waves(&self, rules: &MoveRules) -> BTreeMap<SourceId, String> {
        let waves = Waves::new(rules);
        let agents = self.believed.desired.agents.iter();
        agents
            .map(|agent| {
                let wave = waves.of(&agent.believed.agent);
                (agent.identity.source_id.clone(), wave.to_owned())
            })
            .collect()
    }
}

/// What the bridge itself knows.
pub(super) async fn stored(parts: &Arc<Parts>) -> Result<(Believed, Links), MoveError> {
    let parts = Arc::clone(parts);
    let read = move || Ok((parts.centre.believed()?, parts.journal.links()?));
    blocking(read).await.map_err(MoveError::Store)
}
