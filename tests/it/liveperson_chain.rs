//! The chain when all goes well: every request byte for byte, and what becomes of the answers.

use std::time::Duration;

use lp2rc::{
    config::{Filters, WireFormat},
    domain::{Coverage, Presence},
    ports::{PollRequest, Source as _},
};

use crate::liveperson_server::{
    self as script, Reply, Server, agents, json, ok, opening, reader, typed,
};

const FULL: PollRequest = PollRequest { full: true };
const ANY: PollRequest = PollRequest { full: false };

const TRANSCRIPT: &str = r#"GET /api/account/20026006/service/agentVep/baseURI.json?version=1.0
accept-encoding: gzip
accept: application/json
host: HOST
user-agent: lp2rc/0.1.0

----
POST /api/account/20026006/login?v=1.3
accept-encoding: gzip
accept: application/json
content-length: 46
content-type: application/json
host: HOST
user-agent: lp2rc/0.1.0

{"password":"pass-word-9","username":"bridge"}
----
POST /api/account/20026006/agentSession?v=1&NC=true
accept-encoding: gzip
accept: application/json
authorization: Bearer bearer-1f
content-length: 16
content-type: application/json
host: HOST
user-agent: lp2rc/0.1.0

{"loginData":""}
----
POST /api/account/20026006/agentSession/9/availability?v=1&NC=true
accept-encoding: gzip
accept: application/json
authorization: Bearer bearer-1f
content-length: 32
content-type: application/json
host: HOST
user-agent: lp2rc/0.1.0
x-http-method-override: PUT

{"availability":{"chat":"Away"}}
----
GET /api/account/20026006/agentSession/9/availableAgents?v=1&NC=true
accept-encoding: gzip
accept: application/json
authorization: Bearer bearer-1f
content-type: application/json
host: HOST
user-agent: lp2rc/0.1.0

----
POST /api/account/20026006/logout?v=1.3
accept-encoding: gzip
accept: application/json
content-length: 18
content-type: application/json
cookie: session_id=cookie-77
host: HOST
user-agent: lp2rc/0.1.0

{"csrf":"csrf-42"}"#;

#[tokio::test]
async fn the_whole_chain_goes_out_in_order_and_byte_for_byte() {
    let server = Server::start(opening().into_iter().chain([agents(), ok()])).await;
    let (reader, clock) = server.reader();
    let seen = reader.poll(FULL).await.unwrap();
    reader.close().await;
    let transcript = server.transcript().join("\n----\n");
    assert_eq!(transcript.replace("\n\n\n", "\n\n"), TRANSCRIPT);

    let ids: Vec<&str> = seen.agents.iter().map(|agent| agent.id.as_str()).collect();
    assert_eq!(ids, ["2"], "the bridge's own user 3 is left out");
    assert_eq!(seen.agents[0].presence, Presence::Online);
    assert_eq!(seen.coverage, Coverage::Full);
    assert_eq!(seen.cursor, Some(1_331_544_926_464));
    assert_eq!(seen.taken_at, lp2rc::ports::Clock::now(&clock));
    assert!(seen.skipped.is_empty());
}

#[tokio::test]
async fn close_without_a_login_sends_nothing() {
    let server = Server::start([]).await;
    server.reader().0.close().await;
    assert!(server.transcript().is_empty());
}

#[tokio::test]
async fn login_and_session_are_kept_and_refreshed_when_due() {
    let server = Server::start(opening().into_iter().chain([agents(), agents()])).await;
    let (reader, clock) = server.reader();
    reader.poll(FULL).await.unwrap();
    server.lines();
    clock.advance(Duration::from_secs(239));
    reader.poll(ANY).await.unwrap();
    assert_eq!(
        server.lines(),
        ["GET agentSession/9/availableAgents?v=1&NC=true"]
    );

    clock.advance(Duration::from_secs(1));
    server.then([ok(), agents()]);
    reader.poll(ANY).await.unwrap();
    let asked = server.transcript();
    assert!(asked[0].starts_with("POST /api/account/20026006/refresh?v=1.3\n"));
    assert!(asked[0].contains("\ncookie: session_id=cookie-77\n"));
    assert!(asked[0].ends_with("\n\n{\"csrf\":\"csrf-42\"}"));
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn a_login_that_ended_is_made_anew_and_one_that_stumbled_is_kept() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let (reader, clock) = server.reader();
    reader.poll(FULL).await.unwrap();
    server.lines();

    clock.advance(Duration::from_secs(240));
    server.then([json(503, ""), agents(), agents()]);
    reader.poll(ANY).await.unwrap();
    reader.poll(ANY).await.unwrap();
    let read = "GET agentSession/9/availableAgents?v=1&NC=true";
    assert_eq!(server.lines(), ["POST refresh?v=1.3", read, read]);

    clock.advance(Duration::from_secs(60));
    let csrf = r#"{"error":{"message":"CSRF token invalid!","internalCode":10}}"#;
    server.then([
        json(401, csrf),
        script::login(),
        script::session(9),
        ok(),
        agents(),
    ]);
    reader.poll(ANY).await.unwrap();
    assert_eq!(
        server.lines(),
        [
            "POST refresh?v=1.3",
            "POST login?v=1.3",
            "POST agentSession?v=1&NC=true",
            "POST agentSession/9/availability?v=1&NC=true",
            read,
        ]
    );
}

#[tokio::test]
async fn xml_gives_the_same_observation() {
    let xml = r#"<availableAgents><agents><agent id="3" chatState="4"/><agent id="2" chatState="2" maxChats="-1"><userName>Agent1</userName></agent></agents><link href="https://{host}/api/account/20026006/agentSession/9/availableAgents?timeStamp=1331544926464" rel="next"/></availableAgents>"#;
    let server = Server::start(opening().into_iter().chain([agents(), agents()])).await;
    let (as_json, _) = server.reader();
    let from_json = as_json.poll(FULL).await.unwrap();
    // The first byte decides, whatever the header says.
    let mislabelled = as_json.poll(FULL).await.unwrap();
    assert_eq!(mislabelled, from_json);

    for content_type in ["application/xml;charset=UTF-8", "application/json", ""] {
        let server =
            Server::start(opening().into_iter().chain([typed(200, content_type, xml)])).await;
        let mut config = server.config();
        config.format = WireFormat::Xml;
        let from_xml = reader(config).0.poll(FULL).await.unwrap();
        assert_eq!(from_xml, from_json);
        let asked = server.transcript();
        assert!(
            asked[4].contains("\naccept: application/xml\n"),
            "{}",
            asked[4]
        );
        assert!(
            asked[2].contains("\naccept: application/json\n"),
            "the session is asked for in JSON"
        );
    }
}

#[tokio::test]
async fn filters_are_encoded_and_told() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let mut config = server.config();
    config.filters = Filters {
        skill: Some("Größe & more".to_owned()),
        chat_state: Some("Online".to_owned()),
        ..Filters::default()
    };
    let seen = reader(config).0.poll(FULL).await.unwrap();
    assert_eq!(seen.coverage, Coverage::Filtered);
    assert_eq!(
        server.lines()[4],
        "GET agentSession/9/availableAgents?v=1&NC=true&skill=Gr%C3%B6%C3%9Fe%20%26%20more&chatState=Online"
    );
}

#[tokio::test]
async fn the_next_link_is_followed_between_full_polls_only() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let mut config = server.config();
    config.follow_next = true;
    config.filters.chat_state = Some("Online".to_owned());
    let (reader, _) = reader(config);
    reader.poll(ANY).await.unwrap();
    server.lines();
    let full = "GET agentSession/9/availableAgents?v=1&NC=true&chatState=Online";
    let next =
        "GET agentSession/9/availableAgents?timeStamp=1331544926464&v=1&NC=true&chatState=Online";

    // Silence of any kind means that nothing changed, and the link stays good.
    for silence in [json(204, ""), json(304, ""), json(200, " \n")] {
        server.then([silence]);
        let seen = reader.poll(ANY).await.unwrap();
        assert_eq!((seen.agents.len(), seen.coverage), (0, Coverage::Partial));
        assert_eq!(seen.cursor, Some(1_331_544_926_464));
        assert_eq!(server.lines(), [next]);
    }

    server.then([agents()]);
    let seen = reader.poll(ANY).await.unwrap();
    assert_eq!((seen.agents.len(), seen.coverage), (1, Coverage::Partial));
    assert_eq!(server.lines(), [next]);

    server.then([agents()]);
    let seen = reader.poll(FULL).await.unwrap();
    assert_eq!(seen.coverage, Coverage::Filtered);
    assert_eq!(server.lines(), [full]);

    for stale in [400, 404, 410] {
        server.then([json(stale, ""), agents()]);
        let seen = reader.poll(ANY).await.unwrap();
        assert_eq!(seen.coverage, Coverage::Filtered);
        assert_eq!(server.lines(), [next, full]);
    }

    // A failure loses the link: afterwards the whole account is asked for.
    server.then([json(503, ""), agents()]);
    reader.poll(ANY).await.unwrap_err();
    reader.poll(ANY).await.unwrap();
    assert_eq!(server.lines(), [next, full]);
}

#[tokio::test]
async fn a_next_link_to_a_stranger_is_not_followed() {
    let link = r#"{"availableAgents":{"link":{"@href":"https://webserver/api/account/20026006/agentSession/9/availableAgents?timeStamp=5","@rel":"next"}}}"#;
    let server = Server::start(opening().into_iter().chain([json(200, link), agents()])).await;
    let mut config = server.config();
    config.follow_next = true;
    let (reader, _) = reader(config);
    assert_eq!(reader.poll(ANY).await.unwrap().cursor, Some(5));
    assert_eq!(reader.poll(ANY).await.unwrap().coverage, Coverage::Full);
}

#[tokio::test]
async fn the_host_that_the_login_names_wins_over_discoverys() {
    let agent_api = Server::start([script::session(9), ok(), agents()]).await;
    let login = format!(
        r#"{{"bearer":"b","sessionId":"from-body","csrf":"c","config":{{"userId":3}},"csdsCollectionResponse":{{"baseURIs":[{{"service":"agentVep","account":"20026006","baseURI":"{}"}}]}}}}"#,
        agent_api.host
    );
    let first = Server::start([script::discovery(), json(200, &login)]).await;
    let (reader, _) = first.reader();
    let seen = reader.poll(FULL).await.unwrap();
    assert_eq!(seen.agents.len(), 1, "a number names the own user as well");
    assert_eq!(first.lines().len(), 2);
    agent_api.then([ok()]);
    reader.close().await;
    let asked = agent_api.transcript();
    assert_eq!(asked.len(), 4);
    assert!(
        asked[3].contains("\ncookie: session_id=from-body\n"),
        "{}",
        asked[3]
    );
}

#[tokio::test]
async fn an_idle_session_is_kept_alive_between_rare_polls() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let mut config = server.config();
    config.refresh_every = Duration::from_secs(10_000);
    let (reader, clock) = reader(config);
    reader.tend().await.unwrap();
    assert!(
        server.lines().is_empty(),
        "nothing is opened for its own sake"
    );
    reader.poll(FULL).await.unwrap();
    server.lines();

    clock.advance(Duration::from_secs(299));
    reader.tend().await.unwrap();
    assert!(server.lines().is_empty());
    clock.advance(Duration::from_secs(1));
    server.then([json(200, r#"{"incomingRequests":{"ringingCount":"0"}}"#)]);
    reader.tend().await.unwrap();
    reader.tend().await.unwrap();
    assert_eq!(
        server.lines(),
        ["GET agentSession/9/incomingRequests?v=1&NC=true"]
    );

    // A session that is gone is dropped; the next poll opens another with the same bearer.
    clock.advance(Duration::from_secs(300));
    server.then([json(404, ""), script::session(10), ok(), agents()]);
    reader.tend().await.unwrap();
    reader.poll(FULL).await.unwrap();
    assert_eq!(server.lines().len(), 4);
}

#[tokio::test]
async fn the_keep_alive_loop_sleeps_until_something_is_due() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let (reader, clock) = server.reader();
    reader.poll(FULL).await.unwrap();
    server.lines();
    let reader = std::sync::Arc::new(reader);
    let looping = tokio::spawn({
        let reader = std::sync::Arc::clone(&reader);
        async move { reader.keep_alive().await }
    });
    for (step, reply) in [
        (240, "POST refresh?v=1.3"),
        (60, "GET agentSession/9/incomingRequests?v=1&NC=true"),
    ] {
        while clock.next_wake() != Some(Duration::from_secs(step)) {
            tokio::task::yield_now().await;
        }
        server.then([ok()]);
        clock.advance(Duration::from_secs(step));
        while server.lines() != [reply] {
            tokio::task::yield_now().await;
        }
    }
    looping.abort();
}

#[tokio::test]
async fn away_is_asked_for_until_it_is_granted_or_refused() {
    let mut replies = opening();
    replies[3] = json(503, "");
    replies.extend([agents(), json(403, ""), agents(), agents()]);
    let server = Server::start(replies).await;
    let (reader, _) = server.reader();
    for _ in 0..3 {
        reader.poll(FULL).await.unwrap();
    }
    let away = "POST agentSession/9/availability?v=1&NC=true";
    let read = "GET agentSession/9/availableAgents?v=1&NC=true";
    assert_eq!(server.lines()[3..], [away, read, away, read, read]);
}

#[tokio::test]
async fn the_session_may_be_named_by_the_header_alone() {
    let location = (
        "location",
        "/api/account/20026006/agentSession/77".to_owned(),
    );
    let mut replies = opening();
    replies[2] = Reply::Answer(201, vec![location], Vec::new());
    let server = Server::start(replies.into_iter().chain([agents()])).await;
    server.reader().0.poll(FULL).await.unwrap();
    assert_eq!(
        server.lines()[4],
        "GET agentSession/77/availableAgents?v=1&NC=true"
    );
}

/// Simulators must be readable on a machine without CA certificates, where the HTTP client cannot
/// be built in the usual way. The environment can only be changed for another process.
#[test]
fn a_machine_without_certificates_reads_a_simulator() {
    let name = "the_whole_chain_goes_out_in_order_and_byte_for_byte";
    let run = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("liveperson_chain::{name}")])
        .env("SSL_CERT_FILE", "/nonexistent/certs.pem")
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(said.contains("1 passed"), "{said}");
}
