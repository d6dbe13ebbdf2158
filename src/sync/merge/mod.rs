//! Believed roster plus one answer makes the next roster: the absence rules, pure.
//!
//! | coverage | in the answer | `Present`, not in the answer | `Missing` | `Frozen` | `Gone` |
//! |---|---|---|---|---|---|
//! | full, trusted | `Present` | `Missing`, presence unknown | `Gone` | `Gone` | stays |
//! | full, doubted | `Present` | `Frozen`, as last seen | stays | stays | stays |
//! | filtered | `Present` | stays, presence unknown | stays | `Present`, presence unknown | stays |
//! | partial | `Present` | stays | stays | stays | stays |
//!
//! What the source's own list of accounts (the static half) says beside the answer:
//!
//! | static half | not in a full answer, and departed | in the answer without e-mail, skill or group name | `config_revision` |
//! |---|---|---|---|
//! | off | | as it is | stays |
//! | unreadable | | the believed ones stay | stays |
//! | known | absent as in a trusted answer; counts neither as having been there nor as lost | as it is | follows |
//!
//! A departed agent is one whose account is disabled or deleted: two answers agree that they are
//! not there, so even where the others are doubted their absence is believed, and still it takes
//! two of them. Believed names stay only with the same skill and the same group.
//!
//! A freeze counts as the first absence, so that a roster never needs three answers to settle. It is
//! dated back to the answer before: after an outage, an empty answer must not make hours-old
//! presences young again.
//! A doubted answer may well be somebody else's: strangers in it are not let in, or two such lists in
//! turn would outvote the true one.
//! Nobody is ever erased: a tombstone keeps its owner and is recognised when the agent returns.
//! Deliberately absent: the clock (`taken_at` is the only moment), logging, and any memory of
//! earlier answers beyond [`Roster`] and [`Cursor`].

mod believed;
mod words;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod static_cases;

use std::{cmp::Ordering, collections::BTreeSet, sync::Arc};

use crate::domain::{
    Coverage, Cursor, CycleReport, MergeCounts, MergeRules, Observation, Owner, Presence, Roster,
    RosterEntry, SourceAgent, SourceId, Standing, StaticHalf, Timestamp, Verdict,
};

/// What one answer made of the belief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Everybody, now. Entries that did not change are the very same allocations as before.
    pub roster: Roster,
    /// Where reading stands now.
    pub cursor: Cursor,
    /// Entries that are new or different: those in the answer first, then the absent ones, each
    /// in id order. Always `counts.changed()` of them.
    pub changed: Vec<Arc<RosterEntry>>,
    /// What happened, in numbers; all but `seen` add up to the length of the roster.
    pub counts: MergeCounts,
    /// Whether the answer's absences were believed.
    pub verdict: Verdict,
    /// The changes in plain words, absences first, at most [`CycleReport::LISTED`]; never an
    /// e-mail address, so logins are not named.
    pub changes: Vec<String>,
}

/// Merges one successful answer into the belief, in one walk over both.
///
/// A full answer is doubted when, of the agents who were present (or frozen by an earlier doubted
/// answer), none is left, or more than `fall_percent` are missing and there were at least
/// `fall_minimum` of them. The first full answer that is no such fall lifts the doubt, if it brings
/// back at least one of the frozen: strangers who came with the doubted answer must not outvote
/// them when it is repeated. `rules.accept_fall` takes any answer as true; "once" is up to the
/// caller, who sets it for one call. Departed agents who are missing are left out of all of this.
#[must_use]
pub fn merge(
    believed: &Roster,
    cursor: &Cursor,
    observation: Observation,
    rules: &MergeRules,
) -> Merged {
    let Observation {
        mut agents,
        coverage,
        taken_at,
        skipped: _,
        cursor: source_timestamp,
        static_half,
    } = observation;
    // The port promises order; a promise broken by an engine must not tear the roster.
    if !agents.is_sorted_by(|a, b| a.id < b.id) {
        agents.sort_by(|a, b| a.id.cmp(&b.id));
        agents.dedup_by(|later, first| later.id == first.id);
    }
    let nobody = BTreeSet::new();
    let departed = match &static_half {
        StaticHalf::Known { departed, .. } => departed,
        StaticHalf::Off | StaticHalf::Unreadable => &nobody,
    };
    let keeps_names = static_half == StaticHalf::Unreadable;
    let mut walk = Walk::over(believed, agents.len(), departed);
    walk.join(believed, agents, keeps_names);

    let still_frozen = walk.frozen > 0 && walk.thawed == 0;
    let doubted = coverage == Coverage::Full
        && (still_frozen || is_fall(walk.base, walk.still_there, rules))
        && !rules.accept_fall;
    let absence = match (coverage, doubted) {
        (Coverage::Full, false) => Absence::Counted,
        (Coverage::Full, true) => Absence::Frozen {
            seen: cursor.last_success.unwrap_or(taken_at),
        },
        (Coverage::Filtered, _) => Absence::Filtered,
        (Coverage::Partial, _) => Absence::Meaningless,
    };
    let (before, now) = (walk.base, walk.still_there);
    if doubted && walk.counts.added > 0 {
        let (seen, known) = (walk.counts.seen, walk.known(believed));
        walk = Walk::over(believed, known.len(), departed);
        walk.join(believed, known, keeps_names);
        walk.counts.seen = seen;
    }
    walk.settle(absence, taken_at);

    let trusted_full = coverage == Coverage::Full && !doubted;
    let config_revision = match &static_half {
        StaticHalf::Known { revision, .. } => revision.clone(),
        StaticHalf::Off | StaticHalf::Unreadable => cursor.config_revision.clone(),
    };
    Merged {
        roster: Roster::new(walk.entries),
        cursor: Cursor {
            account: cursor.account.clone(),
            last_full: if trusted_full {
                Some(taken_at)
            } else {
                cursor.last_full
            },
            last_success: Some(taken_at),
            source_timestamp,
            quarantined_since: if trusted_full || coverage == Coverage::Filtered {
                None
            } else if doubted {
                cursor.quarantined_since.or(Some(taken_at))
            } else {
                cursor.quarantined_since
            },
            config_revision,
        },
        changed: walk.changed,
        counts: walk.counts,
        verdict: if doubted {
            Verdict::Quarantined { before, now }
        } else {
            Verdict::Trusted
        },
        changes: walk.changes,
    }
}

/// Whether so many agents left out of so many look like a fault rather than like people going.
fn is_fall(before: usize, now: usize, rules: &MergeRules) -> bool {
    if before == 0 {
        return false;
    }
    let lost = (before - now) as u128;
    now == 0
        || (before >= rules.fall_minimum
            && lost * 100 > before as u128 * u128::from(rules.fall_percent))
}

/// What not being in the answer means.
#[derive(Clone, Copy)]
enum Absence {
    /// Once is missing, twice is gone.
    Counted,
    /// The answer is doubted; so far those who are not in it were last seen by an answer of then.
    Frozen { seen: Timestamp },
    /// The filter may have hidden them: not available, and no more than that.
    Filtered,
    /// Nothing.
    Meaningless,
}

/// The state of the one walk over belief and answer.
struct Walk<'d> {
    entries: Vec<Arc<RosterEntry>>,
    changed: Vec<Arc<RosterEntry>>,
    counts: MergeCounts,
    changes: Vec<String>,
    /// Places in `entries` of those who are not in the answer.
    absent: Vec<usize>,
    /// Agents who were present or frozen before.
    base: usize,
    /// Of those, the ones in the answer.
    still_there: usize,
    /// Of the base, the frozen ones.
    frozen: usize,
    /// Of those, the ones in the answer.
    thawed: usize,
    /// Whose account is disabled or deleted.
    departed: &'d BTreeSet<SourceId>,
}

impl<'d> Walk<'d> {
    fn over(believed: &Roster, seen: usize, departed: &'d BTreeSet<SourceId>) -> Self {
        Self {
            entries: Vec::with_capacity(believed.len().max(seen)),
            changed: Vec::new(),
            counts: MergeCounts {
                seen,
                ..MergeCounts::default()
            },
            changes: Vec::new(),
            absent: Vec::new(),
            base: 0,
            still_there: 0,
            frozen: 0,
            thawed: 0,
            departed,
        }
    }

    /// An unchanged agent is compared where it lies: moving it out first costs as much again as
    /// the comparison.
    fn join(&mut self, believed: &Roster, agents: Vec<SourceAgent>, keeps_names: bool) {
        let mut agents = agents.into_iter();
        let mut known = believed.entries().iter().peekable();
        while let Some(agent) = agents.as_slice().first() {
            let next = known.peek().copied();
            match next.map(|entry| (entry.agent.id.cmp(&agent.id), entry)) {
                Some((Ordering::Less, entry)) => {
                    known.next();
                    self.miss(entry);
                }
                Some((Ordering::Equal, entry)) => {
                    known.next();
                    if is_unchanged(entry, agent, keeps_names) {
                        agents.next();
                        self.keep(entry);
                    } else if let Some(mut agent) = agents.next() {
                        if keeps_names {
                            believed::fill(&mut agent, &entry.agent);
                        }
                        self.meet(entry, agent);
                    }
                }
                Some((Ordering::Greater, _)) | None => {
                    if let Some(agent) = agents.next() {
                        self.greet(agent);
                    }
                }
            }
        }
        for entry in known {
            self.miss(entry);
        }
    }

    /// The agents of the answer who were known before it.
    fn known(&self, believed: &Roster) -> Vec<SourceAgent> {
        let mut absent = self.absent.iter().copied().peekable();
        let mut known = Vec::new();
        for (place, entry) in self.entries.iter().enumerate() {
            if absent.next_if_eq(&place).is_none() && believed.get(&entry.agent.id).is_some() {
                known.push(entry.agent.clone());
            }
        }
        known
    }

    /// Known, in the answer, and as before.
    fn keep(&mut self, entry: &Arc<RosterEntry>) {
        self.weigh(entry.standing, true);
        self.counts.unchanged += 1;
        self.entries.push(Arc::clone(entry));
    }

    /// Counts a known agent for or against a fall. The frozen ones belong to those who were there,
    /// so that a second answer as empty as the first is doubted like the first.
    fn weigh(&mut self, standing: Standing, seen: bool) {
        let (present, frozen) = match standing {
            Standing::Present => (true, false),
            Standing::Frozen { .. } => (true, true),
            Standing::Missing { .. } | Standing::Gone { .. } => (false, false),
        };
        self.base += usize::from(present);
        self.still_there += usize::from(present && seen);
        self.frozen += usize::from(frozen);
        self.thawed += usize::from(frozen && seen);
    }

    /// Known, and in the answer with something new.
    fn meet(&mut self, entry: &Arc<RosterEntry>, agent: SourceAgent) {
        self.weigh(entry.standing, true);
        match entry.standing {
            Standing::Gone { .. } => self.counts.returned += 1,
            Standing::Present | Standing::Missing { .. } | Standing::Frozen { .. } => {
                self.counts.updated += 1;
            }
        }
        let new = Arc::new(RosterEntry {
            agent,
            standing: Standing::Present,
            owner: entry.owner,
        });
        if self.changes.len() < CycleReport::LISTED {
            self.changes.push(words::met(entry, &new.agent));
        }
        self.entries.push(Arc::clone(&new));
        self.changed.push(new);
    }

    /// Known, and not in the answer: what that means is decided when the walk is over.
    fn miss(&mut self, entry: &Arc<RosterEntry>) {
        if !self.departed.contains(&entry.agent.id) {
            self.weigh(entry.standing, false);
        }
        self.absent.push(self.entries.len());
        self.entries.push(Arc::clone(entry));
    }

    /// Never seen before.
    fn greet(&mut self, agent: SourceAgent) {
        self.counts.added += 1;
        if self.changes.len() < CycleReport::LISTED {
            self.changes.push(words::added(&agent));
        }
        let new = Arc::new(RosterEntry {
            agent,
            standing: Standing::Present,
            owner: Owner::default(),
        });
        self.entries.push(Arc::clone(&new));
        self.changed.push(new);
    }

    fn settle(&mut self, absence: Absence, at: Timestamp) {
        let mut listed = Vec::new();
        for place in std::mem::take(&mut self.absent) {
            let entry = &self.entries[place];
            let absence = match absence {
                Absence::Frozen { .. } if self.departed.contains(&entry.agent.id) => {
                    Absence::Counted
                }
                Absence::Counted
                | Absence::Frozen { .. }
                | Absence::Filtered
                | Absence::Meaningless => absence,
            };
            let Some((standing, presence)) = fate(absence, entry, at) else {
                self.counts.unchanged += 1;
                continue;
            };
            let count = match standing {
                Standing::Present => &mut self.counts.updated,
                Standing::Missing { .. } => &mut self.counts.missing,
                Standing::Frozen { .. } => &mut self.counts.frozen,
                Standing::Gone { .. } => &mut self.counts.gone,
            };
            *count += 1;
            let mut agent = entry.agent.clone();
            agent.presence = presence;
            let new = Arc::new(RosterEntry {
                agent,
                standing,
                owner: entry.owner,
            });
            if listed.len() < CycleReport::LISTED {
                listed.push(words::absent(&new));
            }
            self.entries[place] = Arc::clone(&new);
            self.changed.push(new);
        }
        let room = CycleReport::LISTED - listed.len();
        listed.extend(self.changes.drain(..).take(room));
        self.changes = listed;
    }
}

fn is_unchanged(entry: &RosterEntry, agent: &SourceAgent, keeps_names: bool) -> bool {
    entry.standing == Standing::Present
        && (entry.agent == *agent || keeps_names && believed::is_same(agent, &entry.agent))
}

/// What becomes of an agent who is not in the answer: the table at the top. `None` is "stays".
fn fate(absence: Absence, entry: &RosterEntry, at: Timestamp) -> Option<(Standing, Presence)> {
    match (absence, entry.standing) {
        (Absence::Counted, Standing::Present) => {
            Some((Standing::Missing { since: at }, Presence::Unknown))
        }
        (Absence::Counted, Standing::Missing { .. } | Standing::Frozen { .. }) => {
            Some((Standing::Gone { since: at }, Presence::Unknown))
        }
        (Absence::Frozen { seen }, Standing::Present) => {
            Some((Standing::Frozen { since: seen }, entry.agent.presence))
        }
        (Absence::Filtered, Standing::Present) if entry.agent.presence != Presence::Unknown => {
            Some((Standing::Present, Presence::Unknown))
        }
        // Who filters never sees everybody again: a doubt would last for ever.
        (Absence::Filtered, Standing::Frozen { .. }) => {
            Some((Standing::Present, Presence::Unknown))
        }
        (Absence::Counted, Standing::Gone { .. })
        | (
            Absence::Frozen { .. },
            Standing::Missing { .. } | Standing::Frozen { .. } | Standing::Gone { .. },
        )
        | (Absence::Filtered | Absence::Meaningless, _) => None,
    }
}
