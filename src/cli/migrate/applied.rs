//! What was done, as tables: the run, its phases, what went wrong. A dry run shows its plan.

use super::{
    file::part_in_words,
    plan::{self, COLUMNS, ROWS, more},
};
use crate::{
    cli::output::Rows,
    migrate::wire::{Applied, RunLine},
};

pub(super) fn tables(done: &Applied) -> Vec<Rows> {
    let mut tables = match (&done.run, &done.plan) {
        (None, Some(made)) => plan::tables(made),
        (Some(run), _) => vec![runs(std::slice::from_ref(run)), phases(run)],
        (None, None) => Vec::new(),
    };
    let mut troubles = Rows::new(&["phase", "subject", "result", "why"]).folded(COLUMNS);
    for trouble in done.troubles.iter().take(ROWS) {
        troubles.push([
            trouble.phase.clone(),
            trouble.subject.clone(),
            trouble.result.clone(),
            trouble.why.clone(),
        ]);
    }
    more(&mut troubles, done.troubles.len(), 4);
    tables.push(troubles);
    tables.push(plan::remarks(["about", "remark"], &done.remarks));
    tables
}

/// Runs, one a line.
pub(super) fn runs(runs: &[RunLine]) -> Rows {
    let headings = [
        "run",
        "kind",
        "of",
        "done",
        "failed",
        "skipped",
        "began UTC",
        "ended",
    ];
    // The names of runs are copied into commands.
    let mut rows = Rows::new(&headings).folded(COLUMNS).unbroken(&[0, 1]);
    for run in runs.iter().take(ROWS) {
        let kind = match &run.undoes {
            None => run.kind.clone(),
            Some(other) => format!("{} of {other}", run.kind),
        };
        let ended = run.ended_at.as_deref();
        rows.push([
            run.run.clone(),
            kind,
            part_in_words(&run.part),
            format!("{}/{}", run.done, run.changes),
            run.failed.to_string(),
            run.skipped.to_string(),
            minute(&run.started_at),
            ended.map_or_else(|| "open".to_owned(), minute),
        ]);
    }
    more(&mut rows, runs.len(), headings.len());
    rows
}

/// The minute of a moment: seconds are in the JSON. Anything else is left as it is.
fn minute(moment: &str) -> String {
    match (moment.get(..10), moment.get(10..11), moment.get(11..16)) {
        (Some(day), Some("T"), Some(time)) => format!("{day} {time}"),
        _ => moment.to_owned(),
    }
}

fn phases(run: &RunLine) -> Rows {
    let mut rows = Rows::new(&["phase", "done", "changes"]);
    for phase in &run.phases {
        rows.push([
            phase.phase.clone(),
            phase.done.to_string(),
            phase.total.to_string(),
        ]);
    }
    rows
}
