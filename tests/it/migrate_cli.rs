//! `lp2rc migrate` through the real program, against a daemon whose jobs the test does.

use std::sync::Arc;

use lp2rc::{
    migrate::{
        jobs::Finished,
        wire::{Apply, End, Part, People, Request, Status, Undo},
    },
    ports::Jobs as _,
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    migrate_world::{Fake, part},
    program::{self, Home},
    server_world::{GUARD, World, until},
};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_goes_away_or_silent_holds_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fake = Fake::at(listener.local_addr().unwrap(), World::new());
    let gone = fake.spawn(&["apply"]);
    answer(&listener, "{}").await;
    answer(&listener, "{\"job\":1}").await;
    // The third question, for news, is not answered any more.
    drop(listener.accept().await.unwrap());
    let (code, stderr) = tokio::task::spawn_blocking(|| gone.wait()).await.unwrap();
    assert_eq!(code, 75, "{stderr}");
    assert!(stderr.contains("the work may go on there"), "{stderr}");

    let silent = fake.spawn(&["apply"]);
    answer(&listener, "{}").await;
    let kept = listener.accept().await.unwrap();
    program::signal(silent.pid(), "TERM");
    let (code, stderr) = tokio::task::spawn_blocking(|| silent.wait()).await.unwrap();
    assert_eq!(code, 130, "{stderr}");
    assert!(stderr.contains("whether the work has begun"), "{stderr}");
    drop(kept);
}

/// Answers one request on a connection of its own.
async fn answer(listener: &TcpListener, body: &str) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let head = read_until_contains(&mut stream, "\r\n\r\n").await;
    assert!(head.contains("authorization: Bearer"), "{head}");
    let length = body.len();
    let text = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// Reads until `part` has come: a body may follow in the same packet.
async fn read_until_contains(stream: &mut TcpStream, part: &str) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if text.contains(part) {
            return text;
        }
        let read = stream.read_buf(&mut bytes);
        let count = tokio::time::timeout(GUARD, read).await.unwrap().unwrap();
        assert_ne!(count, 0, "closed after {text}");
    }
}
