//! Trouble with the static half: it takes nothing away, and no poll fails or waits for it.

use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use lp2rc::domain::StaticHalf;

use crate::{
    liveperson_account_config::{
        ALL, Bridge, EVERY, NONE, READ, SKILLS_BODY, USERS_BODY, at, bare, filled, known, lists,
        matches, opening, unchanged,
    },
    liveperson_server::{BEARER, Reply, Server, json, typed},
};

#[tokio::test]
async fn trouble_keeps_what_was_known_and_fails_no_poll() {
    let bad = || {
        [
            ("server error", json(503, "leak")),
            ("throttled", json(429, "leak")),
            ("not there", json(404, "leak")),
            ("no list", json(200, r#"{"error":{"message":"leak@x"}}"#)),
            ("nobody", json(200, "[]")),
            ("no body", json(200, " ")),
            ("no content", json(204, "")),
            ("web page", typed(200, "text/html", "<html>leak@x")),
            ("damaged", json(200, r#"[{"id":1,"email":leak@x"#)),
            ("broken off", Reply::Broken(r#"[{"id":1,"email":"leak@x"#)),
            ("too large", json(200, &" ".repeat(2 * 1024 * 1024))),
        ]
    };
    for (name, reply) in bad() {
        let server = Server::start(opening("{host}")).await;
        // A server that cannot be reached, or is asked too often, is not asked for more.
        let alone = matches!(name, "throttled" | "broken off");
        let rest = || if alone { vec![] } else { lists().split_off(1) };
        server.then([reply.clone()].into_iter().chain(rest()));
        let bridge = Bridge::of(&server);
        let seen = bridge.poll().await;
        assert_eq!(seen.static_half, StaticHalf::Unreadable, "{name}");
        assert_eq!(bridge.reads(), ["failed 1"], "{name}");
        server.lines();

        // Soon again, and then it works.
        bridge.clock.advance(EVERY / 4);
        server.then([bare()]);
        if name == "not there" {
            // The host that the login named is not believed any more.
            let moved = r#"{"service":"accountConfigReadOnly","baseURI":"{host}"}"#;
            server.then([json(200, moved)]);
        }
        server.then([lists().remove(0)]);
        server.then(if alone {
            lists().split_off(1)
        } else {
            unchanged().split_off(1)
        });
        let seen = bridge.poll().await;
        assert_eq!(
            (filled(&seen), &seen.static_half),
            (ALL, &known("10")),
            "{name}"
        );

        // Once more: what is known stays.
        bridge.clock.advance(EVERY);
        server.then([bare(), reply]);
        server.then(if alone {
            vec![]
        } else {
            unchanged().split_off(1)
        });
        let seen = bridge.poll().await;
        assert_eq!(
            (filled(&seen), &seen.static_half),
            (ALL, &known("10")),
            "{name}"
        );
        assert_eq!(bridge.reads(), ["failed 2", "read 1"], "{name}");
    }
}

#[tokio::test]
async fn a_list_never_becomes_empty_and_304_needs_something_to_stand_for() {
    let server = Server::start(opening("{host}")).await;
    server.then([json(304, ""), at("10", SKILLS_BODY), at("10", "[]")]);
    let bridge = Bridge::of(&server);
    assert_eq!(bridge.poll().await.static_half, StaticHalf::Unreadable);
    bridge.clock.advance(EVERY / 4);
    server.then([bare(), at("10", USERS_BODY), at("11", "[]"), at("11", "[]")]);
    let seen = bridge.poll().await;
    assert_eq!(filled(&seen), [Some("a@x.example"), Some("Billing"), None]);
    assert_eq!(seen.static_half, known("10"));
}

#[tokio::test]
async fn a_revision_that_the_server_refuses_is_forgotten() {
    let server = Server::start(opening("{host}").into_iter().chain(lists())).await;
    let bridge = Bridge::of(&server);
    bridge.poll().await;
    bridge.clock.advance(EVERY);
    server.then([bare(), json(412, ""), json(304, ""), json(304, "")]);
    bridge.poll().await;
    server.transcript();
    bridge.clock.advance(EVERY / 4);
    server.then([bare()].into_iter().chain(lists()));
    assert_eq!(bridge.poll().await.static_half, known("10"));
    assert_eq!(matches(&server.transcript()), ["-1", "10", "10"]);
}

#[tokio::test]
async fn a_service_that_hangs_costs_one_timeout_within_every() {
    let server = Server::start(opening("{host}")).await;
    server.then([Reply::Silence]);
    let bridge = Bridge::of(&server);
    let hang = async {
        while server.asked() < 6 {
            server.arrival().await;
        }
        bridge.clock.advance(Duration::from_secs(30));
    };
    let (seen, ()) = tokio::join!(bridge.poll(), hang);
    assert_eq!(
        (filled(&seen), &seen.static_half),
        (NONE, &StaticHalf::Unreadable)
    );
    server.lines();

    bridge
        .clock
        .advance(EVERY.checked_sub(Duration::from_secs(31)).unwrap());
    server.then([bare()]);
    bridge.poll().await;
    assert_eq!(server.lines(), [READ]);

    bridge.clock.advance(Duration::from_secs(1));
    server.then([bare()].into_iter().chain(lists()));
    assert_eq!(bridge.poll().await.static_half, known("10"));
}

#[tokio::test]
async fn a_poll_that_is_cancelled_while_it_reads_does_not_hang_there_again() {
    let server = Server::start(opening("{host}")).await;
    server.then([Reply::Silence]);
    let bridge = Bridge::of(&server);
    let asked = async {
        while server.asked() < 6 {
            server.arrival().await;
        }
    };
    tokio::select! {
        _ = bridge.poll() => panic!("the server is silent"),
        () = asked => {}
    }
    server.lines();
    server.then([bare()]);
    assert_eq!(bridge.poll().await.static_half, StaticHalf::Unreadable);
    assert_eq!(server.lines(), [READ]);
}

/// Log lines of one thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_address_token_or_body_is_logged_and_trouble_is_said_once() {
    let lines = Lines::default();
    // While there is only one subscriber, a place in the code that another test reaches first would
    // be switched off for all threads, because that test's thread has none.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("lp2rc=trace")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let server = Server::start(opening("{host}")).await;
    let users = r#"[{"id":2,"email":"leak@x"},{"email":"leak@x"}]"#;
    server.then([
        at("10", users),
        at("10", SKILLS_BODY),
        json(403, "about leak@x"),
    ]);
    let bridge = Bridge::of(&server);
    bridge.poll().await;
    let broken = r#"[{"id":2,"email":leak@x"#;
    for wait in [EVERY, EVERY / 4] {
        bridge.clock.advance(wait);
        server.then([bare(), json(200, broken), json(503, "about leak@x")]);
        bridge.poll().await;
    }
    bridge.clock.advance(EVERY / 4);
    server.then([bare(), json(304, ""), json(304, "")]);
    bridge.poll().await;
    drop(guard);

    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for secret in ["leak", BEARER, "@"] {
        assert!(!log.contains(secret), "{log}");
    }
    let said = |level: &str, text: &str| {
        let lines = log.lines();
        lines
            .filter(|line| line.contains(level) && line.contains(text))
            .count()
    };
    assert_eq!(said("WARN", "users have no id"), 1, "{log}");
    assert_eq!(said("INFO", "no right"), 1, "{log}");
    assert_eq!(said("WARN", "users: answered 200, but"), 1, "{log}");
    assert_eq!(said("WARN", "skills: answered 503"), 1, "{log}");
    assert_eq!(said("DEBUG", "still cannot be read"), 2, "{log}");
    assert_eq!(said("INFO", "can be read again"), 1, "{log}");
}
