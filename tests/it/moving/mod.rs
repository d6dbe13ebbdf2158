//! The move, through the real program: a simulated LivePerson on one side, a simulated Rocket.Chat
//! on the other.

mod adoption;
mod connecting;
mod daemon;
mod facts;
mod faults;
mod killed;
mod recovered;
mod refused;
mod waves;
mod ways_out;
mod whole;

use std::sync::Arc;

use lp2rc::{
    ports::SystemClock,
    sim::{liveperson, rocketchat},
};
use serde_json::Value;

use crate::program::{Finished, Home, World};

/// Both ends and a configuration between them.
pub(crate) struct Ends {
    pub(crate) source: World,
    pub(crate) target: rocketchat::Simulator,
    pub(crate) home: Home,
    runtime: tokio::runtime::Runtime,
}

/// What a move is set up with.
pub(crate) struct Setup {
    pub(crate) agents: usize,
    pub(crate) target: rocketchat::SimConfig,
    /// More lines of `[migrate]`.
    pub(crate) migrate: String,
    /// More sections.
    pub(crate) more: String,
}

impl Default for Setup {
    /// Twenty agents without a rate limiter, everything accepted that a rehearsal warns of.
    fn default() -> Self {
        Self {
            agents: 20,
            target: rocketchat::SimConfig {
                rate_limit: None,
                ..rocketchat::SimConfig::default()
            },
            migrate: String::new(),
            more: String::new(),
        }
    }
}

/// Waves by group of the simulated account; the rest is a third one.
pub(crate) const WAVES: &str = "
[[migrate.waves]]
name = \"one\"
groups = [\"Main Group\", \"Europe\"]
[[migrate.waves]]
name = \"two\"
groups = [\"Americas\"]
";

impl Ends {
    pub(crate) fn new(setup: Setup) -> Self {
        let source = World::with(liveperson::SimConfig {
            agents: setup.agents,
            turnover: false,
            ..liveperson::SimConfig::default()
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let clock = Arc::new(SystemClock::new());
        let target = runtime
            .block_on(rocketchat::Simulator::start(setup.target, clock))
            .unwrap();
        let home = Home::of(
            &source,
            &format!(
                "[log]\nlevel = \"warn\"\n\
                 [schedule]\nevery = \"1h\"\n\
                 [rocketchat]\nurl = \"{}\"\nuser_id = \"{}\"\ntoken = \"{}\"\ntotal_timeout = \"2s\"\n\
                 [migrate]\npolicy = \"sync\"\nlogin = \"sso\"\nmissing_email = \"template\"\n\
                 email_template = \"{{username}}@agents.example.org\"\n\
                 department_email = \"{{name}}@departments.example.org\"\n\
                 acknowledge = [\"no-client-connected\"]\n{}\n\
                 {}\n",
                target.base_url(),
                target.user_id(),
                target.token(),
                setup.migrate,
                setup.more,
            ),
        );
        Self {
            source,
            target,
            home,
            runtime,
        }
    }

    /// The same, and LivePerson was read once.
    pub(crate) fn read(setup: Setup) -> Self {
        let ends = Self::new(setup);
        ends.sync();
        ends
    }

    /// Reads LivePerson.
    pub(crate) fn sync(&self) {
        let done = self.home.run(&["sync"]);
        assert_eq!(done.code, 0, "{done:?}");
    }

    /// `lp2rc migrate WORDS`, to its end.
    pub(crate) fn migrate(&self, words: &[&str]) -> Finished {
        let mut verb = vec!["migrate"];
        verb.extend_from_slice(words);
        self.home.run(&verb)
    }

    /// The same, which must end with this code.
    pub(crate) fn expect(&self, code: i32, words: &[&str]) -> Finished {
        let done = self.migrate(words);
        assert_eq!(
            done.code, code,
            "migrate {words:?}\n{}\n{}",
            done.stdout, done.stderr
        );
        done
    }

    /// The same, with its document.
    pub(crate) fn document(&self, code: i32, words: &[&str]) -> Value {
        let mut words = words.to_vec();
        words.extend(["--output", "json"]);
        let done = self.expect(code, &words);
        serde_json::from_str(&done.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", done.stdout))
    }

    /// What the target holds, without ids and moments.
    pub(crate) fn digest(&self) -> Value {
        self.target.state_digest()
    }

    /// Ends of both.
    pub(crate) fn off(self) {
        self.runtime.block_on(self.target.stop());
        self.source.off();
    }
}
