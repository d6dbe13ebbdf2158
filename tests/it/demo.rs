//! `lp2rc demo`: what a newcomer sees in the first five seconds, in both wire formats.

use std::time::Duration;

use tokio::time::Instant;

use crate::program::{Running, get, http};

fn demo(more: &[&str]) -> (Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("state").display().to_string();
    let mut args = vec![
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--ops-listen",
        "127.0.0.1:0",
    ];
    args.extend(["--state-dir", &dir]);
    args.extend(more);
    (Running::start(&args), folder)
}

#[test]
fn an_agent_of_the_simulated_source_answers_within_five_seconds_of_ready() {
    for format in ["json", "xml"] {
        let (demo, _folder) = demo(&["--format", format]);
        let ready = Instant::now();
        let got = get(&format!(
            "{}/api/v1/livechat/agent.next/visitor-1",
            demo.api
        ));
        assert!(ready.elapsed() < Duration::from_secs(5), "{format}");
        assert_eq!(got.status, 200, "{format}: {}", got.body);
        let agent = &got.json()["agent"];
        assert_eq!(
            agent["_id"].as_str().map(str::len),
            Some(17),
            "{format}: {agent}"
        );
        assert!(
            agent["username"].is_string() && agent["name"].is_string(),
            "{format}: {agent}"
        );
        assert_eq!(agent["status"], "online", "{format}");
        let (code, stderr) = demo.stop();
        assert_eq!(code, 0, "{format}: {stderr}");
    }
}

#[test]
fn the_answers_change_as_the_simulated_agents_change() {
    for format in ["json", "xml"] {
        let (demo, folder) = demo(&["--format", format, "--no-rate-limit", "--seed", "7"]);
        let token =
            std::fs::read_to_string(folder.path().join("state").join("admin.token")).unwrap();
        let bearer = format!("Bearer {}", token.trim());
        let headers = [("authorization", bearer.as_str())];
        let agents = || http("GET", &format!("{}/admin/agents", demo.ops), &headers, "").body;
        let first = agents();
        // Each request runs one poll; the world moves once a second.
        let changed = (0..200).any(|_| {
            let sync = http("POST", &format!("{}/admin/sync", demo.ops), &headers, "{}");
            assert_eq!(sync.status, 200, "{}", sync.body);
            agents() != first
        });
        assert!(changed, "{format}: the world stood still");
    }
}

#[test]
fn a_busy_address_is_named_with_the_setting() {
    let (running, _folder) = demo(&[]);
    let taken = running.api.strip_prefix("http://").unwrap().to_owned();
    let second = crate::program::run(&["demo", "--listen", &taken, "--ops-listen", "127.0.0.1:0"]);
    assert_eq!(second.code, 2, "{second:?}");
    assert!(
        second.stderr.contains(&taken) && second.stderr.contains("api.listen"),
        "{second:?}"
    );
}
