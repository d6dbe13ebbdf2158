//! The daemon's hard days: restarts, kill -9, damage, a second process, a full disk.

use std::path::Path;

use lp2rc::sim::liveperson::{Fault, Place, SimConfig, What};

use crate::program::{Home, Running, World, get, http, signal};

fn usernames(home: &Home) -> Vec<String> {
    let listed = home.run(&["agents", "--output", "json"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    let list: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let names = list["agents"].as_array().unwrap().iter();
    names
        .map(|agent| agent["username"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn after_a_restart_the_last_snapshot_is_served_at_once_and_marked_with_its_age() {
    let world = World::of(20);
    let home = Home::of(&world, "");
    let (code, stderr) = home.serve().stop();
    assert_eq!(code, 0, "{stderr}");
    world.off();
    let again = home.serve();
    let next = get(&format!("{}/api/v1/livechat/agent.next/t", again.api));
    assert_eq!(
        next.status, 200,
        "LivePerson is off, the stored agents answer: {}",
        next.body
    );
    let ready = get(&format!("{}/readyz", again.ops));
    let told = ready.json();
    assert!(told["snapshot"]["age_seconds"].as_f64().is_some(), "{told}");
    assert!(
        again.stderr().contains("from the stored state"),
        "{}",
        again.stderr()
    );
}

#[test]
fn a_second_process_lets_the_daemon_do_the_job() {
    let world = World::of(12);
    let home = Home::of(&world, "[schedule]\nevery = \"1h\"");
    let _daemon = home.serve();
    let before = world.sim.log().len();
    let done = home.run(&["sync", "--output", "json"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!done.stderr.contains("doing it here"), "{done:?}");
    assert!(world.sim.log().len() > before, "the daemon polled");
    let run: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(run["trigger"], "request");
    assert_eq!(run["counts"]["seen"], 12);
    for verb in [
        &["agents"][..],
        &["explain"],
        &["state", "show"],
        &["state", "verify"],
        &["state", "export"],
    ] {
        let done = home.run(verb);
        assert_eq!(done.code, 0, "{verb:?}: {done:?}");
    }
    let import = home.run(&["state", "import", "no-such-file"]);
    assert_eq!(import.code, 75, "{import:?}");
}

#[test]
fn a_second_process_that_cannot_reach_the_daemon_exits_75_with_one_sentence() {
    let world = World::of(3);
    let home = Home::of(&world, "[schedule]\nevery = \"1h\"");
    let _daemon = home.serve();
    std::fs::remove_file(home.state().join("admin.addr")).unwrap();
    for verb in [&["sync"][..], &["serve"], &["agents"], &["state", "show"]] {
        let done = home.run(verb);
        assert_eq!(done.code, 75, "{verb:?}: {done:?}");
        assert!(
            done.stderr.contains("in use by another lp2rc"),
            "{verb:?}: {done:?}"
        );
    }
}

#[test]
fn an_address_left_by_a_crash_is_ignored_even_when_somebody_else_listens_there() {
    let world = World::of(3);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    let daemon = home.serve();
    let address = std::fs::read_to_string(home.state().join("admin.addr")).unwrap();
    daemon.kill();
    let done = home.run(&["sync"]);
    assert_eq!(done.code, 0, "nobody listens: {done:?}");
    // A stranger who takes connections and never says a word.
    let _stranger = std::net::TcpListener::bind(address.trim()).unwrap();
    let done = home.run(&["sync"]);
    assert_eq!(done.code, 0, "a stranger listens: {done:?}");
    assert!(done.stderr.contains("doing it here"), "{done:?}");
}

#[test]
fn a_state_belongs_to_one_account() {
    let world = World::with(SimConfig {
        account: "99".to_owned(),
        ..SimConfig::default()
    });
    let mine = World::of(8);
    let home = Home::of(&mine, "[log]\nlevel = \"off\"");
    assert_eq!(home.run(&["sync"]).code, 0);
    let before = usernames(&home);
    let account = SimConfig::default().account;
    home.edit(&mine.sim.base_url(), &world.sim.base_url());
    home.edit(&mine.sim.addr().to_string(), &world.sim.addr().to_string());
    home.edit(&format!("account = \"{account}\""), "account = \"99\"");
    for verb in [&["sync"][..], &["serve"], &["agents"]] {
        let refused = home.run(verb);
        assert_eq!(refused.code, 2, "{verb:?}: {refused:?}");
        assert!(refused.stderr.contains(&account), "{verb:?}: {refused:?}");
    }
    assert!(
        world.sim.log().is_empty(),
        "the other account is not even asked"
    );
    home.edit("account = \"99\"", &format!("account = \"{account}\""));
    assert_eq!(usernames(&home), before);
}

#[test]
fn root_does_not_lock_the_owner_of_a_state_out() {
    let world = World::of(2);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    assert_eq!(home.run(&["sync"]).code, 0);
    let given = std::os::unix::fs::chown(home.state(), Some(65_534), None);
    if let Err(error) = given {
        return skipped(&format!("only root can give a state away: {error}"));
    }
    for verb in [&["sync"][..], &["state", "verify"]] {
        let refused = home.run(verb);
        assert_eq!(refused.code, 30, "{verb:?}: {refused:?}");
        assert!(refused.stderr.contains("65534"), "{verb:?}: {refused:?}");
    }
}

#[test]
fn a_one_shot_tells_about_damage_and_leaves_an_export() {
    let world = World::of(8);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    assert_eq!(home.run(&["sync"]).code, 0);
    let before = usernames(&home);
    let data = database(&home.state()).join("db");
    let length = usize::try_from(std::fs::metadata(&data).unwrap().len()).unwrap();
    std::fs::write(&data, vec![0xA5_u8; length]).unwrap();
    let verified = home.run(&["state", "verify"]);
    assert_eq!(verified.code, 30, "{verified:?}");
    assert!(
        verified.stderr.contains("restored from the export"),
        "{verified:?}"
    );
    assert_eq!(
        home.run(&["state", "verify"]).code,
        0,
        "and it is whole now"
    );
    assert_eq!(usernames(&home), before);
}

#[test]
fn a_dry_run_keeps_and_publishes_nothing_alone_and_beside_a_daemon() {
    let world = World::of(8);
    let home = Home::of(&world, "[schedule]\nevery = \"1h\"");
    let dry = home.run(&["sync", "--dry-run", "--output", "json"]);
    assert_eq!(dry.code, 0, "{dry:?}");
    assert!(dry.stdout.contains("\"added\": 8"), "{dry:?}");
    assert_eq!(usernames(&home), Vec::<String>::new());
    let _daemon = home.serve();
    let before = usernames(&home);
    for _ in 0..5 {
        world.sim.world().step();
    }
    let dry = home.run(&["sync", "--dry-run", "--output", "json"]);
    assert_eq!(dry.code, 0, "{dry:?}");
    let again = home.run(&["sync", "--dry-run", "--output", "json"]);
    let counts = |done: &crate::program::Finished| {
        let run: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
        run["counts"].clone()
    };
    assert_eq!(
        counts(&dry),
        counts(&again),
        "the difference is still to be made"
    );
    assert_ne!(counts(&dry)["updated"], 0);
    assert_eq!(usernames(&home), before);
}

#[test]
fn an_interrupted_sync_exits_130_and_says_goodbye() {
    let world = World::of(3);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    let slow = Fault::lasting(What::Nothing).after(std::time::Duration::from_secs(4));
    world.sim.faults().put(Place::Agents, slow);
    let args = home.args(&["sync"]);
    let running = Running::spawn(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let seen = |part: &str| {
        world
            .sim
            .log()
            .iter()
            .any(|request| request.target.contains(part))
    };
    while !seen("/availability") {
        std::thread::yield_now();
    }
    signal(running.pid(), "INT");
    let (code, stderr) = running.wait();
    assert_eq!(code, 130, "{stderr}");
    assert!(stderr.contains("interrupted"), "{stderr}");
    assert!(seen("/logout"), "the session at LivePerson is ended");
}

#[test]
fn kill_9_during_a_sync_loses_nothing_that_was_kept() {
    let world = World::of(400);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    assert_eq!(home.run(&["sync"]).code, 0);
    let before = usernames(&home);
    for round in 0..6 {
        world.sim.world().step();
        let logged = world.sim.log().len();
        let args = home.args(&["sync"]);
        let running = Running::spawn(&args.iter().map(String::as_str).collect::<Vec<_>>());
        // Killed at another step of the chain each round: once so many requests were made.
        while world.sim.log().len() < logged + round {
            std::thread::yield_now();
        }
        running.kill();
        let verified = home.run(&["state", "verify"]);
        assert_eq!(verified.code, 0, "round {round}: {verified:?}");
        assert_eq!(usernames(&home), before, "round {round}");
    }
    assert_eq!(home.run(&["sync"]).code, 0, "and it goes on");
}

#[test]
fn damage_is_moved_aside_and_the_bridge_comes_up() {
    let world = World::of(25);
    let home = Home::of(&world, "");
    let (code, stderr) = home.serve().stop();
    assert_eq!(code, 0, "{stderr}");
    let before = usernames(&home);
    world.off();
    let database = database(&home.state());
    for (what, expect) in [("snap.", "quarantine"), ("db", "quarantine")] {
        for entry in std::fs::read_dir(&database).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if (what == "db" && name == "db") || (what != "db" && name.starts_with(what)) {
                let length = std::fs::metadata(&path).unwrap().len();
                let garbage = vec![0xA5_u8; usize::try_from(length.min(1 << 20)).unwrap()];
                std::fs::write(&path, garbage).unwrap();
            }
        }
        let daemon = home.serve();
        assert_eq!(usernames(&home), before, "after damage to {what}");
        let (code, stderr) = daemon.stop();
        assert_eq!(code, 0, "{stderr}");
        assert!(
            stderr.contains(expect),
            "damage to {what} is told: {stderr}"
        );
    }
}

/// The folder that holds sled's own files.
fn database(state: &Path) -> std::path::PathBuf {
    let folders = std::fs::read_dir(state)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    folders
        .into_iter()
        .find(|path| path.join("db").is_file())
        .expect("a sled database")
}

#[test]
fn a_full_disk_keeps_what_is_served_and_says_so() {
    let world = World::of(40);
    let home = Home::of(&world, "[schedule]\nevery = \"1h\"");
    std::fs::create_dir(home.state()).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
        .arg(home.state())
        .output();
    let Ok(done) = mounted else {
        return skipped("there is no mount command");
    };
    if !done.status.success() {
        return skipped(&String::from_utf8_lossy(&done.stderr));
    }
    let daemon = home.serve();
    let bearer = format!("Bearer {}", home.token());
    let headers = [("authorization", bearer.as_str())];
    let filler = home.state().join("filler");
    // Fills what is left; the write itself fails at the end, as it should.
    let _ = std::fs::write(&filler, vec![0_u8; 4 << 20]);
    let mut refused = None;
    for _ in 0..200 {
        world.sim.world().step();
        let sync = http(
            "POST",
            &format!("{}/admin/sync", daemon.ops),
            &headers,
            "{}",
        );
        if sync.status != 200 {
            refused = Some(sync);
            break;
        }
    }
    let next = get(&format!("{}/api/v1/livechat/agent.next/t", daemon.api));
    let ready = get(&format!("{}/readyz", daemon.ops));
    std::fs::remove_file(&filler).unwrap();
    let after = http(
        "POST",
        &format!("{}/admin/sync", daemon.ops),
        &headers,
        "{}",
    );
    drop(daemon);
    let unmounted = std::process::Command::new("umount")
        .arg(home.state())
        .status()
        .unwrap();
    assert!(unmounted.success());
    let refused = refused.expect("a full disk refuses a commit");
    assert_eq!(refused.json()["kind"], "state", "{}", refused.body);
    assert_eq!(
        next.status, 200,
        "what was published is still served: {}",
        next.body
    );
    assert!(ready.body.contains("degraded"), "{}", ready.body);
    assert_eq!(
        after.status, 200,
        "it recovers once there is room: {}",
        after.body
    );
}

#[expect(
    clippy::print_stderr,
    reason = "whoever reads the run must see the gap"
)]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

#[test]
fn a_source_that_fails_while_serving_changes_nothing_that_is_served() {
    let world = World::of(20);
    let home = Home::of(&world, "[schedule]\nevery = \"100ms\"\njitter = \"0s\"");
    let daemon = home.serve();
    let before = usernames(&home);
    world
        .sim
        .faults()
        .put(Place::Agents, Fault::lasting(What::Html503));
    let failed = || {
        let text = get(&format!("{}/metrics", daemon.ops)).body;
        text.lines()
            .any(|line| line.starts_with("lp2rc_poll_failures_total"))
    };
    while !failed() {
        std::thread::yield_now();
    }
    assert_eq!(usernames(&home), before);
    let ready = get(&format!("{}/readyz", daemon.ops)).body;
    assert!(
        ready.contains("degraded") && ready.contains("503"),
        "{ready}"
    );
    let (code, stderr) = daemon.stop();
    assert_eq!(code, 0, "{stderr}");
    for secret in ["Bearer ", "csrf", "session_id", "@"] {
        assert!(!stderr.contains(secret), "`{secret}` in the log: {stderr}");
    }
}
