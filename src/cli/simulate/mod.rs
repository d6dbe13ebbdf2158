//! `lp2rc simulate`: a simulator alone, for rehearsals against a real configuration.

mod liveperson;
mod rocketchat;

use std::fs;

use serde::de::DeserializeOwned;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::{self, Failure};

/// Which side to play.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// LivePerson's legacy chat: discovery, login, session, availableAgents, users.
    ///
    /// While it runs, /sim/ below the address printed as control= changes it: faults, behaviour,
    /// world, identity, intrude, clock, log, state. Nobody has to log in there, so only clients on
    /// this machine are let in.
    Liveperson(liveperson::Args),
    /// Rocket.Chat's admin side: users, roles, agents, departments, limits, settings.
    ///
    /// While it runs, /sim/ below the address printed as control= changes it: faults, behaviour,
    /// world, state, log, writes. Nobody has to log in there, so only clients on this machine are
    /// let in.
    Rocketchat(rocketchat::Args),
}

/// Runs until a signal.
pub(super) async fn run(verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Liveperson(args) => liveperson::run(args).await,
        Verb::Rocketchat(args) => rocketchat::run(args).await,
    }
}

/// The signals that end a simulator. Listen before anybody is told that it is ready, and may want
/// to stop it.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn wanted(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The value of a flag that holds JSON, or `@` and the name of a file that does.
fn json_of<T: DeserializeOwned>(flag: &str, value: Option<String>) -> Result<Option<T>, Failure> {
    let Some(value) = value else {
        return Ok(None);
    };
    let failed = |why: String| {
        let message = format!("cannot read {flag}: {why}; it takes JSON, or @FILE with JSON in it");
        Failure::new(exit::CONFIG, message)
    };
    let text = match value.strip_prefix('@') {
        Some(file) => {
            fs::read_to_string(file).map_err(|error| failed(format!("{file}: {error}")))?
        }
        None => value,
    };
    let mut from = serde_json::Deserializer::from_str(&text);
    let read = serde_path_to_error::deserialize(&mut from).map_err(|error| error.to_string());
    let read = read.and_then(|value| {
        let end = from.end().map_err(|error| error.to_string());
        end.map(|()| value)
    });
    read.map(Some).map_err(failed)
}
