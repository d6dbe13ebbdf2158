//! Login, logout and `me` of service accounts, and how long a session lasts.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, phc::PasswordHash},
};
use lp2rc::{
    ports::{Documents, Edit, Look, Order, StoreError},
    server::account_id,
    state::MemoryDocuments,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    livechat_matrix::{Row, get, malformed, post, run, send},
    livechat_world::{Livechat, Told},
    realtime::client::{Client, not_allowed},
    server_world::{agent, config},
};

const PASSWORD: &str = "the right horse";

fn digest(password: &str) -> String {
    use std::fmt::Write as _;
    let mut hex = String::new();
    for byte in Sha256::digest(password) {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}

/// `[[livechat.accounts]]` of `carol`, who has this password and is bound to the agent `bob`. The
/// parameters are the least that argon2 takes: these tests are not about its slowness.
fn carol(password: &str) -> String {
    let params = Params::new(Params::MIN_M_COST, 1, 1, None).unwrap();
    let hash: PasswordHash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(digest(password).as_bytes(), b"0123456789abcdef")
        .unwrap();
    let hash = hash.to_string();
    format!(
        "[[livechat.accounts]]\nusername = \"carol\"\nname = \"Carol C\"\nemail = \"Carol@example.org\"\nagent = \"bob\"\nroles = [\"livechat-agent\", \"bot\"]\npassword_hash = \"{hash}\"\n"
    )
}

/// Documents that outlive the bridge over them.
#[derive(Clone, Default)]
struct Kept(Arc<MemoryDocuments>);

impl Documents for Kept {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn walk(&self, from: &str, to: &str, o: Order, look: &mut Look<'_>) -> Result<(), StoreError> {
        self.0.walk(from, to, o, look)
    }

    fn write(&self, edits: &[Edit]) -> Result<(), StoreError> {
        self.0.write(edits)
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.0.settle()
    }

    fn disk_bytes(&self) -> u64 {
        self.0.disk_bytes()
    }
}

impl Kept {
    /// The bridge over these documents, with these accounts besides the usual ones.
    async fn over(&self, accounts: &str) -> Livechat {
        let agents = vec![agent("ada", &[]), agent("bob", &[])];
        Livechat::over(Box::new(self.clone()), accounts, agents, config()).await
    }

    fn everything(&self) -> String {
        let mut text = String::new();
        let mut look = |key: &str, bytes: &[u8]| {
            text += key;
            text += &String::from_utf8_lossy(bytes);
            text.push('\n');
            ControlFlow::Continue(())
        };
        self.0.walk("", "~~", Order::Ascending, &mut look).unwrap();
        text
    }
}

async fn log_in(livechat: &Livechat, password: &str) -> Told {
    let body = json!({"user": "carol", "password": password});
    livechat.post("login", body).await
}

/// The token of a new session.
async fn token(livechat: &Livechat) -> String {
    let told = log_in(livechat, PASSWORD).await;
    told.json["data"]["authToken"].as_str().unwrap().to_owned()
}

async fn me(livechat: &Livechat, token: &str) -> u16 {
    let id = account_id("carol");
    let headers = format!("x-user-id: {id}\nx-auth-token: {token}");
    livechat.raw("GET", "me", &headers, "").await.status
}

fn profile() -> Value {
    json!({
        "_id": account_id("carol"),
        "name": "Carol C",
        "username": "carol",
        "emails": [{"address": "Carol@example.org", "verified": true}],
        "status": "online",
        "statusConnection": "online",
        "utcOffset": 0,
        "active": true,
        "roles": ["livechat-agent", "bot"],
        "settings": {"preferences": {}},
        "avatarUrl": "http://test/avatar/carol",
    })
}

#[tokio::test]
async fn a_session_is_opened_used_and_ended() {
    let livechat = Livechat::with(&carol(PASSWORD)).await;
    let told = log_in(&livechat, PASSWORD).await;
    let token = told.json["data"]["authToken"].as_str().unwrap().to_owned();
    let data = json!({"userId": account_id("carol"), "authToken": token, "me": profile()});
    let whole = json!({"status": "success", "data": data});
    assert_eq!((told.status, &told.json), (200, &whole));
    assert_eq!(told.raw.header("content-type"), Some("application/json"));
    assert_eq!(token.len(), 43);
    let other = self::token(&livechat).await;
    assert_ne!(token, other);

    let of = |token: &str| format!("x-user-id: {}\nx-auth-token: {token}", account_id("carol"));
    let left = json!({"status": "success", "data": {"message": "You've been logged out!"}});
    let rows = vec![
        get("me").with(&of(&token)).gives_only(profile()),
        post("login", json!({"resume": token})).refused(200, whole),
        post("logout", json!({}))
            .with(&of(&token))
            .refused(200, left),
        get("me").with(&of(&token)).not_logged_in(),
        post("logout", json!({})).with(&of(&token)).not_logged_in(),
        post("login", json!({"resume": token})).refused(401, unauthorized()),
        get("me").with(&of(&other)).gives_only(profile()),
    ];
    run(&livechat, rows).await;
}

fn unauthorized() -> Value {
    json!({"success": false, "status": "error", "error": "Unauthorized", "message": "Unauthorized"})
}

#[tokio::test]
async fn what_is_no_login_is_refused_in_the_same_words() {
    let livechat = Livechat::with(&carol(PASSWORD)).await;
    let wrong = |body: Value| post("login", body).refused(401, unauthorized());
    let digested = |digest: &str, algorithm: &str| {
        let password = json!({"digest": digest, "algorithm": algorithm});
        json!({"user": {"username": "carol"}, "password": password})
    };
    let user = format!("x-user-id: {}", account_id("carol"));
    let rows: Vec<Row> = vec![
        wrong(json!({})),
        wrong(json!([])),
        wrong(json!({"user": "carol"})),
        wrong(json!({"password": PASSWORD})),
        wrong(json!({"user": "carol", "password": "wrong"})),
        wrong(json!({"user": "carol", "password": digest(PASSWORD)})),
        wrong(json!({"user": "nobody-at-all", "password": PASSWORD})),
        wrong(json!({"user": "admin", "password": PASSWORD})),
        wrong(digested(&digest(PASSWORD), "md5")),
        wrong(digested(&digest("wrong"), "sha-256")),
        wrong(json!({"resume": "x"})),
        wrong(json!({"resume": "A".repeat(43)})),
        malformed("POST", "login").refused(401, unauthorized()),
        get("login").nothing_there(),
        send("PUT", "me", json!({})).nothing_there(),
        get("me").not_logged_in(),
        get("me").with(&user).not_logged_in(),
        get("me")
            .with(&format!("{user}\nx-auth-token: token-of-admin"))
            .not_logged_in(),
        get("me")
            .with(&format!("{user}\nx-auth-token: {}", "A".repeat(43)))
            .not_logged_in(),
        post("logout", json!({})).not_logged_in(),
    ];
    run(&livechat, rows).await;
    let forms = [
        json!({"username": "carol", "password": PASSWORD}),
        json!({"email": "carol@EXAMPLE.org", "password": PASSWORD}),
        json!({"user": "carol@example.org", "password": PASSWORD}),
        digested(&digest(PASSWORD), "sha-256"),
        json!({"resume": "token-of-admin"}),
    ];
    for body in forms {
        let told = livechat.post("login", body).await;
        assert_eq!(told.json["status"], "success", "{}", told.raw.body);
    }
    let form = format!("user=carol&password={}", PASSWORD.replace(' ', "+"));
    let kind = "content-type: application/x-www-form-urlencoded";
    let told = livechat.raw("POST", "login", kind, &form).await;
    assert_eq!(told.json["status"], "success", "{}", told.raw.body);
}

#[tokio::test]
async fn a_personal_access_token_is_resumed_and_outlives_a_logout() {
    let livechat = Livechat::new().await;
    let told = livechat
        .post("login", json!({"resume": "token-of-admin"}))
        .await;
    assert_eq!(told.json["data"]["authToken"], "token-of-admin");
    for _ in 0..2 {
        let told = livechat.as_user("admin", "POST", "logout", json!({})).await;
        assert_eq!(told.json["status"], "success");
    }
}

#[tokio::test]
async fn sessions_survive_a_restart_but_not_their_password_account_or_time() {
    let kept = Kept::default();
    let first = kept.over(&carol(PASSWORD)).await;
    let token = token(&first).await;
    assert_eq!(me(&first, &token).await, 200);
    first
        .world
        .clock
        .advance(Duration::from_millis(90 * 86_400_000 - 1));
    assert_eq!(me(&first, &token).await, 200);
    first.world.clock.advance(Duration::from_millis(1));
    assert_eq!(me(&first, &token).await, 401, "remembered, but over");

    for (accounts, status) in [
        (carol(PASSWORD), 200),
        (carol("another password"), 401),
        (String::new(), 401),
        (carol(PASSWORD), 200),
    ] {
        let again = kept.over(&accounts).await;
        assert_eq!(me(&again, &token).await, status, "{accounts}");
    }
}

#[tokio::test]
async fn a_session_ended_elsewhere_or_over_is_swept() {
    let kept = Kept::default();
    let livechat = kept.over(&carol(PASSWORD)).await;
    let mut tokens = Vec::new();
    for _ in 0..101 {
        tokens.push(token(&livechat).await);
        livechat.world.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(me(&livechat, &tokens[0]).await, 401, "one too many");
    assert_eq!(me(&livechat, &tokens[1]).await, 200);
    assert_eq!(kept.everything().matches("session/").count(), 100);
    livechat
        .world
        .clock
        .advance(Duration::from_secs(90 * 86_400));
    let swept = livechat.conversations.ask(|chats| chats.forget_sessions(7));
    assert_eq!(swept.await.unwrap(), 7);
    assert_eq!(kept.everything().matches("session/").count(), 93);
    token(&livechat).await;
    assert_eq!(kept.everything().matches("session/").count(), 1);
}

#[tokio::test]
async fn neither_password_nor_token_is_kept() {
    let kept = Kept::default();
    let livechat = kept.over(&carol(PASSWORD)).await;
    let token = token(&livechat).await;
    let everything = kept.everything();
    assert!(everything.contains("session/"), "{everything}");
    for secret in [PASSWORD, &digest(PASSWORD), &token, "$argon2"] {
        assert!(!everything.contains(secret), "{everything}");
    }
}

#[tokio::test]
async fn whoever_fails_too_often_waits() {
    let livechat = Livechat::with(&carol(PASSWORD)).await;
    for _ in 0..10 {
        assert_eq!(log_in(&livechat, "wrong").await.json, unauthorized());
    }
    let blocked = json!({
        "success": false,
        "status": "error",
        "error": "error-login-blocked-for-user",
        "message": "Login has been temporarily blocked For User",
    });
    let told = log_in(&livechat, PASSWORD).await;
    assert_eq!((told.status, told.json), (401, blocked));
    livechat.world.clock.advance(Duration::from_secs(300));
    assert_eq!(log_in(&livechat, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_socket_hears_nothing_more_in_the_name_of_a_session_that_ended() {
    let livechat = Livechat::with(&carol(PASSWORD)).await;
    for over_rest in [false, true] {
        let token = token(&livechat).await;
        let mut client = Client::connect(livechat.address).await;
        let login =
            json!({"msg": "method", "id": "l", "method": "login", "params": [{"resume": token}]});
        client.send(login).await;
        for frame in ["added", "result", "updated"] {
            assert_eq!(client.next().await["msg"], frame);
        }
        let everything = json!(["__my_messages__", false]);
        let stream = "stream-room-messages";
        client.listen("s", stream, everything.clone()).await;
        if over_rest {
            let headers = format!("x-user-id: {}\nx-auth-token: {token}", account_id("carol"));
            let told = livechat.raw("POST", "logout", &headers, "").await;
            assert_eq!(told.status, 200);
            let next = json!({"msg": "sub", "id": "t", "name": stream, "params": everything});
            client.send(next).await;
        } else {
            let logout = json!({"msg": "method", "id": "m", "method": "logout", "params": []});
            client.send(logout).await;
        }
        assert_eq!(client.next().await["msg"], "removed");
        assert_eq!(client.next().await, not_allowed("s"));
        let answer = client.next().await;
        if over_rest {
            assert_eq!(answer, not_allowed("t"));
        } else {
            assert_eq!(answer["msg"], "result");
        }
    }
}
