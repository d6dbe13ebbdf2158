//! The state is lost, the users still carry our mark: they are ours again, also when nothing else
//! is to be done.

use std::collections::BTreeMap;

use super::{Ends, Setup};

/// Users of agents who have one there, by name, with the ids that the bridge gives for them.
fn identities(ends: &Ends) -> BTreeMap<String, String> {
    let done = ends.home.run(&["agents", "--output", "json"]);
    let list: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let mut ids = BTreeMap::new();
    for agent in list["agents"].as_array().unwrap() {
        let text = |name: &str| agent[name].as_str().unwrap().to_owned();
        ids.insert(text("username"), text("target_id"));
    }
    ids
}

fn provisioned(ends: &Ends) -> usize {
    let status = ends.document(0, &["status", "--people"]);
    let people = status["people"].as_array().unwrap();
    let ours = people.iter().filter(|one| !one["target_id"].is_null());
    ours.count()
}

#[test]
fn users_that_carry_our_mark_are_ours_again_though_nothing_is_to_be_done() {
    let ends = Ends::read(Setup {
        agents: 8,
        ..Setup::default()
    });
    ends.expect(0, &["apply"]);
    let (ids, ours) = (identities(&ends), provisioned(&ends));
    assert!(ours > 5, "{ours}");
    for (name, id) in &ids {
        let user = ends.target.world().user(name).unwrap();
        assert_eq!(user.id, *id, "{name}");
    }
    std::fs::remove_dir_all(ends.home.state()).unwrap();
    ends.sync();
    assert_ne!(identities(&ends), ids, "the state is not lost");
    ends.target.clear_log();
    ends.expect(0, &["apply", "--dry-run"]);
    assert_eq!(provisioned(&ends), 0, "a dry run keeps nothing");
    ends.expect(0, &["apply"]);
    assert!(ends.target.writes().is_empty());
    assert_eq!(provisioned(&ends), ours);
    assert_eq!(identities(&ends), ids, "the bridge knows their ids");
    ends.off();
}

#[test]
fn the_ids_of_recognised_users_are_told_before_anything_else_is_done() {
    let ends = Ends::read(Setup {
        agents: 8,
        ..Setup::default()
    });
    ends.expect(0, &["apply"]);
    let ids = identities(&ends);
    std::fs::remove_dir_all(ends.home.state()).unwrap();
    ends.sync();
    // The cut-over alone: no user is written.
    ends.expect(0, &["apply", "--cut-over"]);
    assert_eq!(identities(&ends), ids);
    ends.off();
}
