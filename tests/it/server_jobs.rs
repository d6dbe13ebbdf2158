//! Jobs of the move: the engine behind the port, and the admin calls that begin and watch them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use lp2rc::{
    migrate::{
        jobs::{Desk, Finished, Order},
        wire::{End, Request},
    },
    ports::{JobError, JobRequest, Jobs, ManualClock},
    server::admin::{
        jobs::{Begun, Job, Running, Stopping},
        wire::{Refusal, RefusalKind},
    },
};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::server_world::{Answer, FakeDesk, GUARD, TOKEN, World, ask, ask_with_body, until};

/// A job that has begun, and where its end is said.
struct Begins {
    order: Order,
    end: oneshot::Sender<Finished>,
}

/// A desk whose jobs are done by the test.
fn scripted() -> (Arc<Desk>, mpsc::UnboundedReceiver<Begins>) {
    let (begun, begins) = mpsc::unbounded_channel();
    let desk = Desk::new(Arc::new(ManualClock::default()), move |order| {
        let (end, told) = oneshot::channel();
        begun.send(Begins { order, end }).unwrap();
        async move { told.await.expect("the test gave no end") }
    });
    (Arc::new(desk), begins)
}

fn request(verb: &str, arguments: &str) -> JobRequest {
    JobRequest {
        verb: verb.to_owned(),
        arguments: arguments.to_owned(),
    }
}

fn start(desk: &Desk, verb: &str) -> u64 {
    desk.start(request(verb, "{}")).unwrap()
}

/// The end of a job, once it has one.
async fn ended(desk: &Desk, number: u64) -> (String, String, String) {
    until("the job ended", || desk.look(number).unwrap().end.is_some()).await;
    let end = desk.look(number).unwrap().end.unwrap();
    (end.end, end.message, end.document)
}

#[tokio::test]
async fn one_job_runs_at_a_time_and_a_look_goes_beside_it() {
    let (desk, mut begins) = scripted();
    let apply = start(&desk, "apply");
    let Begins { order, end } = begins.recv().await.unwrap();
    assert_eq!(order.doing, "");
    let busy = desk.start(request("plan", "{}")).unwrap_err();
    assert!(
        matches!(&busy, JobError::Busy { verb, number } if verb == "apply" && *number == apply),
        "{busy}"
    );
    order.progress.doing("users");
    order.progress.begin(400, 0, 0);
    order.progress.ended(120, 2);
    let status = start(&desk, "status");
    let look = begins.recv().await.unwrap();
    assert_eq!(
        look.order.doing,
        format!("apply (job {apply}): users, 120 of 400, 2 failed")
    );
    assert_eq!(desk.running().unwrap().number, apply, "not the look");
    look.end.send(Finished::bare(End::Done, "")).unwrap();
    ended(&desk, status).await;
    let done = Finished::with(End::Partial, "2 failed", &json!({"run": "r1"}));
    end.send(done).unwrap();
    let told = ended(&desk, apply).await;
    let expect = ("partial", "2 failed", "{\"run\":\"r1\"}");
    assert_eq!((&*told.0, &*told.1, &*told.2), expect);
    assert!(desk.running().is_none());
    let next = start(&desk, "plan");
    assert!(next > status, "numbers rise");
    drop(
        begins
            .recv()
            .await
            .unwrap()
            .end
            .send(Finished::bare(End::Done, "")),
    );
}

#[tokio::test]
async fn a_panic_ends_the_job_and_nothing_else() {
    let (desk, mut begins) = scripted();
    let number = start(&desk, "verify");
    // The scripted job panics when its end is never said.
    drop(begins.recv().await.unwrap());
    let (end, message, document) = ended(&desk, number).await;
    assert_eq!((&*end, &*document), ("broken", "null"));
    assert!(message.contains("`migrate verify` broke"), "{message}");
    let next = start(&desk, "plan");
    let begun = begins.recv().await.unwrap();
    begun.end.send(Finished::bare(End::Done, "")).unwrap();
    assert_eq!(ended(&desk, next).await.0, "done");
}

#[tokio::test]
async fn a_stop_is_an_order_to_the_job_and_closing_waits_for_it() {
    let (desk, mut begins) = scripted();
    assert!(!desk.stop(1), "nothing runs");
    let number = start(&desk, "apply");
    let Begins { order, end } = begins.recv().await.unwrap();
    assert!(!order.stop.is_cancelled());
    assert!(desk.stop(number));
    assert!(order.stop.is_cancelled());
    assert!(desk.look(number).unwrap().end.is_none(), "it ends in order");
    let closing = tokio::spawn({
        let desk = Arc::clone(&desk);
        async move { desk.close().await }
    });
    until("closed to new jobs", || {
        matches!(desk.start(request("plan", "{}")), Err(JobError::Stopping))
    })
    .await;
    assert!(!closing.is_finished());
    end.send(Finished::bare(End::Interrupted, "stopped"))
        .unwrap();
    tokio::time::timeout(GUARD, closing).await.unwrap().unwrap();
    assert_eq!(ended(&desk, number).await.0, "interrupted");
    assert!(!desk.stop(number), "it has ended");
}

#[tokio::test]
async fn the_last_eight_are_remembered_and_looks_are_forgotten_first() {
    let (desk, mut begins) = scripted();
    let mut numbers = Vec::new();
    for verb in [
        "apply", "status", "plan", "plan", "status", "status", "plan",
    ] {
        numbers.push(start(&desk, verb));
        let begun = begins.recv().await.unwrap();
        begun.end.send(Finished::bare(End::Done, "")).unwrap();
        ended(&desk, *numbers.last().unwrap()).await;
    }
    for _ in 0..4 {
        numbers.push(start(&desk, "status"));
        let begun = begins.recv().await.unwrap();
        begun.end.send(Finished::bare(End::Done, "")).unwrap();
        ended(&desk, *numbers.last().unwrap()).await;
    }
    let kept: Vec<_> = numbers
        .iter()
        .copied()
        .filter(|number| desk.look(*number).is_some())
        .collect();
    assert_eq!(kept, [1, 3, 4, 7, 8, 9, 10, 11]);
}

#[tokio::test]
async fn requests_are_read_strictly_and_mistakes_are_named() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let desk = Desk::new(Arc::new(ManualClock::default()), {
        let seen = Arc::clone(&seen);
        move |order: Order| {
            seen.lock().unwrap().push(order.request);
            async { Finished::bare(End::Done, "") }
        }
    });
    let whole = "{\"part\":{\"wave\":\"pilot\"},\"accept\":[\"removals\"],\"dry_run\":true}";
    let number = desk.start(request("apply", whole)).unwrap();
    ended(&desk, number).await;
    let Some(Request::Apply(apply)) = seen.lock().unwrap().pop() else {
        panic!("no apply")
    };
    assert_eq!(apply.part.wave.as_deref(), Some("pilot"));
    assert!(apply.dry_run && apply.accept == ["removals"] && !apply.part.cut_over);
    for (verb, arguments, expect) in [
        ("dance", "{}", "no verb `dance`"),
        ("check", "{\"wave\":1}", "no argument `wave`"),
        ("plan", "[]", "the top"),
        ("plan", "{\"wav\":1}", "unknown field `wav`"),
        ("apply", "{\"part\":{\"cut_over\":1}}", "`part.cut_over`"),
        ("undo", "{\"apply\":{\"accept\":[1]}}", "`apply.accept[0]`"),
    ] {
        let error = desk.start(request(verb, arguments)).unwrap_err();
        assert!(matches!(error, JobError::Request(_)), "{error:?}");
        assert!(error.to_string().contains(expect), "{error}");
    }
    assert!(seen.lock().unwrap().is_empty(), "nothing was begun");
}

/// The bytes that the command line sends are those that the desk reads.
#[tokio::test]
async fn every_request_survives_the_way_to_the_desk() {
    let (world, mut begins) = served();
    let address = world.operations(FakeDesk::new().0).await.0;
    let all = [
        Request::Check,
        Request::Plan(lp2rc::migrate::wire::Part {
            wave: Some("eins".to_owned()),
            cut_over: true,
        }),
        Request::Apply(lp2rc::migrate::wire::Apply::default()),
        Request::Verify(lp2rc::migrate::wire::Part::default()),
        Request::Connect(lp2rc::migrate::wire::Apply {
            checksum: Some("abc".to_owned()),
            ..Default::default()
        }),
        Request::Status,
        Request::Adopt(lp2rc::migrate::wire::People {
            users: vec!["ada".to_owned()],
            matching: false,
        }),
        Request::Release(lp2rc::migrate::wire::People::default()),
        Request::Undo(lp2rc::migrate::wire::Undo {
            run: Some("r1".to_owned()),
            phase: Some("users".to_owned()),
            ..Default::default()
        }),
        Request::Finish(lp2rc::migrate::wire::Apply::default()),
    ];
    for request in all {
        let body = serde_json::to_string(&request).unwrap();
        let begun: Begun = ok(&post(address, "/admin/jobs", &body).await);
        let Begins { order, end } = begins.recv().await.unwrap();
        assert_eq!(order.request, request);
        end.send(Finished::bare(End::Done, "")).unwrap();
        let path = format!("/admin/jobs/{}?wait=20", begun.job);
        let mut job: Job = ok(&get(address, &path).await);
        while job.end.is_none() {
            job = ok(&get(address, &path).await);
        }
        assert_eq!(job.verb, request.verb());
    }
}

fn served() -> (World, mpsc::UnboundedReceiver<Begins>) {
    let (desk, begins) = scripted();
    let mut world = World::new();
    world.jobs = Some(desk);
    (world, begins)
}

async fn get(address: std::net::SocketAddr, path: &str) -> Answer {
    ask(
        address,
        &format!("GET {path}\nauthorization: Bearer {TOKEN}"),
    )
    .await
}

async fn post(address: std::net::SocketAddr, path: &str, body: &str) -> Answer {
    let head = format!("POST {path}\nauthorization: Bearer {TOKEN}");
    ask_with_body(address, &head, body).await
}

fn ok<T: DeserializeOwned>(answer: &Answer) -> T {
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

fn refused(answer: &Answer, status: u16, kind: RefusalKind) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    let refusal: Refusal = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(refusal.kind, kind);
    refusal.error
}

#[tokio::test]
async fn news_of_a_job_are_waited_for() {
    let (world, mut begins) = served();
    let address = world.operations(FakeDesk::new().0).await.0;
    let begun: Begun = ok(&post(address, "/admin/jobs", "{\"verb\":\"apply\"}").await);
    let Begins { order, end } = begins.recv().await.unwrap();
    let path = format!("/admin/jobs/{}", begun.job);
    let first: Job = ok(&get(address, &path).await);
    assert_eq!((first.progress.total, first.end.is_some()), (0, false));

    // Nothing new: the answer comes when the time is over, and not before.
    let asking = tokio::spawn({
        let path = format!("{path}?wait=9");
        async move { get(address, &path).await }
    });
    until("the server waits", || {
        world.clock.next_wake() == Some(Duration::from_secs(9))
    })
    .await;
    assert!(!asking.is_finished());
    world.clock.advance(Duration::from_secs(9));
    let same: Job = ok(&asking.await.unwrap());
    assert_eq!(same.progress, first.progress);

    // More than the longest wait is the longest wait; news end it at once.
    let asking = tokio::spawn({
        let path = format!("{path}?wait=3600");
        async move { get(address, &path).await }
    });
    until("the server waits", || {
        world.clock.next_wake() == Some(Duration::from_secs(25))
    })
    .await;
    order.progress.begin(10, 0, 0);
    let news: Job = ok(&asking.await.unwrap());
    assert_eq!(news.progress.total, 10);

    // What was seen is news no more; the end is.
    let seen = serde_json::to_string(&news.progress).unwrap();
    let seen = percent_encoding::utf8_percent_encode(&seen, percent_encoding::NON_ALPHANUMERIC);
    let asking = tokio::spawn({
        let path = format!("{path}?wait=20&seen={seen}");
        async move { get(address, &path).await }
    });
    until("the server waits", || {
        world.clock.next_wake() == Some(Duration::from_secs(20))
    })
    .await;
    assert!(!asking.is_finished());
    let document = json!({"name": "a \"quoted\" \u{1F600} name", "n": 1.5});
    end.send(Finished::with(End::Done, "all is done", &document))
        .unwrap();
    let over: Job = ok(&asking.await.unwrap());
    let over = over.end.unwrap();
    assert_eq!((&*over.end, &*over.message), ("done", "all is done"));
    let told: serde_json::Value = serde_json::from_str(over.document.get()).unwrap();
    assert_eq!(told, document);
}

#[tokio::test]
async fn busy_unknown_and_unreadable_are_refused_by_name() {
    let (world, mut begins) = served();
    let address = world.operations(FakeDesk::new().0).await.0;
    let none: Running = ok(&get(address, "/admin/jobs").await);
    assert!(none.running.is_none());
    let begun: Begun = ok(&post(address, "/admin/jobs", "{\"verb\":\"finish\"}").await);
    let Begins { order, end } = begins.recv().await.unwrap();
    let running: Running = ok(&get(address, "/admin/jobs").await);
    assert_eq!(running.running.unwrap().job, begun.job);

    let busy = post(address, "/admin/jobs", "{\"verb\":\"plan\"}").await;
    let error = refused(&busy, 409, RefusalKind::Conflict);
    assert!(error.contains("busy with `finish` (job 1)"), "{error}");

    for path in ["/admin/jobs/99", "/admin/jobs/99?wait=20"] {
        let error = refused(&get(address, path).await, 404, RefusalKind::NotFound);
        assert!(error.contains("there is no job 99"), "{error}");
    }
    let stopped = post(address, "/admin/jobs/99/stop", "").await;
    refused(&stopped, 404, RefusalKind::NotFound);
    for query in [
        "wait=soon",
        "seen=x",
        "seen={\"don\":1}",
        "what=1",
        "wait=1&wait=2",
    ] {
        let query = query
            .replace('{', "%7B")
            .replace('}', "%7D")
            .replace('"', "%22");
        let answer = get(address, &format!("/admin/jobs/1?{query}")).await;
        refused(&answer, 400, RefusalKind::BadRequest);
    }
    refused(
        &get(address, "/admin/jobs/one").await,
        400,
        RefusalKind::BadRequest,
    );
    for body in [
        "",
        "[]",
        "{}",
        "{\"verb\":1}",
        "{\"verb\":\"dance\"}",
        "{\"verb\":\"plan\",\"x\":1}",
    ] {
        let answer = post(address, "/admin/jobs", body).await;
        refused(&answer, 400, RefusalKind::BadRequest);
    }
    let stranger = ask_with_body(address, "POST /admin/jobs", "{\"verb\":\"plan\"}").await;
    refused(&stranger, 401, RefusalKind::Unauthorized);

    let path = format!("/admin/jobs/{}/stop", begun.job);
    let stopping: Stopping = ok(&post(address, &path, "").await);
    assert!(stopping.stopping && order.stop.is_cancelled());
    end.send(Finished::bare(End::Interrupted, "")).unwrap();
    let waiting = format!("/admin/jobs/{}?wait=20", begun.job);
    let over: Job = ok(&get(address, &waiting).await);
    assert_eq!(over.end.unwrap().end, "interrupted");
    let again: Stopping = ok(&post(address, &path, "").await);
    assert!(!again.stopping, "it has ended");
}

#[tokio::test]
async fn without_a_target_there_are_no_jobs() {
    let world = World::new();
    let address = world.operations(FakeDesk::new().0).await.0;
    let none: Running = ok(&get(address, "/admin/jobs").await);
    assert!(none.running.is_none());
    for answer in [
        post(address, "/admin/jobs", "{\"verb\":\"plan\"}").await,
        get(address, "/admin/jobs/1").await,
        post(address, "/admin/jobs/1/stop", "").await,
    ] {
        let error = refused(&answer, 400, RefusalKind::BadRequest);
        assert!(error.contains("there is no [rocketchat]"), "{error}");
    }
}

#[tokio::test]
async fn big_documents_go_earlier_but_never_the_newest_work() {
    let (desk, mut begins) = scripted();
    let big = "x".repeat(20 * 1024 * 1024);
    let mut numbers = Vec::new();
    for (verb, document) in [
        ("plan", &*big),
        ("plan", "small"),
        ("plan", &big),
        ("plan", &big),
        ("status", "small"),
    ] {
        numbers.push(start(&desk, verb));
        let begun = begins.recv().await.unwrap();
        let end = Finished::with(End::Done, "", &document);
        begun.end.send(end).unwrap();
        ended(&desk, *numbers.last().unwrap()).await;
    }
    // 20 MiB and little are kept beside the newest work and what ended just now.
    let kept = numbers
        .iter()
        .filter(|number| desk.look(**number).is_some());
    assert_eq!(kept.copied().collect::<Vec<_>>(), [2, 3, 4, 5]);
}
