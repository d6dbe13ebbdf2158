//! From a clean Rocket.Chat to full parity and back, in every version.

use serde_json::{Value, json};

use super::{Ends, Setup, WAVES};
use lp2rc::sim::rocketchat::{SimConfig, Version};

fn setup(version: Version, agents: usize) -> Setup {
    Setup {
        agents,
        target: SimConfig {
            version,
            ..Setup::default().target
        },
        more: WAVES.to_owned(),
        ..Setup::default()
    }
}

/// What is left of the users that a move has made and an undo has taken back.
fn is_taken_back(user: &Value) -> bool {
    user["active"] == json!(false)
        && user["departments"] == json!([])
        && user["roles"] == json!(["user"])
        && user["status_livechat"] != json!("available")
}

#[test]
fn a_move_ends_at_full_parity_a_second_one_is_empty_and_undo_takes_all_back() {
    for (version, agents) in [(Version::V6, 20), (Version::V7, 20), (Version::V8, 60)] {
        let ends = Ends::read(setup(version, agents));
        let before = ends.digest();
        let plan = ends.home.config().with_file_name("plan.json");
        let plan = plan.display().to_string();
        ends.expect(0, &["check"]);
        ends.expect(12, &["verify"]);
        for wave in ["one", "two", "rest"] {
            ends.expect(12, &["plan", "--wave", wave, "--out", &plan]);
            ends.expect(0, &["apply", "--plan", &plan]);
            ends.expect(0, &["verify", "--wave", wave]);
        }
        let moved = ends.digest();
        assert_eq!(ends.expect(0, &["plan"]).code, 0, "{version:?}");
        ends.target.clear_log();
        ends.expect(0, &["apply"]);
        assert!(ends.target.writes().is_empty(), "{version:?}");
        let parity = ends.document(0, &["verify"]);
        assert_eq!(parity["equal"], parity["agents"], "{version:?}: {parity}");
        assert_eq!(parity["agents"], agents, "{version:?}");

        // Dark: nobody is available before the cut-over, and nobody who was there has changed.
        for (name, user) in before["users"].as_object().unwrap() {
            assert_eq!(&moved["users"][name], user, "{version:?}: {name}");
        }
        for (name, user) in moved["users"].as_object().unwrap() {
            assert_ne!(user["status_livechat"], "available", "{version:?}: {name}");
        }

        for _ in ["rest", "two", "one"] {
            ends.expect(0, &["undo", "--accept", "removals"]);
        }
        let after = ends.digest();
        assert_eq!(after["settings"], before["settings"], "{version:?}");
        for (name, user) in after["users"].as_object().unwrap() {
            match before["users"].get(name) {
                Some(untouched) => assert_eq!(user, untouched, "{version:?}: {name}"),
                None => assert!(is_taken_back(user), "{version:?}: {name}: {user}"),
            }
        }
        for department in after["departments"].as_array().unwrap() {
            assert_eq!(department["archived"], true, "{version:?}: {department}");
        }
        ends.expect(12, &["verify"]);

        // And there again: the same users, active once more.
        ends.expect(0, &["apply"]);
        ends.expect(0, &["verify"]);
        assert_eq!(ends.digest(), moved, "{version:?}");
        ends.off();
    }
}

#[test]
fn what_changes_in_the_source_is_an_update_and_never_a_new_person() {
    let ends = Ends::read(setup(Version::V8, 12));
    ends.expect(0, &["apply"]);
    let people = ends.digest()["users"].as_object().unwrap().len();
    let world = ends.source.sim.world();
    let someone = world.agents()[3].clone();
    world.update(someone.id, |agent| {
        agent.nickname = "Renamed".to_owned();
        agent.email = Some("renamed@example.com".to_owned());
        agent.login = "another.login".to_owned();
    });
    ends.sync();
    let plan = ends.document(12, &["plan"]);
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{plan}");
    assert_eq!(changes[0]["effect"], "update", "{plan}");
    ends.expect(0, &["apply", "--accept", "mapping"]);
    ends.expect(0, &["verify"]);
    let users = ends.digest()["users"].clone();
    assert_eq!(users.as_object().unwrap().len(), people);
    let renamed = users
        .as_object()
        .unwrap()
        .values()
        .find(|user| user["name"] == "Renamed");
    let renamed = renamed.unwrap();
    assert_eq!(renamed["emails"][0]["address"], "renamed@example.com");
    ends.off();
}

#[test]
fn users_are_ours_again_after_the_state_was_lost() {
    let ends = Ends::read(setup(Version::V8, 10));
    ends.expect(0, &["apply"]);
    let moved = ends.digest();
    std::fs::remove_dir_all(ends.home.state()).unwrap();
    ends.sync();
    ends.expect(12, &["verify"]);
    ends.target.clear_log();
    ends.expect(0, &["apply"]);
    assert!(ends.target.writes().is_empty(), "nothing was different");
    ends.expect(0, &["verify"]);
    assert_eq!(ends.digest(), moved);

    // Whoever was cut over is not darkened because the bridge has forgotten it.
    ends.expect(0, &["apply", "--wave", "one", "--cut-over"]);
    let open = ends.digest();
    std::fs::remove_dir_all(ends.home.state()).unwrap();
    ends.sync();
    for _ in 0..2 {
        ends.expect(0, &["apply"]);
        assert_eq!(ends.digest(), open);
        ends.expect(0, &["verify"]);
    }
    ends.off();
}
