//! Foreign users are never touched; adopted ones are ours, released ones are not.

use lp2rc::sim::rocketchat::NewUser;
use serde_json::Value;

use super::{Ends, Setup};

/// A Rocket.Chat in which somebody with an agent's name, and an administrator with another one's,
/// were there before.
fn crowded() -> (Ends, String, String) {
    let ends = Ends::read(Setup {
        agents: 8,
        ..Setup::default()
    });
    let plan = ends.document(12, &["plan"]);
    let names: Vec<String> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["phase"] == "users")
        .map(|change| {
            change["subject"]
                .as_str()
                .unwrap()
                .split(' ')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    let (namesake, chief) = (names[0].clone(), names[1].clone());
    let add = |name: &str, roles: &[&str]| {
        ends.target.world().add_user(NewUser {
            username: name.to_uppercase(),
            name: Some("Was here before".to_owned()),
            email: Some(format!("{name}@elsewhere.example")),
            roles: Some(roles.iter().map(|role| (*role).to_owned()).collect()),
            ..NewUser::default()
        })
    };
    assert!(add(&namesake, &["user"]).is_some());
    assert!(add(&chief, &["user", "admin"]).is_some());
    (ends, namesake, chief)
}

fn user(ends: &Ends, name: &str) -> Value {
    ends.digest()["users"][name.to_uppercase()].clone()
}

#[test]
fn a_foreign_user_blocks_is_adopted_by_name_and_released_again() {
    let (ends, namesake, chief) = crowded();
    let before = (user(&ends, &namesake), user(&ends, &chief));
    let done = ends.expect(10, &["check"]);
    assert!(done.stdout.contains("usernames-taken"), "{}", done.stdout);
    ends.expect(10, &["apply"]);
    assert!(ends.target.writes().is_empty(), "a refused apply wrote");

    let done = ends.expect(0, &["adopt", &namesake]);
    assert!(
        done.stdout.to_lowercase().contains(&namesake),
        "{}",
        done.stdout
    );
    let done = ends.expect(10, &["adopt", &chief]);
    assert!(done.stdout.contains("protected"), "{}", done.stdout);
    assert!(
        ends.target.writes().is_empty(),
        "adoption writes nothing there"
    );

    // The administrator's name stays taken: that agent is excluded.
    ends.home.edit(
        "[rocketchat]",
        &format!("[participants.exclude]\nlogins = [\"{chief}\"]\n[rocketchat]"),
    );
    let agents = ends.source.sim.world().agents();
    let login = agents
        .iter()
        .find(|agent| agent.login.to_lowercase().split('@').next().unwrap() == chief);
    if let Some(agent) = login {
        ends.home.edit(
            &format!("logins = [\"{chief}\"]"),
            &format!("logins = [\"{}\"]", agent.login),
        );
    }
    ends.expect(0, &["apply", "--accept", "mapping"]);
    ends.expect(0, &["verify"]);
    let adopted = user(&ends, &namesake);
    assert!(
        adopted["roles"]
            .as_array()
            .unwrap()
            .contains(&"livechat-agent".into())
    );
    assert!(
        !adopted["departments"].as_array().unwrap().is_empty()
            || adopted["name"] != before.0["name"]
    );
    assert_eq!(
        user(&ends, &chief),
        before.1,
        "a protected user was touched"
    );

    let status = ends.document(0, &["status", "--people"]);
    let people = status["people"].as_array().unwrap();
    assert_eq!(
        people
            .iter()
            .filter(|one| one["origin"] == "adopted")
            .count(),
        1
    );
    // Everybody with an agent's address is ours, so nobody is refused.
    let again = ends.document(0, &["adopt", "--matching"]);
    assert_eq!(again["refused"], serde_json::json!([]));

    let done = ends.expect(0, &["release", &namesake]);
    assert!(
        done.stdout.contains("participants.exclude"),
        "{}",
        done.stdout
    );
    ends.expect(10, &["check"]);
    let kept = user(&ends, &namesake);
    ends.expect(10, &["apply"]);
    assert_eq!(user(&ends, &namesake), kept, "a released user was touched");
    ends.off();
}
