//! `lp2rc state`: look at the durable state, save it, restore it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{
    Common,
    exit::{self, Failure},
    output::{Output, Rows, print, remark, say},
    reach,
};
use crate::{
    config::StateConfig,
    ports::{Clock, Inspect, Opened, SystemClock, blocking},
    server::admin::wire,
    state::{self, SledStore, Summary, export_to_file},
};

/// What to do with the state.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Say how much there is and where reading stands.
    Show {
        /// How it is printed.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Read every record and check what must hold between them.
    Verify,
    /// Write everything as JSON Lines with a SHA-256 at the end.
    ///
    /// Keep it like a password: it holds e-mail addresses, and what `migrate connect` set in
    /// Rocket.Chat and found there, secrets too, since `migrate undo` puts them back.
    Export {
        /// A file (made with mode 0600) instead of stdout.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Replace everything by an export; what was there is exported first.
    Import {
        /// An export.
        file: PathBuf,
    },
}

/// Runs the verb: through the daemon when one owns the state, else on the state itself.
pub(super) async fn run(common: &Common, verb: Verb) -> Result<(), Failure> {
    let config = common.state()?;
    let daemon = reach::daemon(&config.dir).await?;
    match (verb, daemon) {
        (Verb::Show { output }, Some(daemon)) => {
            let state: wire::State = daemon.get("/admin/state", &[]).await?;
            print(output, &state, &[served(&state)])
        }
        (Verb::Show { output }, None) => {
            let store = open(&config).await?;
            let summary = blocking(move || state::show(&store)).await?;
            print(output, &Stored::from(&summary), &[stored(&summary)])
        }
        (Verb::Export { file }, Some(daemon)) => write_out(
            file.as_deref(),
            &daemon.text("/admin/state/export", &[]).await?,
        ),
        (Verb::Export { file }, None) => {
            let store = open(&config).await?;
            let now = SystemClock::new().now();
            let text = blocking(move || store.export(now)).await?;
            write_out(file.as_deref(), &text)
        }
        (Verb::Verify, Some(daemon)) => {
            let told: wire::Findings = daemon.get("/admin/state/verify", &[]).await?;
            report(&told.findings)
        }
        (Verb::Verify, None) => {
            let store = open(&config).await?;
            let opened = store.opened();
            report(&blocking(move || store.findings()).await?)?;
            match opened {
                Opened::Clean | Opened::New => Ok(()),
                Opened::Repaired { .. } | Opened::Restored { .. } | Opened::Lost { .. } => {
                    let message = "the state was damaged; what is there now is whole, see above";
                    Err(Failure::new(exit::STATE, message))
                }
            }
        }
        (Verb::Import { .. }, Some(_)) => Err(Failure::new(
            exit::BUSY,
            format!(
                "a daemon owns the state in {}; stop it, then import",
                config.dir.display()
            ),
        )),
        (Verb::Import { file }, None) => import(&config, &file).await,
    }
}

async fn open(config: &StateConfig) -> Result<SledStore, Failure> {
    reach::must_exist(&config.dir)?;
    let config = config.clone();
    let store = blocking(move || SledStore::open(&config)).await?;
    reach::tell(&store.opened());
    Ok(store)
}

async fn import(config: &StateConfig, file: &Path) -> Result<(), Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(
            exit::STATE,
            format!("cannot read the export {}: {error}", file.display()),
        )
    })?;
    let findings = state::verify_export(&file.display().to_string(), &text)?;
    if let Some(first) = findings.first() {
        let message = format!("{} is not imported: {first}", file.display());
        return Err(Failure::new(exit::STATE, message));
    }
    let config = config.clone();
    let store = blocking(move || SledStore::open(&config)).await?;
    reach::tell(&store.opened());
    let now = SystemClock::new().now();
    let done = blocking(move || state::import(&store, &text, now)).await?;
    if let Some(before) = done.before {
        remark(&format!("what was there before is in {}", before.display()));
    }
    say(&format!(
        "{} records imported, exported {}",
        done.records, done.exported_at
    ))
}

fn write_out(file: Option<&Path>, text: &str) -> Result<(), Failure> {
    let Some(path) = file else { return say(text) };
    // A link is followed; a device or pipe is written into, never replaced.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let special = std::fs::metadata(&target).is_ok_and(|found| !found.is_file());
    if special {
        std::fs::write(&target, text).map_err(|error| {
            Failure::new(
                exit::STATE,
                format!("cannot export to {}: {error}", path.display()),
            )
        })?;
    } else {
        export_to_file(&target, text)?;
    }
    remark(&format!("exported to {}", path.display()));
    Ok(())
}

fn report(findings: &[String]) -> Result<(), Failure> {
    if findings.is_empty() {
        return say("the state is whole");
    }
    for finding in findings {
        say(finding)?;
    }
    Err(Failure::new(
        exit::STATE,
        format!("{} findings, each with its remedy above", findings.len()),
    ))
}

/// The stored state in numbers, for `--output json`.
#[derive(Serialize)]
struct Stored {
    schema: u32,
    generation: u64,
    last_full: Option<String>,
    last_success: Option<String>,
    quarantined_since: Option<String>,
    agents: usize,
    identities: usize,
    counters: usize,
    runs: usize,
    logical_bytes: u64,
    disk_bytes: u64,
}

impl From<&Summary> for Stored {
    fn from(summary: &Summary) -> Self {
        let text = |moment: Option<crate::domain::Timestamp>| moment.map(|at| at.to_string());
        Self {
            schema: summary.schema,
            generation: summary.generation.0,
            last_full: text(summary.cursor.last_full),
            last_success: text(summary.cursor.last_success),
            quarantined_since: text(summary.cursor.quarantined_since),
            agents: summary.agents,
            identities: summary.identities,
            counters: summary.counters,
            runs: summary.runs,
            logical_bytes: summary.logical_bytes,
            disk_bytes: summary.disk_bytes,
        }
    }
}

fn stored(summary: &Summary) -> Rows {
    let shown = Stored::from(summary);
    let never = || "never".to_owned();
    let mut rows = Rows::new(&["what", "value"]);
    for (what, value) in [
        ("schema", shown.schema.to_string()),
        ("generation", shown.generation.to_string()),
        ("last full answer", shown.last_full.unwrap_or_else(never)),
        ("last answer", shown.last_success.unwrap_or_else(never)),
        (
            "quarantined since",
            shown.quarantined_since.unwrap_or_else(|| "no".to_owned()),
        ),
        ("agents", shown.agents.to_string()),
        ("identities", shown.identities.to_string()),
        ("routing counters", shown.counters.to_string()),
        ("runs", shown.runs.to_string()),
        ("bytes of records", shown.logical_bytes.to_string()),
        ("bytes on disk", shown.disk_bytes.to_string()),
    ] {
        rows.push([what.to_owned(), value]);
    }
    rows
}

fn served(state: &wire::State) -> Rows {
    let mut rows = Rows::new(&["what", "value"]);
    let never = || "never".to_owned();
    for (what, value) in [
        ("generation", state.generation.to_string()),
        (
            "source last seen",
            state.source_seen.clone().unwrap_or_else(never),
        ),
        ("freshness", state.freshness.clone()),
        ("agents served", state.agents.to_string()),
        ("departments", state.departments.to_string()),
        ("slots held", state.holds.to_string()),
        ("bytes on disk", state.disk_bytes.to_string()),
    ] {
        rows.push([what.to_owned(), value]);
    }
    rows
}
