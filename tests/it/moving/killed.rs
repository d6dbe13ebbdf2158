//! Killed at a write, before or after it took effect, and taken up again: the same end.
//!
//! Rocket.Chat's double keeps silence at that write; when it does, the program is killed. CI kills at
//! every tenth write; `LP2RC_KILL_EVERY=1` kills at each (tests/acceptance/move.sh).
#![expect(
    clippy::print_stdout,
    reason = "the figures of the kills are its result"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a larger move is chosen from outside"
)]

use std::{collections::BTreeSet, time::Duration};

use lp2rc::sim::rocketchat::{Fault, On, What};
use serde_json::Value;

use super::{Ends, Setup, WAVES};
use crate::program::Running;

const AGENTS: usize = 50;

fn ends() -> Ends {
    Ends::read(Setup {
        agents: AGENTS,
        more: WAVES.to_owned(),
        ..Setup::default()
    })
}

/// Applies everything, the cut-over included, without interruption.
fn undisturbed() -> (Value, usize) {
    let ends = ends();
    ends.expect(0, &["apply", "--cut-over"]);
    let end = (ends.digest(), ends.target.writes().len());
    ends.off();
    end
}

/// Starts the apply and kills it as soon as the fault has struck. Whether it has.
fn killed(ends: &Ends) -> bool {
    let struck = ends.target.faults().struck();
    let words = ends.home.args(&["migrate", "apply", "--cut-over"]);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut running = Running::spawn(&words);
    while ends.target.faults().struck() == struck {
        if running.is_over() {
            return false;
        }
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(1));
    }
    running.kill();
    true
}

fn no_name_twice(ends: &Ends) {
    let mut seen = BTreeSet::new();
    for user in ends.target.world().users() {
        for email in &user.emails {
            assert!(
                seen.insert(email.address.to_lowercase()),
                "{}",
                user.username
            );
        }
        assert!(
            seen.insert(user.username.to_lowercase()),
            "{}",
            user.username
        );
    }
}

#[test]
fn a_move_that_is_killed_at_any_write_resumes_to_the_same_end() {
    let every: usize =
        std::env::var("LP2RC_KILL_EVERY").map_or(10, |text| text.parse().expect("a number"));
    let (expected, writes) = undisturbed();
    assert!(
        writes > 3 * AGENTS,
        "{writes} writes are too few to mean anything"
    );
    let mut kills = 0;
    for number in (0..writes).step_by(every) {
        // Both sides of the border between "sent" and "done", by turns or each.
        let sides: &[What] = match (every, number / every % 2) {
            (1, _) => &[What::Silence, What::SilenceAfter],
            (_, 0) => &[What::Silence],
            (_, _) => &[What::SilenceAfter],
        };
        for side in sides {
            let ends = ends();
            ends.target.faults().set(vec![
                Fault::at("any", side.clone())
                    .on(On::Writes)
                    .skip(u32::try_from(number).unwrap())
                    .times(1),
            ]);
            assert!(killed(&ends), "write {number}: the run ended before it");
            ends.target.faults().clear();
            ends.expect(0, &["apply", "--cut-over"]);
            assert_eq!(
                ends.digest(),
                expected,
                "killed at write {number}, {side:?}"
            );
            no_name_twice(&ends);
            ends.target.clear_log();
            ends.expect(0, &["apply", "--cut-over"]);
            assert!(ends.target.writes().is_empty(), "write {number}");
            ends.off();
            kills += 1;
        }
    }
    println!(
        "killed {kills} times at {writes} writes of a move of {AGENTS} agents, resumed to the same end"
    );
}

#[test]
fn counters_of_members_who_are_there_survive_a_kill_in_the_membership_phase() {
    let ends = ends();
    ends.expect(0, &["apply"]);
    let world = ends.target.world();
    let someone = world.members().first().cloned().unwrap();
    let department = world.departments();
    let department = department
        .iter()
        .find(|one| one.id == someone.department_id)
        .unwrap();
    let name = world
        .users()
        .into_iter()
        .find(|user| user.id == someone.agent_id)
        .unwrap();
    assert!(world.add_member(&name.username, &department.name, (4711, 3)));
    // A new colleague for the same departments.
    let mut new = ends.source.sim.world().agents()[0].clone();
    new.id = 99_999_999;
    new.login = "newcomer".to_owned();
    new.nickname = "New".to_owned();
    new.email = Some("newcomer@example.com".to_owned());
    new.skills = vec![2, 4, 7, 11, 12, 19, 23];
    assert!(ends.source.sim.world().add(new));
    ends.sync();
    ends.target.faults().set(vec![
        Fault::at("any", What::SilenceAfter)
            .on(On::Writes)
            .skip(4)
            .times(1),
    ]);
    assert!(killed(&ends));
    ends.target.faults().clear();
    ends.expect(0, &["apply", "--cut-over"]);
    let kept = world.members().into_iter().find(|member| {
        member.agent_id == someone.agent_id && member.department_id == someone.department_id
    });
    let kept = kept.unwrap();
    assert_eq!((kept.count, kept.order), (4711, 3));
    ends.off();
}

#[test]
fn a_removal_that_is_killed_after_the_role_was_taken_resumes_to_its_end() {
    let ends = Ends::read(Setup {
        agents: 6,
        migrate: "removal = \"deactivate\"\n".to_owned(),
        ..Setup::default()
    });
    ends.expect(0, &["apply"]);
    let limited = ends.target.world().users();
    let limited = limited
        .iter()
        .find(|user| {
            let livechat = serde_json::to_value(&user.livechat).unwrap();
            livechat["maxNumberSimultaneousChat"].as_u64() > Some(0)
        })
        .expect("somebody has a limit of his own");
    let agents = ends.source.sim.world().agents();
    let agent = agents.iter().find(|one| {
        let id = limited
            .custom_fields
            .as_ref()
            .and_then(|all| all.get("lpAgentId"));
        id.and_then(Value::as_str) == Some(&one.id.to_string())
    });
    assert!(ends.source.sim.world().remove(agent.unwrap().id));
    ends.sync();
    ends.sync();
    ends.target.faults().set(vec![
        Fault::at("agents.remove", What::SilenceAfter).times(1),
    ]);
    let struck = ends.target.faults().struck();
    let accept = ["apply", "--accept", "removals", "--accept", "absences"];
    let words = [&["migrate"], &accept[..]].concat();
    let words = ends.home.args(&words);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let running = Running::spawn(&words);
    while ends.target.faults().struck() == struck {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    running.kill();
    ends.target.faults().clear();
    ends.expect(0, &accept);
    let gone = ends.target.world().user(&limited.username).unwrap();
    assert!(!gone.active);
    ends.off();
}
