//! Transfers by visitors and agents, and their history (livechat contract §4.4.4, §4.4.5, §4.5).

use std::sync::Arc;

use lp2rc::domain::{Capacity, DesiredAgent};
use serde_json::{Value, json};

use crate::{
    livechat_matrix::{Asked, get, holds, malformed, post, run},
    livechat_world::Livechat,
    server_world::{agent, config, unavailable},
};

const BY_VISITOR: &str = "livechat/visitor/department.transfer";
const ROOM: &str = "livechat/room.transfer";
const FORWARD: &str = "livechat/room.forward";

const FALLBACK: &str = r#"
[[livechat.departments]]
name = "night"
fallback = "support"
"#;

/// `ada` in sales, `bob` in support, nobody awake in the others.
fn people() -> Vec<DesiredAgent> {
    vec![
        agent("ada", &["sales"]),
        agent("bob", &["support"]),
        unavailable(agent("cy", &["night"])),
        unavailable(agent("dan", &["lonely"])),
    ]
}

async fn of_version(number: &str) -> Livechat {
    let text = format!("[livechat]\nrocketchat_version = \"{number}\"\n{FALLBACK}");
    Livechat::of(&text, people(), config()).await
}

/// A room of sales, which ada serves.
async fn sales(livechat: &Livechat, token: &str) -> String {
    let guest = json!({"visitor": {"token": token, "name": token, "department": "sales"}});
    livechat.post("livechat/visitor", guest).await.ok();
    livechat.room(token).await
}

fn body(token: &str, rid: &str, department: &str) -> Value {
    json!({"token": token, "rid": rid, "department": department})
}

/// The room as an agent sees it.
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

async fn history(livechat: &Livechat, rid: &str) -> Value {
    let path = format!("livechat/transfer.history/{rid}");
    livechat
        .as_user("manager", "GET", &path, Value::Null)
        .await
        .ok()
}

#[tokio::test]
async fn a_visitor_goes_to_another_department_from_8_on() {
    let livechat = of_version("8").await;
    let rid = sales(&livechat, "T1").await;
    let foreign = sales(&livechat, "T2").await;
    let missing = |key: &str| format!("must have required property '{key}'");
    let kind = "invalid-params";
    let typed = |asked: Asked, text: &str| asked.typed(text, kind);
    let rows = vec![
        typed(post(BY_VISITOR, json!({})), &missing("token")),
        typed(malformed("POST", BY_VISITOR), &missing("token")),
        typed(post(BY_VISITOR, json!({"token": "T1"})), &missing("rid")),
        typed(
            post(BY_VISITOR, json!({"token": "T1", "rid": rid})),
            &missing("department"),
        ),
        typed(
            post(
                BY_VISITOR,
                json!({"token": "T1", "rid": rid, "department": "d", "x": 1}),
            ),
            "must NOT have additional properties",
        ),
        typed(
            post(
                BY_VISITOR,
                json!({"token": [], "rid": rid, "department": "d"}),
            ),
            "must be string",
        ),
        post(BY_VISITOR, body("nobody", &rid, "support")).plain("invalid-token"),
        post(BY_VISITOR, body("T1", "x", "support")).plain("error-invalid-room"),
        post(BY_VISITOR, body("T1", &foreign, "support")).plain("error-invalid-room"),
        post(BY_VISITOR, body("T1", &rid, "x")).plain("error-invalid-department"),
        post(BY_VISITOR, body("T1", &rid, "sales")).plain("error-forwarding-chat-same-department"),
        post(BY_VISITOR, body("T1", &rid, "lonely")).plain("error-transfering-chat"),
        get(format!("livechat/room?token=T1&rid={rid}")).gives(
            json!({"room": {"departmentId": "sales", "servedBy": {"username": "ada"}, "msgs": 3}}),
        ),
        post(BY_VISITOR, body("T1", &rid, "support")).gives_only(json!({})),
        get(format!("livechat/room?token=T1&rid={rid}"))
            .gives(json!({"room": {"departmentId": "support", "servedBy": {"username": "bob"}}})),
        // The room's own department had nobody: its fall-back did.
        post(BY_VISITOR, body("T2", &foreign, "night")).gives_only(json!({})),
        get(format!("livechat/room?token=T2&rid={foreign}"))
            .gives(json!({"room": {"departmentId": "support", "servedBy": {"username": "bob"}}})),
        post("livechat/room.close", json!({"token": "T1", "rid": rid})).gives(json!({})),
        post(BY_VISITOR, body("T1", &rid, "sales")).plain("This_conversation_is_already_closed"),
        post(ROOM, body("T1", &rid, "sales")).nothing_there(),
        // Another path: the visitor whose token this would be.
        get(BY_VISITOR).typed("[invalid-token]", "invalid-token"),
    ];
    run(&livechat, rows).await;
    let told = history(&livechat, &rid).await;
    let expected = json!([{
        "scope": "department", "previousDepartment": "sales",
        "nextDepartment": {"_id": "support", "name": "Name of support"},
        "transferredBy": {"username": "guest-1", "userType": "visitor", "name": "T1"},
    }]);
    assert!(holds(&told["history"][0], &expected[0]), "{told:#}");
    assert_eq!(
        (&told["total"], &told["count"], &told["offset"]),
        (&json!(1), &json!(1), &json!(0))
    );
    let path = format!("livechat/messages.history/{foreign}?token=T2&limit=6");
    let messages = livechat.get(&path).await.ok();
    let kinds: Vec<_> = (0..5)
        .map(|at| messages["messages"][at]["t"].clone())
        .collect();
    let expected = [
        "uj",
        "command",
        "ul",
        "livechat_transfer_history_fallback",
        "livechat_transfer_history",
    ];
    assert_eq!(kinds, expected, "newest first");
    let fallback = &messages["messages"][3]["transferData"]["prevDepartment"];
    assert_eq!(fallback, "Name of night");
}

#[tokio::test]
async fn up_to_7_the_room_comes_back() {
    for number in ["6", "7"] {
        let livechat = of_version(number).await;
        let rid = sales(&livechat, "T1").await;
        let foreign = sales(&livechat, "T2").await;
        let rows = vec![
            post(ROOM, json!({})).params("must have required property 'token'"),
            malformed("POST", ROOM).params("must have required property 'token'"),
            post(ROOM, json!({"token": "T1"})).params("must have required property 'rid'"),
            post(ROOM, json!({"token": "T1", "rid": rid}))
                .params("must have required property 'department'"),
            post(
                ROOM,
                json!({"token": "T1", "rid": rid, "department": "d", "x": 1}),
            )
            .params("must NOT have additional properties"),
            post(ROOM, json!({"token": "T1", "rid": {}, "department": "d"}))
                .params("must be string"),
            post(ROOM, body("nobody", &rid, "support")).plain("invalid-token"),
            post(ROOM, body("T1", "x", "support")).plain("invalid-room"),
            post(ROOM, body("T1", &foreign, "support")).plain("invalid-room"),
            post(ROOM, body("T1", &rid, "x")).plain("error-invalid-department"),
            post(ROOM, body("T1", &rid, "lonely")).refused(400, json!({"success": false})),
            post(ROOM, body("T1", &rid, "support")).gives(json!({"room": {
                "_id": rid, "t": "l", "departmentId": "support", "open": true,
                "servedBy": {"username": "bob"}, "v": {"token": "T1"},
            }})),
            post("livechat/room.close", json!({"token": "T1", "rid": rid})).gives(json!({})),
            post(ROOM, body("T1", &rid, "sales")).plain("error-transferring-inquiry"),
        ];
        run(&livechat, rows).await;
        let told = livechat.post(BY_VISITOR, body("T1", &rid, "sales")).await;
        // It came with 8.0; up to 6.x the path of `visitor/:token` has no such method.
        assert_eq!(told.status, if number == "6" { 405 } else { 404 });
    }
}

#[tokio::test]
async fn an_agent_forwards_as_the_contract_says() {
    let livechat = of_version("8").await;
    let rid = sales(&livechat, "T1").await;
    let closed = sales(&livechat, "T2").await;
    let forward = |fields: Value| {
        let mut whole = json!({"roomId": rid});
        for (key, value) in fields.as_object().unwrap() {
            whole[key] = value.clone();
        }
        post(FORWARD, whole).by("ada-account")
    };
    let by = |who: &str| post(FORWARD, json!({"roomId": rid, "userId": "t-bob"})).by(who);
    let rows = vec![
        post(FORWARD, json!({"roomId": rid})).not_logged_in(),
        post(FORWARD, json!({}))
            .by("ada-account")
            .params("must have required property 'roomId'"),
        malformed("POST", FORWARD)
            .by("ada-account")
            .params("must have required property 'roomId'"),
        forward(json!({"x": 1})).params("must NOT have additional properties"),
        forward(json!({"userId": {}})).params("must be string"),
        forward(json!({"clientAction": "yes"})).params("must be boolean"),
        by("nobody").not_permitted(),
        post(FORWARD, json!({"roomId": "x"}))
            .by("ada-account")
            .plain("error-invalid-room"),
        forward(json!({})).plain("error-forwarding-chat"),
        forward(json!({"userId": "", "departmentId": null})).plain("error-forwarding-chat"),
        forward(json!({"userId": "who"})).plain("error-user-is-offline"),
        forward(json!({"userId": "t-cy"})).plain("error-user-is-offline"),
        forward(json!({"userId": "t-ada"})).plain("error-selected-agent-room-agent-are-same"),
        forward(json!({"departmentId": "x"})).plain("error-invalid-department"),
        forward(json!({"departmentId": "sales"})).plain("error-forwarding-chat-same-department"),
        forward(json!({"departmentId": "lonely"})).plain("error-forwarding-chat"),
        forward(json!({"departmentId": "support", "userId": "t-cy"}))
            .plain("error-user-is-offline"),
        forward(json!({"departmentId": "support", "userId": "t-ada"}))
            .plain("error-user-not-belong-to-department"),
        forward(json!({"userId": "bob", "comment": "x".repeat(5_001)})).typed(
            "[error-message-size-exceeded]",
            "error-message-size-exceeded",
        ),
        get(format!("livechat/transfer.history/{rid}"))
            .by("manager")
            .gives_only(json!({"history": [], "count": 0, "offset": 0, "total": 0})),
        forward(json!({"userId": "t-bob", "comment": "knows more", "clientAction": true}))
            .gives_only(json!({})),
        // An account that is not bound acts as whoever serves.
        post(
            FORWARD,
            json!({"roomId": rid, "departmentId": "sales", "userId": "ada"}),
        )
        .by("manager")
        .plain("error-forwarding-chat-same-department"),
        post(FORWARD, json!({"roomId": rid, "departmentId": "support"}))
            .by("manager")
            .plain("error-forwarding-chat"),
        post("livechat/room.close", json!({"token": "T2", "rid": closed})).gives(json!({})),
        post(FORWARD, json!({"roomId": closed, "userId": "t-bob"}))
            .by("ada-account")
            .plain("This_conversation_is_already_closed"),
        get(FORWARD).nothing_there(),
    ];
    run(&livechat, rows).await;
    let room = seen(&livechat, &rid).await;
    assert_eq!(room["servedBy"]["username"], "bob");
    let told = history(&livechat, &rid).await;
    let expected = json!({
        "scope": "agent", "comment": "knows more", "ts": "2026-01-02T03:04:05.678Z",
        "transferredBy": {"_id": "t-ada", "username": "ada", "userType": "agent"},
        "transferredTo": {"_id": "t-bob", "username": "bob"},
    });
    assert!(holds(&told["history"][0], &expected), "{told:#}");
    let info = livechat
        .get(&format!("livechat/agent.info/{rid}/T1"))
        .await
        .ok();
    assert_eq!(info["agent"]["username"], "bob");
}

#[tokio::test]
async fn refusals_have_no_words_before_7() {
    let livechat = of_version("6").await;
    let rid = sales(&livechat, "T1").await;
    let rows = vec![
        post(FORWARD, json!({"roomId": rid}))
            .by("ada-account")
            .refused(400, json!({"success": false})),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn a_busy_department_has_the_chat_in_its_queue() {
    let mut bob = agent("bob", &["support"]);
    let entry = Arc::make_mut(&mut bob.believed);
    entry.agent.capacity = Capacity::Limited(1);
    let agents = vec![agent("ada", &["sales"]), bob];
    let livechat = Livechat::of("", agents, config()).await;
    let rid = sales(&livechat, "T1").await;
    let rows = vec![
        post(FORWARD, json!({"roomId": rid, "userId": "t-bob"}))
            .by("ada-account")
            .plain("error-forwarding-chat"),
        post(FORWARD, json!({"roomId": rid, "departmentId": "support"}))
            .by("ada-account")
            .gives_only(json!({})),
    ];
    run(&livechat, rows).await;
    let room = seen(&livechat, &rid).await;
    assert_eq!(
        (room.get("servedBy"), &room["departmentId"]),
        (None, &json!("support"))
    );
    let (_, taken) = livechat.world.ledger.taken();
    assert_eq!(taken, [1, 1], "ada is free of it, bob never had it");
}

#[tokio::test]
async fn the_history_wants_a_permission_and_a_room() {
    let livechat = of_version("8").await;
    let rid = sales(&livechat, "T1").await;
    let path = format!("livechat/transfer.history/{rid}");
    let rows = vec![
        get(&path).not_logged_in(),
        get(&path).by("nobody").not_permitted(),
        get(&path).by("ada-account").not_permitted(),
        get("livechat/transfer.history/x")
            .by("manager")
            .plain("invalid-room"),
        get(format!("{path}?count=x"))
            .by("manager")
            .params("must be number"),
        post(FORWARD, json!({"roomId": rid, "userId": "t-bob"}))
            .by("manager")
            .gives(json!({})),
        post(FORWARD, json!({"roomId": rid, "userId": "t-ada"}))
            .by("manager")
            .gives(json!({})),
        get(format!("{path}?offset=1&count=1"))
            .by("manager")
            .gives(json!({"count": 1, "offset": 1, "total": 2})),
    ];
    run(&livechat, rows).await;
}
