//! Beside a daemon the move is its job: attach, detach, stop, take up again.

use lp2rc::sim::rocketchat::{Fault, On, What};
use serde_json::json;

use super::{Ends, Setup, WAVES};
use crate::program::{Running, signal};

#[test]
fn the_daemon_does_the_move_and_serves_on() {
    let ends = Ends::read(Setup {
        agents: 15,
        more: WAVES.to_owned(),
        ..Setup::default()
    });
    let daemon = ends.home.serve();
    ends.expect(12, &["plan"]);
    ends.expect(0, &["apply", "--wave", "one"]);
    ends.expect(0, &["apply", "--wave", "one", "--cut-over"]);
    ends.expect(0, &["apply"]);
    ends.expect(0, &["verify"]);
    let status = ends.document(0, &["status"]);
    assert_eq!(status["runs"].as_array().unwrap().len(), 3, "{status}");
    let asked = crate::program::get(&format!(
        "{}/api/v1/livechat/agent.next/visitor",
        daemon.api
    ));
    assert_eq!(asked.status, 200, "{}", asked.body);
    let (code, talk) = daemon.stop();
    assert_eq!(code, 0, "{talk}");
    for secret in ["bridge-token", "@agents.example.org", "@example.com"] {
        assert!(!talk.contains(secret), "{secret} in the log:\n{talk}");
    }
    ends.off();
}

#[test]
fn going_away_detaches_and_a_killed_daemon_resumes() {
    let ends = Ends::read(Setup {
        agents: 15,
        ..Setup::default()
    });
    let daemon = ends.home.serve();
    ends.target.faults().set(vec![
        Fault::at("any", What::SilenceAfter)
            .on(On::Writes)
            .skip(9)
            .times(1),
    ]);
    let words = ends.home.args(&["migrate", "apply"]);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let apply = Running::spawn(&words);
    while ends.target.faults().struck() == 0 {
        std::thread::yield_now();
    }
    signal(apply.pid(), "INT");
    let (code, talk) = apply.wait();
    assert_eq!(code, 130, "{talk}");
    assert!(talk.contains("migrate status"), "{talk}");
    daemon.kill();
    ends.target.faults().clear();
    let _daemon = ends.home.serve();
    let status = ends.document(0, &["status"]);
    assert_eq!(status["runs"][0]["ended_at"], json!(null), "{status}");
    ends.expect(0, &["apply"]);
    ends.expect(0, &["verify"]);
    ends.off();
}

#[test]
fn an_interrupt_without_a_daemon_stops_in_order_and_stays_resumable() {
    let ends = Ends::read(Setup {
        agents: 15,
        ..Setup::default()
    });
    ends.target.faults().set(vec![
        Fault::at("any", What::Nothing)
            .on(On::Writes)
            .skip(9)
            .delayed(std::time::Duration::from_millis(700)),
    ]);
    let words = ends.home.args(&["migrate", "apply"]);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let apply = Running::spawn(&words);
    while ends.target.faults().struck() == 0 {
        std::thread::yield_now();
    }
    signal(apply.pid(), "INT");
    let (code, talk) = apply.wait();
    assert_eq!(code, 130, "{talk}");
    ends.target.faults().clear();
    ends.expect(0, &["apply"]);
    ends.expect(0, &["verify"]);
    ends.off();
}
