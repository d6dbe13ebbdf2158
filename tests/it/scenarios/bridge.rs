//! The bridge: its configuration, its daemon, its one-shot verbs, and what they say.

use std::path::Path;

use lp2rc::sim::liveperson::SimConfig;
use serde_json::Value;
use toml::Table;

use super::{Format, liveperson::LivePerson, wall_clock::WallClock};
use crate::program::{Finished, Got, Running, get, run_with};

/// Everything of the bridge that a script can touch.
pub(super) struct Bridge {
    folder: tempfile::TempDir,
    config: Table,
    settings: Vec<(String, String)>,
    clock: Option<WallClock>,
    daemon: Option<Running>,
    /// What daemons that have ended said.
    said: String,
}

impl Bridge {
    /// A bridge without a state, configured for `liveperson`. Nothing is polled or tried again by
    /// itself unless a script says so: steps that follow each other need no luck.
    pub(super) fn of(liveperson: &LivePerson, folder: tempfile::TempDir, format: Format) -> Self {
        let sim = SimConfig::default();
        let (base_url, host) = (&liveperson.base_url, liveperson.host());
        let state = folder.path().join("state");
        let text = format!(
            "[liveperson]\naccount = \"{}\"\nusername = \"{}\"\npassword = \"{}\"\n\
             discovery_url = \"{base_url}\"\ntrusted_hosts = [\"{host}\"]\n\
             connect_timeout = \"10s\"\ntotal_timeout = \"20s\"\nbody_limit_mib = 2\n\
             account_config.read = false\n\
             [liveperson.retry]\nquick = [\"1h\"]\nslow = \"1h\"\nslow_max = \"1h\"\n\
             refused = \"1h\"\nreplaced_wait = \"1h\"\nretired_every = \"1h\"\n\
             [schedule]\nevery = \"1h\"\njitter = \"0ms\"\n\
             [api]\nlisten = \"127.0.0.1:0\"\nrate_limit = false\n\
             [operations]\nlisten = \"127.0.0.1:0\"\n\
             [state]\ndir = \"{}\"\n",
            sim.account,
            sim.username,
            sim.password,
            state.display(),
        );
        let format = ("LP2RC_LIVEPERSON__FORMAT", format.word());
        Self {
            folder,
            config: text.parse().unwrap(),
            settings: vec![(format.0.to_owned(), format.1.to_owned())],
            clock: None,
            daemon: None,
            said: String::new(),
        }
    }

    /// Where its files are.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sets a key of the configuration, or takes it away, for whatever starts next.
    pub(super) fn set(&mut self, key: &str, value: Option<toml::Value>) {
        let mut path: Vec<_> = key.split('.').collect();
        let last = path.pop().unwrap();
        let mut table = &mut self.config;
        for name in path {
            let inner = table.entry(name).or_insert_with(|| Table::new().into());
            table = inner.as_table_mut().unwrap();
        }
        match value {
            Some(value) => table.insert(last.to_owned(), value),
            None => Some(table.remove(last).unwrap()),
        };
    }

    /// Gives it a wall clock of its own, and sets that so many seconds ahead.
    pub(super) fn set_clock(&mut self, ahead: i64) {
        let folder = self.folder.path();
        let clock = self.clock.get_or_insert_with(|| WallClock::build(folder));
        clock.set(ahead);
    }

    fn args(&self, verb: &[&str]) -> Vec<String> {
        let path = self.folder.path().join("lp2rc.toml");
        std::fs::write(&path, self.config.to_string()).unwrap();
        let mut args: Vec<_> = verb.iter().map(|word| (*word).to_owned()).collect();
        args.extend(["--config".to_owned(), path.display().to_string()]);
        args
    }

    fn settings(&self) -> Vec<(String, String)> {
        let clock = self.clock.iter().flat_map(WallClock::settings);
        self.settings.iter().cloned().chain(clock).collect()
    }

    /// Runs a verb to its end.
    pub(super) fn run(&self, verb: &[&str]) -> Finished {
        let args = self.args(verb);
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        run_with(&args, &self.settings())
    }

    /// Starts the daemon; how it ended when it did not become ready.
    pub(super) fn serve(&mut self) -> Option<(i32, String)> {
        self.start();
        self.ready()
    }

    /// Starts the daemon without waiting.
    pub(super) fn start(&mut self) {
        assert!(self.daemon.is_none(), "a daemon runs already");
        let args = self.args(&["serve"]);
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        self.daemon = Some(Running::spawn_with(&args, &self.settings()));
    }

    /// Waits until it serves; how it ended when it did not.
    pub(super) fn ready(&mut self) -> Option<(i32, String)> {
        let mut daemon = self.daemon.take().unwrap();
        if daemon.is_ready_or_over() {
            self.daemon = Some(daemon);
            return None;
        }
        let (code, stderr) = daemon.wait();
        self.said.push_str(&stderr);
        Some((code, stderr))
    }

    /// Ends the daemon with SIGTERM and gives its exit code.
    pub(super) fn stop(&mut self) -> i32 {
        let (code, stderr) = self.daemon.take().unwrap().stop();
        self.said.push_str(&stderr);
        code
    }

    /// Ends the daemon with SIGKILL.
    pub(super) fn kill(&mut self) {
        let daemon = self.daemon.take().unwrap();
        self.said.push_str(&daemon.stderr());
        daemon.kill();
    }

    /// What all daemons said so far.
    pub(super) fn log(&self) -> String {
        let now = self.daemon.as_ref().map(Running::stderr);
        self.said.clone() + &now.unwrap_or_default()
    }

    fn daemon(&self) -> &Running {
        self.daemon.as_ref().expect("no daemon runs")
    }

    /// A visitor's question, always the same visitor's.
    pub(super) fn ask(&self) -> Got {
        let api = &self.daemon().api;
        get(&format!("{api}/api/v1/livechat/agent.next/visitor"))
    }

    /// `/readyz`; nothing as long as nobody listens.
    pub(super) fn readiness(&self) -> Value {
        match self.operations() {
            Some(url) => get(&(url + "/readyz")).json(),
            None => Value::Null,
        }
    }

    /// Where operators ask. Before the daemon serves anything that is only told in its state.
    fn operations(&self) -> Option<String> {
        let daemon = self.daemon();
        if !daemon.ops.is_empty() {
            return Some(daemon.ops.clone());
        }
        let told = std::fs::read_to_string(self.folder().join("state/admin.addr")).ok()?;
        Some(format!("http://{}", told.trim()))
    }

    /// How many polls of this daemon have worked.
    pub(super) fn polls(&self) -> f64 {
        match &self.daemon {
            Some(_) => self.metric("lp2rc_polls_total"),
            None => 0.0,
        }
    }

    /// A metric's values, each with its labels taken together.
    pub(super) fn metric(&self, name: &str) -> f64 {
        let url = self.operations();
        let text = url.map_or_else(String::new, |url| get(&(url + "/metrics")).body);
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            // A name that was asked for with its labels goes on with the value.
            let value = match rest.strip_prefix('{') {
                Some(labels) => labels.rsplit_once("} ")?.1,
                None => rest.strip_prefix(' ')?,
            };
            value.parse::<f64>().ok()
        });
        values.fold(0.0, |sum, value| sum + value)
    }
}
