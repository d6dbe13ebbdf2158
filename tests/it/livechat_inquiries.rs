//! The queue: seen, taken and given back by agents, above all where nobody is assigned by the bridge.

use std::sync::Arc;

use lp2rc::{
    domain::{Capacity, DesiredAgent, Policy, RosterEntry, RoutingRules, SourceAgent},
    ledger::Ledger,
    server::account_id,
    state::MemoryDocuments,
};
use serde_json::{Value, json};

use crate::{
    livechat_matrix::{get, malformed, post, run},
    livechat_world::Livechat,
    server_world::{World, agent, config, unavailable},
};

/// With so many chats at once, one of which is going on in the source.
fn limited(mut agent: DesiredAgent, limit: u32) -> DesiredAgent {
    let entry = &*agent.believed;
    agent.believed = Arc::new(RosterEntry {
        agent: SourceAgent {
            capacity: Capacity::Limited(limit),
            ..entry.agent.clone()
        },
        ..entry.clone()
    });
    agent
}

/// Where agents take chats themselves: `ada` of `sales` has one slot left, `bob` is of no department,
/// `eve` is not available. `ada-account` is bound to ada, `eves` to eve.
async fn manual(text: &str) -> Livechat {
    let mut world = World::new();
    let rules = RoutingRules {
        policy: Policy::Manual,
        ..RoutingRules::default()
    };
    let clock = Arc::new(world.clock.clone());
    world.ledger = Ledger::new(rules, clock, world.metrics.clone());
    let agents = vec![
        limited(agent("ada", &["sales"]), 2),
        agent("bob", &[]),
        unavailable(agent("eve", &[])),
    ];
    let documents = Box::new(MemoryDocuments::default());
    let hash = "9f7c1d9cf6d5f9a4bd0a6a3a76d44b3a9f7c1d9cf6d5f9a4bd0a6a3a76d44b3a";
    let accounts = format!(
        "{text}\n[[livechat.accounts]]\nusername = \"eves\"\nagent = \"eve\"\nroles = [\"livechat-agent\"]\ntoken_hash = \"{hash}\"\n"
    );
    Livechat::in_world(world, documents, &accounts, agents, config()).await
}

/// Id of a room's inquiry.
async fn inquiry(livechat: &Livechat, rid: &str) -> Value {
    let path = format!("livechat/inquiries.getOne?roomId={rid}");
    let told = livechat.as_user("admin", "GET", &path, Value::Null).await;
    told.ok()["inquiry"].take()
}

async fn room_in(livechat: &Livechat, token: &str, department: &str) -> String {
    let visitor = json!({"visitor": {"token": token, "name": token, "department": department}});
    livechat.post("livechat/visitor", visitor).await.ok();
    livechat.room(token).await
}

#[tokio::test]
async fn nobody_is_assigned_until_somebody_takes_the_room() {
    let livechat = manual("").await;
    let rid = livechat.room("T1").await;
    let message = livechat.write("T1", &rid, "anybody there?").await;
    livechat
        .conversations
        .ask(lp2rc::conversation::Chats::look_after)
        .await
        .unwrap();
    let waiting = inquiry(&livechat, &rid).await;
    assert_eq!(
        (&waiting["status"], &waiting["lastMessage"]["_id"]),
        (&json!("queued"), &message["_id"])
    );
    for key in ["_id", "ts", "queuedAt", "_updatedAt"] {
        assert!(waiting[key].is_string(), "{key}: {waiting}");
    }
    let expected = json!({
        "rid": rid, "name": "T1", "message": "anybody there?", "t": "l", "source": {"type": "api"},
        "priorityWeight": 99, "estimatedWaitingTimeQueue": 9_999_999,
    });
    assert!(
        crate::livechat_matrix::holds(&waiting, &expected),
        "{waiting}"
    );
    assert_eq!(waiting["v"]["token"], "T1");

    let id = &waiting["_id"];
    let take = |body: Value| post("livechat/inquiries.take", body);
    let rows = vec![
        get("livechat/agent.next/T2").plain("agent-not-found"),
        take(json!({"inquiryId": id}))
            .by("ada-account")
            .gives_only(json!({})),
        take(json!({"inquiryId": id})).by("ada-account").refused(
            400,
            json!({
                "success": false,
                "error": "Inquiry already taken [error-inquiry-taken]",
                "errorType": "error-inquiry-taken",
                "details": {"method": "livechat:takeInquiry"},
            }),
        ),
        get(format!("livechat/room?token=T1&rid={rid}")).gives(
            json!({"newRoom": false, "room": {"servedBy": {"_id": "t-ada", "username": "ada"}}}),
        ),
        get(format!("livechat/inquiries.getOne?roomId={rid}"))
            .by("admin")
            .gives(json!({"inquiry": {"status": "taken"}})),
    ];
    run(&livechat, rows).await;
    let taken = inquiry(&livechat, &rid).await;
    assert!(taken["takenAt"].is_string(), "{taken}");
    let history = format!("livechat/messages.history/{rid}?token=T1");
    let history = livechat.get(&history).await.ok();
    let kinds = history["messages"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|message| message["t"].clone()).collect();
    assert_eq!(kinds[..2], [json!("uj"), json!("command")]);
}

#[tokio::test]
async fn who_may_not_take_is_told_why() {
    let livechat = manual("").await;
    let (first, second) = (livechat.room("T1").await, livechat.room("T2").await);
    let first = inquiry(&livechat, &first).await["_id"].clone();
    let second = inquiry(&livechat, &second).await["_id"].clone();
    let path = "livechat/inquiries.take";
    let thrown = |text: &str, code: &str| {
        json!({
            "success": false,
            "error": format!("{text} [{code}]"),
            "errorType": code,
            "details": {"method": "livechat:takeInquiry"},
        })
    };
    let offline = thrown(
        "Agent status is offline or Omnichannel service is not active",
        "error-agent-status-service-offline",
    );
    let full = "error-max-number-simultaneous-chats-reached";
    let body = json!({"inquiryId": first});
    let for_agent = |id: &Value, user: &str| json!({"inquiryId": id, "userId": user});
    let rows = vec![
        post(path, body.clone()).not_logged_in(),
        post(path, body.clone()).by("nobody").not_permitted(),
        post(path, json!({}))
            .by("ada-account")
            .params("must have required property 'inquiryId'"),
        malformed("POST", path)
            .by("ada-account")
            .params("must have required property 'inquiryId'"),
        post(path, json!([]))
            .by("ada-account")
            .params("must be object"),
        post(path, json!({"inquiryId": first, "x": 1}))
            .by("ada-account")
            .params("must NOT have additional properties"),
        post(
            path,
            json!({"inquiryId": {"regexxxx": "bla"}, "userId": "user-id"}),
        )
        .by("ada-account")
        .params("must be string"),
        post(path, json!({"inquiryId": first, "userId": []}))
            .by("ada-account")
            .params("must be string"),
        post(path, for_agent(&first, "invalid-user-id"))
            .by("admin")
            .plain("The user is invalid"),
        post(path, json!({"inquiryId": "nowhere"}))
            .by("ada-account")
            .refused(400, thrown("Inquiry not found", "error-not-found")),
        // An account without an agent, an agent who is not there, and one by their account's id.
        post(path, body.clone())
            .by("admin")
            .refused(400, offline.clone()),
        post(path, for_agent(&first, "t-eve"))
            .by("admin")
            .refused(400, offline.clone()),
        post(path, for_agent(&first, &account_id("eves")))
            .by("admin")
            .refused(400, offline),
        post(path, for_agent(&first, &account_id("ada-account")))
            .by("admin")
            .gives_only(json!({})),
        post(path, for_agent(&second, "t-ada"))
            .by("admin")
            .typed(&format!("[{full}]"), full),
        post(path, for_agent(&second, "t-bob"))
            .by("manager")
            .gives_only(json!({})),
        get(path).nothing_there(),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn the_queue_is_listed_a_page_at_a_time() {
    let livechat = manual("").await;
    let mut rooms = Vec::new();
    for (token, department) in [("T1", ""), ("T2", "sales"), ("T3", "")] {
        rooms.push(room_in(&livechat, token, department).await);
        livechat
            .world
            .clock
            .advance(std::time::Duration::from_millis(1));
    }
    let taken = inquiry(&livechat, &rooms[2]).await["_id"].clone();
    let take = json!({"inquiryId": taken, "userId": "t-bob"});
    let path = "livechat/inquiries.take";
    livechat.as_user("admin", "POST", path, take).await.ok();

    let list = "livechat/inquiries.list";
    let found = livechat.as_user("manager", "GET", list, Value::Null).await;
    let found = found.ok();
    assert_eq!(
        (&found["total"], &found["count"], &found["offset"]),
        (&json!(2), &json!(2), &json!(0))
    );
    let second = json!({"rid": rooms[1], "name": "T2", "status": "queued", "department": "sales"});
    assert!(
        crate::livechat_matrix::holds(&found["inquiries"][0], &second),
        "newest first: {found}"
    );
    let keys: Vec<_> = found["inquiries"][1].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["_id", "name", "rid", "status", "ts"]);

    let sort = |text: &str| format!("{list}?sort={}", text.replace('"', "%22"));
    let queue = "livechat/inquiries.queuedForUser";
    let invalid = json!({
        "success": false,
        "error": "Invalid sort parameter provided: \"{\" [error-invalid-sort]",
        "errorType": "error-invalid-sort",
        "details": {"helperMethod": "parseJsonQuery"},
    });
    let rows = vec![
        get(list).not_logged_in(),
        get(list).by("ada-account").not_permitted(),
        get(format!("{list}?x=1"))
            .by("manager")
            .params("must NOT have additional properties"),
        get(format!("{list}?count=x"))
            .by("manager")
            .params("must be number"),
        get(format!("{list}?offset[]=1&offset[]=2"))
            .by("manager")
            .params("must be number"),
        get(sort("{")).by("manager").refused(400, invalid),
        get(format!("{list}?count=1&offset=1"))
            .by("manager")
            .gives(json!({"count": 1, "offset": 1, "total": 2})),
        get(format!("{list}?department=sales"))
            .by("manager")
            .gives(json!({"total": 1})),
        get(format!("{list}?department=Name+of+sales"))
            .by("manager")
            .gives(json!({"total": 1})),
        get(format!("{list}?department=nowhere"))
            .by("manager")
            .gives(json!({"total": 2})),
        get(queue).not_logged_in(),
        get(queue).by("nobody").not_permitted(),
        get(format!("{queue}?x=1"))
            .by("ada-account")
            .params("must NOT have additional properties"),
        get(queue).by("ada-account").gives(json!({"total": 2})),
        // Of no department: the public queue only.
        get(queue).by("admin").gives(json!({"total": 1})),
        get(format!("{queue}?department=sales"))
            .by("ada-account")
            .gives(json!({"total": 2})),
        get(format!("{queue}?department=nowhere"))
            .by("ada-account")
            .plain("error-not-authorized"),
    ];
    run(&livechat, rows).await;
    let ascending = sort("{\"name\":1}");
    let found = livechat
        .as_user("manager", "GET", &ascending, Value::Null)
        .await;
    assert_eq!(found.ok()["inquiries"][0]["name"], "T1");
    let found = livechat
        .as_user("ada-account", "GET", queue, Value::Null)
        .await;
    let found = found.ok();
    assert_eq!(
        found["inquiries"][0]["rid"],
        json!(rooms[0]),
        "oldest first"
    );
    assert_eq!(found["inquiries"][0]["v"]["username"], "guest-1");
}

#[tokio::test]
async fn a_room_without_an_inquiry_has_none() {
    let livechat = manual("").await;
    let rid = livechat.room("T1").await;
    let close = json!({"token": "T1", "rid": rid});
    livechat.post("livechat/room.close", close).await.ok();
    let path = "livechat/inquiries.getOne";
    let none = json!({"inquiry": null});
    let rows = vec![
        get(format!("{path}?roomId={rid}")).not_logged_in(),
        get(format!("{path}?roomId={rid}"))
            .by("nobody")
            .not_permitted(),
        get(path)
            .by("admin")
            .params("must have required property 'roomId'"),
        get(format!("{path}?roomId=x&y=1"))
            .by("admin")
            .params("must NOT have additional properties"),
        get(format!("{path}?roomId[a]=x"))
            .by("admin")
            .params("must be string"),
        get(format!("{path}?roomId={rid}"))
            .by("admin")
            .gives_only(none.clone()),
        get(format!("{path}?roomId=nowhere"))
            .by("admin")
            .gives_only(none),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn a_room_goes_back_into_the_queue_and_can_be_taken_again() {
    let livechat = manual("").await;
    let rid = livechat.room("T1").await;
    let closed = livechat.room("T2").await;
    let close = json!({"token": "T2", "rid": closed});
    livechat.post("livechat/room.close", close).await.ok();
    let id = inquiry(&livechat, &rid).await["_id"].clone();
    let path = "livechat/inquiries.returnAsInquiry";
    let typed =
        |text: &str| json!({"success": false, "errorType": "invalid-params", "error": text});
    let back = |rid: &str| post(path, json!({"roomId": rid}));
    let take = post("livechat/inquiries.take", json!({"inquiryId": id}));
    let again = post("livechat/inquiries.take", json!({"inquiryId": id}));
    let missing = typed("must have required property 'roomId'");
    let rows = vec![
        back(&rid).not_logged_in(),
        back(&rid).by("nobody").not_permitted(),
        post(path, json!({}))
            .by("ada-account")
            .refused(400, missing.clone()),
        malformed("POST", path)
            .by("ada-account")
            .refused(400, missing),
        post(path, json!({"roomId": rid, "x": 1}))
            .by("ada-account")
            .refused(400, typed("must NOT have additional properties")),
        post(path, json!({"roomId": {}}))
            .by("ada-account")
            .refused(400, typed("must be string")),
        back("nowhere")
            .by("ada-account")
            .plain("error-room-not-found"),
        back(&closed).by("ada-account").plain("room-closed"),
        back(&rid)
            .by("ada-account")
            .gives_only(json!({"result": false})),
        take.by("ada-account").gives_only(json!({})),
        post(path, json!({"roomId": rid, "departmentId": "nowhere"}))
            .by("ada-account")
            .plain("error-invalid-department"),
        post(path, json!({"roomId": rid, "departmentId": "sales"}))
            .by("ada-account")
            .gives_only(json!({"result": true})),
        get(format!("livechat/inquiries.getOne?roomId={rid}"))
            .by("admin")
            .gives(json!({"inquiry": {"_id": id, "status": "queued", "department": "sales"}})),
        back(&rid)
            .by("ada-account")
            .gives_only(json!({"result": false})),
        // The slot was given back: ada has one.
        again.by("ada-account").gives_only(json!({})),
    ];
    run(&livechat, rows).await;
    let room = format!("livechat/room?token=T1&rid={rid}");
    let room = livechat.get(&room).await.ok();
    assert_eq!(room["room"]["departmentId"], "sales");
    assert_eq!(room["room"]["servedBy"]["username"], "ada");
    let old = manual("[livechat]\nrocketchat_version = \"6\"").await;
    let told = old
        .as_user("ada-account", "POST", path, json!({"roomId": "x"}))
        .await;
    assert_eq!(told.status, 404, "since 7.12");
}
