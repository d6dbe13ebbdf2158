//! `lp2rc simulate rocketchat`: its flags, its ready line, the configuration it prints, and the
//! control API.

use serde_json::{Value, json};

use crate::program::{Running, http, run};

const START: [&str; 4] = ["simulate", "rocketchat", "--listen", "127.0.0.1:0"];

/// Starts it with more flags; the addresses of Rocket.Chat and of the control API.
fn start(more: &[&str]) -> (Running, String, String) {
    let running = Running::spawn(&[&START, more].concat());
    let line = running.line();
    let rest = line.strip_prefix("ready rocketchat=").unwrap();
    let (rocketchat, control) = rest.split_once(" control=").unwrap();
    let (rocketchat, control) = (rocketchat.to_owned(), control.to_owned());
    (running, rocketchat, control)
}

/// The configuration that it prints on stderr.
fn printed(running: &Running) -> toml::Table {
    loop {
        let stderr = running.stderr();
        let whole = stderr.lines().any(|line| line.starts_with("token"));
        if whole && stderr.ends_with('\n') {
            return stderr.parse().unwrap();
        }
        std::thread::yield_now();
    }
}

/// Asks as the bridge; status and JSON, null when it is none.
fn ask(method: &str, url: &str, body: &Value) -> (u16, Value) {
    let login = [
        ("X-User-Id", "bridgeUserId00001"),
        ("X-Auth-Token", "bridge-token"),
    ];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let got = http(method, url, &login, &body);
    (
        got.status,
        serde_json::from_str(&got.body).unwrap_or_default(),
    )
}

/// What a control path shows.
fn look(control: &str, path: &str) -> Value {
    let (status, shown) = ask("GET", &format!("{control}/sim/{path}"), &Value::Null);
    assert_eq!(status, 200, "{path}");
    shown
}

#[test]
fn the_ready_line_and_the_printed_section_name_the_same_place() {
    let (running, rocketchat, control) = start(&[]);
    assert_eq!(rocketchat, control);
    let config = printed(&running);
    let expected = format!(
        "[rocketchat]\nurl = \"{rocketchat}\"\nuser_id = \"bridgeUserId00001\"\n\
         token = \"bridge-token\"\n"
    );
    assert_eq!(config, expected.parse().unwrap());
    let me = ask("GET", &format!("{rocketchat}/api/v1/me"), &Value::Null);
    assert_eq!((me.0, &me.1["username"]), (200, &json!("bridge")));
    assert_eq!(running.stop().0, 0);
}

#[test]
fn flags_set_up_the_workspace() {
    let (_running, url, control) = start(&[
        "--version",
        "6",
        "--users",
        "1",
        "--edition",
        "community",
        "--seats",
        "7",
        "--no-bypass",
        "--no-custom-fields",
        "--control",
        "127.0.0.1:0",
        "--behaviour",
        r#"{"re_add":"refused","two_factor":"off"}"#,
        "--faults",
        r#"[{"what":{"status":503},"at":"roles.list"}]"#,
    ]);
    assert_ne!(url, control);
    let api = |path: &str| ask("GET", &format!("{url}/api/{path}"), &Value::Null);
    assert_eq!(api("info").1["version"], "6.13.1");
    assert_eq!(api("v1/users.list").1["total"], 2);
    assert_eq!(api("v1/licenses.get").1["licenses"], json!([]));
    assert_eq!(api("v1/settings/Accounts_CustomFields").1["value"], "");
    assert_eq!(api("v1/roles.list").0, 503);
    for _ in 0..10 {
        assert_eq!(api("v1/me").0, 200);
    }
    assert_eq!(api("v1/me").0, 429);
    let forget = json!({ "forget_limits": true });
    assert_eq!(ask("POST", &format!("{control}/sim/world"), &forget).0, 200);
    assert_eq!(api("v1/me").0, 200);
    assert_eq!(look(&control, "behaviour")["re_add"], "refused");
    assert_eq!(
        ask("GET", &format!("{control}/api/info"), &Value::Null).0,
        404
    );
}

#[test]
fn the_limiter_can_be_left_out() {
    let (_running, url, _) = start(&["--no-bypass", "--no-rate-limit"]);
    for _ in 0..12 {
        let me = ask("GET", &format!("{url}/api/v1/me"), &Value::Null);
        assert_eq!(me.0, 200);
    }
}

#[test]
fn the_control_api_arranges_breaks_and_shows() {
    let (_running, url, control) = start(&[]);
    let tell = |path: &str, body: Value| ask("POST", &format!("{control}/sim/{path}"), &body);
    let world = tell(
        "world",
        json!({
            "users": [
                { "username": "ann", "roles": ["user", "livechat-agent"] },
                { "username": "bob", "email": "b@example.org", "custom_fields": { "team": "red" } },
            ],
            "departments": ["Sales"],
            "members": [{ "username": "ann", "department": "Sales", "count": 4 }],
            "presence": { "*": "online" },
            "active": { "bob": false },
            "settings": { "Livechat_enabled": false },
            "permissions": { "view-l-room": ["admin"] },
            "chats": [{ "username": "ann", "department": "Sales", "chats": 2 }],
            "seats": 9,
        }),
    );
    assert_eq!(world.0, 200, "{}", world.1);
    let ann = &look(&control, "state")["users"]["ann"];
    assert_eq!(ann["routable"], true);
    let expected = json!([{ "name": "Sales", "count": 4, "order": 0, "enabled": true }]);
    assert_eq!(ann["departments"], expected);
    let queue = ask("GET", &format!("{url}/api/v1/livechat/queue"), &Value::Null).1;
    assert_eq!(queue["queue"][0]["chats"], 2);

    let fault = json!([{ "what": "reset", "on": "writes", "times": 2, "probability": 0.5 }]);
    assert_eq!(tell("faults", fault).0, 200);
    assert_eq!(look(&control, "faults")[0]["times"], 2);
    let cleared = ask("DELETE", &format!("{control}/sim/faults"), &Value::Null);
    assert_eq!(cleared, (200, json!([])));
    let turned = tell("behaviour", json!({ "business_hours": "closed" }));
    assert_eq!(
        (turned.0, &turned.1["business_hours"]),
        (200, &json!("closed"))
    );

    let active = json!({ "userId": "rocket.cat", "activeStatus": false });
    ask(
        "POST",
        &format!("{url}/api/v1/users.setActiveStatus"),
        &active,
    );
    let writes = look(&control, "writes")["requests"].clone();
    assert_eq!(writes.as_array().unwrap().len(), 1);
    assert_eq!(
        (&writes[0]["route"], &writes[0]["body"]),
        (&json!("users.setActiveStatus"), &active)
    );
    assert_eq!(
        look(&control, "log")["requests"].as_array().unwrap().len(),
        2
    );
    ask("DELETE", &format!("{control}/sim/log"), &Value::Null);
    assert_eq!(look(&control, "writes")["requests"], json!([]));
}

#[test]
fn what_cannot_be_read_is_refused_with_what_is_known() {
    let (_running, _, control) = start(&[]);
    let tell = |path: &str, body: Value| ask("POST", &format!("{control}/sim/{path}"), &body);
    let cases = [
        (
            "faults",
            json!([{ "what": "reset", "at": "nowhere" }]),
            "users.create",
        ),
        ("faults", json!([{ "what": "explode" }]), "silence_after"),
        (
            "faults",
            json!([{ "what": "reset", "times": 0 }]),
            "at least 1",
        ),
        (
            "faults",
            json!([{ "what": "reset", "probability": 2 }]),
            "from 0 to 1",
        ),
        (
            "faults",
            json!([{ "what": { "status": 99 } }]),
            "200 to 599",
        ),
        ("behaviour", json!({ "re_add": "sometimes" }), "unchanged"),
        ("behaviour", json!({ "nonsense": 1 }), "nonsense"),
        (
            "world",
            json!({ "presence": { "nobody": "online" } }),
            "nobody",
        ),
        ("world", json!({ "nonsense": 1 }), "nonsense"),
    ];
    for (path, body, hint) in cases {
        let (status, refused) = tell(path, body);
        let text = refused["error"].as_str().unwrap_or_default();
        assert!(
            status == 400 && text.contains(hint),
            "{path}: {status} {text}"
        );
    }
    let (status, lost) = tell("nowhere", json!({}));
    let text = lost["error"].as_str().unwrap();
    assert!(status == 404 && text.contains("/sim/behaviour"), "{text}");
    assert_eq!(tell("log", json!({})).0, 405);
}

#[test]
fn bad_flags_end_with_2_and_say_what_they_take() {
    let run = |more: &[&str]| run(&[&START, more].concat());
    for (flags, hint) in [
        (["--faults", "[{]"], "--faults"),
        (["--behaviour", "@/no/such/file"], "/no/such/file"),
        (["--version", "5"], "6..=8"),
        (["--control", "192.0.2.1:1"], "192.0.2.1:1"),
    ] {
        let ended = run(&flags);
        assert_eq!(ended.code, 2, "{flags:?}: {ended:?}");
        assert!(ended.stderr.contains(hint), "{flags:?}: {ended:?}");
    }
}
