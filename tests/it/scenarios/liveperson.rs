//! LivePerson as another process: `lp2rc simulate liveperson`, steered through its control API.

use std::{cell::Cell, path::Path};

use serde_json::{Value, json};

use crate::program::{Running, http};

/// Ids of the simulated people: the first, and the distance from one to the next.
const FIRST: u64 = 20_000_007;
const STEP: u64 = 7;

/// A simulated LivePerson whose world stands still.
pub(super) struct LivePerson {
    /// `http://…` or `https://…`.
    pub(super) base_url: String,
    control: String,
    /// So many requests of its log were told already.
    told: Cell<usize>,
    _process: Running,
}

impl LivePerson {
    /// Starts one with so many agents; with `ca` it speaks https and writes its CA there.
    pub(super) fn start(agents: &str, ca: Option<&Path>) -> Self {
        let ca = ca.map(|path| path.display().to_string());
        let mut args = vec!["simulate", "liveperson", "--listen", "127.0.0.1:0"];
        args.extend(["--control", "127.0.0.1:0", "--step-seconds", "0"]);
        args.extend(["--agents", agents]);
        if let Some(ca) = &ca {
            args.extend(["--tls-ca", ca]);
        }
        let process = Running::spawn(&args);
        let line = process.line();
        let value = |key: &str| {
            let found = line.split(' ').find_map(|word| word.strip_prefix(key));
            found
                .unwrap_or_else(|| panic!("no {key} in `{line}`"))
                .to_owned()
        };
        Self {
            base_url: value("liveperson="),
            control: value("control="),
            told: Cell::new(0),
            _process: process,
        }
    }

    /// Host and port.
    pub(super) fn host(&self) -> &str {
        self.base_url.split_once("://").unwrap().1
    }

    /// Tells it something; an empty text clears.
    pub(super) fn tell(&self, path: &str, body: &str) {
        let bare = ["intrude"];
        let method = if body.is_empty() && !bare.contains(&path) {
            "DELETE"
        } else {
            "POST"
        };
        let url = format!("{}/sim/{path}", self.control);
        let got = http(method, &url, &[("content-type", "application/json")], body);
        assert_eq!(got.status, 200, "{path} {body}: {}", got.body);
    }

    /// The same change for the agents number `from` to `to`, both included, the first being 1.
    pub(super) fn change(&self, (from, to): (u64, u64), change: &Value) {
        let ids = (from..=to).map(|number| (FIRST + (number - 1) * STEP).to_string());
        let agents: serde_json::Map<_, _> = ids.map(|id| (id, change.clone())).collect();
        self.tell("world", &json!({ "agents": agents }).to_string());
    }

    /// `logins`, `sessions` and the like.
    pub(super) fn state(&self) -> Value {
        self.look("state")
    }

    /// Requests since they were last told.
    pub(super) fn news(&self) -> Vec<Value> {
        answered(self.log().split_off(self.told.get()))
    }

    /// The same, and takes them for told.
    pub(super) fn told_now(&self) -> Vec<Value> {
        let mut log = self.log();
        let told = self.told.replace(log.len());
        answered(log.split_off(told))
    }

    fn log(&self) -> Vec<Value> {
        let mut log = self.look("log");
        std::mem::take(log["requests"].as_array_mut().unwrap())
    }

    fn look(&self, path: &str) -> Value {
        let got = http("GET", &format!("{}/sim/{path}", self.control), &[], "");
        assert_eq!(got.status, 200, "{path}: {}", got.body);
        got.json()
    }
}

/// Without those whose client left before the answer: a bridge that is stopped has one by chance.
fn answered(mut requests: Vec<Value>) -> Vec<Value> {
    requests.retain(|request| request["status"] != 0);
    requests
}
