//! Contacts of 7.x and later: entered, changed, settled, removed (livechat contract §4.8).

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{Row, get, holds, malformed, post, run},
    livechat_world::Livechat,
};

const FIELDS: &str = "[[livechat.custom_fields]]\nid = \"cf1\"\nlabel = \"Custom Field 1\"\nregexp = \"^[0-9]+$\"\nrequired = true\n[[livechat.custom_fields]]\nid = \"cf2\"\nlabel = \"Custom Field 2\"\n[[livechat.custom_fields]]\nid = \"room-field\"\nlabel = \"Of rooms\"\nscope = \"room\"\n";

const CREATE: &str = "omnichannel/contacts";
const UPDATE: &str = "omnichannel/contacts.update";
const CONFLICTS: &str = "omnichannel/contacts.conflicts";
const DELETE: &str = "omnichannel/contacts.delete";

fn ann() -> Value {
    json!({"name": "Ann", "emails": [" ANN@Example.org"], "phones": ["+491"]})
}

/// The same with these keys besides, or instead; `null` is none.
fn with(mut body: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(key);
        } else {
            body[key] = value.clone();
        }
    }
    body
}

async fn create(livechat: &Livechat, body: Value) -> String {
    let told = livechat.as_user("admin", "POST", CREATE, body).await.ok();
    told["contactId"].as_str().unwrap().to_owned()
}

async fn contact(livechat: &Livechat, id: &str) -> Value {
    let path = format!("omnichannel/contacts.get?contactId={id}");
    let told = livechat.as_user("admin", "GET", &path, Value::Null).await;
    told.ok()["contact"].take()
}

#[tokio::test]
async fn a_contact_is_entered_and_read() {
    let livechat = Livechat::with("").await;
    let id = create(&livechat, with(ann(), &json!({"contactManager": "t-ada"}))).await;
    let found = contact(&livechat, &id).await;
    let now = "2026-01-02T03:04:05.678Z";
    let whole = json!({
        "_id": id,
        "createdAt": now,
        "_updatedAt": now,
        "name": "Ann",
        "emails": [{"address": "ann@example.org"}],
        "phones": [{"phoneNumber": "+491"}],
        "channels": [],
        "customFields": {},
        "unknown": false,
        "conflictingFields": [],
        "contactManager": "t-ada",
    });
    assert_eq!(found, whole);
    let path = "omnichannel/contacts.get";
    let rows = vec![
        get(format!("{path}?contactId={id}")).not_logged_in(),
        get(format!("{path}?contactId={id}"))
            .by("nobody")
            .not_permitted(),
        get(path)
            .by("admin")
            .params("must have required property 'contactId'"),
        get(format!("{path}?contactId={id}&x=1"))
            .by("admin")
            .params("must NOT have additional properties"),
        get(format!("{path}?contactId[a]=1"))
            .by("admin")
            .params("must be string"),
        get(format!("{path}?contactId=%20"))
            .by("admin")
            .params("must pass \"isNotEmpty\" keyword validation"),
        get(format!("{path}?contactId=nobody")).by("admin").refused(
            404,
            json!({"success": false, "error": "Resource not found"}),
        ),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn what_is_no_contact_is_refused() {
    let livechat = Livechat::with(FIELDS).await;
    let of = |fields: Value| with(ann(), &json!({"customFields": fields}));
    let by = |body: Value| post(CREATE, body).by("manager");
    let rows: Vec<Row> = vec![
        post(CREATE, ann()).not_logged_in(),
        post(CREATE, ann()).by("nobody").not_permitted(),
        malformed("POST", CREATE)
            .by("manager")
            .params("must have required property 'name'"),
        by(json!([])).params("must be object"),
        by(with(ann(), &json!({"name": null}))).params("must have required property 'name'"),
        by(with(ann(), &json!({"emails": null}))).params("must have required property 'emails'"),
        by(with(ann(), &json!({"phones": null}))).params("must have required property 'phones'"),
        by(with(ann(), &json!({"x": 1}))).params("must NOT have additional properties"),
        by(with(ann(), &json!({"name": []}))).params("must be string"),
        by(with(ann(), &json!({"emails": "a"}))).params("must be array"),
        by(with(ann(), &json!({"phones": "a"}))).params("must be array"),
        by(with(ann(), &json!({"emails": [{}]}))).params("must be string"),
        by(with(ann(), &json!({"phones": ["1", "1"]})))
            .params("must NOT have duplicate items (items ## 0 and 1 are identical)"),
        by(with(ann(), &json!({"customFields": "a"}))).params("must be object"),
        by(with(ann(), &json!({"contactManager": {}}))).params("must be string"),
        by(with(
            of(json!({"cf1": "1"})),
            &json!({"contactManager": "invalid"}),
        ))
        .plain("error-contact-manager-not-found"),
        by(ann()).plain("Invalid value for Custom Field 1 field"),
        by(of(json!({"cf1": " "}))).plain("Invalid value for Custom Field 1 field"),
        by(of(json!({"cf1": "x"}))).plain("Invalid value for Custom Field 1 field"),
        by(of(json!({"cf1": 5}))).plain("Invalid value for Custom Field 1 field"),
        by(of(json!({"cf1": "1", "cf3": "x"}))).plain("Custom field cf3 is not allowed"),
        by(of(json!({"cf1": "1", "room-field": "x"})))
            .plain("Custom field room-field is not allowed"),
        by(of(json!({"cf1": " 12 ", "cf2": "two"}))).gives(json!({})),
        get(CREATE).nothing_there(),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn a_contact_is_changed_with_the_names_of_their_open_rooms() {
    let livechat = Livechat::with(FIELDS).await;
    let rid = livechat.room("T1").await;
    let room = livechat.get("livechat/room?token=T1").await.ok();
    let id = room["room"]["contactId"].as_str().unwrap().to_owned();
    let made = contact(&livechat, &id).await;
    let unknown = json!({"name": "T1", "unknown": true, "lastChat": {"_id": rid}});
    assert!(holds(&made, &unknown), "{made}");

    livechat
        .world
        .clock
        .advance(std::time::Duration::from_millis(5));
    let by = |body: Value| post(UPDATE, with(body, &json!({"contactId": id}))).by("ada-account");
    let missing = "must have required property 'contactId'";
    let rows: Vec<Row> = vec![
        post(UPDATE, json!({"contactId": id})).not_logged_in(),
        post(UPDATE, json!({"contactId": id}))
            .by("nobody")
            .not_permitted(),
        post(UPDATE, json!({})).by("admin").params(missing),
        malformed("POST", UPDATE).by("admin").params(missing),
        post(UPDATE, json!({"contactId": "nobody"}))
            .by("admin")
            .plain("error-contact-not-found"),
        by(json!({"x": 1})).params("must NOT have additional properties"),
        by(json!({"name": []})).params("must be string"),
        by(json!({"emails": "a"})).params("must be array"),
        by(json!({"wipeConflicts": "maybe"})).params("must be boolean"),
        by(json!({"contactManager": "invalid"})).plain("error-contact-manager-not-found"),
        by(json!({"customFields": {"cf1": "x"}})).plain("Invalid value for Custom Field 1 field"),
        by(json!({"customFields": {"cf1": "1", "cf3": ""}}))
            .plain("Custom field cf3 is not allowed"),
        by(json!({
            "name": "Ann",
            "emails": ["ANN@example.org"],
            "phones": ["1", "2"],
            "customFields": {"cf1": "1"},
            "contactManager": "t-bob",
        }))
        .gives(json!({"contact": {
            "_id": id,
            "name": "Ann",
            "emails": [{"address": "ann@example.org"}],
            "phones": [{"phoneNumber": "1"}, {"phoneNumber": "2"}],
            "customFields": {"cf1": "1"},
            "contactManager": "t-bob",
            "unknown": false,
            "_updatedAt": "2026-01-02T03:04:05.683Z",
        }})),
        by(json!({"emails": [], "phones": null})).gives(json!({"contact": {
            "name": "Ann", "emails": [], "phones": [{"phoneNumber": "1"}, {"phoneNumber": "2"}],
        }})),
        get(format!("livechat/room?token=T1&rid={rid}"))
            .gives(json!({"room": {"fname": "Ann", "contactId": id}})),
        get(format!("livechat/inquiries.getOne?roomId={rid}"))
            .by("admin")
            .gives(json!({"inquiry": {"name": "Ann"}})),
    ];
    run(&livechat, rows).await;
}

/// A visitor called Tim with the address of the contact Ann.
async fn tim(livechat: &Livechat) -> (String, String) {
    let id = create(livechat, ann()).await;
    let tim = json!({"token": "T1", "name": "Tim", "email": "ann@EXAMPLE.org"});
    livechat
        .post("livechat/visitor", json!({"visitor": tim}))
        .await
        .ok();
    let room = livechat.get("livechat/room?token=T1").await.ok();
    assert_eq!(room["room"]["contactId"], json!(id), "found by address");
    (id, room["room"]["_id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn conflicts_wait_for_somebody_who_settles_them() {
    let livechat = Livechat::new().await;
    let (id, _) = tim(&livechat).await;
    let other = create(&livechat, ann()).await;
    let name = json!([{"field": "name", "value": "Tim"}]);
    let found = contact(&livechat, &id).await;
    assert_eq!(
        (&found["name"], &found["conflictingFields"]),
        (&json!("Ann"), &name)
    );
    let by = |body: Value| post(CONFLICTS, body).by("ada-account");
    let missing = "must have required property 'contactId'";
    let rows: Vec<Row> = vec![
        post(CONFLICTS, json!({"contactId": id})).not_logged_in(),
        post(CONFLICTS, json!({"contactId": id}))
            .by("nobody")
            .not_permitted(),
        by(json!({})).params(missing),
        malformed("POST", CONFLICTS)
            .by("ada-account")
            .params(missing),
        by(json!({"contactId": id, "x": 1})).params("must NOT have additional properties"),
        by(json!({"contactId": id, "emails": []})).params("must NOT have additional properties"),
        by(json!({"contactId": id, "customFields": 5})).params("must be object"),
        by(json!({"contactId": id, "wipeConflicts": []})).params("must be boolean"),
        by(json!({"contactId": "nobody"})).plain("error-contact-not-found"),
        by(json!({"contactId": other})).plain("error-contact-has-no-conflicts"),
        by(json!({"contactId": id, "contactManager": "invalid"}))
            .plain("error-contact-manager-not-found"),
        by(json!({"contactId": id, "contactManager": "t-ada"})).gives(json!({"result": {
            "_id": id, "contactManager": "t-ada", "conflictingFields": name,
        }})),
        by(json!({"contactId": id, "name": "Tim"})).gives(json!({"result": {
            "_id": id, "name": "Tim", "conflictingFields": [],
        }})),
        by(json!({"contactId": id, "name": "Tim"})).plain("error-contact-has-no-conflicts"),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn a_removed_contact_is_found_by_nobody() {
    let livechat = Livechat::new().await;
    let (id, rid) = tim(&livechat).await;
    let typed =
        |text: &str| json!({"success": false, "errorType": "invalid-params", "error": text});
    let by = |body: Value| post(DELETE, body).by("manager");
    let close = json!({"token": "T1", "rid": rid});
    let existence = "omnichannel/contacts.checkExistence?email=ann@example.org";
    let missing = typed("must have required property 'contactId'");
    let rows: Vec<Row> = vec![
        post(DELETE, json!({"contactId": id})).not_logged_in(),
        post(DELETE, json!({"contactId": id}))
            .by("ada-account")
            .not_permitted(),
        by(json!({})).refused(400, missing.clone()),
        malformed("POST", DELETE)
            .by("manager")
            .refused(400, missing),
        by(json!({"contactId": id, "x": 1}))
            .refused(400, typed("must NOT have additional properties")),
        by(json!({"contactId": {}})).refused(400, typed("must be string")),
        by(json!({"contactId": "nobody"})).plain("error-contact-not-found"),
        by(json!({"contactId": id})).plain("error-contact-has-open-rooms"),
        post("livechat/room.close", close).gives(json!({})),
        get(existence)
            .by("admin")
            .gives_only(json!({"exists": true})),
        by(json!({"contactId": id})).gives_only(json!({})),
        by(json!({"contactId": id})).plain("error-contact-not-found"),
        get(existence)
            .by("admin")
            .gives_only(json!({"exists": false})),
        get(format!("omnichannel/contacts.get?contactId={id}"))
            .by("admin")
            .refused(
                404,
                json!({"success": false, "error": "Resource not found"}),
            ),
        post(UPDATE, json!({"contactId": id}))
            .by("admin")
            .plain("error-contact-not-found"),
        get("omnichannel/contacts.search")
            .by("admin")
            .gives_only(json!({"contacts": [], "count": 0, "offset": 0, "total": 0})),
    ];
    run(&livechat, rows).await;
    let room = livechat.get("livechat/room?token=T1").await.ok();
    let again = &room["room"]["contactId"];
    assert!(
        again.is_string() && *again != json!(id),
        "a new one: {again}"
    );
}

#[tokio::test]
async fn versions_know_different_contacts() {
    let six = Livechat::with("[livechat]\nrocketchat_version = \"6\"").await;
    let text = "This endpoint is only allowed in test mode [error-not-allowed]";
    let closed = "error-not-allowed";
    let rows = vec![
        post(CREATE, ann()).by("admin").typed(text, closed),
        post(UPDATE, json!({"contactId": "x"}))
            .by("admin")
            .typed(text, closed),
        get("omnichannel/contacts.get?contactId=x")
            .by("admin")
            .typed(text, closed),
    ];
    run(&six, rows).await;
    for path in ["history", "search", "channels", "checkExistence"] {
        let path = format!("omnichannel/contacts.{path}");
        let told = six.as_user("admin", "GET", &path, Value::Null).await;
        assert_eq!(told.status, 404, "{path}");
    }
    six.room("T1").await;
    let room = six.get("livechat/room?token=T1").await.ok();
    assert_eq!(room["room"].get("contactId"), None);

    let seven = Livechat::with("[livechat]\nrocketchat_version = \"7\"").await;
    let id = create(&seven, ann()).await;
    let body = json!({"contactId": id});
    let rows = vec![post(DELETE, body).by("admin").nothing_there()];
    run(&seven, rows).await;
}
