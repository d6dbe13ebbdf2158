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
        Actual, Outcome, Phase,
        agent::Owner,
        moving::{Journalled, MoveRun, REST, RunKind},
    },
    ports::{JournalStore, StoreError, blocking},
    sync::plan::{Facts, wave_of},
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
    let actual = Actual::default();
    let rules = &parts.config.rules;
    let facts = Facts {
        roster: &believed.roster,
        desired: &believed.desired,
        actual: &actual,
        links: &links,
        rules,
    };
    let mut waves: BTreeMap<String, WaveLine> = BTreeMap::new();
    let mut people = Vec::with_capacity(believed.desired.agents.len());
    for agent in &believed.desired.agents {
        let id = &agent.identity.source_id;
        let wave = wave_of(&facts, id).unwrap_or_else(|| REST.to_owned());
        let link = links.agents.get(id);
        let sums = waves.entry(wave.clone()).or_default();
        sums.wave.clone_from(&wave);
        sums.agents += 1;
        sums.provisioned += usize::from(link.is_some());
        sums.cut_over += usize::from(agent.owner() == Owner::Target);
        people.push(WhoIsWhere {
            source_id: id.to_string(),
            username: agent.identity.username.clone(),
            wave,
            target_id: link.map(|link| link.target_id.to_string()),
            origin: link.map_or("", |link| link.origin.word()).to_owned(),
            owner: agent.owner().word().to_owned(),
        });
    }
    let order = |name: &str| {
        let place = rules.waves.iter().position(|wave| wave.name == name);
        place.unwrap_or(usize::MAX)
    };
    let mut waves: Vec<_> = waves.into_values().collect();
    waves.sort_by_key(|line| order(&line.wave));
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
