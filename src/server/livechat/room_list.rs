//! Heading "Room", the list for agents (livechat contract §4.5, `livechat/rooms`).

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};

use super::{
    Livechat,
    account::Permission,
    call::Call,
    endpoint::{Auth, Endpoint, FROM_7, Params, UP_TO_6},
    failure::{Failure, Outcome},
    schema::{Kind, Schema},
};
use crate::{
    config::livechat::Version,
    conversation::{Page, Refused, RoomFilter, SortKey, Span, document::Moment},
};

/// `API_Default_Count`.
pub(super) const USUAL_COUNT: usize = 50;
/// `API_Upper_Count_Limit`.
pub(super) const MOST_COUNT: usize = 100;

const TEXTS: Kind = Kind::List {
    item: &Kind::Text,
    least: 0,
    unique: false,
};
const TEXT: Kind = Kind::Nullable(&Kind::Text);
const COUNT: Kind = Kind::Nullable(&Kind::Number);

const LIST_6: Schema = Schema {
    required: &[],
    properties: &[
        ("count", COUNT),
        ("offset", COUNT),
        ("sort", TEXT),
        ("query", TEXT),
        ("fields", TEXT),
        ("createdAt", TEXT),
        ("customFields", TEXT),
        ("closedAt", TEXT),
        ("agents", Kind::Nullable(&TEXTS)),
        ("roomName", TEXT),
        ("departmentId", TEXT),
        ("open", Kind::Any),
        ("onhold", Kind::Any),
        ("tags", Kind::Nullable(&TEXTS)),
        ("units", TEXTS),
    ],
    open: false,
};

const LIST: Schema = Schema {
    required: &[],
    properties: &[
        ("count", COUNT),
        ("offset", COUNT),
        ("sort", TEXT),
        ("query", TEXT),
        ("fields", TEXT),
        ("createdAt", TEXT),
        ("customFields", TEXT),
        ("closedAt", TEXT),
        ("agents", Kind::Nullable(&TEXTS)),
        ("roomName", TEXT),
        ("departmentId", Kind::Any),
        ("open", Kind::Any),
        ("onhold", Kind::Any),
        ("queued", Kind::Any),
        ("tags", Kind::Nullable(&TEXTS)),
        ("units", TEXTS),
    ],
    open: false,
};

/// GET `livechat/rooms`: `queued` and several departments came with 7.x.
const fn rooms(versions: (Version, Version), schema: &'static Schema) -> Endpoint {
    Endpoint {
        method: Method::GET,
        template: "livechat/rooms",
        versions,
        // The permission is looked at by the endpoint itself, in its own words.
        auth: Auth::Needs(&[]),
        limit: None,
        params: Params::Query(schema),
        summary: "Rooms that fit, a page of them.",
        run: |livechat, call| Box::pin(list(livechat, call)),
    }
}

pub(super) const ENDPOINTS: &[Endpoint] = &[rooms(UP_TO_6, &LIST_6), rooms(FROM_7, &LIST)];

async fn list(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let filter = filter(&call, livechat.config.version)?;
    if !call.logged_in()?.may(Permission::ViewRooms) {
        return Err(Refused::Forbidden("unauthorized".into()).into());
    }
    let offset = call.query_count("offset").unwrap_or(0);
    let page = Page {
        offset,
        count: call
            .query_count("count")
            .unwrap_or(USUAL_COUNT)
            .min(MOST_COUNT),
        sort: sort(&call)?,
    };
    let (rooms, total) = livechat
        .conversations
        .ask(move |chats| chats.list_rooms(&filter, &page))
        .await?;
    let rooms: Vec<_> = rooms.iter().map(|view| livechat.shown_room(view)).collect();
    Ok(Map::from_iter([
        ("count".to_owned(), Value::from(rooms.len())),
        ("rooms".to_owned(), Value::Array(rooms)),
        ("offset".to_owned(), Value::from(offset)),
        ("total".to_owned(), Value::from(total)),
    ]))
}

/// `units` are the target's Enterprise; `query` and `fields` are accepted and not followed.
fn filter(call: &Call, version: Version) -> Result<RoomFilter, Failure> {
    let departments = departments(&call.query)?;
    let (open, on_hold) = (flag(call, "open")?, flag(call, "onhold")?);
    let queued = flag(call, "queued")? == Some(true);
    // From 7.x on a room that waits is `queued` and not `open`.
    let served = match (queued, open) {
        (true, _) => Some(false),
        (false, Some(true)) if version >= Version::V7 => Some(true),
        (false, Some(_) | None) => None,
    };
    let name = call.query_text("roomName").filter(|name| !name.is_empty());
    let name = name.map(|name| {
        let lower = name.to_lowercase();
        match lower.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
            Some(whole) => (whole.to_owned(), true),
            None => (lower, false),
        }
    });
    Ok(RoomFilter {
        agents: list_of(&call.query, "agents"),
        departments,
        open,
        served,
        nothing: on_hold == Some(true),
        created: span(call, "createdAt")?,
        closed: span(call, "closedAt")?,
        tags: list_of(&call.query, "tags"),
        custom_fields: custom_fields(call)?,
        name,
    })
}

fn list_of(query: &Value, key: &str) -> Vec<String> {
    let items = query[key].as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// One department or a list of them; ajv names every branch that does not fit.
fn departments(query: &Value) -> Result<Vec<String>, Failure> {
    let no_branch = |inner: &str| {
        let text = format!("must be string\n must be {inner}\n must match a schema in anyOf");
        Err(Failure::Params(text))
    };
    match &query["departmentId"] {
        Value::Array(items) if items.iter().all(Value::is_string) => {
            Ok(list_of(query, "departmentId"))
        }
        Value::Array(_) => no_branch("string"),
        Value::Object(_) => no_branch("array"),
        Value::String(one) if !one.is_empty() => Ok(vec![one.clone()]),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Vec::new()),
    }
}

/// `true`, or any other text for false; lists and objects fit no branch of the schema.
fn flag(call: &Call, key: &str) -> Result<Option<bool>, Failure> {
    match &call.query[key] {
        Value::Array(_) | Value::Object(_) => {
            let text = "must be string\n must be boolean\n must match a schema in anyOf";
            Err(Failure::Params(text.to_owned()))
        }
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => Ok(Some(text == "true")),
        Value::Bool(flag) => Ok(Some(*flag)),
        Value::Null | Value::Number(_) => Ok(None),
    }
}

fn not_json(key: &str) -> Failure {
    let text = format!("The \"{key}\" query parameter must be a valid JSON.");
    Failure::Refused(Refused::Plain(text.into()))
}

/// The object in a parameter; absent and empty are the same.
fn object(call: &Call, key: &str) -> Result<Map<String, Value>, Failure> {
    match call.query_text(key).filter(|text| !text.is_empty()) {
        None => Ok(Map::new()),
        Some(text) => serde_json::from_str(&text).map_err(|_| not_json(key)),
    }
}

fn span(call: &Call, key: &str) -> Result<Span, Failure> {
    let dates = object(call, key)?;
    let date = |side: &str| match dates.get(side) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => moment(value).map(Some).ok_or_else(|| {
            let text = format!("The \"{key}.{side}\" query parameter must be a valid date.");
            Failure::Refused(Refused::Plain(text.into()))
        }),
    };
    Ok(Span {
        start: date("start")?,
        end: date("end")?,
    })
}

/// ISO-8601, a day alone, or epoch milliseconds.
fn moment(value: &Value) -> Option<Moment> {
    if let Some(millis) = value.as_i64() {
        return Some(Moment(millis));
    }
    let text = value.as_str()?;
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Moment(at.as_millisecond()));
    }
    let day: jiff::civil::Date = text.parse().ok()?;
    let at = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Moment(at.timestamp().as_millisecond()))
}

fn custom_fields(call: &Call) -> Result<Vec<(String, String)>, Failure> {
    let fields = object(call, "customFields")?.into_iter();
    let part = |value: Value| match value {
        Value::String(text) => text.to_lowercase(),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => other.to_string(),
    };
    Ok(fields.map(|(key, value)| (key, part(value))).collect())
}

/// `{"ts":-1}`; unknown keys are left out. Stock order: newest first.
fn sort(call: &Call) -> Result<Vec<(SortKey, bool)>, Failure> {
    let Some(text) = call.query_text("sort").filter(|text| !text.is_empty()) else {
        return Ok(vec![(SortKey::Made, true)]);
    };
    let keys: Map<String, Value> = serde_json::from_str(&text).map_err(|_| {
        Failure::Refused(Refused::Meteor {
            code: "error-invalid-sort".into(),
            reason: Some(format!("Invalid sort parameter provided: \"{text}\"").into()),
        })
    })?;
    let known = keys.iter().filter_map(|(path, direction)| {
        let descending = direction.as_i64().is_some_and(|n| n < 0);
        Some((SortKey::of_path(path)?, descending))
    });
    Ok(known.collect())
}
