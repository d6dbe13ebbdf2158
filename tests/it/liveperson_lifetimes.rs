//! What a service that runs for months meets: lost sessions, refused logins, waits, retirement.

use std::{net::ToSocketAddrs as _, sync::Arc, time::Duration};

use lp2rc::{
    config::{Credentials, LivePersonConfig},
    liveperson::LivePerson,
    ports::{LatchStore as _, ManualClock, PollRequest, Source as _, SourceError, SourceFault},
    state::MemoryStore,
    telemetry::Metrics,
};
use secrecy::SecretString;

use crate::liveperson_server::{
    Server, agents, discovery, json, login, ok, opening, reader, session, typed,
};

const FULL: PollRequest = PollRequest { full: true };
const ANY: PollRequest = PollRequest { full: false };

/// A reader whose latch and metrics a test may look at.
fn looked_at(config: LivePersonConfig, store: &Arc<MemoryStore>) -> (LivePerson, Metrics) {
    let metrics = Metrics::new();
    let clock = Arc::new(ManualClock::default());
    let latches = Arc::clone(store);
    let reader = LivePerson::new(config, clock, latches, metrics.clone()).unwrap();
    (reader, metrics)
}

fn lost() -> crate::liveperson_server::Reply {
    typed(401, "text/plain", "oauth_problem=token_rejected")
}

async fn fails(reader: &LivePerson, fault: SourceFault) -> SourceError {
    let error = reader.poll(FULL).await.unwrap_err();
    assert_eq!(error.fault, fault, "{error}");
    error
}

#[tokio::test]
async fn three_sessions_lost_in_ten_minutes_are_another_client_and_not_fought_over() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let (reader, clock) = server.reader();
    reader.poll(FULL).await.unwrap();
    for id in [10, 11] {
        server.then([lost(), session(id), ok(), agents()]);
        reader.poll(FULL).await.unwrap();
        clock.advance(Duration::from_secs(60));
    }
    server.lines();
    server.then([lost()]);
    let error = fails(&reader, SourceFault::Replaced).await;
    assert!(error.what.contains("another client"), "{error}");
    let wait = error.retry_after.unwrap();
    assert!(wait >= Duration::from_secs(300), "{wait:?}");
    assert_eq!(server.lines().len(), 1, "nothing is rebuilt");
    // Neither a poll nor the keep-alive disturbs the other client.
    clock.advance(wait.saturating_sub(Duration::from_secs(1)));
    let again = fails(&reader, SourceFault::Replaced).await;
    assert_eq!(again.retry_after, Some(Duration::from_secs(1)));
    reader.tend().await.unwrap();
    assert_eq!(server.asked(), 0);
    clock.advance(Duration::from_secs(1));
    server.then([login(), session(12), ok(), agents()]);
    reader.poll(FULL).await.unwrap();
}

#[tokio::test]
async fn a_login_that_is_ended_again_and_again_counts_like_a_session() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let mut config = server.config();
    config.refresh_every = Duration::from_secs(60);
    let (reader, clock) = reader(config);
    reader.poll(FULL).await.unwrap();
    for id in [10, 11] {
        clock.advance(Duration::from_secs(60));
        server.then([json(401, ""), login(), session(id), ok(), agents()]);
        reader.poll(FULL).await.unwrap();
    }
    clock.advance(Duration::from_secs(60));
    server.then([json(401, "")]);
    let error = reader.tend().await.unwrap_err();
    assert_eq!(error.fault, SourceFault::Replaced, "{error}");
    fails(&reader, SourceFault::Replaced).await;
}

#[tokio::test]
async fn sessions_lost_now_and_then_are_ordinary() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let mut config = server.config();
    config.refresh_every = Duration::from_secs(1_000_000);
    let (reader, clock) = reader(config);
    reader.poll(FULL).await.unwrap();
    for id in 10..20 {
        clock.advance(Duration::from_secs(301));
        server.then([json(404, ""), session(id), ok(), agents()]);
        reader.poll(FULL).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_in_trouble_is_not_asked_by_the_keep_alive_either() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let mut config = server.config();
    config.retry.quick = Vec::new();
    config.refresh_every = Duration::from_secs(60);
    let (reader, clock) = reader(config);
    reader.poll(FULL).await.unwrap();
    server.then([json(503, "")]);
    let wait = fails(&reader, SourceFault::ServerError).await.retry_after;
    let wait = wait.unwrap();
    clock.advance(wait.saturating_sub(Duration::from_millis(1)));
    server.lines();
    reader.tend().await.unwrap();
    assert_eq!(server.asked(), 0);
    // When the wait is over, it looks after the login again, whether a poll comes or not.
    clock.advance(Duration::from_millis(1));
    server.then([ok()]);
    reader.tend().await.unwrap();
    assert_eq!(server.lines(), ["POST refresh?v=1.3"]);
}

#[tokio::test]
async fn a_wait_that_livepersons_proxy_makes_absurd_is_cut() {
    let year = vec![("retry-after", "31536000".to_owned())];
    let year = crate::liveperson_server::Reply::Answer(429, year, Vec::new());
    let server = Server::start(opening().into_iter().chain([year])).await;
    let (reader, clock) = server.reader();
    let error = fails(&reader, SourceFault::Throttled).await;
    assert_eq!(error.retry_after, Some(Duration::from_secs(3_600)));
    clock.advance(Duration::from_secs(3_600));
    server.then([ok(), agents()]);
    reader.poll(FULL).await.unwrap();
}

#[tokio::test]
async fn a_host_that_answers_rubbish_is_looked_for_anew() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let (reader, _) = server.reader();
    reader.poll(FULL).await.unwrap();
    for _ in 0..3 {
        server.then([typed(200, "text/html", "<html>parked</html>")]);
        fails(&reader, SourceFault::UnexpectedAnswer).await;
    }
    server.lines();
    server.then(opening().into_iter().chain([agents()]));
    reader.poll(FULL).await.unwrap();
    assert_eq!(server.lines().len(), 5);
}

#[tokio::test]
async fn a_refused_login_stands_over_restarts_until_the_credentials_change() {
    let store = Arc::new(MemoryStore::new(1));
    for (status, fault) in [
        (401, SourceFault::CredentialsRejected),
        (451, SourceFault::Blacklisted),
    ] {
        let server = Server::start([discovery(), json(status, "")]).await;
        let (first, _) = looked_at(server.config(), &store);
        let error = fails(&first, fault).await;
        assert_eq!(error.retry_after, None, "a person is needed");
        assert_eq!(server.lines().len(), 2);
        let kept = store.load_latch().unwrap().unwrap();
        assert!(kept.fingerprint.len() <= 4, "too short to guess from");

        // Another process, the same credentials: not even discovery is asked.
        let (second, _) = looked_at(server.config(), &store);
        let error = fails(&second, fault).await;
        assert!(error.what.contains("check --retry-login"), "{error}");
        assert_eq!(server.asked(), 0);
        assert_eq!(
            store.load_latch().unwrap().unwrap(),
            kept,
            "not made younger"
        );

        // Other credentials are tried, and what worked is no longer refused.
        let mut changed = server.config();
        changed.credentials = Credentials::Password(SecretString::from("another-1"));
        server.then(opening().into_iter().chain([agents()]));
        looked_at(changed, &store).0.poll(FULL).await.unwrap();
        assert_eq!(store.load_latch().unwrap(), None);
    }
}

#[tokio::test]
async fn a_blacklisting_that_the_keep_alive_meets_stops_the_polls_too() {
    let store = Arc::new(MemoryStore::new(1));
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let clock = ManualClock::default();
    let latches = Arc::clone(&store);
    let config = server.config();
    let reader = LivePerson::new(config, Arc::new(clock.clone()), latches, Metrics::new()).unwrap();
    reader.poll(FULL).await.unwrap();
    clock.advance(Duration::from_secs(240));
    server.then([json(451, "")]);
    server.lines();
    assert_eq!(
        reader.tend().await.unwrap_err().fault,
        SourceFault::Blacklisted
    );
    fails(&reader, SourceFault::Blacklisted).await;
    assert_eq!(server.lines().len(), 1);
    assert!(store.load_latch().unwrap().is_some());
}

#[tokio::test]
async fn oauth2_client_credentials_go_into_the_same_login_body() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let mut config = server.config();
    config.credentials = Credentials::Client {
        id: "client-7".to_owned(),
        secret: SecretString::from("client-secret-7"),
    };
    reader(config).0.poll(FULL).await.unwrap();
    let login = &server.transcript()[1];
    assert!(
        login.ends_with(
            r#"{"accessToken":"dummy","accessTokenSecret":"dummy","appKey":"client-7","secret":"client-secret-7","username":"bridge"}"#
        ),
        "{login}"
    );
}

#[tokio::test]
async fn a_service_that_is_not_there_for_long_is_retired_and_still_looked_for() {
    for status in [404, 410] {
        let server = Server::start(opening().into_iter().chain([agents()])).await;
        let (reader, clock) = server.reader();
        reader.poll(FULL).await.unwrap();
        let gone = || json(status, "");
        // The session, then the login's host, then discovery: all gone.
        if status == 404 {
            server.then([gone(), gone()]);
        } else {
            server.then([gone()]);
        }
        let mut error = fails(&reader, SourceFault::NotFound).await;
        let mut hours = 0;
        while error.fault == SourceFault::NotFound {
            assert!(hours < 25, "{error}");
            clock.advance(Duration::from_secs(3_600));
            hours += 1;
            server.then(vec![gone(); 12]);
            error = reader.poll(FULL).await.unwrap_err();
            server.forget();
        }
        assert_eq!((error.fault, hours), (SourceFault::Retired, 24), "{error}");
        assert!(error.what.contains("switched"), "{error}");
        assert!(error.retry_after >= Some(Duration::from_secs(3_600)));
        // Should it come back after all, it is read again.
        server.then(opening().into_iter().chain([agents()]));
        reader.poll(FULL).await.unwrap();
    }
}

#[tokio::test]
async fn a_host_that_dns_does_not_know_is_not_there_rather_than_silent() {
    let server = Server::start([]).await;
    let mut config = server.config();
    let name = "no-such-host.invalid";
    config.discovery_url = format!("http://{name}");
    let (reader, _) = reader(config);
    let error = reader.poll(FULL).await.unwrap_err();
    // A machine without a resolver cannot tell; then nothing is concluded from it.
    let resolver = (name, 80).to_socket_addrs().unwrap_err().to_string();
    let expect = if resolver.contains("Name or service not known") {
        SourceFault::NotFound
    } else {
        SourceFault::Unreachable
    };
    assert_eq!(error.fault, expect, "{error}");
}

#[tokio::test]
async fn discovery_is_asked_again_at_a_login_when_it_is_old() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let (reader, clock) = server.reader();
    reader.poll(FULL).await.unwrap();
    clock.advance(Duration::from_secs(6 * 3_600));
    server.lines();
    server.then(
        [json(401, "")]
            .into_iter()
            .chain(opening())
            .chain([agents()]),
    );
    reader.poll(FULL).await.unwrap();
    assert!(server.lines()[1].starts_with("GET service/agentVep/baseURI.json"));
}

#[tokio::test]
async fn a_security_cookie_of_the_session_comes_back_in_that_session_alone() {
    let with_cookie = |id: u32, value: &str| {
        let crate::liveperson_server::Reply::Answer(status, mut headers, body) = session(id) else {
            unreachable!("a session is an answer");
        };
        headers.push(("set-cookie", format!("guard={value}; Path=/; Secure")));
        crate::liveperson_server::Reply::Answer(status, headers, body)
    };
    let server = Server::start([discovery(), login(), with_cookie(9, "one"), ok(), agents()]).await;
    let (reader, _) = server.reader();
    reader.poll(FULL).await.unwrap();
    let cookies = |asked: &[String]| -> Vec<Option<String>> {
        let cookie = |text: &String| {
            let line = text.lines().find_map(|line| line.strip_prefix("cookie: "));
            line.map(str::to_owned)
        };
        asked.iter().map(cookie).collect()
    };
    let one = Some("guard=one".to_owned());
    assert_eq!(
        cookies(&server.transcript()),
        [None, None, None, one.clone(), one.clone()]
    );
    server.then([json(404, ""), with_cookie(10, "two"), ok(), agents()]);
    reader.poll(FULL).await.unwrap();
    let two = Some("guard=two".to_owned());
    assert_eq!(cookies(&server.transcript()), [one, None, two.clone(), two]);
}

#[tokio::test]
async fn a_next_link_that_gives_everything_again_is_noticed() {
    let store = Arc::new(MemoryStore::new(1));
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let mut config = server.config();
    config.follow_next = true;
    let (reader, metrics) = looked_at(config, &store);
    reader.poll(FULL).await.unwrap();
    let delta = json(
        200,
        r#"{"availableAgents":{"link":{"@href":"https://{host}/api/account/20026006/agentSession/9/availableAgents?timeStamp=2","@rel":"next"}}}"#,
    );
    // (what the link gives, whether that is noticed)
    for (reply, noticed) in [
        (agents(), 0),
        (agents(), 0),
        (delta.clone(), 0),
        (agents(), 0),
        (agents(), 0),
        (agents(), 1),
        (agents(), 1),
        (delta, 0),
    ] {
        server.then([reply]);
        reader.poll(ANY).await.unwrap();
        assert_eq!(metrics.source_next_is_full.get(), noticed);
    }
}

#[tokio::test]
async fn a_resource_that_is_gone_is_no_other_client_and_ends_in_retirement() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let (reader, clock) = server.reader();
    let gone = || json(404, "");
    reader.poll(FULL).await.unwrap();
    server.lines();
    // Three times within ten minutes: gone, and back.
    for id in [10, 20, 30] {
        server.then([gone(), session(id), ok(), gone()]);
        fails(&reader, SourceFault::NotFound).await;
        assert_eq!(server.lines().len(), 4, "one new session, and no new login");
        server.then([session(id + 1), ok(), agents()]);
        reader.poll(FULL).await.unwrap();
        server.lines();
    }
    let mut error = SourceFault::NotFound;
    for _ in 0..30 {
        server.then([gone(), session(40), ok(), gone()]);
        error = reader.poll(FULL).await.unwrap_err().fault;
        server.forget();
        clock.advance(Duration::from_secs(3_600));
    }
    assert_eq!(error, SourceFault::Retired);
}

#[tokio::test]
async fn a_session_that_is_over_may_look_like_a_refusal() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let (reader, _) = server.reader();
    reader.poll(FULL).await.unwrap();
    for (id, status, fault) in [
        (10, 400, SourceFault::Refused),
        (11, 403, SourceFault::Forbidden),
    ] {
        server.then([json(status, "")]);
        fails(&reader, fault).await;
        server.lines();
        server.then([session(id), ok(), agents()]);
        reader.poll(FULL).await.unwrap();
        assert_eq!(server.lines()[0], "POST agentSession?v=1&NC=true");
    }
}

#[tokio::test]
async fn while_discovery_is_in_trouble_the_host_that_it_named_last_will_do() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let (reader, _) = server.reader();
    reader.poll(FULL).await.unwrap();
    for _ in 0..3 {
        server.then([json(503, "")]);
        fails(&reader, SourceFault::ServerError).await;
    }
    server.lines();
    server.then([json(503, ""), login(), session(10), ok(), agents()]);
    reader.poll(FULL).await.unwrap();
    let asked = server.lines();
    assert!(asked[0].starts_with("GET service/agentVep"), "{asked:?}");
    assert_eq!(asked[1], "POST login?v=1.3");
}

#[tokio::test]
async fn a_proxy_that_answers_for_a_dead_server_is_no_use_of_the_session() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let mut config = server.config();
    config.refresh_every = Duration::from_secs(1_000_000);
    let (reader, clock) = reader(config);
    reader.poll(FULL).await.unwrap();
    clock.advance(Duration::from_secs(300));
    server.then([json(503, ""), ok()]);
    reader.tend().await.unwrap_err();
    // Not in another five minutes: the session would be over by then.
    reader.tend().await.unwrap();
    server.lines();
}
