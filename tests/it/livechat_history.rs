//! The history of a room (livechat contract §4.6.5, §8, §9).

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{get, post, run},
    livechat_world::Livechat,
};

/// Texts, or types of system messages, newest first.
async fn shown(livechat: &Livechat, rid: &str, query: &str) -> Vec<String> {
    let path = format!("livechat/messages.history/{rid}?token=T1{query}");
    let mut told = livechat.get(&path).await.ok();
    assert_eq!(told.as_object().unwrap().len(), 2, "messages and success");
    let Value::Array(messages) = told["messages"].take() else {
        panic!("no list")
    };
    let word = |message: &Value| {
        let word = message.get("t").unwrap_or(&message["msg"]);
        word.as_str().unwrap().to_owned()
    };
    messages.iter().map(word).collect()
}

#[tokio::test]
async fn every_way_to_ask_wrongly_has_its_answer() {
    let livechat = Livechat::new().await;
    let (mine, theirs) = (livechat.room("T1").await, livechat.room("T2").await);
    let path = format!("livechat/messages.history/{mine}");
    let ask = |query: &str| get(format!("{path}?{query}"));
    run(
        &livechat,
        vec![
            get(&path).params("must have required property 'token'"),
            ask("limit=1").params("must have required property 'token'"),
            ask("token=").plain("error-token-param-not-provided"),
            ask("token=T1&x=1").params("must NOT have additional properties"),
            ask("token[a]=T1").params("must be string"),
            ask("token=T1&limit=x").params("must be number"),
            ask("token=T1&end=a&end=b").params("must be string"),
            ask("token=nobody").plain("invalid-token"),
            get("livechat/messages.history/nothing?token=T1").plain("invalid-room"),
            get(format!("livechat/messages.history/{theirs}?token=T1")).plain("invalid-room"),
            post(&path, json!({"token": "T1"})).nothing_there(),
            get(format!("{path}/?token=T1")).nothing_there(),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_newest_come_first_and_pages_are_cut_out() {
    let text = "[livechat.behaviour]\naccept_chats_with_no_agents = true";
    let livechat = Livechat::of(text, Vec::new(), crate::server_world::config()).await;
    let rid = livechat.room("T1").await;
    livechat.write("T1", &rid, "one").await;
    // One message and the system's first one; the newest is the message.
    assert_eq!(
        shown(&livechat, &rid, "").await,
        ["one", "livechat-started"]
    );
    let two = livechat.write("T1", &rid, "two").await;
    let all = ["two", "one", "livechat-started"];
    let now = "2026-01-02T03:04:05.678Z";
    let cases: [(String, &[&str]); 13] = [
        (String::new(), &all),
        // Only feeds the count of unread ones on the target.
        (format!("&ls={now}"), &all),
        (
            "&searchText=one&sort=%7B%22ts%22:1%7D&count=1".to_owned(),
            &all,
        ),
        ("&limit=1".to_owned(), &all[..1]),
        ("&limit=0".to_owned(), &all),
        ("&offset=1".to_owned(), &all[1..]),
        ("&offset=1&limit=1".to_owned(), &all[1..2]),
        ("&offset=2".to_owned(), &all[2..]),
        ("&offset=3".to_owned(), &[]),
        ("&offset=-1".to_owned(), &all),
        (format!("&end={}", two["ts"].as_str().unwrap()), &all[1..]),
        ("&end=1767323045000".to_owned(), &[]),
        ("&end=2027-01-01T00:00:00Z".to_owned(), &all),
    ];
    for (query, expected) in cases {
        assert_eq!(shown(&livechat, &rid, &query).await, expected, "{query}");
    }
    for number in 0..25 {
        livechat.write("T1", &rid, &number.to_string()).await;
    }
    assert_eq!(shown(&livechat, &rid, "").await.len(), 20);
    assert_eq!(shown(&livechat, &rid, "&limit=100").await.len(), 28);
    let close = json!({"token": "T1", "rid": rid});
    livechat.post("livechat/room.close", close).await.ok();
    assert_eq!(shown(&livechat, &rid, "&limit=1").await, ["livechat-close"]);
}

#[tokio::test]
async fn hidden_types_of_system_messages_stay_out() {
    let text = "[livechat.behaviour]\nhidden_system_messages = [\"uj\", \"command\"]";
    let livechat = Livechat::with(text).await;
    let rid = livechat.room("T1").await;
    livechat.write("T1", &rid, "one").await;
    let served = livechat.get("livechat/room?token=T1").await.ok();
    assert!(served["room"]["servedBy"].is_object(), "an agent came");
    assert_eq!(
        shown(&livechat, &rid, "").await,
        ["one", "livechat-started"]
    );
}
