//! What the move has established about agents: whose word about them counts, and who they are in
//! the target. The source plays no part in it, so the view of the source stays as old as it is.
//!
//! It happens under the lock of what is held: a cycle decides either before or after it, and what
//! a cycle decides after it starts from here. Merging carries the owner, mapping the identity.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Reconciler,
    held::{Held, routable},
};
use crate::{
    domain::{Identity, Roster, RosterEntry, SourceId, TargetId},
    ports::{Amendment, Believed, Centre, Commit, StoreError},
};

impl Centre for Reconciler {
    fn believed(&self) -> Result<Believed, StoreError> {
        let mut slot = self.slot();
        let held = match slot.take() {
            Some(held) => held,
            None => self.load()?,
        };
        let age = held.age(self.parts.clock.now());
        let believed = Believed {
            account: self.parts.account.clone(),
            roster: held.roster.clone(),
            desired: held.desired.clone(),
            age_seconds: age.map(|age| age.as_secs()),
            quarantined: held.cursor.quarantined_since.is_some(),
        };
        *slot = Some(held);
        Ok(believed)
    }

    fn amend(&self, amendments: &[Amendment]) -> Result<(), StoreError> {
        let mut slot = self.slot();
        // Taken out: if anything below fails, the next one starts from what is stored.
        let held = match slot.take() {
            Some(held) => held,
            None => self.load()?,
        };
        let changes = Changes::of(&held, amendments);
        if changes.is_empty() {
            *slot = Some(held);
            return Ok(());
        }
        let mut next = Held {
            roster: changes.roster(&held.roster),
            identities: held.identities.amended(&changes.identities),
            published: None,
            ..held
        };
        let mapped = self.map(&next, &next.roster);
        let mut identities = changes.identities;
        identities.extend(mapped.new_identities);
        // First those given while loading: what is amended wins over them.
        identities.splice(0..0, std::mem::take(&mut next.unsaved));
        let commit = Commit {
            entries: changes.entries.into_values().collect(),
            identities,
            cursor: next.cursor.clone(),
        };
        next.generation = self.keep(next.generation, &commit)?;
        next.identities = mapped.identities;
        next.desired = mapped.desired;
        let age = next.age(self.parts.clock.now());
        let snapshot = self.snapshot(&next);
        let routable = routable(&snapshot);
        self.parts
            .notes
            .roster(&next.roster, routable, next.generation);
        // As after a start: what the source has never shown is not served.
        next.published = age.is_some().then(|| {
            self.parts.publish.amend(Arc::new(snapshot), age);
            routable
        });
        *slot = Some(next);
        Ok(())
    }
}

/// What is different from what is held. Of several amendments of one agent the last one counts,
/// fact by fact.
#[derive(Default)]
struct Changes {
    entries: BTreeMap<SourceId, Arc<RosterEntry>>,
    identities: Vec<Arc<Identity>>,
}

impl Changes {
    fn of(held: &Held, amendments: &[Amendment]) -> Self {
        let mut owners = BTreeMap::new();
        let mut given = BTreeMap::new();
        for amendment in amendments {
            let id = &amendment.source_id;
            owners.extend(amendment.owner.map(|owner| (id, owner)));
            given.extend(amendment.identity.as_ref().map(|identity| (id, identity)));
        }
        let mut changes = Self::default();
        for (id, owner) in owners {
            if let Some(entry) = held.roster.get(id)
                && entry.owner != owner
            {
                let amended = RosterEntry {
                    owner,
                    ..(**entry).clone()
                };
                changes.entries.insert(id.clone(), Arc::new(amended));
            }
        }
        for (id, (target_id, username)) in given {
            if held.roster.get(id).is_some() {
                let known = held.identities.get(id).map(AsRef::as_ref);
                let identity = provisioned(id, known, target_id, username);
                if known != Some(&identity) {
                    changes.identities.push(Arc::new(identity));
                }
            }
        }
        changes
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.identities.is_empty()
    }

    fn roster(&self, roster: &Roster) -> Roster {
        if self.entries.is_empty() {
            return roster.clone();
        }
        let changed = |entry: &Arc<RosterEntry>| {
            let entry = self.entries.get(&entry.agent.id).unwrap_or(entry);
            Arc::clone(entry)
        };
        Roster::new(roster.entries().iter().map(changed).collect())
    }
}

/// The identity with what the target gave. The first id, the derived one, is remembered as long as
/// it is not the id itself.
fn provisioned(
    source_id: &SourceId,
    known: Option<&Identity>,
    target_id: &TargetId,
    username: &str,
) -> Identity {
    let first = known.map(|known| known.formerly.as_ref().unwrap_or(&known.target_id));
    Identity {
        source_id: source_id.clone(),
        target_id: target_id.clone(),
        username: username.to_owned(),
        formerly: first.filter(|first| *first != target_id).cloned(),
    }
}
