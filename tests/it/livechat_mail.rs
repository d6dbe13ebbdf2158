//! Mail over real sockets: what a server gets, and what a visitor is told when it does not take it.

use std::{sync::Arc, time::Duration};

use lp2rc::{
    mail::Mail,
    ports::{Letter, ManualClock, Post as _, PostError},
};
use serde_json::{Value, json};

use crate::{
    livechat_mail_server::{MailServer, Temper, section_of},
    livechat_world::{Livechat, livechat_config},
    server_world::until,
};

const OFFICE: &str = "[livechat.behaviour]\noffline_email = \"office@example.org\"\n";

fn left(name: &str, message: &str) -> Value {
    json!({"name": name, "email": "zoe@example.com", "message": message})
}

async fn leave(livechat: &Livechat, body: Value) -> (u16, Value) {
    let told = livechat.post("livechat/offline.message", body).await;
    (told.status, told.json)
}

/// The contract's refusal, and nothing is left behind.
async fn is_refused(livechat: &Livechat) {
    let answer = leave(livechat, left("Zoe", "hello")).await;
    let error = "Error sending Livechat offline message";
    assert_eq!(answer, (400, json!({"success": false, "error": error})));
    let kept = livechat.conversations.ask(|chats| chats.mails(10)).await;
    assert_eq!(kept.unwrap(), [], "nothing is kept for later");
}

#[tokio::test]
async fn a_server_gets_the_mail_before_the_visitor_is_told_so() {
    let server = MailServer::new(Temper::Kind).await;
    let livechat = Livechat::with(&format!("{OFFICE}{}", server.section())).await;
    let mut body = left("Zoe", "first line\nsecond <line>");
    body["host"] = json!("https://shop.example");
    let (status, answer) = leave(&livechat, body).await;
    let message = "Livechat offline message sent";
    assert_eq!(
        (status, answer),
        (200, json!({"message": message, "success": true}))
    );
    let taken = server.taken();
    let [mail] = &taken[..] else {
        panic!("{taken:?}")
    };
    assert_eq!(mail.from, "chat@example.org");
    assert_eq!(mail.to, ["office@example.org"]);
    let head = mail.head();
    for line in [
        "To: office@example.org",
        "Reply-To: Zoe <zoe@example.com>",
        "Subject: Livechat offline message from Zoe: first line second <l",
        // "Zoe - zoe@example.com"
        "From: =?utf-8?b?Wm9lIC0gem9lQGV4YW1wbGUuY29t?= <chat@example.org>",
        "Date: Fri, 02 Jan 2026 03:04:05 +0000",
    ] {
        assert!(head.iter().any(|found| found == line), "{line}: {head:#?}");
    }
    assert!(mail.text().contains("second <line>\n"), "{}", mail.data);
    assert!(mail.text().contains("second &lt;line&gt;"), "{}", mail.data);
    assert!(
        mail.text().contains("Sent from: https://shop.example"),
        "{}",
        mail.data
    );
}

#[tokio::test]
async fn nobody_writes_headers_recipients_or_a_second_mail() {
    let server = MailServer::new(Temper::Kind).await;
    let livechat = Livechat::with(&format!("{OFFICE}{}", server.section())).await;
    let name = "Eve\r\nBcc: x@evil.example\r\n\r\nbody";
    let second = "\r\n.\r\nMAIL FROM:<a@evil.example>\r\nRCPT TO:<x@evil.example>\r\nDATA\r\n";
    let mut body = left(name, &format!("hi{second}"));
    body["host"] = json!(format!("h{second}"));
    assert_eq!(leave(&livechat, body).await.0, 200);
    let taken = server.taken();
    let [mail] = &taken[..] else {
        panic!("{taken:?}")
    };
    assert_eq!(mail.to, ["office@example.org"]);
    let head = mail.head();
    let names: Vec<_> = head
        .iter()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert!(!names.contains(&"Bcc") && names.len() == 8, "{head:#?}");
    for evil in [
        "zoe@example.com\r\nBcc: x@evil.example",
        "zoe@example.com, x@evil.example",
        "Zoe <zoe@example.com>",
    ] {
        let body = json!({"name": "Zoe", "email": evil, "message": "m"});
        assert_eq!(leave(&livechat, body).await.0, 400, "{evil}");
    }
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn what_no_server_takes_is_never_told_as_sent() {
    for temper in [
        Temper::Recipients("550 no such user office@example.org"),
        Temper::Recipients("451 later"),
        Temper::HangsUp,
        Temper::Garbage,
        Temper::WantsLogin("x"),
    ] {
        let server = MailServer::new(temper).await;
        let livechat = Livechat::with(&format!("{OFFICE}{}", server.section())).await;
        is_refused(&livechat).await;
        assert_eq!(server.taken().len(), 0, "{temper:?}");
        assert_eq!(server.connections(), 1, "{temper:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_and_none_at_all_are_refusals() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    is_refused(&Livechat::with(&format!("{OFFICE}{}", section_of(port))).await).await;
    is_refused(&Livechat::with(OFFICE).await).await;
}

#[tokio::test]
async fn a_slow_server_is_told_as_a_failure_and_not_as_a_slow_request() {
    let server = MailServer::new(Temper::Silent).await;
    let livechat = Livechat::with(&format!("{OFFICE}{}", server.section())).await;
    let clock = livechat.world.clock.clone();
    let waiting = async {
        until("a connection", || server.connections() == 1).await;
        clock.advance(Duration::from_secs(20));
    };
    tokio::join!(is_refused(&livechat), waiting);
}

#[tokio::test]
async fn a_login_is_used_and_a_wrong_one_is_a_refusal() {
    // "\0clerk\0secret"
    let server = MailServer::new(Temper::WantsLogin("AGNsZXJrAHNlY3JldA==")).await;
    for (password, status) in [("secret", 200), ("wrong", 400)] {
        let login = format!("username = \"clerk\"\npassword = \"{password}\"\n");
        let text = format!("{OFFICE}{}{login}", server.section());
        let livechat = Livechat::with(&text).await;
        assert_eq!(
            leave(&livechat, left("Zoe", "hello")).await.0,
            status,
            "{password}"
        );
    }
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn tls_that_is_wanted_is_never_done_without() {
    for security in ["starttls", "tls"] {
        let server = MailServer::new(Temper::Kind).await;
        let section = server
            .section()
            .replace("\"none\"", &format!("\"{security}\""));
        let config = livechat_config(&section);
        let mail = Mail::new(&config.mail, Arc::new(ManualClock::default()));
        let letter = Letter {
            id: "0".repeat(16),
            from: "chat@example.org".to_owned(),
            to: vec!["office@example.org".to_owned()],
            ..Letter::default()
        };
        let sent = mail.send(letter, Duration::from_secs(5)).await;
        assert_eq!(sent, Err(PostError::Unreachable), "{security}");
        assert_eq!(server.taken().len(), 0, "{security}");
    }
}

#[test]
fn what_is_told_of_a_failure_holds_nothing_of_the_server_and_says_whether_to_try_again() {
    let refused = |status| PostError::Refused { status };
    for (error, is_final) in [
        (refused(550), true),
        (refused(554), true),
        (refused(535), false),
        (refused(530), false),
        (refused(451), false),
        (PostError::Unfit, true),
        (PostError::Unreachable, false),
        (PostError::TooSlow, false),
        (PostError::NoServer, false),
    ] {
        assert_eq!(error.is_final(), is_final, "{error}");
    }
    assert_eq!(
        refused(550).to_string(),
        "the mail server refused it with 550; its log says why"
    );
}
