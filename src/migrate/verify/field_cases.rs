//! Every field of the comparison: what is a difference, and what an acknowledgement covers.

use super::{
    cases::{Spoil, look, parity, told},
    world::World,
    *,
};
use crate::domain::{EmailAddress, moving::MissingEmail, target::TargetDepartment};

/// Spoils a world without flaw, and looks what is told of it.
fn check(cases: &[(Spoil, &[&str])]) {
    for (number, (spoil, expected)) in cases.iter().enumerate() {
        let mut world = World::moved();
        spoil(&mut world);
        let parity = parity(&world);
        assert_eq!(told(&parity), *expected, "case {number}");
        let end = if expected.is_empty() {
            End::Done
        } else {
            End::Differences
        };
        assert_eq!(parity_end(&parity), end, "case {number}");
        assert_eq!(parity.different + parity.equal, 3, "case {number}");
    }
}

#[test]
fn facts_roles_and_departments_are_compared() {
    let foreign_sales = |world: &mut World| {
        let id = DepartmentId::new("d-other");
        world.there.push(TargetDepartment {
            id: id.clone(),
            name: "Sales".to_owned(),
            enabled: true,
            archived: false,
        });
        world.memberships[0].department = id;
    };
    check(&[
        (
            |world| world.users[0].name = "Ada L.".into(),
            &["ada name ADA|ADA|Ada L."],
        ),
        (
            |world| world.users[0].emails[0].address = "a@example.org".into(),
            &["ada email ada@example.org|ada@example.org|a@example.org"],
        ),
        // Addresses are compared as the target compares them.
        (
            |world| world.users[0].emails[0].address = "ADA@example.org".into(),
            &[],
        ),
        (
            |world| world.users[0].emails.clear(),
            &["ada email ada@example.org|ada@example.org|-"],
        ),
        (
            |world| world.users[0].active = false,
            &["ada active yes|yes|no"],
        ),
        (
            |world| world.users[0].roles.retain(|role| role != "livechat-agent"),
            &["ada roles -|livechat-agent|-"],
        ),
        // A role of ours that is too many counts, a foreign one does not.
        (
            |world| world.users[0].roles.push("livechat-manager".into()),
            &["ada roles -|livechat-agent|livechat-agent, livechat-manager"],
        ),
        (|world| world.users[0].roles.push("auditor".into()), &[]),
        (
            |world| world.memberships.truncate(2),
            &["cleo departments Selling|Sales|-"],
        ),
        // The department that only has the same name is another one.
        (foreign_sales, &["ada departments Selling|Sales|-"]),
        (
            |world| world.agents[0].departments.clear(),
            &["ada departments Selling|-|Sales"],
        ),
    ]);
}

#[test]
fn the_agents_side_and_the_link_are_compared() {
    check(&[
        (|world| world.there(0).limit = None, &["ada limit 4|4|none"]),
        (
            |world| world.agents[0].limit = None,
            &["ada limit 4|none|4"],
        ),
        (
            |world| world.there(0).available = true,
            &["ada availability online|not available until the cut-over|available"],
        ),
        // What is the target's moves by itself.
        (
            |world| {
                world.there(0).available = true;
                world.own(0, Owner::Target);
                world.own(1, Owner::Both);
                world.there(1).available = true;
            },
            &[],
        ),
        (
            |world| world.users[0].custom_fields.clear(),
            &["ada id field 1|1|-"],
        ),
        (
            |world| {
                world.rules.id_field.clear();
                world.users[0].custom_fields.clear();
                world.rules.custom_fields = vec!["lpAgentGroup".into()];
                let fields = &mut world.agents[0].custom_fields;
                fields.insert("lpAgentGroup".into(), "North".into());
            },
            &["ada custom fields lpAgentGroup=North|lpAgentGroup=North|lpAgentGroup=-"],
        ),
        (
            |world| world.users[0].username = "adah".into(),
            &["ada user ada|ada|adah"],
        ),
        (
            |world| {
                world.users[0].id = TargetId::new("u-new");
                world.memberships[0].user = TargetId::new("u-new");
                let link = world.links.agents.values_mut().next().unwrap();
                link.target_id = TargetId::new("u-new");
            },
            &["ada user ada|ada as u-ada|ada as u-new"],
        ),
        (
            |world| {
                world.links.agents.pop_first();
                world.users[0].custom_fields.clear();
            },
            &["ada user ada|ada|ada, who is not ours"],
        ),
        (
            |world| {
                world.links.agents.pop_first();
                world.users[0].username = "other".into();
                world.users[0].custom_fields.clear();
            },
            &["ada user ada|ada|other has the address, and is not ours"],
        ),
        (
            |world| {
                world.links.agents.pop_first();
                world.users.remove(0);
            },
            &["ada user ada|ada|none"],
        ),
        (
            |world| drop(world.users.remove(0)),
            &["ada user ada|ada|gone; it was ada"],
        ),
        (
            |world| {
                world.rules.single_department = Some("All".into());
            },
            &[
                "ada departments Selling|All|Sales",
                "bob departments Selling|All|Sales",
                "cleo departments Selling|All|Sales",
            ],
        ),
    ]);
}

#[test]
fn an_acknowledged_difference_is_shown_and_does_not_count() {
    let no_limit: Spoil = |world| {
        world.capabilities.paid_omnichannel = Some(false);
        world.there(0).limit = None;
    };
    let paid: Spoil = |world| world.there(0).limit = None;
    let renamed: Spoil = |world| world.users[0].name = "Ada L.".into();
    let no_field: Spoil = |world| world.users[0].custom_fields.clear();
    let cases: [(Spoil, &[&str], &str); 8] = [
        (
            no_limit,
            &["limits-without-effect"],
            "limits-without-effect",
        ),
        (no_limit, &["verify:limit"], "verify:limit"),
        // Where limits have an effect their lack is covered by its own name only.
        (paid, &["limits-without-effect"], ""),
        (paid, &["verify:limit"], "verify:limit"),
        (renamed, &["verify:name", "seats"], "verify:name"),
        (renamed, &["verify:email"], ""),
        (no_field, &["custom-fields"], "custom-fields"),
        (no_field, &["verify:id-field"], "verify:id-field"),
    ];
    for (number, (spoil, names, expected)) in cases.into_iter().enumerate() {
        let mut world = World::moved();
        spoil(&mut world);
        let parity = look(&world, &Part::default(), names);
        let person = &parity.people[0];
        assert_eq!(person.differences[0].acknowledged_as, expected, "{number}");
        let covered = !expected.is_empty();
        let result = if covered { "acknowledged" } else { "different" };
        assert_eq!(person.result, result, "{number}");
        assert_eq!(parity.acknowledged, usize::from(covered), "{number}");
        assert_eq!(parity_end(&parity) == End::Done, covered, "{number}");
    }
    // One of two differences is not enough.
    let mut world = World::moved();
    renamed(&mut world);
    world.users[0].active = false;
    let parity = look(&world, &Part::default(), &["verify:name"]);
    assert_eq!(parity.people[0].result, "different");
}

#[test]
fn an_address_is_made_up_only_to_create_a_user() {
    let mut world = World::moved();
    world.rules.missing_email = MissingEmail::Template("{id}@example.net".into());
    world.believe(0, |entry| entry.agent.email = Some("  ".into()));
    world.agents[0].emails.clear();
    world.users[0].emails = vec![EmailAddress {
        address: "ada@home.example.org".into(),
        verified: true,
    }];
    assert_eq!(told(&parity(&world)), Vec::<String>::new());
    world.users[0].emails.clear();
    assert_eq!(told(&parity(&world)), Vec::<String>::new());
}

#[test]
fn a_user_who_carries_the_agents_id_is_told_and_compared() {
    let mut world = World::moved();
    world.links.agents.pop_first();
    world.users[0].active = false;
    let expected = [
        "ada user ada|ada|ada carries the agent's id, and is not linked yet",
        "ada active yes|yes|no",
    ];
    let found = parity(&world);
    assert_eq!(told(&found), expected);
    assert_eq!(found.waves[0].provisioned, 0);
    // Of two nobody can tell which it is.
    let mut twin = world.users[0].clone();
    twin.id = TargetId::new("u-twin");
    twin.username = "twin".to_owned();
    world.users.push(twin);
    let expected = ["ada user ada|ada|ada, who is not ours"];
    assert_eq!(told(&parity(&world)), expected);
}

#[test]
fn departments_that_mapping_knows_are_compared_even_when_they_are_not_ours() {
    let mut world = World::moved();
    world.links.departments.clear();
    world.agents[0].departments.clear();
    assert_eq!(
        told(&parity(&world)),
        ["ada departments Selling|-|Sales"],
        "a member too many"
    );
    // What mapping has never heard of is somebody else's.
    world.departments.clear();
    for agent in &mut world.agents {
        agent.departments.clear();
    }
    assert_eq!(told(&parity(&world)), Vec::<String>::new());
}
