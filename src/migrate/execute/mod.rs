//! Carrying out an approved, journalled run: phase by phase, many changes at once, each noted as it
//! ends. What is decided here is only order and patience; what is written is in the journal.
//!
//! | how a change ends | what follows |
//! |---|---|
//! | done | noted together with the link it made |
//! | failed | noted; later steps of the same agent are skipped, the others go on |
//! | the target refuses us altogether | the run stops and stays open |
//! | too many failed (`migrate.stop_after_failures`) | the run stops and stays open |
//! | killed | no outcome: the next run looks first whether it happened |

mod attempt;
mod ledger;
mod recorder;
mod resolve;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::{
    attempt::attempt,
    ledger::Ledger,
    recorder::{Ended, record},
    resolve::Resolved,
};
use super::{error::MoveError, mover::Parts, telling::Teller};
use crate::{
    domain::{
        Change, Outcome, Phase, SourceId, Subject, TargetId, Write, Written,
        moving::{DepartmentLink, Journalled, Link, Links, MoveRun, Origin},
    },
    ports::{Amendment, TargetError, blocking},
};

/// How an execution came to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Every change has an outcome.
    Through,
    /// Somebody asked for it.
    Asked,
    /// Too many changes failed; the last reason.
    Failures(TargetError),
    /// The target refuses us altogether.
    Target(TargetError),
}

/// A run on its way.
pub(super) struct Execution {
    parts: Arc<Parts>,
    run: MoveRun,
    waves: BTreeMap<SourceId, String>,
    look: bool,
    kept_off: BTreeMap<TargetId, String>,
    ledger: Ledger,
    teller: Teller,
    stop: CancellationToken,
}

/// What an execution starts from.
pub(super) struct Start {
    pub(super) run: MoveRun,
    pub(super) links: Links,
    pub(super) waves: BTreeMap<SourceId, String>,
    /// Users who must not be written any more, and why.
    pub(super) kept_off: BTreeMap<TargetId, String>,
    /// Whether some of it may have been written already: a run that is taken up again.
    pub(super) look: bool,
}

impl Execution {
    pub(super) fn new(
        parts: Arc<Parts>,
        start: Start,
        teller: Teller,
        stop: CancellationToken,
    ) -> Self {
        let ledger = Ledger::new(start.links);
        Self {
            parts,
            run: start.run,
            waves: start.waves,
            look: start.look,
            kept_off: start.kept_off,
            ledger,
            teller,
            stop,
        }
    }

    /// Carries out what has no outcome yet, and what failed or was skipped before.
    pub(super) async fn run(self, journal: Vec<Journalled>) -> Result<Stop, MoveError> {
        let this = Arc::new(self);
        let todo: Vec<_> = journal
            .into_iter()
            .filter(|one| one.outcome != Some(Outcome::Done))
            .collect();
        // A run that was killed may have made users of whom the centre was not told.
        this.tell_centre().await?;
        let total = this.run.changes;
        this.teller
            .begin(total, total.saturating_sub(todo.len()), 0);
        let mut telling = JoinSet::new();
        let mut stopped = Ok(None);
        for changes in todo.chunk_by(|one, next| one.change.phase == next.change.phase) {
            let phase = changes[0].change.phase;
            stopped = this.phase(phase, changes).await;
            if !matches!(stopped, Ok(None)) {
                break;
            }
            if phase == Phase::Users {
                // Thousands of new ids are kept and published while the next phase goes on.
                let this = Arc::clone(&this);
                telling.spawn(async move { this.tell_centre().await });
            }
        }
        while let Some(told) = telling.join_next().await {
            match told {
                Ok(told) => told?,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        Ok(stopped?.unwrap_or(Stop::Through))
    }

    /// One phase: in it changes of different subjects do not depend on each other.
    async fn phase(
        self: &Arc<Self>,
        phase: Phase,
        changes: &[Journalled],
    ) -> Result<Option<Stop>, MoveError> {
        self.teller.doing(phase.word());
        // Changes of one agent follow each other; whatever is about somebody else goes beside.
        let changes: Arc<[Vec<Journalled>]> = changes
            .chunk_by(|one, next| follows(&one.change, &next.change))
            .map(<[Journalled]>::to_vec)
            .collect();
        let next = Arc::new(AtomicUsize::new(0));
        let (ended, heard) = mpsc::channel(1024);
        let recorder = tokio::spawn(record(Arc::clone(self), heard));
        let mut workers = JoinSet::new();
        for _ in 0..self.parts.in_flight.min(changes.len()) {
            let (this, changes) = (Arc::clone(self), Arc::clone(&changes));
            let (next, ended) = (Arc::clone(&next), ended.clone());
            workers.spawn(async move {
                while let Some(group) = changes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for one in group {
                        if this.is_over() {
                            return;
                        }
                        // Nobody hears it when the store has failed.
                        let told = this.change(one).await;
                        if ended.send(told).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
        drop(ended);
        while let Some(done) = workers.join_next().await {
            if let Err(error) = done {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        match recorder.await {
            Ok(kept) => kept?,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
        Ok(self.ledger.verdict(self.stop.is_cancelled()))
    }

    fn is_over(&self) -> bool {
        self.stop.is_cancelled() || self.ledger.verdict(false).is_some()
    }

    /// One change, to its outcome.
    async fn change(&self, one: &Journalled) -> Ended {
        let mut ended = Ended::of(one.number);
        if let Some(why) = self.ledger.blocks(&one.change) {
            ended.outcome = Outcome::Skipped { why };
            self.ledger.lose(&one.change, &[]);
            return ended;
        }
        let mut dropped = Vec::new();
        for write in &one.change.writes {
            let resolved = self
                .ledger
                .with_links(|links| resolve::resolve(write, links, &self.kept_off));
            let write = match resolved {
                Resolved::Ready(write) => write,
                Resolved::Without(write, members) => {
                    dropped.extend(members);
                    write
                }
                Resolved::Missing(why) => {
                    ended.outcome = Outcome::Skipped { why };
                    self.ledger.lose(&one.change, &[]);
                    return ended;
                }
            };
            if let Write::SetOwner {
                source_id, owner, ..
            } = &write
            {
                ended.amendments.push(Amendment {
                    source_id: source_id.clone(),
                    owner: Some(*owner),
                    identity: None,
                });
                continue;
            }
            match attempt(self, &write).await {
                Ok(written) => self.learn(&write, written, &mut ended),
                Err(error) => {
                    tracing::warn!(
                        move_run = self.run.id,
                        phase = one.change.phase.word(),
                        fault = error.fault.word(),
                        "a change of the move failed: {error}"
                    );
                    ended.outcome = Outcome::Failed {
                        why: error.to_string(),
                        transient: error.fault.is_transient(),
                    };
                    self.ledger.lose(&one.change, &[]);
                    // What failed for good before, and does again, stops no run a second time: else
                    // one that meets enough of it would stay open for ever.
                    let known = matches!(
                        one.outcome,
                        Some(Outcome::Failed {
                            transient: false,
                            ..
                        })
                    );
                    let counts = !known || error.fault.is_transient();
                    let most = self.parts.stop_after_failures;
                    self.ledger.fail(error, counts.then_some(most));
                    return ended;
                }
            }
        }
        if !dropped.is_empty() {
            self.ledger.lose(&one.change, &dropped);
            ended.outcome = Outcome::Failed {
                why: format!(
                    "{} of its members have no user that may be written, the others were taken; apply again once their users are there",
                    dropped.len()
                ),
                transient: true,
            };
        }
        ended
    }

    /// What a write has made is ours.
    fn learn(&self, write: &Write, written: Written, ended: &mut Ended) {
        match (write, written) {
            (Write::CreateUser(new), Written::User(id)) => {
                let source_id = new.user.source_id.clone();
                let wave = self.waves.get(&source_id).cloned().unwrap_or_default();
                let link = Link {
                    source_id,
                    target_id: id,
                    username: new.user.username.clone(),
                    origin: Origin::Created,
                    wave,
                };
                self.ledger.link(link.clone());
                ended.agents.push(link);
            }
            (Write::CreateDepartment(new), Written::Department(id)) => {
                let link = DepartmentLink {
                    name: new.name.clone(),
                    id,
                    origin: Origin::Created,
                };
                self.ledger.link_department(link.clone());
                ended.departments.push(link);
            }
            (_, Written::Plain | Written::User(_) | Written::Department(_)) => {}
        }
    }

    /// The users' own ids take the place of the derived ones.
    async fn tell_centre(&self) -> Result<(), MoveError> {
        let links: Vec<_> = self
            .ledger
            .with_links(|links| links.agents.values().cloned().collect());
        let centre = Arc::clone(&self.parts.centre);
        blocking(move || centre.amend(&identities(&links))).await?;
        Ok(())
    }
}

/// Who these agents are in the target.
pub(super) fn identities(links: &[Link]) -> Vec<Amendment> {
    let identity = |link: &Link| Amendment {
        source_id: link.source_id.clone(),
        owner: None,
        identity: Some((link.target_id.clone(), link.username.clone())),
    };
    links.iter().map(identity).collect()
}

/// Whether a change has to wait for the one before it: of one agent; and settings, because routing
/// is switched on once its address is there, and off before it goes. Batches about one department
/// may go beside each other: no member is in two of them.
fn follows(one: &Change, other: &Change) -> bool {
    match (&one.subject, &other.subject) {
        (
            Subject::Agent { source_id: one, .. },
            Subject::Agent {
                source_id: other, ..
            },
        ) => one == other,
        (Subject::Setting(_), Subject::Setting(_)) => true,
        (Subject::Agent { .. } | Subject::Department(_) | Subject::Setting(_), _) => false,
    }
}
