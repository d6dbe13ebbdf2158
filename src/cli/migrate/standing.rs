//! Findings of the checks, where the move stands, and who became ours, as tables.

use super::{
    applied, parity,
    plan::{self, COLUMNS, ROWS, more},
};
use crate::{
    cli::output::Rows,
    migrate::wire::{Checks, Finding, Owned, Status},
};

/// Names of a finding that fit into its line; JSON has up to a hundred.
const ABOUT: usize = 5;

pub(super) fn checks(checks: &Checks) -> Rows {
    let mut rows = Rows::new(&["check", "result", "detail", "remedy"]).folded(COLUMNS);
    for finding in &checks.findings {
        rows.push([
            finding.name.clone(),
            finding.result.clone(),
            detail(finding),
            finding.remedy.clone(),
        ]);
    }
    rows
}

fn detail(finding: &Finding) -> String {
    let Finding { detail, about, .. } = finding;
    if about.is_empty() {
        return detail.clone();
    }
    let mut named = about.iter().take(ABOUT).cloned().collect::<Vec<_>>();
    if about.len() > ABOUT {
        named.push("… (--output json shows more)".to_owned());
    }
    format!("{detail}: {}", named.join(", "))
}

pub(super) fn status(status: &Status) -> Vec<Rows> {
    let mut now = Rows::new(&["now"]).folded(COLUMNS);
    let doing = if status.doing.is_empty() {
        "no job runs"
    } else {
        &status.doing
    };
    now.push([doing.to_owned()]);
    let headings = ["agent", "user", "wave", "id there", "origin", "owner"];
    let mut people = Rows::new(&headings).folded(COLUMNS);
    for person in status.people.iter().take(ROWS) {
        people.push([
            person.source_id.clone(),
            person.username.clone(),
            person.wave.clone(),
            person.target_id.clone().unwrap_or_else(|| "-".to_owned()),
            person.origin.clone(),
            person.owner.clone(),
        ]);
    }
    more(&mut people, status.people.len(), headings.len());
    let waves = parity::waves(&status.waves, false);
    vec![now, waves, applied::runs(&status.runs), people]
}

pub(super) fn owned(owned: &Owned) -> Vec<Rows> {
    vec![
        plan::remarks(["user", "done"], &owned.done),
        plan::remarks(["refused", "why"], &owned.refused),
    ]
}
