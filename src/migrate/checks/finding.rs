//! Findings, made in one place: their words, and how many names one carries.

use crate::{
    domain::StepResult,
    migrate::{verify::wanted::Wanted, wire::Finding},
};

/// The word of a warning that somebody has read.
pub(super) const ACKNOWLEDGED: &str = "acknowledged";

/// More names than a person reads help nobody; the detail has the number.
const NAMES: usize = 100;

pub(super) fn ok(name: &str, detail: impl Into<String>) -> Finding {
    finding(name, StepResult::Passed, detail.into(), "")
}

pub(super) fn skipped(name: &str, why: impl Into<String>) -> Finding {
    finding(name, StepResult::Skipped, why.into(), "")
}

pub(super) fn warning(name: &str, detail: impl Into<String>, remedy: &str) -> Finding {
    finding(name, StepResult::Warned, detail.into(), remedy)
}

pub(super) fn failed(name: &str, detail: impl Into<String>, remedy: &str) -> Finding {
    finding(name, StepResult::Failed, detail.into(), remedy)
}

fn finding(name: &str, result: StepResult, detail: String, remedy: &str) -> Finding {
    Finding {
        name: name.to_owned(),
        result: result.word().to_owned(),
        detail,
        remedy: remedy.to_owned(),
        about: Vec::new(),
    }
}

/// The finding with the names of whom or what it is about.
pub(super) fn about<'a>(finding: Finding, names: impl IntoIterator<Item = &'a str>) -> Finding {
    let names = names.into_iter().take(NAMES).map(str::to_owned);
    Finding {
        about: names.collect(),
        ..finding
    }
}

/// The finding with the names of these agents.
pub(super) fn about_agents(finding: Finding, agents: &[&Wanted<'_>]) -> Finding {
    about(finding, agents.iter().map(|one| one.username()))
}

/// `1 agent`, `2 agents`.
pub(super) fn agents(count: usize) -> String {
    counted(count, "agent", "agents")
}

/// `1 agent has`, `2 agents have`.
pub(super) fn agents_have(count: usize) -> String {
    counted(count, "agent has", "agents have")
}

/// A number with its noun.
pub(super) fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
