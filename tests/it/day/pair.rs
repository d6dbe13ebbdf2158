//! A simulated LivePerson and the whole bridge in one process, with every socket real.

use std::{sync::Arc, time::Duration};

use lp2rc::{
    app::{Core, Outcome, Running},
    config::{Config, Layers, load},
    ledger::Ledger,
    ports::Clock as _,
    sim::liveperson::{SimConfig, Simulator},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};

use super::clockwork::Clockwork;
use crate::program::{Got, Home};

/// Both of them, and the clock between them.
pub(crate) struct Pair {
    pub(crate) clock: Clockwork,
    pub(crate) sim: Simulator,
    pub(crate) config: Config,
    pub(crate) ledger: Arc<Ledger>,
    api: String,
    operations: String,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Outcome>,
    _home: Home,
}

impl Pair {
    /// Starts both, with these settings for the bridge, and lets the first poll end.
    pub(crate) async fn start(world: SimConfig, settings: &[(&str, &str)]) -> Self {
        let clock = Clockwork::new();
        let sim = Simulator::start(world, Arc::new(clock.clone()))
            .await
            .unwrap();
        let home = Home::at(&sim.base_url(), &sim.addr().to_string(), "");
        let layers = Layers {
            file: Some(home.config()),
            flags: settings
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            ..Layers::default()
        };
        let config = load(&layers).unwrap().config;
        let core = Core::open_with(config.clone(), Arc::new(clock.clone())).await;
        let core = core.unwrap();
        let ledger = Arc::clone(core.ledger());
        let running = Running::start(core, Box::new(|| ())).await.unwrap();
        let address = |address| format!("{address}");
        let (api, operations) = (address(running.api), address(running.operations));
        let (stop, asked) = oneshot::channel::<()>();
        let ended = tokio::spawn(running.until(async {
            // A test that is over stops it too.
            let _ = asked.await;
        }));
        let pair = Self {
            clock,
            sim,
            config,
            ledger,
            api,
            operations,
            stop,
            ended,
            _home: home,
        };
        pair.clock.quiet(&pair.sim).await;
        pair
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.hands().elapsed()
    }

    /// Moves both to that time.
    pub(crate) async fn run_to(&self, until: Duration) -> u64 {
        self.clock.run_to(until, &self.sim).await
    }

    /// `agent.next` over the public socket.
    pub(crate) async fn agent_next(&self) -> Got {
        get(&self.api, "/api/v1/livechat/agent.next/visitor").await
    }

    /// A page for operators.
    pub(crate) async fn page(&self, path: &str) -> Got {
        get(&self.operations, path).await
    }

    /// A metric, summed over all its labels that hold `label`.
    pub(crate) async fn metric(&self, name: &str, label: &str) -> f64 {
        let text = self.page("/metrics").await.body;
        let lines = text.lines().filter(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(label)
        });
        let values = lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap());
        values.sum()
    }

    /// Stops the bridge; the simulator goes on.
    pub(crate) async fn stop(self) -> (Outcome, Simulator) {
        self.stop.send(()).unwrap();
        let mut ended = self.ended;
        loop {
            self.clock.quiet(&self.sim).await;
            if ended.is_finished() {
                return ((&mut ended).await.unwrap(), self.sim);
            }
            let wake = self.clock.hands().next_wake();
            self.clock
                .hands()
                .advance(wake.unwrap_or(Duration::from_millis(1)));
        }
    }
}

/// One request on a connection of its own, read to its end.
async fn get(host: &str, path: &str) -> Got {
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Got {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        body: body.to_owned(),
    }
}
