//! `lp2rc check`: the whole chain, step by step. With a daemon it is the daemon's job, because a
//! login of our own would end the daemon's; else it is done here.

use std::{os::unix::fs::MetadataExt as _, path::Path};

use super::{
    Common,
    exit::{self, Failure},
    output::{Output, Rows, print, remark},
    reach::{self, Daemon},
};
use crate::{
    app::{Core, StartError, source_alone},
    config::Config,
    domain::{Blame, CheckStep, StepResult},
    liveperson::STEPS,
    ports::{Examine, Future, Source as _, SourceFault, blocking},
    server::admin::check::{self, CheckRequest, Checked, Step},
    telemetry::logging,
};

/// `lp2rc check --help`.
pub(super) const LONG: &str = "\
Walk the whole chain, from the configuration to the agents, and say what to do.

Steps: configuration, state, then LivePerson's side: discovery, tls, login, session, poll in JSON, \
poll in XML, next link, rights, clock. Each is ok, skipped, a warning or failed, with what was seen \
and what to do about it. Nothing that is kept or served changes, and no secret or address is shown.

A running daemon does it itself and with its own login, because LivePerson lets a user log in only \
once; it also tells how its source, store and scheduler are, in the words of /readyz. Without a \
daemon it is done here and ends with a logout. No state directory is made.

A refused login is never tried again by itself, since LivePerson may lock the user for good. Once \
the user works again, --retry-login tries it one more time; a daemon then goes on polling.

Exit codes: 0 all is well; 11 warnings only; else the first failed step decides: 2 configuration, \
20 LivePerson, 22 the user or its secret, 30 state, 75 state in use, 10 anything else.";

/// Lines of the table are no wider.
const COLUMNS: u16 = 100;

const CONFIGURATION: &str = "configuration";

/// What to look at.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Args {
    /// Try a refused login once more.
    #[arg(long)]
    retry_login: bool,
    /// How the steps are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Looks, prints what was seen, and fails as the first failed step does.
pub(super) async fn run(common: &Common, args: Args) -> Result<(), Failure> {
    let steps = walk(common, args.retry_login).await?;
    let rows = table(&steps);
    let checked = Checked { steps };
    print(args.output, &checked, &[rows])?;
    verdict(&checked.steps)
}

async fn walk(common: &Common, retry_login: bool) -> Result<Vec<Step>, Failure> {
    let config = match common.load() {
        Ok(loaded) => loaded.config,
        Err(failure) => {
            let wrong = failure_step(CONFIGURATION, Blame::Configuration, &failure);
            let mut steps = vec![wrong, CheckStep::skipped(check::STATE, NO_CONFIGURATION)];
            steps.extend(skipped(NO_CONFIGURATION));
            return Ok(shown(&steps));
        }
    };
    let mut steps = shown(&[CheckStep::passed(
        CONFIGURATION,
        format!(
            "{} holds, with its layers; account {} at {}",
            common.config.display(),
            config.liveperson.account,
            config.liveperson.discovery_url
        ),
    )]);
    let dir = config.state.dir.clone();
    let rest = match reach::daemon(&dir).await {
        Ok(Some(daemon)) => beside(&daemon, retry_login, &dir).await?,
        Ok(None) => {
            remark(&format!(
                "no daemon answers for {}: looking from here",
                dir.display()
            ));
            logging::start_quiet(&config.log);
            shown(&alone(config, retry_login).await?)
        }
        Err(failure) => {
            let mut rest = vec![failure_step(check::STATE, Blame::Busy, &failure)];
            rest.extend(skipped(NO_STATE));
            shown(&rest)
        }
    };
    steps.extend(rest);
    Ok(steps)
}

const NO_CONFIGURATION: &str = "there is no configuration to go by";
const NO_STATE: &str = "the state must tell first who runs and whether the login was refused";

/// The daemon looks, and we add where its state is.
async fn beside(daemon: &Daemon, retry_login: bool, dir: &Path) -> Result<Vec<Step>, Failure> {
    let request = CheckRequest { retry_login };
    let checked: Checked = daemon.post("/admin/check", &request).await?;
    let mut steps = checked.steps;
    if let Some(state) = steps.iter_mut().find(|step| step.step == check::STATE) {
        state.detail = format!(
            "{}, in use by the running daemon: {}",
            place(dir),
            state.detail
        );
    }
    Ok(steps)
}

/// We look, and leave nothing open.
async fn alone(config: Config, retry_login: bool) -> Result<Vec<CheckStep>, Failure> {
    let dir = config.state.dir.clone();
    if !dir.is_dir() {
        let why = format!(
            "there is no directory {} yet; the daemon and `lp2rc sync` make it",
            dir.display()
        );
        let mut steps = vec![CheckStep::skipped(check::STATE, why)];
        match source_alone(&config) {
            Ok(source) => {
                let seen = examined(&source, source.close(), retry_login).await?;
                if seen
                    .iter()
                    .any(|step| step.blame == Some(Blame::Credentials))
                {
                    remark(
                        "this refusal is remembered nowhere, as there is no state directory yet: do not repeat the check before the user or the secret is corrected, LivePerson may lock the user",
                    );
                }
                steps.extend(seen);
            }
            Err(error) => steps.extend(unusable(&error)),
        }
        return Ok(steps);
    }
    let core = match Core::open(config).await {
        Ok(core) => core,
        Err(StartError::Store(error)) => {
            let step = check::refused(&error);
            let detail = format!("{}: {}", place(&dir), step.detail);
            let mut steps = vec![CheckStep { detail, ..step }];
            steps.extend(skipped(NO_STATE));
            return Ok(steps);
        }
        Err(error) => {
            let mut steps = vec![CheckStep::skipped(check::STATE, "it was not looked at")];
            steps.extend(unusable(&error));
            return Ok(steps);
        }
    };
    let (inspect, ledger) = (core.inspect(), std::sync::Arc::clone(core.ledger()));
    let mut steps = blocking(move || check::state(&*inspect, &ledger)).await;
    if let Some(state) = steps.first_mut() {
        state.detail = format!("{}, free: {}", place(&dir), state.detail);
    }
    steps.extend(examined(core.examine(), core.cycle().close(), retry_login).await?);
    Ok(steps)
}

/// Looks at the source and says goodbye to it, even when interrupted.
async fn examined(
    source: &dyn Examine,
    goodbye: Future<'_, ()>,
    retry_login: bool,
) -> Result<Vec<CheckStep>, Failure> {
    let steps = tokio::select! {
        steps = source.examine(retry_login) => Ok(steps),
        _ = tokio::signal::ctrl_c() => Err(Failure::new(
            exit::INTERRUPTED,
            "interrupted before everything was looked at",
        )),
    };
    goodbye.await;
    steps
}

/// Where the state is, and whose it is.
fn place(dir: &Path) -> String {
    match std::fs::metadata(dir) {
        Ok(found) => format!("{} of user {}", dir.display(), found.uid()),
        Err(_) => dir.display().to_string(),
    }
}

/// The client could not be built: an address or a CA file of the configuration cannot be used, or
/// there are no CA certificates at all.
fn unusable(error: &StartError) -> Vec<CheckStep> {
    let failure = Failure::new(exit::SOURCE, error.to_string());
    let configured =
        matches!(error, StartError::Source(error) if error.fault == SourceFault::Refused);
    let blame = if configured {
        Blame::Configuration
    } else {
        Blame::Source
    };
    let mut steps = vec![failure_step("client", blame, &failure)];
    steps.extend(skipped("there is no client to look with"));
    steps
}

/// A failure as a step: its message says what happened, a semicolon, and what to do.
fn failure_step(name: &'static str, blame: Blame, failure: &Failure) -> CheckStep {
    let (fact, advice) = failure
        .message
        .split_once("; ")
        .unwrap_or((&failure.message, ""));
    CheckStep::failed(name, blame, fact, advice)
}

/// The source's steps, of which none was tried.
fn skipped(why: &str) -> Vec<CheckStep> {
    STEPS.map(|name| CheckStep::skipped(name, why)).to_vec()
}

fn shown(steps: &[CheckStep]) -> Vec<Step> {
    steps.iter().map(Into::into).collect()
}

fn table(steps: &[Step]) -> Rows {
    let mut rows = Rows::new(&["step", "result", "detail", "remedy"]).folded(COLUMNS);
    for step in steps {
        rows.push([
            step.step.clone(),
            step.result.clone(),
            step.detail.clone(),
            step.remedy.clone(),
        ]);
    }
    rows
}

/// The first failed step decides; else a warning does.
fn verdict(steps: &[Step]) -> Result<(), Failure> {
    let first = |result: StepResult| steps.iter().find(|step| step.result == result.word());
    let told = |step: &Step| {
        let hint = if step.remedy.is_empty() {
            String::new()
        } else {
            format!("\n\nhint: {}", step.remedy)
        };
        format!("`{}`: {}{hint}", step.step, step.detail)
    };
    if let Some(step) = first(StepResult::Failed) {
        let message = format!("the check failed at {}", told(step));
        return Err(Failure::new(code(step), message));
    }
    match first(StepResult::Warned) {
        None => Ok(()),
        Some(step) => {
            let message = format!("the check has warnings, the first at {}", told(step));
            Err(Failure::new(exit::WARNINGS, message))
        }
    }
}

fn code(step: &Step) -> u8 {
    let blame = step.blame.as_deref().and_then(Blame::from_word);
    match blame.unwrap_or(Blame::Other) {
        Blame::Configuration => exit::CONFIG,
        Blame::State => exit::STATE,
        Blame::Busy => exit::BUSY,
        Blame::Source => exit::SOURCE,
        Blame::Target => exit::TARGET,
        Blame::Credentials => exit::CREDENTIALS,
        Blame::Other => exit::REFUSED,
    }
}
