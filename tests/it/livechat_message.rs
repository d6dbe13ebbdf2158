//! A visitor's messages: every row of the contract's matrix for writing, and what a message does to
//! its room (livechat contract §4.6.1, §8, §9).

use serde_json::json;

use crate::{
    livechat_matrix::{malformed, post, run},
    livechat_world::Livechat,
};

const PATH: &str = "livechat/message";

#[tokio::test]
async fn every_way_to_write_wrongly_has_its_answer() {
    let livechat = Livechat::with("[livechat.settings]\nlimit_text_length = 5").await;
    let (mine, theirs) = (livechat.room("T1").await, livechat.room("T2").await);
    let body = json!({"token": "T1", "rid": mine, "msg": "hello"});
    let with = |key: &str, value: serde_json::Value| {
        let mut body = body.clone();
        body[key] = value;
        post(PATH, body)
    };
    let without = |key: &str| {
        let mut body = body.clone();
        body.as_object_mut().unwrap().remove(key);
        post(PATH, body)
    };
    let missing = |key: &str| format!("must have required property '{key}'");
    run(
        &livechat,
        vec![
            post(PATH, json!({})).params(&missing("token")),
            without("token").params(&missing("token")),
            without("rid").params(&missing("rid")),
            without("msg").params(&missing("msg")),
            malformed("POST", PATH).params(&missing("token")),
            post(PATH, json!([])).params("must be object"),
            with("foo", json!(1)).params("must NOT have additional properties"),
            with("token", json!({})).params("must be string"),
            with("rid", json!([])).params("must be string"),
            with("msg", json!({})).params("must be string"),
            with("_id", json!([])).params("must be string"),
            with("agent", json!("ada")).params("must be object"),
            with("agent", json!({})).params(&missing("agentId")),
            with("agent", json!({"agentId": "a"})).params(&missing("username")),
            with("agent", json!({"agentId": "a", "username": "a", "x": 1}))
                .params("must NOT have additional properties"),
            with("token", json!("nobody")).plain("invalid-token"),
            with("rid", json!("nothing")).plain("invalid-room"),
            with("rid", json!(theirs)).plain("invalid-room"),
            with("msg", json!("sixsix")).plain("message-length-exceeds-character-limit"),
            // Six UTF-16 code units, though three characters.
            with("msg", json!("🦀🦀🦀")).plain("message-length-exceeds-character-limit"),
            with("msg", json!("🦀🦀!")).gives(json!({"message": {"msg": "🦀🦀!"}})),
            with("msg", json!("")).gives(json!({"message": {"msg": ""}})),
            with("msg", json!(5)).gives(json!({"message": {"msg": "5"}})),
            with("_id", json!(null)).gives(json!({"message": {"rid": mine}})),
            with("agent", json!({"agentId": "a", "username": "a"}))
                .gives(json!({"message": {"msg": "hello"}})),
        ],
    )
    .await;
    let close = json!({"token": "T1", "rid": mine});
    livechat.post("livechat/room.close", close).await.ok();
    run(
        &livechat,
        vec![
            with("msg", json!("again")).plain("room-closed"),
            // The room is looked at before the text.
            with("msg", json!("much too long")).plain("room-closed"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_message_has_the_shape_of_the_contract_and_moves_its_room() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let body = json!({"token": "T1", "rid": rid, "msg": "*hi*", "_id": "mine"});
    let told = livechat.post(PATH, body).await.ok();
    let room = livechat.get("livechat/room?token=T1").await.ok();
    let guest = &room["room"]["v"];
    let message = &told["message"];
    let ts = &message["ts"];
    assert_eq!(
        *message,
        json!({
            "_id": "mine", "rid": rid, "msg": "*hi*", "token": "T1", "alias": "T1", "ts": ts,
            "u": {"_id": guest["_id"], "username": guest["username"], "name": "T1"},
            "_updatedAt": ts, "urls": [], "mentions": [], "channels": [],
            "md": [{"type": "PARAGRAPH", "value": [
                {"type": "BOLD", "value": [{"type": "PLAIN_TEXT", "value": "hi"}]}]}],
        })
    );
    assert_eq!(room["room"]["lastMessage"]["_id"], "mine");
    assert_eq!((&room["room"]["lm"], &guest["lastMessageTs"]), (ts, ts));
}

#[tokio::test]
async fn the_same_id_and_text_again_are_the_same_message() {
    let livechat = Livechat::new().await;
    let (mine, theirs) = (livechat.room("T1").await, livechat.room("T2").await);
    let body = json!({"token": "T1", "rid": mine, "msg": "hello", "_id": "once"});
    let first = livechat.post(PATH, body.clone()).await.ok();
    assert_eq!(livechat.post(PATH, body).await.ok(), first);
    let mut history = livechat
        .get(&format!("livechat/messages.history/{mine}?token=T1"))
        .await
        .ok();
    let messages = history["messages"].take();
    let once = messages.as_array().unwrap().iter();
    assert_eq!(once.filter(|message| message["_id"] == "once").count(), 1);
    run(
        &livechat,
        vec![
            post(
                PATH,
                json!({"token": "T1", "rid": mine, "msg": "other", "_id": "once"}),
            )
            .plain("invalid-message"),
            post(
                PATH,
                json!({"token": "T2", "rid": theirs, "msg": "hello", "_id": "once"}),
            )
            .plain("invalid-message"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_link_to_a_message_of_ones_own_is_a_quote() {
    let livechat = Livechat::with("[livechat]\nsite_url = \"https://chat.example\"").await;
    let (mine, theirs) = (livechat.room("T1").await, livechat.room("T2").await);
    let quoted = livechat.write("T1", &mine, "the first").await;
    let foreign = livechat.write("T2", &theirs, "a secret").await;
    let link = |rid: &str, id: &serde_json::Value| {
        format!(
            "https://chat.example/live/{rid}?msg={}",
            id.as_str().unwrap()
        )
    };
    let first = link(&mine, &quoted["_id"]);
    let told = livechat
        .write("T1", &mine, &format!("[ ]({first}) indeed"))
        .await;
    assert_eq!(
        told["attachments"],
        json!([{
            "text": "the first", "message_link": first, "author_name": "T1",
            "attachments": [], "ts": quoted["ts"],
        }])
    );
    let not_mine = format!("[ ]({}) ?", link(&theirs, &foreign["_id"]));
    let nothing = format!("[ ]({}) ?", link(&mine, &json!("nothing")));
    for msg in [not_mine, nothing] {
        let told = livechat.write("T1", &mine, &msg).await;
        assert_eq!(told.get("attachments"), None, "{msg}");
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_in_words() {
    let text = "[livechat.behaviour]\nmax_message_size = 20000";
    let livechat = Livechat::with(text).await;
    let rid = livechat.room("T1").await;
    // What cannot be kept is refused in words, whatever the configuration allows.
    let long = "\u{1}".repeat(19_000);
    run(
        &livechat,
        vec![
            post(PATH, json!({"token": "T1", "rid": rid, "msg": long}))
                .plain("message-length-exceeds-character-limit"),
        ],
    )
    .await;
    let room = livechat.get("livechat/room?token=T1").await.ok();
    assert_eq!(room["room"].get("lastMessage"), None);
}

#[tokio::test]
async fn messages_are_brought_for_a_visitor() {
    const PATH: &str = "livechat/messages";
    let livechat = Livechat::new().await;
    let body =
        |messages: serde_json::Value| json!({"visitor": {"token": "T9"}, "messages": messages});
    let by = |body: serde_json::Value| post(PATH, body).by("nobody");
    let missing = |key: &str| format!("must have required property '{key}'");
    run(
        &livechat,
        vec![
            post(PATH, body(json!([{"msg": "a"}]))).not_logged_in(),
            by(json!({})).params(&missing("visitor")),
            malformed("POST", PATH)
                .by("nobody")
                .params(&missing("visitor")),
            by(json!({"messages": []})).params(&missing("visitor")),
            by(json!({"visitor": {}})).params(&missing("messages")),
            by(json!({"visitor": {}, "messages": [{"msg": "a"}]})).params(&missing("token")),
            by(body(json!("text"))).params("must be array"),
            by(body(json!([]))).params("must NOT have fewer than 1 items"),
            by(body(json!([{}]))).params(&missing("msg")),
            by(body(json!([{"msg": "a", "x": 1}]))).params("must NOT have additional properties"),
            by(body(json!([{"msg": []}]))).params("must be string"),
        ],
    )
    .await;
    let told = livechat
        .as_user(
            "nobody",
            "POST",
            PATH,
            body(json!([{"msg": "a"}, {"msg": "b"}])),
        )
        .await
        .ok();
    let said = told["messages"].as_array().unwrap();
    let room = livechat.get("livechat/room?token=T9").await.ok();
    assert_eq!(room["newRoom"], false, "the room is there");
    for (said, msg) in said.iter().zip(["a", "b"]) {
        let username = &room["room"]["v"]["username"];
        assert_eq!(
            *said,
            json!({"username": username, "msg": msg, "ts": said["ts"]})
        );
    }
    assert_eq!(said.len(), 2);
    assert_eq!(room["room"]["lastMessage"]["msg"], "b");
    let more = body(json!([{"msg": "c"}]));
    livechat.as_user("nobody", "POST", PATH, more).await.ok();
    let again = livechat.get("livechat/room?token=T9").await.ok();
    assert_eq!(again["room"]["_id"], room["room"]["_id"], "the same room");
}
