//! What is told to whom.

use serde_json::{Value, json};

use super::client::{Client, as_visitor, changed, not_allowed};
use crate::livechat_world::Livechat;

const MESSAGES: &str = "stream-room-messages";
const ROOM: &str = "stream-livechat-room";
const NOTIFY: &str = "stream-notify-room";

/// A message as REST shows it, with the dates of DDP.
fn with_dates(mut message: Value) -> Value {
    for key in ["ts", "_updatedAt"] {
        let at: jiff::Timestamp = message[key].as_str().unwrap().parse().unwrap();
        message[key] = json!({"$date": at.as_millisecond()});
    }
    message
}

#[tokio::test]
async fn a_visitor_hears_the_messages_of_their_room() {
    let livechat = Livechat::new().await;
    let (rid, other) = (livechat.room("T1").await, livechat.room("T2").await);
    let mut client = Client::connect(livechat.address).await;
    client.listen("s", MESSAGES, as_visitor(&rid, "T1")).await;
    livechat.write("T2", &other, "not for T1").await;
    for text in ["one", "two"] {
        let message = with_dates(livechat.write("T1", &rid, text).await);
        assert_eq!(
            client.next().await,
            changed(MESSAGES, &rid, &json!([message]))
        );
    }
    client.silence().await;
}

#[tokio::test]
async fn every_way_to_send_the_token_is_understood() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let mut client = Client::connect(livechat.address).await;
    let ways = [
        json!({"useCollection": false, "args": [{"token": "T1", "visitorToken": "T1"}]}),
        json!({"useCollection": false, "args": [{"visitorToken": "T1"}]}),
        json!({"useCollection": true, "args": [{"token": "T1"}]}),
        json!({"visitorToken": "T1"}),
    ];
    for (number, options) in ways.into_iter().enumerate() {
        for (name, stream, event) in [
            ("m", MESSAGES, rid.clone()),
            ("l", ROOM, rid.clone()),
            ("n", NOTIFY, format!("{rid}/user-activity")),
        ] {
            let id = format!("{name}{number}");
            client.listen(&id, stream, json!([event, options])).await;
        }
    }
    // However many subscriptions of one socket want it, a message comes once.
    livechat.write("T1", &rid, "once").await;
    assert_eq!(client.next().await["fields"]["args"][0]["msg"], "once");
    client.silence().await;
}

#[tokio::test]
async fn without_the_token_of_the_room_nobody_listens() {
    let livechat = Livechat::new().await;
    let (rid, other) = (livechat.room("T1").await, livechat.room("T2").await);
    let mut client = Client::connect(livechat.address).await;
    let events = |rid: &str| {
        [
            (MESSAGES, rid.to_owned()),
            (ROOM, rid.to_owned()),
            (NOTIFY, format!("{rid}/typing")),
            (NOTIFY, format!("{rid}/deleteMessage")),
        ]
    };
    for (stream, event) in events(&rid) {
        for options in [
            json!(false),
            json!(null),
            json!({"useCollection": false, "args": []}),
            json!({"useCollection": false, "args": [null]}),
            json!({"useCollection": false, "args": [{"token": "T2", "visitorToken": "T2"}]}),
            json!({"useCollection": false, "args": [{"visitorToken": ""}]}),
            json!({"useCollection": false, "args": [{"visitorToken": {"$ne": 1}}]}),
        ] {
            let answer = client.sub("s", stream, json!([event, options])).await;
            assert_eq!(answer, not_allowed("s"), "{stream} {options}");
        }
        let answer = client.sub("s", stream, json!([event])).await;
        assert_eq!(answer, not_allowed("s"));
    }
    for rid in [other.as_str(), "nothing"] {
        for (stream, event) in events(rid) {
            let answer = client.sub("s", stream, as_visitor(&event, "T1")).await;
            assert_eq!(answer, not_allowed("s"));
        }
    }
    for (stream, event) in [
        (MESSAGES, "__my_messages__"),
        ("stream-livechat-inquiry-queue-observer", "public"),
    ] {
        let answer = client.sub("s", stream, as_visitor(event, "T1")).await;
        assert_eq!(answer, not_allowed("s"));
    }
    livechat.write("T1", &rid, "secret").await;
    client.silence().await;
    assert_eq!(livechat.world.metrics.realtime_subscriptions.get(), 0);
}

#[tokio::test]
async fn streams_that_tell_nothing_are_ready_for_the_sdks() {
    let livechat = Livechat::new().await;
    let mut client = Client::connect(livechat.address).await;
    for (stream, event) in [
        ("stream-notify-all", "public-settings-changed"),
        ("stream-notify-logged", "Users:NameChanged"),
        ("stream-notify-user", "/message"),
        ("stream-user-presence", "x"),
    ] {
        client.listen(stream, stream, json!([event, false])).await;
    }
    let rid = livechat.room("T1").await;
    livechat.write("T1", &rid, "unheard").await;
    client.silence().await;
}
