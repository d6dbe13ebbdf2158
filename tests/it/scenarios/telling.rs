//! What a transcript tells of an answer: little, and the same on every run and in both formats.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::program::Finished;

/// How a sentence names an error of the Agent API, which is written in the format asked for.
const ERRORS: [&str; 2] = [
    "a JSON error, internalCode 5 (application/json)",
    "XML (application/xml)",
];

/// The beginning of a sentence, up to what to do about it and to details in brackets, without the
/// moments and waits that differ from run to run, and without the format.
pub(super) fn beginning(sentence: &str) -> String {
    let told = ERRORS.iter().fold(sentence.to_owned(), |text, error| {
        text.replace(error, "an error")
    });
    let end = told.find("; ").into_iter().chain(told.find(" ("));
    let told = &told[..end.min().unwrap_or(told.len())];
    let mut before = "";
    let words = told.split(' ').map(|word| {
        let is_time = word.parse::<jiff::Timestamp>().is_ok();
        // Waits are drawn; limits are not, and stay.
        let is_wait = before == "another" && word.parse::<jiff::Span>().is_ok();
        before = word;
        match (is_time, is_wait) {
            (true, _) => "{time}",
            (false, true) => "{wait}",
            (false, false) => word,
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Of a run, in the order of reading.
const COUNTS: [&str; 8] = [
    "seen",
    "unchanged",
    "added",
    "returned",
    "updated",
    "missing",
    "frozen",
    "gone",
];

/// `full: 40 seen, 40 added, 31 routable`: the counts that are not 0.
pub(super) fn report(run: &Value) -> String {
    let counts = COUNTS
        .map(|what| (what, &run["counts"][what]))
        .into_iter()
        .chain([("skipped", &run["skipped"]), ("routable", &run["routable"])])
        .filter(|(_, count)| **count != 0)
        .map(|(what, count)| format!("{count} {what}"));
    let coverage = run["coverage"].as_str().unwrap();
    format!("{coverage}: {}", counts.collect::<Vec<_>>().join(", "))
}

fn agents(done: &Finished) -> Vec<Value> {
    assert_eq!(done.code, 0, "{done:?}");
    let mut list: Value = serde_json::from_str(&done.stdout).unwrap();
    std::mem::take(list["agents"].as_array_mut().unwrap())
}

/// `Billing, Sales`.
pub(super) fn departments(done: &Finished) -> String {
    let agents = agents(done);
    let departments = agents
        .iter()
        .flat_map(|agent| agent["departments"].as_array().unwrap());
    let names: BTreeSet<_> = departments
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    Vec::from_iter(names).join(", ")
}

/// `40 present; 30 online, 10 away`.
pub(super) fn counts(done: &Finished) -> String {
    let agents = agents(done);
    let by = |key: &str| {
        let mut counts = BTreeMap::<_, usize>::new();
        for agent in &agents {
            *counts.entry(agent[key].as_str().unwrap()).or_default() += 1;
        }
        let told = counts.iter().map(|(word, count)| format!("{count} {word}"));
        told.collect::<Vec<_>>().join(", ")
    };
    if agents.is_empty() {
        return "nobody".to_owned();
    }
    format!("{}; {}", by("standing"), by("presence"))
}

pub(super) fn asked(answer: &Value) -> &'static str {
    match (&answer["success"], &answer["error"]) {
        (Value::Bool(true), _) if answer["agent"]["username"].is_string() => "somebody",
        (Value::Bool(false), error) if error == "agent-not-found" => "nobody",
        _ => panic!("{answer}"),
    }
}

/// `degraded; source quarantined: compare with …`.
pub(super) fn health(readiness: &Value) -> String {
    let source = &readiness["components"]["source"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    format!(
        "{}; source {}: {}",
        text(&readiness["status"]),
        text(&source["state"]),
        text(&source["remedy"])
    )
}

pub(super) const fn yes_or_no(so: bool) -> &'static str {
    if so { "yes" } else { "no" }
}
