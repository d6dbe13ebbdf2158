//! POST livechat/transcript, and POST and DELETE livechat/transcript/:rid (livechat contract §4.7.5).

use lp2rc::{
    conversation::document::{Mail, MailState},
    ports::Letter,
};
use serde_json::{Value, json};

use crate::{
    livechat_mail_server::{MailServer, OUTBOX, Temper},
    livechat_matrix::{delete, get, malformed, post, run},
    livechat_world::Livechat,
};

const PATH: &str = "livechat/transcript";

fn version(of: &str) -> String {
    format!("[livechat]\nrocketchat_version = \"{of}\"\n{OUTBOX}")
}

/// The newest mail.
async fn newest(livechat: &Livechat) -> Option<(Mail, Letter)> {
    let found = livechat.conversations.ask(|chats| {
        let mails = chats.mails(1)?;
        let Some(mail) = mails.first() else {
            return Ok(None);
        };
        chats.mail(&mail.id)
    });
    found.await.unwrap()
}

async fn history(livechat: &Livechat, token: &str, rid: &str) -> Value {
    let path = format!("livechat/messages.history/{rid}?token={token}");
    livechat.get(&path).await.ok()["messages"].take()
}

#[tokio::test]
async fn every_answer_of_a_visitors_request_is_the_contracts() {
    for of in ["6", "7", "8"] {
        let livechat = Livechat::with(&version(of)).await;
        let (mine, theirs) = (livechat.room("T1").await, livechat.room("T2").await);
        let good = json!({"rid": mine, "token": "T1", "email": "zoe@example.com"});
        let with = |key: &str, value: Value| {
            let mut body = good.clone();
            body[key] = value;
            body
        };
        let sent = || json!({"message": "Livechat transcript sent"});
        let mut rows = vec![
            post(PATH, good.clone()).gives_only(sent()),
            post(PATH, json!({})).params("must have required property 'rid'"),
            post(PATH, json!({"rid": mine})).params("must have required property 'token'"),
            post(PATH, json!({"rid": mine, "token": "T1"}))
                .params("must have required property 'email'"),
            post(PATH, with("foo", json!(1))).params("must NOT have additional properties"),
            post(PATH, with("rid", json!({}))).params("must be string"),
            post(PATH, with("token", json!([]))).params("must be string"),
            post(PATH, with("email", json!({}))).params("must be string"),
            malformed("POST", PATH).params("must have required property 'rid'"),
            post(PATH, with("rid", json!("nowhere"))).plain("error-invalid-room"),
            post(PATH, with("token", json!("nobody"))).plain("error-invalid-visitor"),
            post(PATH, with("rid", json!(theirs))).plain("error-invalid-visitor"),
            post(PATH, with("email", json!("nobody"))).typed("[invalid email]", "invalid email"),
            post(
                PATH,
                with("email", json!("a@b.example\r\nBcc: c@d.example")),
            )
            .typed("[invalid email]", "invalid email"),
            // A closed room gives its transcript too.
            post("livechat/room.close", json!({"rid": mine, "token": "T1"})).gives(json!({})),
            post(PATH, good.clone()).gives_only(sent()),
        ];
        let subject = post(PATH, with("subject", json!("Mine")));
        rows.push(if of == "6" {
            subject.params("must NOT have additional properties")
        } else {
            subject.gives_only(sent())
        });
        if of != "6" {
            rows.push(get(PATH).nothing_there());
        }
        run(&livechat, rows).await;
    }
}

#[tokio::test]
async fn every_answer_of_an_accounts_request_is_the_contracts() {
    for of in ["6", "7", "8"] {
        let livechat = Livechat::with(&version(of)).await;
        let rid = livechat.room("T1").await;
        let path = format!("livechat/transcript/{rid}");
        let good = json!({"email": "zoe@example.com", "subject": "Yours"});
        let ask = |body: Value| post(path.as_str(), body).by("ada-account");
        let back = || delete(path.as_str()).by("ada-account");
        let invalid = ("Invalid room [error-invalid-room]", "error-invalid-room");
        let twice = "Transcript already requested [error-transcript-already-requested]";
        let rows = vec![
            post(path.as_str(), good.clone()).not_logged_in(),
            delete(path.as_str()).not_logged_in(),
            post(path.as_str(), good.clone())
                .by("nobody")
                .not_permitted(),
            delete(path.as_str()).by("nobody").not_permitted(),
            ask(json!({})).params("must have required property 'email'"),
            ask(json!({"email": "zoe@example.com"}))
                .params("must have required property 'subject'"),
            ask(json!({"email": "a@b", "subject": "s", "x": 1}))
                .params("must NOT have additional properties"),
            ask(json!({"email": {}, "subject": "s"})).params("must be string"),
            malformed("POST", path.as_str())
                .by("ada-account")
                .params("must have required property 'email'"),
            post("livechat/transcript/nowhere", good.clone())
                .by("ada-account")
                .typed(invalid.0, invalid.1),
            ask(json!({"email": "nobody", "subject": "s"}))
                .typed("[invalid email]", "invalid email"),
            back().plain("error-transcript-not-requested"),
            ask(good.clone()).gives_only(json!({})),
            ask(good.clone()).typed(twice, "error-transcript-already-requested"),
            back().gives_only(json!({})),
            back().plain("error-transcript-not-requested"),
            delete("livechat/transcript/nowhere")
                .by("ada-account")
                .plain("error-invalid-room"),
            post("livechat/room.close", json!({"rid": rid, "token": "T1"})).gives(json!({})),
            ask(good.clone()).typed(invalid.0, invalid.1),
            back().plain("error-invalid-room"),
        ];
        run(&livechat, rows).await;
        assert_eq!(newest(&livechat).await, None, "it was taken back");
    }
}

#[tokio::test]
async fn nobody_is_promised_what_nobody_carries() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let failed = || json!({"message": "Error sending Livechat transcript", "success": false});
    let body = json!({"rid": rid, "token": "T1", "email": "zoe@example.com"});
    let asked = json!({"email": "zoe@example.com", "subject": "s"});
    let path = format!("livechat/transcript/{rid}");
    let rows = vec![
        post(PATH, body.clone()).refused(400, failed()),
        post(path.as_str(), asked)
            .by("ada-account")
            .refused(400, failed()),
    ];
    run(&livechat, rows).await;
    let server = MailServer::new(Temper::Recipients("550 no")).await;
    let livechat = Livechat::with(&server.section()).await;
    let mut body = body;
    body["rid"] = json!(livechat.room("T1").await);
    run(&livechat, vec![post(PATH, body).refused(400, failed())]).await;
    assert_eq!(newest(&livechat).await, None);
}

#[tokio::test]
async fn a_server_gets_the_messages_and_the_room_notes_it() {
    let server = MailServer::new(Temper::Kind).await;
    let livechat = Livechat::with(&server.section()).await;
    let rid = livechat.room("T1").await;
    livechat.write("T1", &rid, "hello <b>you</b>\nsecond").await;
    let body = json!({"rid": rid, "token": "T1", "email": "zoe@example.com"});
    livechat.post(PATH, body).await.ok();
    let taken = server.taken();
    assert_eq!(taken[0].to, ["zoe@example.com"]);
    let head = taken[0].head();
    let subject = "Subject: Transcript of your livechat conversation";
    assert!(head.iter().any(|line| line == subject), "{head:#?}");
    let data = taken[0].text();
    assert!(
        data.contains("You  2026-01-02 03:04 UTC\nhello <b>you</b>\nsecond\n"),
        "{data}"
    );
    assert!(data.contains("hello &lt;b&gt;you&lt;/b&gt;<br>"), "{data}");
    for system in ["livechat-started", "connected", "ada"] {
        assert!(!data.contains(system), "{system} is in\n{data}");
    }
    let noted = &history(&livechat, "T1", &rid).await[0];
    assert_eq!(noted["t"], "livechat_transcript_history");
    assert_eq!(noted["u"]["username"], "rocket.cat");
    assert_eq!(noted["requestData"]["type"], "visitor");
}

#[tokio::test]
async fn a_room_that_is_closed_sends_what_was_asked_for() {
    let always = "[livechat.behaviour]\ntranscript_send_always = true\n";
    for (settings, asks, to, subject) in [
        ("", true, "boss@example.com", "Yours"),
        (always, true, "boss@example.com", "Yours"),
        (
            always,
            false,
            "zoe@example.com",
            "Transcript of your livechat conversation",
        ),
    ] {
        let livechat = Livechat::with(&format!("{settings}{OUTBOX}")).await;
        let visitor =
            json!({"visitor": {"token": "T1", "name": "Zoe", "email": "zoe@example.com"}});
        livechat.post("livechat/visitor", visitor).await.ok();
        let rid = livechat.room("T1").await;
        livechat.write("T1", &rid, "hello").await;
        if asks {
            let path = format!("livechat/transcript/{rid}");
            let body = json!({"email": "boss@example.com", "subject": "Yours"});
            livechat
                .as_user("ada-account", "POST", &path, body)
                .await
                .ok();
        }
        assert_eq!(newest(&livechat).await, None, "it is open");
        let close = json!({"rid": rid, "token": "T1"});
        livechat.post("livechat/room.close", close).await.ok();
        let (mail, letter) = newest(&livechat).await.unwrap();
        assert_eq!(
            (mail.state, &mail.to[..]),
            (MailState::Kept, &[to.to_owned()][..])
        );
        assert_eq!(mail.subject, subject);
        assert_eq!(letter.text, "You  2026-01-02 03:04 UTC\nhello\n\n");
        let messages = history(&livechat, "T1", &rid).await;
        let messages = messages.as_array().unwrap();
        let close = messages
            .iter()
            .find(|message| message["t"] == "livechat-close");
        assert_eq!(close.unwrap()["transcriptRequested"], json!(asks));
        let noted = messages
            .iter()
            .filter(|m| m["t"] == "livechat_transcript_history");
        assert_eq!(noted.count(), 1);
    }
}

#[tokio::test]
async fn a_room_without_an_address_is_closed_all_the_same() {
    let always = "[livechat.behaviour]\ntranscript_send_always = true\n";
    for delivery in [OUTBOX, ""] {
        let livechat = Livechat::with(&format!("{always}{delivery}")).await;
        let rid = livechat.room("T1").await;
        let close = json!({"rid": rid, "token": "T1"});
        livechat.post("livechat/room.close", close).await.ok();
        assert_eq!(newest(&livechat).await, None);
    }
}

/// Writes so many messages of so many letters at once, `<number>` first.
async fn fill(livechat: &Livechat, rid: &str, messages: usize, letters: usize) {
    let rid = rid.to_owned();
    let filled = livechat.conversations.ask(move |chats| {
        for number in 0..messages {
            let text = format!("<{number:04}>{}", "\u{e4}".repeat(letters));
            chats.visitor_message("T1", &rid, text, None)?;
        }
        Ok(())
    });
    filled.await.unwrap();
}

#[tokio::test]
async fn two_thousand_messages_are_one_mail_and_none_is_missing() {
    let livechat = Livechat::with(OUTBOX).await;
    let rid = livechat.room("T1").await;
    fill(&livechat, &rid, 2_000, 100).await;
    let body = json!({"rid": rid, "token": "T1", "email": "zoe@example.com"});
    livechat.post(PATH, body).await.ok();
    let (mail, letter) = newest(&livechat).await.unwrap();
    assert!(mail.parts.0 > 1 && mail.parts.1 > 1, "{:?}", mail.parts);
    let numbers: Vec<_> = letter
        .text
        .lines()
        .filter_map(|line| line.get(..6))
        .collect();
    let numbers: Vec<_> = numbers
        .into_iter()
        .filter(|text| text.starts_with('<'))
        .collect();
    let wanted: Vec<_> = (0..2_000).map(|number| format!("<{number:04}>")).collect();
    assert_eq!(numbers, wanted);
    assert_eq!(letter.html.matches("&gt;\u{e4}").count(), 2_000);
    assert!(letter.html.ends_with("</div>"));
}

#[tokio::test]
async fn a_mail_that_no_server_would_take_loses_its_beginning_and_says_so() {
    let livechat = Livechat::with(OUTBOX).await;
    let rid = livechat.room("T1").await;
    fill(&livechat, &rid, 1_000, 4_000).await;
    let body = json!({"rid": rid, "token": "T1", "email": "zoe@example.com"});
    livechat.post(PATH, body).await.ok();
    let (mail, letter) = newest(&livechat).await.unwrap();
    assert!(mail.bytes < 7 * 1024 * 1024, "{}", mail.bytes);
    assert!(letter.text.starts_with("Earlier messages are left out"));
    assert!(letter.text.contains("<0999>") && !letter.text.contains("<0000>"));
}
