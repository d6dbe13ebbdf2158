//! The chain when something is wrong: what is tried, what is told, and that it spoils nothing.

use std::{sync::Arc, time::Duration};

use lp2rc::ports::{PollRequest, Source as _, SourceError, SourceFault};

use crate::liveperson_server::{
    BEARER, COOKIE, CSRF, PASSWORD, Reply, Server, agents, discovery, json, login, ok, opening,
    reader, session, typed,
};

const FULL: PollRequest = PollRequest { full: true };

const LOGIN: &str = "POST login?v=1.3";
const SESSION: &str = "POST agentSession?v=1&NC=true";

/// No secret, and no part of a body, is in the error. All bodies here say `leak` somewhere.
fn is_discreet(error: &SourceError) {
    let text = format!("{error} {error:?}");
    for secret in [PASSWORD, BEARER, COOKIE, CSRF, "leak"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(!error.what.ends_with('.'), "{text}");
}

fn rejected() -> Reply {
    typed(
        401,
        "text/plain",
        "oauth_problem=token_rejected&oauth_problem_advice=leak",
    )
}

#[tokio::test]
async fn a_lost_session_is_rebuilt_once_and_in_order() {
    let read = |id| format!("GET agentSession/{id}/availableAgents?v=1&NC=true");
    let away = |id| format!("POST agentSession/{id}/availability?v=1&NC=true");
    let (open, log_in) = (SESSION.to_owned(), LOGIN.to_owned());

    // A 404 of a session opened this instant is one of the service: no login helps there.
    for (lost, by_login) in [(rejected(), true), (json(404, ""), false)] {
        let server = Server::start(opening().into_iter().chain([agents()])).await;
        let mut config = server.config();
        config.retry.replaced_losses = 100;
        let (reader, _) = reader(config);
        reader.poll(FULL).await.unwrap();
        server.lines();

        // A new session with the same bearer helps.
        server.then([lost.clone(), session(10), ok(), agents()]);
        reader.poll(FULL).await.unwrap();
        assert_eq!(server.lines(), [read(9), open.clone(), away(10), read(10)]);

        if !by_login {
            continue;
        }
        // It does not: a new login.
        server.then([
            lost.clone(),
            session(11),
            ok(),
            lost.clone(),
            login(),
            session(12),
            ok(),
            agents(),
        ]);
        reader.poll(FULL).await.unwrap();
        assert_eq!(
            server.lines(),
            [
                read(10),
                open.clone(),
                away(11),
                read(11),
                log_in.clone(),
                open.clone(),
                away(12),
                read(12)
            ]
        );

        // The bearer is refused already where the session is opened.
        server.then([
            lost.clone(),
            rejected(),
            login(),
            session(13),
            ok(),
            agents(),
        ]);
        reader.poll(FULL).await.unwrap();
        assert_eq!(
            server.lines(),
            [
                read(12),
                open.clone(),
                log_in.clone(),
                open.clone(),
                away(13),
                read(13)
            ]
        );

        // Nothing helps: one new session, one new login, and no more.
        server.then([
            lost.clone(),
            session(14),
            ok(),
            lost.clone(),
            login(),
            session(15),
            ok(),
            lost,
        ]);
        let error = reader.poll(FULL).await.unwrap_err();
        assert_eq!(error.fault, SourceFault::SessionLost);
        assert!(error.what.contains("another client"), "{error}");
        is_discreet(&error);
        assert_eq!(server.lines().len(), 8);

        // The next poll starts with a login, and works.
        server.then([login(), session(16), ok(), agents()]);
        reader.poll(FULL).await.unwrap();
        assert_eq!(
            server.lines(),
            [log_in.clone(), open.clone(), away(16), read(16)]
        );
    }
}

#[tokio::test]
async fn a_login_made_for_this_poll_is_not_made_twice() {
    let server = Server::start([discovery(), login(), rejected()]).await;
    let (reader, _) = server.reader();
    let error = reader.poll(FULL).await.unwrap_err();
    assert_eq!(error.fault, SourceFault::SessionLost);
    assert_eq!(server.lines().len(), 3);
}

#[expect(clippy::too_many_lines, reason = "one row a fault")]
#[tokio::test]
async fn an_unusable_answer_is_told_and_changes_nothing() {
    use SourceFault as F;
    let foreign = r#"{"availableAgents":{"agents":{"agent":{"@id":"7","email":"leak@x"}},"link":{"@href":"https://{host}/api/account/999/agentSession/9/availableAgents?timeStamp=1","@rel":"next"}}}"#;
    let deep = format!("<availableAgents>{}", "<a>".repeat(1_000));
    let bomb = Reply::Answer(
        200,
        vec![
            ("content-type", "application/json".to_owned()),
            ("content-encoding", "gzip".to_owned()),
        ],
        include_bytes!("../fixtures/liveperson/bomb.json.gz").to_vec(),
    );
    let wait = Reply::Answer(429, vec![("retry-after", "7".to_owned())], b"leak".to_vec());
    let moved = Reply::Answer(
        302,
        vec![("location", "http://{host}/leak".to_owned())],
        Vec::new(),
    );
    let cases = [
        (
            typed(200, "text/html", "<!DOCTYPE html><p>leak"),
            F::UnexpectedAnswer,
            "web page",
        ),
        (json(200, "<html>leak"), F::UnexpectedAnswer, "web page"),
        (
            json(
                200,
                r#"{"availableAgents":{"agents":{"agent":[{"@id":"leak"#,
            ),
            F::UnexpectedAnswer,
            "cut off",
        ),
        (
            typed(
                200,
                "application/xml",
                "<availableAgents><agents><agent id='leak'>",
            ),
            F::UnexpectedAnswer,
            "cut off",
        ),
        (
            Reply::Broken(r#"{"availableAgents":{"leak"#),
            F::Unreachable,
            "connection broke",
        ),
        (json(200, ""), F::UnexpectedAnswer, "empty"),
        (json(204, ""), F::UnexpectedAnswer, "empty"),
        (
            json(200, "leak"),
            F::UnexpectedAnswer,
            "neither JSON nor XML",
        ),
        (
            json(200, r#"{"chats":{"leak":1}}"#),
            F::UnexpectedAnswer,
            "unexpected document `chats`",
        ),
        (
            json(200, r#"{"error":{"message":"leak","internalCode":5}}"#),
            F::UnexpectedAnswer,
            "internalCode 5",
        ),
        (
            json(
                200,
                r#"{"availableAgents":{"error":{"message":"leak","internalCode":5}}}"#,
            ),
            F::UnexpectedAnswer,
            "internalCode 5",
        ),
        (
            json(200, foreign),
            F::ForeignAnswer,
            "another account than 20026006",
        ),
        (
            typed(200, "application/xml", deep),
            F::UnexpectedAnswer,
            "nested deeper",
        ),
        (
            typed(
                200,
                "application/xml",
                "<!DOCTYPE x [<!ENTITY a 'leak'>]><availableAgents/>",
            ),
            F::UnexpectedAnswer,
            "entities",
        ),
        (bomb, F::UnexpectedAnswer, "larger than 1 MiB"),
        (
            typed(200, "application/json", vec![b' '; 1_100_000]),
            F::UnexpectedAnswer,
            "larger than 1 MiB",
        ),
        (moved, F::UnexpectedAnswer, "redirects are not followed"),
        (
            typed(403, "text/html", "<html>leak"),
            F::Forbidden,
            "a web page (HTML), perhaps a proxy's (text/html)",
        ),
        (wait, F::Throttled, "too fast"),
        (json(451, "leak"), F::Blacklisted, "support"),
        (
            json(503, r#"{"error":"leak"}"#),
            F::ServerError,
            "a JSON error",
        ),
        (json(400, "leak"), F::Refused, "filters"),
        (json(410, "leak"), F::NotFound, "retired"),
    ];
    for (reply, fault, says) in cases {
        let server = Server::start(opening().into_iter().chain([agents()])).await;
        let (reader, clock) = server.reader();
        let before = reader.poll(FULL).await.unwrap();
        server.lines();
        server.then([reply]);
        let error = reader.poll(FULL).await.unwrap_err();
        assert_eq!(error.fault, fault, "{error}");
        assert!(error.to_string().contains(says), "{says:?} not in {error}");
        assert!(
            error
                .doing
                .starts_with("read availableAgents at 127.0.0.1:")
        );
        is_discreet(&error);
        assert_eq!(server.lines().len(), 1, "one request and no more: {error}");
        let asked = Duration::from_secs(if fault == F::Throttled { 7 } else { 0 });
        let waits = error.retry_after.is_some_and(|wait| wait >= asked);
        assert_eq!(waits, fault != F::Blacklisted, "{error:?}");

        // What comes next is as if nothing had been.
        match fault {
            F::Blacklisted => continue,
            // Nothing is sent before LivePerson's own time is over.
            F::Throttled => {
                let error = reader.poll(FULL).await.unwrap_err();
                assert_eq!(error.fault, F::Throttled, "{error}");
                assert_eq!(server.asked(), 0);
                clock.advance(asked);
            }
            F::ForeignAnswer => server.then(opening()),
            // Perhaps that is how a session that is over looks: a new one is tried.
            F::Forbidden | F::Refused => server.then([session(9), ok()]),
            F::Unreachable
            | F::ServerError
            | F::UnexpectedAnswer
            | F::CredentialsRejected
            | F::SessionLost
            | F::NotFound
            | F::Replaced
            | F::Retired => {}
        }
        server.then([agents()]);
        let after = reader.poll(FULL).await.unwrap();
        assert_eq!(after.agents, before.agents);
    }
}

#[tokio::test]
async fn a_refused_login_is_tried_exactly_once() {
    for (status, fault) in [
        (401, SourceFault::CredentialsRejected),
        (451, SourceFault::Blacklisted),
    ] {
        let server =
            Server::start([discovery(), json(status, r#"{"error":{"message":"leak"}}"#)]).await;
        let (reader, clock) = server.reader();
        for _ in 0..3 {
            let error = reader.poll(FULL).await.unwrap_err();
            assert_eq!(error.fault, fault);
            is_discreet(&error);
            clock.advance(Duration::from_secs(3_600));
        }
        reader.close().await;
        assert_eq!(server.lines().len(), 2);
    }
}

#[tokio::test]
async fn a_login_counts_only_with_a_bearer_and_no_error() {
    let cases = [
        (
            json(200, r#"{"csrf":"leak"}"#),
            SourceFault::Refused,
            "locked",
        ),
        (
            json(200, r#"{"bearer":"","csrf":"leak"}"#),
            SourceFault::Refused,
            "locked",
        ),
        (
            json(200, r#"{"bearer":"leak","error":"leak"}"#),
            SourceFault::Refused,
            "locked",
        ),
        (
            typed(200, "text/html", "<html>leak"),
            SourceFault::UnexpectedAnswer,
            "web page",
        ),
        (
            json(500, r#"{"error":"LeLogin1 failed - leak"}"#),
            SourceFault::ServerError,
            "a JSON error",
        ),
        (json(429, ""), SourceFault::Throttled, "too fast"),
    ];
    for (reply, fault, says) in cases {
        let server = Server::start([discovery(), reply]).await;
        let (reader, clock) = server.reader();
        let error = reader.poll(FULL).await.unwrap_err();
        assert_eq!(error.fault, fault, "{error}");
        assert!(error.to_string().contains(says), "{says:?} not in {error}");
        assert!(error.doing.starts_with("log in at 127.0.0.1:"));
        is_discreet(&error);
        // Discovery is remembered; the login is tried again at the next poll, after 5 s at least.
        server.lines();
        if fault == SourceFault::Throttled {
            assert!(
                error.retry_after >= Some(Duration::from_secs(5)),
                "{error:?}"
            );
            clock.advance(Duration::from_secs(5));
        }
        server.then([login(), session(9), ok(), agents()]);
        reader.poll(FULL).await.unwrap();
        assert_eq!(server.lines()[0], LOGIN);
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_by_the_clock() {
    let server = Server::start([discovery(), login(), session(9), Reply::Silence]).await;
    let (reader, clock) = server.reader();
    let reader = Arc::new(reader);
    let polling = tokio::spawn({
        let reader = Arc::clone(&reader);
        async move { reader.poll(FULL).await }
    });
    wait_for_request(&server, 4).await;
    clock.advance(Duration::from_secs(30));
    let error = polling.await.unwrap().unwrap_err();
    assert_eq!(error.fault, SourceFault::Unreachable);
    assert!(error.what.contains("30s"), "{error}");
    server.lines();

    // Nor does stopping wait for it.
    server.then([Reply::Silence]);
    let closing = tokio::spawn({
        let reader = Arc::clone(&reader);
        async move { reader.close().await }
    });
    wait_for_request(&server, 1).await;
    clock.advance(Duration::from_secs(5));
    closing.await.unwrap();
    assert_eq!(server.lines(), ["POST logout?v=1.3"]);
}

async fn wait_for_request(server: &Server, count: usize) {
    while server.asked() < count {
        server.arrival().await;
    }
}

#[tokio::test]
async fn a_dead_host_is_looked_up_again_after_three_failures() {
    let server = Server::start(opening().into_iter().chain([agents()])).await;
    let (reader, _) = server.reader();
    reader.poll(FULL).await.unwrap();
    server.then([json(502, ""), json(503, ""), json(504, "")]);
    for _ in 0..3 {
        reader.poll(FULL).await.unwrap_err();
    }
    server.lines();
    server.then(opening().into_iter().chain([agents()]));
    reader.poll(FULL).await.unwrap();
    assert_eq!(
        server.lines()[0],
        "GET service/agentVep/baseURI.json?version=1.0"
    );
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let server = Server::start([]).await;
    let mut config = server.config();
    // A port that was just given back: nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = free.local_addr().unwrap().to_string();
    drop(free);
    config.discovery_url = format!("http://{host}");
    let error = reader(config).0.poll(FULL).await.unwrap_err();
    assert_eq!(error.fault, SourceFault::Unreachable);
    let start = format!("find the agentVep host at {host}: cannot connect");
    assert!(error.to_string().starts_with(&start), "{error}");
}
