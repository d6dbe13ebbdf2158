//! `lp2rc simulate`: a simulator alone, for rehearsals against a real configuration.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::signal::unix::{SignalKind, signal};

use super::{
    exit::{self, Failure},
    output::{remark, say},
};
use crate::{
    ports::SystemClock,
    sim::liveperson::{SimConfig, Simulator},
};

/// Which side to play.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// LivePerson's legacy chat: discovery, login, session, availableAgents.
    Liveperson(Args),
}

/// How the world is set up.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:3090", value_name = "ADDR")]
    listen: SocketAddr,
    /// How many agents there are.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    agents: u32,
    /// The same seed gives the same people and the same story.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The account it serves.
    #[arg(long, default_value_t = SimConfig::default().account)]
    account: String,
    /// How many seconds pass between two steps of the world; 0 stands still.
    #[arg(long, default_value_t = 1)]
    step_seconds: u64,
}

/// Runs until a signal.
pub(super) async fn run(verb: Verb) -> Result<(), Failure> {
    let Verb::Liveperson(args) = verb;
    let config = SimConfig {
        listen: args.listen,
        account: args.account,
        agents: args.agents as usize,
        seed: args.seed,
        step_every: Duration::from_secs(args.step_seconds),
        ..SimConfig::default()
    };
    let (account, username, password) = (
        config.account.clone(),
        config.username.clone(),
        config.password.clone(),
    );
    let started = Simulator::start(config, Arc::new(SystemClock::new())).await;
    let simulator = started.map_err(|error| {
        let message = format!(
            "cannot listen on {}: {error}; choose another --listen",
            args.listen
        );
        Failure::new(exit::CONFIG, message)
    })?;
    say(&format!("ready liveperson={}", simulator.base_url()))?;
    remark(&format!(
        "[liveperson]\naccount = \"{account}\"\nusername = \"{username}\"\npassword = \"{password}\"\ndiscovery_url = \"{}\"\ntrusted_hosts = [\"{}\"]",
        simulator.base_url(),
        simulator.addr(),
    ));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    simulator.stop().await;
    Ok(())
}
