//! A daemon whose jobs the test does, found by the program as it finds a real one.

use std::{
    future::Future,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use lp2rc::{
    migrate::{
        jobs::{Desk, Finished, Order},
        wire::{ChangeLine, FieldLine, PLAN_FORMAT, Part, PlanDocument, Request, RunLine, Tally},
    },
    ports::ManualClock,
    server::door::Door,
};
use secrecy::SecretString;

use crate::{
    program::{self, Finished as Done, Running},
    server_world::{FakeDesk, TOKEN, World},
};

/// A daemon in this process, as the program finds it: by the files in its state directory.
pub(crate) struct Fake {
    _world: World,
    pub(crate) desk: Option<Arc<Desk>>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) asked: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    /// Its jobs are done by `work`.
    pub(crate) async fn doing<F>(work: impl Fn(Order) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Finished> + Send + 'static,
    {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let desk = Desk::new(Arc::new(ManualClock::default()), move |order: Order| {
            kept.lock().unwrap().push(order.request.clone());
            work(order)
        });
        Self::with(Some(Arc::new(desk)), asked).await
    }

    pub(crate) async fn with(desk: Option<Arc<Desk>>, asked: Arc<Mutex<Vec<Request>>>) -> Self {
        let mut world = World::new();
        world.jobs = desk.clone().map(|desk| desk as _);
        let address = world.operations(FakeDesk::new().0).await.0;
        Self {
            desk,
            asked,
            ..Self::at(address, world)
        }
    }

    /// Somebody who listens there, and is found like a daemon.
    pub(crate) fn at(address: SocketAddr, world: World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Door::open(folder.path(), address, &SecretString::from(TOKEN)).unwrap();
        Self {
            _world: world,
            desk: None,
            folder,
            asked: Arc::default(),
        }
    }

    /// Its jobs end at once, and so.
    pub(crate) async fn answering(finished: Finished) -> Self {
        Self::doing(move |_| std::future::ready(finished.clone())).await
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn args(&self, verb: &[&str]) -> Vec<String> {
        let mut args = vec!["migrate".to_owned()];
        args.extend(verb.iter().map(|word| (*word).to_owned()));
        let (dir, none) = (self.file("."), self.file("none.toml"));
        args.extend(["--state-dir".to_owned(), dir.display().to_string()]);
        args.extend(["--config".to_owned(), none.display().to_string()]);
        args
    }

    pub(crate) async fn run(&self, verb: &[&str]) -> Done {
        let args = self.args(verb);
        let run = move || program::run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    pub(crate) fn spawn(&self, verb: &[&str]) -> Running {
        let args = self.args(verb);
        Running::spawn(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub(crate) fn last(&self) -> Option<Request> {
        self.asked.lock().unwrap().pop()
    }
}

/// A name that would like to clear the screen, break a cell and turn the line around.
pub(crate) const HOSTILE: &str = "eve\u{1b}[2J|\n\u{202e}liame";

pub(crate) fn part(wave: Option<&str>, cut_over: bool) -> Part {
    let wave = wave.map(str::to_owned);
    Part { wave, cut_over }
}

pub(crate) fn plan() -> PlanDocument {
    PlanDocument {
        format: PLAN_FORMAT.to_owned(),
        checksum: "c0ffee".repeat(10),
        made_at: "2026-01-02T03:04:05.678Z".to_owned(),
        part: part(Some("pilot"), true),
        agents: 1,
        summary: vec![Tally {
            phase: "users".to_owned(),
            effect: "create".to_owned(),
            count: 1,
        }],
        changes: vec![ChangeLine {
            phase: "users".to_owned(),
            effect: "create".to_owned(),
            subject: HOSTILE.to_owned(),
            reason: "not there yet".to_owned(),
            fields: vec![FieldLine {
                field: "email".to_owned(),
                before: "-".to_owned(),
                after: "eve@example.org".to_owned(),
            }],
            writes: vec!["create".to_owned()],
        }],
        withheld: Vec::new(),
        left_out: Vec::new(),
        foreign: 0,
        refused_by: Vec::new(),
    }
}

pub(crate) fn run_line() -> RunLine {
    RunLine {
        run: "r7".to_owned(),
        kind: "apply".to_owned(),
        undoes: None,
        part: Part::default(),
        started_at: "2026-01-02T03:04:05Z".to_owned(),
        ended_at: None,
        changes: 3,
        done: 2,
        failed: 1,
        skipped: 0,
        phases: Vec::new(),
    }
}
