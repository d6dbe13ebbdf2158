//! Comparing as a whole: who counts, who is left out, who is routable.

use super::{
    world::{World, entry},
    *,
};
use crate::domain::{Presence, Standing, moving::Removal};

pub(super) type Spoil = fn(&mut World);

pub(super) fn look(world: &World, part: &Part, acknowledged: &[&str]) -> Parity {
    let acknowledged: Vec<_> = acknowledged.iter().map(|&one| one.to_owned()).collect();
    verify(&Inputs {
        believed: &world.believed(),
        actual: &world.actual(),
        links: &world.links,
        rules: &world.rules,
        acknowledged: &acknowledged,
        part,
        address: "https://chat.example.org",
        at: Timestamp::from_millis(0),
    })
}

pub(super) fn parity(world: &World) -> Parity {
    look(world, &Part::default(), &[])
}

/// Differences as `username field source|bridge|target`.
pub(super) fn told(parity: &Parity) -> Vec<String> {
    let told = parity.people.iter().flat_map(|person| {
        person.differences.iter().map(|one| {
            let sides = [&one.source, &one.bridge, &one.target].map(String::as_str);
            format!("{} {} {}", person.username, one.field, sides.join("|"))
        })
    });
    told.collect()
}

#[test]
fn a_move_without_flaw_is_at_full_parity() {
    let parity = parity(&World::moved());
    assert_eq!(told(&parity), Vec::<String>::new());
    assert_eq!((parity.agents, parity.equal, parity.different), (3, 3, 0));
    assert_eq!(parity_end(&parity), End::Done);
    assert_eq!(parity.at, "1970-01-01T00:00:00.000Z");
    assert_eq!(
        parity.target,
        "Rocket.Chat 7.10.2 at https://chat.example.org"
    );
    assert!(parity.left_out.is_empty() && parity.departments.is_empty());
}

#[test]
fn before_the_move_everybody_differs_in_having_no_user() {
    let found = parity(&World::fresh());
    let expected = ["ada", "bob", "cleo"].map(|name| format!("{name} user {name}|{name}|none"));
    assert_eq!(told(&found), expected);
    assert_eq!((found.waves[0].provisioned, found.different), (0, 3));
}

#[test]
fn routable_is_the_targets_own_rule() {
    let cases: [(Spoil, &str); 9] = [
        (|_| {}, ""),
        (|world| world.there(0).available = false, "is not available"),
        (
            |world| world.there(0).connected = false,
            "has no client connected",
        ),
        (
            |world| {
                world.there(0).connected = false;
                world.switch("Livechat_accept_chats_with_no_agents", true);
            },
            "",
        ),
        (
            |world| {
                world.there(0).connected = false;
                world.users[0].roles.push("bot".into());
            },
            "",
        ),
        (
            |world| {
                world.users[0].active = false;
                world.users[0].roles.clear();
            },
            "is no agent there, is deactivated",
        ),
        (|world| drop(world.users.remove(0)), "has no user there"),
        // Free on both sides, or not at all.
        (
            |world| {
                world.own(0, Owner::Both);
                world.believe(0, |entry| entry.agent.presence = Presence::Away);
                world.agents[0].availability.new_chats = false;
            },
            "is away in LivePerson",
        ),
        (|world| world.agents[0].availability.new_chats = false, ""),
    ];
    for (number, (spoil, why_not)) in cases.into_iter().enumerate() {
        let mut world = World::moved();
        world.own(0, Owner::Target);
        world.there(0).available = true;
        spoil(&mut world);
        let parity = parity(&world);
        assert_eq!(parity.people[0].why_not, why_not, "case {number}");
        assert_eq!(parity.people[0].routable, why_not.is_empty(), "{number}");
    }
}

#[test]
fn who_is_left_out_on_purpose_is_no_difference() {
    let mut world = World::moved();
    world.believe(0, |entry| entry.agent.email = None);
    world.agents[0].emails.clear();
    let first = world.links.agents.pop_first();
    world.users[1].roles.push("admin".into());
    world.users[1].name = "Root".into();
    world.users.remove(0);
    world.others.push(entry(7, "excluded"));
    let mail = entry(8, "login@example.org");
    world.others.push(mail);
    let found = parity(&world);
    let left: Vec<_> = found
        .left_out
        .iter()
        .map(|one| {
            (
                one.subject.as_str(),
                one.why.split([';', ':']).next().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        left,
        [
            ("8", "takes no part, by participants or mapping.email"),
            (
                "ada (1)",
                "has no e-mail address, and migrate.missing_email is \"skip\""
            ),
            ("bob (2)", "the user is protected there"),
            (
                "excluded (7)",
                "takes no part, by participants or mapping.email"
            ),
        ]
    );
    assert_eq!((found.agents, found.equal), (1, 1));
    assert_eq!(parity_end(&found), End::Done);
    // With a user of his own he needs no address any more.
    world
        .links
        .agents
        .extend(first.map(|link| (link.0, link.1)));
    world.users = World::moved().users;
    assert_eq!(parity(&world).agents, 3);
}

#[test]
fn who_has_left_is_judged_by_the_removal() {
    let gone = |owner| {
        let mut world = World::moved();
        let left = world.agents.pop().unwrap();
        let mut entry = (*left.believed).clone();
        entry.owner = owner;
        entry.standing = Standing::Gone {
            since: Timestamp::from_millis(5),
        };
        world.others.push(entry);
        world
    };
    let cases: [(Removal, Spoil, &[&str]); 6] = [
        (Removal::NotAvailable, |_| {}, &[]),
        (
            Removal::NotAvailable,
            |world| world.there(2).available = true,
            &["cleo availability has left|not available|available"],
        ),
        (
            Removal::RemoveRole,
            |_| {},
            &["cleo roles has left|no agent any more|still an agent"],
        ),
        (
            Removal::Deactivate,
            |_| {},
            &["cleo active has left|no|yes"],
        ),
        (
            Removal::Deactivate,
            |world| world.users[2].active = false,
            &[],
        ),
        (Removal::RemoveRole, |world| drop(world.users.pop()), &[]),
    ];
    for (number, (removal, spoil, expected)) in cases.into_iter().enumerate() {
        let mut world = gone(Owner::Source);
        world.rules.removal = removal;
        spoil(&mut world);
        let found = parity(&world);
        assert_eq!(told(&found), expected, "case {number}");
        let left_out = usize::from(expected.is_empty() && world.users.len() == 3);
        assert_eq!(found.left_out.len(), left_out, "case {number}");
        // What the target decides is none of the source's business any more.
        let mut world = gone(Owner::Target);
        world.rules.removal = removal;
        spoil(&mut world);
        assert_eq!(told(&parity(&world)), Vec::<String>::new(), "case {number}");
    }
}

#[test]
fn who_no_longer_takes_part_is_judged_like_who_has_left() {
    let mut world = World::moved();
    let left = world.agents.pop().unwrap();
    world.others.push((*left.believed).clone());
    assert_eq!(
        parity(&world).left_out[0].why,
        "takes no part, by participants or mapping.email; his user is as migrate.removal = \"not-available\" wants it"
    );
    world.there(2).available = true;
    let expected = ["cleo availability takes no part|not available|available"];
    assert_eq!(told(&parity(&world)), expected);
    // He counts to the wave he was moved with, whatever the rules say by now.
    let link = world.links.agents.values_mut().next_back().unwrap();
    link.wave = "first".to_owned();
    let part = Part {
        wave: Some("first".to_owned()),
        cut_over: false,
    };
    assert_eq!(told(&look(&world, &part, &[])), expected);
    // A bot is never touched, and neither is the bridge's own user.
    world.users[2].person = false;
    assert_eq!(told(&parity(&world)), Vec::<String>::new());
    world.users[2].person = true;
    world.capabilities.me = world.users[2].id.clone();
    assert_eq!(told(&parity(&world)), Vec::<String>::new());
}

#[test]
fn waves_are_counted_apart_and_compared_alone() {
    let mut world = World::moved();
    world.own(0, Owner::Target);
    world.users[1].name = "Bobby".into();
    let lines = |parity: &Parity| -> Vec<_> {
        let line = |one: &WaveLine| {
            let numbers = [one.agents, one.provisioned, one.cut_over, one.equal];
            (one.wave.clone(), numbers)
        };
        parity.waves.iter().map(line).collect()
    };
    let all = parity(&world);
    let first = ("first".to_owned(), [1, 1, 1, 1]);
    assert_eq!(
        lines(&all),
        [first.clone(), ("rest".to_owned(), [2, 2, 0, 1])]
    );
    let part = Part {
        wave: Some("first".to_owned()),
        cut_over: true,
    };
    let alone = look(&world, &part, &[]);
    assert_eq!(lines(&alone), [first]);
    assert_eq!(parity_end(&alone), End::Done);
    assert_eq!(parity_end(&all), End::Differences);
    // After a cut-over nobody's availability is the source's any more, not even in part.
    for owner in [Owner::Source, Owner::Both] {
        world.own(0, owner);
        assert_eq!(
            told(&look(&world, &part, &[])),
            ["ada availability online|decided by Rocket.Chat, after the cut-over|not available"]
        );
    }
}

#[test]
fn departments_that_are_not_there_as_they_should_be_are_told() {
    let cases: [(Spoil, &str); 5] = [
        (|_| {}, ""),
        (|world| world.there.clear(), "is not there"),
        (|world| world.there[0].archived = true, "is archived there"),
        (|world| world.there[0].enabled = false, "is disabled there"),
        (
            |world| {
                let mut second = world.there[0].clone();
                second.id = DepartmentId::new("d-two");
                world.there.push(second);
                world.links.departments.clear();
            },
            "2 departments have this name there",
        ),
    ];
    for (number, (spoil, why)) in cases.into_iter().enumerate() {
        let mut world = World::moved();
        spoil(&mut world);
        let found = parity(&world).departments;
        assert_eq!(found.len(), usize::from(!why.is_empty()), "case {number}");
        let sound = found
            .iter()
            .all(|one| one.subject == "Sales" && one.why.starts_with(why));
        assert!(sound, "case {number}: {found:?}");
    }
}

#[test]
fn a_source_that_was_never_read_proves_nothing() {
    let mut world = World::moved();
    world.agents.clear();
    world.age_seconds = None;
    assert_eq!(parity_end(&parity(&world)), End::Source);
}
