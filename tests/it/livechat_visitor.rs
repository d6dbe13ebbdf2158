//! Heading "Visitor" (livechat contract §4.3), row by row; removal has a file of its own.

use serde_json::{Map, Value, json};

use crate::{
    livechat_matrix::{get, malformed, post, run, send, version},
    livechat_world::Livechat,
};

const FIELDS: &str = r#"
[[livechat.custom_fields]]
id = "company"
label = "Company"

[[livechat.custom_fields]]
id = "order"
scope = "room"
"#;

const REQUIRED: &str = r#"
[[livechat.custom_fields]]
id = "required_custom_field"
required = true
"#;

const REGISTER: &str = "livechat/visitor";

fn guest(fields: Value) -> Value {
    Value::Object(Map::from_iter([("visitor".to_owned(), fields)]))
}

fn field(key: &str, value: &str, overwrite: bool) -> Value {
    json!([{"key": key, "value": value, "overwrite": overwrite}])
}

#[tokio::test]
async fn a_registration_is_refused_in_meteors_words() {
    let livechat = Livechat::new().await;
    let maybe = "Failed Match.OneOf, Match.Maybe or Match.Optional validation in field visitor.";
    let blank = json!({
        "success": false,
        "error": "Token cannot be empty [error-invalid-token]",
        "errorType": "error-invalid-token",
        "details": {"method": "livechat/visitor"},
    });
    let failed = "Error registering visitor [error-livechat-visitor-registration]";
    let (long, kind) = ("x".repeat(1_025), "error-livechat-visitor-registration");
    let rows = vec![
        post(REGISTER, json!({})).matches("Missing key 'visitor'"),
        malformed("POST", REGISTER).matches("Missing key 'visitor'"),
        post(REGISTER, guest(json!({}))).matches("Missing key 'token' in field visitor"),
        post(REGISTER, json!({"visitor": {"token": "T"}, "x": 1}))
            .matches("Unknown key in field x"),
        post(REGISTER, guest(json!(5))).matches("Expected object, got number in field visitor"),
        post(REGISTER, guest(json!({"token": 5})))
            .matches("Expected string, got number in field visitor.token"),
        post(REGISTER, guest(json!({"token": "T", "name": 5}))).matches(&format!("{maybe}name")),
        post(
            REGISTER,
            guest(json!({"token": "T", "customFields": [{"key": "a"}]})),
        )
        .matches(&format!("{maybe}customFields")),
        post(REGISTER, guest(json!({"token": ""}))).refused(400, blank.clone()),
        post(REGISTER, guest(json!({"token": " \t"}))).refused(400, blank),
        post(REGISTER, guest(json!({"token": "T", "email": "nobody"}))).typed(
            "Invalid email nobody [error-invalid-email]",
            "error-invalid-email",
        ),
        post(REGISTER, guest(json!({"token": "T", "department": "who"})))
            .plain("error-invalid-department"),
        post(REGISTER, guest(json!({"token": long}))).typed(failed, kind),
        post(REGISTER, guest(json!({"token": "T", "name": long}))).typed(failed, kind),
        // None of these made anybody.
        get("livechat/visitor/T").typed("[invalid-token]", "invalid-token"),
        send("PUT", REGISTER, json!({})).nothing_there(),
        get("livechat/visitor/").nothing_there(),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn an_unknown_department_has_a_reason_up_to_6() {
    let livechat = Livechat::with(&version("6")).await;
    let rows = vec![
        post(REGISTER, guest(json!({"token": "T", "department": "who"}))).typed(
            "The provided department is invalid [error-invalid-department]",
            "error-invalid-department",
        ),
        post(REGISTER, json!({})).matches("Missing key 'visitor'"),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn a_registration_makes_and_changes_a_visitor() {
    let livechat = Livechat::new().await;
    let all = json!({
        "token": "T1", "name": "Grace", "email": " Grace@Example.org ", "phone": "123",
        "department": "Name of sales", "username": "grace", "id": "abc", "other": [1],
    });
    let rows =
        vec![
        post(REGISTER, guest(all)).gives(json!({"visitor": {
            "_id": "abc", "token": "T1", "status": "online", "username": "grace", "name": "Grace",
            "visitorEmails": [{"address": "grace@example.org"}], "department": "sales",
            "phone": [{"phoneNumber": "123"}],
        }})),
        // What is not sent, or is null, stays.
        post(REGISTER, guest(json!({"token": "T1", "name": null, "department": "sales"})))
            .gives(json!({"visitor": {"_id": "abc", "name": "Grace"}})),
        // Nobody gets somebody else's id.
        post(REGISTER, guest(json!({"token": "T2", "name": "Other"})))
            .gives(json!({"visitor": {"token": "T2", "username": "guest-1"}})),
        get("livechat/visitor/T1").gives(json!({"visitor": {"_id": "abc", "name": "Grace"}})),
    ];
    run(&livechat, rows).await;
    let thief = guest(json!({"token": "T3", "id": "abc"}));
    let thief = livechat.post(REGISTER, thief).await.ok();
    assert_ne!(thief["visitor"]["_id"], "abc");
    for absent in [
        "name",
        "phone",
        "visitorEmails",
        "livechatData",
        "ip",
        "userAgent",
        "host",
    ] {
        assert!(
            thief["visitor"].get(absent).is_none(),
            "{absent} is absent, not null"
        );
    }
}

#[tokio::test]
async fn a_phone_keeps_the_token_and_an_address_replaces_it() {
    let livechat = Livechat::new().await;
    let rows = vec![
        post(REGISTER, guest(json!({"token": "P1", "phone": "555"}))).gives(json!({})),
        post(REGISTER, guest(json!({"token": "P2", "phone": "555"})))
            .gives(json!({"visitor": {"token": "P1"}})),
        get("livechat/visitor/P2").typed("[invalid-token]", "invalid-token"),
        post(
            REGISTER,
            guest(json!({"token": "E1", "email": "a@example.org"})),
        )
        .gives(json!({})),
        get("livechat/room?token=E1").gives(json!({"newRoom": true})),
        post(
            REGISTER,
            guest(json!({"token": "E2", "email": "A@example.org"})),
        )
        .gives(json!({"visitor": {"token": "E2"}})),
        get("livechat/visitor/E1").typed("[invalid-token]", "invalid-token"),
        // The room came along.
        get("livechat/room?token=E2")
            .gives(json!({"newRoom": false, "room": {"v": {"token": "E2"}}})),
        get("livechat/agent.next/E2").gives_only(json!({})),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn a_token_that_was_replaced_opens_no_room_of_its_old_owner() {
    let livechat = Livechat::new().await;
    let first = guest(json!({"token": "OLD", "email": "a@example.org"}));
    livechat.post(REGISTER, first).await.ok();
    let room = livechat.get("livechat/room?token=OLD").await.ok();
    let rid = room["room"]["_id"].as_str().unwrap();
    let close = json!({"token": "OLD", "rid": rid});
    livechat.post("livechat/room.close", close).await.ok();
    let rows = vec![
        post(
            REGISTER,
            guest(json!({"token": "NEW", "email": "a@example.org"})),
        )
        .gives(json!({})),
        post(REGISTER, guest(json!({"token": "OLD"}))).gives(json!({"visitor": {"token": "OLD"}})),
        get(format!("livechat/agent.info/{rid}/OLD")).plain("invalid-room"),
        get(format!("livechat/messages.history/{rid}?token=OLD")).plain("invalid-room"),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn an_address_leads_to_whoever_named_it_last_and_keeps_leading_there() {
    let livechat = Livechat::new().await;
    let rows = vec![
        post(
            REGISTER,
            guest(json!({"token": "A", "email": "x@example.org"})),
        )
        .gives(json!({})),
        post(REGISTER, guest(json!({"token": "B", "name": "B"}))).gives(json!({})),
        post(
            REGISTER,
            guest(json!({"token": "B", "email": "x@example.org"})),
        )
        .gives(json!({})),
        // A goes elsewhere: B must still be found.
        post(
            REGISTER,
            guest(json!({"token": "A", "email": "y@example.org"})),
        )
        .gives(json!({})),
        post(
            REGISTER,
            guest(json!({"token": "C", "email": "x@example.org"})),
        )
        .gives(json!({"visitor": {"name": "B", "token": "C"}})),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn open_rooms_take_the_new_name() {
    let livechat = Livechat::new().await;
    livechat.room("T1").await;
    let rows = vec![
        post(REGISTER, guest(json!({"token": "T1", "name": "Renamed"}))).gives(json!({})),
        get("livechat/room?token=T1").gives(json!({"room": {"fname": "Renamed"}})),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn custom_fields_of_a_registration_are_those_of_visitors() {
    let livechat = Livechat::with(FIELDS).await;
    let with = |fields: Value| guest(json!({"token": "T1", "customFields": fields}));
    let holds = |company: &str| json!({"visitor": {"livechatData": {"company": company}}});
    for ignored in [
        field("unknown", "v", true),
        field("order", "v", true),
        json!([]),
    ] {
        let told = livechat.post(REGISTER, with(ignored)).await.ok();
        assert!(told["visitor"].get("livechatData").is_none());
    }
    let rows = vec![
        post(REGISTER, with(field("company", "one", false))).gives(holds("one")),
        post(REGISTER, with(field("company", "two", false))).gives(holds("one")),
        post(REGISTER, with(field("company", "two", true))).gives(holds("two")),
        post(REGISTER, with(field("company", &"x".repeat(20_000), true))).typed(
            "Error registering visitor [error-livechat-visitor-registration]",
            "error-livechat-visitor-registration",
        ),
        get("livechat/visitor/T1").gives(holds("two")),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn required_fields_are_asked_for_from_7_on_and_only_among_others() {
    let other = field("other", "v", true);
    let with = |fields: Value| guest(json!({"token": "T1", "customFields": fields}));
    for number in ["7", "8"] {
        let livechat = Livechat::with(&(version(number) + REQUIRED)).await;
        let rows = vec![
            post(REGISTER, with(other.clone()))
                .plain("Missing required custom fields: required_custom_field"),
            post(REGISTER, with(json!([]))).gives(json!({})),
            post(REGISTER, with(field("required_custom_field", "v", true))).gives(json!({})),
        ];
        run(&livechat, rows).await;
    }
    let livechat = Livechat::with(&(version("6") + REQUIRED)).await;
    let long = field("required_custom_field", &"x".repeat(20_000), true);
    let rows = vec![
        post(REGISTER, with(other)).gives(json!({})),
        post(REGISTER, with(long)).plain("error-updating-custom-fields"),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn headers_are_kept_only_where_they_are_collected() {
    let collects = "[livechat.behaviour]\ncollect_headers = true\n";
    let livechat = Livechat::with(collects).await;
    let row = post(REGISTER, guest(json!({"token": "T1"})))
        .with("user-agent: Browser 1")
        .gives(json!({"visitor": {
            "userAgent": "Browser 1", "ip": "127.0.0.1", "host": "test",
        }}));
    run(&livechat, vec![row]).await;
}

#[tokio::test]
async fn presence_is_set_with_a_status_and_a_known_token() {
    let livechat = Livechat::new().await;
    livechat.room("T1").await;
    let path = "livechat/visitor.status";
    let rows = vec![
        post(path, json!({})).matches("Missing key 'token'"),
        post(path, json!({"token": "T1"})).matches("Missing key 'status'"),
        malformed("POST", path).matches("Missing key 'token'"),
        post(path, json!({"token": "T1", "status": "away", "x": 1}))
            .matches("Unknown key in field x"),
        post(path, json!({"token": 1, "status": "away"}))
            .matches("Expected string, got number in field token"),
        post(path, json!({"token": "who", "status": "away"}))
            .typed("[invalid-token]", "invalid-token"),
        post(path, json!({"token": "T1", "status": "away"}))
            .gives_only(json!({"token": "T1", "status": "away"})),
        get("livechat/room?token=T1").gives(json!({"room": {"v": {"status": "away"}}})),
        get("livechat/visitor/T1").gives(json!({"visitor": {"status": "online"}})),
        post(
            "livechat/visitors.status",
            json!({"token": "T1", "status": "away"}),
        )
        .nothing_there(),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn a_calls_state_is_set_up_to_7_in_ones_own_room() {
    let path = "livechat/visitor.callStatus";
    let body = |token: &str, rid: &str| json!({"token": token, "callStatus": "ringing", "rid": rid, "callId": "c"});
    for number in ["6", "7"] {
        let livechat = Livechat::with(&version(number)).await;
        let (mine, foreign) = (livechat.room("T1").await, livechat.room("T2").await);
        let told = json!({"token": "T1", "callStatus": "ringing"});
        let rows = vec![
            post(path, json!({})).matches("Missing key 'token'"),
            post(path, json!({"token": "T1"})).matches("Missing key 'callStatus'"),
            post(path, json!({"token": "T1", "callStatus": "x"})).matches("Missing key 'rid'"),
            post(path, json!({"token": "T1", "callStatus": "x", "rid": "r"}))
                .matches("Missing key 'callId'"),
            post(path, json!({"token": 1})).matches("Expected string, got number in field token"),
            malformed("POST", path).matches("Missing key 'token'"),
            post(path, body("who", &mine)).typed("[invalid-token]", "invalid-token"),
            post(path, body("T1", "nothing")).gives_only(told.clone()),
            post(path, body("T1", &foreign)).gives_only(told.clone()),
            post(path, body("T1", &mine)).gives_only(told),
            get("livechat/room?token=T1").gives(json!({"room": {"callStatus": "ringing"}})),
            get("livechat/config?token=T1")
                .gives(json!({"config": {"room": {"callStatus": "ringing"}}})),
        ];
        run(&livechat, rows).await;
        let foreign = livechat.get("livechat/room?token=T2").await.ok();
        assert!(foreign["room"].get("callStatus").is_none());
    }
    let livechat = Livechat::new().await;
    run(&livechat, vec![post(path, body("T1", "r")).nothing_there()]).await;
}

#[tokio::test]
async fn a_visitors_rooms_are_for_managers() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    livechat.room("T2").await;
    let path = "livechat/visitor/T1/room";
    let rows = vec![
        get(path).not_logged_in(),
        get(path)
            .with("x-user-id: who\nx-auth-token: what")
            .not_logged_in(),
        get(path).by("nobody").not_permitted(),
        get(path).by("ada-account").not_permitted(),
        get("livechat/visitor/who/room")
            .by("manager")
            .gives_only(json!({"rooms": []})),
    ];
    run(&livechat, rows).await;
    let told = livechat
        .as_user("manager", "GET", path, Value::Null)
        .await
        .ok();
    let rooms = told["rooms"].as_array().unwrap();
    assert_eq!(rooms.len(), 1);
    assert_eq!(
        (&rooms[0]["_id"], &rooms[0]["t"]),
        (&json!(rid), &json!("l"))
    );
    assert_eq!(rooms[0]["cl"], false);
    assert!(rooms[0]["servedBy"]["username"].is_string());
    let close = json!({"token": "T1", "rid": rid});
    livechat.post("livechat/room.close", close).await.ok();
    run(
        &livechat,
        vec![get(path).by("manager").gives_only(json!({"rooms": []}))],
    )
    .await;
}
