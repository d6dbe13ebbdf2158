//! A parity report as tables: numbers, waves, departments, and those who differ, field by field.

use std::collections::BTreeMap;

use super::{
    file::part_in_words,
    plan::{self, COLUMNS, ROWS},
};
use crate::{
    cli::output::Rows,
    migrate::wire::{Parity, PersonLine, WaveLine},
};

pub(super) fn tables(found: &Parity) -> Vec<Rows> {
    vec![
        numbers(found),
        waves(&found.waves, true),
        plan::remarks(["department", "differs"], &found.departments),
        people(found),
        waiting(found),
        plan::remarks(["left out", "why"], &found.left_out),
    ]
}

fn numbers(found: &Parity) -> Rows {
    let mut rows = Rows::new(&["what", "found"]).folded(COLUMNS);
    let routable = found.people.iter().filter(|person| person.routable).count();
    let age = found
        .source_age_seconds
        .map_or_else(|| "never".to_owned(), |age| format!("{age} s ago"));
    for (what, is) in [
        ("source", format!("account {}, read {age}", found.account)),
        ("target", found.target.clone()),
        ("looked at", found.at.clone()),
        ("part", part_in_words(&found.part)),
        ("agents", found.agents.to_string()),
        ("equal", found.equal.to_string()),
        ("acknowledged", found.acknowledged.to_string()),
        ("different", found.different.to_string()),
        ("left out", found.left_out.len().to_string()),
        ("routable there now", routable.to_string()),
    ] {
        rows.push([what.to_owned(), is]);
    }
    rows
}

/// Waves in numbers; `equal` is known after a comparison only.
pub(super) fn waves(all: &[WaveLine], compared: bool) -> Rows {
    let headings = ["wave", "agents", "provisioned", "cut over", "equal"];
    let columns = if compared { 5 } else { 4 };
    let mut rows = Rows::new(&headings[..columns]);
    for wave in all {
        let cells = [
            wave.wave.clone(),
            wave.agents.to_string(),
            wave.provisioned.to_string(),
            wave.cut_over.to_string(),
            wave.equal.to_string(),
        ];
        rows.push(cells.into_iter().take(columns));
    }
    rows
}

/// Those who differ, acknowledged or not; the equal ones are only counted.
fn people(found: &Parity) -> Rows {
    let headings = [
        "agent",
        "field",
        "source",
        "bridge",
        "target",
        "acknowledged",
    ];
    let mut rows = Rows::new(&headings).folded(COLUMNS);
    let differing: Vec<_> = found
        .people
        .iter()
        .filter(|person| !person.differences.is_empty())
        .collect();
    let mut used = 0;
    for (place, person) in differing.iter().enumerate() {
        used += person.differences.len();
        if used > ROWS {
            let more = format!(
                "… and {} more agents (--output json shows all)",
                differing.len() - place
            );
            let mut row = vec![String::new(); headings.len()];
            row[0] = more;
            rows.push(row);
            break;
        }
        differences(&mut rows, person);
    }
    rows
}

/// To how many no chat could be routed there now, by reason: most are no difference, such as agents
/// who are not logged in.
fn waiting(found: &Parity) -> Rows {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for person in found.people.iter().filter(|person| !person.routable) {
        *reasons.entry(&person.why_not).or_default() += 1;
    }
    let mut rows = Rows::new(&["not routable there now because", "agents"]).folded(COLUMNS);
    for (reason, agents) in reasons {
        rows.push([reason.to_owned(), agents.to_string()]);
    }
    rows
}

fn differences(rows: &mut Rows, person: &PersonLine) {
    for (place, difference) in person.differences.iter().enumerate() {
        let agent = if place == 0 {
            format!("{} ({})", person.username, person.source_id)
        } else {
            String::new()
        };
        rows.push([
            agent,
            difference.field.clone(),
            difference.source.clone(),
            difference.bridge.clone(),
            difference.target.clone(),
            difference.acknowledged_as.clone(),
        ]);
    }
}
