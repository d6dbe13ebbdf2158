//! The way back, as tables.

use super::{
    Plan, Standing,
    cases::{left_out, prepared, short},
    standing, undo,
    world::{World, addresses, as_agent, scope},
};
use crate::domain::{
    Effect, Outcome, Owner, Phase, SourceId, Write,
    moving::{Journalled, MovePolicy, Removal},
};

fn back(world: &World, journal: &[Journalled]) -> Plan {
    world.ask(|facts| undo(facts, journal, None, None))
}

/// A run of the whole move of ada, and what it was before.
fn moved() -> (World, Vec<Journalled>) {
    let mut world = prepared();
    world.links.agents.clear();
    world.links.departments.clear();
    let fresh = World::new();
    world.actual = fresh.actual;
    let plan = world.plan(&scope("", true));
    let journal = world.apply_all(&plan);
    (world, journal)
}

const BACK: [&str; 7] = [
    "cut-over close ada (1): hand availability over, make not available",
    "limits update ada (1): set limit",
    "membership remove department Sales: remove members",
    "departments remove department Sales: archive department",
    "roles remove ada (1): revoke role",
    "users remove ada (1): deactivate user",
    "settings update setting Accounts_CustomFields: set setting",
];

#[test]
fn a_run_goes_back_last_phase_first() {
    let (mut world, journal) = moved();
    let plan = back(&world, &journal);
    assert_eq!(short(&plan), BACK);
    assert_eq!((left_out(&plan).len(), plan.concerned()), (0, 1));
    assert!(plan.takes_back());
    world.apply_all(&plan);
    assert_eq!(world.entries[&SourceId::new("1")].owner, Owner::Source);
    let ada = world.find("ada");
    assert!(!ada.active && ada.agent.is_none() && ada.roles == ["user"]);
    assert!(world.actual.departments()[0].archived);
    assert_eq!(world.actual.memberships(), []);
    assert_eq!(short(&back(&world, &journal)), [""; 0], "twice");
    // And there again: the user and the department of before are used.
    let again = world.plan(&scope("", false));
    assert!(short(&again)[1].contains("activate user"));
    world.apply_all(&again);
    assert_eq!(short(&world.plan(&scope("", false))), [""; 0]);
    assert_eq!(world.actual.users().len(), 1);
}

#[test]
fn half_a_run_goes_back_by_half() {
    for stop in 0..=BACK.len() {
        let mut world = moved().0;
        world.actual = World::new().actual;
        world.links = World::new().links;
        world
            .entries
            .values_mut()
            .for_each(|one| one.owner = Owner::Source);
        let plan = world.plan(&scope("", true));
        let mut journal = world.apply(&plan, |number, _| number < stop);
        // Nobody knows about the others: they may have been written.
        for one in &mut journal[stop..] {
            one.outcome = None;
        }
        let plan = back(&world, &journal);
        assert_eq!(short(&plan), BACK[BACK.len() - stop..], "{stop}");
        assert_eq!(plan.left_out(), []);
        // What was skipped was not done.
        for one in &mut journal {
            one.outcome = Some(Outcome::Skipped { why: "x".into() });
        }
        assert_eq!(short(&back(&world, &journal)), [""; 0]);
    }
}

#[test]
fn a_phase_or_a_wave_goes_back_alone() {
    let (world, journal) = moved();
    let plan = world.ask(|facts| undo(facts, &journal, Some(Phase::CutOver), None));
    assert_eq!(short(&plan), BACK[..1]);
    let plan = world.ask(|facts| undo(facts, &journal, None, Some("second")));
    assert_eq!((short(&plan).len(), plan.concerned()), (0, 0));
    let plan = world.ask(|facts| undo(facts, &journal, None, Some("first")));
    let people = [&BACK[..3], &BACK[4..6]].concat();
    assert_eq!(
        short(&plan),
        people,
        "other waves need departments and settings"
    );
    assert_eq!(plan.scope(), &scope("first", false));
    // A department alone is not archived over the heads of its members.
    let plan = world.ask(|facts| undo(facts, &journal, Some(Phase::Departments), None));
    assert_eq!(short(&plan), [""; 0]);
    assert!(left_out(&plan)[0].contains("1 members are in it"));
}

#[test]
fn what_somebody_changed_since_stays() {
    let (mut world, journal) = moved();
    world = world
        .user("eve", |user| as_agent(user, true, None))
        .member("d-Sales", "eve", 2);
    world.change("ada", |user| user.agent.as_mut().unwrap().limit = Some(8));
    let settings = &mut world.actual.capabilities.settings;
    let other = crate::domain::target::SettingValue::Text("{}".to_owned());
    settings.insert(super::world::FIELDS.to_owned(), other);
    world
        .entries
        .values_mut()
        .for_each(|one| one.owner = Owner::Both);
    let plan = back(&world, &journal);
    let expect = [
        "cut-over close ada (1): make not available",
        BACK[2],
        BACK[4],
        BACK[5],
    ];
    assert_eq!(short(&plan), expect);
    let why = left_out(&plan).join("\n");
    for part in [
        "limit is now 8",
        "another value now",
        "both sides'",
        "1 members are in it",
    ] {
        assert!(why.contains(part), "{part} in {why}");
    }
    // eve stays where she is.
    let Write::RemoveMembers { members, .. } = &plan.changes()[1].writes[0] else {
        panic!("{plan:?}");
    };
    assert_eq!(members.len(), 1);
}

#[test]
fn facts_of_a_user_go_back_one_by_one() {
    let mut world = World::new()
        .agent("1", "ada", "")
        .user("ada", |user| {
            as_agent(user, false, None);
            user.name = "Before".to_owned();
            user.emails = addresses("before@example.org", true);
            user.custom_fields.insert("lpAgentGroup".into(), "x".into());
        })
        .link("1", "ada");
    let journal = world.apply_all(&world.plan(&scope("", false)));
    assert_eq!(world.find("ada").name, "ada");
    world.change("ada", |user| user.name = "Since".to_owned());
    let plan = world.ask(|facts| undo(facts, &journal, Some(Phase::Users), None));
    assert!(left_out(&plan)[0].contains("the name is now Since"));
    world.apply_all(&plan);
    let ada = world.find("ada");
    assert_eq!(ada.name, "Since");
    assert_eq!(ada.emails[0].address, "before@example.org");
    assert_eq!(ada.custom_fields["lpAgentGroup"], "x");
    // Emptied, because some targets merge what they are sent.
    assert_eq!(ada.custom_fields["lpAgentId"], "");
    let again = world.ask(|facts| undo(facts, &journal, Some(Phase::Users), None));
    assert_eq!(short(&again), [""; 0]);
}

#[test]
fn who_was_sent_away_comes_back_with_counts_and_limit() {
    let (mut world, _) = moved();
    world = world.rule(|rules| rules.removal = Removal::Deactivate);
    world = world.department("x", "Other", true);
    world = world.member("x", "ada", 7);
    let before = world.actual.clone();
    // Whoever was cut over would be left alone.
    world.own(&SourceId::new("1"), Owner::Source);
    world.leaves("1", true);
    let journal = world.apply_all(&world.plan(&scope("", false)));
    assert_eq!(world.actual.memberships(), []);
    let plan = back(&world, &journal);
    let expect = [
        "roles create ada (1): activate user, grant role, make not available, set limit, add members, add members",
        "users open ada (1): make available",
    ];
    assert_eq!(short(&plan), expect);
    world.apply_all(&plan);
    assert_eq!(world.actual, before);
    // The availability alone cannot come back to one who is no agent.
    let journal = world.apply_all(&world.plan(&scope("", false)));
    let plan = world.ask(|facts| undo(facts, &journal, Some(Phase::Users), None));
    assert_eq!(short(&plan), [""; 0]);
    assert!(left_out(&plan)[0].contains("no agent there"));
}

#[test]
fn what_is_not_ours_any_more_stays() {
    let (mut world, journal) = moved();
    world.links.agents.clear();
    // He still carries our id.
    assert_eq!(short(&back(&world, &journal)), BACK);
    world.change("ada", |user| user.custom_fields.clear());
    // He is exactly the one this run was to create.
    assert_eq!(short(&back(&world, &journal)).len(), BACK.len());
    world.change("ada", |user| {
        user.emails = addresses("new@example.org", true);
    });
    let plan = back(&world, &journal);
    assert!(
        left_out(&plan)
            .iter()
            .any(|why| why.contains("is no longer ours"))
    );
    let lines = short(&plan);
    assert_eq!(
        lines,
        ["cut-over update ada (1): hand availability over", BACK[6]]
    );
    // Protected since.
    let (mut world, journal) = moved();
    world.change("ada", |user| user.roles.push("admin".to_owned()));
    let plan = back(&world, &journal);
    assert!(left_out(&plan).iter().any(|why| why.contains("protected")));
    assert!(short(&plan).iter().all(|line| !line.contains("deactivate")));
    // Deleted since: nothing is left to take back.
    let (mut world, journal) = moved();
    world.actual = World::new().actual;
    let plan = back(&world, &journal);
    assert_eq!(
        short(&plan),
        ["cut-over update ada (1): hand availability over"]
    );
}

#[test]
fn who_was_there_when_a_user_could_not_be_made_is_not_deactivated() {
    let (mut world, mut journal) = moved();
    let create = |one: &Journalled| matches!(one.change.writes[..], [Write::CreateUser(_), ..]);
    let made = journal.iter_mut().find(|one| create(one)).unwrap();
    made.outcome = Some(Outcome::Failed {
        why: "taken".to_owned(),
        transient: false,
    });
    // Somebody adopted the user that was in the way.
    world.links.agents.clear();
    let adopted = world.clone().link("1", "ada");
    let plan = back(&adopted, &journal);
    assert!(short(&plan).iter().all(|line| !line.contains("deactivate")));
    let why = left_out(&plan).join("\n");
    assert!(why.contains("adopted, not created"), "{why}");
    // Nobody did: without our mark the name and the address are a stranger's.
    world.change("ada", |user| user.custom_fields.clear());
    let plan = back(&world, &journal);
    assert!(
        short(&plan)
            .iter()
            .all(|line| !line.contains("ada") || line.contains("hand"))
    );
    assert!(left_out(&plan).join("\n").contains("no longer ours"));
}

#[test]
fn policies_do_not_keep_anybody_from_going_back_but_observe_does() {
    let (world, journal) = moved();
    for policy in MovePolicy::ALL {
        let world = world.clone().rule(|rules| rules.policy = policy);
        let plan = back(&world, &journal);
        let (done, withheld) = match policy {
            MovePolicy::Observe => (0, 7),
            MovePolicy::CreateOnly | MovePolicy::Upsert | MovePolicy::Sync => (7, 0),
        };
        assert_eq!(
            (plan.changes().len(), plan.withheld().len()),
            (done, withheld)
        );
    }
}

#[test]
fn going_back_can_be_taken_back() {
    let (mut world, journal) = moved();
    let moved = world.actual.clone();
    let back_journal = world.apply_all(&back(&world, &journal));
    let plan = back(&world, &back_journal);
    world.apply_all(&plan);
    assert_eq!(world.actual.departments(), moved.departments());
    let ada = world.find("ada");
    assert!(ada.active && ada.roles.contains(&"livechat-agent".to_owned()));
    assert_eq!(world.count("Sales", "ada"), Some(0));
}

#[test]
fn every_write_tells_how_the_target_stands() {
    let (world, journal) = moved();
    let actual = World::new().actual;
    let none = World::new().roster();
    for one in &journal {
        for write in &one.change.writes {
            let after = standing(write, &world.actual, &world.roster());
            let before = standing(write, &actual, &none);
            let dark = matches!(
                write,
                Write::SetAvailability {
                    available: false,
                    ..
                }
            );
            let expect = if dark {
                Standing::Other
            } else {
                Standing::Wanted
            };
            assert_eq!(after, expect, "{write:?}");
            assert_ne!(before, Standing::Wanted, "{write:?}");
        }
        assert_ne!(one.change.effect, Effect::Remove);
    }
}
