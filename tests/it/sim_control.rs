//! The control API of the simulated LivePerson: what it shows, takes and refuses.

use std::collections::BTreeSet;

use lp2rc::sim::liveperson::{Behaviour, Fault, Place, SimConfig, Simulator, What};
use serde_json::{Value, json};

use crate::sim_client::{Reply, enter, login, send, still};

/// `POST /sim/faults` and the like.
pub(crate) async fn control(sim: &Simulator, line: &str, body: &Value) -> Reply {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    send(sim, line, &[], &body).await
}

/// The same, which must be fine; the body of the answer.
pub(crate) async fn done(sim: &Simulator, line: &str, body: Value) -> Value {
    let reply = control(sim, line, &body).await;
    assert_eq!(reply.status, 200, "{line} {body}: {}", reply.text());
    assert_eq!(reply.header("content-type"), "application/json");
    reply.json()
}

#[tokio::test]
async fn faults_are_set_place_by_place_and_cleared() {
    let (sim, _) = still(SimConfig::default()).await;
    let none = json!({ "discovery": null, "login": null, "refresh": null, "session": null,
                       "agents": null, "accounts": null });
    assert_eq!(done(&sim, "GET /sim/faults", Value::Null).await, none);
    let half =
        json!({ "agents": { "what": "half_list", "times": 2 }, "login": { "what": "html_503" } });
    let mut expected = none.clone();
    expected["agents"] = json!({ "what": "half_list", "times": 2, "delay_ms": 0 });
    expected["login"] = json!({ "what": "html_503", "times": null, "delay_ms": 0 });
    assert_eq!(done(&sim, "POST /sim/faults", half).await, expected);
    assert_eq!(done(&sim, "GET /sim/faults", Value::Null).await, expected);
    assert_eq!(
        sim.faults().get().agents,
        Some(Fault::times(2, What::HalfList))
    );
    assert_eq!(
        login(&sim, "bridge-password").await.status,
        503,
        "it strikes"
    );

    expected["login"] = Value::Null;
    let cleared = done(&sim, "POST /sim/faults", json!({ "login": null })).await;
    assert_eq!(cleared, expected, "the others stay");
    let entered = enter(&sim).await;
    assert_eq!(entered.list(&sim, "").await.status, 200);
    expected["agents"]["times"] = json!(1);
    assert_eq!(done(&sim, "GET /sim/faults", Value::Null).await, expected);
    assert_eq!(done(&sim, "DELETE /sim/faults", Value::Null).await, none);
}

#[tokio::test]
async fn every_fault_has_its_word() {
    let (sim, _) = still(SimConfig::default()).await;
    let text = |text: &str| text.to_owned();
    let cases = [
        (json!("nothing"), What::Nothing),
        (json!("html_503"), What::Html503),
        (json!("html_200"), What::Html200),
        (json!("empty_list"), What::EmptyList),
        (json!("half_list"), What::HalfList),
        (json!("entity_bomb"), What::EntityBomb),
        (json!("silence"), What::Silence),
        (json!("no_bearer"), What::NoBearer),
        (json!({ "status": { "code": 429 } }), What::Status(429)),
        (
            json!({ "status": { "code": 429, "retry_after": "7" } }),
            What::StatusRetryAfter(429, text("7")),
        ),
        (
            json!({ "answer": { "status": 200, "content_type": "text/plain", "body": "x" } }),
            What::Answer {
                status: 200,
                content_type: text("text/plain"),
                body: text("x"),
            },
        ),
        (
            json!({ "content_type": "text/html" }),
            What::ContentType(text("text/html")),
        ),
        (json!({ "truncate": 100 }), What::Truncate(100)),
        (json!({ "reset": 100 }), What::Reset(100)),
        (
            json!({ "foreign_account": "999" }),
            What::ForeignAccount(text("999")),
        ),
        (json!({ "huge_body": 1_000 }), What::HugeBody(1_000)),
        (json!({ "gzip_bomb": 1_000 }), What::GzipBomb(1_000)),
        (
            json!({ "slow_drip": { "bytes": 10, "every_ms": 500 } }),
            What::SlowDrip {
                bytes: 10,
                every: std::time::Duration::from_millis(500),
            },
        ),
        (
            json!({ "foreign_next": "evil.example.org" }),
            What::ForeignNext(text("evil.example.org")),
        ),
    ];
    let name_of = |word: &Value| match word.as_object() {
        Some(members) => members.keys().next().unwrap().clone(),
        None => word.as_str().unwrap().to_owned(),
    };
    let names = cases.iter().map(|(word, _)| name_of(word));
    let unknown = json!({ "session": { "what": "unheard_of" } });
    let known = known_words(&sim, "faults", &unknown).await;
    assert_eq!(
        names.collect::<BTreeSet<_>>(),
        known,
        "none is forgotten here"
    );
    for (word, what) in cases {
        let fault = json!({ "session": { "what": word, "delay_ms": 3 } });
        let shown = done(&sim, "POST /sim/faults", fault).await;
        assert_eq!(shown["session"]["what"], word);
        let delay = std::time::Duration::from_millis(3);
        let expected = Fault::lasting(what).after(delay);
        assert_eq!(sim.faults().get().session, Some(expected));
    }
}

/// The words that a refusal of `unheard_of` names.
async fn known_words(sim: &Simulator, path: &str, wish: &Value) -> BTreeSet<String> {
    let reply = control(sim, &format!("POST /sim/{path}"), wish).await;
    assert_eq!(reply.status, 400, "{wish}: {}", reply.text());
    let sentence = reply.json()["error"].as_str().unwrap().to_owned();
    let words = sentence.split('`').skip(1).step_by(2).map(str::to_owned);
    words.filter(|word| word != "unheard_of").collect()
}

#[tokio::test]
async fn every_word_of_every_switch_is_taken_and_shown() {
    let (sim, _) = still(SimConfig::default()).await;
    let cases: [(&str, &[&str]); 12] = [
        ("discovery_answer", &["single", "list", "list_object"]),
        ("cookie_name", &["session_id", "Session_id"]),
        (
            "session_answer",
            &["body_and_location", "body_only", "old200", "xml_body"],
        ),
        ("session_over", &["unauthorized", "not_found"]),
        ("next", &["full", "delta", "missing"]),
        (
            "unchanged",
            &["list", "no_content", "not_modified", "empty_body"],
        ),
        (
            "stale_cursor",
            &["full", "bad_request", "not_found", "gone"],
        ),
        ("unknown_skill", &["empty", "bad_request"]),
        ("revision_header", &["ac_revision", "e_tag"]),
        ("style.states", &["digits", "names", "unknown", "empty"]),
        ("style.empty", &["absent", "object", "text", "null"]),
        ("style.namespace", &["none", "default", "prefixed"]),
    ];
    for (name, words) in cases {
        let wish = |word: &str| match name.split_once('.') {
            Some((outer, inner)) => json!({ outer: { inner: word } }),
            None => json!({ name: word }),
        };
        for word in words {
            let shown = done(&sim, "POST /sim/behaviour", wish(word)).await;
            let pointer = format!("/{}", name.replace('.', "/"));
            assert_eq!(shown.pointer(&pointer), Some(&json!(word)), "{name}");
        }
        let known = known_words(&sim, "behaviour", &wish("unheard_of")).await;
        let mut expected: BTreeSet<_> = words.iter().map(|word| (*word).to_owned()).collect();
        // The header may be called by its own name, too.
        if name == "revision_header" {
            expected.extend(["ac-revision".to_owned(), "eTag".to_owned()]);
        }
        assert_eq!(known, expected, "{name}");
    }
}

#[tokio::test]
async fn every_switch_can_be_turned_by_its_name() {
    let (sim, _) = still(SimConfig::default()).await;
    let switches = json!({
        "discovery_answer": "list_object", "second_login_revokes": false, "login_ttl_ms": 600_000,
        "session_id_in_body": false, "cookie_name": "Session_id", "session_answer": "xml_body",
        "security_cookie": true, "session_idle_ms": 60_000, "session_over": "not_found",
        "plain_put": true, "next": "delta", "unchanged": "no_content", "cursor_ttl_ms": 1,
        "stale_cursor": "bad_request", "unknown_skill": "bad_request", "own_user_listed": false,
        "accounts_allowed": false, "accounts_quoted": true, "revision_header": "e_tag",
    });
    let style = json!({
        "zero_chats": true, "skills_info": false, "states": "names", "empty": "null",
        "bare_keys": true, "numbers": true, "namespace": "prefixed",
        "attributes_as_children": true, "link_first": true,
    });
    let mut expected = done(&sim, "GET /sim/behaviour", Value::Null).await;
    let names = |value: &Value| -> BTreeSet<String> {
        let members = value.as_object().unwrap();
        members
            .keys()
            .filter(|name| *name != "style")
            .cloned()
            .collect()
    };
    assert_eq!(names(&switches), names(&expected), "none is forgotten here");
    assert_eq!(names(&style), names(&expected["style"]));
    for (name, value) in switches.as_object().unwrap() {
        assert_ne!(&expected[name], value, "{name} is the default");
        expected[name] = value.clone();
        let shown = done(&sim, "POST /sim/behaviour", json!({ name: value })).await;
        assert_eq!(shown, expected, "{name}");
    }
    for (name, value) in style.as_object().unwrap() {
        assert_ne!(&expected["style"][name], value, "{name} is the default");
        expected["style"][name] = value.clone();
        let shown = done(
            &sim,
            "POST /sim/behaviour",
            json!({ "style": { name: value } }),
        )
        .await;
        assert_eq!(shown, expected, "{name}");
    }
    assert_eq!(
        done(&sim, "GET /sim/behaviour", Value::Null).await,
        expected
    );
    let turned: Behaviour = serde_json::from_value(expected).unwrap();
    assert_eq!(sim.behaviour(), turned);
    // What it was is what the program says: the defaults survive the way there and back.
    let (fresh, _) = still(SimConfig::default()).await;
    let shown = done(&fresh, "GET /sim/behaviour", Value::Null).await;
    let back = done(&sim, "POST /sim/behaviour", shown.clone()).await;
    assert_eq!(back, shown);
    assert_eq!(sim.behaviour(), Behaviour::default());
}

/// Request line, body, status, words of the answer.
type Bad = (&'static str, &'static str, u16, &'static [&'static str]);

const BAD: &[Bad] = &[
    ("POST /sim/faults", "", 400, &["faults", "EOF"]),
    ("POST /sim/faults", "[]", 400, &["faults", "expected a map"]),
    ("POST /sim/faults", "{} {}", 400, &["faults", "trailing"]),
    (
        "POST /sim/faults",
        r#"{"refresh":null,"agent":null}"#,
        400,
        &["`agent`", "`agents`", "`accounts`"],
    ),
    (
        "POST /sim/faults",
        r#"{"refresh":null,"agents":{"what":"half"}}"#,
        400,
        &["agents.what", "`half`", "`half_list`", "`foreign_next`"],
    ),
    (
        "POST /sim/faults",
        r#"{"agents":{"what":"half_list","time":2}}"#,
        400,
        &["agents", "`time`", "`times`"],
    ),
    (
        "POST /sim/faults",
        r#"{"agents":{"what":"half_list","times":0}}"#,
        400,
        &["agents.times", "at least 1"],
    ),
    (
        "POST /sim/faults",
        r#"{"agents":{"times":1}}"#,
        400,
        &["agents", "`what`"],
    ),
    (
        "POST /sim/faults",
        r#"{"agents":{"what":{"status":{"code":99}}}}"#,
        400,
        &["agents.what", "200 to 999"],
    ),
    (
        "POST /sim/faults",
        r#"{"agents":{"what":{"status":{"codes":429}}}}"#,
        400,
        &["`codes`", "`code`"],
    ),
    (
        "POST /sim/faults",
        r#"{"agents":{"what":{"slow_drip":{"bytes":0,"every_ms":1}}}}"#,
        400,
        &["at least 1"],
    ),
    (
        "POST /sim/faults",
        r#"{"agents":{"what":{"content_type":"a\nb"}}}"#,
        400,
        &["printable"],
    ),
    (
        "POST /sim/behaviour",
        r#"{"plain_put":true,"next":"part"}"#,
        400,
        &["next", "`part`", "`delta`"],
    ),
    (
        "POST /sim/behaviour",
        r#"{"plain_put":true,"nxt":"full"}"#,
        400,
        &["`nxt`", "`next`"],
    ),
    (
        "POST /sim/behaviour",
        r#"{"login_ttl":5}"#,
        400,
        &["`login_ttl`", "`login_ttl_ms`"],
    ),
    (
        "POST /sim/behaviour",
        r#"{"style":{"empty":"none"}}"#,
        400,
        &["style.empty", "`none`", "`absent`"],
    ),
    (
        "POST /sim/behaviour",
        r#"{"style":{"empti":"null"}}"#,
        400,
        &["style", "`empti`", "`empty`"],
    ),
    ("POST /sim/behaviour", r#"{"style":null}"#, 400, &["style"]),
    (
        "POST /sim/world",
        r#"{"step":1,"agents":{"1":{"chats":1}}}"#,
        400,
        &["agent 1"],
    ),
    (
        "POST /sim/world",
        r#"{"step":1,"agents":{"20000000":{"chats":1}}}"#,
        400,
        &["agent 20000000"],
    ),
    (
        "POST /sim/world",
        r#"{"agents":{"20000007":{"chats":1},"20000014":{"state":"busy"}}}"#,
        400,
        &["`busy`", "`occupied`"],
    ),
    (
        "POST /sim/world",
        r#"{"agents":{"20000007":{"chat":1}}}"#,
        400,
        &["`chat`", "`chats`"],
    ),
    (
        "POST /sim/world",
        r#"{"agents":{"20000007":{"listed":true,"deleted":true}}}"#,
        400,
        &["both listed and deleted"],
    ),
    (
        "POST /sim/world",
        r#"{"agents":{"20000007":{"nickname":"\u0007"}}}"#,
        400,
        &["control characters"],
    ),
    (
        "POST /sim/world",
        r#"{"steps":1}"#,
        400,
        &["`steps`", "`step`"],
    ),
    (
        "POST /sim/world",
        r#"{"step":10001}"#,
        400,
        &["at most 10000"],
    ),
    (
        "POST /sim/identity",
        r#"{"passwort":"x","revoke":true}"#,
        400,
        &["`passwort`", "`password`"],
    ),
    ("POST /sim/clock", "{}", 400, &["`jump_ms`"]),
    ("POST /sim/clock", r#"{"jump_ms":1e99}"#, 400, &["clock"]),
    (
        "POST /sim/clock",
        r#"{"jump_ms":-9000000000000000}"#,
        400,
        &["1970"],
    ),
    ("POST /sim/intrude", r#"{"times":2}"#, 400, &["`times`"]),
    ("GET /sim/weather", "", 404, &["/sim/faults", "/sim/state"]),
    ("GET /sim/", "", 404, &["/sim/faults"]),
    ("GET /sim/world/1", "", 404, &["/sim/world"]),
    ("PUT /sim/faults", "{}", 405, &["/sim/faults", "PUT"]),
    ("GET /sim/intrude", "", 405, &["/sim/intrude", "GET"]),
];

#[tokio::test]
async fn bad_input_is_refused_with_a_sentence_and_changes_nothing() {
    let (sim, _) = still(SimConfig::default()).await;
    sim.faults()
        .put(Place::Refresh, Fault::lasting(What::Html200));
    let whole = async || {
        let mut shown = Vec::new();
        for path in ["faults", "behaviour", "world", "state"] {
            shown.push(done(&sim, &format!("GET /sim/{path}"), Value::Null).await);
        }
        shown
    };
    let before = whole().await;
    for (line, body, status, words) in BAD {
        let reply = send(&sim, line, &[], body).await;
        assert_eq!(reply.status, *status, "{line} {body}: {}", reply.text());
        let answer = reply.json();
        let sentence = answer["error"].as_str().unwrap();
        for word in *words {
            assert!(sentence.contains(word), "{line} {body}: {sentence}");
        }
        assert!(!sentence.contains('\n'), "one sentence: {sentence}");
    }
    assert_eq!(whole().await, before);
}

#[tokio::test]
async fn the_control_api_can_have_a_listener_of_its_own() {
    let (sim, _) = still(SimConfig::default()).await;
    assert_eq!(sim.control_url(), sim.base_url());
    let (sim, _) = still(SimConfig {
        control: Some(([127, 0, 0, 1], 0).into()),
        ..SimConfig::default()
    })
    .await;
    let url = sim.control_url();
    assert_ne!(url, sim.base_url());
    let ask = async |path: &str| reqwest::get(format!("{url}{path}")).await.unwrap();
    assert_eq!(ask("/sim/faults").await.status(), 200);
    let line = "/api/account/12345678/service/agentVep/baseURI.json";
    assert_eq!(ask(line).await.status(), 404, "LivePerson is elsewhere");
    assert_eq!(
        send(&sim, &format!("GET {line}"), &[], "").await.status,
        200
    );
    assert_eq!(
        control(&sim, "GET /sim/faults", &Value::Null).await.status,
        200
    );
    sim.stop().await;
}
