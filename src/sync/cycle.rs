//! The reconciler: reads like the picture in `docs/ARCHITECTURE.md`.
//!
//! Waiting for the source happens on the runtime and may be cancelled at any time. Everything
//! after it (decide, keep, publish) is one step on the blocking pool that always runs to its end,
//! so a cancelled cycle has either kept *and* published, or neither.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    held::{Held, routable},
    merge::merge,
    notes::Notes,
};
use crate::{
    domain::{
        AccountId, Coverage, CycleReport, DesiredAgent, Generation, MappingRules, MergeRules,
        Observation, Roster, Skipped, Snapshot, Timestamp, Trigger, Verdict,
    },
    mapping::{Mapped, map},
    ports::{
        self, BridgeStore, Clock, Commit, Cycle, CycleError, CycleRequest, PollRequest, Publish,
        RunStore, Source, StoreError, blocking,
    },
};

/// Writes an agent's ready answer: the face's business, handed in by the composition.
pub type Render = Arc<dyn Fn(&DesiredAgent, &mut Vec<u8>) + Send + Sync>;

/// What a reconciler is made of.
pub struct Parts {
    /// What is read.
    pub source: Arc<dyn Source>,
    /// Where roster, mapping and cursor are kept.
    pub store: Arc<dyn BridgeStore>,
    /// Where finished runs are noted.
    pub runs: Arc<dyn RunStore>,
    /// Who answers from the result.
    pub publish: Arc<dyn Publish>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Numbers and words about what happens.
    pub notes: Notes,
    /// When an answer is doubted.
    pub merge_rules: MergeRules,
    /// How the roster is mapped.
    pub mapping_rules: MappingRules,
    /// Whose agents these are; part of every derived id.
    pub account: AccountId,
    /// How a ready answer is written.
    pub render: Render,
}

/// The function behind `sync` and `serve`. Callers see to it that no two cycles run at once.
#[derive(Clone)]
pub struct Reconciler {
    pub(super) parts: Arc<Parts>,
    /// Empty until the stored state was loaded, and again after somebody else wrote to it.
    held: Arc<Mutex<Option<Held>>>,
    /// Held from a cycle's poll to the end of its reconciling, even when nobody waits for it any
    /// more: an answer must not be merged over a younger one.
    turn: Arc<Turn>,
}

/// When the last answer that shows everybody was kept, by `Clock::elapsed`. Empty after anything that
/// may have left the source's cursor ahead of what we hold: a start, a failure, a dry run, a doubted
/// or a cancelled answer. Then the next poll does not follow the cursor.
type Turn = tokio::sync::Mutex<Option<Duration>>;

/// What the store gave back after a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Agents that are served again.
    pub agents: usize,
    /// How old their view of the source is; `None` when the source was never read.
    pub age: Option<Duration>,
}

impl Reconciler {
    /// Puts a reconciler together. Nothing is read yet.
    pub fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            held: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// Loads the stored state and publishes it at once, marked with its age. Blocks.
    pub fn restore(&self) -> Result<Restored, StoreError> {
        let mut slot = self.slot();
        let held = self.load()?;
        let snapshot = self.snapshot(&held);
        let restored = Restored {
            agents: snapshot.rows().len(),
            age: held.age(self.parts.clock.now()),
        };
        let routable = routable(&snapshot);
        self.parts
            .notes
            .roster(&held.roster, routable, held.generation);
        let published = restored.age.is_some().then(|| {
            self.parts.publish.publish(Arc::new(snapshot), restored.age);
            routable
        });
        *slot = Some(Held { published, ..held });
        Ok(restored)
    }

    /// The stored state, mapped.
    pub(super) fn load(&self) -> Result<Held, StoreError> {
        let stored = self.parts.store.load().inspect_err(|error| {
            self.parts.notes.store_failed(error, self.parts.clock.now());
        })?;
        self.parts.notes.store_works(self.parts.clock.now());
        if let Some(account) = &stored.cursor.account
            && *account != self.parts.account
        {
            return Err(StoreError::OtherAccount {
                stored: account.clone(),
                configured: self.parts.account.clone(),
            });
        }
        let mut held = Held::from_stored(stored);
        held.cursor.account = Some(self.parts.account.clone());
        let mapped = self.map(&held, &held.roster);
        held.identities = mapped.identities;
        held.desired = mapped.desired;
        // Whoever takes part since the configuration changed.
        held.unsaved = mapped.new_identities;
        Ok(held)
    }

    pub(super) fn map(&self, held: &Held, roster: &Roster) -> Mapped {
        let previous = (!held.desired.agents.is_empty()).then_some(&held.desired);
        map(
            roster,
            &held.identities,
            previous,
            &self.parts.mapping_rules,
            &self.parts.account,
        )
    }

    pub(super) fn snapshot(&self, held: &Held) -> Snapshot {
        Snapshot::build(
            held.generation,
            held.cursor.last_success,
            &held.desired.agents,
            &held.desired.departments,
            &*self.parts.render,
        )
    }

    /// Whether the whole account must be read even where the source's cursor is followed. Anything
    /// but the schedule wants certainty.
    fn wants_full(&self, request: CycleRequest, whole: Option<Duration>) -> bool {
        let every = self.parts.merge_rules.full_every;
        let age = whole.map(|at| self.parts.clock.elapsed().saturating_sub(at));
        request.trigger != Trigger::Schedule || age.is_none_or(|age| age >= every)
    }

    pub(super) fn slot(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides, keeps and publishes. Blocks; never cancelled half-way.
    fn reconcile(
        &self,
        request: CycleRequest,
        observation: Observation,
        started: &Started,
        turn: &mut Option<Duration>,
    ) -> Result<CycleReport, StoreError> {
        let parts = &self.parts;
        let mut slot = self.slot();
        // Taken out: if anything below fails, the next cycle starts from what is stored.
        let held = match slot.take() {
            Some(held) => held,
            None => self.load()?,
        };
        let seen = Seen::of(&observation);
        let rules = MergeRules {
            accept_fall: request.accept_fall,
            ..parts.merge_rules
        };
        let merged = merge(&held.roster, &held.cursor, observation, &rules);
        let mapped = self.map(&held, &merged.roster);
        // When there is nothing new to say, only that it is still so: how many are routable then.
        // What was loaded after a failure may be a commit that is on disk all the same; it was
        // never published, so it is news.
        let quiet = held.published.filter(|_| merged.changed.is_empty());
        let generation = if request.dry_run {
            held.generation
        } else {
            let commit = Commit {
                entries: merged.changed,
                identities: [held.unsaved.clone(), mapped.new_identities].concat(),
                cursor: merged.cursor.clone(),
            };
            self.keep(held.generation, &commit)?
        };
        let mut next = Held {
            generation,
            roster: merged.roster,
            identities: mapped.identities,
            cursor: merged.cursor,
            desired: mapped.desired,
            unsaved: Vec::new(),
            published: quiet,
        };
        let snapshot = quiet.is_none().then(|| self.snapshot(&next));
        let routable = match &snapshot {
            Some(snapshot) => routable(snapshot),
            None => quiet.unwrap_or_default(),
        };
        let report = CycleReport {
            run: started.run.clone(),
            trigger: request.trigger,
            dry_run: request.dry_run,
            started_at: started.at,
            took_ms: started.took_ms(&*parts.clock),
            coverage: seen.coverage,
            counts: merged.counts,
            verdict: merged.verdict,
            skipped: seen.skipped.len(),
            notes: next.desired.notes.clone(),
            routable,
            generation,
            changes: merged.changes,
        };
        if request.dry_run {
            *slot = Some(held);
            return Ok(report);
        }
        match snapshot {
            Some(snapshot) => parts
                .publish
                .publish(Arc::new(snapshot), Some(Duration::ZERO)),
            None => parts.publish.confirm(),
        }
        next.published = Some(routable);
        *turn = match (report.coverage, &report.verdict) {
            (Coverage::Full, Verdict::Trusted) | (Coverage::Filtered, _) => Some(started.elapsed),
            (Coverage::Full, Verdict::Quarantined { .. }) => None,
            (Coverage::Partial, _) => started.whole,
        };
        parts.notes.cycle(
            &report,
            &seen.skipped,
            &next.roster,
            &next.cursor,
            parts.clock.now(),
        );
        *slot = Some(next);
        drop(slot);
        if is_worth_noting(&report)
            && let Err(error) = parts.runs.append_run(&report)
        {
            // The cycle itself is kept and published: only its line in the history is missing.
            tracing::warn!(run = report.run, "a run could not be noted: {error}");
            parts.notes.store_failed(&error, parts.clock.now());
        }
        Ok(report)
    }

    pub(super) fn keep(
        &self,
        expected: Generation,
        commit: &Commit,
    ) -> Result<Generation, StoreError> {
        let kept = self.parts.store.commit(expected, commit);
        match &kept {
            Ok(_) => self.parts.notes.store_works(self.parts.clock.now()),
            Err(error) => self.parts.notes.store_failed(error, self.parts.clock.now()),
        }
        kept
    }
}

/// Runs that changed nothing come every few seconds and would push the telling ones out of the
/// bounded history; the metrics count them.
fn is_worth_noting(report: &CycleReport) -> bool {
    report.counts.changed() > 0
        || report.skipped > 0
        || report.verdict != Verdict::Trusted
        || report.trigger == Trigger::Request
}

/// What remains to be told of an answer after its agents were merged.
struct Seen {
    coverage: Coverage,
    skipped: Vec<Skipped>,
}

impl Seen {
    fn of(observation: &Observation) -> Self {
        Self {
            coverage: observation.coverage,
            skipped: observation.skipped.clone(),
        }
    }
}

/// When a run began, and its name.
#[derive(Clone)]
struct Started {
    run: String,
    at: Timestamp,
    elapsed: Duration,
    /// When the last answer that shows everybody was kept, before it.
    whole: Option<Duration>,
}

impl Started {
    fn now(clock: &dyn Clock, whole: Option<Duration>) -> Self {
        let at = clock.now();
        let run = format!("{:x}-{:04x}", at.millis(), fastrand::u16(..));
        Self {
            run,
            at,
            elapsed: clock.elapsed(),
            whole,
        }
    }

    fn took_ms(&self, clock: &dyn Clock) -> u64 {
        let took = clock.elapsed().saturating_sub(self.elapsed);
        u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Cycle for Reconciler {
    fn run(&self, request: CycleRequest) -> ports::Future<'_, Result<CycleReport, CycleError>> {
        Box::pin(async move {
            let parts = &self.parts;
            let mut turn = Arc::clone(&self.turn).lock_owned().await;
            // Emptied: whatever goes wrong from here on leaves it empty.
            let started = Started::now(&*parts.clock, turn.take());
            parts.notes.attempt(started.at);
            let full = self.wants_full(request, started.whole);
            let observation = match parts.source.poll(PollRequest { full }).await {
                Ok(observation) => observation,
                Err(error) => {
                    parts.notes.poll_failed(&error, parts.clock.now());
                    return Err(CycleError::Source(error));
                }
            };
            let this = self.clone();
            let work = move || this.reconcile(request, observation, &started, &mut turn);
            Ok(blocking(work).await?)
        })
    }

    fn close(&self) -> ports::Future<'_, ()> {
        self.parts.source.close()
    }
}
