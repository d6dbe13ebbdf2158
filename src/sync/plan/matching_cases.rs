//! Who is who, which departments are meant, and who leaves: as tables.

use super::{
    cases::{check, left_out, prepared, short},
    world::{ROLE, World, addresses, as_agent, scope, source},
};
use crate::domain::{
    Effect, Owner, Phase, TargetId, TargetUser,
    moving::{Origin, Removal},
};

/// A difference of one user.
type Alter = fn(&mut TargetUser);

/// Nothing is planned about any agent, and that is why.
#[track_caller]
fn check_left_out(given: &World, why: &str) {
    let plan = given.plan(&scope("", true));
    let about_agents = |line: &String| !line.starts_with("settings");
    let lines: Vec<_> = short(&plan).into_iter().filter(about_agents).collect();
    assert_eq!(lines, [""; 0]);
    let out = left_out(&plan);
    assert!(out.len() == 1 && out[0].contains(why), "{out:?}");
    assert!(!out[0].contains('@'), "an address in {out:?}");
    assert_eq!(plan.concerned(), 0);
}

fn ada() -> World {
    World::new().agent("1", "ada", "")
}

#[test]
fn foreign_users_are_never_taken_over() {
    let other_address = |user: &mut TargetUser| user.emails = addresses("x@example.org", true);
    let other_name = |user: &mut TargetUser| user.emails = addresses("ADA@Example.org", true);
    let cases = [
        (ada().user("ADA", other_address), "adopt"),
        (ada().user("eve", other_name), "taken by the user eve"),
        // It is another agent's.
        (
            World::new()
                .agent("1", "ada", "")
                .user("ada", other_address)
                .link("2", "ada"),
            "the user of agent 2",
        ),
    ];
    for (world, why) in cases {
        let plan = world.plan(&scope("", true));
        let about: Vec<_> = left_out(&plan)
            .into_iter()
            .filter(|line| line.contains("(1)"))
            .collect();
        assert!(about.len() == 1 && about[0].contains(why), "{about:?}");
        assert_eq!(short(&plan), [""; 0]);
    }
}

#[test]
fn a_link_counts_whatever_the_user_is_called() {
    let world = ada()
        .user("someone", |user| as_agent(user, false, None))
        .user("ada", |user| user.emails = addresses("x@example.org", true))
        .link("1", "someone");
    let world = check(
        world,
        &scope("", false),
        &[
            "settings create setting Accounts_CustomFields: set setting",
            "users update someone (1): update user",
        ],
    );
    assert_eq!(world.find("someone").emails[0].address, "ada@example.org");
    assert_eq!(world.plan(&scope("", false)).foreign(), 0);
}

#[test]
fn a_user_that_was_deleted_needs_a_word_first() {
    check_left_out(&ada().link("1", "ada"), "`release` it");
}

#[test]
fn a_user_who_carries_the_id_is_ours_again() {
    let mut world = prepared();
    let before = world.links.agents.clone();
    world.links.agents.clear();
    let plan = world.plan(&scope("", false));
    assert_eq!(short(&plan), [""; 0]);
    assert_eq!((plan.concerned(), plan.foreign()), (1, 0));
    let [link] = plan.recognised() else {
        panic!("{plan:?}");
    };
    assert_eq!(link.origin, Origin::Adopted);
    assert_eq!(link.target_id, before.values().next().unwrap().target_id);
    assert_eq!(link.wave, "first");
    // Of another wave nobody is recognised, but they are not foreign either.
    let other = world.plan(&scope("second", false));
    assert_eq!((other.recognised().len(), other.foreign()), (0, 0));
    world.apply_all(&plan);
    assert!(world.plan(&scope("", false)).recognised().is_empty());
}

#[test]
fn a_released_user_is_not_recognised_by_the_id_he_still_carries() {
    let mut world = prepared();
    let released = world
        .links
        .agents
        .values()
        .map(|link| link.target_id.clone());
    world.links.released = released.collect();
    world.links.agents.clear();
    let plan = world.plan(&scope("", false));
    assert_eq!(short(&plan), [""; 0]);
    assert_eq!((plan.recognised().len(), plan.foreign()), (0, 1));
    assert!(plan.left_out()[0].why.contains("`adopt` it"), "{plan:?}");
}

#[test]
fn who_was_cut_over_is_left_alone_when_the_source_forgets_him() {
    for gone in [true, false] {
        let mut world = prepared();
        let id = world.entries.keys().next().unwrap().clone();
        world.entries.get_mut(&id).unwrap().owner = Owner::Target;
        world.leaves("1", gone);
        let plan = world.plan(&scope("", false));
        assert_eq!(short(&plan), [""; 0], "gone: {gone}");
        assert!(
            plan.left_out()[0].why.contains("take him out there"),
            "{plan:?}"
        );
    }
}

#[test]
fn two_users_who_carry_one_id_are_nobody() {
    let carry = |user: &mut TargetUser| {
        user.custom_fields.insert("lpAgentId".into(), "1".into());
    };
    check_left_out(&ada().user("a", carry).user("b", carry), "both carry");
}

#[test]
fn protected_users_are_never_touched() {
    let as_is = |_: &mut TargetUser| {};
    let admin = |user: &mut TargetUser| user.roles.push("admin".to_owned());
    let me = |user: &mut TargetUser| user.id = TargetId::new("me");
    let bot = |user: &mut TargetUser| user.person = false;
    let cases: [(&str, Alter, &str); 4] = [
        ("ROOT", as_is, "protected by name"),
        ("ada", admin, "protected by the role admin"),
        ("ada", me, "we act as"),
        ("ada", bot, "a bot"),
    ];
    for (name, change, why) in cases {
        for linked in [true, false] {
            let mut world = ada().user(name, |user| {
                as_agent(user, true, None);
                change(user);
                if !linked {
                    user.custom_fields.insert("lpAgentId".into(), "1".into());
                }
            });
            if linked {
                world = world.link("1", name);
                let id = world.find(name).id.clone();
                world
                    .links
                    .agents
                    .values_mut()
                    .for_each(|link| link.target_id = id.clone());
            }
            check_left_out(&world, why);
            world.leaves("1", true);
            let plan = world.plan(&scope("", true));
            assert_eq!(short(&plan), [""; 0]);
            assert_eq!(plan.departed().len(), 0);
        }
    }
}

#[test]
fn of_two_agents_with_one_address_the_second_is_left_out() {
    let same = |agent: &mut crate::domain::DesiredAgent| {
        agent.emails = addresses("Ada@example.org", true);
        source(agent, |entry| {
            entry.agent.email = Some("Ada@example.org".to_owned());
        });
    };
    let mut world = ada().agent_with("2", "bob", "", same);
    for _ in 0..2 {
        let plan = world.plan(&scope("", true));
        assert_eq!(plan.concerned(), 1);
        let out = left_out(&plan);
        assert!(out[0].starts_with("bob (2): the e-mail address is shared with agent 1"));
        world.apply_all(&plan);
    }
    // It does not depend on the wave that is asked for.
    assert_eq!(world.plan(&scope("second", true)).left_out(), []);
    // One who has a user already keeps what he has, and is moved all the same.
    let world = prepared()
        .agent_with("2", "bob", "", same)
        .user("bob", |user| {
            as_agent(user, false, None);
            user.custom_fields.insert("lpAgentId".into(), "2".into());
        });
    let mut world = world.link("2", "bob");
    world.desired[1].name = "Bob".to_owned();
    let world = check(
        world,
        &scope("", false),
        &["users update bob (2): update user"],
    );
    assert_eq!(world.find("bob").emails[0].address, "bob@example.org");
    let out = left_out(&world.plan(&scope("", false)));
    assert!(
        out[0].contains("keeps the e-mail address he has"),
        "{out:?}"
    );
}

#[test]
fn departments_are_found_by_link_id_and_name() {
    let add = "membership create department Sales: add members";
    let lines = |world: World| {
        let plan = world.plan(&scope("", false));
        let all = short(&plan).into_iter();
        let about = all
            .filter(|line| line.contains("Sales"))
            .collect::<Vec<_>>();
        (about, left_out(&plan))
    };
    let world = || World::new().agent("1", "ada", "Sales");
    assert_eq!(lines(world().department("d", "Sales", true)).0, [add]);
    // The id that mapping was given.
    let by_id = world().department("derived-Sales", "Verkauf", true);
    assert_eq!(lines(by_id).0, [add]);
    // Exactly of that name.
    let create = "departments create department Sales: create department";
    assert_eq!(
        lines(world().department("d", "sales", true)).0,
        [create, add]
    );
    // Not ours and closed, or nobody knows which.
    let closed = lines(world().department("d", "Sales", false));
    assert!(
        closed.0.is_empty() && closed.1[0].contains("not ours"),
        "{closed:?}"
    );
    let two = world()
        .department("d", "Sales", true)
        .department("e", "Sales", true);
    let two = lines(two);
    assert!(
        two.0.is_empty() && two.1[0].contains("2 departments"),
        "{two:?}"
    );
    // Ours, whatever others are called.
    let mut ours = prepared().department("e", "Sales", true);
    assert_eq!(lines(ours.clone()).0, [""; 0]);
    ours.write(&crate::domain::Write::CloseDepartment {
        department: crate::domain::change::DepartmentRef {
            name: "Sales".to_owned(),
            id: None,
        },
    });
    let open = "departments update department Sales: open department";
    check(ours, &scope("", false), &[open]);
}

#[test]
fn one_department_takes_them_all() {
    let world = World::new()
        .agent("1", "ada", "Sales Rest")
        .agent("2", "bob", "")
        .rule(|rules| rules.single_department = Some("All".to_owned()));
    let world = check(
        world,
        &scope("", false),
        &[
            "settings create setting Accounts_CustomFields: set setting",
            "users create ada (1): create user",
            "users create bob (2): create user",
            "roles create ada (1): grant role, make not available",
            "roles create bob (2): grant role, make not available",
            "departments create department All: create department",
            "membership create department All: add members",
        ],
    );
    assert_eq!(world.actual.departments().len(), 1);
    assert_eq!(world.count("All", "bob"), Some(0));
}

#[test]
fn members_start_where_the_others_are_and_foreign_ones_stay() {
    let mut world = prepared()
        .agent("2", "bob", "Sales")
        .user("eve", |user| as_agent(user, true, None))
        .department("d", "Rest", true)
        .member("d-Sales", "eve", 4)
        .member("d", "eve", 9)
        .member("d", "ada", 5);
    // Rest is known to mapping, since somebody could be in it.
    world = world.agent("3", "cyd", "Rest");
    let plan = world.plan(&scope("", false));
    world.apply_all(&plan);
    assert_eq!(world.count("Sales", "bob"), Some(0), "ada has 0");
    assert_eq!(
        world.count("Rest", "cyd"),
        Some(5),
        "the least of those before"
    );
    assert_eq!(world.count("Rest", "ada"), None);
    assert_eq!(world.count("Rest", "eve"), Some(9));
    assert_eq!(world.count("Sales", "eve"), Some(4));
    assert_eq!(world.plan(&scope("", false)).foreign(), 1);
    // A department that mapping does not know is nobody's business.
    let world = world.department("x", "Other", true).member("x", "ada", 1);
    check(world, &scope("", false), &[]);
}

#[test]
fn members_come_in_batches() {
    let mut world = World::new();
    for number in 0..250 {
        world = world.agent(&format!("{number:03}"), &format!("n{number:03}"), "Sales");
    }
    let plan = world.plan(&scope("", false));
    let sizes: Vec<_> = plan
        .changes()
        .iter()
        .filter(|change| change.phase == Phase::Membership)
        .map(|change| change.fields.len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
    let last = plan.changes().last().unwrap();
    assert_eq!(last.fields[49].after, "n249");
}

#[test]
fn who_leaves_is_treated_by_the_rule() {
    let close = "users close ada (1): make not available";
    let strip = "roles remove ada (1): remove members, set limit, revoke role";
    let all = "roles remove ada (1): remove members, set limit, revoke role, deactivate user";
    let cases = [
        (Removal::NotAvailable, vec![close]),
        (Removal::RemoveRole, vec![close, strip]),
        (Removal::Deactivate, vec![close, all]),
    ];
    for (removal, expect) in cases {
        for gone in [true, false] {
            let mut world = prepared().rule(|rules| rules.removal = removal);
            // His own availability in the target does not keep him.
            world.change("ada", |user| {
                user.agent.as_mut().unwrap().available = true;
            });
            world.leaves("1", gone);
            let plan = world.plan(&scope("", false));
            assert_eq!(plan.departed().len(), 1);
            let reason = if gone {
                "has left"
            } else {
                "no longer takes part"
            };
            assert!(plan.changes()[0].reason.contains(reason));
            let world = check(world, &scope("", false), &expect);
            let ada = world.find("ada");
            let has = (ada.active, ada.roles.contains(&ROLE.to_owned()));
            assert_eq!(
                has,
                (
                    removal != Removal::Deactivate,
                    removal == Removal::NotAvailable
                )
            );
        }
    }
}

#[test]
fn who_was_never_seen_has_not_left() {
    let mut world = prepared();
    world.change("ada", |user| user.agent.as_mut().unwrap().available = true);
    world.leaves("1", true);
    world.entries.clear();
    check_left_out(&world, "never seen");
}

#[test]
fn who_comes_back_is_brought_back() {
    let world = prepared().rule(|rules| rules.removal = Removal::Deactivate);
    let mut gone = world.clone();
    gone.leaves("1", true);
    gone.apply_all(&gone.plan(&scope("", false)));
    gone.desired.clone_from(&world.desired);
    gone.entries.clone_from(&world.entries);
    let world = check(
        gone,
        &scope("", false),
        &[
            "users update ada (1): activate user",
            "roles create ada (1): grant role, make not available",
            "membership create department Sales: add members",
            "limits create ada (1): set limit",
        ],
    );
    let plan = world.plan(&scope("", true));
    assert_eq!(plan.changes().len(), 1);
    assert_eq!(plan.changes()[0].effect, Effect::Open);
}
