//! `lp2rc migrate` through the real program, against a daemon whose jobs the test does.

use std::{
    future::Future,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use lp2rc::{
    migrate::{
        jobs::{Desk, Finished, Order},
        wire::{
            Applied, Apply, ChangeLine, Difference, End, FieldLine, Owned, PLAN_FORMAT, Parity,
            Part, People, PersonLine, PlanDocument, Remark, Request, RunLine, Status, Tally,
            Trouble, Undo, WaveLine, WhoIsWhere,
        },
    },
    ports::{Jobs as _, ManualClock},
    server::door::Door,
};
use secrecy::SecretString;
use serde_json::Value;

use crate::{
    program::{self, Finished as Done, Home, Running},
    server_world::{FakeDesk, TOKEN, World, until},
};

/// A daemon in this process, as the program finds it: by the files in its state directory.
struct Fake {
    _world: World,
    desk: Option<Arc<Desk>>,
    folder: tempfile::TempDir,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    /// Its jobs are done by `work`.
    async fn doing<F>(work: impl Fn(Order) -> F + Send + Sync + 'static) -> Self
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

    async fn with(desk: Option<Arc<Desk>>, asked: Arc<Mutex<Vec<Request>>>) -> Self {
        let mut world = World::new();
        world.jobs = desk.clone().map(|desk| desk as _);
        let address = world.operations(FakeDesk::new().0).await.0;
        let folder = tempfile::tempdir().unwrap();
        Door::open(folder.path(), address, &SecretString::from(TOKEN)).unwrap();
        Self {
            _world: world,
            desk,
            folder,
            asked,
        }
    }

    /// Its jobs end at once, and so.
    async fn answering(finished: Finished) -> Self {
        Self::doing(move |_| std::future::ready(finished.clone())).await
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn args(&self, verb: &[&str]) -> Vec<String> {
        let mut args = vec!["migrate".to_owned()];
        args.extend(verb.iter().map(|word| (*word).to_owned()));
        let (dir, none) = (self.file("."), self.file("none.toml"));
        args.extend(["--state-dir".to_owned(), dir.display().to_string()]);
        args.extend(["--config".to_owned(), none.display().to_string()]);
        args
    }

    async fn run(&self, verb: &[&str]) -> Done {
        let args = self.args(verb);
        let run = move || program::run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    fn spawn(&self, verb: &[&str]) -> Running {
        let args = self.args(verb);
        Running::spawn(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn last(&self) -> Option<Request> {
        self.asked.lock().unwrap().pop()
    }
}

/// A name that would like to clear the screen, break a cell and turn the line around.
const HOSTILE: &str = "eve\u{1b}[2J|\n\u{202e}liame";

fn part(wave: Option<&str>, cut_over: bool) -> Part {
    let wave = wave.map(str::to_owned);
    Part { wave, cut_over }
}

fn plan() -> PlanDocument {
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

fn run_line() -> RunLine {
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

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_asks_the_daemon_for_what_it_was_told() {
    let fake = Fake::answering(Finished::bare(End::Done, "")).await;
    let apply = |accept: &[&str], acknowledge: &[&str], dry_run| Apply {
        accept: accept.iter().map(|name| (*name).to_owned()).collect(),
        acknowledge: acknowledge.iter().map(|name| (*name).to_owned()).collect(),
        dry_run,
        ..Apply::default()
    };
    let people = |users: &[&str], matching| People {
        users: users.iter().map(|name| (*name).to_owned()).collect(),
        matching,
    };
    let table = [
        ("check", Request::Check),
        ("plan", Request::Plan(Part::default())),
        (
            "plan --wave eins --cut-over",
            Request::Plan(part(Some("eins"), true)),
        ),
        (
            "verify --wave zwei",
            Request::Verify(part(Some("zwei"), false)),
        ),
        ("apply", Request::Apply(Apply::default())),
        (
            "apply --accept removals --accept opened --acknowledge seats --dry-run",
            Request::Apply(apply(&["removals", "opened"], &["seats"], true)),
        ),
        ("connect --dry-run", Request::Connect(apply(&[], &[], true))),
        (
            "finish --accept opened",
            Request::Finish(apply(&["opened"], &[], false)),
        ),
        ("status", Request::Status),
        (
            "adopt ada bob",
            Request::Adopt(people(&["ada", "bob"], false)),
        ),
        ("adopt --matching", Request::Adopt(people(&[], true))),
        ("release ada", Request::Release(people(&["ada"], false))),
        ("undo", Request::Undo(Undo::default())),
        (
            "undo r7 --phase cut-over --wave eins --dry-run",
            Request::Undo(Undo {
                run: Some("r7".to_owned()),
                phase: Some("cut-over".to_owned()),
                apply: Apply {
                    part: part(Some("eins"), false),
                    ..apply(&[], &[], true)
                },
            }),
        ),
    ];
    for (line, expect) in table {
        let words: Vec<_> = line.split(' ').collect();
        let done = fake.run(&words).await;
        assert_eq!(
            (done.code, &*done.stdout, &*done.stderr),
            (0, "", ""),
            "{line}"
        );
        assert_eq!(fake.last(), Some(expect), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_before_anybody_is_asked() {
    let fake = Fake::answering(Finished::bare(End::Done, "")).await;
    for line in [
        "adopt",
        "adopt ada --matching",
        "release",
        "undo --phase nowhere",
        "apply --out plan.json",
        "plan --output html",
        "verify --output pdf",
        "finish --wave eins",
        "apply --plan /no/such/file",
        "stop",
        "attach",
    ] {
        let done = fake.run(&line.split(' ').collect::<Vec<_>>()).await;
        assert_eq!(done.code, 2, "{line}: {done:?}");
        assert!(!done.stderr.is_empty(), "{line}");
    }
    assert_eq!(fake.last(), None);
    let help = fake.run(&["--help"]).await.stdout;
    for code in ["10", "11", "12", "13", "20", "21", "22", "30", "75", "130"] {
        assert!(help.contains(code), "{code}: {help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_file_is_private_and_binds_checksum_and_part() {
    let ended = Finished::with(End::Differences, "there are changes", &plan());
    let fake = Fake::answering(ended).await;
    let file = fake.file("plan.json");
    let path = file.display().to_string();
    let done = fake
        .run(&["plan", "--wave", "pilot", "--cut-over", "--out", &path])
        .await;
    assert_eq!(done.code, 12, "{done:?}");
    assert!(done.stdout.starts_with("plan "), "{done:?}");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(serde_json::from_str::<PlanDocument>(&text).unwrap(), plan());
    let json = fake.run(&["plan", "--output", "json"]).await.stdout;
    assert_eq!(json, text, "the file is what --output json prints");
    fake.asked.lock().unwrap().clear();

    let agreeing = ["--wave", "pilot", "--cut-over"];
    for flags in [&[][..], &agreeing] {
        let words = [&["apply", "--plan", &path][..], flags].concat();
        // The answer is another document, so that the code is 1; the request is what counts.
        fake.run(&words).await;
        let Some(Request::Apply(apply)) = fake.last() else {
            panic!("no apply")
        };
        assert_eq!(apply.part, plan().part);
        assert_eq!(apply.checksum, Some(plan().checksum));
    }
    for flags in [
        &["--wave", "pilot"][..],
        &["--cut-over"],
        &["--wave", "zwei", "--cut-over"],
    ] {
        let words = [&["apply", "--plan", &path][..], flags].concat();
        let done = fake.run(&words).await;
        assert_eq!(done.code, 2, "{done:?}");
        assert!(
            done.stderr.contains("of wave pilot, with cut-over"),
            "{done:?}"
        );
    }
    for (from, to, expect) in [
        (
            "lp2rc-plan-1",
            "lp2rc-plan-2",
            "this version reads `lp2rc-plan-1`",
        ),
        (&*plan().checksum, "", "no checksum"),
        ("\"agents\"", "\"other\"", "missing field `agents`"),
        ("{", "", "cannot use the plan"),
    ] {
        std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let done = fake.run(&["apply", "--plan", &path]).await;
        assert_eq!(done.code, 2, "{done:?}");
        assert!(done.stderr.contains(expect), "{done:?}");
    }
    assert_eq!(fake.last(), None, "nothing was asked with a doubtful plan");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_talk_carry_no_tricks_and_json_is_the_document() {
    let told = format!("about {HOSTILE}\n\nhint: look");
    let fake = Fake::answering(Finished::with(End::Refused, told, &plan())).await;
    let done = fake.run(&["plan"]).await;
    assert_eq!(done.code, 10, "{done:?}");
    for text in [&done.stdout, &done.stderr] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
    assert!(done.stdout.contains("eve\u{fffd}[2J|"), "{done:?}");
    assert!(done.stderr.ends_with("\n\nhint: look\n"), "{done:?}");
    let widest = done.stdout.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}: {}", done.stdout);
    let json = fake.run(&["plan", "--output", "json"]).await.stdout;
    assert_eq!(serde_json::from_str::<PlanDocument>(&json).unwrap(), plan());
    let markdown = fake.run(&["plan", "--output", "markdown"]).await.stdout;
    assert!(
        markdown.contains("users") && !markdown.contains('\u{1b}'),
        "{markdown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_goes_into_its_file_and_the_table_to_stdout() {
    let person = PersonLine {
        source_id: "LP1".to_owned(),
        username: "ada".to_owned(),
        name: "<script>".to_owned(),
        wave: "pilot".to_owned(),
        owner: "source".to_owned(),
        result: "different".to_owned(),
        routable: false,
        why_not: "no client is connected".to_owned(),
        differences: vec![Difference {
            field: "name".to_owned(),
            source: "<script>alert(1)</script>".to_owned(),
            bridge: "Ada".to_owned(),
            target: "Eda".to_owned(),
            acknowledged_as: String::new(),
        }],
    };
    let parity = Parity {
        at: "2026-01-02T03:04:05Z".to_owned(),
        part: Part::default(),
        target: "7.6.1".to_owned(),
        account: "12345678".to_owned(),
        source_age_seconds: Some(3),
        agents: 1,
        equal: 0,
        acknowledged: 0,
        different: 1,
        left_out: Vec::new(),
        waves: Vec::new(),
        departments: Vec::new(),
        people: vec![person],
    };
    let fake = Fake::answering(Finished::with(End::Differences, "one differs", &parity)).await;
    let file = fake.file("parity.html");
    let path = file.display().to_string();
    let done = fake
        .run(&["verify", "--output", "html", "--out", &path])
        .await;
    assert_eq!(done.code, 12, "{done:?}");
    for part in ["ada (LP1)", "no client is connected"] {
        assert!(done.stdout.contains(part), "{part}: {done:?}");
    }
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.to_lowercase().starts_with("<!doctype html>"), "{page}");
    assert!(!page.contains("<script>alert"), "{page}");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let json = fake.run(&["verify", "--output", "json"]).await.stdout;
    assert_eq!(serde_json::from_str::<Parity>(&json).unwrap(), parity);
    let page = fake.run(&["verify", "--output", "html"]).await.stdout;
    assert!(page.contains("</html>"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_where_it_stands_and_whose_it_is_have_tables() {
    let applied = Applied {
        plan: Some(plan()),
        run: Some(run_line()),
        troubles: vec![Trouble {
            phase: "users".to_owned(),
            subject: "ada".to_owned(),
            result: "failed".to_owned(),
            why: "the name is taken".to_owned(),
        }],
        remarks: Vec::new(),
    };
    let status = Status {
        doing: String::new(),
        waves: vec![WaveLine {
            wave: "pilot".to_owned(),
            agents: 4,
            provisioned: 3,
            cut_over: 2,
            equal: 0,
        }],
        runs: vec![run_line()],
        people: vec![WhoIsWhere {
            source_id: "LP1".to_owned(),
            username: "ada".to_owned(),
            wave: "pilot".to_owned(),
            target_id: None,
            origin: String::new(),
            owner: "source".to_owned(),
        }],
    };
    let owned = Owned {
        done: Vec::new(),
        refused: vec![Remark {
            subject: "root".to_owned(),
            why: "protected".to_owned(),
        }],
    };
    let fake = Fake::doing(move |order| {
        let finished = if matches!(order.request, Request::Apply(_)) {
            Finished::with(End::Partial, "1 of 3 failed", &applied)
        } else if order.request == Request::Status {
            Finished::with(End::Done, "", &status)
        } else {
            Finished::with(End::Refused, "", &owned)
        };
        std::future::ready(finished)
    })
    .await;
    let done = fake.run(&["apply"]).await;
    assert_eq!(done.code, 13, "{done:?}");
    assert!(
        done.stdout.contains("the name is taken") && done.stdout.contains("open"),
        "{done:?}"
    );
    assert!(
        !done.stdout.contains("not there yet"),
        "the plan was seen before: {done:?}"
    );
    let short = fake.run(&["status"]).await.stdout;
    assert!(
        short.contains("no job runs") && short.contains("r7") && !short.contains("LP1"),
        "{short}"
    );
    let long = fake.run(&["status", "--people"]).await.stdout;
    assert!(long.contains("LP1"), "{long}");
    let done = fake.run(&["adopt", "root"]).await;
    assert_eq!(done.code, 10, "{done:?}");
    assert!(done.stdout.contains("protected"), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_detaches_and_the_job_can_be_found_watched_and_stopped() {
    let fake = Fake::doing(|order| async move {
        if order.request == Request::Status {
            let doing = order.doing;
            return Finished::with(
                End::Done,
                "",
                &Status {
                    doing,
                    ..Status::default()
                },
            );
        }
        order.progress.doing("users");
        order.progress.begin(9, 3, 0);
        order.stop.cancelled().await;
        Finished::bare(End::Interrupted, "stopped after 3 of 9")
    })
    .await;
    let desk = Arc::clone(fake.desk.as_ref().unwrap());
    let attached = fake.spawn(&["apply"]);
    until("the job runs", || desk.running().is_some()).await;
    let number = desk.running().unwrap().number;
    program::signal(attached.pid(), "INT");
    let (code, stderr) = tokio::task::spawn_blocking(|| attached.wait())
        .await
        .unwrap();
    assert_eq!(code, 130, "{stderr}");
    assert!(stderr.contains("`lp2rc migrate status`"), "{stderr}");
    assert_eq!(desk.running().unwrap().number, number, "it goes on");

    let status = fake.run(&["status"]).await;
    assert!(
        status.stdout.contains("apply (job 1): users, 3 of 9"),
        "{status:?}"
    );
    let busy = fake.run(&["plan"]).await;
    assert_eq!(busy.code, 75, "{busy:?}");
    assert!(
        busy.stderr.contains("busy with `apply` (job 1)"),
        "{busy:?}"
    );

    let watching = fake.spawn(&["attach"]);
    let stopped = fake.run(&["stop"]).await;
    assert_eq!(stopped.code, 0, "{stopped:?}");
    assert!(
        stopped.stdout.contains("job 1 stops in order"),
        "{stopped:?}"
    );
    until("the job ended", || desk.running().is_none()).await;
    // Whether it found the job running or came too late for it, it ends.
    tokio::task::spawn_blocking(|| watching.wait())
        .await
        .unwrap();
    let told = fake.run(&["attach", "1"]).await;
    assert_eq!(told.code, 130, "{told:?}");
    assert!(told.stderr.contains("stopped after 3 of 9"), "{told:?}");
    let again = fake.run(&["stop", "1"]).await;
    assert!(again.stdout.contains("had ended before"), "{again:?}");
    assert_eq!(fake.run(&["attach", "77"]).await.code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_target_or_in_another_form_it_says_so() {
    let fake = Fake::with(None, Arc::default()).await;
    let done = fake.run(&["plan"]).await;
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stderr.contains("there is no [rocketchat]"), "{done:?}");
    let other = Finished::with(End::Done, "", &Value::Bool(true));
    let fake = Fake::answering(other).await;
    let done = fake.run(&["plan"]).await;
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("another version"), "{done:?}");
    let fake = Fake::doing(|_| async { panic!("on purpose") }).await;
    let done = fake.run(&["verify"]).await;
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("broke inside the bridge"), "{done:?}");
}

#[test]
fn without_a_daemon_it_is_done_here_and_wants_a_state_and_a_target() {
    let world = program::World::of(2);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    let none = home.run(&["migrate", "plan"]);
    assert_eq!(none.code, 30, "{none:?}");
    assert!(!home.state().exists(), "looking makes no state");
    assert_eq!(home.run(&["sync"]).code, 0);
    let done = home.run(&["migrate", "plan"]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stderr.contains("doing it here"), "{done:?}");
    assert!(
        done.stderr.contains("there is no [rocketchat] in "),
        "{done:?}"
    );
    for verb in ["attach", "stop"] {
        let done = home.run(&["migrate", verb]);
        assert_eq!(done.code, 2, "{done:?}");
        assert!(done.stderr.contains("no daemon answers"), "{done:?}");
    }
    // The state was left in order: the next one opens it.
    assert_eq!(home.run(&["agents"]).code, 0);
}
