//! `POST /admin/check`: the whole chain, looked at by the process that holds the login, because a
//! login of anybody else would end it. Its JSON is here too; the command line prints the same steps
//! when it looked itself.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use tokio::task::JoinError;

use super::look;
use crate::{
    domain::{Blame, CheckStep, Component, CycleReport, Health, StepResult, Trigger, Verdict},
    ledger::Ledger,
    ports::{ControlError, CycleError, CycleRequest, Inspect, Opened, StoreError},
    server::Operations,
    telemetry::ComponentHealth,
};

/// Name of the step about our own durable state.
pub const STATE: &str = "state";

/// Findings about the state that are told one by one.
const FINDINGS: usize = 10;

/// `POST /admin/check`; an empty body is the same as `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckRequest {
    /// Try a refused login once more; when it works, a cycle is run at once.
    pub retry_login: bool,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Checked {
    /// In the order in which it was looked at.
    pub steps: Vec<Step>,
}

/// [`CheckStep`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Step {
    /// What was looked at.
    pub step: String,
    /// `ok`, `skipped`, `warning` or `failed`.
    pub result: String,
    /// What was seen.
    pub detail: String,
    /// What to do about it; empty when there is nothing to do.
    pub remedy: String,
    /// Where the trouble of a failed step lies: `configuration`, `state`, `busy`, `source`,
    /// `credentials` or `other`.
    pub blame: Option<String>,
}

impl From<&CheckStep> for Step {
    fn from(step: &CheckStep) -> Self {
        Self {
            step: step.name.to_owned(),
            result: step.result.word().to_owned(),
            detail: step.detail.clone(),
            remedy: step.remedy.clone(),
            blame: step.blame.map(|blame| blame.word().to_owned()),
        }
    }
}

/// Everything that a running bridge can tell about itself. Goes on to its end when the client leaves:
/// a refusal that was lifted must wake the loop.
pub(super) async fn to_its_end(
    operations: Arc<Operations>,
    wanted: CheckRequest,
) -> Result<Vec<CheckStep>, JoinError> {
    tokio::spawn(whole(operations, wanted)).await
}

async fn whole(operations: Arc<Operations>, wanted: CheckRequest) -> Vec<CheckStep> {
    let walked = operations.examine.examine(wanted.retry_login).await;
    let logged_in = walked.iter().any(|step| {
        step.name == "login" && matches!(step.result, StepResult::Passed | StepResult::Warned)
    });
    let mut steps = walked;
    if wanted.retry_login && logged_in {
        // The poll loop waits for a person after a refusal: this wakes it.
        let request = CycleRequest::from_trigger(Trigger::Request);
        steps.push(cycle(operations.control.sync_now(request).await));
    }
    let board = operations.health.all();
    steps.extend(
        board
            .iter()
            .map(|(component, state)| health(*component, state)),
    );
    steps
}

/// How the state is: how it came up, what is served from it, and what is wrong with it. Reads every
/// record.
pub fn state(inspect: &dyn Inspect, ledger: &Ledger) -> Vec<CheckStep> {
    let (freshness, age) = look::freshness(ledger.freshness());
    let snapshot = ledger.snapshot();
    let seen = match age {
        Some(age) => format!("last seen {age:.0} s ago ({freshness})"),
        None => "never seen".to_owned(),
    };
    let (opened, remedy) = opened(inspect.opened());
    let detail = format!(
        "{opened}, generation {}, {} agents, {seen}",
        snapshot.generation.0,
        snapshot.rows().len(),
    );
    let mut steps = vec![if remedy.is_empty() {
        CheckStep::passed(STATE, detail)
    } else {
        CheckStep::warned(STATE, detail, remedy)
    }];
    match inspect.findings() {
        Err(error) => steps.push(refused(&error)),
        Ok(findings) => steps.extend(findings.iter().take(FINDINGS).map(|finding| {
            let (fact, advice) = finding.split_once("; ").unwrap_or((finding, ""));
            let remedy = format!("{advice} (`lp2rc state verify` tells all)");
            CheckStep::failed(STATE, Blame::State, fact, remedy.trim_start())
        })),
    }
    steps
}

fn opened(opened: Opened) -> (String, &'static str) {
    match opened {
        Opened::Clean => ("opened as it was left".to_owned(), ""),
        Opened::New => ("new".to_owned(), ""),
        Opened::Repaired { quarantine } => (
            format!("was damaged and repaired, the damaged files are in {quarantine}"),
            "look at the disk; delete the quarantine once nobody needs it",
        ),
        Opened::Restored {
            quarantine,
            exported_at,
        } => (
            format!(
                "was damaged and restored from the export of {exported_at}, the damaged database is in {quarantine}"
            ),
            "look at the disk; delete the quarantine once nobody needs it",
        ),
        Opened::Lost { quarantine } => (
            format!("was damaged and starts empty, the damaged database is in {quarantine}"),
            "look at the disk; bring back an export with `lp2rc state import`",
        ),
    }
}

/// A state that cannot be read.
pub fn refused(error: &StoreError) -> CheckStep {
    let text = error.to_string();
    let (fact, advice) = text.split_once("; ").unwrap_or((&text, ""));
    let blame = match error {
        StoreError::Conflict { .. } | StoreError::Locked { .. } => Blame::Busy,
        StoreError::OtherAccount { .. } => Blame::Configuration,
        StoreError::OtherOwner { .. }
        | StoreError::Newer { .. }
        | StoreError::Damaged { .. }
        | StoreError::Io { .. } => Blame::State,
    };
    CheckStep::failed(STATE, blame, fact, advice)
}

fn cycle(done: Result<CycleReport, ControlError>) -> CheckStep {
    const CYCLE: &str = "cycle";
    let error = match done {
        Ok(report) => {
            let detail = format!(
                "run {}: {} agents seen, generation {}",
                report.run, report.counts.seen, report.generation.0
            );
            return match report.verdict {
                Verdict::Trusted => CheckStep::passed(CYCLE, detail),
                Verdict::Quarantined { before, now } => CheckStep::warned(
                    CYCLE,
                    format!("{detail}; the answer is doubted: of {before} agents {now} are left"),
                    Health::Quarantined.remedy(),
                ),
            };
        }
        Err(error) => error,
    };
    let blame = match &error {
        ControlError::Stopping => Blame::Busy,
        ControlError::Failed(failed) => match &**failed {
            CycleError::Source(error) => error.fault.blame(),
            CycleError::Store(_) => Blame::State,
            CycleError::Deadline(_) => Blame::Source,
        },
    };
    let text = error.to_string();
    let (fact, advice) = text.split_once("; ").unwrap_or((&text, ""));
    CheckStep::failed(CYCLE, blame, fact, advice)
}

/// A component in the words that readiness, logs and metrics use too.
fn health(component: Component, state: &ComponentHealth) -> CheckStep {
    let (name, word, remedy) = (component.word(), state.health.word(), state.health.remedy());
    let detail = format!("{word}: {}", state.reason);
    let failed = |blame| match component {
        Component::Source => CheckStep::failed(name, blame, &detail, remedy),
        Component::Store => CheckStep::failed(name, Blame::State, &detail, remedy),
        Component::Scheduler => CheckStep::failed(name, Blame::Other, &detail, remedy),
    };
    match state.health {
        Health::Connected => CheckStep::passed(name, detail),
        // Nothing has been tried: that is no finding.
        Health::Starting => CheckStep {
            remedy: remedy.to_owned(),
            ..CheckStep::skipped(name, detail)
        },
        Health::Degraded | Health::Quarantined | Health::Throttled => {
            CheckStep::warned(name, detail, remedy)
        }
        Health::CredentialsRejected | Health::Blacklisted => failed(Blame::Credentials),
        Health::Replaced | Health::Retired => failed(Blame::Source),
    }
}
