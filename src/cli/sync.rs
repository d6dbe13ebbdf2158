//! `lp2rc sync`: one cycle. With a daemon it is the daemon's job, else it is done here.

use super::{
    Common,
    exit::{self, Failure},
    output::{Output, Rows, print, remark},
    reach,
};
use crate::{
    domain::Trigger,
    ports::CycleRequest,
    server::admin::wire::{Fall, Run, SyncRequest},
};

/// How the cycle is run.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Args {
    /// Poll, merge, map and compare with the state; keep and publish nothing.
    #[arg(long)]
    dry_run: bool,
    /// Take a doubtful fall as true, this once.
    #[arg(long)]
    accept_fall: bool,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Runs one cycle and prints its report. Exit 10 when the answer was doubted.
pub(super) async fn run(common: &Common, args: Args) -> Result<(), Failure> {
    let dir = common.dir()?;
    let run = if let Some(daemon) = reach::daemon(&dir).await? {
        let request = SyncRequest {
            dry_run: args.dry_run,
            accept_fall: args.accept_fall,
        };
        daemon.post("/admin/sync", &request).await?
    } else {
        remark(&format!(
            "no daemon answers for {}: doing it here",
            dir.display()
        ));
        alone(common, args).await?
    };
    print(args.output, &run, &tables(&run))?;
    match run.quarantined {
        None => Ok(()),
        Some(Fall { before, now }) => Err(Failure::new(
            exit::REFUSED,
            format!(
                "the answer is doubted: of {before} agents only {now} are left, past [sync] fall_percent and fall_minimum; nobody was taken away\n\nhint: compare with LivePerson; if the fall is real run `lp2rc sync --accept-fall`"
            ),
        )),
    }
}

async fn alone(common: &Common, args: Args) -> Result<Run, Failure> {
    let core = reach::alone(common).await?;
    let request = CycleRequest {
        trigger: Trigger::Request,
        dry_run: args.dry_run,
        accept_fall: args.accept_fall,
    };
    let done = tokio::select! {
        done = core.cycle().run(request) => Some(done),
        _ = tokio::signal::ctrl_c() => None,
    };
    core.cycle().close().await;
    if !args.dry_run && matches!(done, Some(Ok(_))) {
        core.save_export().await;
    }
    match done {
        None => Err(Failure::new(
            exit::INTERRUPTED,
            "interrupted; what was kept before stays kept",
        )),
        Some(Err(error)) => Err((&error).into()),
        Some(Ok(report)) => Ok(Run::from(&report)),
    }
}

fn tables(run: &Run) -> Vec<Rows> {
    let mut summary = Rows::new(&["what", "count"]);
    let counts = &run.counts;
    for (what, count) in [
        ("agents seen", counts.seen),
        ("added", counts.added),
        ("returned", counts.returned),
        ("updated", counts.updated),
        ("missing", counts.missing),
        ("frozen", counts.frozen),
        ("gone", counts.gone),
        ("unchanged", counts.unchanged),
        ("skipped entries", run.skipped),
        ("excluded agents", run.notes.excluded),
        ("skills without a rule", run.notes.unmapped_skills),
        ("agents without e-mail", run.notes.missing_emails),
        ("routable now", run.routable),
    ] {
        summary.push([what.to_owned(), count.to_string()]);
    }
    let mut changes = Rows::new(&["changes"]);
    for change in &run.changes {
        changes.push([change.clone()]);
    }
    if run.changes.is_empty() {
        vec![summary]
    } else {
        vec![summary, changes]
    }
}
