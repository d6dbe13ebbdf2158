//! Heading "Custom field" (livechat contract §4.7.1, §4.7.2), row by row.

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{get, malformed, post, run, version},
    livechat_world::Livechat,
};

const FIELDS: &str = r#"
[[livechat.custom_fields]]
id = "address"

[[livechat.custom_fields]]
id = "zip"
regexp = "^[0-9]{5}$"

[[livechat.custom_fields]]
id = "order"
scope = "room"
"#;

const REQUIRED: &str = r#"
[[livechat.custom_fields]]
id = "must"
required = true
"#;

const ONE: &str = "livechat/custom.field";
const SEVERAL: &str = "livechat/custom.fields";

fn field(key: &str, value: &str, overwrite: bool) -> Value {
    json!({"key": key, "value": value, "overwrite": overwrite})
}

/// The body for one field of T1.
fn one(key: &str, value: &str, overwrite: bool) -> Value {
    let mut body = field(key, value, overwrite);
    body["token"] = json!("T1");
    body
}

/// The body for several fields of T1.
fn several(fields: &[Value]) -> Value {
    json!({"token": "T1", "customFields": fields})
}

/// As it comes back from `custom.fields`.
fn capital(key: &str, value: &str, overwrite: bool) -> Value {
    json!({"Key": key, "value": value, "overwrite": overwrite})
}

async fn world(number: &str, more: &str) -> Livechat {
    let livechat = Livechat::with(&format!("{}{FIELDS}{more}", version(number))).await;
    let guest = json!({"visitor": {"token": "T1"}});
    livechat.post("livechat/visitor", guest).await.ok();
    livechat
}

#[tokio::test]
async fn one_field_row_by_row() {
    for number in ["6", "7", "8"] {
        let livechat = world(number, REQUIRED).await;
        let mut wrong = one("address", "v", true);
        wrong["value"] = json!([1]);
        let mut more = one("address", "v", true);
        more["x"] = json!(1);
        let mut unknown = one("address", "v", true);
        unknown["token"] = json!("who");
        let mut not_a_flag = one("address", "v", true);
        not_a_flag["overwrite"] = json!("yes");
        let rows = vec![
            post(ONE, json!({})).params("must have required property 'token'"),
            malformed("POST", ONE).params("must have required property 'token'"),
            post(ONE, json!({"token": "T1"})).params("must have required property 'key'"),
            post(ONE, json!({"token": "T1", "key": "k"}))
                .params("must have required property 'value'"),
            post(ONE, json!({"token": "T1", "key": "k", "value": "v"}))
                .params("must have required property 'overwrite'"),
            post(ONE, more).params("must NOT have additional properties"),
            post(ONE, wrong).params("must be string"),
            post(ONE, not_a_flag).params("must be boolean"),
            post(ONE, unknown).plain("invalid-token"),
            post(ONE, one("who", "v", true)).plain("invalid-custom-field"),
            post(ONE, one("zip", "1234", true)).plain("Invalid value for zip field"),
            post(ONE, one("zip", "12345", true))
                .gives_only(json!({"field": field("zip", "12345", true)})),
            post(ONE, one("address", "here", false))
                .gives_only(json!({"field": field("address", "here", false)})),
            // Kept, and still a success.
            post(ONE, one("address", "there", false))
                .gives_only(json!({"field": field("address", "there", false)})),
            get("livechat/visitor/T1")
                .gives(json!({"visitor": {"livechatData": {"address": "here", "zip": "12345"}}})),
            post(ONE, one("address", "there", true)).gives(json!({})),
            get("livechat/visitor/T1")
                .gives(json!({"visitor": {"livechatData": {"address": "there"}}})),
            post(ONE, one("address", &"x".repeat(20_000), true))
                .plain("Invalid value for address field"),
        ];
        run(&livechat, rows).await;
    }
}

#[tokio::test]
async fn a_field_of_the_room_goes_to_the_open_room() {
    for number in ["6", "7", "8"] {
        let livechat = world(number, "").await;
        let homeless = post(ONE, one("order", "1", true));
        let lost = post(SEVERAL, several(&[field("order", "1", true)]));
        let rows = if number == "6" {
            vec![
                homeless.refused(400, json!({"success": false})),
                lost.plain("error-setting-custom-field"),
            ]
        } else {
            vec![homeless.gives(json!({})), lost.gives(json!({}))]
        };
        run(&livechat, rows).await;
        let rid = livechat.room("T1").await;
        let data = |value: &str| json!({"room": {"livechatData": {"order": value}}});
        let rows = vec![
            post(ONE, one("order", "1", true)).gives(json!({})),
            get("livechat/room?token=T1").gives(data("1")),
            post(ONE, one("order", "2", false)).gives(json!({})),
            get("livechat/room?token=T1").gives(data("1")),
            post(ONE, one("order", "2", true)).gives(json!({})),
            get("livechat/room?token=T1").gives(data("2")),
            post("livechat/room.close", json!({"token": "T1", "rid": rid})).gives(json!({})),
        ];
        run(&livechat, rows).await;
        let visitor = livechat.get("livechat/visitor/T1").await.ok();
        assert!(visitor["visitor"].get("livechatData").is_none());
    }
}

#[tokio::test]
async fn several_fields_row_by_row() {
    for number in ["6", "7", "8"] {
        let livechat = world(number, "").await;
        livechat.room("T1").await;
        let address = field("address", "here", true);
        let empty = post(SEVERAL, several(&[]));
        let both = post(
            SEVERAL,
            several(&[address.clone(), field("order", "1", true)]),
        );
        let (of_visitor, of_room) = (
            capital("address", "here", true),
            capital("order", "1", true),
        );
        let (empty, both) = if number == "6" {
            (
                empty.gives_only(json!({"fields": []})),
                both.gives_only(json!({"fields": [of_visitor, of_room]})),
            )
        } else {
            (
                empty.plain("invalid-custom-field"),
                both.gives_only(json!({"fields": [of_room, of_visitor]})),
            )
        };
        let rows = vec![
            post(SEVERAL, json!({})).params("must have required property 'token'"),
            malformed("POST", SEVERAL).params("must have required property 'token'"),
            post(SEVERAL, json!({"token": "T1"}))
                .params("must have required property 'customFields'"),
            post(SEVERAL, json!({"token": "T1", "customFields": "x"})).params("must be array"),
            post(SEVERAL, several(&[json!("x")])).params("must be object"),
            post(SEVERAL, several(&[json!({})])).params("must have required property 'key'"),
            post(SEVERAL, several(&[json!({"key": "k"})]))
                .params("must have required property 'value'"),
            post(SEVERAL, several(&[json!({"key": "k", "value": "v"})]))
                .params("must have required property 'overwrite'"),
            post(SEVERAL, json!({"token": "T1", "customFields": [], "x": 1}))
                .params("must NOT have additional properties"),
            post(SEVERAL, json!({"token": "who", "customFields": []})).plain("invalid-token"),
            post(SEVERAL, several(&[address, field("who", "v", true)]))
                .plain("invalid-custom-field"),
            post(SEVERAL, several(&[field("zip", "x", true)])).plain("Invalid value for zip field"),
            empty,
        ];
        run(&livechat, rows).await;
        // Nothing of what was refused was half done.
        let visitor = livechat.get("livechat/visitor/T1").await.ok();
        assert!(visitor["visitor"].get("livechatData").is_none());
        run(&livechat, vec![both]).await;
    }
}

#[tokio::test]
async fn required_fields_must_be_among_several_from_7_on() {
    let body = several(&[field("address", "here", true)]);
    for number in ["6", "7", "8"] {
        let livechat = world(number, REQUIRED).await;
        let row = post(SEVERAL, body.clone());
        let row = if number == "6" {
            row.gives(json!({}))
        } else {
            row.plain("Missing required custom fields: must")
        };
        run(&livechat, vec![row]).await;
    }
}
