//! One message read, changed and removed by its visitor (livechat contract §4.6.2 to §4.6.4, §8, §9).

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{delete, get, malformed, run, send},
    livechat_world::Livechat,
};

fn path(id: &Value) -> String {
    format!("livechat/message/{}", id.as_str().unwrap())
}

#[tokio::test]
async fn a_message_is_read_by_its_visitor_alone() {
    for version in ["6", "7", "8"] {
        let livechat =
            Livechat::with(&format!("[livechat]\nrocketchat_version = \"{version}\"")).await;
        let (mine, theirs) = (livechat.room("T1").await, livechat.room("T2").await);
        let message = livechat.write("T1", &mine, "hello").await;
        let foreign = livechat.write("T2", &theirs, "hello").await;
        let one = path(&message["_id"]);
        let missing = |key: &str| format!("must have required property '{key}'");
        let ask = |query: &str| get(format!("{one}?{query}"));
        let good = format!("token=T1&rid={mine}");
        run(
            &livechat,
            vec![
                get(&one).params(&missing("token")),
                ask("token=T1").params(&missing("rid")),
                ask(&format!("rid={mine}")).params(&missing("token")),
                ask(&format!("{good}&x=1")).params("must NOT have additional properties"),
                ask(&format!("token=a&token=b&rid={mine}")).params("must be string"),
                ask(&format!("token=nobody&rid={mine}")).plain("invalid-token"),
                ask("token=T1&rid=nothing").plain("invalid-room"),
                ask(&format!("token=T1&rid={theirs}")).plain("invalid-room"),
                get(format!("livechat/message/nothing?{good}")).plain("invalid-message"),
                get(format!("{}?{good}", path(&foreign["_id"]))).plain("invalid-message"),
                ask(&good).gives_only(json!({"message": message})),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn only_6x_serves_a_message_of_another_room_of_the_same_visitor() {
    for (version, served) in [("6", true), ("7", false), ("8", false)] {
        let livechat =
            Livechat::with(&format!("[livechat]\nrocketchat_version = \"{version}\"")).await;
        let first = livechat.room("T1").await;
        let message = livechat.write("T1", &first, "hello").await;
        let close = json!({"token": "T1", "rid": first});
        livechat.post("livechat/room.close", close).await.ok();
        let second = livechat.room("T1").await;
        let asked = get(format!("{}?token=T1&rid={second}", path(&message["_id"])));
        let row = if served {
            asked.gives_only(json!({"message": message}))
        } else {
            asked.plain("invalid-message")
        };
        run(&livechat, vec![row]).await;
    }
}

#[tokio::test]
async fn a_message_is_changed_by_its_visitor_alone() {
    let livechat = Livechat::with("[livechat.settings]\nlimit_text_length = 9").await;
    let (mine, theirs) = (livechat.room("T1").await, livechat.room("T2").await);
    let message = livechat.write("T1", &mine, "hello").await;
    let foreign = livechat.write("T2", &theirs, "hello").await;
    let agents = json!({"message": {"rid": mine, "msg": "agent"}});
    let agents = livechat
        .as_user("manager", "POST", "chat.sendMessage", agents)
        .await
        .ok();
    let one = path(&message["_id"]);
    let body = json!({"token": "T1", "rid": mine, "msg": "changed"});
    let with = |key: &str, value: Value| {
        let mut body = body.clone();
        body[key] = value;
        send("PUT", &one, body)
    };
    let missing = |key: &str| format!("must have required property '{key}'");
    run(
        &livechat,
        vec![
            send("PUT", &one, json!({})).params(&missing("token")),
            send("PUT", &one, json!({"token": "T1"})).params(&missing("rid")),
            send("PUT", &one, json!({"token": "T1", "rid": mine})).params(&missing("msg")),
            malformed("PUT", &one).params(&missing("token")),
            // Values in the query do not count.
            send("PUT", format!("{one}?token=T1&rid={mine}&msg=x"), json!({}))
                .params(&missing("token")),
            with("x", json!(1)).params("must NOT have additional properties"),
            with("msg", json!([])).params("must be string"),
            with("token", json!("nobody")).plain("invalid-token"),
            with("rid", json!("nothing")).plain("invalid-room"),
            with("rid", json!(theirs)).plain("invalid-room"),
            send("PUT", "livechat/message/nothing", body.clone()).plain("invalid-message"),
            send("PUT", path(&foreign["_id"]), body.clone()).plain("invalid-message"),
            send("PUT", path(&agents["message"]["_id"]), body.clone())
                .plain("error-action-not-allowed"),
            with("msg", json!("ten is too long")).plain("message-length-exceeds-character-limit"),
        ],
    )
    .await;
    livechat
        .world
        .clock
        .advance(std::time::Duration::from_secs(1));
    let told = livechat.send("PUT", &one, body).await.ok();
    let changed = &told["message"];
    let mut expected = message.clone();
    expected["msg"] = json!("changed");
    expected["md"][0]["value"][0]["value"] = json!("changed");
    expected["editedAt"] = json!("2026-01-02T03:04:06.678Z");
    expected["_updatedAt"] = json!("2026-01-02T03:04:06.678Z");
    expected["editedBy"] =
        json!({"_id": message["u"]["_id"], "username": message["u"]["username"]});
    assert_eq!(*changed, expected);
}

#[tokio::test]
async fn the_last_message_of_a_room_follows_changes_and_removals() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let mut ids = Vec::new();
    for msg in ["one", "two", "three"] {
        ids.push(livechat.write("T1", &rid, msg).await["_id"].clone());
    }
    let place = json!({"token": "T1", "rid": rid});
    let last = async || {
        let mut room = livechat.get("livechat/room?token=T1").await.ok();
        (
            room["room"]["lastMessage"]["msg"].take(),
            room["room"]["msgs"].take(),
        )
    };
    let (text, all) = last().await;
    assert_eq!(text, "three");
    let mut edit = place.clone();
    edit["msg"] = json!("drei");
    livechat.send("PUT", &path(&ids[2]), edit).await.ok();
    assert_eq!(last().await, (json!("drei"), all.clone()));
    // Not the last one: only the count follows.
    livechat
        .send("DELETE", &path(&ids[1]), place.clone())
        .await
        .ok();
    let fewer = json!(all.as_u64().unwrap() - 1);
    assert_eq!(last().await, (json!("drei"), fewer));
    livechat
        .send("DELETE", &path(&ids[2]), place.clone())
        .await
        .ok();
    assert_eq!(last().await.0, "one");
    livechat.send("DELETE", &path(&ids[0]), place).await.ok();
    assert_eq!(last().await.0, Value::Null);
    let history = livechat
        .get(&format!("livechat/messages.history/{rid}?token=T1"))
        .await
        .ok();
    let people = history["messages"].as_array().unwrap().iter();
    assert_eq!(
        people.filter(|message| message.get("t").is_none()).count(),
        0
    );
}

#[tokio::test]
async fn a_message_is_removed_by_its_visitor_alone() {
    let livechat = Livechat::new().await;
    let (mine, theirs) = (livechat.room("T1").await, livechat.room("T2").await);
    let message = livechat.write("T1", &mine, "hello").await;
    let foreign = livechat.write("T2", &theirs, "hello").await;
    let mut history = livechat
        .get(&format!("livechat/messages.history/{mine}?token=T1"))
        .await
        .ok();
    let messages = history["messages"].take();
    let started = messages
        .as_array()
        .unwrap()
        .iter()
        .find(|message| message["t"] == "livechat-started")
        .unwrap();
    let one = path(&message["_id"]);
    let place = json!({"token": "T1", "rid": mine});
    let with = |key: &str, value: Value| {
        let mut body = place.clone();
        body[key] = value;
        send("DELETE", &one, body)
    };
    let missing = |key: &str| format!("must have required property '{key}'");
    run(
        &livechat,
        vec![
            send("DELETE", &one, json!({})).params(&missing("token")),
            send("DELETE", &one, json!({"token": "T1"})).params(&missing("rid")),
            malformed("DELETE", &one).params(&missing("token")),
            // A known client sends no body; the target refuses it, and so do we.
            delete(format!("{one}?token=T1&rid={mine}")).params(&missing("token")),
            with("x", json!(1)).params("must NOT have additional properties"),
            with("rid", json!({})).params("must be string"),
            with("count", json!("x")).params("must be number"),
            with("token", json!("nobody")).plain("invalid-token"),
            with("rid", json!("nothing")).plain("invalid-room"),
            with("rid", json!(theirs)).plain("invalid-room"),
            send("DELETE", "livechat/message/nothing", place.clone()).plain("invalid-message"),
            send("DELETE", path(&foreign["_id"]), place.clone()).plain("invalid-message"),
            // Written in the visitor's name, but it says what happened.
            send("DELETE", path(&started["_id"]), place.clone()).plain("error-action-not-allowed"),
            with("sort", json!(null)).gives_only(json!({
                "message": {"_id": message["_id"], "ts": "2026-01-02T03:04:05.678Z"},
            })),
            with("count", json!(1)).plain("invalid-message"),
        ],
    )
    .await;
}

#[tokio::test]
async fn changing_and_removing_can_be_switched_off() {
    let reasons = [
        (
            "6",
            "PUT",
            "Message editing not allowed [error-action-not-allowed]",
        ),
        (
            "6",
            "DELETE",
            "Message deleting not allowed [error-action-not-allowed]",
        ),
        ("7", "PUT", "error-action-not-allowed"),
        ("8", "DELETE", "error-action-not-allowed"),
    ];
    for (version, method, error) in reasons {
        let livechat = Livechat::with(&format!(
            "[livechat]\nrocketchat_version = \"{version}\"\n\
             [livechat.behaviour]\nallow_editing = false\nallow_deleting = false"
        ))
        .await;
        let rid = livechat.room("T1").await;
        let message = livechat.write("T1", &rid, "hello").await;
        let mut body = json!({"token": "T1", "rid": rid});
        if method == "PUT" {
            body["msg"] = json!("changed");
        }
        let asked = send(method, path(&message["_id"]), body);
        let row = if version == "6" {
            asked.typed(error, "error-action-not-allowed")
        } else {
            asked.plain(error)
        };
        run(&livechat, vec![row]).await;
    }
}

#[tokio::test]
async fn nobody_becomes_their_agent_by_naming_the_agents_id() {
    let livechat = Livechat::new().await;
    livechat.room("T1").await;
    let room = livechat.get("livechat/room?token=T1").await.ok();
    let agent = room["room"]["servedBy"]["_id"].clone();
    assert!(agent.is_string());
    for id in [agent, json!("rocket.cat")] {
        let guest = json!({"visitor": {"token": format!("E-{id}"), "id": id}});
        let told = livechat.post("livechat/visitor", guest).await.ok();
        assert_ne!(told["visitor"]["_id"], id);
    }
}
