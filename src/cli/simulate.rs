//! `lp2rc simulate`: a simulator alone, for rehearsals against a real configuration.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::de::DeserializeOwned;
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
    /// LivePerson's legacy chat: discovery, login, session, availableAgents, users.
    ///
    /// While it runs, /sim/ below the address printed as control= changes it: faults, behaviour,
    /// world, identity, intrude, clock, log, state. Nobody has to log in there, so only clients on
    /// this machine are let in.
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
    /// How many skills the account has.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=40))]
    skills: u32,
    /// The same seed gives the same people and the same story.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The account it serves.
    #[arg(long, default_value_t = SimConfig::default().account)]
    account: String,
    /// The simulated user who may log in.
    #[arg(long, default_value_t = SimConfig::default().username)]
    username: String,
    /// That user's password, which opens nothing else: never give a real one.
    #[arg(long, default_value_t = SimConfig::default().password)]
    password: String,
    /// How many seconds pass between two steps of the world; 0 stands still.
    #[arg(long, default_value_t = 1)]
    step_seconds: u64,
    /// Nobody leaves the account or comes back by himself.
    #[arg(long)]
    no_turnover: bool,
    /// What goes wrong from the start: the JSON of POST /sim/faults, or @FILE with it.
    #[arg(long, value_name = "JSON")]
    faults: Option<String>,
    /// How it behaves where nobody knows: the JSON of POST /sim/behaviour, or @FILE with it.
    #[arg(long, value_name = "JSON")]
    behaviour: Option<String>,
    /// Serve https, and write the certificate authority to trust into this file.
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// Serve /sim/ in plain HTTP on this address, too.
    #[arg(long, value_name = "ADDR")]
    control: Option<SocketAddr>,
    /// Let clients that are not on this machine change the simulator.
    #[arg(long)]
    control_from_anywhere: bool,
}

impl Args {
    fn config(self) -> Result<SimConfig, Failure> {
        let defaults = SimConfig::default();
        Ok(SimConfig {
            listen: self.listen,
            tls: self.tls_ca.is_some(),
            control: self.control,
            control_from_anywhere: self.control_from_anywhere,
            account: self.account,
            username: self.username,
            password: self.password,
            agents: self.agents as usize,
            skills: self.skills as usize,
            seed: self.seed,
            step_every: Duration::from_secs(self.step_seconds),
            turnover: !self.no_turnover,
            behaviour: json_of("--behaviour", self.behaviour)?.unwrap_or(defaults.behaviour),
            faults: json_of("--faults", self.faults)?.unwrap_or(defaults.faults),
            ..SimConfig::default()
        })
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

/// Runs until a signal.
pub(super) async fn run(verb: Verb) -> Result<(), Failure> {
    let Verb::Liveperson(args) = verb;
    let ca_file = args.tls_ca.clone();
    let config = args.config()?;
    let started = Simulator::start(config.clone(), Arc::new(SystemClock::new())).await;
    let simulator = started.map_err(|error| {
        let message = format!("{error}; choose another --listen or --control");
        Failure::new(exit::CONFIG, message)
    })?;
    let ca_file = match (ca_file, simulator.ca_pem()) {
        (Some(file), Some(ca)) => Some(keep(&file, ca)?),
        _ => None,
    };
    // Before anybody is told that it is ready, and may want to stop it.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    say(&format!(
        "ready liveperson={} control={}",
        simulator.base_url(),
        simulator.control_url()
    ))?;
    remark(&configuration(&config, &simulator, ca_file.as_deref()));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    simulator.stop().await;
    Ok(())
}

/// Writes the authority for everybody to read, and gives the file's full name.
fn keep(file: &Path, ca: &str) -> Result<PathBuf, Failure> {
    let kept = fs::write(file, ca)
        .and_then(|()| fs::set_permissions(file, fs::Permissions::from_mode(0o644)))
        .and_then(|()| std::path::absolute(file));
    kept.map_err(|error| {
        let name = file.display();
        let message = format!(
            "cannot write the certificate authority into {name}: {error}; choose another --tls-ca"
        );
        Failure::new(exit::CONFIG, message)
    })
}

/// What a bridge needs to read this simulator, as TOML.
fn configuration(config: &SimConfig, simulator: &Simulator, ca_file: Option<&Path>) -> String {
    let text = |text: &str| toml::Value::from(text).to_string();
    let mut lines = vec![
        "[liveperson]".to_owned(),
        format!("account = {}", text(&config.account)),
        format!("username = {}", text(&config.username)),
        format!("password = {}", text(&config.password)),
        format!("discovery_url = {}", text(&simulator.base_url())),
        format!("trusted_hosts = [{}]", text(&simulator.addr().to_string())),
    ];
    if let Some(file) = ca_file {
        lines.push(format!("ca_files = [{}]", text(&file.to_string_lossy())));
    }
    lines.join("\n")
}
