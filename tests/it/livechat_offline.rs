//! POST livechat/offline.message (livechat contract §4.7.4, §8, §9).

use std::{sync::Arc, time::Duration};

use lp2rc::{
    config::ApiConfig,
    ports::{Future, Letter, Post, PostError},
};
use serde_json::{Value, json};

use crate::{
    livechat_mail_server::OUTBOX,
    livechat_matrix::{get, malformed, post, run, send},
    livechat_world::Livechat,
    server_world::{agent, config, limited},
};

const PATH: &str = "livechat/offline.message";
const FAILED: &str = "Error sending Livechat offline message";

fn settings(behaviour: &str, more: &str) -> String {
    format!(
        "{more}\n[livechat.behaviour]\noffline_email = \"office@example.org, second@example.org\"\n{behaviour}\n{OUTBOX}"
    )
}

fn left() -> Value {
    json!({"name": "Zoe", "email": "zoe@example.com", "message": "hello"})
}

fn with(key: &str, value: Value) -> Value {
    let mut body = left();
    body[key] = value;
    body
}

#[tokio::test]
async fn every_answer_is_the_contracts() {
    let sent = || json!({"message": "Livechat offline message sent"});
    for version in ["6", "7", "8"] {
        let version_line = format!("[livechat]\nrocketchat_version = \"{version}\"\n");
        let livechat = Livechat::with(&settings("", &version_line)).await;
        let mut rows = vec![
            post(PATH, left()).gives_only(sent()),
            post(PATH, with("department", Value::Null)).gives_only(sent()),
            post(PATH, with("host", Value::Null)).gives_only(sent()),
            post(PATH, with("name", json!(5))).gives_only(sent()),
            post(PATH, with("name", json!(""))).gives_only(sent()),
            post(PATH, with("department", json!("no such"))).gives_only(sent()),
            post(PATH, json!({})).params("must have required property 'name'"),
            post(PATH, json!({"name": "Z"})).params("must have required property 'email'"),
            post(PATH, json!({"name": "Z", "email": "z@example.com"}))
                .params("must have required property 'message'"),
            post(PATH, with("token", json!("T"))).params("must NOT have additional properties"),
            post(PATH, with("name", json!({}))).params("must be string"),
            post(PATH, with("email", json!([]))).params("must be string"),
            post(PATH, with("message", json!({}))).params("must be string"),
            post(PATH, with("department", json!([]))).params("must be string"),
            post(PATH, with("host", json!({}))).params("must be string"),
            post(PATH, json!([left()])).params("must be object"),
            malformed("POST", PATH).params("must have required property 'name'"),
            post(PATH, with("email", json!(""))).plain(FAILED),
            post(PATH, with("email", Value::Null)).plain(FAILED),
            post(PATH, with("email", json!("nobody"))).plain(FAILED),
        ];
        if version != "6" {
            rows.push(get(PATH).nothing_there());
            rows.push(send("PUT", PATH, left()).nothing_there());
        }
        run(&livechat, rows).await;
    }
}

#[tokio::test]
async fn what_the_settings_forbid_fails_with_the_one_error() {
    let form = "[livechat.settings]\ndisplay_offline_form = false\n";
    let nowhere = "[livechat.behaviour]\noffline_email = \"\"\n";
    for text in [
        settings("", form),
        format!("{nowhere}{OUTBOX}"),
        "[livechat.behaviour]\noffline_email = \"office@example.org\"\n".to_owned(),
    ] {
        let livechat = Livechat::with(&text).await;
        run(&livechat, vec![post(PATH, left()).plain(FAILED)]).await;
        let kept = livechat.conversations.ask(|chats| chats.mails(10)).await;
        assert_eq!(kept.unwrap().len(), 0, "{text}");
    }
}

#[tokio::test]
async fn a_department_gets_its_own() {
    let departments = "[[livechat.departments]]\nname = \"sales\"\nemail = \"sales@example.org\"\n\
        [[livechat.departments]]\nname = \"empty\"\nemail = \"empty@example.org\"\n\
        [[livechat.departments]]\nname = \"silent\"\n";
    let livechat = Livechat::with(&settings("", departments)).await;
    let office = &["office@example.org", "second@example.org"][..];
    for (department, to) in [
        (json!("sales"), &["sales@example.org"][..]),
        (json!("Name of sales"), &["sales@example.org"]),
        (json!("empty"), &["empty@example.org"]),
        (json!("silent"), office),
        (json!("other"), office),
        (json!(""), office),
        (Value::Null, office),
    ] {
        livechat
            .post(PATH, with("department", department.clone()))
            .await
            .ok();
        let kept = livechat
            .conversations
            .ask(|chats| chats.mails(1))
            .await
            .unwrap();
        assert_eq!(kept[0].to, to, "{department}");
        let id = kept[0].id.clone();
        livechat
            .conversations
            .ask(move |chats| chats.remove_mail(&id))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn one_call_in_five_seconds() {
    let agents = vec![agent("ada", &["sales"])];
    let api = ApiConfig {
        rate_limit: Some(limited(100)),
        ..config()
    };
    let livechat = Livechat::of(&settings("", ""), agents, api).await;
    livechat.post(PATH, left()).await.ok();
    let second = livechat.post(PATH, left()).await;
    assert_eq!(second.status, 429);
    assert!(
        second.json["error"]
            .as_str()
            .unwrap()
            .ends_with("[error-too-many-requests]")
    );
    assert_eq!(second.raw.header("x-ratelimit-limit"), Some("1"));
    livechat.world.clock.advance(Duration::from_millis(5_001));
    livechat.post(PATH, left()).await.ok();
}

/// Knows one domain.
struct Knows(&'static str);

impl Post for Knows {
    fn send(&self, _letter: Letter, _within: Duration) -> Future<'_, Result<(), PostError>> {
        Box::pin(async { Err(PostError::NoServer) })
    }

    fn knows(&self, domain: String) -> Future<'_, bool> {
        Box::pin(async move { domain == self.0 })
    }
}

#[tokio::test]
async fn an_address_of_an_unknown_domain_fails_where_addresses_are_looked_at() {
    for (behaviour, domain, status) in [
        ("validate_offline_email = true", "example.com", 200),
        ("validate_offline_email = true", "nowhere.example", 400),
        ("", "nowhere.example", 200),
    ] {
        let post = Arc::new(Knows("example.com"));
        let livechat = Livechat::posted(&settings(behaviour, ""), post).await;
        let body = with("email", json!(format!("zoe@{domain}")));
        let told = livechat.post(PATH, body).await;
        assert_eq!(told.status, status, "{behaviour} {domain}");
        if status == 400 {
            assert_eq!(told.refusal(), (400, FAILED, None));
        }
    }
}
