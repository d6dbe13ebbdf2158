//! What LivePerson saw, in short words: `login 200, session 201, away 200, agents 200`.

use std::collections::BTreeSet;

use serde_json::Value;

/// One request of LivePerson's log.
fn word(request: &Value) -> String {
    format!("{} {}", kind(request), request["status"])
}

/// What was asked for.
pub(super) fn kind(request: &Value) -> &'static str {
    let target = request["target"].as_str().unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let last = path.rsplit('/').next().unwrap_or_default();
    match last {
        "baseURI" | "baseURI.json" => "discovery",
        "login" => "login",
        "refresh" => "refresh",
        "logout" => "logout",
        "agentSession" => "session",
        "availability" => "away",
        "incomingRequests" => "idle",
        "availableAgents" if query.contains("timeStamp=") => "next",
        "availableAgents" => "agents",
        "users" => "users",
        "skills" => "skills",
        "agent-groups" | "agentGroups" => "groups",
        _ => panic!("what is {target}?"),
    }
}

/// In order, all or those of one kind.
pub(super) fn in_order(requests: &[Value], only: Option<&str>) -> String {
    let wanted = requests
        .iter()
        .filter(|request| only.is_none_or(|only| kind(request) == only));
    or_none(&wanted.map(word).collect::<Vec<_>>().join(", "))
}

/// Each once, by name.
pub(super) fn as_set(requests: &[Value]) -> String {
    let words: BTreeSet<_> = requests.iter().map(word).collect();
    or_none(&Vec::from_iter(words).join(", "))
}

fn or_none(words: &str) -> String {
    if words.is_empty() { "none" } else { words }.to_owned()
}
