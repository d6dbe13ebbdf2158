//! Whose users the way back may touch.

use std::collections::{HashMap, HashSet};

use super::super::{
    Facts,
    matching::{carriers, protection},
    standing::{Standing, standing},
    waves::Waves,
};
use crate::domain::{SourceId, TargetId, TargetUser, Write, change::NewUser, moving::Journalled};

/// Agents of the run, and their users.
pub(super) struct People<'a, 'b> {
    facts: &'b Facts<'a>,
    wave: Option<&'b str>,
    waves: Waves<'a>,
    carriers: HashMap<&'a str, Vec<&'a TargetUser>>,
    /// Users the run has created, or may have.
    created: HashMap<&'b SourceId, &'b NewUser>,
    linked: HashSet<&'a TargetId>,
}

impl<'a, 'b> People<'a, 'b> {
    pub(super) fn new(
        facts: &'b Facts<'a>,
        journal: &[&'b Journalled],
        wave: Option<&'b str>,
    ) -> Self {
        let writes = journal.iter().flat_map(|one| &one.change.writes);
        let created = writes.filter_map(|write| {
            if let Write::CreateUser(new) = write {
                Some((&new.user.source_id, new))
            } else {
                None
            }
        });
        let links = facts.links.agents.values();
        Self {
            facts,
            wave,
            waves: Waves::new(facts.rules),
            carriers: carriers(facts),
            created: created.collect(),
            linked: links.map(|link| &link.target_id).collect(),
        }
    }

    /// Whether only the people of one wave are meant.
    pub(super) fn of_one_wave(&self) -> bool {
        self.wave.is_some()
    }

    /// Whether an agent is meant.
    pub(super) fn is_meant(&self, agent: &SourceId) -> bool {
        let Some(wave) = self.wave else {
            return true;
        };
        let of = self.waves.of_anybody(self.facts, agent);
        of.is_some_and(|of| of == wave)
    }

    /// The agent's user; `None` when there is none, else why it must not be touched.
    pub(super) fn find(&self, agent: &SourceId) -> Result<Option<&'a TargetUser>, String> {
        let actual = self.facts.actual;
        let user = match self.facts.links.agents.get(agent) {
            Some(link) => actual.user(&link.target_id),
            None => self.unlinked(agent)?,
        };
        match user.and_then(|user| protection(self.facts, user)) {
            Some(why) => Err(format!("the user {why} and is never touched")),
            None => Ok(user),
        }
    }

    /// A user whose link is lost: he carries the agent's id, or is exactly the one that was to be
    /// created when the answer got lost.
    fn unlinked(&self, agent: &SourceId) -> Result<Option<&'a TargetUser>, String> {
        let carriers = self.carriers.get(agent.as_str()).map(Vec::as_slice);
        if let Some([one]) = carriers
            && !self.linked.contains(&one.id)
        {
            return Ok(Some(one));
        }
        let released = || {
            Err("is no longer ours; `adopt` the user first if it shall go back as well".to_owned())
        };
        let Some(new) = self.created.get(agent) else {
            return released();
        };
        let write = Write::CreateUser((*new).clone());
        match standing(&write, self.facts.actual, self.facts.roster) {
            Standing::Before => Ok(None),
            Standing::Wanted => Ok(self.facts.actual.user_named(&new.user.username)),
            Standing::Other => released(),
        }
    }
}
