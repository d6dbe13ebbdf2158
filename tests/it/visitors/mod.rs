//! Many visitors at once through the real program: each writes, is answered by a simulated agent over
//! the socket, and in the end nothing is lost, doubled or out of order in any room. And the same when
//! the bridge is killed in the middle.
//!
//! `LP2RC_VISITORS` and `LP2RC_QUESTIONS` choose other sizes; each question has its answer, so a
//! dialogue has twice as many messages.
#![expect(clippy::print_stdout, reason = "the figures are the result")]
#![expect(
    clippy::disallowed_methods,
    reason = "other sizes are chosen from outside"
)]

mod killed;
mod visitor;

use std::time::Duration;

use reqwest::Client;
use tokio::task::JoinSet;
use visitor::{Times, Visitor};

use crate::program::Running;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// A demo whose agents answer at once, in this state directory.
fn demo(
    state: &std::path::Path,
    agents: usize,
    more: &[&str],
    variables: &[(&str, &str)],
) -> Running {
    let (agents, state) = (agents.to_string(), state.display().to_string());
    let mut args = vec![
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--ops-listen",
        "127.0.0.1:0",
        "--agents",
        &agents,
        "--answer-after",
        "0s",
        "--state-dir",
        &state,
    ];
    args.extend(more);
    let own = [
        // All visitors come from one address here.
        ("LP2RC_LIVECHAT__REALTIME__MAX_PER_ADDRESS", "4096"),
        ("LP2RC_LOG__LEVEL", "warn"),
    ];
    let variables: Vec<_> = own
        .iter()
        .chain(variables)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut running = Running::spawn_with(&args, &variables);
    running.wait_ready();
    running
}

fn client() -> Client {
    Client::builder()
        .pool_max_idle_per_host(256)
        .no_proxy()
        .build()
        .unwrap()
}

fn percentile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let place = ((times.len() - 1) as f64 * part).round() as usize;
    times[place]
}

/// Highest resident memory of a process so far, in MiB; 0 where there is no `/proc`.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) / 1024
}

async fn crowd(api: &str, visitors: usize, questions: usize) -> (Times, usize) {
    let client = client();
    let mut arriving = JoinSet::new();
    for number in 0..visitors {
        let (client, api) = (client.clone(), api.to_owned());
        let token = format!("visitor-{number}");
        arriving.spawn(async move { Visitor::arrive(client, &api, &token).await });
    }
    let everybody = arriving.join_all().await;
    let mut talking = JoinSet::new();
    for mut visitor in everybody {
        talking.spawn(async move {
            let times = visitor.talk(questions).await;
            (times, visitor)
        });
    }
    let (mut all, mut messages) = (Times::default(), 0);
    // Checked when all sockets have been open all along.
    for (times, visitor) in talking.join_all().await {
        all.writing.extend(times.writing);
        all.answers.extend(times.answers);
        all.waits += times.waits;
        messages += visitor.check().await;
    }
    (all, messages)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dialogue_is_whole_and_in_order() {
    let (visitors, questions) = (setting("LP2RC_VISITORS", 25), setting("LP2RC_QUESTIONS", 4));
    let state = tempfile::tempdir().unwrap();
    let bridge = demo(state.path(), visitors * 2, &["--no-rate-limit"], &[]);
    let idle = peak_memory(bridge.pid());
    let began = tokio::time::Instant::now();
    let (mut times, messages) = crowd(&bridge.api, visitors, questions).await;
    println!(
        "{visitors} visitors at once, {questions} questions and answers each, in {:.1} s: {messages} messages, none lost, doubled or out of order",
        began.elapsed().as_secs_f64()
    );
    println!(
        "writing p50 {:?} p99 {:?}; until the answer is heard p50 {:?} p99 {:?}; peak memory {} MiB ({idle} MiB before)",
        percentile(&mut times.writing, 0.5),
        percentile(&mut times.writing, 0.99),
        percentile(&mut times.answers, 0.5),
        percentile(&mut times.answers, 0.99),
        peak_memory(bridge.pid()),
    );
    // Besides what both sides wrote: started, connected, joined and a greeting.
    let least = visitors * questions * 2;
    assert!(messages >= least, "{messages} messages of {least}");
    let (code, stderr) = bridge.stop();
    assert_eq!(code, 0, "{stderr}");
}

#[tokio::test]
async fn within_the_rate_limit_a_dialogue_is_only_slower() {
    let state = tempfile::tempdir().unwrap();
    let variables = [
        ("LP2RC_API__RATE_LIMIT_WINDOW", "1s"),
        ("LP2RC_API__RATE_LIMIT_CALLS", "5"),
    ];
    let bridge = demo(state.path(), 10, &[], &variables);
    let (times, messages) = crowd(&bridge.api, 3, 6).await;
    assert!(messages >= 3 * 6 * 2);
    println!(
        "3 visitors within 5 calls a second: {messages} messages, whole and in order, after {} used-up windows",
        times.waits
    );
    assert!(times.waits > 0, "nobody was limited");
    assert_eq!(bridge.stop().0, 0);
}
