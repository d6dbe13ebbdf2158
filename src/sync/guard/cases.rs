//! Limits, as a table.

use proptest::prelude::*;

use super::{Counts, guard};
use crate::domain::{
    Owner, Phase, SourceId,
    moving::{GuardRules, Limit, Removal},
};
use crate::sync::plan::{
    Plan, undo,
    world::{World, scope},
};

/// So many agents in Sales, moved, cut over and available.
fn moved(agents: usize) -> World {
    let mut world = World::new();
    for number in 0..agents {
        world = world.agent(&format!("{number:02}"), &format!("n{number:02}"), "Sales");
    }
    world.apply_all(&world.plan(&scope("", true)));
    world.rule(|rules| rules.removal = Removal::RemoveRole)
}

fn gone(agents: usize, of: usize) -> Plan {
    let mut world = moved(of);
    for number in 0..agents {
        let id = format!("{number:02}");
        // Whoever was cut over would be left alone.
        world.own(&SourceId::new(&id), Owner::Source);
        world.leaves(&id, number % 2 == 0);
    }
    world.plan(&scope("", false))
}

/// So many of twelve get another name, and so many lose their department.
fn mapped(names: usize, departments: usize) -> Plan {
    let mut world = moved(12);
    for agent in &mut world.desired[..names] {
        agent.name = "other".to_owned();
    }
    for agent in &mut world.desired[..departments] {
        agent.departments.clear();
    }
    world.plan(&scope("", false))
}

fn counts(plan: &Plan) -> [usize; 4] {
    let counts = Counts::of(plan);
    [
        counts.removals,
        counts.absences,
        counts.mapping,
        counts.opened,
    ]
}

fn refused(plan: Plan, rules: &GuardRules, accepted: &[&str]) -> Vec<&'static str> {
    let accepted: Vec<_> = accepted.iter().map(|&name| name.to_owned()).collect();
    let Err(excesses) = guard(plan, rules, &accepted) else {
        return Vec::new();
    };
    excesses.iter().map(|one| one.name).collect()
}

fn of(percent: u8, count: usize) -> GuardRules {
    let limit = Limit { percent, count };
    GuardRules {
        minimum: 10,
        removals: limit,
        absences: limit,
        mapping: limit,
        opened: limit,
    }
}

#[test]
fn each_limit_counts_its_own() {
    // Closed and stripped is one absence and one removal.
    assert_eq!(counts(&gone(3, 12)), [3, 3, 0, 0]);
    assert_eq!(counts(&gone(0, 12)), [0; 4]);
    assert_eq!(counts(&mapped(2, 0)), [0, 0, 2, 0]);
    // Members are counted one by one.
    assert_eq!(counts(&mapped(2, 5)), [5, 0, 7, 0]);
    let new = World::new()
        .agent("1", "ada", "Sales")
        .agent("2", "bob", "");
    assert_eq!(counts(&new.plan(&scope("", false))), [0; 4]);
    assert_eq!(counts(&new.plan(&scope("", true))), [0, 0, 0, 2]);
}

#[test]
fn what_the_source_says_about_presence_is_never_guarded() {
    let mut world = moved(12);
    for entry in world.entries.values_mut() {
        entry.agent.presence = crate::domain::Presence::Offline;
    }
    assert_eq!(counts(&world.plan(&scope("", false))), [0; 4]);
    // Nor is it an absence when somebody is dark because his cut-over is to come.
    for entry in world.entries.values_mut() {
        entry.owner = Owner::Source;
    }
    let plan = world.plan(&scope("", false));
    assert_eq!(plan.changes().len(), 12);
    assert_eq!(counts(&plan), [0; 4]);
}

#[test]
fn the_table_of_limits_holds() {
    let cases = [
        // Departed, of how many, per cent, number, refused.
        (1, 12, 9, 9, true),
        (1, 12, 8, 9, true),
        (3, 12, 25, 9, false),
        (3, 12, 24, 9, true),
        (3, 12, 25, 3, false),
        (3, 12, 25, 2, true),
        // Below the minimum only the number counts.
        (3, 9, 1, 3, false),
        (3, 9, 1, 2, true),
        (3, 10, 1, 3, true),
        (0, 12, 0, 0, false),
        (12, 12, 100, 12, false),
    ];
    for (departed, agents, percent, count, expect) in cases {
        let plan = gone(departed, agents);
        let names = refused(plan.clone(), &of(percent, count), &[]);
        // One of twelve is 8.33 per cent.
        let expect = expect && !(departed == 1 && percent == 9);
        let both: &[&str] = if expect {
            &["removals", "absences"]
        } else {
            &[]
        };
        assert_eq!(
            names, both,
            "{departed} of {agents}, {percent} % and {count}"
        );
        let accepted = ["absences", "removals"];
        assert!(refused(plan.clone(), &of(percent, count), &accepted).is_empty());
        if expect {
            let rest = refused(plan, &of(percent, count), &["removals"]);
            assert_eq!(rest, ["absences"]);
        }
    }
}

#[test]
fn a_refusal_names_the_numbers_the_setting_and_the_way_on() {
    let excesses = guard(gone(6, 12), &of(10, 5), &[]).unwrap_err();
    assert_eq!(
        excesses[0].why,
        "the plan takes away 6 roles, memberships, users or departments, with 12 agents concerned; more than migrate.guard.removals_percent = 10 and migrate.guard.removals_count = 5 allows: look at the plan, then repeat with --accept removals"
    );
    assert!(
        excesses[1]
            .why
            .starts_with("the plan closes 6 agents who left")
    );
}

#[test]
fn a_plan_that_passes_is_the_plan_that_was_given() {
    let plan = gone(1, 12);
    let safe = guard(plan.clone(), &GuardRules::default(), &[]).unwrap();
    assert_eq!(safe.plan(), &plan);
}

#[test]
fn going_back_is_guarded_too() {
    let mut world = World::new();
    for number in 0..12 {
        world = world.agent(&format!("{number:02}"), &format!("n{number:02}"), "Sales");
    }
    let journal = world.apply_all(&world.plan(&scope("", true)));
    let plan = world.ask(|facts| undo(facts, &journal, None, None));
    // Twelve users, roles and members, and a department. Mapping has nothing to do with it.
    assert_eq!(counts(&plan), [37, 0, 0, 0]);
    assert_eq!(refused(plan, &GuardRules::default(), &[]), ["removals"]);
    let plan = world.ask(|facts| undo(facts, &journal, Some(Phase::CutOver), None));
    assert_eq!(counts(&plan), [0; 4]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_wider_limit_never_refuses_more(
        names in 0..12usize, departments in 0..12usize,
        percent in 0..100u8, count in 0..20usize, minimum in 0..20usize,
        wider_percent in 0..100u8, wider_count in 0..20usize, wider_minimum in 0..20usize,
    ) {
        let plan = mapped(names, departments);
        let narrow = GuardRules { minimum, ..of(percent, count) };
        let wide = GuardRules {
            minimum: minimum + wider_minimum,
            ..of(percent.saturating_add(wider_percent).min(100), count + wider_count)
        };
        let narrow = refused(plan.clone(), &narrow, &[]);
        let wide = refused(plan, &wide, &[]);
        prop_assert!(wide.iter().all(|name| narrow.contains(name)));
    }
}
