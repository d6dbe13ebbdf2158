//! `/openapi.json`: it is what the committed file says, it holds together, it is served, and it differs
//! from Rocket.Chat's official files only as `known` says.

mod known;

use std::collections::{BTreeMap, BTreeSet};

use lp2rc::server::openapi;
use serde_json::Value;

use self::known::{DIFFERENT, NOT_SERVED, OURS};
use crate::{
    livechat_world::Livechat,
    program,
    rocketchat_facts::{self, Key},
    server_world::ask,
};

/// Every operation of the document: method, path and what is said.
fn operations(document: &Value) -> Vec<(String, &str, &Value)> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, told) in methods.as_object().unwrap() {
            found.push((method.to_uppercase(), path.as_str(), told));
        }
    }
    found
}

fn document() -> Value {
    serde_json::from_str(&openapi()).unwrap()
}

#[test]
fn the_committed_file_is_what_the_verb_prints() {
    let committed = std::fs::read_to_string("docs/openapi.json").unwrap();
    let printed = program::run(&["livechat", "openapi"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
    assert!(
        committed == printed.stdout,
        "docs/openapi.json is old; run `cargo run -- livechat openapi > docs/openapi.json`"
    );
}

#[test]
fn the_document_holds_together() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (method, path, told) in operations(&document) {
        let place = format!("{method} {path}");
        let id = told["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{place}: {id} is given twice");
        assert!(!told["summary"].as_str().unwrap().is_empty(), "{place}");
        let in_path: Vec<_> = parameters(told, "path").collect();
        let braced: Vec<_> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let names: Vec<_> = in_path.iter().map(|one| one["name"].as_str()).collect();
        let wanted: Vec<_> = braced.into_iter().map(Some).collect();
        assert_eq!(names, wanted, "{place}");
        assert!(
            !told["responses"].as_object().unwrap().is_empty(),
            "{place}"
        );
    }
    assert!(ids.len() > 10, "{ids:?}");
    for reference in references(&document) {
        let place = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(place).is_some(), "{reference}");
    }
}

fn parameters<'a>(told: &'a Value, place: &'static str) -> impl Iterator<Item = &'a Value> {
    let all = told["parameters"].as_array().into_iter().flatten();
    all.filter(move |one| one["in"] == place)
}

/// Every `$ref` below a value.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, inner)| match inner.as_str() {
                Some(text) if key == "$ref" => vec![text.to_owned()],
                Some(_) | None => references(inner),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[tokio::test]
async fn it_is_served_with_a_tag_and_not_sent_twice() {
    let livechat = Livechat::new().await;
    let first = ask(livechat.address, "GET /openapi.json").await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!(
        serde_json::from_str::<Value>(&first.body).unwrap(),
        document()
    );
    let tag = first.header("etag").unwrap();
    let again = format!("GET /openapi.json\nif-none-match: {tag}");
    let again = ask(livechat.address, &again).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let other = "GET /openapi.json\nif-none-match: \"x\"";
    assert_eq!(ask(livechat.address, other).await.status, 200);
}

/// A wrong method and an unknown path are the router's own 404 (livechat contract §1.1); whatever
/// an endpoint says is JSON.
#[tokio::test]
async fn each_operation_of_the_api_is_there_in_its_versions_and_in_no_other() {
    let document = document();
    for version in ["6", "7", "8"] {
        let text = format!("[livechat]\nrocketchat_version = \"{version}\"\n");
        let livechat = Livechat::with(&text).await;
        for (method, path, told) in operations(&document) {
            let Some(below) = path.strip_prefix("/api/v1/") else {
                continue;
            };
            let versions = told["x-rocketchat-versions"].as_array().unwrap();
            let asked = below.replace(['{', '}'], "x");
            let json = "content-type: application/json";
            let answer = livechat.raw(&method, &asked, json, "").await;
            let is_there = answer.raw.header("content-type") == Some("application/json")
                && answer.status != 405;
            assert_eq!(
                is_there,
                versions.iter().any(|one| one == version),
                "{version}: {method} {path}: {answer:?}"
            );
        }
    }
}

/// Query and body keys with whether they are required.
type Keys = BTreeMap<String, bool>;

fn query_keys(told: &Value) -> Keys {
    parameters(told, "query")
        .map(|one| {
            let required = one["required"].as_bool().unwrap_or_default();
            (one["name"].as_str().unwrap().to_owned(), required)
        })
        .collect()
}

fn body_keys(told: &Value) -> Keys {
    let schema = &told["requestBody"]["content"]["application/json"]["schema"];
    let names = schema["properties"].as_object().into_iter().flatten();
    names
        .map(|(name, _)| {
            let required = schema["required"].as_array().into_iter().flatten();
            let required = required.into_iter().any(|one| one == name);
            (name.clone(), required)
        })
        .collect()
}

/// What two sets of keys disagree on, in words.
fn differences(kind: &str, ours: &Keys, theirs: &BTreeMap<String, Key>) -> Vec<String> {
    let names: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let said = match (ours.get(name), theirs.get(name)) {
                (Some(_), None) => "ours alone",
                (None, Some(_)) => "theirs alone",
                (Some(true), Some(key)) if !key.required => "required by us",
                (Some(false), Some(key)) if key.required => "required by them",
                (Some(_), Some(_)) | (None, None) => return None,
            };
            Some(format!("{kind} {name} {said}"))
        })
        .collect()
}

/// The same path whatever its parameters are called.
fn nameless(path: &str) -> String {
    let parts: Vec<_> = path
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part })
        .collect();
    parts.join("/")
}

/// Every complaint at once: what differs and is not known, and what is called known and is not so.
#[test]
fn it_differs_from_the_official_files_only_as_is_known() {
    let document = document();
    let ours: BTreeMap<(String, String), &Value> = operations(&document)
        .into_iter()
        .filter(|(_, path, _)| path.starts_with("/api/"))
        .map(|(method, path, told)| ((method, nameless(path)), told))
        .collect();
    let theirs: BTreeMap<_, _> = rocketchat_facts::official()
        .into_iter()
        .map(|((method, path), operation)| ((method, nameless(&path)), operation))
        .collect();
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    let mut complaints = Vec::new();
    for ((method, path), told) in &ours {
        let place = format!("{method} {path}");
        let Some(official) = theirs.get(&(method.clone(), path.clone())) else {
            found.insert((place, "operation ours alone".to_owned()));
            continue;
        };
        let mut said = differences("query", &query_keys(told), &official.query);
        said.extend(differences("body", &body_keys(told), &official.body));
        found.extend(said.into_iter().map(|said| (place.clone(), said)));
    }
    let known: BTreeSet<(String, String)> = DIFFERENT
        .iter()
        .map(|(place, said, _)| ((*place).to_owned(), (*said).to_owned()))
        .chain(
            OURS.iter()
                .map(|(place, _)| ((*place).to_owned(), "operation ours alone".to_owned())),
        )
        .collect();
    for (place, said) in found.difference(&known) {
        complaints.push(format!("unknown: {place}: {said}"));
    }
    for (place, said) in known.difference(&found) {
        complaints.push(format!("known, but not so: {place}: {said}"));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The reverse: what of their livechat operations is not here, and why.
#[test]
fn each_official_operation_is_served_or_has_a_reason() {
    let document = document();
    let ours: BTreeSet<String> = operations(&document)
        .into_iter()
        .map(|(method, path, _)| format!("{method} {}", nameless(path)))
        .collect();
    let mut complaints = Vec::new();
    let mut used = BTreeSet::new();
    for (method, path) in rocketchat_facts::official().into_keys() {
        let below = path.strip_prefix("/api/v1/").unwrap_or_default();
        if !below.starts_with("livechat/") && !below.starts_with("omnichannel/") {
            continue;
        }
        let place = format!("{method} {}", nameless(&path));
        let reason = NOT_SERVED.iter().find(|(start, _)| {
            place == *start
                || start
                    .strip_suffix('*')
                    .is_some_and(|start| place.starts_with(start))
        });
        let listed = reason.is_some();
        if ours.contains(&place) == listed {
            let why = if listed {
                "served, but listed"
            } else {
                "neither served nor listed"
            };
            complaints.push(format!("{why}: {place}"));
        }
        used.extend(reason.map(|(start, _)| *start));
    }
    for (start, _) in NOT_SERVED.iter().filter(|(start, _)| !used.contains(start)) {
        complaints.push(format!("listed, but unknown to the files: {start}"));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
