//! `lp2rc simulate liveperson`: LivePerson's side alone.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{Stop, json_of};
use crate::cli::{
    exit::{self, Failure},
    output::{remark, say},
};
use crate::{
    ports::SystemClock,
    sim::liveperson::{SimConfig, Simulator},
};

/// How the world is set up.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Args {
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

/// Runs until a signal.
pub(super) async fn run(args: Args) -> Result<(), Failure> {
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
    let mut stop = Stop::listen()?;
    say(&format!(
        "ready liveperson={} control={}",
        simulator.base_url(),
        simulator.control_url()
    ))?;
    remark(&configuration(&config, &simulator, ca_file.as_deref()));
    stop.wanted().await;
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
