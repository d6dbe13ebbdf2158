//! The contacts of 6.x and earlier, which are visitors (livechat contract §4.8).

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{Row, get, holds, malformed, post, run},
    livechat_world::Livechat,
};

const PATH: &str = "omnichannel/contact";
const SEARCH: &str = "omnichannel/contact.search";
const FIELDS: &str = "[[livechat.custom_fields]]\nid = \"hobby\"\nlabel = \"Hobby\"\nregexp = \"^[a-z .*]+$\"\nsearchable = true\n[[livechat.custom_fields]]\nid = \"secret\"\nlabel = \"Secret\"\n";

fn ann() -> Value {
    json!({
        "token": "T1", "name": "Ann", "email": " ANN@example.org ", "phone": "+491",
        "customFields": {"hobby": "gaming", "secret": "yes", "unknown": "ignored"},
        "contactManager": {"username": "ada"},
    })
}

async fn enter(livechat: &Livechat, body: Value) -> String {
    let told = livechat.as_user("ada-account", "POST", PATH, body).await;
    told.ok()["contact"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_visitor_is_entered_and_changed() {
    let livechat = Livechat::with(FIELDS).await;
    let id = enter(&livechat, ann()).await;
    let visitor = livechat.get("livechat/visitor/T1").await.ok();
    let whole = json!({
        "_id": id, "token": "T1", "name": "Ann", "username": "guest-1",
        "visitorEmails": [{"address": "ann@example.org"}],
        "phone": [{"phoneNumber": "+491"}],
        "livechatData": {"hobby": "gaming", "secret": "yes"},
    });
    assert!(holds(&visitor["visitor"], &whole), "{visitor}");
    let again = enter(&livechat, json!({"token": "T1", "name": "Anna"})).await;
    assert_eq!(again, id, "by token");
    let again = json!({"token": "T2", "name": "Annie", "email": "ann@EXAMPLE.org"});
    assert_eq!(enter(&livechat, again).await, id, "by address");
    let other = json!({"token": "T3", "name": "Bea", "username": "bea"});
    assert_ne!(enter(&livechat, other).await, id);

    let manager = json!({"_id": "t-ada", "username": "ada", "name": "ADA \"L\""});
    let found = json!({"contact": {"_id": id, "name": "Annie", "contactManager": manager}});
    let wrong = |text: &str, code: &str| (format!("{text} [{code}]"), code.to_owned());
    let (text, code) = wrong(
        "No user found with username zed",
        "error-contact-manager-not-found",
    );
    let (empty, no_token) = wrong("Invalid visitor token", "error-invalid-contact-data");
    let by = |body: Value| post(PATH, body).by("ada-account");
    let read = |query: &str| get(format!("{PATH}{query}")).by("ada-account");
    let rows: Vec<Row> = vec![
        post(PATH, ann()).not_logged_in(),
        post(PATH, ann()).by("nobody").not_permitted(),
        malformed("POST", PATH)
            .by("admin")
            .matches("Missing key 'token'"),
        by(json!({})).matches("Missing key 'token'"),
        by(json!({"token": "T1"})).matches("Missing key 'name'"),
        by(json!({"token": 1, "name": "A"})).matches("Expected string, got number in field token"),
        by(json!({"token": "T1", "name": "A", "x": 1})).matches("Unknown key in field x"),
        by(json!({"token": "T1", "name": "A", "email": 1}))
            .matches("Failed Match.OneOf, Match.Maybe or Match.Optional validation in field email"),
        by(json!({"token": "", "name": "A"})).typed(&empty, &no_token),
        by(json!({"token": "T1", "name": "A", "contactManager": {"username": "zed"}}))
            .typed(&text, &code),
        by(json!({"token": "T1", "name": "A", "customFields": {"hobby": "1"}}))
            .plain("Invalid value for Hobby field"),
        read("").matches("Missing key 'contactId'"),
        read("?x=1").matches("Unknown key in field x"),
        get(format!("{PATH}?contactId={id}")).not_logged_in(),
        get(format!("{PATH}?contactId={id}"))
            .by("nobody")
            .not_permitted(),
        read("?contactId=nobody").gives_only(json!({"contact": null})),
        read(&format!("?contactId={id}")).gives(found),
    ];
    run(&livechat, rows).await;
    let path = format!("{PATH}?contactId={id}");
    let told = livechat.as_user("admin", "GET", &path, Value::Null).await;
    assert_eq!(told.ok()["contact"].get("token"), None, "a credential");
    let seven = Livechat::with("[livechat]\nrocketchat_version = \"7\"").await;
    let id = enter(&seven, json!({"token": "T1", "name": "Ann"})).await;
    let path = format!("{PATH}?contactId={id}");
    let told = seven.as_user("admin", "GET", &path, Value::Null).await;
    assert_eq!(told.ok()["contact"]["token"], "T1");
}

#[tokio::test]
async fn a_visitor_is_found_by_address_number_or_field() {
    let livechat = Livechat::with(FIELDS).await;
    let id = enter(&livechat, ann()).await;
    let custom = |json: &str| format!("?custom={}", json.replace('"', "%22").replace(' ', "%20"));
    let by = |query: &str| get(format!("{SEARCH}{query}")).by("ada-account");
    let found = || json!({"contact": {"_id": id, "name": "Ann", "token": "T1"}});
    let nobody = || json!({"contact": null});
    let invalid = "error-invalid-params";
    let bad = "error-invalid-params-custom";
    let rows: Vec<Row> = vec![
        get(SEARCH).not_logged_in(),
        get(SEARCH).by("nobody").not_permitted(),
        by("?x=1").matches("Unknown key in field x"),
        by("?email[a]=1")
            .matches("Failed Match.OneOf, Match.Maybe or Match.Optional validation in field email"),
        by("").plain("Cannot convert undefined or null to object"),
        by("?email=").plain("Cannot convert undefined or null to object"),
        by("?custom=").typed(&format!("[{invalid}]"), invalid),
        by(&custom("{}")).typed(&format!("[{invalid}]"), invalid),
        by(&custom("{\"a\":")).typed(&format!("[{bad}]"), bad),
        by("?email=Ann@Example.org").gives(found()),
        by("?email=other@example.org").gives_only(nobody()),
        by("?phone=%2B491").gives(found()),
        by("?phone=%2B492").gives_only(nobody()),
        by("?email=ann@example.org&phone=%2B492").gives_only(nobody()),
        by(&custom("{\"hobby\": \"GAM\"}")).gives(found()),
        by(&custom("{\"hobby\": \".*\"}")).gives_only(nobody()),
        by(&custom("{\"hobby\": {\"$ne\": 1}}")).gives_only(nobody()),
        by(&custom("{\"secret\": \"yes\"}")).gives_only(nobody()),
        by(&custom("{\"$where\": \"1\", \"nope\": \"x\"}")).gives_only(nobody()),
    ];
    run(&livechat, rows).await;
}
