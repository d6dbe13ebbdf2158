//! Whose users the way back may touch.

use std::collections::{HashMap, HashSet};

use super::super::{
    Facts,
    matching::{carriers, protection},
    standing::{Standing, standing},
    waves::of_anybody,
};
use crate::domain::{
    Outcome, SourceId, TargetId, TargetUser, Waves, Write,
    change::NewUser,
    moving::{Journalled, Origin},
};

/// Agents of the run, and their users.
pub(super) struct People<'a, 'b> {
    facts: &'b Facts<'a>,
    wave: Option<&'b str>,
    waves: Waves<'a>,
    carriers: HashMap<&'a str, Vec<&'a TargetUser>>,
    /// Users the run has created, or may have.
    created: HashMap<&'b SourceId, Created<'b>>,
    linked: HashSet<&'a TargetId>,
}

/// A user to be created, and whether that came about.
#[derive(Clone, Copy)]
struct Created<'b> {
    new: &'b NewUser,
    surely: bool,
}

impl<'a, 'b> People<'a, 'b> {
    pub(super) fn new(
        facts: &'b Facts<'a>,
        journal: &[&'b Journalled],
        wave: Option<&'b str>,
    ) -> Self {
        let created = journal.iter().flat_map(|one| {
            let surely = one.outcome == Some(Outcome::Done);
            one.change.writes.iter().filter_map(move |write| {
                if let Write::CreateUser(new) = write {
                    Some((&new.user.source_id, Created { new, surely }))
                } else {
                    None
                }
            })
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
        let of = of_anybody(&self.waves, self.facts, agent);
        of.is_some_and(|of| of == wave)
    }

    /// Whether the agent's user came of this run. Whom we were told to adopt was there before,
    /// unless the run knows better.
    pub(super) fn is_created(&self, agent: &SourceId) -> bool {
        let link = self.facts.links.agents.get(agent);
        let surely = self.created.get(agent).is_some_and(|one| one.surely);
        surely || link.is_none_or(|link| link.origin == Origin::Created)
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
        let Some(&Created { new, surely }) = self.created.get(agent) else {
            return released();
        };
        let write = Write::CreateUser(new.clone());
        match standing(&write, self.facts.actual, self.facts.roster) {
            Standing::Before => Ok(None),
            Standing::Wanted => match self.facts.actual.user_named(&new.user.username) {
                // Perhaps it failed because somebody else got that user meanwhile.
                Some(user) if !surely && !is_exactly(user, new) => released(),
                found => Ok(found),
            },
            Standing::Other => released(),
        }
    }
}

/// Whether a user is as he was to be created, our mark included.
fn is_exactly(user: &TargetUser, new: &NewUser) -> bool {
    let has = |(name, value): (&String, &String)| user.custom_fields.get(name) == Some(value);
    user.username == new.user.username && user.name == new.name && new.custom_fields.iter().all(has)
}
