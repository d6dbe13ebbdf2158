//! How near a move comes to the bound that latency sets: `in_flight` calls at once, each answered
//! after 20 ms, journal and fsync included. Prints the ratio beside its goal (0.85).
//!
//! `cargo bench --bench move -- [AGENTS] [DELAY_MS]`. The bound is the calls in flight times the rate of
//! one call after the other, measured in the same run; what is counted is every call of the move, reads
//! that writes need among them, between its beginning and its end.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "figures of a few digits")]
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot start may stop"
)]

use std::{sync::Arc, time::Duration};

use lp2rc::{
    app::Core,
    config::{Layers, load},
    domain::{Trigger, moving::Progress},
    ports::{Clock as _, CycleRequest, JobRequest, Jobs, SystemClock},
    sim::{liveperson, rocketchat},
};
use serde_json::Value;

/// Calls at once.
const IN_FLIGHT: usize = 32;

fn main() {
    let mut numbers = std::env::args().filter_map(|text| text.parse::<usize>().ok());
    let agents = numbers.next().unwrap_or(1_000);
    let delay = Duration::from_millis(numbers.next().unwrap_or(20) as u64);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut ratios: Vec<_> = (0..3)
        .map(|_| runtime.block_on(measure(agents, delay)))
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "move of {agents} agents, {IN_FLIGHT} calls in flight, {} ms each: median {:.3} of the latency bound (goal 0.85), of {ratios:.3?}",
        delay.as_millis(),
        ratios[1]
    );
}

async fn measure(agents: usize, delay: Duration) -> f64 {
    let clock = Arc::new(SystemClock::new());
    let source = liveperson::SimConfig {
        agents,
        turnover: false,
        step_every: Duration::ZERO,
        ..liveperson::SimConfig::default()
    };
    let (username, password) = (source.username.clone(), source.password.clone());
    let source = liveperson::Simulator::start(source, Arc::clone(&clock) as _)
        .await
        .unwrap();
    let target = rocketchat::SimConfig {
        rate_limit: None,
        delay,
        ..rocketchat::SimConfig::default()
    };
    let target = rocketchat::Simulator::start(target, Arc::clone(&clock) as _)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lp2rc.toml");
    let text = format!(
        "[liveperson]\naccount = \"12345678\"\nusername = \"{username}\"\npassword = \"{password}\"\n\
         discovery_url = \"{}\"\ntrusted_hosts = [\"{}\"]\n[state]\ndir = \"{}\"\n\
         [rocketchat]\nurl = \"{}\"\nuser_id = \"{}\"\ntoken = \"{}\"\nin_flight = {IN_FLIGHT}\n\
         [migrate]\npolicy = \"sync\"\nlogin = \"sso\"\nmissing_email = \"template\"\n\
         email_template = \"{{username}}@agents.example.org\"\n\
         department_email = \"{{name}}@departments.example.org\"\n",
        source.base_url(),
        source.addr(),
        folder.path().join("state").display(),
        target.base_url(),
        target.user_id(),
        target.token(),
    );
    std::fs::write(&file, text).unwrap();
    let config = load(&Layers {
        file: Some(file),
        ..Layers::default()
    })
    .unwrap()
    .config;
    let core = Core::open(config).await.unwrap();
    let cycle = core.cycle();
    cycle
        .run(CycleRequest::from_trigger(Trigger::Request))
        .await
        .unwrap();
    let desk = core.move_desk().unwrap();
    let applied = job(
        &*desk,
        r#"{"checksum":null,"acknowledge":["no-client-connected"]}"#,
    )
    .await;
    let run = &applied["run"];
    assert_eq!(run["failed"], 0, "{applied}");
    let moment = |key: &str| {
        run[key]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    let took = moment("ended_at").duration_since(moment("started_at"));
    // From the first write on: the survey before it is not the run's.
    let log = target.log();
    let first = log.iter().position(|one| one.took_effect).unwrap();
    let calls = log.len() - first;
    let bound = IN_FLIGHT as f64 * alone(&target).await;
    let rate = calls as f64 / took.as_secs_f64();
    println!(
        "  {} changes in {calls} calls in {:.2} s: {rate:.0} calls/s of {bound:.0}",
        run["changes"],
        took.as_secs_f64()
    );
    core.cycle().close().await;
    rate / bound
}

/// Calls a second when they follow each other: what latency alone allows.
async fn alone(target: &rocketchat::Simulator) -> f64 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (url, clock) = (
        format!("{}/api/v1/me", target.base_url()),
        SystemClock::new(),
    );
    let calls = 100;
    for _ in 0..calls {
        let ask = client
            .get(&url)
            .header("X-User-Id", target.user_id())
            .header("X-Auth-Token", target.token());
        assert!(ask.send().await.unwrap().status().is_success());
    }
    f64::from(calls) / clock.elapsed().as_secs_f64()
}

async fn job(desk: &dyn Jobs, arguments: &str) -> Value {
    let number = desk
        .start(JobRequest {
            verb: "apply".to_owned(),
            arguments: arguments.to_owned(),
        })
        .unwrap();
    let mut seen = Progress::default();
    loop {
        let job = desk.look(number).unwrap();
        if let Some(end) = job.end {
            assert_eq!(end.end, "done", "{}", end.message);
            return serde_json::from_str(&end.document).unwrap();
        }
        seen.clone_from(&job.progress);
        desk.changed(number, &seen).await;
    }
}
