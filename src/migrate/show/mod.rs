//! Documents for people: a plan as data, and plans and parity as pages.
//!
//! Names come from elsewhere and are hostile until they are escaped: whatever is written goes
//! through [`text`].

pub mod html;
pub mod markdown;
mod text;

#[cfg(test)]
mod cases;

use std::collections::BTreeMap;

use self::text::grouped;
use super::wire::{ChangeLine, FieldLine, PLAN_FORMAT, Parity, Part, PlanDocument, Remark, Tally};
use crate::{
    domain::{Change, Effect, Phase, Timestamp, Write},
    sync::{
        guard::Excess,
        plan::{LeftOut, Plan},
    },
};

/// A plan as it is reviewed. `excesses` are the limits it exceeds.
pub fn plan_document(plan: &Plan, excesses: &[Excess], made_at: Timestamp) -> PlanDocument {
    let left_out = |one: &LeftOut| Remark {
        subject: one.subject.to_string(),
        why: one.why.clone(),
    };
    let excess = |one: &Excess| Remark {
        subject: one.name.to_owned(),
        why: one.why.clone(),
    };
    PlanDocument {
        format: PLAN_FORMAT.to_owned(),
        checksum: plan.checksum().to_owned(),
        made_at: made_at.to_string(),
        part: Part {
            wave: plan.scope().wave.clone(),
            cut_over: plan.scope().cut_over,
        },
        agents: plan.concerned(),
        summary: tallies(plan.changes()),
        changes: plan.changes().iter().map(change_line).collect(),
        withheld: plan.withheld().iter().map(change_line).collect(),
        left_out: plan.left_out().iter().map(left_out).collect(),
        foreign: plan.foreign(),
        refused_by: excesses.iter().map(excess).collect(),
    }
}

/// How many changes of each kind, by phase, then in the order of [`Effect::ALL`].
pub fn tallies(changes: &[Change]) -> Vec<Tally> {
    let mut counts: BTreeMap<(Phase, Effect), usize> = BTreeMap::new();
    for change in changes {
        *counts.entry((change.phase, change.effect)).or_default() += 1;
    }
    let tally = |((phase, effect), count): ((Phase, Effect), usize)| Tally {
        phase: phase.word().to_owned(),
        effect: effect.word().to_owned(),
        count,
    };
    counts.into_iter().map(tally).collect()
}

/// One change as it is reviewed.
pub fn change_line(change: &Change) -> ChangeLine {
    let fields = change.fields.iter().map(|field| FieldLine {
        field: field.field.clone(),
        before: field.before.clone(),
        after: field.after.clone(),
    });
    ChangeLine {
        phase: change.phase.word().to_owned(),
        effect: change.effect.word().to_owned(),
        subject: change.subject.to_string(),
        reason: change.reason.clone(),
        fields: fields.collect(),
        writes: change
            .writes
            .iter()
            .map(Write::word)
            .map(str::to_owned)
            .collect(),
    }
}

/// A plan in one line: `12 changes for 4 agents; users: create 4; roles: update 8`.
pub fn plan_headline(plan: &PlanDocument) -> String {
    let changes = counted(plan.changes.len(), "change", "changes");
    let agents = counted(plan.agents, "agent", "agents");
    if plan.summary.is_empty() {
        return format!("nothing to do for {agents}");
    }
    let kinds = plan.summary.iter();
    let kinds = kinds.map(|one| format!("{}: {} {}", one.phase, one.effect, grouped(one.count)));
    format!(
        "{changes} for {agents}; {}",
        kinds.collect::<Vec<_>>().join("; ")
    )
}

/// Parity in one line: `2 of 3 agents are equal, 1 differs`.
pub fn parity_headline(parity: &Parity) -> String {
    let mut line = format!(
        "{} of {} are equal",
        grouped(parity.equal),
        counted(parity.agents, "agent", "agents")
    );
    if parity.acknowledged > 0 {
        let differ = counted(parity.acknowledged, "differs", "differ");
        line = format!("{line}, {differ} as acknowledged");
    }
    if parity.different > 0 {
        let differ = counted(parity.different, "differs", "differ");
        line = format!("{line}, {differ}");
    }
    line
}

/// The part in words.
fn part_in_words(part: &Part) -> String {
    let who = match &part.wave {
        Some(wave) => format!("wave {wave}"),
        None => "everybody".to_owned(),
    };
    if part.cut_over {
        format!("{who}, with the cut-over")
    } else {
        who
    }
}

/// How old the view of the source is, in words.
fn age_in_words(parity: &Parity) -> String {
    match parity.source_age_seconds {
        None => "never read".to_owned(),
        Some(seconds) => format!("read {} s before", grouped(seconds)),
    }
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!(
        "{} {}",
        grouped(count),
        if count == 1 { one } else { several }
    )
}

/// What a difference in a field means to somebody who does not run computers.
fn meaning(field: &str) -> &'static str {
    match field {
        "user" => "has no user of ours in Rocket.Chat, or the bridge takes another user for theirs",
        "name" => "shows another name to visitors",
        "email" => "has another e-mail address, so mails of Rocket.Chat go elsewhere",
        "roles" => "may do more or less than they should",
        "departments" => "gets chats of other departments than they should",
        "limit" => "may have another number of chats at once",
        "availability" => "is open or closed for chats on the wrong side",
        "active" => "cannot use Rocket.Chat, or can though they have left",
        "id field" => "does not carry the number by which LivePerson knows them",
        "custom fields" => "lacks additional details from LivePerson",
        _ => "is not as it should be",
    }
}
