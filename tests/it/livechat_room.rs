//! The visitor's room (livechat contract §4.4.1, §4.4.2 and the seeds of the room), row by row.

use std::time::Duration;

use lp2rc::conversation::{RoomRequest, document::Source};
use serde_json::{Map, Value, json};

use crate::{
    livechat_matrix::{get, holds, malformed, post, run},
    livechat_world::Livechat,
    server_world::{agent, config, limited, unavailable},
};

const CLOSE: &str = "livechat/room.close";

fn version(number: &str) -> String {
    format!("[livechat]\nrocketchat_version = \"{number}\"\n")
}

#[tokio::test]
async fn a_room_is_found_or_made_as_the_contract_says() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let foreign = livechat.room("T2").await;
    let maybe = "Failed Match.OneOf, Match.Maybe or Match.Optional validation in field rid";
    let room = |query: &str| get(format!("livechat/room?{query}"));
    let known = json!({"room": {"_id": rid}, "newRoom": false});
    let rows = vec![
        get("livechat/room").matches("Missing key 'token'"),
        room("rid=x").matches("Missing key 'token'"),
        room("token=T1&sla=x").matches("Unknown key in field sla"),
        room("token[]=T1").matches("Expected string, got object in field token"),
        room("token=T1&rid[a]=x").matches(maybe),
        room("token=").plain("invalid-token"),
        room("token=nobody").plain("invalid-token"),
        room(&format!("token=nobody&rid={rid}")).plain("invalid-token"),
        room("token=T1&rid=x").plain("invalid-room"),
        room(&format!("token=T1&rid={foreign}")).plain("invalid-room"),
        room("token=T1").gives(known.clone()),
        room(&format!("token=T1&rid={rid}")).gives(known),
        post(CLOSE, json!({"token": "T1", "rid": rid})).gives(json!({})),
        room(&format!("token=T1&rid={rid}")).plain("invalid-room"),
        room("token=T1").gives(json!({"newRoom": true})),
        post("livechat/room", json!({})).nothing_there(),
        get("livechat/room/").nothing_there(),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn a_new_room_is_made_as_asked_for() {
    let livechat = Livechat::new().await;
    let visitor = |token: &str| post("livechat/visitor", json!({"visitor": {"token": token}}));
    let widget = "cookie: a=b; rc_room_type=l; rc_is_widget=t";
    let rows = vec![
        visitor("T1").gives(json!({})),
        get("livechat/room?token=T1&agentId=t-bob").gives(json!({"room": {
            "t": "l", "v": {"token": "T1"}, "source": {"type": "api"},
            "servedBy": {"_id": "t-bob", "username": "bob"}, "usersCount": 2, "open": true,
            "cl": false, "waitingResponse": true, "priorityWeight": 99,
            "estimatedWaitingTimeQueue": 9_999_999,
        }, "newRoom": true})),
        visitor("T2").gives(json!({})),
        // Unknown agents are ignored.
        get("livechat/room?token=T2&agentId=who")
            .with(widget)
            .gives(json!({"room": {"source": {"type": "widget", "destination": "test"}}})),
        visitor("T3").gives(json!({})),
        get("livechat/room?token=T3")
            .with("cookie: rc_is_widget=t")
            .gives(json!({"room": {"source": {"type": "api"}}})),
    ];
    run(&livechat, rows).await;
    let old = Livechat::with(&version("6")).await;
    let rows = vec![
        visitor("T1").gives(json!({})),
        get("livechat/room?token=T1").with(widget).gives(json!({})),
    ];
    run(&old, rows).await;
    let room = old.get("livechat/room?token=T1").await.ok();
    assert_eq!(
        room["room"]["source"],
        json!({"type": "widget"}),
        "7.x tells where"
    );
}

#[tokio::test]
async fn nobody_online_is_said_and_fallbacks_step_in() {
    let departments = r#"
[[livechat.departments]]
name = "sales"
fallback = "support"

[[livechat.departments]]
name = "lonely"

[[livechat.departments]]
name = "support"
show_on_registration = true
"#;
    let agents = vec![
        unavailable(agent("ada", &["sales"])),
        agent("bob", &["support"]),
        unavailable(agent("cy", &["lonely"])),
    ];
    let livechat = Livechat::of(departments, agents, config()).await;
    let visitor = |token: &str, department: &str| {
        let mut guest = json!({"token": token});
        if !department.is_empty() {
            guest["department"] = json!(department);
        }
        post("livechat/visitor", json!({"visitor": guest})).gives(json!({}))
    };
    let served = json!({"room": {"departmentId": "support", "servedBy": {"username": "bob"}}});
    let nobody = |asked: crate::livechat_matrix::Asked| {
        asked.typed(
            "Sorry, no online agents [no-agent-online]",
            "no-agent-online",
        )
    };
    let rows = vec![
        visitor("T1", "sales"),
        get("livechat/room?token=T1").gives(served.clone()),
        visitor("T2", ""),
        // Without a department: the one that is offered at registration.
        get("livechat/room?token=T2").gives(served),
        visitor("T3", "lonely"),
        nobody(get("livechat/room?token=T3")),
        visitor("T4", ""),
        nobody(get("livechat/room?token=T4&agentId=t-ada")),
    ];
    run(&livechat, rows).await;
    livechat.world.publish(Vec::new());
    run(&livechat, vec![nobody(get("livechat/room?token=T4"))]).await;
    let patient = "[livechat.behaviour]\naccept_chats_with_no_agents = true\n";
    let patient = Livechat::of(patient, Vec::new(), config()).await;
    let rid = patient.room("T1").await;
    let room = patient
        .get(&format!("livechat/room?token=T1&rid={rid}"))
        .await
        .ok();
    assert_eq!(room["room"].get("servedBy"), None);
    assert_eq!(room["room"]["usersCount"], 1);
    let off = Livechat::with("[livechat]\nenabled = false\n").await;
    let disabled = "error-omnichannel-is-disabled";
    let rows = vec![
        visitor("T1", ""),
        get("livechat/room?token=T1").typed(&format!("[{disabled}]"), disabled),
    ];
    run(&off, rows).await;
}

#[tokio::test]
async fn rooms_have_a_window_of_their_own_from_7_on() {
    let mut api = config();
    api.rate_limit = Some(limited(10));
    for (number, calls) in [("6", 10), ("7", 5), ("8", 5)] {
        let livechat = Livechat::of(&version(number), vec![agent("ada", &[])], api.clone()).await;
        livechat.room("T1").await;
        for _ in 1..calls {
            livechat.get("livechat/room?token=T1").await.ok();
        }
        let told = livechat.get("livechat/room?token=T1").await;
        let text = "Error, too many requests. Please slow down. You must wait 60 seconds before trying this endpoint again. [error-too-many-requests]";
        assert_eq!(told.refusal(), (429, text, None), "{number}");
    }
}

#[tokio::test]
async fn the_room_of_the_seed_field_by_field() {
    let livechat = Livechat::new().await;
    let guest = json!({"visitor": {"token": "T1", "name": "Mary", "department": "sales"}});
    livechat.post("livechat/visitor", guest).await.ok();
    // Only whoever makes a room inside the bridge can keep custom fields with it.
    let kept = Map::from_iter([("salesforceCrmContactId".to_owned(), json!("0032y"))]);
    let request = RoomRequest {
        token: "T1".to_owned(),
        source: Source {
            kind: "api".to_owned(),
            destination: None,
        },
        custom_fields: Some(kept),
        ..RoomRequest::default()
    };
    let made = livechat
        .conversations
        .ask(|chats| chats.room_for(request))
        .await;
    let rid = made.unwrap().0.id;
    livechat.world.clock.advance(Duration::from_millis(23_821));
    livechat.write("T1", &rid, "d").await;
    let told = livechat.get("livechat/room?token=T1").await.ok();
    let room = &told["room"];
    let expected = json!({
        "_id": rid, "fname": "Mary", "t": "l", "departmentId": "sales",
        "v": {"username": "guest-1", "token": "T1", "status": "online",
            "lastMessageTs": "2026-01-02T03:04:29.499Z"},
        "default": false, "ro": false, "sysMes": true, "open": true, "msgs": 4,
        "ts": "2026-01-02T03:04:05.678Z", "_updatedAt": "2026-01-02T03:04:29.499Z",
        "lm": "2026-01-02T03:04:29.499Z",
        "customFields": {"salesforceCrmContactId": "0032y"},
        "usersCount": 2, "cl": false,
        "lastMessage": {
            "rid": rid, "msg": "d", "token": "T1", "alias": "Mary",
            "ts": "2026-01-02T03:04:29.499Z", "u": {"username": "guest-1", "name": "Mary"},
            "urls": [], "mentions": [], "channels": [],
            "md": [{"type": "PARAGRAPH", "value": [{"type": "PLAIN_TEXT", "value": "d"}]}],
            "newRoom": false,
        },
        "metrics": {"v": {"lq": "2026-01-02T03:04:29.499Z"}},
        "waitingResponse": true,
    });
    assert!(holds(room, &expected), "{room:#}");
    let types = |value: &Value| match value {
        Value::String(_) => "text",
        Value::Bool(_) => "flag",
        Value::Number(_) => "number",
        Value::Null => "null",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    let served = &room["servedBy"];
    for key in ["_id", "username", "ts"] {
        assert_eq!(types(&served[key]), "text", "servedBy.{key}");
    }
    assert_eq!(told["newRoom"], false);
}

#[tokio::test]
async fn a_visitor_closes_their_room_as_the_contract_says() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let foreign = livechat.room("T2").await;
    let body = |token: &str, rid: &str| json!({"token": token, "rid": rid});
    let rows = vec![
        post(CLOSE, json!({})).params("must have required property 'token'"),
        malformed("POST", CLOSE).params("must have required property 'token'"),
        post(CLOSE, json!({"token": "T1"})).params("must have required property 'rid'"),
        post(CLOSE, json!({"token": "T1", "rid": rid, "comment": "x"}))
            .params("must NOT have additional properties"),
        post(CLOSE, json!({"token": {}, "rid": rid})).params("must be string"),
        post(CLOSE, body("nobody", &rid)).plain("invalid-token"),
        post(CLOSE, body("T1", "x")).plain("invalid-room"),
        post(CLOSE, body("T1", &foreign)).plain("invalid-room"),
        post(CLOSE, body("T1", &rid))
            .gives_only(json!({"rid": rid, "comment": "Closed by visitor"})),
        post(CLOSE, body("T1", &rid)).plain("room-closed"),
        get(CLOSE).nothing_there(),
    ];
    run(&livechat, rows).await;
    let history = format!("livechat/messages.history/{rid}?token=T1&limit=1");
    let history = livechat.get(&history).await.ok();
    let closed = json!({
        "t": "livechat-close", "msg": "Closed by visitor", "token": "T1",
        "transcriptRequested": false, "u": {"username": "guest-1"},
    });
    assert!(holds(&history["messages"][0], &closed), "{history:#}");
    let (_, taken) = livechat.world.ledger.taken();
    assert_eq!(
        taken.iter().sum::<u32>(),
        3,
        "two chats of the source's and T2's"
    );
    let listed = livechat
        .as_user("manager", "GET", "livechat/rooms?open=false", Value::Null)
        .await
        .ok();
    let expected = json!({
        "_id": rid, "closer": "visitor", "closedBy": {"username": "guest-1"},
        "closedAt": "2026-01-02T03:04:05.678Z",
    });
    assert!(holds(&listed["rooms"][0], &expected), "{listed:#}");
    assert_eq!(listed["rooms"][0].get("open"), None);
}

#[tokio::test]
async fn settings_and_versions_change_closing() {
    let text = "[livechat.behaviour]\nvisitors_can_close = false\n[livechat.settings]\ntranscript = true\n";
    let livechat = Livechat::with(text).await;
    livechat.room("T1").await;
    let forbidden = "error-not-allowed-to-close-conversation";
    // Looked at before the token.
    let rows = vec![post(CLOSE, json!({"token": "nobody", "rid": "x"})).plain(forbidden)];
    run(&livechat, rows).await;
    let old = Livechat::with(&format!("{}{text}", version("6"))).await;
    let rid = old.room("T1").await;
    let rows = vec![post(CLOSE, json!({"token": "T1", "rid": rid})).gives(json!({}))];
    run(&old, rows).await;
    let history = old
        .get(&format!("livechat/messages.history/{rid}?token=T1&limit=2"))
        .await
        .ok();
    let kinds: Vec<_> = (0..2).map(|at| &history["messages"][at]["t"]).collect();
    assert_eq!(kinds, ["command", "livechat-close"]);
    assert_eq!(history["messages"][0]["msg"], "promptTranscript");
    let tags = "[[livechat.departments]]\nname = \"sales\"\ntags_required = true\n";
    let tags = Livechat::with(tags).await;
    let guest = json!({"visitor": {"token": "T1", "department": "sales"}});
    tags.post("livechat/visitor", guest).await.ok();
    let rid = tags.room("T1").await;
    let code = "error-tags-must-be-assigned-before-closing-chat";
    let rows = vec![
        post(CLOSE, json!({"token": "T1", "rid": rid})).typed(&format!("[{code}]"), code),
        get("livechat/room?token=T1").gives(json!({"room": {"_id": rid, "open": true}})),
    ];
    run(&tags, rows).await;
}
