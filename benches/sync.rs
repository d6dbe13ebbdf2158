//! A whole sync (decode, merge, map, keep with fsync, snapshot) beside its parse alone: goals P8
//! and P9. Interleaved rounds in one run, medians; prints, never fails.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench stops at the first surprise, measures and prints"
)]

use std::{
    hint::black_box,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use lp2rc::{
    config::StateConfig,
    domain::{
        AccountId, Coverage, MappingRules, MergeRules, Observation, Snapshot, StaticHalf,
        Timestamp, Trigger,
    },
    liveperson::decode,
    ports::{
        BridgeStore, Cycle, CycleRequest, Future, PollRequest, Publish, RunStore, Source,
        SourceError, SystemClock,
    },
    server::render_agent,
    sim::liveperson::{SimConfig, Simulator},
    state::SledStore,
    sync::{Notes, Parts, Reconciler},
};
use tokio::runtime::Runtime;

/// Gives the body it was told to give, decoded.
struct Canned {
    body: Mutex<Arc<Vec<u8>>>,
}

fn parse(body: &[u8]) -> Observation {
    let decoded = decode::any(body).unwrap();
    Observation {
        agents: decoded.agents,
        coverage: Coverage::Full,
        taken_at: Timestamp::from_millis(1),
        skipped: decoded.skipped,
        cursor: None,
        static_half: StaticHalf::Off,
    }
}

impl Source for Canned {
    fn poll(&self, _: PollRequest) -> Future<'_, Result<Observation, SourceError>> {
        let body = Arc::clone(&self.body.lock().unwrap());
        Box::pin(std::future::ready(Ok(parse(&body))))
    }

    fn close(&self) -> Future<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Keeps nothing: making the snapshot is measured, not what is done with it.
struct Nowhere;

impl Publish for Nowhere {
    fn publish(&self, snapshot: Arc<Snapshot>, _: Option<Duration>) {
        black_box(snapshot);
    }

    fn amend(&self, snapshot: Arc<Snapshot>, age: Option<Duration>) {
        self.publish(snapshot, age);
    }

    fn confirm(&self) {}
}

/// The simulator's list in one format, fetched through the documented chain.
async fn fetch(sim: &Simulator, format: &str) -> Vec<u8> {
    let config = SimConfig::default();
    let client = reqwest::Client::new();
    let base = format!("{}/api/account/{}", sim.base_url(), config.account);
    let login = format!(
        "{{\"username\":\"{}\",\"password\":\"{}\"}}",
        config.username, config.password
    );
    let json = |url: String, bearer: String, body: String| {
        client
            .post(url)
            .bearer_auth(bearer)
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .body(body)
    };
    let answer = json(format!("{base}/login?v=1.3"), String::new(), login)
        .send()
        .await
        .unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let bearer = answer["bearer"].as_str().unwrap().to_owned();
    let session = json(
        format!("{base}/agentSession?v=1&NC=true"),
        bearer.clone(),
        "{\"loginData\":\"\"}".to_owned(),
    );
    let session = session.send().await.unwrap().text().await.unwrap();
    let session: serde_json::Value = serde_json::from_str(&session).unwrap();
    let href = session["agentSessionLocation"]["link"]["@href"]
        .as_str()
        .unwrap();
    let list = client
        .get(format!("{href}/availableAgents?v=1&NC=true"))
        .bearer_auth(bearer)
        .header("accept", format!("application/{format}"));
    list.send().await.unwrap().bytes().await.unwrap().to_vec()
}

struct Bench {
    source: Arc<Canned>,
    reconciler: Reconciler,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(body: &Arc<Vec<u8>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = StateConfig {
            dir: folder.path().join("state"),
            ..StateConfig::default()
        };
        let store = Arc::new(SledStore::open(&config).unwrap());
        let source = Arc::new(Canned {
            body: Mutex::new(Arc::clone(body)),
        });
        let reconciler = Reconciler::new(Parts {
            source: Arc::clone(&source) as Arc<dyn Source>,
            store: Arc::clone(&store) as Arc<dyn BridgeStore>,
            runs: store as Arc<dyn RunStore>,
            publish: Arc::new(Nowhere),
            clock: Arc::new(SystemClock::new()),
            notes: Notes::default(),
            merge_rules: MergeRules::default(),
            mapping_rules: MappingRules::default(),
            account: AccountId::new("1"),
            render: Arc::new(|agent, body| render_agent(agent, true, body)),
        });
        Self {
            source,
            reconciler,
            _folder: folder,
        }
    }

    fn cycle(&self, runtime: &Runtime, body: &Arc<Vec<u8>>) -> Duration {
        *self.source.body.lock().unwrap() = Arc::clone(body);
        let start = Instant::now();
        let request = CycleRequest::from_trigger(Trigger::Schedule);
        black_box(runtime.block_on(self.reconciler.run(request)).unwrap());
        start.elapsed()
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    // `cargo test` runs benches too; there is nothing to check then.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let runtime = Runtime::new().unwrap();
    println!(
        "whole sync; medians of 9 interleaved rounds; goals P8: unchanged <= 1.15 x parse, 1 % changed <= 1.7 x"
    );
    for agents in [1_000, 10_000, 100_000] {
        for format in ["json", "xml"] {
            let config = SimConfig {
                agents,
                turnover: false,
                step_every: Duration::ZERO,
                ..SimConfig::default()
            };
            let sim = runtime
                .block_on(Simulator::start(config, Arc::new(SystemClock::new())))
                .unwrap();
            let one = Arc::new(runtime.block_on(fetch(&sim, format)));
            for (place, agent) in sim.world().agents().iter().enumerate() {
                if place % 100 == 0 {
                    sim.world().set_chats(agent.id, agent.chats + 1);
                }
            }
            let other = Arc::new(runtime.block_on(fetch(&sim, format)));
            runtime.block_on(sim.stop());
            let bench = Bench::new(&one);
            let first = bench.cycle(&runtime, &one);
            let (mut parses, mut quiet, mut changed) = (Vec::new(), Vec::new(), Vec::new());
            let mut last = &one;
            for _ in 0..9 {
                let start = Instant::now();
                black_box(parse(last));
                parses.push(start.elapsed());
                quiet.push(bench.cycle(&runtime, last));
                last = if Arc::ptr_eq(last, &one) {
                    &other
                } else {
                    &one
                };
                changed.push(bench.cycle(&runtime, last));
            }
            let (parse, quiet, changed) = (median(parses), median(quiet), median(changed));
            let ratio = |time: Duration| time.as_secs_f64() / parse.as_secs_f64();
            println!(
                "{agents:>7} {format:<4} first {:>8.1} ms | parse {:>7.2} ms | unchanged {:>7.2} ms = {:.2} x ({:.2} M agents/s) | 1 % changed {:>7.2} ms = {:.2} x",
                first.as_secs_f64() * 1e3,
                parse.as_secs_f64() * 1e3,
                quiet.as_secs_f64() * 1e3,
                ratio(quiet),
                f64::from(u32::try_from(agents).unwrap()) / quiet.as_secs_f64() / 1e6,
                changed.as_secs_f64() * 1e3,
                ratio(changed),
            );
        }
    }
}
