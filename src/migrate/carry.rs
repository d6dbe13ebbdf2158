//! Requests that write: take up an open run, or plan, approve, journal and carry out a new one.

use std::{collections::BTreeMap, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{
    approve::{self, Approved, Kind},
    error::{MoveError, target_end},
    execute::{Execution, Start, Stop},
    jobs::Finished,
    known::Known,
    mover::Parts,
    ownership, status,
    telling::Teller,
    wire::{Applied, Apply, End, PlanDocument, Remark, Trouble},
};
use crate::{
    domain::{
        Outcome,
        moving::{Journalled, MovePolicy, MoveRun, RunKind},
    },
    ports::{StoreError, blocking},
};

/// What is to be carried out, and how.
pub(super) struct Errand {
    /// Unable to write when it is a dry run.
    pub(super) parts: Arc<Parts>,
    pub(super) kind: Kind,
    pub(super) how: Apply,
    pub(super) teller: Teller,
    pub(super) stop: CancellationToken,
}

/// A journalled run, about to be carried out.
struct Journal {
    run: MoveRun,
    changes: Vec<Journalled>,
    /// The plan, where it was made just now.
    plan: Option<PlanDocument>,
}

/// From the facts to the answer.
pub(super) async fn carry_out(errand: Errand) -> Result<Finished, MoveError> {
    let Errand {
        parts, kind, how, ..
    } = &errand;
    let gathered = errand.stop.run_until_cancelled(Known::gather(parts)).await;
    let Some(known) = gathered else {
        let message = "stopped before anything was done".to_owned();
        return Ok(Finished::bare(End::Interrupted, message));
    };
    let mut known = known?;
    if let Some(open) = approve::open_run(parts, kind, how).await? {
        if how.dry_run {
            return Err(MoveError::Refused(format!(
                "run {} is open with {} of {} changes done; run the same without --dry-run to take it up, or take it back with `lp2rc migrate undo {}`",
                open.id, open.done, open.changes, open.id
            )));
        }
        if parts.config.rules.policy == MovePolicy::Observe {
            return Err(MoveError::Refused(format!(
                "run {} is open with {} of {} changes done, and under `migrate.policy` = \"observe\" nothing is written; set the policy it was begun with, then take it up or take it back",
                open.id, open.done, open.changes
            )));
        }
        tracing::info!(move_run = open.id, "an interrupted run is taken up again");
        let (store, id) = (Arc::clone(&parts.journal), open.id.clone());
        let changes = blocking(move || store.journal(&id)).await?;
        let journal = Journal {
            run: open,
            changes,
            plan: None,
        };
        return execute(errand, known, journal).await;
    }
    let approved = approve::approve(parts, &known, kind, how).await?;
    let plan = approved.safe.plan();
    let recognised = plan.recognised();
    if !recognised.is_empty() && !how.dry_run {
        ownership::recognise(parts, recognised, &known.actual).await?;
        known.links.agents.extend(
            recognised
                .iter()
                .map(|link| (link.source_id.clone(), link.clone())),
        );
    }
    let changes = plan.changes();
    if changes.is_empty() {
        let mut message = "nothing to do".to_owned();
        // What the policy withholds, and other parts, are still to be taken back.
        let whole = matches!(kind, Kind::Undo { phase: None, .. }) && how.part.wave.is_none();
        let nothing = whole && plan.withheld().is_empty();
        if let Some(open) = approved.gives_up.filter(|_| nothing) {
            message = if how.dry_run {
                format!(
                    "run {} has made nothing that is still there; without --dry-run it would be given up",
                    open.id
                )
            } else {
                give_up(parts, open).await?
            };
        }
        let applied = only(approved.document);
        return Ok(Finished::with(End::Done, message, &applied));
    }
    if how.dry_run {
        let message = format!("a dry run: {} changes were not made", changes.len());
        return Ok(Finished::with(
            End::Differences,
            message,
            &only(approved.document),
        ));
    }
    let run = begin(parts, &approved).await?;
    let numbered = (0u32..).zip(approved.safe.plan().changes().iter().cloned());
    let changes = numbered
        .map(|(number, change)| Journalled {
            number,
            change,
            outcome: None,
        })
        .collect();
    let journal = Journal {
        run,
        changes,
        plan: Some(approved.document),
    };
    execute(errand, known, journal).await
}

/// Ends an open run of which nothing is left to take back: it would stand in the way for ever.
async fn give_up(parts: &Arc<Parts>, open: MoveRun) -> Result<String, MoveError> {
    let message = format!(
        "run {} has made nothing that is still there; it is given up",
        open.id
    );
    let ended = MoveRun {
        ended_at: Some(parts.clock.now()),
        ..open
    };
    tracing::info!(move_run = ended.id, "an open run of the move is given up");
    let store = Arc::clone(&parts.journal);
    blocking(move || store.save_run(&ended)).await?;
    Ok(message)
}

/// Journals the whole plan, with its before-images, before anything is written.
async fn begin(parts: &Arc<Parts>, approved: &Approved) -> Result<MoveRun, MoveError> {
    let now = parts.clock.now();
    let plan = approved.safe.plan();
    let run = MoveRun {
        // Twelve hexadecimal digits of milliseconds sort by age for the next 8,000 years.
        id: format!("{:012x}-{:04x}", now.millis(), fastrand::u16(..)),
        kind: approved.kind.clone(),
        scope: plan.scope().clone(),
        checksum: plan.checksum().to_owned(),
        started_at: now,
        ended_at: None,
        changes: plan.changes().len(),
        done: 0,
        failed: 0,
        skipped: 0,
    };
    tracing::info!(
        move_run = run.id,
        kind = run.kind.word(),
        changes = run.changes,
        "a run of the move begins"
    );
    let (store, begun, changes) = (
        Arc::clone(&parts.journal),
        run.clone(),
        plan.changes().to_vec(),
    );
    let gives_up = approved.gives_up.clone().map(|given_up| MoveRun {
        ended_at: Some(now),
        ..given_up
    });
    blocking(move || {
        if let Some(given_up) = gives_up {
            store.save_run(&given_up)?;
        }
        store.begin_run(&begun, &changes)
    })
    .await?;
    // Beside the writes: the journal itself is kept already.
    tokio::spawn((parts.save)());
    Ok(run)
}

/// Carries a journalled run out and tells what came of it.
async fn execute(errand: Errand, known: Known, journal: Journal) -> Result<Finished, MoveError> {
    let Errand {
        parts,
        teller,
        stop,
        ..
    } = errand;
    let Journal { run, changes, plan } = journal;
    let start = Start {
        waves: known.waves(&parts.config.rules),
        run: run.clone(),
        // The plan of just now knows them.
        kept_off: match &plan {
            Some(_) => BTreeMap::new(),
            None => known.untouchable(&parts.config.rules),
        },
        links: known.links,
        // Planned just now, nothing of it can have been written yet.
        look: plan.is_none(),
    };
    let execution = Execution::new(Arc::clone(&parts), start, teller, stop);
    let stopped = execution.run(changes).await?;
    let (store, now) = (Arc::clone(&parts.journal), parts.clock.now());
    let through = matches!(stopped, Stop::Through);
    let (run, journal) = blocking(move || {
        let mut run = status::run_of(&*store, &run.id)?.unwrap_or(run);
        if through {
            run.ended_at = Some(now);
            store.save_run(&run)?;
        }
        let journal = store.journal(&run.id)?;
        Ok::<_, StoreError>((run, journal))
    })
    .await?;
    (parts.save)().await;
    tracing::info!(
        move_run = run.id,
        done = run.done,
        failed = run.failed,
        skipped = run.skipped,
        "a run of the move {}",
        if through { "ended" } else { "stopped" }
    );
    let (mut end, mut message) = told(&stopped, &run);
    let mut remarks = Vec::new();
    let has_webhook = parts.config.connect.webhook.is_some();
    if through && run.kind == RunKind::Connect && end == End::Done && has_webhook {
        match parts.target.test_webhook().await {
            Ok(()) => remarks.push(Remark {
                subject: "webhook".to_owned(),
                why: "Rocket.Chat's own test reached the address and was answered with 200"
                    .to_owned(),
            }),
            Err(error) => {
                end = End::Partial;
                message = format!(
                    "the settings are made, but the webhook's test failed: {error}; go back with `lp2rc migrate undo {}`",
                    run.id
                );
            }
        }
    }
    let applied = Applied {
        plan,
        run: Some(status::run_line(&run, &journal)),
        troubles: troubles(&journal),
        remarks,
    };
    Ok(Finished::with(end, message, &applied))
}

fn told(ended: &Stop, run: &MoveRun) -> (End, String) {
    // What failed is tried again, too.
    let rest = run.changes.saturating_sub(run.done);
    let again = format!(
        "run {} stays open with {rest} of {} changes to go; run the same again to take it up",
        run.id, run.changes
    );
    match ended {
        Stop::Through if run.failed + run.skipped == 0 => (End::Done, String::new()),
        Stop::Through => (
            End::Partial,
            format!(
                "{} of {} changes were made, {} failed and {} were skipped; mend the cause, then apply again: only what is missing is planned",
                run.done, run.changes, run.failed, run.skipped
            ),
        ),
        Stop::Asked => (End::Interrupted, format!("stopped; {again}")),
        Stop::Failures(error) => {
            let end = if error.fault.is_transient() {
                target_end(error.fault)
            } else {
                End::Partial
            };
            (
                end,
                format!(
                    "stopped after {} failures (`migrate.stop_after_failures`), the last one: {error}; {again}",
                    run.failed
                ),
            )
        }
        Stop::Target(error) => (target_end(error.fault), format!("{error}; {again}")),
    }
}

fn troubles(journal: &[Journalled]) -> Vec<Trouble> {
    let trouble = |one: &Journalled| {
        let (result, why) = match one.outcome.as_ref()? {
            Outcome::Done => return None,
            Outcome::Failed { why, .. } => ("failed", why),
            Outcome::Skipped { why } => ("skipped", why),
        };
        Some(Trouble {
            phase: one.change.phase.word().to_owned(),
            subject: one.change.subject.to_string(),
            result: result.to_owned(),
            why: why.clone(),
        })
    };
    journal.iter().filter_map(trouble).collect()
}

fn only(plan: PlanDocument) -> Applied {
    Applied {
        plan: Some(plan),
        run: None,
        troubles: Vec::new(),
        remarks: Vec::new(),
    }
}
