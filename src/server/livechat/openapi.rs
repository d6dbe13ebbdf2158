//! `/openapi.json`: what the public listener answers, made of the table of endpoints and of nothing else;
//! only what is outside that table is told here. `lp2rc livechat openapi` prints the same document, and
//! docs/openapi.json is what it printed.
//!
//! One document for all versions: `x-rocketchat-versions` names the values of
//! `livechat.rocketchat_version` with which an operation is there, and where versions differ in form the
//! newest form is shown.

use std::{collections::BTreeMap, sync::LazyLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response};
use serde_json::{Map, Value, json};

use super::{
    super::api::{Body, document, tag},
    endpoint::{Auth, Endpoint, Params},
    schema::{Kind, Schema},
    table,
};
use crate::config::livechat::Version;

/// Where it is served.
pub(in super::super) const PATH: &str = "/openapi.json";

static SERVED: LazyLock<(Bytes, HeaderValue)> = LazyLock::new(|| {
    let body = Bytes::from(openapi());
    let tag = tag(&body);
    (body, tag)
});

/// The answer of the public listener.
pub(in super::super) fn answer(headers: &HeaderMap) -> Response<Body> {
    let (body, tag) = &*SERVED;
    document(headers, "application/json", tag, body)
}

/// The document as the operators' listener gives it.
pub(in super::super) fn served() -> Bytes {
    SERVED.0.clone()
}

/// What the public listener answers, in the form of `OpenAPI` 3.1; JSON for people and programs.
pub fn openapi() -> String {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for newest in by_place().values() {
        let path = format!("/api/v1/{}", braced(newest[0].template));
        let method = newest[0].method.as_str().to_ascii_lowercase();
        paths
            .entry(path)
            .or_default()
            .insert(method, operation(newest));
    }
    for (path, told) in beside_the_table() {
        paths
            .entry(path.to_owned())
            .or_default()
            .insert("get".to_owned(), told);
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lp2rc: a rehearsal of Rocket.Chat's Livechat",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The public listener. GET answers HEAD too. An operation is there when livechat.rocketchat_version is one of its x-rocketchat-versions; where versions differ in form, the newest is shown.",
        },
        "paths": paths,
        "components": components(),
    });
    // A value in memory is always JSON.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// The entries of each method and path, the newest form first.
fn by_place() -> BTreeMap<(&'static str, &'static str), Vec<&'static Endpoint>> {
    let mut places: BTreeMap<_, Vec<&Endpoint>> = BTreeMap::new();
    let table = table();
    for endpoint in &table {
        let place = (endpoint.template, word(&endpoint.method));
        places.entry(place).or_default().push(endpoint);
    }
    for forms in places.values_mut() {
        forms.sort_by_key(|endpoint| std::cmp::Reverse(endpoint.versions));
    }
    places
}

/// A method that outlives its endpoint's borrow; the table has no others.
fn word(method: &Method) -> &'static str {
    [Method::GET, Method::PUT, Method::PATCH, Method::DELETE]
        .iter()
        .zip(["GET", "PUT", "PATCH", "DELETE"])
        .find_map(|(known, word)| (known == method).then_some(word))
        .unwrap_or("POST")
}

/// `livechat/room/:rid` as `livechat/room/{rid}`.
fn braced(template: &str) -> String {
    let segments: Vec<_> = template
        .split('/')
        .map(|segment| match segment.strip_prefix(':') {
            Some(name) => format!("{{{name}}}"),
            None => segment.to_owned(),
        })
        .collect();
    segments.join("/")
}

fn operation(forms: &[&Endpoint]) -> Value {
    let endpoint = forms[0];
    let mut parameters: Vec<Value> = endpoint
        .template
        .split('/')
        .filter_map(|segment| segment.strip_prefix(':'))
        .map(in_path)
        .collect();
    let mut told = Map::new();
    match endpoint.params {
        Params::Free => {}
        Params::Query(schema) => parameters.extend(in_query(schema, false)),
        Params::CheckQuery(schema) => parameters.extend(in_query(schema, true)),
        Params::Body(schema) | Params::TypedBody(schema) => {
            told.insert("requestBody".to_owned(), json_body(schema, false));
        }
        Params::CheckBody(schema) => {
            told.insert("requestBody".to_owned(), json_body(schema, true));
        }
        Params::Stream => {
            let form = json!({"schema": {"type": "object"}});
            let body = json!({"required": true, "content": {"multipart/form-data": form}});
            told.insert("requestBody".to_owned(), body);
        }
    }
    let mut responses = json!({
        "200": {"$ref": "#/components/responses/Success"},
        "400": {"$ref": "#/components/responses/Refusal"},
        "429": {"$ref": "#/components/responses/TooManyRequests"},
    });
    if let Auth::Needs(permissions) = endpoint.auth {
        responses["401"] = json!({"$ref": "#/components/responses/Refusal"});
        responses["403"] = json!({"$ref": "#/components/responses/Refusal"});
        let words: Vec<_> = permissions.iter().map(|needed| needed.word()).collect();
        told.insert("x-permissions".to_owned(), words.into());
        told.insert(
            "security".to_owned(),
            json!([{"userId": [], "authToken": []}]),
        );
    }
    if let Some((calls, window)) = endpoint.limit {
        told.insert(
            "x-rate-limit".to_owned(),
            json!({"calls": calls, "windowMilliseconds": window}),
        );
    }
    if !parameters.is_empty() {
        told.insert("parameters".to_owned(), parameters.into());
    }
    let plain = |sign: char| {
        if sign.is_ascii_alphanumeric() || sign == '.' {
            sign
        } else {
            '-'
        }
    };
    let place: String = endpoint.template.chars().map(plain).collect();
    let id = format!("{}-{place}", word(&endpoint.method).to_ascii_lowercase());
    told.insert("operationId".to_owned(), id.into());
    told.insert("summary".to_owned(), endpoint.summary.into());
    told.insert("responses".to_owned(), responses);
    told.insert("x-rocketchat-versions".to_owned(), versions(forms));
    Value::Object(told)
}

/// The versions that have one of these forms.
fn versions(forms: &[&Endpoint]) -> Value {
    [Version::V6, Version::V7, Version::V8]
        .iter()
        .zip(["6", "7", "8"])
        .filter(|(version, _)| {
            forms
                .iter()
                .any(|form| form.versions.0 <= **version && **version <= form.versions.1)
        })
        .map(|(_, word)| word)
        .collect()
}

fn in_path(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
}

fn in_query(schema: &Schema, nullable: bool) -> impl Iterator<Item = Value> {
    schema.properties.iter().map(move |(name, kind)| {
        let required = schema.required.contains(name);
        let mut told = json!({"name": name, "in": "query", "schema": of_kind(kind, nullable)});
        if required {
            told["required"] = true.into();
        }
        told
    })
}

fn json_body(schema: &Schema, nullable: bool) -> Value {
    json!({
        "required": !schema.required.is_empty(),
        "content": {"application/json": {"schema": of_object(schema, nullable)}},
    })
}

/// `nullable`: what need not be there may be `null` (Meteor's `Match.Maybe`).
fn of_object(schema: &Schema, nullable: bool) -> Value {
    let properties: Map<String, Value> = schema
        .properties
        .iter()
        .map(|(name, kind)| {
            let told = of_kind(kind, nullable);
            let told = if nullable && !schema.required.contains(name) {
                or_null(told)
            } else {
                told
            };
            ((*name).to_owned(), told)
        })
        .collect();
    let mut told = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": schema.open,
    });
    if !schema.required.is_empty() {
        told["required"] = schema.required.into();
    }
    told
}

fn of_kind(kind: &Kind, nullable: bool) -> Value {
    match kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Number => json!({"type": "number"}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::OneOf(words) => json!({"type": "string", "enum": words}),
        Kind::Object(schema) => of_object(schema, nullable),
        Kind::List {
            item,
            least,
            unique,
        } => json!({
            "type": "array",
            "items": of_kind(item, nullable),
            "minItems": least,
            "uniqueItems": unique,
        }),
        Kind::Nullable(inner) => or_null(of_kind(inner, nullable)),
        Kind::AnyObject => json!({"type": "object"}),
        Kind::Any => json!({}),
    }
}

fn or_null(told: Value) -> Value {
    if told == json!({}) {
        return told;
    }
    json!({"anyOf": [told, {"type": "null"}]})
}

fn components() -> Value {
    let refusal = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}});
    json!({
        "schemas": {
            "Success": {
                "type": "object",
                "properties": {"success": {"const": true}},
                "required": ["success"],
            },
            "Refusal": {
                "type": "object",
                "properties": {
                    "success": {"const": false},
                    "error": {"type": "string"},
                    "errorType": {"type": "string"},
                },
            },
        },
        "responses": {
            "Success": {
                "description": "Done. The other keys are those of docs/contracts/rocketchat-livechat.md, section 4.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Success"}}},
            },
            "Refusal": {
                "description": "Not done, and why.",
                "content": refusal,
            },
            "TooManyRequests": {
                "description": "Too many calls of this operation from one address.",
                "content": refusal,
            },
        },
        "securitySchemes": {
            "userId": {"type": "apiKey", "in": "header", "name": "X-User-Id"},
            "authToken": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
        },
    })
}

/// What is answered by hand; all of it by GET.
fn beside_the_table() -> Vec<(&'static str, Value)> {
    let all = json!(["6", "7", "8"]);
    let text = json!({"type": "string"});
    let json_answer = json!({"$ref": "#/components/responses/Success"});
    let refusal = json!({"$ref": "#/components/responses/Refusal"});
    let file = json!({"description": "The file.", "content": {"*/*": {}}});
    let absent = json!({"description": "There is none."});
    let department = json!({"name": "department", "in": "query", "schema": text});
    let of_file = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
    vec![
        (
            "/api/v1/livechat/agent.next/{token}",
            json!({
                "operationId": "get-livechat-agent.next--token",
                "summary": "The agent who would be next; a bare success for a visitor with an open room.",
                "parameters": [in_path("token"), department],
                "responses": {
                    "200": json_answer,
                    "400": refusal,
                    "429": {"$ref": "#/components/responses/TooManyRequests"},
                },
                "x-rocketchat-versions": all,
            }),
        ),
        (
            "/api/info",
            json!({
                "operationId": "get-info",
                "summary": "The release whose answers these are like.",
                "responses": {"200": json_answer},
                "x-rocketchat-versions": all,
            }),
        ),
        (
            "/websocket",
            json!({
                "operationId": "get-websocket",
                "summary": "The realtime API: DDP over a WebSocket.",
                "responses": {"101": {"description": "The connection speaks DDP from here on."}},
                "x-rocketchat-versions": all,
            }),
        ),
        (
            "/file-upload/{id}/{name}",
            json!({
                "operationId": "get-file-upload--id--name",
                "summary": "A file of a room, for its visitor and its agents.",
                "parameters": [
                    in_path("id"), in_path("name"),
                    of_file("rc_rid"), of_file("rc_room_type"), of_file("rc_token"),
                ],
                "responses": {"200": file, "403": {"description": "Somebody else's file."}, "404": absent},
                "x-rocketchat-versions": all,
            }),
        ),
        (
            "/livechat",
            json!({
                "operationId": "get-livechat",
                "summary": "The page of the official widget, where livechat.widget_dir names a build of it.",
                "responses": {"200": file, "304": {"description": "As it was."}, "404": absent},
            }),
        ),
        (
            "/livechat/{asset}",
            json!({
                "operationId": "get-livechat--asset",
                "summary": "Scripts, pictures and sounds of that build.",
                "parameters": [in_path("asset")],
                "responses": {"200": file, "304": {"description": "As it was."}, "404": absent},
            }),
        ),
        (
            "/sounds/chime.mp3",
            json!({
                "operationId": "get-sounds-chime.mp3",
                "summary": "The sound that the configuration names, where the build's directory has it.",
                "responses": {"200": file, "304": {"description": "As it was."}, "404": absent},
            }),
        ),
        (
            PATH,
            json!({
                "operationId": "get-openapi.json",
                "summary": "This document.",
                "responses": {"200": {"description": "This document.", "content": {"application/json": {}}}},
            }),
        ),
    ]
}
