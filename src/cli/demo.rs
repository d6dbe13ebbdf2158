//! `lp2rc demo`: a simulated LivePerson and the bridge in one process, nothing to configure.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use super::{
    Common,
    exit::Failure,
    output::remark,
    rehearsal,
    serve::{OnHangup, ready_line, serve},
};
use crate::{
    app::Core,
    config::{Layers, load},
    ports::SystemClock,
    sim::{
        crew::Crew,
        liveperson::{SimConfig, Simulator},
    },
    telemetry::logging,
};

/// How the demo is set up.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Where the public API listens; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:3080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Where operators connect; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:3081", value_name = "ADDR")]
    ops_listen: SocketAddr,
    /// How many agents LivePerson has.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    agents: u32,
    /// The same seed gives the same people and the same story.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Format LivePerson is asked for.
    #[arg(long, default_value = "json", value_parser = ["json", "xml"])]
    format: String,
    /// Switch the public rate limit off.
    #[arg(long)]
    no_rate_limit: bool,
    /// How long a simulated agent takes to answer a visitor.
    #[arg(long, default_value = "700ms", value_parser = duration, value_name = "DURATION")]
    answer_after: Duration,
    /// The major version of Rocket.Chat whose documented differences are shown.
    #[arg(long, default_value = "8", value_parser = ["6", "7", "8"], value_name = "VERSION")]
    rocketchat_version: String,
    /// An installed build of the official widget, to be served at /livechat.
    #[arg(long, value_name = "DIR")]
    widget: Option<PathBuf>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let signed: Result<jiff::SignedDuration, _> = text.parse();
    signed
        .ok()
        .and_then(|signed| Duration::try_from(signed).ok())
        .ok_or_else(|| "not a duration; write \"700ms\" or \"2s\"".to_owned())
}

/// Runs until a signal.
pub(super) async fn run(common: &Common, args: Args) -> Result<(), Failure> {
    let simulator = Simulator::start(
        SimConfig {
            agents: args.agents as usize,
            seed: args.seed,
            step_every: Duration::from_secs(1),
            ..SimConfig::default()
        },
        Arc::new(SystemClock::new()),
    )
    .await?;
    let temporary = tempfile::Builder::new().prefix("lp2rc-demo-").tempdir()?;
    let state_dir = common
        .state_dir
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    let sim = SimConfig::default();
    let flags = [
        ("liveperson.account", sim.account),
        ("liveperson.username", sim.username),
        ("liveperson.password", sim.password),
        ("liveperson.discovery_url", simulator.base_url()),
        (
            "liveperson.trusted_hosts",
            format!("[\"{}\"]", simulator.addr()),
        ),
        ("liveperson.format", args.format),
        ("schedule.every", "1s".to_owned()),
        ("schedule.jitter", "0s".to_owned()),
        ("api.listen", args.listen.to_string()),
        ("api.rate_limit", (!args.no_rate_limit).to_string()),
        ("livechat.rocketchat_version", args.rocketchat_version),
        ("operations.listen", args.ops_listen.to_string()),
        ("state.dir", state_dir.display().to_string()),
    ];
    let widget = args.widget.map(|dir| dir.display().to_string());
    let widget = widget.map(|dir| ("livechat.widget_dir", dir));
    let flags = flags
        .into_iter()
        .chain(widget)
        .chain(rehearsal::flags().await?)
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    let layers = Layers {
        flags,
        variables: Layers::of_process(None).variables,
        file: None,
    };
    let config = load(&layers)?.config;
    logging::start(&config.log);
    let core = Core::open(config).await?;
    let mut crew = None;
    let done = serve(core, OnHangup::Stop, |running| {
        let answering = rehearsal::crew(running.api, args.answer_after);
        crew = Some(Crew::start(answering, Arc::new(SystemClock::new())));
        remark(&format!(
            "simulating {} LivePerson agents at {}; state in {}\ntry: curl http://{}/api/v1/livechat/agent.next/visitor-1\n{}",
            args.agents,
            simulator.base_url(),
            state_dir.display(),
            running.api,
            rehearsal::accounts(),
        ));
        ready_line(running.api, running.operations)
    })
    .await;
    drop(crew);
    simulator.stop().await;
    drop(temporary);
    done
}
