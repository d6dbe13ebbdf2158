//! What the daemon tells systemd: ready, alive while it polls, stopping.

use std::{os::unix::net::UnixDatagram, time::Duration};

use crate::program::{Home, Running, World, get, signal};

/// Reads messages until one holds `wanted`.
fn await_state(socket: &UnixDatagram, wanted: &str) {
    let mut bytes = [0; 4096];
    loop {
        let length = socket
            .recv(&mut bytes)
            .unwrap_or_else(|error| panic!("no {wanted}: {error}"));
        let text = String::from_utf8_lossy(&bytes[..length]);
        if text.lines().any(|line| line == wanted) {
            return;
        }
    }
}

#[test]
fn systemd_hears_ready_then_the_watchdog_then_stopping() {
    let world = World::of(3);
    let home = Home::of(&world, "[schedule]\nevery = \"100ms\"\njitter = \"0s\"");
    let path = home.config().with_file_name("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let settings = [("NOTIFY_SOCKET".to_owned(), path.display().to_string())];
    let args = home.args(&["serve"]);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let daemon = Running::spawn_with(&args, &settings);
    await_state(&socket, "READY=1");
    await_state(&socket, "WATCHDOG=1");
    await_state(&socket, "WATCHDOG=1");
    signal(daemon.pid(), "TERM");
    await_state(&socket, "STOPPING=1");
    let (code, stderr) = daemon.wait();
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn a_hangup_does_not_end_the_daemon() {
    let world = World::of(3);
    let home = Home::of(&world, "[schedule]\nevery = \"1h\"");
    let daemon = home.serve();
    signal(daemon.pid(), "HUP");
    while !daemon.stderr().contains("SIGHUP changes nothing") {
        std::thread::yield_now();
    }
    assert_eq!(get(&format!("{}/livez", daemon.ops)).status, 200);
    let (code, stderr) = daemon.stop();
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("stopped"), "{stderr}");
}
