//! Heading "Page visited" (livechat contract §4.7.3), row by row.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    livechat_kept::Kept,
    livechat_matrix::{get, malformed, post, run, version},
    livechat_world::Livechat,
};

const PATH: &str = "livechat/page.visited";
const SHOWN: &str = "[livechat.behaviour]\nnavigation_as_message = true\n";

fn page(title: &str, change: &str) -> Value {
    json!({"title": title, "change": change, "location": {"href": "https://example.org/"}})
}

fn answer(token: &str, title: &str) -> Value {
    json!({"page": {
        "msg": format!("{title} - https://example.org/"),
        "navigation": {"page": page(title, "url"), "token": token},
    }})
}

#[tokio::test]
async fn every_row_of_the_matrix() {
    for number in ["6", "7", "8"] {
        let livechat = Livechat::with(&version(number)).await;
        let (mine, foreign) = (livechat.room("T1").await, livechat.room("T2").await);
        let with = |info: Value| json!({"token": "T1", "pageInfo": info});
        let without = |key: &str| {
            let mut info = page("t", "url");
            info.as_object_mut().unwrap().remove(key);
            with(info)
        };
        let closed = json!({"token": "T2", "rid": foreign});
        let rows = vec![
            post(PATH, json!({})).params("must have required property 'token'"),
            malformed("POST", PATH).params("must have required property 'token'"),
            post(PATH, json!([])).params("must be object"),
            post(PATH, json!({"token": "T1", "rid": {}}))
                .params("must have required property 'pageInfo'"),
            post(
                PATH,
                json!({"token": "T1", "rid": {}, "pageInfo": page("t", "url")}),
            )
            .params("must be string"),
            post(
                PATH,
                json!({"token": "T1", "pageInfo": page("t", "url"), "x": 1}),
            )
            .params("must NOT have additional properties"),
            post(PATH, with(json!("x"))).params("must be object"),
            post(PATH, without("title")).params("must have required property 'title'"),
            post(PATH, without("change")).params("must have required property 'change'"),
            post(PATH, without("location")).params("must have required property 'location'"),
            post(
                PATH,
                with(json!({"title": "t", "change": "url", "location": {}})),
            )
            .params("must have required property 'href'"),
            post(
                PATH,
                with(json!({"title": {}, "change": "url", "location": {"href": "h"}})),
            )
            .params("must be string"),
            post(PATH, with(page("t", "title"))).gives_only(json!({})),
            post(PATH, with(page("t", "url"))).gives_only(answer("T1", "t")),
            post(
                PATH,
                json!({"token": "who", "rid": "nothing", "pageInfo": page("t", "url")}),
            )
            .gives_only(answer("who", "t")),
            post(
                PATH,
                json!({"token": "T1", "rid": foreign, "pageInfo": page("t", "url")}),
            )
            .gives_only(answer("T1", "t")),
            post(
                PATH,
                json!({"token": "T1", "rid": null, "pageInfo": page("t", "url")}),
            )
            .gives_only(answer("T1", "t")),
            post(
                PATH,
                json!({"token": "T1", "rid": mine, "pageInfo": page("t", "url")}),
            )
            .gives_only(answer("T1", "t")),
            post("livechat/room.close", closed).gives(json!({})),
            post(
                PATH,
                json!({"token": "T2", "rid": foreign, "pageInfo": page("t", "url")}),
            )
            .gives_only(answer("T2", "t")),
        ];
        run(&livechat, rows).await;
    }
}

#[tokio::test]
async fn the_kind_of_change_that_counts_is_configured() {
    let titles = "[livechat.settings]\nhistory_monitor_type = \"title\"\n";
    let livechat = Livechat::with(titles).await;
    let with = |change: &str| json!({"token": "T1", "pageInfo": page("t", change)});
    let rows = vec![
        post(PATH, with("url")).gives_only(json!({})),
        post(PATH, with("title")).gives(json!({"page": {"navigation": {"token": "T1"}}})),
    ];
    run(&livechat, rows).await;
}

/// Types of the visible messages of a room, oldest first.
async fn kinds(livechat: &Livechat, token: &str, rid: &str) -> Vec<Value> {
    let path = format!("livechat/messages.history/{rid}?token={token}&limit=100");
    let told = livechat.get(&path).await.ok();
    let messages = told["messages"].as_array().unwrap();
    messages.iter().rev().map(|m| m["t"].clone()).collect()
}

#[tokio::test]
async fn pages_are_hidden_unless_they_are_to_be_messages() {
    for (text, shown) in [("", 0), (SHOWN, 1)] {
        let livechat = Livechat::with(text).await;
        let rid = livechat.room("T1").await;
        let body = json!({"token": "T1", "rid": rid, "pageInfo": page("t", "url")});
        livechat.post(PATH, body).await.ok();
        let kinds = kinds(&livechat, "T1", &rid).await;
        let pages = kinds
            .iter()
            .filter(|t| **t == "livechat_navigation_history");
        assert_eq!(pages.count(), shown);
    }
}

#[tokio::test]
async fn pages_seen_before_the_room_come_into_it_in_order() {
    let kept = Kept::default();
    let livechat = kept.face(SHOWN).await;
    for title in ["one", "two", "three"] {
        let body = json!({"token": "T1", "pageInfo": page(title, "url")});
        livechat.post(PATH, body).await.ok();
    }
    assert_eq!(kept.kinds()["page"], 3);
    let rid = livechat.room("T1").await;
    assert!(!kept.kinds().contains_key("page"), "they wait no longer");
    let told = livechat
        .get(&format!(
            "livechat/messages.history/{rid}?token=T1&limit=100"
        ))
        .await
        .ok();
    let mut messages = told["messages"].as_array().unwrap().clone();
    messages.reverse();
    for (message, title) in messages.iter().zip(["one", "two", "three"]) {
        assert_eq!(message["t"], "livechat_navigation_history");
        assert_eq!(message["msg"], format!("{title} - https://example.org/"));
        assert_eq!(message["u"]["username"], "rocket.cat");
        assert_eq!(
            message["navigation"],
            answer("T1", title)["page"]["navigation"]
        );
    }
    assert_eq!(messages[3]["t"], "livechat-started");
    let times: Vec<_> = messages.iter().map(|m| m["ts"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
}

#[tokio::test]
async fn a_page_waits_for_thirty_days() {
    let kept = Kept::default();
    let livechat = kept.face(SHOWN).await;
    let seen = |title: &str| json!({"token": "T1", "pageInfo": page(title, "url")});
    livechat.post(PATH, seen("old")).await.ok();
    livechat
        .world
        .clock
        .advance(Duration::from_secs(31 * 86_400));
    livechat
        .world
        .publish(vec![crate::server_world::agent("ada", &["sales"])]);
    livechat.post(PATH, seen("young")).await.ok();
    let rid = livechat.room("T1").await;
    let path = format!("livechat/messages.history/{rid}?token=T1&limit=100");
    let told = livechat.get(&path).await.ok();
    let text = told.to_string();
    assert!(
        text.contains("young - ") && !text.contains("old - "),
        "{text}"
    );
    assert!(!kept.kinds().contains_key("page"));
}

#[tokio::test]
async fn no_visitor_makes_pages_without_end_or_without_size() {
    let kept = Kept::default();
    let livechat = kept.face("").await;
    let long = "\u{1}".repeat(50_000);
    for number in 0..103 {
        let title = if number == 102 { &long } else { "t" };
        let body = json!({"token": "T1", "pageInfo": page(title, "url")});
        livechat.post(PATH, body).await.ok();
    }
    let token = "x".repeat(2_000);
    let body = json!({"token": token, "pageInfo": page("t", "url")});
    livechat.post(PATH, body).await.ok();
    assert_eq!(kept.kinds()["page"], 100);
    livechat.room("T1").await;
    assert!(!kept.kinds().contains_key("page"));
}

#[tokio::test]
async fn a_hidden_page_is_in_no_history() {
    let livechat = Livechat::new().await;
    let body = json!({"token": "T1", "pageInfo": page("t", "url")});
    run(&livechat, vec![post(PATH, body).gives(json!({}))]).await;
    let rid = livechat.room("T1").await;
    livechat.write("T1", &rid, "hello").await;
    let path = format!("livechat/messages.history/{rid}?token=T1");
    run(&livechat, vec![get(path).gives(json!({}))]).await;
    assert!(
        !kinds(&livechat, "T1", &rid)
            .await
            .contains(&json!("livechat_navigation_history"))
    );
}
