//! Faults of the simulated Rocket.Chat at the wire, and the test of the webhook.

use std::{sync::Arc, time::Duration};

use lp2rc::{
    ports::SystemClock,
    sim::rocketchat::{Fault, On, SimConfig, Simulator, What},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::sim_rocketchat_client::{Workspace, person, start};

async fn fresh() -> Workspace {
    start(SimConfig::default()).await
}

/// How often `users.create` took effect.
fn created(rc: &Workspace) -> usize {
    rc.sim.writes().len()
}

#[tokio::test]
async fn a_fault_instead_of_the_answer_changes_nothing() {
    let cases = [
        (
            What::Status(500),
            500,
            "application/json",
            "Internal server error",
        ),
        (What::Status(502), 502, "text/html", "<html>"),
        (What::Status(503), 503, "text/html", "<html>"),
        (
            What::Status(429),
            429,
            "application/json",
            "error-too-many-requests",
        ),
        (What::Html, 200, "text/html", "<html>"),
        (
            What::Unsuccessful,
            200,
            "application/json",
            r#"{"success":false}"#,
        ),
    ];
    for (what, status, content_type, text) in cases {
        let rc = fresh().await;
        rc.sim
            .faults()
            .add(Fault::at("users", what.clone()).times(1));
        let reply = rc.post("users.create", person("ann")).await;
        assert_eq!(reply.status, status, "{what:?}");
        assert_eq!(reply.header("content-type"), content_type, "{what:?}");
        assert!(reply.text.contains(text), "{what:?}: {}", reply.text);
        assert_eq!(created(&rc), 0, "{what:?}");
        assert_eq!(rc.sim.log()[0].status, status);
        rc.user("ann").await;
        assert_eq!(rc.sim.faults().struck(), 1);
    }
}

#[tokio::test]
async fn the_connection_may_be_reset_before_or_after_the_effect() {
    for (what, effects) in [(What::Reset, 0), (What::ResetAfter, 1)] {
        let rc = fresh().await;
        rc.sim.faults().add(Fault::at("any", what).times(1));
        let body = Some(person("ann"));
        assert!(rc.ask("POST", "users.create", body).await.is_none());
        assert_eq!(created(&rc), effects);
        let log = rc.sim.log();
        assert_eq!((log[0].status, log[0].took_effect), (0, effects == 1));
    }
    let rc = fresh().await;
    let fault = Fault::at("users.create", What::StatusAfter(504)).times(1);
    rc.sim.faults().add(fault);
    let reply = rc.post("users.create", person("ann")).await;
    assert_eq!((reply.status, created(&rc)), (504, 1));
}

#[tokio::test]
async fn silence_ends_with_the_fault_and_the_effect_is_there_at_once() {
    for (what, effects) in [(What::Silence, 0), (What::SilenceAfter, 1)] {
        let rc = fresh().await;
        rc.sim.faults().add(Fault::at("users.create", what));
        let asking = rc.ask("POST", "users.create", Some(person("ann")));
        tokio::pin!(asking);
        while rc.sim.log().is_empty() {
            tokio::select! {
                reply = &mut asking => panic!("answered: {reply:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
        assert_eq!(created(&rc), effects);
        rc.sim.faults().clear();
        let answered = asking.await.map(|reply| reply.status);
        assert_eq!(answered, (effects == 1).then_some(200));
    }
}

#[tokio::test]
async fn a_true_answer_may_end_halfway() {
    let rc = fresh().await;
    rc.sim
        .faults()
        .add(Fault::at("users", What::Truncate).times(1));
    let reply = rc.post("users.create", person("ann")).await;
    assert_eq!((reply.status, &reply.json), (200, &serde_json::Value::Null));
    assert!(
        reply.text.starts_with(r#"{"success":true"#),
        "{}",
        reply.text
    );
    assert_eq!(created(&rc), 1);
}

#[tokio::test]
async fn a_fault_strikes_where_and_when_it_was_told() {
    let rc = fresh().await;
    let faults = rc.sim.faults();
    let place = |at| Fault::at(at, What::Status(500));
    faults.set(vec![
        place("roles.list").skip(1).times(1),
        place("departments").on(On::Writes),
    ]);
    let ask = |path| {
        let rc = &rc;
        async move { rc.get(path).await.status }
    };
    assert_eq!(
        [
            ask("roles.list").await,
            ask("roles.list").await,
            ask("roles.list").await
        ],
        [200, 500, 200]
    );
    assert_eq!(
        (ask("me").await, ask("livechat/department").await),
        (200, 200)
    );
    let written = rc.post("livechat/department", json!({})).await;
    assert_eq!(written.status, 500);
    assert_eq!(faults.get().len(), 1, "the used up one is gone");
}

#[tokio::test]
async fn chance_is_the_same_for_the_same_seed() {
    let mut strikes = Vec::new();
    for seed in [5, 5, 6] {
        let rc = start(SimConfig {
            seed,
            faults: vec![Fault::at("any", What::Status(500)).by_chance(0.3)],
            ..SimConfig::default()
        })
        .await;
        let mut struck = Vec::new();
        for _ in 0..60 {
            struck.push(rc.get("me").await.status == 500);
        }
        let count = struck.iter().filter(|one| **one).count();
        assert!((6..=30).contains(&count), "{count} of 60");
        strikes.push(struck);
    }
    assert_eq!(strikes[0], strikes[1]);
    assert_ne!(strikes[0], strikes[2]);
}

#[tokio::test]
async fn a_delay_waits_by_the_clock_after_the_effect() {
    let rc = start(SimConfig {
        delay: Duration::from_millis(20),
        ..SimConfig::default()
    })
    .await;
    let fault = Fault::at("users", What::Nothing).delayed(Duration::from_secs(5));
    rc.sim.faults().add(fault);
    let asking = rc.ask("POST", "users.create", Some(person("ann")));
    tokio::pin!(asking);
    let held = |rc: &Workspace| rc.clock.next_wake();
    while held(&rc).is_none() {
        tokio::select! {
            reply = &mut asking => panic!("answered: {reply:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(created(&rc), 1);
    assert_eq!(held(&rc), Some(Duration::from_millis(5_020)));
    rc.clock.advance(Duration::from_millis(5_020));
    assert_eq!(asking.await.unwrap().status, 200);
}

/// Takes one request, answers it with `status`, and gives what it read.
async fn receiver(status: u16) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
    let taken = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let whole = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).unwrap();
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
            body.is_some_and(|body| serde_json::from_str::<serde_json::Value>(body).is_ok())
        };
        while !whole(&bytes) {
            let mut piece = [0; 4_096];
            let size = stream.read(&mut piece).await.unwrap();
            assert!(size > 0, "left before the end");
            bytes.extend(&piece[..size]);
        }
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(bytes).unwrap()
    });
    (url, taken)
}

#[tokio::test]
async fn the_webhooks_test_really_posts_the_sample_with_its_token() {
    let rc = fresh().await;
    let empty = rc.post("livechat/webhook.test", json!({})).await;
    assert_eq!(empty.json["error"], "Webhook URL is not set");
    for (status, refusal) in [
        (200, (200, "")),
        (204, (400, "error-invalid-webhook-response")),
        (500, (400, "error-invalid-webhook-response")),
    ] {
        let (url, taken) = receiver(status).await;
        for (id, value) in [
            ("Livechat_webhookUrl", url.as_str()),
            ("Livechat_secret_token", "s3"),
        ] {
            rc.done(&format!("settings/{id}"), json!({ "value": value }))
                .await;
        }
        let reply = rc.post("livechat/webhook.test", json!({})).await;
        assert_eq!(reply.refusal(), refusal, "{status}");
        let request = taken.await.unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{head}");
        assert!(
            head.contains("\r\nX-RocketChat-Livechat-Token: s3\r\n"),
            "{head}"
        );
        let sample: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(sample["type"], "LivechatSession");
    }
    // Nobody there, and not on this machine: nothing is sent anywhere.
    for url in [
        "http://127.0.0.1:1/",
        "http://192.0.2.1/",
        "https://127.0.0.1/",
    ] {
        let value = json!({ "value": url });
        rc.done("settings/Livechat_webhookUrl", value).await;
        let reply = rc.post("livechat/webhook.test", json!({})).await;
        assert_eq!(reply.refusal(), (400, "error-invalid-webhook-response"));
    }
}

#[tokio::test]
async fn a_dropped_simulator_stops_listening() {
    let sim = Simulator::start(SimConfig::default(), Arc::new(SystemClock::new()));
    let sim = sim.await.unwrap();
    let addr = sim.addr();
    sim.stop().await;
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}
