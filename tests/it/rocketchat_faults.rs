//! What can go wrong with a call, what is told of it, and what never is.

use std::time::Duration;

use lp2rc::{
    domain::{Write, change::UserRef, moving::Login},
    ports::{Target, TargetError, TargetFault},
};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::{
    rocketchat_server::{
        PASSWORD, Reply, START, Server, TOKEN, bare, by_login, json as answer, ok, on_manual_clock,
        refusal,
    },
    rocketchat_writes::{ada, new_user},
};

/// Nothing of what was sent or answered may be in here.
fn is_discreet(error: &TargetError) {
    let text = format!("{error} {error:?}");
    for secret in [TOKEN, PASSWORD, "@example", "is refused", "\"success\""] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(
        error.what.contains(';') || error.what.contains(':'),
        "{text}"
    );
}

async fn error(write: &Write, reply: Reply) -> TargetError {
    let server = Server::start([reply]).await;
    let (client, _) = server.client();
    let error = client.write(write).await.unwrap_err();
    is_discreet(&error);
    assert!(error.doing.ends_with(&server.host), "{error}");
    error
}

#[tokio::test]
async fn status_and_code_decide_what_is_wrong() {
    use TargetFault as F;
    let create = Write::CreateUser(new_user(Login::Sso));
    let html = |status| {
        let headers = vec![("content-type", "text/html".to_owned())];
        Reply::Answer(status, headers, "<!DOCTYPE html>ada@example.org".to_owned())
    };
    let cases = [
        (
            refusal(400, "totp-required"),
            F::SecondFactor,
            "bypassTwoFactor",
        ),
        (
            refusal(400, "totp-invalid"),
            F::SecondFactor,
            "bypassTwoFactor",
        ),
        (
            refusal(400, "totp-max-attempts"),
            F::SecondFactor,
            "bypassTwoFactor",
        ),
        (bare(401), F::CredentialsRejected, "rocketchat.user_id"),
        (bare(403), F::Forbidden, "create-user"),
        (
            refusal(403, "error-unauthorized"),
            F::Forbidden,
            "create-user",
        ),
        (
            refusal(400, "error-action-not-allowed"),
            F::Forbidden,
            "create-user",
        ),
        (
            refusal(400, "error-license-user-limit-reached"),
            F::NoSeat,
            "seat",
        ),
        (
            refusal(400, "error-field-unavailable"),
            F::Taken,
            "belongs to another user",
        ),
        (
            refusal(400, "error-blocked-username"),
            F::Refused,
            "reserved",
        ),
        (refusal(400, "error-invalid-params"), F::Refused, "release"),
        (refusal(400, "invalid-params"), F::Refused, "release"),
        (refusal(400, "error-new-one"), F::Refused, "error-new-one"),
        (bare(400), F::Refused, "answered 400"),
        (bare(404), F::NotFound, "answered 404"),
        (bare(500), F::ServerError, "answered 500"),
        (html(502), F::ServerError, "web page"),
        (html(200), F::UnexpectedAnswer, "web page"),
        (html(403), F::UnexpectedAnswer, "web page"),
        (
            answer(200, r#"{"success":false}"#),
            F::UnexpectedAnswer,
            "answered 200",
        ),
        (
            answer(200, r#"{"user":{"_id":"u1"}}"#),
            F::UnexpectedAnswer,
            "answered 200",
        ),
        (
            answer(200, r#"{"success":true}"#),
            F::UnexpectedAnswer,
            "shape",
        ),
        (answer(200, ""), F::UnexpectedAnswer, "empty"),
        (answer(200, "{\"succ"), F::UnexpectedAnswer, "not JSON"),
        (answer(302, "{}"), F::UnexpectedAnswer, "redirects"),
        (
            Reply::Broken("{\"user\""),
            F::Unreachable,
            "connection broke",
        ),
    ];
    for (reply, fault, word) in cases {
        let shown = format!("{reply:?}");
        let error = error(&create, reply).await;
        assert_eq!(error.fault, fault, "{shown}: {error}");
        assert!(error.what.contains(word), "{word}: {error}");
        assert!(error.doing.starts_with("create user ada at"), "{error}");
    }
}

#[tokio::test]
async fn a_code_from_outside_is_made_fit() {
    let error = error(
        &Write::CreateUser(new_user(Login::Sso)),
        refusal(400, "mallory@example.org\n\u{1b}[31m"),
    )
    .await;
    assert!(error.what.contains("(malloryexampleorg31m)"), "{error}");
}

#[tokio::test]
async fn it_is_told_whether_the_name_or_the_address_is_taken() {
    let taken = |field: &str| {
        let body = json!({
            "success": false,
            "error": format!("{field} is already in use :( [error-field-unavailable]"),
            "errorType": "error-field-unavailable",
            "details": { "method": "insertOrUpdateUser", "field": field },
        });
        answer(400, &body.to_string())
    };
    let create = Write::CreateUser(new_user(Login::Sso));
    for (field, word) in [
        ("ADA", "the username belongs"),
        ("Ada@Example.org", "the e-mail address belongs"),
        ("else@example.org", "the username or the e-mail address"),
    ] {
        let error = error(&create, taken(field)).await;
        assert_eq!(error.fault, TargetFault::Taken);
        assert!(error.what.contains(word), "{field}: {error}");
    }
}

#[tokio::test]
async fn no_answer_in_time_is_unreachable_by_the_clock_alone() {
    let server = Server::start([Reply::Silence]).await;
    let (client, clock) = server.client();
    let write = Write::SetActive {
        user: ada(),
        active: true,
    };
    let (done, ()) = tokio::join!(client.write(&write), async {
        server.arrival().await;
        clock.advance(Duration::from_secs(30));
    });
    let error = done.unwrap_err();
    is_discreet(&error);
    assert_eq!(error.fault, TargetFault::Unreachable);
    assert!(error.what.contains("rocketchat.total_timeout"), "{error}");
}

#[tokio::test]
async fn nobody_at_home_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (client, _) = on_manual_clock(crate::rocketchat_server::config(&url));
    let error = client.capabilities().await.unwrap_err();
    assert_eq!(error.fault, TargetFault::Unreachable);
    assert!(error.what.contains("cannot connect"), "{error}");
}

#[tokio::test]
async fn a_wrong_address_is_told_from_something_that_went_away() {
    let server = Server::start([bare(404)]).await;
    let error = server.client().0.capabilities().await.unwrap_err();
    assert_eq!(error.fault, TargetFault::UnexpectedAnswer);
    assert!(error.what.contains("rocketchat.url"), "{error}");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let plain = on_manual_clock(crate::rocketchat_server::config(&url)).0;
    let (error, ()) = tokio::join!(plain.capabilities(), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(refusal).await.unwrap();
    });
    let error = error.unwrap_err();
    assert_eq!(error.fault, TargetFault::Unreachable);
    assert!(error.what.contains("speaks no TLS"), "{error}");
}

/// 429 as Rocket.Chat writes it, with the end of the window.
fn too_many(reset: Option<i64>) -> Reply {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    headers.extend(reset.map(|reset| ("x-ratelimit-reset", reset.to_string())));
    let body = r#"{"success":false,"error":"slow down, ada@example.org"}"#;
    Reply::Answer(429, headers, body.to_owned())
}

#[tokio::test]
async fn a_429_is_waited_for_and_only_so_often() {
    let write = Write::SetActive {
        user: ada(),
        active: true,
    };
    for (reset, wait) in [
        (Some(START + 5_000), Duration::from_millis(5_020)),
        (None, Duration::from_millis(60_020)),
    ] {
        let server = Server::start([too_many(reset), ok()]).await;
        let (client, clock) = server.client();
        assert_eq!(client.held_back(), None);
        let (done, ()) = tokio::join!(client.write(&write), async {
            while clock.next_wake() != Some(wait) {
                tokio::task::yield_now().await;
            }
            assert_eq!(client.held_back(), Some(wait));
            clock.advance(wait);
        });
        done.unwrap();
        assert_eq!(client.held_back(), None);
        assert_eq!(server.asked().len(), 2);
    }
    let server = Server::start((0..6).map(|_| too_many(None))).await;
    let (client, clock) = server.client();
    let (done, ()) = tokio::join!(client.write(&write), async {
        for _ in 0..5 {
            until_asleep(&clock, Duration::from_millis(60_020)).await;
        }
    });
    let error = done.unwrap_err();
    is_discreet(&error);
    assert_eq!(error.fault, TargetFault::Throttled);
    assert_eq!(error.retry_after, Some(Duration::from_millis(60_020)));
    assert!(error.what.contains("api-bypass-rate-limit"), "{error}");
}

/// Moves the clock as soon as somebody sleeps, who must sleep so long. The total timeout of a call
/// under way sleeps, too: that is no pause.
async fn until_asleep(clock: &lp2rc::ports::ManualClock, wait: Duration) {
    while clock.next_wake() != Some(wait) {
        tokio::task::yield_now().await;
    }
    clock.advance(wait);
}

fn logged_in(token: &str) -> Reply {
    let body = json!({
        "status": "success",
        "data": { "userId": "u0", "authToken": token, "me": { "_id": "u0" } },
    });
    answer(200, &body.to_string())
}

#[tokio::test]
async fn a_login_is_made_once_kept_renewed_once_and_ended() {
    let write = Write::SetActive {
        user: ada(),
        active: true,
    };
    let server = Server::start([
        logged_in("first"),
        ok(),
        ok(),
        bare(401),
        logged_in("second"),
        ok(),
        answer(200, r#"{"status":"success"}"#),
    ])
    .await;
    let (client, _) = on_manual_clock(by_login(server.config()));
    for _ in 0..3 {
        client.write(&write).await.unwrap();
    }
    client.close().await.unwrap();
    client.close().await.unwrap();
    let asked = server.asked();
    let calls: Vec<_> = asked
        .iter()
        .map(|asked| {
            let token = asked.headers.iter().find(|line| line.starts_with("x-auth"));
            let call = asked.line.rsplit('/').next().unwrap();
            (
                call,
                token.map_or("", |line| &line["x-auth-token: ".len()..]),
            )
        })
        .collect();
    let active = "users.setActiveStatus";
    assert_eq!(
        calls,
        [
            ("login", ""),
            (active, "first"),
            (active, "first"),
            (active, "first"),
            ("login", ""),
            (active, "second"),
            ("logout", "second"),
        ]
    );
    assert_eq!(
        asked[0].json(),
        json!({ "user": "bridge@example.org", "password": PASSWORD })
    );
}

#[tokio::test]
async fn a_refused_login_is_not_tried_again() {
    let server = Server::start([bare(401)]).await;
    let (client, _) = on_manual_clock(by_login(server.config()));
    for _ in 0..2 {
        let error = client.capabilities().await.unwrap_err();
        is_discreet(&error);
        assert_eq!(error.fault, TargetFault::CredentialsRejected);
        assert!(error.what.contains("rocketchat.username"), "{error}");
    }
}

#[tokio::test]
async fn a_renewed_login_that_is_refused_again_is_told() {
    let server = Server::start([logged_in("a"), bare(401), logged_in("b"), bare(401)]).await;
    let (client, _) = on_manual_clock(by_login(server.config()));
    let write = Write::SetActive {
        user: ada(),
        active: true,
    };
    let error = client.write(&write).await.unwrap_err();
    assert_eq!(error.fault, TargetFault::CredentialsRejected);
}

#[tokio::test]
async fn the_webhook_is_tested_by_the_workspace() {
    let server = Server::start([
        ok(),
        refusal(400, "error-invalid-webhook-response"),
        answer(400, r#"{"success":false,"error":"Webhook URL is not set"}"#),
    ])
    .await;
    let (client, _) = server.client();
    client.test_webhook().await.unwrap();
    for _ in 0..2 {
        let error = client.test_webhook().await.unwrap_err();
        is_discreet(&error);
        assert_eq!(error.fault, TargetFault::Refused);
        assert!(error.what.contains("Livechat_webhookUrl"), "{error}");
    }
    let lines = server.lines();
    assert_eq!(lines[0], "POST /api/v1/livechat/webhook.test {}");
}

#[tokio::test]
async fn a_mail_and_an_unknown_user_are_never_held() {
    let mail = Write::SendResetMail {
        user: UserRef { id: None, ..ada() },
        email: "ada@example.org".to_owned(),
    };
    let server = Server::start([]).await;
    let (client, _) = server.client();
    assert_eq!(client.holds(&mail).await.unwrap(), None);
    // A 400 without a code says that there is nobody, which a list confirms.
    let none = r#"{"users":[],"count":0,"offset":0,"total":0,"success":true}"#;
    let server = Server::start([bare(400), answer(200, none)]).await;
    let (client, _) = server.client();
    let create = Write::CreateUser(new_user(Login::Sso));
    assert_eq!(client.holds(&create).await.unwrap(), None);
    assert_eq!(
        server.lines(),
        [
            "GET /api/v1/users.info?username=ada",
            "GET /api/v1/users.listByStatus?searchTerm=ada&count=100&offset=0&sort=%7B%22username%22%3A1%7D",
        ]
    );
    // And a 400 with one is an error, not an absence.
    let server = Server::start([refusal(400, "error-invalid-params")]).await;
    let (client, _) = server.client();
    let error = client.holds(&create).await.unwrap_err();
    assert_eq!(error.fault, TargetFault::Refused);
}
