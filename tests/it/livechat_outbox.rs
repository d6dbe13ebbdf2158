//! The outbox: tried until a server takes it, shown to operators, and gone in time.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use lp2rc::{
    conversation::{
        carry_mail,
        document::{Mail, MailState},
    },
    ports::{Future, Letter, Post, PostError},
};
use serde_json::{Value, json};

use crate::{
    livechat_mail_server::{MailServer, OUTBOX, Temper, section_of},
    livechat_world::Livechat,
    program::{Home, World, http},
    server_world::{FakeDesk, TOKEN, ask, until},
};

/// Answers as it was told, then takes everything.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<PostError>>,
    letters: Mutex<Vec<Letter>>,
}

impl Scripted {
    fn of(answers: &[PostError]) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.iter().copied().collect()),
            letters: Mutex::default(),
        })
    }

    fn tries(&self) -> usize {
        self.letters.lock().unwrap().len()
    }
}

impl Post for Scripted {
    fn send(&self, letter: Letter, _within: Duration) -> Future<'_, Result<(), PostError>> {
        self.letters.lock().unwrap().push(letter);
        let answer = self.answers.lock().unwrap().pop_front().map_or(Ok(()), Err);
        Box::pin(async move { answer })
    }

    fn knows(&self, _domain: String) -> Future<'_, bool> {
        Box::pin(async { true })
    }
}

/// A visitor's room, closed with a transcript wanted.
async fn close(livechat: &Livechat) {
    let rid = livechat.room("T1").await;
    livechat.write("T1", &rid, "hello").await;
    let path = format!("livechat/transcript/{rid}");
    let body = json!({"email": "zoe@example.com", "subject": "Yours"});
    livechat
        .as_user("ada-account", "POST", &path, body)
        .await
        .ok();
    let close = json!({"rid": rid, "token": "T1"});
    livechat.post("livechat/room.close", close).await.ok();
}

async fn mails(livechat: &Livechat) -> Vec<Mail> {
    livechat
        .conversations
        .ask(|chats| chats.mails(100))
        .await
        .unwrap()
}

/// Moves the clock until the only mail is like that.
async fn moves_until(livechat: &Livechat, holds: impl Fn(&[Mail]) -> bool) -> Vec<Mail> {
    let moving = async {
        loop {
            let found = mails(livechat).await;
            if holds(&found) {
                return found;
            }
            livechat.world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::server_world::GUARD, moving)
        .await
        .unwrap()
}

/// Carries mail until the test ends.
fn carry(livechat: &Livechat, post: Arc<dyn Post>) {
    let conversations = livechat.conversations.clone();
    let clock = livechat.world.clock.clone();
    tokio::spawn(async move {
        carry_mail(&conversations, &*post, &clock, Duration::from_secs(600)).await;
    });
}

#[tokio::test]
async fn a_transcript_is_tried_until_a_server_takes_it() {
    let livechat = Livechat::with(&section_of(1)).await;
    close(&livechat).await;
    let before = mails(&livechat).await;
    assert_eq!(
        (before[0].state, before[0].attempts),
        (MailState::Waiting, 0)
    );
    let post = Scripted::of(&[PostError::Unreachable, PostError::Refused { status: 451 }]);
    carry(&livechat, Arc::clone(&post) as Arc<dyn Post>);
    for (attempts, wait) in [(1, 60_000), (2, 120_000)] {
        let found = moves_until(&livechat, |mails| mails[0].attempts == attempts).await;
        let mail = &found[0];
        assert_eq!(mail.state, MailState::Waiting);
        assert_eq!(mail.due.unwrap().0, mail.updated_at.0 + wait);
        assert!(mail.why.is_some());
    }
    let found = moves_until(&livechat, |mails| mails[0].state == MailState::Sent).await;
    assert_eq!(
        (found[0].attempts, found[0].due, found[0].parts),
        (3, None, (0, 0))
    );
    let letters = post.letters.lock().unwrap().clone();
    assert_eq!(letters.len(), 3);
    assert!(
        letters.iter().all(|letter| *letter == letters[0]),
        "the same each time"
    );
    assert!(letters[0].text.contains("hello"), "{}", letters[0].text);
}

#[tokio::test]
async fn a_server_that_says_never_is_not_asked_again() {
    let livechat = Livechat::with(&section_of(1)).await;
    close(&livechat).await;
    let post = Scripted::of(&[PostError::Refused { status: 550 }]);
    carry(&livechat, Arc::clone(&post) as Arc<dyn Post>);
    let found = moves_until(&livechat, |mails| mails[0].state == MailState::Failed).await;
    assert_eq!(found[0].due, None);
    // Kept for whoever looks, until it is too old.
    moves_until_old(&livechat).await;
    assert_eq!(post.tries(), 1);
}

async fn moves_until_old(livechat: &Livechat) {
    livechat
        .world
        .clock
        .advance(Duration::from_secs(30 * 86_400));
    moves_until(livechat, <[Mail]>::is_empty).await;
}

#[tokio::test]
async fn a_dead_server_is_given_up_after_more_than_a_day() {
    let livechat = Livechat::with(&section_of(1)).await;
    close(&livechat).await;
    let made = mails(&livechat).await[0].made_at.0;
    let post = Scripted::of(&[PostError::TooSlow; 100]);
    carry(&livechat, Arc::clone(&post) as Arc<dyn Post>);
    let giving_up = async {
        loop {
            let found = mails(&livechat).await;
            if found[0].state == MailState::Failed {
                return found;
            }
            livechat.world.clock.advance(Duration::from_secs(60));
            tokio::task::yield_now().await;
        }
    };
    let found = tokio::time::timeout(crate::server_world::GUARD, giving_up)
        .await
        .unwrap();
    assert_eq!(found[0].attempts, 32);
    assert!(found[0].updated_at.0 - made > 86_400_000);
}

#[tokio::test]
async fn a_transcript_reaches_a_real_server() {
    let server = MailServer::new(Temper::Kind).await;
    let livechat = Livechat::with(&server.section()).await;
    close(&livechat).await;
    let config = crate::livechat_world::livechat_config(&server.section());
    let clock = Arc::new(livechat.world.clock.clone());
    carry(
        &livechat,
        Arc::new(lp2rc::mail::Mail::new(&config.mail, clock)),
    );
    until("the mail", || server.taken().len() == 1).await;
    assert_eq!(server.taken()[0].to, ["zoe@example.com"]);
    assert!(
        server.taken()[0]
            .head()
            .contains(&"Subject: Yours".to_owned())
    );
}

#[tokio::test]
async fn operators_see_it_through_the_admin_api() {
    let mut livechat = Livechat::with(OUTBOX).await;
    close(&livechat).await;
    livechat.world.conversations = Some(livechat.conversations.clone());
    let (desk, _cycles) = FakeDesk::new();
    let (address, _task) = livechat.world.operations(desk).await;
    let call = async |line: &str| {
        let bearer = format!("{line}\nauthorization: Bearer {TOKEN}");
        let answer = ask(address, &bearer).await;
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, json)
    };
    let (status, listed) = call("GET /admin/outbox").await;
    assert_eq!(status, 200, "{listed}");
    let mail = &listed["mails"][0];
    assert_eq!(
        (&mail["state"], &mail["to"], &mail["subject"]),
        (&json!("kept"), &json!(["zoe@example.com"]), &json!("Yours"))
    );
    let id = mail["id"].as_str().unwrap();
    let (status, whole) = call(&format!("GET /admin/outbox/{id}")).await;
    assert_eq!(status, 200);
    assert!(whole["text"].as_str().unwrap().contains("hello"), "{whole}");
    assert_eq!(whole["id"], json!(id));
    let remove = format!("POST /admin/outbox/{id}/remove");
    assert_eq!(call(&remove).await, (200, json!({"removed": id})));
    assert_eq!(call(&remove).await.0, 404);
    assert_eq!(call(&format!("GET /admin/outbox/{id}")).await.0, 404);
    assert_eq!(call("GET /admin/outbox?limit=0").await.0, 400);
    assert_eq!(call("GET /admin/outbox").await.1, json!({"mails": []}));
    assert_eq!(ask(address, "GET /admin/outbox").await.status, 401);
}

#[test]
fn the_verb_lists_prints_and_removes_with_and_without_a_daemon() {
    let world = World::of(2);
    let settings = format!(
        "[livechat.behaviour]\noffline_email = \"office@example.org\"\n{OUTBOX}[schedule]\nevery = \"1h\"\n[log]\nlevel = \"off\""
    );
    let home = Home::of(&world, &settings);
    let daemon = home.serve();
    let leave = format!("{}/api/v1/livechat/offline.message", daemon.api);
    let body = json!({"name": "Zoe|\u{1b}[31m", "email": "zoe@example.com", "message": "hello"});
    let json = [("content-type", "application/json")];
    let left = http("POST", &leave, &json, &body.to_string());
    assert_eq!(left.status, 200, "{}", left.body);
    let list = || {
        let done = home.run(&["outbox", "--output", "json"]);
        assert_eq!(done.code, 0, "{done:?}");
        done.stdout
    };
    let asked = list();
    let mails: Value = serde_json::from_str(&asked).unwrap();
    assert_eq!(mails["mails"][0]["to"], json!(["office@example.org"]));
    let id = mails["mails"][0]["id"].as_str().unwrap().to_owned();
    let shown = home.run(&["outbox", "show", &id]);
    assert!(
        shown.code == 0 && shown.stdout.contains("hello"),
        "{shown:?}"
    );
    assert!(!shown.stdout.contains('\u{1b}'), "{shown:?}");
    assert_eq!(home.run(&["outbox", "show", "0000"]).code, 2);
    assert_eq!(home.run(&["outbox", "show", "../state"]).code, 2);
    // The mail outlives the daemon, and even its violent end.
    daemon.kill();
    assert_eq!(list(), asked);
    let shown = home.run(&["outbox", "show", &id, "--output", "markdown"]);
    assert!(
        shown.code == 0 && shown.stdout.contains("hello"),
        "{shown:?}"
    );
    assert_eq!(home.run(&["outbox", "remove", &id]).code, 0);
    assert_eq!(home.run(&["outbox", "remove", &id]).code, 2);
    assert_eq!(
        serde_json::from_str::<Value>(&list()).unwrap(),
        json!({"mails": []})
    );
}
