//! Rooms on the agents' side (livechat contract §4.5): close, join, write about, change the visitor.

use serde_json::{Value, json};

use crate::{
    livechat_mail_server::OUTBOX,
    livechat_matrix::{Asked, get, holds, malformed, post, run, send},
    livechat_world::Livechat,
    server_world::{agent, config, unavailable},
};

const CLOSE: &str = "livechat/room.closeByUser";
const JOIN: &str = "livechat/room.join";
const SAVE: &str = "livechat/room.saveInfo";
const VISITOR: &str = "livechat/room.visitor";

const FIELDS: &str = r#"
[[livechat.custom_fields]]
id = "company"
label = "Company"
regexp = "^[a-z]+$"

[[livechat.custom_fields]]
id = "order"
scope = "room"
"#;

fn version(number: &str) -> String {
    format!("[livechat]\nrocketchat_version = \"{number}\"\n")
}

/// The room as the manager sees it.
async fn seen(livechat: &Livechat, rid: &str) -> Value {
    let path = "livechat/rooms?count=100";
    let listed = livechat
        .as_user("manager", "GET", path, Value::Null)
        .await
        .ok();
    let rooms = listed["rooms"].as_array().unwrap();
    rooms
        .iter()
        .find(|room| room["_id"] == rid)
        .unwrap()
        .clone()
}

#[tokio::test]
async fn an_agent_closes_as_the_contract_says() {
    let livechat = Livechat::with(OUTBOX).await;
    let rid = livechat.room("T1").await;
    let others = livechat.room("T2").await;
    let close = |who: &str, rid: &str, fields: Value| {
        let mut whole = json!({"rid": rid, "comment": "bye"});
        for (key, value) in fields.as_object().unwrap() {
            whole[key] = value.clone();
        }
        post(CLOSE, whole).by(who)
    };
    let ada = "ada-account";
    let rows = vec![
        post(CLOSE, json!({})).not_logged_in(),
        post(CLOSE, json!({}))
            .by(ada)
            .params("must have required property 'rid'"),
        malformed("POST", CLOSE)
            .by(ada)
            .params("must have required property 'rid'"),
        close(ada, &rid, json!({"x": 1})).params("must NOT have additional properties"),
        close(ada, &rid, json!({"tags": "a"})).params("must be array"),
        close(ada, &rid, json!({"transcriptEmail": {}}))
            .params("must have required property 'sendToVisitor'"),
        close(
            ada,
            &rid,
            json!({"transcriptEmail": {"sendToVisitor": true, "requestData": {}}}),
        )
        .params("must have required property 'email'"),
        close("nobody", &rid, json!({})).not_permitted(),
        close(ada, "x", json!({})).plain("error-invalid-room"),
        // Bob serves it, and this account is bound to ada.
        close(ada, &others, json!({})).plain("error-not-authorized"),
        close(ada, &rid, json!({"comment": " "})).plain("error-comment-is-required"),
        close(ada, &rid, json!({"comment": null})).plain("error-comment-is-required"),
        close(ada, &rid, json!({"comment": "x".repeat(5_001)})).typed(
            "[error-message-size-exceeded]",
            "error-message-size-exceeded",
        ),
        close(
            ada,
            &rid,
            json!({
                "tags": ["done"], "generateTranscriptPdf": true,
                "transcriptEmail": {"sendToVisitor": true,
                    "requestData": {"email": "t@example.org", "subject": "Chat"}},
            }),
        )
        .gives_only(json!({})),
        close(ada, &rid, json!({})).plain("error-room-already-closed"),
        close(
            "manager",
            &others,
            json!({"comment": "", "forceClose": true}),
        )
        .gives_only(json!({})),
        get(CLOSE).nothing_there(),
    ];
    run(&livechat, rows).await;
    let expected = json!({
        "closer": "user", "closedBy": {"_id": "t-ada", "username": "ada"}, "tags": ["done"],
    });
    let room = seen(&livechat, &rid).await;
    assert!(holds(&room, &expected), "{room:#}");
    let mails = livechat.conversations.ask(|chats| chats.mails(10)).await;
    let mails = mails.unwrap();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["t@example.org"]);
    let history = format!("livechat/messages.history/{rid}?token=T1&limit=20");
    let history = livechat.get(&history).await.ok();
    let closing = history["messages"].as_array().unwrap();
    let closing = closing.iter().find(|m| m["t"] == "livechat-close").unwrap();
    let said = json!({"t": "livechat-close", "msg": "bye", "u": {"username": "ada"},
        "transcriptRequested": true});
    assert!(holds(closing, &said), "{history:#}");
    assert_eq!(closing.get("token"), None);
    // An account that is not bound acted as whoever served.
    let other = seen(&livechat, &others).await;
    assert_eq!(other["closedBy"]["username"], "bob");
    let (_, taken) = livechat.world.ledger.taken();
    assert_eq!(taken, [1, 1], "both are free of them");
    let old = Livechat::with(&version("6")).await;
    let rid = old.room("T1").await;
    let rows = vec![
        post(CLOSE, json!({"rid": rid, "forceClose": true}))
            .by("manager")
            .params("must NOT have additional properties"),
    ];
    run(&old, rows).await;
}

#[tokio::test]
async fn agents_join_what_they_may_see() {
    let text = "[livechat.behaviour]\naccept_chats_with_no_agents = true\n";
    let agents = || vec![agent("ada", &["sales"]), agent("bob", &["support"])];
    let livechat = Livechat::of(text, agents(), config()).await;
    let mine = livechat.room("T1").await;
    let others = livechat.room("T2").await;
    let asleep = agents().into_iter().map(unavailable).collect();
    livechat.world.publish(asleep);
    let waiting = livechat.room("T3").await;
    let elsewhere = json!({"visitor": {"token": "T4", "department": "support"}});
    livechat.post("livechat/visitor", elsewhere).await.ok();
    let elsewhere = livechat.room("T4").await;
    let join = |who: &str, rid: &str| get(format!("{JOIN}?roomId={rid}")).by(who);
    let rows = vec![
        get(format!("{JOIN}?roomId={mine}")).not_logged_in(),
        get(JOIN)
            .by("ada-account")
            .params("must have required property 'roomId'"),
        get(format!("{JOIN}?roomId={mine}&x=1"))
            .by("ada-account")
            .params("must NOT have additional properties"),
        get(format!("{JOIN}?roomId[a]={mine}"))
            .by("ada-account")
            .params("must be string"),
        join("nobody", &mine).not_permitted(),
        join("ada-account", "x").plain("error-invalid-room"),
        join("ada-account", &mine).gives_only(json!({})),
        join("ada-account", &others).plain("error-not-allowed"),
        join("ada-account", &elsewhere).plain("error-not-allowed"),
        join("ada-account", &waiting).gives_only(json!({})),
        join("ada-account", &waiting).gives_only(json!({})),
        join("manager", &others).gives_only(json!({})),
        join("manager", &elsewhere).gives_only(json!({})),
        post("livechat/room.close", json!({"token": "T1", "rid": mine})).gives(json!({})),
        join("ada-account", &mine).plain("room-closed"),
    ];
    run(&livechat, rows).await;
    let room = seen(&livechat, &waiting).await;
    assert_eq!(
        (&room["usersCount"], room.get("servedBy")),
        (&json!(2), None)
    );
    let history = format!("livechat/messages.history/{waiting}?token=T3");
    let history = livechat.get(&history).await.ok();
    let said = json!({"t": "uj", "msg": "ada"});
    assert!(holds(&history["messages"][0], &said), "{history:#}");
    assert_eq!(
        history["messages"].as_array().unwrap().len(),
        2,
        "joined once"
    );
}

/// What an account writes about a room and its visitor.
fn save(who: &str, rid: &str, guest: &Value, fields: (Value, Value)) -> Asked {
    let (mut guest_data, mut room_data) = fields;
    guest_data["_id"] = guest.clone();
    room_data["_id"] = json!(rid);
    let body = json!({"guestData": guest_data, "roomData": room_data});
    post(SAVE, body).by(who)
}

#[tokio::test]
async fn what_agents_write_about_a_room_is_kept() {
    let livechat = Livechat::with(FIELDS).await;
    let rid = livechat.room("T1").await;
    let others = livechat.room("T2").await;
    let visitor = seen(&livechat, &rid).await["v"]["_id"].clone();
    let stranger = seen(&livechat, &others).await["v"]["_id"].clone();
    let none = || (json!({}), json!({}));
    let ada = "ada-account";
    let unauthorized = json!({"success": false, "error": "unauthorized"});
    let rows = vec![
        post(SAVE, json!({})).not_logged_in(),
        post(SAVE, json!({}))
            .by(ada)
            .params("must have required property 'guestData'"),
        malformed("POST", SAVE)
            .by(ada)
            .params("must have required property 'guestData'"),
        post(SAVE, json!({"guestData": {"_id": visitor}}))
            .by(ada)
            .params("must have required property 'roomData'"),
        post(SAVE, json!({"guestData": {}, "roomData": {"_id": rid}}))
            .by(ada)
            .params("must have required property '_id'"),
        save(ada, &rid, &visitor, (json!({"x": 1}), json!({})))
            .params("must NOT have additional properties"),
        save(ada, &rid, &visitor, (json!({}), json!({"tags": "a"}))).params("must be array"),
        save(
            ada,
            &rid,
            &visitor,
            (json!({"livechatData": {"company": []}}), json!({})),
        )
        .params("must be string"),
        save("nobody", &rid, &visitor, none()).not_permitted(),
        save(ada, "x", &visitor, none()).plain("error-invalid-room"),
        save(ada, &others, &stranger, none()).refused(403, unauthorized),
        save("manager", &others, &stranger, none()).gives_only(json!({})),
        // No room is a way to somebody else's visitor.
        save(
            ada,
            &rid,
            &stranger,
            (json!({"name": "Mallory"}), json!({})),
        )
        .plain("error-invalid-visitor"),
        save(
            ada,
            &rid,
            &visitor,
            (json!({"email": "nobody"}), json!({"topic": "lost"})),
        )
        .typed(
            "Invalid email nobody [error-invalid-email]",
            "error-invalid-email",
        ),
        save(
            ada,
            &rid,
            &visitor,
            (json!({"livechatData": {"company": "A1"}}), json!({})),
        )
        .plain("Invalid value for Company field"),
        save(
            ada,
            &rid,
            &visitor,
            (json!({}), json!({"topic": "x".repeat(1_025)})),
        )
        .plain("error-text-too-long"),
        save(
            ada,
            &rid,
            &visitor,
            (
                json!({"name": " Mary ", "email": "Mary@Example.org", "phone": "55",
                    "livechatData": {"company": "acme", "unknown": "x", "order": "x"}}),
                json!({"topic": "boots", "tags": ["a", "b"], "livechatData": {"order": 7}}),
            ),
        )
        .gives_only(json!({})),
    ];
    run(&livechat, rows).await;
    let room = seen(&livechat, &rid).await;
    let expected = json!({"fname": "Mary", "topic": "boots", "tags": ["a", "b"],
        "livechatData": {"order": "7"}});
    assert!(holds(&room, &expected), "{room:#}");
    let guest = livechat.get("livechat/visitor/T1").await.ok();
    let expected = json!({"name": "Mary", "visitorEmails": [{"address": "mary@example.org"}],
        "phone": [{"phoneNumber": "55"}], "livechatData": {"company": "acme"}});
    assert!(holds(&guest["visitor"], &expected), "{guest:#}");
}

#[tokio::test]
async fn blank_texts_remove_what_was_written() {
    let livechat = Livechat::with(FIELDS).await;
    let rid = livechat.room("T1").await;
    let visitor = seen(&livechat, &rid).await["v"]["_id"].clone();
    let written = (
        json!({"livechatData": {"company": "acme"}}),
        json!({"topic": "boots", "tags": ["a"]}),
    );
    let blank = (
        json!({"name": "", "livechatData": {"company": ""}}),
        json!({"topic": "", "tags": []}),
    );
    for fields in [written, blank] {
        let row = save("ada-account", &rid, &visitor, fields).gives_only(json!({}));
        run(&livechat, vec![row]).await;
    }
    let guest = livechat.get("livechat/visitor/T1").await.ok();
    assert_eq!(guest["visitor"].get("livechatData"), None);
    let room = seen(&livechat, &rid).await;
    assert_eq!(
        (room.get("topic"), room.get("tags"), &room["fname"]),
        (None, None, &json!("guest-1"))
    );
}

#[tokio::test]
async fn up_to_6_a_room_may_get_another_visitor() {
    let livechat = Livechat::with(&version("6")).await;
    let rid = livechat.room("T1").await;
    livechat.write("T1", &rid, "mine").await;
    let guest = json!({"visitor": {"token": "T2", "name": "Mary"}});
    let to = livechat.post("livechat/visitor", guest).await.ok()["visitor"]["_id"].clone();
    let from = seen(&livechat, &rid).await["v"]["_id"].clone();
    let put = |rid: &str, from: &Value, to: &Value| {
        let body = json!({"rid": rid, "oldVisitorId": from, "newVisitorId": to});
        send("PUT", VISITOR, body).by("ada-account")
    };
    let rows = vec![
        send("PUT", VISITOR, json!({})).not_logged_in(),
        send("PUT", VISITOR, json!({}))
            .by("nobody")
            .params("must have required property 'rid'"),
        send("PUT", VISITOR, json!({}))
            .by("ada-account")
            .params("must have required property 'rid'"),
        malformed("PUT", VISITOR)
            .by("ada-account")
            .params("must have required property 'rid'"),
        send("PUT", VISITOR, json!({"rid": rid}))
            .by("ada-account")
            .params("must have required property 'oldVisitorId'"),
        put(&rid, &json!({}), &to).params("must be string"),
        put(&rid, &from, &json!("x")).plain("invalid-visitor"),
        put("x", &from, &to).plain("invalid-room"),
        put(&rid, &to, &to).plain("invalid-room-visitor"),
        put(&rid, &from, &to)
            .gives(json!({"room": {"_id": rid, "fname": "Mary", "v": {"token": "T2"}}})),
        get(format!("livechat/room?token=T1&rid={rid}")).plain("invalid-room"),
        get("livechat/room?token=T2").gives(json!({"room": {"_id": rid}, "newRoom": false})),
        get("livechat/agent.next/T2").gives_only(json!({})),
        get("livechat/agent.next/T1").gives(json!({"agent": {}})),
    ];
    run(&livechat, rows).await;
    // Nor does the new visitor learn the old one's credential.
    let history = format!("livechat/messages.history/{rid}?token=T2");
    let history = livechat.get(&history).await.ok();
    let messages = history["messages"].as_array().unwrap();
    assert!(messages.iter().any(|message| message["msg"] == "mine"));
    assert!(
        messages.iter().all(|message| message["token"] != "T1"),
        "{history}"
    );
    let gone = Livechat::with(&version("7")).await;
    run(&gone, vec![send("PUT", VISITOR, json!({})).nothing_there()]).await;
}
