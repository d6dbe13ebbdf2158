//! Two sides of a room: who types, who serves, what was removed, who is gone.

use lp2rc::conversation::{Audience as _, Chats, Event};
use serde_json::{Value, json};

use super::client::{Client, as_visitor, changed, not_allowed};
use crate::{
    livechat_world::Livechat,
    server_world::{agent, config},
};

const MESSAGES: &str = "stream-room-messages";
const ROOM: &str = "stream-livechat-room";
const NOTIFY: &str = "stream-notify-room";
const QUEUE: &str = "stream-livechat-inquiry-queue-observer";

/// A logged-in account.
async fn account(livechat: &Livechat, username: &str) -> Client {
    let mut client = Client::connect(livechat.address).await;
    let credentials = json!({"resume": format!("token-of-{username}")});
    client
        .send(json!({"msg": "method", "id": "l", "method": "login", "params": [credentials]}))
        .await;
    let added = client.next().await;
    assert_eq!(added["msg"], "added");
    assert_eq!(added["collection"], "users");
    assert_eq!(added["fields"], json!({"username": username}));
    let result = client.next().await["result"].take();
    assert_eq!(result["id"], added["id"]);
    assert_eq!(result["token"], format!("token-of-{username}"));
    assert!(result["tokenExpires"]["$date"].is_i64());
    assert_eq!(client.next().await["msg"], "updated");
    client
}

#[tokio::test]
async fn a_wrong_login_is_refused_and_nobody_is_logged_in() {
    let livechat = Livechat::new().await;
    let mut client = Client::connect(livechat.address).await;
    for credentials in [
        json!({"resume": "token-of-nobody-here"}),
        json!({"user": {"username": "ada"}, "password": {"digest": "00", "algorithm": "sha-256"}}),
        json!({}),
        json!(null),
    ] {
        let error = client
            .call("login", json!([credentials]))
            .await
            .unwrap_err();
        assert_eq!(error["error"], 403);
        assert_eq!(error["reason"], "User not found");
    }
    let error = client
        .call("sendMessage", json!([{"rid": "R", "msg": "x"}]))
        .await;
    assert_eq!(error.unwrap_err()["error"], "error-invalid-user");
    let answer = client
        .sub("s", MESSAGES, json!(["__my_messages__", false]))
        .await;
    assert_eq!(answer, not_allowed("s"));
}

#[tokio::test]
async fn a_visitor_and_an_agent_talk() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let mut visitor = Client::connect(livechat.address).await;
    visitor.listen("m", MESSAGES, as_visitor(&rid, "T1")).await;
    let mut agents = account(&livechat, "manager").await;
    agents
        .listen("all", MESSAGES, json!(["__my_messages__", false]))
        .await;
    for round in 0..3 {
        let asked = livechat
            .write("T1", &rid, &format!("question {round}"))
            .await;
        let heard = visitor.next().await;
        assert_eq!(heard["fields"]["args"][0]["_id"], asked["_id"]);
        let heard = agents.next().await;
        assert_eq!(heard["fields"]["eventName"], "__my_messages__");
        assert_eq!(
            heard["fields"]["args"][0]["msg"],
            format!("question {round}")
        );
        assert_eq!(
            heard["fields"]["args"][1],
            json!({"roomParticipant": true, "roomType": "l"})
        );
        let message = json!({"rid": rid, "msg": format!("answer {round}")});
        agents
            .send(json!({"msg": "method", "id": "s", "method": "sendMessage", "params": [message]}))
            .await;
        let mut result = None;
        let mut event = None;
        for _ in 0..3 {
            let mut frame = agents.next().await;
            match frame["msg"].as_str().unwrap() {
                "result" => result = Some(frame["result"].take()),
                "changed" => event = Some(frame["fields"]["args"][0].take()),
                other => assert_eq!(other, "updated"),
            }
        }
        let answer = result.unwrap();
        assert_eq!(event, Some(answer.clone()));
        assert_eq!(
            visitor.next().await,
            changed(MESSAGES, &rid, &json!([answer]))
        );
    }
    visitor.silence().await;
    agents.silence().await;
}

#[tokio::test]
async fn an_account_hears_the_rooms_of_its_agent_only() {
    let text = "[livechat.behaviour]\naccept_chats_with_no_agents = true\n";
    let livechat = Livechat::of(text, Vec::new(), config()).await;
    let rid = livechat.room("T1").await;
    let mut ada = account(&livechat, "ada-account").await;
    ada.listen("all", MESSAGES, json!(["__my_messages__", false]))
        .await;
    ada.listen("room", MESSAGES, json!([rid, false])).await;
    livechat.world.publish(vec![agent("bob", &["sales"])]);
    livechat.conversations.ask(Chats::look_after).await.unwrap();
    // Who listened while it waited hears that Bob has it, and then no more.
    for kind in ["command", "uj"] {
        let heard = ada.next().await;
        assert_eq!(heard["fields"]["eventName"], rid.as_str());
        assert_eq!(heard["fields"]["args"][0]["t"], kind);
    }
    assert_eq!(ada.next().await, not_allowed("room"));
    livechat.write("T1", &rid, "for Bob").await;
    ada.silence().await;
    assert_eq!(
        ada.sub("room", MESSAGES, json!([rid, false])).await,
        not_allowed("room")
    );
    livechat.world.publish(vec![agent("ada", &["sales"])]);
    let other = livechat.room("T2").await;
    let heard: Vec<_> = [ada.next().await, ada.next().await]
        .iter()
        .map(|frame| frame["fields"]["args"][0]["t"].clone())
        .collect();
    assert_eq!(heard, [json!("command"), json!("uj")]);
    livechat.write("T2", &other, "for Ada").await;
    assert_eq!(ada.next().await["fields"]["args"][0]["msg"], "for Ada");
}

#[tokio::test]
async fn who_types_is_told_to_the_others_of_the_room_without_the_token() {
    let livechat = Livechat::new().await;
    let (rid, other) = (livechat.room("T1").await, livechat.room("T2").await);
    let (new, old) = (format!("{rid}/user-activity"), format!("{rid}/typing"));
    let mut visitor = Client::connect(livechat.address).await;
    visitor.listen("n", NOTIFY, as_visitor(&new, "T1")).await;
    let mut agents = account(&livechat, "manager").await;
    agents.listen("n", NOTIFY, json!([new, false])).await;
    let mut aged = account(&livechat, "admin").await;
    aged.listen("o", NOTIFY, json!([old, false])).await;
    let typing = json!([new, "guest-1", ["user-typing"], {"token": "T1"}]);
    assert_eq!(visitor.call(NOTIFY, typing).await, Ok(Value::Null));
    let told = changed(NOTIFY, &new, &json!(["guest-1", ["user-typing"]]));
    assert_eq!(agents.next().await, told);
    let told = changed(NOTIFY, &old, &json!(["guest-1", true]));
    assert_eq!(aged.next().await, told);
    visitor.silence().await;
    agents.call(NOTIFY, json!([new, "ada", []])).await.unwrap();
    assert_eq!(
        visitor.next().await,
        changed(NOTIFY, &new, &json!(["ada", []]))
    );
    assert_eq!(
        aged.next().await,
        changed(NOTIFY, &old, &json!(["ada", false]))
    );
    // Nobody else's word is passed on, and nobody is told why.
    let mut stranger = Client::connect(livechat.address).await;
    for params in [
        json!([new, "guest-1", ["user-typing"], {"token": "T2"}]),
        json!([new, "guest-1", ["user-typing"], {}]),
        json!([new, "guest-1", ["user-typing"]]),
        json!([format!("{other}/user-activity"), "guest-1", ["user-typing"], {"token": "T1"}]),
        json!([format!("{rid}/deleteMessage"), "guest-1", {"token": "T1"}]),
        json!([rid, "guest-1"]),
    ] {
        assert_eq!(stranger.call(NOTIFY, params).await, Ok(Value::Null));
    }
    visitor.silence().await;
    agents.silence().await;
    aged.silence().await;
}

#[tokio::test]
async fn a_removed_message_is_told() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let mut client = Client::connect(livechat.address).await;
    let event = format!("{rid}/deleteMessage");
    client.listen("d", NOTIFY, as_visitor(&event, "T1")).await;
    let message = livechat.write("T1", &rid, "oops").await;
    let id = message["_id"].as_str().unwrap();
    let path = format!("livechat/message/{id}");
    let body = json!({"token": "T1", "rid": rid});
    livechat.send("DELETE", &path, body).await.ok();
    assert_eq!(
        client.next().await,
        changed(NOTIFY, &event, &json!([{"_id": id}]))
    );
}

#[tokio::test]
async fn a_waiting_visitor_hears_of_their_place_and_their_agent() {
    let text = "[livechat.behaviour]\naccept_chats_with_no_agents = true\n";
    let livechat = Livechat::of(text, Vec::new(), config()).await;
    let (first, rid) = (livechat.room("T1").await, livechat.room("T2").await);
    let mut client = Client::connect(livechat.address).await;
    client.listen("l", ROOM, as_visitor(&rid, "T2")).await;
    let close = json!({"token": "T1", "rid": first});
    livechat.post("livechat/room.close", close).await.ok();
    let place = |spot: u32| {
        changed(
            ROOM,
            &rid,
            &json!([{"type": "queueData", "data": {"spot": spot}}]),
        )
    };
    let mut heard = client.next().await;
    if heard == place(2) {
        // What moved the queue before the subscription may still have been looked up after it.
        heard = client.next().await;
    }
    assert_eq!(heard, place(1));
    livechat.world.publish(vec![agent("ada", &["sales"])]);
    livechat.conversations.ask(Chats::look_after).await.unwrap();
    let info = livechat
        .get(&format!("livechat/agent.info/{rid}/T2"))
        .await
        .ok();
    let expected = json!([{"type": "agentData", "data": info["agent"]}]);
    assert_eq!(client.next().await, changed(ROOM, &rid, &expected));
    let ears = livechat.hub.ears();
    ears.hear(&Event::Agent {
        rid: rid.clone(),
        agent: None,
    });
    let expected = json!([{"type": "agentData"}]);
    assert_eq!(client.next().await, changed(ROOM, &rid, &expected));
    ears.hear(&Event::AgentStatus {
        rid: rid.clone(),
        status: "away",
    });
    let expected = json!([{"type": "agentStatus", "status": "away"}]);
    assert_eq!(client.next().await, changed(ROOM, &rid, &expected));
}

#[tokio::test]
async fn a_visitor_who_changes_is_told_and_a_new_token_ends_the_old_ones_subscriptions() {
    let livechat = Livechat::new().await;
    let visitor = |token: &str, name: &str| {
        let email = "t@example.org";
        json!({"visitor": {"token": token, "name": name, "email": email}})
    };
    livechat
        .post("livechat/visitor", visitor("T1", "One"))
        .await
        .ok();
    let room = livechat.get("livechat/room?token=T1").await.ok();
    let rid = room["room"]["_id"].as_str().unwrap();
    let mut client = Client::connect(livechat.address).await;
    client.listen("l", ROOM, as_visitor(rid, "T1")).await;
    livechat
        .post("livechat/visitor", visitor("T1", "Two"))
        .await
        .ok();
    let heard = client.next().await["fields"]["args"][0].take();
    assert_eq!(heard["type"], "visitorData");
    assert_eq!(heard["visitor"]["name"], "Two");
    assert!(heard["visitor"]["ts"]["$date"].is_i64());
    livechat
        .post("livechat/visitor", visitor("T9", "Two"))
        .await
        .ok();
    assert_eq!(client.next().await, not_allowed("l"));
    client.silence().await;
    client.listen("l", ROOM, as_visitor(rid, "T9")).await;
}

#[tokio::test]
async fn a_room_that_is_gone_ends_its_subscriptions() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let mut client = Client::connect(livechat.address).await;
    client.listen("m", MESSAGES, as_visitor(&rid, "T1")).await;
    livechat.hub.ears().hear(&Event::Gone { rid });
    assert_eq!(client.next().await, not_allowed("m"));
    client.silence().await;
    assert_eq!(livechat.world.metrics.realtime_subscriptions.get(), 0);
}

#[tokio::test]
async fn the_queue_is_shown_to_accounts() {
    let text = "[livechat.behaviour]\naccept_chats_with_no_agents = true\n";
    let livechat = Livechat::of(text, Vec::new(), config()).await;
    let mut client = account(&livechat, "ada-account").await;
    client.listen("q", QUEUE, json!(["public", false])).await;
    let rid = livechat.room("T1").await;
    let added = client.next().await;
    let inquiry = &added["fields"]["args"][0];
    assert_eq!(added["fields"]["eventName"], "public");
    assert_eq!(
        (&inquiry["type"], &inquiry["rid"], &inquiry["status"]),
        (&json!("added"), &json!(rid), &json!("queued"))
    );
    livechat.world.publish(vec![agent("ada", &["sales"])]);
    livechat.conversations.ask(Chats::look_after).await.unwrap();
    let removed = client.next().await["fields"]["args"][0].take();
    assert_eq!(
        (&removed["type"], &removed["_id"]),
        (&json!("removed"), &inquiry["_id"])
    );
    let mut nobody = account(&livechat, "nobody").await;
    let answer = nobody.sub("q", QUEUE, json!(["public", false])).await;
    assert_eq!(answer, not_allowed("q"));
}

#[tokio::test]
async fn the_end_of_the_last_socket_makes_the_visitor_offline() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let mut watching = Client::connect(livechat.address).await;
    watching.listen("l", ROOM, as_visitor(&rid, "T1")).await;
    let mut tabs = Vec::new();
    for _ in 0..2 {
        let mut tab = Client::connect(livechat.address).await;
        let outcome = tab
            .call("livechat:setUpConnection", json!([{"token": "T1"}]))
            .await;
        assert_eq!(outcome, Ok(Value::Null));
        tabs.push(tab);
    }
    let sockets = &livechat.world.metrics.realtime_sockets;
    drop(tabs.pop());
    crate::server_world::until("one tab is gone", || sockets.get() == 2).await;
    watching.silence().await;
    drop(tabs.pop());
    let heard = watching.next().await["fields"]["args"][0].take();
    assert_eq!(heard["type"], "visitorData");
    let room = livechat.get("livechat/room?token=T1").await.ok();
    assert_eq!(room["room"]["v"]["status"], "offline");
}
