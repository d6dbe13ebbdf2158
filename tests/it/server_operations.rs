//! The operators' listener: health, metrics, and the admin API behind its token.

use std::{sync::Arc, time::Duration};

use lp2rc::{
    domain::{
        Component, Coverage, CycleReport, Generation, Health, MappingNotes, MergeCounts, Timestamp,
        Trigger, Verdict,
    },
    ports::{ControlError, CycleError, CycleRequest, SourceError, SourceFault, StoreError},
    server::{admin::wire, operations::ready},
};
use serde::de::DeserializeOwned;

use super::server_world::{Answer, FakeDesk, TOKEN, World, agent, ask, ask_with_body, unavailable};

fn with_token(request: &str) -> String {
    format!("{request}\nauthorization: Bearer {TOKEN}")
}

fn read<T: DeserializeOwned>(answer: &Answer) -> T {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    serde_json::from_str(&answer.body).unwrap_or_else(|why| panic!("{why}: {}", answer.body))
}

fn report() -> CycleReport {
    CycleReport {
        run: "r1".to_owned(),
        trigger: Trigger::Request,
        dry_run: true,
        started_at: Timestamp::from_millis(0),
        took_ms: 12,
        coverage: Coverage::Full,
        counts: MergeCounts {
            seen: 3,
            added: 1,
            unchanged: 2,
            ..MergeCounts::default()
        },
        verdict: Verdict::Quarantined { before: 20, now: 2 },
        skipped: 0,
        notes: MappingNotes::default(),
        routable: 2,
        generation: Generation(8),
        changes: vec!["ada is new".to_owned()],
    }
}

#[tokio::test]
async fn the_process_is_alive_whatever_else_is_wrong() {
    let world = World::new();
    let (operations, _) = world.operations(FakeDesk::new().0).await;
    let answer = ask(operations, "GET /livez").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    assert_eq!(ask(operations, "GET /nowhere").await.status, 404);
}

#[tokio::test]
async fn readiness_follows_what_is_served_and_the_store() {
    use ready::Status::{Degraded, Ready, Unready};
    let world = World::new();
    let (operations, _) = world.operations(FakeDesk::new().0).await;
    let now = Timestamp::from_millis(1_767_323_045_678);
    let set = |component, health| world.health.set(component, health, "as told", now);
    let readiness = async || {
        let answer = ask(operations, "GET /readyz").await;
        let state: ready::Readiness = read(&answer);
        assert_eq!(state.ready, answer.status == 200);
        assert_eq!(answer.status, if state.ready { 200 } else { 503 });
        (state.status, state.snapshot.freshness)
    };
    let is = |status, freshness: &str| (status, freshness.to_owned());

    assert_eq!(readiness().await, is(Unready, "never"));
    set(Component::Store, Health::Connected);
    set(Component::Scheduler, Health::Connected);
    assert_eq!(readiness().await, is(Unready, "never"));
    world.publish(vec![agent("ada", &[])]);
    assert_eq!(
        readiness().await,
        is(Degraded, "fresh"),
        "the source is starting"
    );
    set(Component::Source, Health::Connected);
    assert_eq!(readiness().await, is(Ready, "fresh"));
    set(Component::Source, Health::Quarantined);
    assert_eq!(readiness().await, is(Degraded, "fresh"));
    set(Component::Source, Health::CredentialsRejected);
    assert_eq!(readiness().await, is(Degraded, "fresh"));
    set(Component::Source, Health::Connected);
    world.clock.advance(Duration::from_secs(91));
    assert_eq!(readiness().await, is(Degraded, "stale"));
    set(Component::Store, Health::Quarantined);
    assert_eq!(readiness().await, is(Unready, "stale"));
    set(Component::Store, Health::Connected);
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(readiness().await, is(Unready, "too_old"));
    world.publish(vec![agent("ada", &[])]);
    assert_eq!(readiness().await, is(Ready, "fresh"));
}

#[tokio::test]
async fn readiness_tells_each_component_with_its_age_and_remedy() {
    let world = World::new();
    world.publish(vec![agent("ada", &[]), agent("bob", &[])]);
    let (operations, _) = world.operations(FakeDesk::new().0).await;
    let then = Timestamp::from_millis(1_767_323_043_678);
    world.health.set(
        Component::Source,
        Health::Throttled,
        "429 at the data host",
        then,
    );
    let state: ready::Readiness = read(&ask(operations, "GET /readyz").await);
    let names: Vec<_> = state.components.keys().map(String::as_str).collect();
    assert_eq!(names, ["scheduler", "source", "store"]);
    let source = &state.components["source"];
    assert_eq!(source.state, "throttled");
    assert_eq!(source.since.as_deref(), Some("2026-01-02T03:04:03.678Z"));
    assert_eq!(source.age_seconds, Some(2.0));
    assert_eq!(source.reason, "429 at the data host");
    assert_eq!(source.remedy, Health::Throttled.remedy());
    assert_eq!(state.components["store"].since, None);
    assert_eq!((state.snapshot.generation, state.snapshot.agents), (7, 2));
}

#[tokio::test]
async fn metrics_tell_ages_and_health_of_the_moment() {
    let world = World::new();
    let (operations, _) = world.operations(FakeDesk::new().0).await;
    let before = ask(operations, "GET /metrics").await;
    assert_eq!(
        before.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(
        before.body.contains("\nlp2rc_snapshot_age_seconds +Inf\n")
            || before.body.contains("\nlp2rc_snapshot_age_seconds inf\n"),
        "{}",
        before.body
    );
    world.publish(vec![agent("ada", &[])]);
    world.clock.advance(Duration::from_millis(2_500));
    world.health.set(
        Component::Store,
        Health::Degraded,
        "x",
        Timestamp::default(),
    );
    let after = ask(operations, "GET /metrics").await.body;
    for line in [
        "lp2rc_snapshot_age_seconds 2.5",
        "lp2rc_health{component=\"store\",health=\"degraded\"} 1",
        "lp2rc_health{component=\"store\",health=\"starting\"} 0",
        "lp2rc_http_requests_total{listener=\"operations\",status=\"200\"} 1",
    ] {
        assert!(after.lines().any(|l| l == line), "{line} in {after}");
    }
    assert!(after.ends_with("# EOF\n"));
}

#[tokio::test]
async fn the_admin_api_opens_to_its_token_only() {
    let world = World::new();
    let (operations, _) = world.operations(FakeDesk::new().0).await;
    let wrong = format!("Bearer {TOKEN}0");
    let short = &format!("Bearer {}", &TOKEN[1..]);
    let other = TOKEN.replace('f', "e");
    let cases = [
        (None, 401),
        (Some(""), 401),
        (Some("Bearer"), 401),
        (Some("Bearer "), 401),
        (Some(TOKEN), 401),
        (Some(wrong.as_str()), 401),
        (Some(short.as_str()), 401),
        (Some(&*format!("Bearer {other}")), 401),
        (Some(&*format!("Basic {TOKEN}")), 401),
        (Some(&*format!("Bearer {TOKEN}")), 200),
        (Some(&*format!("bearer {TOKEN}")), 200),
    ]
    .map(|(value, status)| (value.map(str::to_owned), status));
    for (value, status) in cases {
        let header = value
            .as_ref()
            .map_or(String::new(), |v| format!("\nauthorization: {v}"));
        let answer = ask(operations, &format!("GET /admin/state{header}")).await;
        assert_eq!(answer.status, status, "{value:?}");
        if status == 401 {
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            let refusal: wire::Refusal = read(&answer);
            assert_eq!(refusal.kind, wire::RefusalKind::Unauthorized);
            assert!(!answer.body.contains(TOKEN));
        }
    }
    assert_eq!(ask(operations, "GET /admin/nowhere").await.status, 401);
    assert_eq!(ask(operations, "POST /admin/sync").await.status, 401);
    assert_eq!(
        ask(operations, &with_token("GET /admin/nowhere"))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_sync_is_run_as_asked_and_its_report_comes_back() {
    let world = World::new();
    let (desk, mut cycles) = FakeDesk::new();
    let (operations, _) = world.operations(desk).await;
    let request = |dry_run, accept_fall| CycleRequest {
        trigger: Trigger::Request,
        dry_run,
        accept_fall,
    };
    let cases = [
        ("", request(false, false)),
        ("{}", request(false, false)),
        (r#"{"dry_run":true}"#, request(true, false)),
        (r#"{"accept_fall":true}"#, request(false, true)),
    ];
    for (body, expected) in cases {
        let line = with_token("POST /admin/sync");
        let asking = ask_with_body(operations, &line, body);
        let running = async {
            let (request, done) = cycles.recv().await.unwrap();
            done.send(Ok(report())).unwrap();
            request
        };
        let (answer, request) = tokio::join!(asking, running);
        assert_eq!(request, expected, "{body}");
        assert_eq!(answer.status, 200);
        let run: wire::Run = read(&answer);
        assert_eq!(run, wire::Run::from(&report()));
        assert_eq!(run.started_at, "1970-01-01T00:00:00.000Z");
        assert_eq!(run.quarantined, Some(wire::Fall { before: 20, now: 2 }));
    }
    for body in ["no", "[]", r#"{"dry":true}"#, &"x".repeat(20_000)] {
        let answer = ask_with_body(operations, &with_token("POST /admin/sync"), body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(
            read::<wire::Refusal>(&answer).kind,
            wire::RefusalKind::BadRequest
        );
    }
}

#[tokio::test]
async fn a_failed_sync_is_one_sentence_with_a_status() {
    let world = World::new();
    let (desk, mut cycles) = FakeDesk::new();
    let (operations, _) = world.operations(desk).await;
    let source = |fault| {
        CycleError::Source(SourceError {
            doing: "log in at va.example.net".to_owned(),
            what: "it said no; look at it".to_owned(),
            fault,
            retry_after: None,
        })
    };
    let conflict = StoreError::Conflict {
        expected: Generation(1),
        stored: Generation(2),
    };
    let damaged = StoreError::Damaged {
        what: "x".to_owned(),
        why: "y".to_owned(),
    };
    let failed = |error| ControlError::Failed(Arc::new(error));
    let cases = [
        (
            failed(source(SourceFault::Unreachable)),
            502,
            "source_unavailable",
            Some("degraded"),
        ),
        (
            failed(source(SourceFault::CredentialsRejected)),
            502,
            "credentials_rejected",
            Some("credentials-rejected"),
        ),
        (
            failed(source(SourceFault::Blacklisted)),
            502,
            "credentials_rejected",
            Some("blacklisted"),
        ),
        (failed(conflict.into()), 409, "conflict", None),
        (failed(damaged.into()), 500, "state", None),
        (
            failed(CycleError::Deadline(Duration::from_secs(9))),
            504,
            "deadline",
            None,
        ),
        (ControlError::Stopping, 503, "busy", None),
    ];
    for (error, status, kind, health) in cases {
        let sentence = error.to_string();
        let line = with_token("POST /admin/sync");
        let asking = ask(operations, &line);
        let running = async { cycles.recv().await.unwrap().1.send(Err(error)).unwrap() };
        let (answer, ()) = tokio::join!(asking, running);
        assert_eq!(answer.status, status, "{sentence}");
        let mut expected = serde_json::json!({"error": sentence, "kind": kind});
        if let Some(word) = health {
            expected["health"] = word.into();
        }
        assert_eq!(read::<serde_json::Value>(&answer), expected);
    }
}

#[tokio::test]
async fn everybody_is_shown_without_addresses() {
    let world = World::new();
    world.publish(vec![agent("bob", &["d1"]), unavailable(agent("ada", &[]))]);
    assert!(world.ledger.agent_next("T1", None).agent().is_some());
    let (operations, _) = world.operations(FakeDesk::new().0).await;
    let answer = ask(operations, &with_token("GET /admin/agents")).await;
    assert!(!answer.body.contains('@'), "{}", answer.body);
    let all: wire::Agents = read(&answer);
    assert_eq!(all.generation, 7);
    let (ada, bob) = (&all.agents[0], &all.agents[1]);
    assert_eq!(
        (ada.username.as_str(), ada.status.as_str()),
        ("ada", "away")
    );
    let expected = wire::Agent {
        source_id: "s-bob".to_owned(),
        target_id: "t-bob".to_owned(),
        username: "bob".to_owned(),
        name: "BOB \"L\"".to_owned(),
        presence: "online".to_owned(),
        status: "online".to_owned(),
        load: 1,
        capacity: None,
        taken: 2,
        holds: 1,
        departments: vec![wire::Department {
            id: "d1".to_owned(),
            name: "Name of d1".to_owned(),
        }],
        owner: "source".to_owned(),
        standing: "present".to_owned(),
        standing_since: None,
    };
    assert_eq!(bob, &expected);
}

fn usernames(said: &wire::Explanation) -> Vec<&str> {
    let candidates = said.candidates.iter();
    candidates.map(|c| c.username.as_str()).collect()
}

#[tokio::test]
async fn an_explanation_names_the_chosen_and_every_refusal() {
    let world = World::new();
    world.publish(vec![
        agent("bob", &["d1"]),
        unavailable(agent("ada", &["d1"])),
        agent("eve", &[]),
    ]);
    let (operations, _) = world.operations(FakeDesk::new().0).await;
    let explain = async |query: &str| {
        ask(
            operations,
            &with_token(&format!("GET /admin/explain{query}")),
        )
        .await
    };
    for query in [
        "?department=d1&policy=load-rotation",
        "?department=name+of+D1&policy=load-rotation&transfer=false&ignore=",
    ] {
        let said: wire::Explanation = read(&explain(query).await);
        assert_eq!(said.policy, "load-rotation");
        assert_eq!(said.department.as_deref(), Some("d1"));
        assert_eq!(usernames(&said), ["bob"], "{query}");
        let refused: Vec<_> = said.refused.iter().map(|r| r.username.as_str()).collect();
        assert_eq!(refused, ["ada", "eve"]);
        assert_eq!(said.tally.values().sum::<u32>(), 2);
        assert!(
            said.refused
                .iter()
                .all(|r| said.tally.contains_key(&r.reason))
        );
        assert!(!said.transfer);
        assert_eq!(world.ledger.holds(), 0);
    }
    let said: wire::Explanation = read(&explain("?transfer=true&ignore=t-bob").await);
    assert_eq!((usernames(&said), said.transfer), (vec!["eve"], true));
    for (query, status) in [
        ("?policy=random", 400),
        ("?transfer=1", 400),
        ("?departement=d1", 400),
        ("?ignore=a&ignore=b", 400),
        ("?department=d9", 404),
    ] {
        assert_eq!(explain(query).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn past_cycles_and_the_state_are_shown() {
    let world = World::new();
    world.publish(vec![agent("ada", &["d1"])]);
    let (desk, _cycles) = FakeDesk::new();
    let (operations, _) = world.operations(Arc::clone(&desk)).await;
    let get = async |path: &str| ask(operations, &with_token(&format!("GET /admin/{path}"))).await;

    let damaged = get("runs").await;
    assert_eq!(damaged.status, 500);
    assert_eq!(
        read::<wire::Refusal>(&damaged).kind,
        wire::RefusalKind::State
    );
    desk.runs.lock().unwrap().extend((0..30).map(|_| report()));
    for (query, count) in [("", 20), ("?limit=2", 2), ("?limit=1000", 30)] {
        let runs: wire::Runs = read(&get(&format!("runs{query}")).await);
        assert_eq!(runs.runs.len(), count, "{query}");
        assert_eq!(runs.runs[0], wire::Run::from(&report()));
    }
    for limit in ["0", "1001", "x", "-1"] {
        assert_eq!(
            get(&format!("runs?limit={limit}")).await.status,
            400,
            "{limit}"
        );
    }

    let expected = wire::State {
        generation: 7,
        // Now, by the age: the snapshot itself may be older where nothing has changed since.
        source_seen: Some("2026-01-02T03:04:05.678Z".to_owned()),
        freshness: "fresh".to_owned(),
        age_seconds: Some(0.0),
        agents: 1,
        departments: 1,
        holds: 0,
        disk_bytes: 4_096,
        opened: wire::Opened::Repaired {
            quarantine: "/q".to_owned(),
        },
    };
    assert_eq!(read::<wire::State>(&get("state").await), expected);
    let told: wire::Findings = read(&get("state/verify").await);
    assert_eq!(told.findings.len(), 1);
    let export = get("state/export").await;
    assert_eq!(
        export.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(
        export.body,
        "{\"exported_at\":\"2026-01-02T03:04:05.678Z\"}\n"
    );
}
