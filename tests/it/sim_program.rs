//! `lp2rc simulate liveperson`: its flags, its ready line and the configuration it prints.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::program::{Running, get, http, run};

const START: [&str; 4] = ["simulate", "liveperson", "--listen", "127.0.0.1:0"];

/// Starts it with more flags; the addresses of LivePerson and of the control API.
fn start(more: &[&str]) -> (Running, String, String) {
    let running = Running::spawn(&[&START, more].concat());
    let line = running.line();
    let rest = line.strip_prefix("ready liveperson=").unwrap();
    let (liveperson, control) = rest.split_once(" control=").unwrap();
    let (liveperson, control) = (liveperson.to_owned(), control.to_owned());
    (running, liveperson, control)
}

/// The configuration that it prints on stderr, up to the line that begins with `last`.
fn printed(running: &Running, last: &str) -> toml::Table {
    loop {
        let stderr = running.stderr();
        let whole = stderr.lines().any(|line| line.starts_with(last));
        if whole && stderr.ends_with('\n') {
            return stderr.parse().unwrap();
        }
        std::thread::yield_now();
    }
}

/// The bridge finds nothing wrong with it.
fn check(config: &toml::Table) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lp2rc.toml");
    let dir = toml::Value::from(folder.path().to_str().unwrap());
    std::fs::write(&file, format!("{config}\n[state]\ndir = {dir}\n")).unwrap();
    let checked = run(&["config", "check", "--config", file.to_str().unwrap()]);
    assert_eq!(checked.code, 0, "{checked:?}");
}

#[test]
fn the_ready_line_names_both_addresses_and_the_printed_configuration_holds() {
    let (running, liveperson, control) = start(&["--username", "o\"brien"]);
    assert_eq!(liveperson, control);
    let config = printed(&running, "trusted_hosts");
    let section = &config["liveperson"];
    assert_eq!(section["username"].as_str(), Some("o\"brien"));
    assert_eq!(section["discovery_url"].as_str(), Some(liveperson.as_str()));
    assert_eq!(section.get("ca_files"), None);
    check(&config);
    assert_eq!(running.stop().0, 0);
}

#[test]
fn https_writes_the_authority_and_keeps_a_plain_control_address() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let ca_name = ca.to_str().unwrap();
    let (running, liveperson, control) = start(&["--tls-ca", ca_name, "--control", "127.0.0.1:0"]);
    assert!(liveperson.starts_with("https://127.0.0.1:"), "{liveperson}");
    assert!(control.starts_with("http://127.0.0.1:"), "{control}");
    let mode = std::fs::metadata(&ca).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    let pem = std::fs::read_to_string(&ca).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    assert!(!pem.contains("PRIVATE"), "keys stay inside");
    let config = printed(&running, "ca_files");
    assert_eq!(config["liveperson"]["ca_files"][0].as_str(), Some(ca_name));
    check(&config);
    assert_eq!(get(&format!("{control}/sim/state")).json()["logins"], 0);

    // Whoever trusts that file, and only that file, is served.
    let certificate = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([certificate]);
    let url = format!("{liveperson}/api/account/12345678/service/baseURI.json");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let asked = runtime.block_on(client.build().unwrap().get(url).send());
    assert_eq!(asked.unwrap().status(), 200);
    assert_eq!(running.stop().0, 0);
}

#[test]
fn the_start_can_set_all_that_the_control_api_sets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("behaviour.json");
    std::fs::write(&file, r#"{"next":"delta","style":{"numbers":true}}"#).unwrap();
    let behaviour = format!("@{}", file.display());
    let faults = r#"{"login":{"what":{"status":{"code":451}},"times":1}}"#;
    let (running, liveperson, control) = start(&[
        "--faults",
        faults,
        "--behaviour",
        &behaviour,
        "--username",
        "pat",
        "--password",
        "secret",
        "--step-seconds",
        "0",
        "--no-turnover",
        "--agents",
        "30",
    ]);
    let shown = get(&format!("{control}/sim/behaviour")).json();
    assert_eq!(shown["next"], "delta");
    assert_eq!(
        (&shown["style"]["numbers"], &shown["plain_put"]),
        (&json!(true), &json!(false))
    );
    let login = || {
        let body = r#"{"username":"pat","password":"secret"}"#;
        let url = format!("{liveperson}/api/account/12345678/login?v=1.3");
        http("POST", &url, &[], body).status
    };
    assert_eq!(login(), 451);
    assert_eq!(login(), 200);
    let stepped = http(
        "POST",
        &format!("{control}/sim/world"),
        &[],
        r#"{"step":3000}"#,
    )
    .json();
    let agents = stepped["agents"].as_array().unwrap();
    assert_eq!(agents.len(), 30);
    let gone: Vec<&Value> = agents
        .iter()
        .filter(|agent| agent["listed"] == false)
        .collect();
    assert_eq!(gone, Vec::<&Value>::new(), "there is no turnover");
    assert_eq!(running.stop().0, 0);
}

#[test]
fn a_flag_that_cannot_be_read_is_named_with_the_reason() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let cases: [(&[&str], &[&str]); 6] = [
        (
            &["--faults", r#"{"agent":null}"#],
            &["--faults", "`agent`", "`agents`"],
        ),
        (&["--faults", "{} {}"], &["--faults", "trailing"]),
        (
            &["--behaviour", r#"{"next":"part"}"#],
            &["--behaviour", "next", "`delta`"],
        ),
        (
            &["--behaviour", "@/nowhere/at.all"],
            &["--behaviour", "/nowhere/at.all", "@FILE"],
        ),
        (&["--control", &address], &[&address, "--control"]),
        (
            &["--tls-ca", "/nowhere/ca.pem"],
            &["/nowhere/ca.pem", "--tls-ca"],
        ),
    ];
    for (flags, words) in cases {
        let ended = run(&[&START, flags].concat());
        assert_eq!(ended.code, 2, "{ended:?}");
        assert_eq!(ended.stdout, "", "nothing is ready");
        for word in words {
            assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
        }
    }
}
