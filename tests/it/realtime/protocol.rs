//! The frames of DDP: sessions, pings, nonsense, methods.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

use super::client::{Client, as_visitor};
use crate::{
    livechat_world::Livechat,
    server_world::{ask, until},
};

#[tokio::test]
async fn a_session_begins_with_the_version_that_both_speak() {
    let livechat = Livechat::new().await;
    let mut client = Client::open(livechat.address).await;
    let wanted = json!({"msg": "connect", "version": "2", "support": ["2", "pre2"]});
    client.send(wanted).await;
    assert_eq!(
        client.next().await,
        json!({"msg": "failed", "version": "pre2"})
    );
    assert_eq!(client.end().await.unwrap().code, CloseCode::Normal);
    for version in ["pre2", "pre1"] {
        let mut client = Client::open(livechat.address).await;
        let wanted = json!({"msg": "connect", "version": version, "support": [version]});
        client.send(wanted).await;
        assert_eq!(client.next().await["msg"], "connected", "{version}");
        client.silence().await;
    }
}

#[tokio::test]
async fn nothing_is_done_before_the_session_and_it_begins_once() {
    let livechat = Livechat::new().await;
    let mut client = Client::open(livechat.address).await;
    let first = |reason: &str| json!({"msg": "error", "reason": reason});
    for frame in [
        json!({"msg": "ping"}),
        json!({"msg": "sub", "id": "s", "name": "stream-room-messages", "params": ["R"]}),
        json!({"msg": "method", "id": "m", "method": "login", "params": []}),
        json!({"msg": "unsub", "id": "s"}),
    ] {
        client.send(frame).await;
        assert_eq!(client.next().await, first("Must connect first"));
    }
    let connect = json!({"msg": "connect", "version": "1", "support": ["1"]});
    client.send(connect.clone()).await;
    assert_eq!(client.next().await["msg"], "connected");
    client.send(connect).await;
    assert_eq!(client.next().await, first("Already connected"));
    client.silence().await;
}

#[tokio::test]
async fn pings_are_answered_with_their_id() {
    let livechat = Livechat::new().await;
    let mut client = Client::connect(livechat.address).await;
    client.send(json!({"msg": "ping"})).await;
    assert_eq!(client.next().await, json!({"msg": "pong"}));
    client.send(json!({"msg": "ping", "id": 7})).await;
    assert_eq!(client.next().await, json!({"msg": "pong", "id": 7}));
    client
        .send(json!({"msg": "pong", "id": "nobody asked"}))
        .await;
    client.silence().await;
}

#[tokio::test]
async fn nonsense_is_told_and_the_session_goes_on() {
    let livechat = Livechat::new().await;
    let mut client = Client::connect(livechat.address).await;
    let deep = format!(
        r#"{{"msg":"sub","params":{}{}}}"#,
        "[".repeat(9_000),
        "]".repeat(9_000)
    );
    let unknown = json!({"msg": "selfdestruct", "id": "x"});
    let nameless = json!({"msg": "sub", "id": "s"});
    let cases: [(&str, Value); 7] = [
        ("not JSON", json!({"msg": "error", "reason": "Bad request"})),
        ("", json!({"msg": "error", "reason": "Bad request"})),
        ("[1]", json!({"msg": "error", "reason": "Bad request"})),
        (&deep, json!({"msg": "error", "reason": "Bad request"})),
        (
            "{}",
            json!({"msg": "error", "reason": "Bad request", "offendingMessage": {}}),
        ),
        (
            &unknown.to_string(),
            json!({"msg": "error", "reason": "Bad request", "offendingMessage": unknown}),
        ),
        (
            &nameless.to_string(),
            json!({"msg": "error", "reason": "Malformed subscription", "offendingMessage": nameless}),
        ),
    ];
    for (text, expected) in cases {
        client.say(text).await;
        assert_eq!(client.next().await, expected, "{text:.40}");
    }
    client.silence().await;
}

#[tokio::test]
async fn frames_that_are_no_text_or_too_large_end_the_socket() {
    let livechat = Livechat::with("[livechat.realtime]\nmax_frame = 1000\n").await;
    let sockets = &livechat.world.metrics.realtime_sockets;
    let cases = [
        (Message::binary(vec![1, 2, 3]), CloseCode::Unsupported),
        (Message::text("x".repeat(1_001)), CloseCode::Size),
    ];
    for (message, code) in cases {
        let mut client = Client::connect(livechat.address).await;
        futures_util::SinkExt::send(&mut client.socket, message)
            .await
            .unwrap();
        assert_eq!(client.end().await.unwrap().code, code);
    }
    until("nothing is left", || sockets.get() == 0).await;
}

#[tokio::test]
async fn unknown_methods_and_streams_are_refused_as_meteor_does() {
    let livechat = Livechat::new().await;
    let mut client = Client::connect(livechat.address).await;
    let error = client.call("nothing:here", json!([])).await.unwrap_err();
    let not_found = |what: &str| {
        json!({
            "isClientSafe": true,
            "error": 404,
            "reason": format!("{what} not found"),
            "message": format!("{what} not found [404]"),
            "errorType": "Meteor.Error",
        })
    };
    assert_eq!(error, not_found("Method 'nothing:here'"));
    let answer = client.sub("s", "nothing", json!(["R"])).await;
    let expected = not_found("Subscription 'nothing'");
    assert_eq!(
        answer,
        json!({"msg": "nosub", "id": "s", "error": expected})
    );
    let answer = client.sub("s", "stream-room-messages", json!([])).await;
    assert_eq!(answer["error"]["reason"], "Match failed");
    assert_eq!(answer["error"]["error"], 400);
}

#[tokio::test]
async fn a_subscription_ends_with_nosub_and_its_id_is_free_again() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let mut client = Client::connect(livechat.address).await;
    let (stream, params) = ("stream-room-messages", as_visitor(&rid, "T1"));
    client.listen("s", stream, params.clone()).await;
    // The same id again is not answered: Meteor's clients repeat themselves after a reconnection.
    let again = json!({"msg": "sub", "id": "s", "name": stream, "params": params});
    client.send(again).await;
    client.silence().await;
    assert_eq!(livechat.world.metrics.realtime_subscriptions.get(), 1);
    for _ in 0..2 {
        client.send(json!({"msg": "unsub", "id": "s"})).await;
        assert_eq!(client.next().await, json!({"msg": "nosub", "id": "s"}));
    }
    assert_eq!(livechat.world.metrics.realtime_subscriptions.get(), 0);
    livechat.write("T1", &rid, "unheard").await;
    client.silence().await;
    client.listen("s", stream, params).await;
}

#[tokio::test]
async fn a_request_that_is_no_upgrade_is_refused_in_plain_text() {
    let livechat = Livechat::new().await;
    let upgrade = "upgrade: websocket\nconnection: Upgrade\n";
    let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\n";
    let cases = [
        (
            "GET /websocket\n".to_owned(),
            400,
            "Can \"Upgrade\" only to \"WebSocket\".",
        ),
        (
            format!("POST /websocket\n{upgrade}{key}sec-websocket-version: 13"),
            400,
            "Can \"Upgrade\" only to \"WebSocket\".",
        ),
        (
            format!("GET /websocket\n{upgrade}{key}sec-websocket-version: 8"),
            426,
            "The version must be 13",
        ),
        (
            format!("GET /websocket\n{upgrade}sec-websocket-version: 13"),
            400,
            "\"Sec-WebSocket-Key\" is missing",
        ),
    ];
    for (request, status, body) in cases {
        let answer = ask(livechat.address, &request).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, body),
            "{request}"
        );
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=UTF-8")
        );
    }
    assert_eq!(livechat.world.metrics.realtime_sockets.get(), 0);
}
