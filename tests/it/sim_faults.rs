//! The simulated LivePerson, broken in every way it can be.

use std::time::Duration;

use lp2rc::sim::liveperson::{Fault, Faults, Place, SimConfig, Simulator, What};
use serde_json::{Value, json};

use crate::sim_client::{enter, ids, login, send, still};

#[tokio::test]
async fn every_fault_of_the_list_has_its_bytes_and_ends_when_cleared() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let healthy = entered.list(&sim, "").await;
    let body = healthy.text();
    let status = |status| What::Status(status);
    let error = |status, name: &str| {
        (
            status,
            "application/json",
            format!(
                r#"{{"error":{{"internalCode":5,"message":"{name}","time":"2012-03-12T09:35:26.464+00:00"}}}}"#
            ),
        )
    };
    let json = "application/json";
    let lelogin = r#"{"error":"LeLogin1 failed - invalid url received from app server"}"#;
    let rejected =
        "oauth_problem=token_rejected&oauth_problem_advice=the oauth_token is unacceptable";
    let cases = [
        (What::Nothing, (200, json, body.to_owned())),
        (status(204), (204, "", String::new())),
        (status(304), (304, "", String::new())),
        (status(401), (401, "text/plain", rejected.to_owned())),
        (status(429), error(429, "Too Many Requests")),
        (status(451), error(451, "Unavailable For Legal Reasons")),
        (status(500), (500, json, lelogin.to_owned())),
        (
            What::ContentType("text/html".to_owned()),
            (200, "text/html", body.to_owned()),
        ),
        (What::ContentType(String::new()), (200, "", body.to_owned())),
        (What::Truncate(100), (200, json, body[..100].to_owned())),
        (What::Truncate(0), (200, json, String::new())),
        (
            What::Answer {
                status: 200,
                content_type: json.to_owned(),
                body: "[]".to_owned(),
            },
            (200, json, "[]".to_owned()),
        ),
    ];
    for (what, (status, content_type, expected)) in cases {
        sim.faults()
            .put(Place::Agents, Fault::lasting(what.clone()));
        for _ in 0..2 {
            let reply = entered.list(&sim, "").await;
            let shown = (reply.status, reply.header("content-type"), reply.text());
            assert_eq!(shown, (status, content_type, expected.as_str()), "{what:?}");
            assert!(!reply.broken, "{what:?} is well-formed HTTP");
        }
        sim.faults().clear();
        assert_eq!(entered.list(&sim, "").await.text(), body);
    }
}

#[tokio::test]
async fn pages_lists_and_links_can_be_wrong() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let whole = entered.list(&sim, "").await.json();
    let set = |what| sim.faults().put(Place::Agents, Fault::times(1, what));

    for (what, status) in [(What::Html503, 503), (What::Html200, 200)] {
        set(what);
        let page = entered.list(&sim, "").await;
        assert_eq!(page.status, status);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.text().starts_with("<!DOCTYPE html>"));
    }
    set(What::EmptyList);
    let empty = entered.list(&sim, "").await.json();
    assert_eq!(ids(&empty), Vec::<String>::new());
    assert_eq!(
        empty["availableAgents"]["link"],
        whole["availableAgents"]["link"]
    );
    set(What::HalfList);
    assert_eq!(ids(&entered.list(&sim, "").await.json()), ids(&whole)[..13]);
    set(What::ForeignAccount("999".to_owned()));
    let foreign = entered.list(&sim, "").await.json();
    let href = foreign["availableAgents"]["link"]["@href"]
        .as_str()
        .unwrap();
    assert!(href.contains("/api/account/999/agentSession/"), "{href}");
    assert_eq!(ids(&foreign), ids(&whole));
    assert_eq!(
        entered.list(&sim, "").await.json(),
        whole,
        "all were for one answer"
    );
}

#[tokio::test]
async fn bodies_can_be_huge_or_explode() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let set = |what| sim.faults().put(Place::Agents, Fault::lasting(what));

    set(What::HugeBody(5_000_000));
    let huge = entered.list(&sim, "").await;
    assert_eq!(
        huge.header("transfer-encoding"),
        "chunked",
        "its size is not announced"
    );
    assert_eq!(huge.body.len(), 5_000_000);
    assert!(
        huge.text()
            .starts_with(r#"{"availableAgents":{"agents":{"agent":["#)
    );

    set(What::GzipBomb(50_000_000));
    let bomb = entered.list(&sim, "").await;
    assert_eq!(bomb.header("content-encoding"), "gzip");
    assert!(bomb.body.len() < 330_000, "{} bytes", bomb.body.len());
    let client = reqwest::Client::new();
    let url = format!("{}{}/availableAgents?v=1", sim.base_url(), entered.session);
    let mut answer = client.get(url).send().await.unwrap();
    let (mut unpacked, mut first) = (0, Vec::new());
    // It ends in an error, since the end of the stream is left out.
    while let Ok(Some(chunk)) = answer.chunk().await {
        if first.is_empty() {
            first = chunk.to_vec();
        }
        unpacked += chunk.len();
    }
    assert!(first.starts_with(br#"{"availableAgents":{"agents":{"agent":[ "#));
    assert!(unpacked > 49_000_000, "{unpacked} bytes");

    set(What::EntityBomb);
    let bomb = entered.list(&sim, "").await;
    assert_eq!(bomb.header("content-type"), "application/xml");
    assert!(bomb.text().contains("<!ENTITY e9 \"&e8;&e8;"));
    assert!(bomb.text().contains("<nickname>&e9;</nickname>"));
    assert!(bomb.body.len() < 2_000, "small on the wire");
}

#[tokio::test]
async fn a_reset_breaks_the_connection_after_the_given_bytes() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let whole = entered.list(&sim, "").await;
    sim.faults()
        .put(Place::Agents, Fault::times(1, What::Reset(200)));
    let reply = entered.list(&sim, "").await;
    assert!(reply.broken);
    assert_eq!(
        (reply.status, reply.body.as_slice()),
        (200, &whole.body[..200])
    );
    assert!(!entered.list(&sim, "").await.broken);
}

#[tokio::test]
async fn faults_strike_only_at_their_place_and_as_often_as_told() {
    let faults = Faults {
        login: Some(Fault::times(2, What::Status(429))),
        discovery: Some(Fault::lasting(What::Html503)),
        ..Faults::default()
    };
    let (sim, _) = still(SimConfig {
        faults,
        ..SimConfig::default()
    })
    .await;
    let refused = login(&sim, "bridge-password").await;
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.json()["error"]["responseStatus"],
        "TOO_MANY_REQUESTS"
    );
    assert_eq!(sim.faults().get().login.unwrap().times, Some(1));
    assert_eq!(login(&sim, "bridge-password").await.status, 429);
    assert_eq!(sim.faults().get().login, None);
    let entered = enter(&sim).await;
    assert_eq!(entered.list(&sim, "").await.status, 200);
    let line = "GET /api/account/12345678/service/agentVep/baseURI.json";
    assert_eq!(send(&sim, line, &[], "").await.status, 503);

    let without_bearer = What::Answer {
        status: 200,
        content_type: "application/json".to_owned(),
        body: json!({ "error": "locked" }).to_string(),
    };
    sim.faults()
        .put(Place::Login, Fault::times(1, without_bearer));
    assert_eq!(
        login(&sim, "bridge-password").await.json()["error"],
        "locked"
    );
    assert_eq!(
        entered.list(&sim, "").await.status,
        200,
        "that login did not happen"
    );
}

#[tokio::test]
async fn a_delay_holds_the_answer_back_by_the_clock() {
    let (sim, clock) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let slow = Fault::times(1, What::Nothing).after(Duration::from_secs(20));
    sim.faults().put(Place::Agents, slow);
    let mut answer = std::pin::pin!(entered.list(&sim, ""));
    tokio::select! {
        _ = &mut answer => panic!("answered at once"),
        () = async {
            while clock.next_wake() != Some(Duration::from_secs(20)) {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    clock.advance(Duration::from_secs(20));
    assert_eq!(answer.await.status, 200);
}

#[tokio::test]
async fn a_status_can_say_when_to_come_back() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let wait = What::StatusRetryAfter(429, "7".to_owned());
    sim.faults().put(Place::Agents, Fault::times(1, wait));
    let reply = entered.list(&sim, "").await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, "7"));
    sim.faults()
        .put(Place::Agents, Fault::times(1, What::Status(429)));
    assert_eq!(entered.list(&sim, "").await.header("retry-after"), "");
}

#[tokio::test]
async fn a_login_can_succeed_without_a_bearer_and_is_none() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    sim.faults()
        .put(Place::Login, Fault::times(1, What::NoBearer));
    let reply = login(&sim, "bridge-password").await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert_eq!(body["config"]["loginName"], "bridge");
    assert_eq!(
        (&body["bearer"], &body["csrf"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(reply.header("set-cookie"), "");
    assert_eq!(sim.counts().logins_made, 1);
    assert_eq!(
        entered.list(&sim, "").await.status,
        200,
        "nobody was replaced"
    );
}

#[tokio::test]
async fn links_and_session_addresses_can_name_a_foreign_host() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let fault = Fault::lasting(What::ForeignNext("evil.example.org".to_owned()));
    sim.faults().put(Place::Agents, fault.clone());
    let foreign = format!("https://evil.example.org{}", entered.session);
    let list = entered.list(&sim, "").await.json();
    let href = list["availableAgents"]["link"]["@href"].as_str().unwrap();
    assert!(
        href.starts_with(&format!("{foreign}/availableAgents?timeStamp=")),
        "{href}"
    );
    assert!(!ids(&list).is_empty(), "the list is the true one");
    let path = "/availableAgents?v=1";
    let xml = entered.get(&sim, path, "application/xml").await;
    assert!(
        xml.text().contains(&format!("<link href=\"{foreign}/")),
        "{}",
        xml.text()
    );

    sim.faults().put(Place::Session, fault);
    let headers = [("Authorization", entered.authorization.as_str())];
    let line = "POST /api/account/12345678/agentSession?v=1";
    let made = send(&sim, line, &headers, r#"{"loginData":""}"#).await;
    let href = made.json()["agentSessionLocation"]["link"]["@href"].clone();
    assert_eq!(href.as_str().unwrap(), made.header("location"));
    assert!(
        made.header("location")
            .starts_with("https://evil.example.org/api/account/")
    );
    let shown = entered.get(&sim, "?v=1", "application/json").await.json();
    let first = &shown["agentSessionId"]["link"][0]["@href"];
    assert_eq!(first.as_str().unwrap(), foreign);
}

/// Waits, without a clock, until so many requests are held and no other is under way.
async fn settled(sim: &Simulator, held: usize) {
    while (sim.in_flight(), sim.held()) != (held, held) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn silence_lasts_until_its_place_is_set_anew() {
    // Whatever is set: it is for the answers after this one.
    for by_hand in [What::Nothing, What::Html503, What::Silence] {
        let (sim, clock) = still(SimConfig::default()).await;
        let entered = enter(&sim).await;
        sim.faults()
            .put(Place::Agents, Fault::times(1, What::Silence));
        let asking = entered.list(&sim, "");
        let answering = async {
            settled(&sim, 1).await;
            // Neither time nor faults elsewhere end it.
            clock.advance(Duration::from_secs(300));
            sim.faults()
                .put(Place::Login, Fault::lasting(What::Html200));
            tokio::task::yield_now().await;
            assert_eq!(sim.held(), 1);
            sim.faults().put(Place::Agents, Fault::lasting(by_hand));
            assert_eq!(sim.held(), 0, "at once, not when it is noticed");
        };
        let (reply, ()) = tokio::join!(asking, answering);
        assert_eq!(reply.status, 200, "the true answer, late");
        settled(&sim, 0).await;
    }
}

#[tokio::test]
async fn a_slow_drip_gives_the_true_answer_by_the_clock() {
    let (sim, clock) = still(SimConfig {
        agents: 1,
        ..SimConfig::default()
    })
    .await;
    let entered = enter(&sim).await;
    let whole = entered.list(&sim, "").await;
    let size = whole.body.len();
    let drip = What::SlowDrip {
        bytes: 100,
        every: Duration::from_millis(250),
    };
    sim.faults().put(Place::Agents, Fault::lasting(drip));
    let naps = size.div_ceil(100) - 1;
    assert!(naps > 5, "{size} bytes");
    let asking = entered.list(&sim, "");
    let driving = async {
        for _ in 0..naps {
            settled(&sim, 1).await;
            assert_eq!(clock.next_wake(), Some(Duration::from_millis(250)));
            clock.advance(Duration::from_millis(250));
        }
    };
    let (reply, ()) = tokio::join!(asking, driving);
    assert_eq!(reply.header("content-length"), size.to_string());
    assert_eq!(reply.body, whole.body);
    settled(&sim, 0).await;
}

#[tokio::test]
async fn a_delayed_answer_is_held_until_the_clock_is_there() {
    let (sim, clock) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let late = Fault::lasting(What::Nothing).after(Duration::from_secs(9));
    sim.faults().put(Place::Agents, late);
    let asking = async { tokio::join!(entered.list(&sim, ""), entered.list(&sim, "")) };
    let driving = async {
        settled(&sim, 2).await;
        clock.advance(Duration::from_secs(9));
        assert_eq!(sim.held(), 0, "at once, not when it is noticed");
    };
    let ((one, two), ()) = tokio::join!(asking, driving);
    assert_eq!((one.status, two.status), (200, 200));
    settled(&sim, 0).await;
}
