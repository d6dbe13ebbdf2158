//! Whether requests are as Rocket.Chat's official files have them: `tests/contract/rocketchat.facts`,
//! made by `tests/contract/facts.py`. Where our contract knows better than the files, `known` says
//! so, with the section of `docs/contracts/rocketchat-admin.md` that has the evidence.
//!
//! Keys that the files do not have are complained about even where the files do not forbid them: the
//! servers' own schemas are strict (§2.1, §3.1).

mod cases;
mod known;

use std::collections::{BTreeMap, BTreeSet};

use known::{KNOWN, Known, NEVER};
use serde_json::{Value, json};

const FACTS: &str = include_str!("../../contract/rocketchat.facts");

/// One request as it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// Without the query.
    pub(crate) path: &'a str,
    /// Names of the parameters.
    pub(crate) query: &'a [&'a str],
    pub(crate) body: Option<&'a Value>,
}

/// What a key may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) required: bool,
    kind: String,
}

/// One operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Operation {
    pub(crate) query: BTreeMap<String, Key>,
    pub(crate) body: BTreeMap<String, Key>,
    /// Keys beside those named are expressly welcome.
    open: bool,
}

/// What is wrong with these requests, each complaint once.
pub(crate) fn complaints<'a>(requests: impl IntoIterator<Item = Asked<'a>>) -> Vec<String> {
    let table = table();
    let found = requests
        .into_iter()
        .flat_map(|asked| look(&table, asked))
        .collect::<BTreeSet<_>>();
    found.into_iter().collect()
}

pub(crate) type Table = BTreeMap<(String, String), Operation>;

/// The files' operations and ours.
fn table() -> Table {
    let mut table = official();
    for (method, path, known, _) in KNOWN {
        if let Known::Absent(query, body) = known {
            let keys = |names: &[&str]| names.iter().map(|name| key(name, "any")).collect();
            let operation = Operation {
                query: keys(query),
                body: keys(body),
                open: false,
            };
            table.insert(((*method).to_owned(), (*path).to_owned()), operation);
        }
    }
    table
}

/// A name that ends in `!` is required.
fn key(name: &str, kind: &str) -> (String, Key) {
    let required = name.ends_with('!');
    let key = Key {
        required,
        kind: kind.to_owned(),
    };
    (name.trim_end_matches('!').to_owned(), key)
}

/// What the files say, by method and path.
pub(crate) fn official() -> Table {
    let mut table = Table::new();
    let mut at = None;
    for line in FACTS.lines().filter(|line| !line.starts_with('#')) {
        let Some(fact) = line.strip_prefix("  ") else {
            let (method, path) = line.split_once(' ').unwrap();
            let place = (method.to_owned(), path.to_owned());
            table.insert(place.clone(), Operation::default());
            at = Some(place);
            continue;
        };
        let operation = table.get_mut(at.as_ref().unwrap()).unwrap();
        let words: Vec<_> = fact.split(' ').collect();
        let mark = if words[0].ends_with('!') { "!" } else { "" };
        match (words[0].trim_end_matches('!'), &words[1..]) {
            ("query", [name]) => {
                let (name, key) = key(&format!("{}{mark}", bare(name)), "any");
                operation.query.insert(name, key);
            }
            ("body", [name, kind]) => {
                let (name, key) = key(&format!("{name}{mark}"), kind);
                operation.body.insert(name, key);
            }
            ("extra", [open]) => operation.open = *open == "yes",
            // Nothing of ours sends a form, and answers are the client's to read.
            ("form" | "answer", _) => {}
            _ => panic!("not a fact: {line}"),
        }
    }
    table
}

/// `roles[]` and `roles[0]` are `roles`.
fn bare(name: &str) -> &str {
    name.split('[').next().unwrap_or_default()
}

/// The operation with that path; of several the one with most literal segments.
fn find<'a>(table: &'a Table, method: &str, path: &str) -> Option<(&'a str, &'a Operation)> {
    let fits = |pattern: &str| {
        let (ours, theirs) = (path.split('/'), pattern.split('/'));
        ours.clone().count() == theirs.clone().count()
            && ours.zip(theirs).all(|(our, their)| {
                our == their || (their.starts_with('{') && their.ends_with('}') && !our.is_empty())
            })
    };
    table
        .iter()
        .filter(|((of, pattern), _)| of == method && fits(pattern))
        .min_by_key(|((_, pattern), _)| pattern.matches('{').count())
        .map(|((_, pattern), operation)| (pattern.as_str(), operation))
}

fn look(table: &Table, asked: Asked<'_>) -> Vec<String> {
    let Some((path, operation)) = find(table, asked.method, asked.path) else {
        return vec![format!(
            "{} {}: no such operation",
            asked.method, asked.path
        )];
    };
    let known = |wanted: &dyn Fn(&Known) -> bool| {
        let here = |(method, at, what, _): &&(&str, &str, Known, &str)| {
            *method == asked.method && *at == path && wanted(what)
        };
        KNOWN.iter().any(|known| here(&known))
    };
    let mut said = Vec::new();
    let sent: Vec<_> = asked.query.iter().map(|name| bare(name)).collect();
    for name in &sent {
        let more = known(&|what| matches!(what, Known::Query(key) if key == name));
        if NEVER.contains(name) {
            said.push(format!("the query parameter `{name}` must never be sent"));
        } else if !operation.query.contains_key(*name) && !more {
            said.push(format!("unknown query parameter `{name}`"));
        }
    }
    for (name, _) in operation.query.iter().filter(|(_, key)| key.required) {
        if !sent.contains(&name.as_str()) {
            said.push(format!("the query parameter `{name}` is missing"));
        }
    }
    let nothing = json!({});
    let Some(body) = asked.body.unwrap_or(&nothing).as_object() else {
        said.push("the body is no JSON object".to_owned());
        return placed(asked.method, path, said);
    };
    for (name, value) in body {
        let more = known(&|what| matches!(what, Known::Body(key) if key == name));
        match operation.body.get(name) {
            Some(key) if !is_of_kind(value, &key.kind) => {
                said.push(format!("the body key `{name}` is not of type {}", key.kind));
            }
            Some(_) => {}
            None if more || operation.open => {}
            None => said.push(format!("unknown body key `{name}`")),
        }
    }
    for (name, _) in operation.body.iter().filter(|(_, key)| key.required) {
        let instead = known(
            &|what| matches!(what, Known::Instead(key, other) if key == name && body.contains_key(*other)),
        );
        if !body.contains_key(name) && !instead {
            said.push(format!("the body key `{name}` is missing"));
        }
    }
    placed(asked.method, path, said)
}

fn placed(method: &str, path: &str, said: Vec<String>) -> Vec<String> {
    let place = |what| format!("{method} {path}: {what}");
    said.into_iter().map(place).collect()
}

fn is_of_kind(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "any" => true,
        other => panic!("not a type of the table: {other}"),
    }
}
