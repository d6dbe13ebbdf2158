//! `lp2rc simulate rocketchat`: Rocket.Chat's admin side alone.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::{Stop, json_of};
use crate::{
    cli::{
        exit::{self, Failure},
        output::{remark, say},
    },
    ports::SystemClock,
    sim::rocketchat::{Edition, SimConfig, Simulator, Version},
};

/// Which licence it has.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Licence {
    /// One department, no limits of chats.
    Community,
    /// Every module.
    Enterprise,
}

/// How the workspace is set up.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(in crate::cli) struct Args {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:3100", value_name = "ADDR")]
    listen: SocketAddr,
    /// Which major release to play: 6 (6.13), 7 (7.10) or 8 (8.5).
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(6..=8))]
    version: u8,
    /// How many foreign users there are: a bot, an administrator, a plain person, more of these.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    users: u32,
    /// The same seed gives the same ids and the same faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which licence it has.
    #[arg(long, value_enum, default_value = "enterprise")]
    edition: Licence,
    /// Seats of the licence; none for no limit.
    #[arg(long, value_name = "N")]
    seats: Option<u32>,
    /// Limit every address to 10 calls a minute for each route, the default.
    #[arg(long, overrides_with = "no_rate_limit")]
    rate_limit: bool,
    /// Limit nobody.
    #[arg(long)]
    no_rate_limit: bool,
    /// Nobody's role takes him out of the rate limit, not even the bridge's.
    #[arg(long)]
    no_bypass: bool,
    /// No custom field of users is defined, as in a fresh workspace; otherwise lpAgentId is.
    #[arg(long)]
    no_custom_fields: bool,
    /// How it behaves where releases differ: the JSON of POST /sim/behaviour, or @FILE with it.
    #[arg(long, value_name = "JSON")]
    behaviour: Option<String>,
    /// What goes wrong from the start: the JSON of POST /sim/faults, or @FILE with it.
    #[arg(long, value_name = "JSON")]
    faults: Option<String>,
    /// Serve /sim/ on this address instead.
    #[arg(long, value_name = "ADDR")]
    control: Option<SocketAddr>,
    /// How many milliseconds every answer takes.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    delay: u64,
}

impl Args {
    fn config(self) -> Result<SimConfig, Failure> {
        let defaults = SimConfig::default();
        Ok(SimConfig {
            listen: self.listen,
            control: self.control,
            version: Version::of_major(self.version).unwrap_or(defaults.version),
            edition: match self.edition {
                Licence::Community => Edition::Community,
                Licence::Enterprise => Edition::Enterprise,
            },
            seats: self.seats,
            users: self.users as usize,
            seed: self.seed,
            rate_limit: defaults.rate_limit.filter(|_| !self.no_rate_limit),
            bypass: !self.no_bypass,
            custom_fields: if self.no_custom_fields {
                Vec::new()
            } else {
                defaults.custom_fields
            },
            delay: Duration::from_millis(self.delay),
            behaviour: json_of("--behaviour", self.behaviour)?.unwrap_or(defaults.behaviour),
            faults: json_of("--faults", self.faults)?.unwrap_or(defaults.faults),
            ..SimConfig::default()
        })
    }
}

/// Runs until a signal.
pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let config = args.config()?;
    let started = Simulator::start(config, Arc::new(SystemClock::new())).await;
    let simulator = started.map_err(|error| {
        let message = format!("{error}; choose another --listen or --control");
        Failure::new(exit::CONFIG, message)
    })?;
    let mut stop = Stop::listen()?;
    say(&format!(
        "ready rocketchat={} control={}",
        simulator.base_url(),
        simulator.control_url()
    ))?;
    remark(&configuration(&simulator));
    stop.wanted().await;
    simulator.stop().await;
    Ok(())
}

/// What a bridge needs to talk to this simulator, as TOML.
fn configuration(simulator: &Simulator) -> String {
    let text = |text: &str| toml::Value::from(text).to_string();
    let lines = [
        "[rocketchat]".to_owned(),
        format!("url = {}", text(&simulator.base_url())),
        format!("user_id = {}", text(simulator.user_id())),
        format!("token = {}", text(simulator.token())),
    ];
    lines.join("\n")
}
