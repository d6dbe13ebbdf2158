//! The verbs of the command line, one file each. stdout is data, stderr is talk.

mod agents;
mod check;
mod config;
mod demo;
pub mod exit;
mod explain;
mod livechat;
mod migrate;
mod outbox;
mod output;
mod reach;
mod rehearsal;
mod serve;
mod simulate;
mod state;
mod sync;

use std::{path::PathBuf, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand};

use self::exit::Failure;
use crate::config::{Layers, Loaded, StateConfig, load};

/// Bridge from LivePerson's legacy chat to Rocket.Chat Omnichannel.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb may be told.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// The configuration file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "/etc/lp2rc/lp2rc.toml"
    )]
    config: PathBuf,
    /// The state directory, instead of `[state] dir`.
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl Common {
    /// Reads the configuration with all its layers.
    fn load(&self) -> Result<Loaded, Failure> {
        let mut layers = Layers::of_process(Some(self.config.clone()));
        if let Some(dir) = &self.state_dir {
            layers
                .flags
                .push(("state.dir".to_owned(), dir.display().to_string()));
        }
        Ok(load(&layers)?)
    }

    /// The state directory; the configuration is needed only when none was named.
    fn dir(&self) -> Result<PathBuf, Failure> {
        Ok(self.state()?.dir)
    }

    /// Where the state is and how it is kept.
    fn state(&self) -> Result<StateConfig, Failure> {
        match &self.state_dir {
            Some(dir) if !self.config.exists() => Ok(StateConfig {
                dir: dir.clone(),
                ..StateConfig::default()
            }),
            _ => Ok(self.load()?.config.state),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a simulated LivePerson and the bridge together: nothing to configure.
    Demo(demo::Args),
    /// Run as a daemon: poll on schedule and answer.
    Serve,
    /// Run one cycle and report; the daemon does it when there is one.
    Sync(sync::Args),
    /// List the agents as they are served.
    Agents(agents::Args),
    /// Say who would be next, and why the others are not.
    Explain(explain::Args),
    /// Walk the whole chain, from the configuration to the agents, and say what to do.
    #[command(long_about = check::LONG)]
    Check(check::Args),
    /// Move the agents to Rocket.Chat, in reviewed steps and waves, and back.
    #[command(subcommand, long_about = migrate::LONG)]
    Migrate(migrate::Verbs),
    /// Make what the livechat face needs: hashes of its accounts, a copy of a live configuration.
    #[command(subcommand)]
    Livechat(livechat::Verb),
    /// List the mails of the livechat rehearsal, print and remove them.
    Outbox(outbox::Args),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(config::Verb),
    /// Look at, save and restore the durable state.
    #[command(subcommand)]
    State(state::Verb),
    /// Run a simulator alone.
    #[command(subcommand)]
    Simulate(simulate::Verb),
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// Parses the command line and runs the verb.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() {
                exit::CONFIG
            } else {
                exit::DONE
            };
            // Help and version go to stdout, mistakes to stderr; clap knows which.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match dispatch(cli) {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(failure) => {
            if !failure.message.is_empty() {
                output::remark(&format!("lp2rc: {failure}"));
            }
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    let common = cli.common;
    match cli.verb {
        Verb::Demo(args) => wait_for(demo::run(&common, args)),
        Verb::Serve => wait_for(serve::run(&common)),
        Verb::Sync(args) => wait_for(sync::run(&common, args)),
        Verb::Agents(args) => wait_for(agents::run(&common, args)),
        Verb::Explain(args) => wait_for(explain::run(&common, args)),
        Verb::Check(args) => wait_for(check::run(&common, args)),
        Verb::Migrate(verb) => wait_for(migrate::run(&common, verb)),
        Verb::Livechat(verb) => wait_for(livechat::run(&common, &verb)),
        Verb::Outbox(args) => wait_for(outbox::run(&common, args)),
        Verb::Config(verb) => config::run(&common, verb),
        Verb::State(verb) => wait_for(state::run(&common, verb)),
        Verb::Simulate(verb) => wait_for(simulate::run(verb)),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "lp2rc", &mut script);
            output::say(&String::from_utf8_lossy(&script))
        }
    }
}

/// Runs the verb on a fresh runtime.
fn wait_for(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
