//! The checker checked: what it lets through, and what it does not.

use serde_json::{Value, json};

use super::{
    Asked, complaints,
    known::{KNOWN, Known},
    official,
};

const CONTRACT: &str = include_str!("../../../docs/contracts/rocketchat-admin.md");

/// The complaints about one request; an empty body is none.
fn about(method: &str, path: &str, query: &[&str], body: &str) -> Vec<String> {
    let body: Option<Value> = (!body.is_empty()).then(|| serde_json::from_str(body).unwrap());
    complaints([Asked {
        method,
        path,
        query,
        body: body.as_ref(),
    }])
}

#[test]
fn requests_as_they_should_be_are_no_reason_to_complain() {
    let user = r#"{"email":"ada@example.org","name":"Ada","username":"ada","password":"x",
        "roles":["user"],"verified":true,"joinDefaultChannels":false,"customFields":{}}"#;
    let bodies = [
        ("users.create", user),
        (
            "livechat/department/d1/agents",
            r#"{"upsert":[],"remove":[]}"#,
        ),
        // A body without keys says nothing.
        ("logout", "{}"),
        // Where the contract knows better.
        ("settings/x", r#"{"value":false}"#),
        ("livechat/department/d1/archive", ""),
        (
            "livechat/agent.status",
            r#"{"agentId":"u1","status":"available"}"#,
        ),
        ("roles.addUserToRole", r#"{"roleId":"x","username":"ada"}"#),
        (
            "roles.removeUserFromRole",
            r#"{"roleName":"x","username":"ada"}"#,
        ),
        ("method.call/livechat%3AsaveAgentInfo", r#"{"message":"x"}"#),
    ];
    for (path, body) in bodies {
        let told = about("POST", &format!("/api/v1/{path}"), &[], body);
        assert_eq!(told, Vec::<String>::new(), "{path}");
    }
    let queries: [(&str, &[&str]); 9] = [
        ("users.list", &["count", "offset", "sort"]),
        ("users.listByStatus", &["roles[]", "status"]),
        ("users.listByStatus", &["roles[0]"]),
        ("livechat/users/agent", &["count"]),
        ("livechat/users/agent/u%2F1", &[]),
        // Not one whose id is this word.
        ("livechat/department/isDepartmentCreationAvailable", &[]),
        ("livechat/department/d1", &["includeAgents"]),
        (
            "livechat/departments/archived",
            &["count", "offset", "sort"],
        ),
        ("settings/Livechat_Routing_Method", &[]),
    ];
    for (path, query) in queries {
        let told = about("GET", &format!("/api/v1/{path}"), query, "");
        assert_eq!(told, Vec::<String>::new(), "{path}");
    }
    assert_eq!(about("GET", "/api/info", &[], ""), Vec::<String>::new());
}

#[test]
fn an_unknown_path_or_query_is_complained_about_and_a_missing_one_too() {
    let one_segment = "livechat/users/agent/u/1";
    let cases: [(&str, &str, &[&str], &[&str]); 8] = [
        ("POST", "users.make", &[], &["no such operation"]),
        ("DELETE", "me", &[], &["no such operation"]),
        ("GET", "livechat/users/agent/", &[], &["no such operation"]),
        ("GET", one_segment, &[], &["no such operation"]),
        (
            "GET",
            "users.list",
            &["limit"],
            &["unknown query parameter `limit`"],
        ),
        (
            "GET",
            "livechat/department/isDepartmentCreationAvailable",
            &["includeAgents"],
            &["unknown query parameter `includeAgents`"],
        ),
        (
            "GET",
            "users.list",
            &["fields", "query"],
            &[
                "the query parameter `fields` must never be sent",
                "the query parameter `query` must never be sent",
            ],
        ),
        (
            "GET",
            "users.checkUsernameAvailability",
            &[],
            &["the query parameter `username` is missing"],
        ),
    ];
    for (method, path, query, expected) in cases {
        let path = format!("/api/v1/{path}");
        let told = about(method, &path, query, "");
        let place = |what: &&str| format!("{method} {path}: {what}");
        assert_eq!(told, expected.iter().map(place).collect::<Vec<_>>());
    }
}

#[test]
fn an_unknown_body_key_is_complained_about_and_a_missing_or_mistyped_one_too() {
    let active = "users.setActiveStatus";
    let no_status = "the body key `activeStatus` is missing";
    let cases: [(&str, &str, &[&str]); 8] = [
        (
            active,
            r#"{"userId":"u1","active":true}"#,
            &[no_status, "unknown body key `active`"],
        ),
        (active, "", &[no_status, "the body key `userId` is missing"]),
        (
            active,
            r#"{"userId":7,"activeStatus":"yes"}"#,
            &[
                "the body key `activeStatus` is not of type boolean",
                "the body key `userId` is not of type string",
            ],
        ),
        (active, "[]", &["the body is no JSON object"]),
        // A known difference excuses no more than it says.
        (
            "roles.addUserToRole",
            r#"{"username":"x"}"#,
            &["the body key `roleName` is missing"],
        ),
        (
            "livechat/agent.status",
            r#"{"state":"x"}"#,
            &["unknown body key `state`"],
        ),
        ("settings/{_id}", "{}", &["the body key `value` is missing"]),
        (
            "livechat/department/{_id}/archive",
            r#"{"why":"x"}"#,
            &["unknown body key `why`"],
        ),
    ];
    for (path, body, expected) in cases {
        let path = format!("/api/v1/{path}");
        let told = about("POST", &path, &[], body);
        let place = |what: &&str| format!("POST {path}: {what}");
        assert_eq!(told, expected.iter().map(place).collect::<Vec<_>>());
    }
}

#[test]
fn many_requests_with_one_fault_are_one_complaint() {
    let asked = Asked {
        method: "GET",
        path: "/api/v1/users.info",
        query: &["id"],
        body: None,
    };
    assert_eq!(complaints([asked; 3]).len(), 1);
}

#[test]
fn every_operation_of_the_files_is_in_the_table_and_takes_what_it_requires() {
    let table = official();
    assert_eq!(table.len(), 236, "operations in the three files");
    for ((method, path), operation) in &table {
        let required = operation.query.iter().filter(|(_, key)| key.required);
        let query: Vec<_> = required.map(|(name, _)| name.as_str()).collect();
        let value = |kind: &str| match kind {
            "boolean" => json!(true),
            "integer" | "number" => json!(1),
            "array" => json!([]),
            "object" => json!({}),
            _ => json!(""),
        };
        let required = operation.body.iter().filter(|(_, key)| key.required);
        let body: serde_json::Map<_, _> = required
            .map(|(name, key)| (name.clone(), value(&key.kind)))
            .collect();
        let body = Value::Object(body).to_string();
        let told = about(method, path, &query, &body);
        assert_eq!(told, Vec::<String>::new(), "{method} {path}");
    }
}

#[test]
fn every_known_difference_is_one_and_has_its_section() {
    let table = official();
    for (method, path, known, section) in KNOWN {
        let place = ((*method).to_owned(), (*path).to_owned());
        let told = format!("{method} {path}");
        let operation = table.get(&place);
        match known {
            Known::Absent(..) => assert!(operation.is_none(), "{told} is in the files by now"),
            Known::Query(key) => assert!(!operation.unwrap().query.contains_key(*key), "{told}"),
            Known::Body(key) => assert!(!operation.unwrap().body.contains_key(*key), "{told}"),
            Known::Instead(key, _) => assert!(operation.unwrap().body[*key].required, "{told}"),
        }
        let heading = format!("\n### {section} ");
        let (_, text) = CONTRACT.split_once(&heading).unwrap();
        let text = text.split("\n### ").next().unwrap();
        let word = match known {
            Known::Absent(..) => path
                .rsplit('/')
                .find(|part| !part.starts_with('{'))
                .unwrap(),
            Known::Query(key) | Known::Body(key) | Known::Instead(key, _) => key,
        };
        assert!(
            text.contains(word),
            "§{section} does not speak of {word}: {told}"
        );
    }
}
