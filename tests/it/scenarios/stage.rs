//! The commands of a script.
//!
//! | command | what it does, and what it tells |
//! |---|---|
//! | `world N [https]` | starts LivePerson with N agents, first of all; https leaves `ca.pem` in `{home}` |
//! | `other world N` | starts a second LivePerson; `other` before `sim`, `people` or `requests` means it |
//! | `sim PATH [JSON]` | tells LivePerson something through its control API; without JSON it clears |
//! | `people A-B JSON` | changes the agents number A to B alike |
//! | `set KEY = TOML`, `unset KEY` | configures whatever starts next |
//! | `serve` | starts the daemon: `ready`, or how it ended |
//! | `start`, `ready` | the two halves of it |
//! | `stop`, `kill`, `restart` | SIGTERM, SIGKILL, SIGTERM and `serve` |
//! | `clock bridge SECONDS` | puts the bridge's wall clock ahead, or back |
//! | `sync [FLAGS]` | one cycle, by the daemon if there is one: exit code, sentence, counts |
//! | `lp2rc ARGS` | any other verb: exit code and sentence |
//! | `counts` | the agents served, by standing and presence |
//! | `ask` | a visitor's agent.next: `somebody` or `nobody` |
//! | `health` | the source's word and remedy, and the word of the whole |
//! | `requests` | what LivePerson saw since it was last told, in order |
//! | `requests of KIND` | the same of one kind only |
//! | `kinds` | the same as a set: how many polls fit in some time is chance |
//! | `forget` | takes what LivePerson saw so far for told |
//! | `state NAME` | a count of LivePerson's own |
//! | `departments` | the departments that agents are in, by name |
//! | `log TEXT` | whether a daemon said so: `yes` or `no` |
//! | `metric NAME` | its value, all labels taken together |
//! | `wait …` | looks until it is so, and tells nothing: see [`Stage::is_so`] |
//!
//! `{home}`, `{liveperson}` and `{other}` stand for the bridge's folder and for hosts with ports, in
//! commands and in what is told.

use super::{
    Format,
    bridge::Bridge,
    liveperson::LivePerson,
    patience, requests,
    script::{Command, split},
    telling,
};

/// One play of one script.
pub(super) struct Stage {
    format: Format,
    cast: Option<Cast>,
    other: Option<LivePerson>,
}

/// There once the world was made.
struct Cast {
    liveperson: LivePerson,
    bridge: Bridge,
}

impl Stage {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            cast: None,
            other: None,
        }
    }

    /// Does what a line says; what there is to tell.
    pub(super) fn act(&mut self, command: &Command) -> Vec<String> {
        let (word, rest) = command.parts();
        let rest = self.filled(rest);
        match word {
            "world" => self.make_world(&rest),
            "other" => return self.act_on_other(command, &rest),
            _ => return self.act_on_cast(command, word, &rest),
        }
        Vec::new()
    }

    fn make_world(&mut self, rest: &str) {
        assert!(self.cast.is_none(), "there is a world already");
        let (agents, https) = split(rest);
        let folder = tempfile::tempdir().unwrap();
        let ca = (https == "https").then(|| folder.path().join("ca.pem"));
        let liveperson = LivePerson::start(agents, ca.as_deref());
        let bridge = Bridge::of(&liveperson, folder, self.format);
        self.cast = Some(Cast { liveperson, bridge });
    }

    fn act_on_other(&mut self, command: &Command, rest: &str) -> Vec<String> {
        let (word, rest) = split(rest);
        if word == "world" {
            self.other = Some(LivePerson::start(rest, None));
            return Vec::new();
        }
        let Some(other) = &self.other else {
            command.nonsense("there is no other world");
        };
        told(other, word, rest).unwrap_or_else(|| command.nonsense("not for LivePerson"))
    }

    fn act_on_cast(&mut self, command: &Command, word: &str, rest: &str) -> Vec<String> {
        let Some(Cast { liveperson, bridge }) = &mut self.cast else {
            command.nonsense("there is no world yet");
        };
        if let Some(lines) = told(liveperson, word, rest) {
            return lines;
        }
        let line = match word {
            "set" => {
                let Some((key, value)) = rest.split_once('=') else {
                    command.nonsense("`set KEY = VALUE`");
                };
                bridge.set(key.trim(), Some(value.trim().parse().unwrap()));
                return Vec::new();
            }
            "unset" => {
                bridge.set(rest, None);
                return Vec::new();
            }
            "clock" => {
                let seconds = rest.strip_prefix("bridge ").map(str::parse);
                let Some(Ok(seconds)) = seconds else {
                    command.nonsense("`clock bridge SECONDS`");
                };
                bridge.set_clock(seconds);
                return Vec::new();
            }
            "start" => {
                bridge.start();
                return Vec::new();
            }
            "kill" => {
                bridge.kill();
                return Vec::new();
            }
            "wait" => {
                let before = bridge.polls();
                if !patience::until(|| self.is_so(command, rest, before)) {
                    command.nonsense(&format!("it never came\n{}", self.state_of_things()));
                }
                return Vec::new();
            }
            "stop" => format!("exit {}", bridge.stop()),
            "serve" => {
                let ended = bridge.serve();
                self.serving(ended)
            }
            "ready" => {
                let ended = bridge.ready();
                self.serving(ended)
            }
            "restart" => {
                bridge.stop();
                let ended = bridge.serve();
                self.serving(ended)
            }
            "sync" => return self.sync(rest),
            "lp2rc" => {
                let words: Vec<_> = rest.split(' ').collect();
                let done = bridge.run(&words);
                self.ending(done.code, &done.stderr)
            }
            "departments" => telling::departments(&bridge.run(&["agents", "--output", "json"])),
            "counts" => telling::counts(&bridge.run(&["agents", "--output", "json"])),
            "ask" => telling::asked(&bridge.ask().json()).to_owned(),
            "health" => telling::health(&bridge.readiness()),
            "log" => telling::yes_or_no(bridge.log().contains(rest)).to_owned(),
            "metric" => bridge.metric(rest).to_string(),
            _ => command.nonsense("no such command"),
        };
        vec![line]
    }

    fn cast(&self) -> &Cast {
        self.cast.as_ref().unwrap()
    }

    /// What a start came to.
    fn serving(&self, ended: Option<(i32, String)>) -> String {
        match ended {
            None => "ready".to_owned(),
            Some((code, stderr)) => self.ending(code, &stderr),
        }
    }

    fn sync(&self, flags: &str) -> Vec<String> {
        let mut words = vec!["sync", "--output", "json"];
        words.extend(flags.split(' ').filter(|flag| !flag.is_empty()));
        let done = self.cast().bridge.run(&words);
        let mut lines = vec![self.ending(done.code, &done.stderr)];
        if let Ok(run) = serde_json::from_str(&done.stdout) {
            lines.push(telling::report(&run));
        }
        lines
    }

    /// Exit code and the sentence that goes with it, up to what to do about it.
    fn ending(&self, code: i32, stderr: &str) -> String {
        let said = stderr.lines().find_map(|line| line.strip_prefix("lp2rc: "));
        match said {
            None => format!("exit {code}"),
            Some(said) => format!("exit {code}: {}", self.plain(said)),
        }
    }

    /// A sentence as it is told, hosts and folder by name.
    fn plain(&self, sentence: &str) -> String {
        let names = self.names().into_iter();
        names.fold(telling::beginning(sentence), |text, (name, value)| {
            text.replace(&value, name)
        })
    }

    fn filled(&self, text: &str) -> String {
        self.names()
            .iter()
            .fold(text.to_owned(), |text, (name, value)| {
                text.replace(name, value)
            })
    }

    fn names(&self) -> Vec<(&'static str, String)> {
        let mut names = Vec::new();
        if let Some(Cast { liveperson, bridge }) = &self.cast {
            names.push(("{liveperson}", liveperson.host().to_owned()));
            names.push(("{home}", bridge.folder().display().to_string()));
        }
        if let Some(other) = &self.other {
            names.push(("{other}", other.host().to_owned()));
        }
        names
    }

    /// What can be waited for.
    ///
    /// | `wait …` | until |
    /// |---|---|
    /// | `polls N` | so many more polls have worked than when the wait began |
    /// | `source WORD` | readiness says so of the source |
    /// | `metric NAME >= N` | the metric, all labels taken together, is there |
    /// | `requests KIND N` | LivePerson saw so many of the kind since it was last told |
    /// | `state NAME N` | LivePerson's own count is that |
    /// | `log TEXT` | a daemon said so |
    fn is_so(&self, command: &Command, what: &str, polls: f64) -> bool {
        let Cast { liveperson, bridge } = self.cast();
        let (word, rest) = split(what);
        let (name, rest_of) = split(rest);
        match word {
            "polls" => bridge.polls() >= polls + rest.parse::<f64>().unwrap(),
            "source" => bridge.readiness()["components"]["source"]["state"] == *rest,
            "metric" => {
                let least: f64 = rest_of.trim_start_matches(">= ").parse().unwrap();
                bridge.metric(name) >= least
            }
            "requests" => {
                let news = liveperson.news();
                let seen = news.iter().filter(|one| requests::kind(one) == name);
                seen.count() >= rest_of.parse().unwrap()
            }
            "state" => liveperson.state()[name] == rest_of.parse::<u64>().unwrap(),
            "log" => bridge.log().contains(rest),
            _ => command.nonsense("nothing to wait for"),
        }
    }

    /// For whoever has to find out why something never came.
    fn state_of_things(&self) -> String {
        let Cast { liveperson, bridge } = self.cast();
        let log = bridge.log();
        let last = log.lines().rev().take(10).collect::<Vec<_>>();
        format!(
            "LivePerson saw {}; the daemons said last:\n{}",
            requests::as_set(&liveperson.news()),
            last.into_iter().rev().collect::<Vec<_>>().join("\n")
        )
    }
}

/// What only LivePerson is told or asked; `None` when the word is none of its.
fn told(liveperson: &LivePerson, word: &str, rest: &str) -> Option<Vec<String>> {
    match word {
        "sim" => {
            let (path, body) = split(rest);
            liveperson.tell(path, body);
            Some(Vec::new())
        }
        "people" => {
            let (range, change) = split(rest);
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            let range = (from.parse().unwrap(), to.parse().unwrap());
            liveperson.change(range, &serde_json::from_str(change).unwrap());
            Some(Vec::new())
        }
        "requests" => {
            let kind = rest.strip_prefix("of ");
            Some(vec![requests::in_order(&liveperson.told_now(), kind)])
        }
        "kinds" => Some(vec![requests::as_set(&liveperson.told_now())]),
        "forget" => {
            liveperson.told_now();
            Some(Vec::new())
        }
        "state" => Some(vec![liveperson.state()[rest].to_string()]),
        _ => None,
    }
}
