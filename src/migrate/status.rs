//! Where the move stands, from what the bridge itself knows: the target is not asked.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    error::MoveError,
    known::stored,
    mover::Parts,
    wire::{Part, PhaseLine, RunLine, Status, WaveLine, WhoIsWhere},
};
use crate::{
    domain::{
        Outcome, Owner, Phase, Waves,
        moving::{Journalled, MoveRun, RunKind},
    },
    ports::{JournalStore, StoreError, blocking},
};

/// Runs told with their phases: the older ones only in numbers, as their journals may be long.
const TOLD_WHOLE: usize = 10;

/// Runs, waves, and who is where.
pub(super) async fn status(parts: &Arc<Parts>) -> Result<Status, MoveError> {
    let (believed, links) = stored(parts).await?;
    let store = Arc::clone(&parts.journal);
    let runs = blocking(move || {
        let runs = store.move_runs()?;
        let told = runs.iter().enumerate().map(|(place, run)| {
            let journal = if place < TOLD_WHOLE {
                store.journal(&run.id)?
            } else {
                Vec::new()
            };
            Ok(run_line(run, &journal))
        });
        told.collect::<Result<Vec<_>, StoreError>>()
    })
    .await?;
    let waves = Waves::new(&parts.config.rules);
    let mut sums: BTreeMap<&str, WaveLine> = BTreeMap::new();
    let mut people = Vec::with_capacity(believed.desired.agents.len());
    for agent in &believed.desired.agents {
        let id = &agent.identity.source_id;
        let wave = waves.of(&agent.believed.agent);
        let link = links.agents.get(id);
        let sum = sums.entry(wave).or_default();
        wave.clone_into(&mut sum.wave);
        sum.agents += 1;
        sum.provisioned += usize::from(link.is_some());
        sum.cut_over += usize::from(agent.owner() == Owner::Target);
        people.push(WhoIsWhere {
            source_id: id.to_string(),
            username: agent.identity.username.clone(),
            wave: wave.to_owned(),
            target_id: link.map(|link| link.target_id.to_string()),
            origin: link.map_or("", |link| link.origin.word()).to_owned(),
            owner: agent.owner().word().to_owned(),
        });
    }
    let in_order = waves.names().filter_map(|name| sums.remove(name));
    let waves = in_order.collect();
    Ok(Status {
        doing: String::new(),
        waves,
        runs,
        people,
    })
}

/// The run of that id, as it is stored.
pub(super) fn run_of(store: &dyn JournalStore, id: &str) -> Result<Option<MoveRun>, StoreError> {
    let runs = store.move_runs()?;
    Ok(runs.into_iter().find(|run| run.id == id))
}

/// A run as it is shown.
pub(super) fn run_line(run: &MoveRun, journal: &[Journalled]) -> RunLine {
    let mut phases: BTreeMap<Phase, (usize, usize)> = BTreeMap::new();
    for one in journal {
        let (done, total) = phases.entry(one.change.phase).or_default();
        *total += 1;
        *done += usize::from(one.outcome == Some(Outcome::Done));
    }
    RunLine {
        run: run.id.clone(),
        kind: run.kind.word().to_owned(),
        undoes: match &run.kind {
            RunKind::Undo { of } => Some(of.clone()),
            RunKind::Apply | RunKind::Finish | RunKind::Connect => None,
        },
        part: Part {
            wave: run.scope.wave.clone(),
            cut_over: run.scope.cut_over,
        },
        started_at: run.started_at.to_string(),
        ended_at: run.ended_at.map(|at| at.to_string()),
        changes: run.changes,
        done: run.done,
        failed: run.failed,
        skipped: run.skipped,
        phases: phases
            .into_iter()
            .map(|(phase, (done, total))| PhaseLine {
                phase: phase.word().to_owned(),
                done,
                total,
            })
            .collect(),
    }
}
