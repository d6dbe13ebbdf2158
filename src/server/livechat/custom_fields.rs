//! Heading "Custom field" (livechat contract §4.7.1, §4.7.2).

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::{
    Livechat,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, Params},
    failure::Outcome,
    schema::{Kind, Schema},
};
use crate::conversation::SentField;

const ONE: Schema = Schema {
    required: &["token", "key", "value", "overwrite"],
    properties: &[
        ("token", Kind::Text),
        ("key", Kind::Text),
        ("value", Kind::Text),
        ("overwrite", Kind::Flag),
    ],
    open: false,
};

const ITEM: Schema = Schema {
    required: &["key", "value", "overwrite"],
    properties: &[
        ("key", Kind::Text),
        ("value", Kind::Text),
        ("overwrite", Kind::Flag),
    ],
    open: false,
};

const SEVERAL: Schema = Schema {
    required: &["token", "customFields"],
    properties: &[
        ("token", Kind::Text),
        (
            "customFields",
            Kind::List {
                item: &Kind::Object(&ITEM),
                least: 0,
                unique: false,
            },
        ),
    ],
    open: false,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::POST,
        template: "livechat/custom.field",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Body(&ONE),
        summary: "Set a custom field of a visitor or of their open room.",
        run: |livechat, call| Box::pin(one(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "livechat/custom.fields",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Body(&SEVERAL),
        summary: "Set several custom fields of a visitor and of their open room.",
        run: |livechat, call| Box::pin(several(livechat, call)),
    },
];

/// A field as it was sent; its form was checked.
pub(super) fn sent_field(field: &Value) -> SentField {
    let text = |key: &str| field[key].as_str().unwrap_or_default().to_owned();
    SentField {
        key: text("key"),
        value: text("value"),
        overwrite: field["overwrite"].as_bool().unwrap_or_default(),
    }
}

async fn one(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let (token, field) = (call.required_text("token"), sent_field(&call.body));
    let answer = json!({"key": field.key, "value": field.value, "overwrite": field.overwrite});
    livechat
        .conversations
        .ask(move |chats| chats.set_custom_field(&token, &field))
        .await?;
    Ok(Map::from_iter([("field".to_owned(), answer)]))
}

async fn several(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let token = call.required_text("token");
    let sent = call.body["customFields"].as_array();
    let fields = sent.map(|fields| fields.iter().map(sent_field).collect());
    let kept = livechat
        .conversations
        .ask(move |chats| chats.set_custom_fields(&token, fields.unwrap_or_default()))
        .await?;
    // The capital letter is the target's.
    let fields: Value = kept
        .iter()
        .map(|field| json!({"Key": field.key, "value": field.value, "overwrite": field.overwrite}))
        .collect();
    Ok(Map::from_iter([("fields".to_owned(), fields)]))
}
