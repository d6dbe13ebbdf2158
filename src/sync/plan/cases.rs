//! What is planned, as tables: each case is a world, the plan in short, and then the plan applied
//! and planned again, which must be empty.

use std::collections::BTreeSet;

use super::{
    Plan,
    model::{ROLE, World, addresses, as_agent, scope, source},
};
use crate::domain::{
    Capacity, Effect, Owner, Phase, SourceId, Write,
    moving::{Login, MissingEmail, MovePolicy, Removal, Scope},
    target::SettingValue,
};

/// A plan in short: a line a change, `phase effect subject: writes`.
pub(super) fn short(plan: &Plan) -> Vec<String> {
    let lines = plan.changes().iter().map(|change| {
        assert!(
            !change.writes.is_empty() && !change.fields.is_empty(),
            "{change:?}"
        );
        assert!(!change.reason.is_empty());
        let writes: Vec<_> = change.writes.iter().map(Write::word).collect();
        let (phase, effect) = (change.phase.word(), change.effect.word());
        format!("{phase} {effect} {}: {}", change.subject, writes.join(", "))
    });
    lines.collect()
}

/// Who is left out and why, in short.
pub(super) fn left_out(plan: &Plan) -> Vec<String> {
    let out = plan.left_out().iter();
    out.map(|one| format!("{}: {}", one.subject, one.why))
        .collect()
}

/// Plans, expects, applies, and expects nothing more.
#[track_caller]
fn check(mut given: World, scope: &Scope, expect: &[&str]) -> World {
    let plan = given.plan(scope);
    assert_eq!(short(&plan), expect, "left out: {:#?}", plan.left_out());
    given.apply_all(&plan);
    let again = given.plan(scope);
    assert_eq!(short(&again), [""; 0], "the second round");
    assert_eq!(again.left_out(), plan.left_out(), "the second round");
    given
}

/// Nothing is planned, and that is why.
#[track_caller]
fn check_left_out(given: &World, why: &str) {
    let plan = given.plan(&scope("", true));
    let about_agents = |line: &String| !line.starts_with("settings");
    let lines: Vec<_> = short(&plan).into_iter().filter(about_agents).collect();
    assert_eq!(lines, [""; 0]);
    let out = left_out(&plan);
    assert!(out.len() == 1 && out[0].contains(why), "{out:?}");
    assert_eq!(plan.concerned(), 0);
}

const DEFINE: &str = "settings create setting Accounts_CustomFields: set setting";
const ALL: [&str; 6] = [
    DEFINE,
    "users create ada (1): create user",
    "roles create ada (1): grant role, make not available",
    "departments create department Sales: create department",
    "membership create department Sales: add members",
    "limits create ada (1): set limit",
];

fn limited(agent: &mut crate::domain::DesiredAgent) {
    agent.limit = Some(3);
    source(agent, |entry| entry.agent.capacity = Capacity::Limited(3));
}

#[test]
fn a_new_agent_is_prepared_dark_and_then_opened() {
    let world = World::new().agent_with("1", "ada", "Sales", limited);
    let world = check(world, &scope("", false), &ALL);
    let ada = world.find("ada");
    assert!(!ada.agent.as_ref().unwrap().available);
    assert_eq!(ada.agent.as_ref().unwrap().limit, Some(3));
    assert_eq!(ada.custom_fields["lpAgentId"], "1");
    assert!(ada.emails[0].verified);
    assert_eq!(world.count("Sales", "ada"), Some(0));
    let open = ["cut-over open ada (1): make available, hand availability over"];
    let world = check(world, &scope("first", true), &open);
    assert!(world.find("ada").agent.as_ref().unwrap().available);
    assert_eq!(world.entries[&SourceId::new("1")].owner, Owner::Target);
}

#[test]
fn everything_can_be_done_at_once() {
    let world = World::new().agent_with("1", "ada", "Sales", limited);
    let mut expect = ALL.to_vec();
    expect.push("cut-over open ada (1): make available, hand availability over");
    check(world, &scope("", true), &expect);
}

#[test]
fn nobody_is_nothing_to_do() {
    let world = check(World::new(), &scope("", true), &[]);
    let plan = world.plan(&Scope::default());
    assert_eq!((plan.concerned(), plan.foreign()), (0, 0));
    assert_eq!(plan.checksum().len(), 64);
}
