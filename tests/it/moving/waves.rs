//! Waves: who is cut over is Rocket.Chat's, everybody else stays served by LivePerson's view.

use serde_json::Value;

use super::{Ends, Setup, WAVES};

fn agents(ends: &Ends) -> Vec<Value> {
    let done = ends.home.run(&["agents", "--output", "json"]);
    assert_eq!(done.code, 0, "{done:?}");
    let list: Value = serde_json::from_str(&done.stdout).unwrap();
    list["agents"].as_array().unwrap().clone()
}

fn refused(ends: &Ends, reason: &str) -> u64 {
    let done = ends.home.run(&["explain", "--output", "json"]);
    let told: Value = serde_json::from_str(&done.stdout).unwrap();
    told["tally"][reason].as_u64().unwrap_or_default()
}

fn owned_by(ends: &Ends, owner: &str) -> u64 {
    let mut count = 0;
    for agent in agents(ends) {
        count += u64::from(agent["owner"] == owner);
    }
    count
}

#[test]
fn the_cut_over_of_one_wave_leaves_the_others_with_the_source() {
    let ends = Ends::read(Setup {
        agents: 40,
        more: WAVES.to_owned(),
        ..Setup::default()
    });
    let all = agents(&ends).len() as u64;
    ends.expect(0, &["apply", "--wave", "one"]);
    let provisioned = ends.document(0, &["status"]);
    let wave = |status: &Value, name: &str, what: &str| {
        let waves = status["waves"].as_array().unwrap();
        let line = waves.iter().find(|line| line["wave"] == name).unwrap();
        line[what].as_u64().unwrap()
    };
    let first = wave(&provisioned, "one", "agents");
    assert!(first > 5 && first < all, "{provisioned}");
    assert_eq!(wave(&provisioned, "one", "provisioned"), first);
    assert_eq!(wave(&provisioned, "two", "provisioned"), 0);
    assert_eq!(owned_by(&ends, "target"), 0);
    let digest = ends.digest();
    for (name, user) in digest["users"].as_object().unwrap() {
        assert_ne!(user["status_livechat"], "available", "{name} is dark");
    }

    ends.expect(0, &["apply", "--wave", "one", "--cut-over"]);
    assert_eq!(owned_by(&ends, "target"), first);
    assert_eq!(owned_by(&ends, "source"), all - first);
    assert_eq!(refused(&ends, "target_decides"), first);
    let digest = ends.digest();
    let open = digest["users"].as_object().unwrap().values();
    let open = open.filter(|user| user["status_livechat"] == "available");
    // All but those who take no chats at all.
    assert!(open.count() as u64 + 3 >= first);
    ends.expect(0, &["verify", "--wave", "one"]);
    ends.expect(12, &["verify", "--wave", "two"]);

    // A poll changes nothing about who owns whom.
    ends.sync();
    assert_eq!(owned_by(&ends, "target"), first);

    // Back again: the owner first, then the rest.
    ends.expect(0, &["undo"]);
    assert_eq!(owned_by(&ends, "target"), 0);
    let digest = ends.digest();
    for (name, user) in digest["users"].as_object().unwrap() {
        assert_ne!(user["status_livechat"], "available", "{name} is dark again");
    }
    ends.expect(0, &["verify", "--wave", "one"]);
    ends.off();
}

#[test]
fn finish_hands_everybody_over_once_nothing_else_is_to_be_done() {
    let ends = Ends::read(Setup {
        agents: 15,
        more: WAVES.to_owned(),
        ..Setup::default()
    });
    let early = ends.expect(10, &["finish"]);
    assert!(early.stderr.contains("apply"), "{}", early.stderr);
    ends.expect(0, &["apply"]);
    ends.expect(0, &["finish"]);
    assert_eq!(owned_by(&ends, "target"), agents(&ends).len() as u64);
    ends.expect(0, &["finish"]);
    ends.expect(0, &["verify"]);
    ends.off();
}

#[test]
fn a_wave_that_is_not_configured_is_refused_by_name() {
    let ends = Ends::read(Setup {
        agents: 3,
        ..Setup::default()
    });
    let done = ends.expect(2, &["plan", "--wave", "pilot"]);
    assert!(
        done.stderr.contains("there is no wave `pilot`"),
        "{}",
        done.stderr
    );
    ends.off();
}
