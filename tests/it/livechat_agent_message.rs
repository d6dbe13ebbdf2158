//! What agents write and read in livechat rooms (livechat contract §4.6.7, §8, §9).

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{get, malformed, post, run},
    livechat_world::Livechat,
    server_world::{agent, config},
};

/// Ada serves every room.
async fn with_ada() -> Livechat {
    Livechat::of("", vec![agent("ada", &["sales"])], config()).await
}

/// Bob serves every room, and the account of ada is nobody there.
async fn without_ada() -> Livechat {
    Livechat::of("", vec![agent("bob", &["sales"])], config()).await
}

#[tokio::test]
async fn an_agent_writes_as_whoever_serves() {
    let livechat = with_ada().await;
    let rid = livechat.room("T1").await;
    livechat.write("T1", &rid, "hello?").await;
    let body = json!({"message": {"rid": rid, "msg": "hello!", "_id": "m1"}});
    for account in ["ada-account", "manager"] {
        let told = livechat
            .as_user(account, "POST", "chat.sendMessage", body.clone())
            .await
            .ok();
        // The second time it is the same message: the id is.
        assert_eq!(told["message"]["_id"], "m1");
        assert_eq!(told["message"]["u"]["username"], "ada");
        assert_eq!(told["message"].get("token"), None);
    }
    let room = livechat.get("livechat/room?token=T1").await.ok();
    assert_eq!(room["room"]["waitingResponse"], false);
    assert_eq!(room["room"]["responseBy"]["username"], "ada");
    assert_eq!(room["room"]["lastMessage"]["msg"], "hello!");
    for (key, text) in [("roomId", "text"), ("channel", "msg")] {
        let body = json!({key: rid, text: "again"});
        let told = livechat
            .as_user("ada-account", "POST", "chat.postMessage", body)
            .await
            .ok();
        assert_eq!(told["channel"], json!(rid));
        assert!(told["ts"].is_i64(), "{told}");
        assert_eq!(told["message"]["msg"], "again");
    }
}

#[tokio::test]
async fn an_agent_who_takes_no_part_writes_nothing() {
    let livechat = without_ada().await;
    let rid = livechat.room("T1").await;
    let send = |body: Value| post("chat.sendMessage", body);
    let says = |rid: &str| send(json!({"message": {"rid": rid, "msg": "x"}}));
    let again = json!({"message": {"rid": rid, "msg": "x", "_id": "once"}});
    let other = json!({"message": {"rid": rid, "msg": "y", "_id": "once"}});
    let long = json!({"message": {"rid": rid, "msg": "x".repeat(5_001)}});
    let lacks = "must have required property 'roomId'\n must have required property 'channel'\n must match exactly one schema in oneOf";
    run(
        &livechat,
        vec![
            says(&rid).not_logged_in(),
            send(json!({}))
                .by("manager")
                .params("must have required property 'message'"),
            malformed("POST", "chat.sendMessage")
                .by("manager")
                .params("must have required property 'message'"),
            send(json!({"message": "x"}))
                .by("manager")
                .params("must be object"),
            send(json!({"message": {"rid": rid}, "x": 1}))
                .by("manager")
                .params("must NOT have additional properties"),
            send(json!({"message": {"msg": "x"}}))
                .by("manager")
                .plain("The 'rid' property on the message object is missing."),
            says("nothing").by("manager").plain("error-invalid-room"),
            says(&rid).by("ada-account").plain("error-not-allowed"),
            // May not see rooms at all.
            says(&rid).by("nobody").plain("error-not-allowed"),
            send(long).by("manager").typed(
                "[error-message-size-exceeded]",
                "error-message-size-exceeded",
            ),
            send(again)
                .by("manager")
                .gives(json!({"message": {"u": {"username": "bob"}}})),
            send(other).by("manager").plain("invalid-message"),
            post("chat.postMessage", json!({}))
                .by("manager")
                .params(lacks),
            post(
                "chat.postMessage",
                json!({"channel": "nothing", "text": "x"}),
            )
            .by("manager")
            .typed("[invalid-channel]", "invalid-channel"),
            post("chat.postMessage", json!({"channel": rid, "text": {}}))
                .by("manager")
                .params("must be string"),
        ],
    )
    .await;
    let close = json!({"token": "T1", "rid": rid});
    livechat.post("livechat/room.close", close).await.ok();
    run(
        &livechat,
        vec![says(&rid).by("manager").plain("room-closed")],
    )
    .await;
}

#[tokio::test]
async fn an_agent_searches_a_room() {
    let livechat = without_ada().await;
    let rid = livechat.room("T1").await;
    let first = livechat.write("T1", &rid, "Hello World").await;
    let path = format!("livechat/{rid}/messages");
    let ask = |query: &str| get(format!("{path}?{query}"));
    let page = |messages: &[&Value], offset: usize, total: usize| json!({"messages": messages, "count": messages.len(), "offset": offset, "total": total});
    run(
        &livechat,
        vec![
            get(&path).not_logged_in(),
            get(&path).by("nobody").not_permitted(),
            get(&path).by("ada-account").plain("not-allowed"),
            get("livechat/nothing/messages")
                .by("manager")
                .plain("invalid-room"),
            ask("x=1")
                .by("manager")
                .params("must NOT have additional properties"),
            ask("count=x").by("manager").params("must be number"),
            // System messages do not count.
            get(&path).by("manager").gives_only(page(&[&first], 0, 1)),
            ask("searchTerm=hello")
                .by("manager")
                .gives_only(page(&[&first], 0, 1)),
            ask("searchTerm=lo%20wor")
                .by("manager")
                .gives_only(page(&[&first], 0, 1)),
            ask("searchTerm=")
                .by("manager")
                .gives_only(page(&[&first], 0, 1)),
            ask("searchTerm=nothing")
                .by("manager")
                .gives_only(page(&[], 0, 0)),
        ],
    )
    .await;
    let second = livechat.write("T1", &rid, "second").await;
    let one = format!("chat.getMessage?msgId={}", second["_id"].as_str().unwrap());
    run(
        &livechat,
        vec![
            get(&path)
                .by("admin")
                .gives_only(page(&[&second, &first], 0, 2)),
            ask("count=1")
                .by("admin")
                .gives_only(page(&[&second], 0, 2)),
            ask("offset=1")
                .by("admin")
                .gives_only(page(&[&first], 1, 2)),
            ask("sort=%7B%22ts%22:1%7D")
                .by("admin")
                .gives_only(page(&[&first, &second], 0, 2)),
            get(&one).not_logged_in(),
            get(&one).by("admin").gives_only(json!({"message": second})),
            get(&one)
                .by("ada-account")
                .refused(400, json!({"success": false})),
            get("chat.getMessage?msgId=nothing")
                .by("admin")
                .refused(400, json!({"success": false})),
            get("chat.getMessage")
                .by("admin")
                .params("must have required property 'msgId'"),
        ],
    )
    .await;
}
