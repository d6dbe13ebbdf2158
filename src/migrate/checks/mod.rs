//! Looking before a plan whether the move can go well: findings are data, in a fixed order, one a
//! check even where all is well.
//!
//! A failed check refuses the move; a warning waits until somebody acknowledges it by name. Pure:
//! everything comes as an argument.

mod addresses;
mod departments;
mod finding;
mod names;
mod people;
mod workspace;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod people_cases;

use std::time::Duration;

use self::finding::{ACKNOWLEDGED, skipped};
use super::{
    verify::wanted::{self, Wanted},
    wire::{Checks, End, Finding, Part},
};
use crate::{
    domain::{
        Actual, Capabilities, StepResult,
        moving::{Links, MoveRules},
    },
    ports::moving::Believed,
};

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The source's side and the bridge's.
    pub believed: &'a Believed,
    /// The target's side.
    pub actual: &'a Actual,
    /// Which users are whose.
    pub links: &'a Links,
    /// What decides.
    pub rules: &'a MoveRules,
    /// Names of the warnings that somebody has read.
    pub acknowledged: &'a [String],
    /// The part that is about to be planned; `None` looks at the whole move, cut-over included.
    pub part: Option<&'a Part>,
    /// Past this age the view of the source is too old to plan from.
    pub max_age: Duration,
    /// Whether the bridge logs in with a password instead of a token.
    pub password_login: bool,
}

/// What the checks look at, with what they share.
struct Scene<'a> {
    inputs: &'a Inputs<'a>,
    capabilities: &'a Capabilities,
    /// Those of the part who are not left out on purpose.
    moved: Vec<&'a Wanted<'a>>,
    /// Those who are.
    left_out: Vec<&'a Wanted<'a>>,
    /// All of them.
    people: &'a [Wanted<'a>],
}

impl<'a> Scene<'a> {
    /// Those for whom a user must be created.
    fn newcomers(&self) -> impl Iterator<Item = &'a Wanted<'a>> {
        self.moved.iter().copied().filter(|one| one.user.is_none())
    }
}

type Check = fn(&'static str, &Scene<'_>) -> Finding;

/// Every check, in the order of the findings.
const ALL: [(&str, Check); 23] = [
    ("source", workspace::source),
    ("version", workspace::version),
    ("rights", workspace::rights),
    ("second-factor", workspace::second_factor),
    ("rate-limit", workspace::rate_limit),
    ("seats", people::seats),
    ("names", names::names),
    ("usernames-taken", people::usernames_taken),
    ("emails-taken", addresses::taken),
    ("emails-missing", addresses::missing),
    ("emails-shared", addresses::shared),
    ("departments", departments::departments),
    ("roles", people::roles),
    ("limits-without-effect", people::limits_without_effect),
    ("business-hours", workspace::business_hours),
    ("no-client-connected", people::no_client_connected),
    ("custom-fields", workspace::custom_fields),
    ("approval", workspace::approval),
    ("email-domains", addresses::domains),
    ("protected", people::protected),
    ("links", people::links),
    ("routing-method", workspace::routing_method),
    ("policy", workspace::policy),
];

/// The names of all checks, by which warnings are acknowledged, in the order of the findings.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(|(name, _)| name)
}

/// Makes every check. Those that need agents are skipped where none are known.
pub fn check(inputs: &Inputs<'_>) -> Checks {
    let wave = inputs.part.and_then(|part| part.wave.as_deref());
    let Inputs {
        believed,
        actual,
        links,
        rules,
        ..
    } = *inputs;
    let people = wanted::everybody(believed, actual, links, rules, wave);
    let (left_out, moved) = people.iter().partition(|one| one.left_out.is_some());
    let scene = Scene {
        inputs,
        capabilities: &actual.capabilities,
        moved,
        left_out,
        people: &people,
    };
    let acknowledged = |name: &str| inputs.acknowledged.iter().any(|one| one == name);
    let findings = ALL.iter().map(|(name, check)| {
        let mut finding = check(name, &scene);
        if finding.result == StepResult::Warned.word() && acknowledged(name) {
            ACKNOWLEDGED.clone_into(&mut finding.result);
        }
        finding
    });
    Checks {
        findings: findings.collect(),
    }
}

/// What findings come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The way is clear.
    Clear,
    /// These must be acknowledged before anything is written.
    Warned(Vec<&'a Finding>),
    /// This was the first to fail: nothing may be written.
    Refused(&'a Finding),
}

impl Verdict<'_> {
    /// How a request ends that got no further. [`Verdict::Warned`] ends a look with
    /// [`End::Warnings`]; for a move it is a refusal.
    pub fn end(&self) -> End {
        match self {
            Self::Clear => End::Done,
            Self::Warned(_) => End::Warnings,
            Self::Refused(first) if first.name == "source" => End::Source,
            Self::Refused(_) => End::Refused,
        }
    }

    /// Why nothing may be written and what to do, in one sentence; `None` when the way is clear.
    pub fn why(&self) -> Option<String> {
        match self {
            Self::Clear => None,
            Self::Warned(warnings) => {
                let names: Vec<_> = warnings.iter().map(|one| one.name.as_str()).collect();
                let names = names.join(", ");
                Some(format!(
                    "checks warn of {names}; read them with `lp2rc migrate check`, then mend what they name, or acknowledge them by name"
                ))
            }
            Self::Refused(first) => Some(format!(
                "check {} failed: {}; {}",
                first.name, first.detail, first.remedy
            )),
        }
    }
}

/// What the findings come to: the first failed one decides, then warnings nobody acknowledged.
pub fn verdict(checks: &Checks) -> Verdict<'_> {
    let of = |result: StepResult| {
        let findings = checks.findings.iter();
        findings.filter(move |one| one.result == result.word())
    };
    if let Some(first) = of(StepResult::Failed).next() {
        return Verdict::Refused(first);
    }
    let warnings: Vec<_> = of(StepResult::Warned).collect();
    if warnings.is_empty() {
        Verdict::Clear
    } else {
        Verdict::Warned(warnings)
    }
}

/// The finding of a check that needs agents where none are known.
fn nobody(name: &'static str) -> Finding {
    skipped(name, "no agents of this part are known")
}
