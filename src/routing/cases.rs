//! Who is next, case by case.

use super::{
    people::{Person, person, snapshot},
    *,
};
use crate::domain::{Ask, Owner, Policy, Presence, Purpose, Standing, Timestamp};

fn index(policy: Policy, people: &[Person]) -> Index {
    Index::new(Roll::empty(policy).following(snapshot(people), true).0)
}

pub(super) fn name(index: &Index, choice: Choice) -> Result<String, Refusal> {
    match choice {
        Choice::Agent(pick) => {
            let row = &index.roll().snapshot().rows()[pick.row];
            Ok(row.username().to_owned())
        }
        Choice::Nobody(nobody) => Err(nobody.main),
    }
}

/// Asks, counts the pick, and says who.
fn pick(index: &mut Index, department: Option<&str>, at: i64) -> String {
    let choice = next(index, department, None, Claim::NewChat);
    if let Choice::Agent(pick) = choice {
        let at = Timestamp::from_millis(at);
        index.pick(pick.row, pick.department, at, |desk| desk.firm += 1);
    }
    name(index, choice).unwrap_or_else(|refusal| refusal.word().to_owned())
}

#[test]
fn every_refused_agent_has_exactly_one_reason() {
    use Claim::{Anonymous, NewChat, Transfer};
    use Refusal::*;
    let since = Timestamp::from_millis(7);
    let ada = || person("ada").of(&["sales"]);
    let cases: [(Person, Claim, Option<Refusal>); 25] = [
        (ada(), Anonymous, None),
        (ada().endless(), Anonymous, None),
        (ada().chats(3, 4), Anonymous, None),
        (ada().chats(4, 4), Anonymous, Some(AtCapacity)),
        (ada().chats(9, 4), Transfer, Some(AtCapacity)),
        (ada().chats(0, 0), NewChat, Some(NoCapacity)),
        (ada().chats(2, 0), Transfer, Some(NoCapacity)),
        (ada().is(Presence::Occupied), Anonymous, Some(Occupied)),
        (ada().is(Presence::Occupied), NewChat, Some(Occupied)),
        (ada().is(Presence::Occupied), Transfer, None),
        (
            ada().is(Presence::Occupied).chats(4, 4),
            NewChat,
            Some(Occupied),
        ),
        (
            ada().is(Presence::Occupied).chats(4, 4),
            Transfer,
            Some(AtCapacity),
        ),
        (ada().is(Presence::Away), Transfer, Some(NotAvailable)),
        (ada().is(Presence::Offline), NewChat, Some(NotAvailable)),
        (ada().is(Presence::Unknown), NewChat, Some(NotAvailable)),
        // Of several reasons the first in the order of the list.
        (
            ada().is(Presence::Away).chats(4, 4),
            NewChat,
            Some(NotAvailable),
        ),
        (
            ada()
                .stands(Standing::Missing { since })
                .is(Presence::Unknown),
            NewChat,
            Some(Missing),
        ),
        (
            ada().stands(Standing::Gone { since }).chats(4, 4),
            NewChat,
            Some(Gone),
        ),
        (ada().stands(Standing::Frozen { since }), NewChat, None),
        // Neither the source's word nor its silence counts for the target's own.
        (
            ada()
                .stands(Standing::Gone { since })
                .owned_by(Owner::Target),
            NewChat,
            Some(TargetDecides),
        ),
        (
            ada().owned_by(Owner::Target),
            Anonymous,
            Some(TargetDecides),
        ),
        (
            ada().owned_by(Owner::Target).is(Presence::Away),
            Transfer,
            Some(TargetDecides),
        ),
        (ada().owned_by(Owner::Both), Anonymous, None),
        (
            ada().stands(Standing::Gone { since }).owned_by(Owner::Both),
            NewChat,
            Some(Gone),
        ),
        (person("ada"), NewChat, Some(NotInDepartment)),
    ];
    for (who, claim, expected) in cases {
        let index = index(Policy::AutoSelection, std::slice::from_ref(&who));
        let choice = next(&index, Some("sales"), None, claim);
        assert_eq!(name(&index, choice).err(), expected, "{who:?} {claim:?}");
        if let Choice::Nobody(nobody) = choice {
            let reasons: Vec<_> = nobody.tally.iter().collect();
            assert_eq!(reasons, [(nobody.main, 1)], "{who:?} {claim:?}");
        }
    }
}

#[test]
fn the_id_from_before_provisioning_means_the_agent_too() {
    let people = [person("ada").provisioned("u1"), person("bob")];
    let index = index(Policy::AutoSelection, &people);
    for (id, row) in [
        ("u1", Some(0)),
        ("t-ada", Some(0)),
        ("t-bob", Some(1)),
        ("ada", None),
    ] {
        assert_eq!(index.roll().find(id), row, "{id}");
        let ask = Ask {
            department: None,
            purpose: Purpose::NewChat,
            ignored_agent: Some(id),
        };
        assert_eq!(index.suits(0, &ask), row != Some(0), "{id}");
        let choice = next(&index, None, Some(id), Claim::NewChat);
        let expected = if row == Some(0) { "bob" } else { "ada" };
        assert_eq!(name(&index, choice), Ok(expected.to_owned()), "{id}");
        let told = explain(index.roll(), &ask, Policy::AutoSelection, false);
        let ignored: Vec<_> = told.refused.iter().map(|one| one.place).collect();
        assert_eq!(ignored, row.into_iter().collect::<Vec<_>>(), "{id}");
    }
    // An id that somebody has now means them, and not whoever had it before.
    let people = [person("ada").provisioned("t-bob"), person("bob")];
    let index = self::index(Policy::AutoSelection, &people);
    assert_eq!(index.roll().find("t-ada"), Some(0));
    let people = [
        person("bob").provisioned("u2"),
        person("cyd").provisioned("t-bob"),
    ];
    let index = self::index(Policy::AutoSelection, &people);
    assert_eq!(index.roll().find("t-bob"), Some(1));
}

#[test]
fn what_was_asked_can_refuse_everybody() {
    let people = [person("ada").of(&["sales"]), person("bob")];
    let ask = |policy, people: &[Person], department, ignored| {
        let index = index(policy, people);
        next(&index, department, ignored, Claim::NewChat)
    };
    let cases = [
        (
            ask(Policy::Manual, &people, None, None),
            Refusal::ManualPolicy,
            2,
        ),
        (
            ask(Policy::AutoSelection, &[], None, None),
            Refusal::NobodyKnown,
            0,
        ),
        (
            ask(Policy::AutoSelection, &people, Some("nowhere"), None),
            Refusal::UnknownDepartment,
            2,
        ),
        (
            ask(Policy::AutoSelection, &people, Some("empty"), None),
            Refusal::NotInDepartment,
            2,
        ),
        (
            ask(Policy::AutoSelection, &people, Some("sales"), Some("t-ada")),
            Refusal::Ignored,
            1,
        ),
    ];
    for (choice, main, agents) in cases {
        let Choice::Nobody(nobody) = choice else {
            panic!("{main:?}: {choice:?}");
        };
        assert_eq!(nobody.main, main);
        assert_eq!(nobody.tally.count(main), agents, "{main:?}");
    }
    // Ignoring somebody unknown, or from elsewhere, ignores nobody.
    for ignored in ["t-bob", "t-who"] {
        let choice = ask(Policy::AutoSelection, &people, Some("sales"), Some(ignored));
        assert!(matches!(choice, Choice::Agent(_)), "{ignored}");
    }
}

#[test]
fn an_old_source_refuses_those_whom_it_decides_about_and_the_others_are_the_targets() {
    let people = [
        person("ada"),
        person("bob").owned_by(Owner::Both),
        person("eve").owned_by(Owner::Target),
    ];
    let mut index = index(Policy::AutoSelection, &people);
    index.set_young(false);
    let Choice::Nobody(nobody) = next(&index, None, None, Claim::NewChat) else {
        panic!("somebody was offered");
    };
    let reasons: Vec<_> = nobody.tally.iter().collect();
    assert_eq!(
        reasons,
        [(Refusal::SourceTooOld, 2), (Refusal::TargetDecides, 1)]
    );
    let mut only_target = self::index(Policy::AutoSelection, &people[2..]);
    assert_eq!(pick(&mut only_target, None, 1), "target_decides");
    let mut only_source = self::index(Policy::AutoSelection, &people[..2]);
    only_source.set_young(false);
    assert_eq!(pick(&mut only_source, None, 1), "source_too_old");
    only_source.set_young(true);
    assert_eq!(pick(&mut only_source, None, 1), "ada");
}

#[test]
fn auto_selection_counts_picks_apart_for_each_department_and_for_none() {
    let both = ["billing", "sales"];
    let people = [
        person("Zoe").of(&both),
        person("ada").of(&both),
        person("bob").of(&["sales"]),
    ];
    let mut index = index(Policy::AutoSelection, &people);
    // Plain binary order: upper case comes first.
    let asks = [
        (Some("sales"), "Zoe"),
        (Some("sales"), "ada"),
        (Some("sales"), "bob"),
        (Some("sales"), "Zoe"),
        (Some("billing"), "Zoe"),
        (Some("billing"), "ada"),
        (None, "Zoe"),
        (None, "ada"),
        (None, "bob"),
        (Some("sales"), "ada"),
    ];
    for (at, (department, expected)) in (0..).zip(asks) {
        assert_eq!(pick(&mut index, department, at), expected, "ask {at}");
    }
}

#[test]
fn load_balancing_takes_fewest_chats_then_longest_since_then_the_name() {
    let people = [
        person("ada").chats(1, 9),
        person("bob").chats(0, 9),
        person("cyd").chats(0, 9),
    ];
    let mut index = index(Policy::LoadBalancing, &people);
    let picks: Vec<_> = (0..7).map(|at| pick(&mut index, None, at)).collect();
    assert_eq!(picks, ["bob", "cyd", "ada", "bob", "cyd", "ada", "bob"]);
}

#[test]
fn load_rotation_takes_whoever_waited_longest_whatever_their_chats() {
    let people = [person("ada").chats(7, 9), person("bob"), person("cyd")];
    let mut index = index(Policy::LoadRotation, &people);
    // Twice in one millisecond: bob and cyd tie, and the name decides.
    let picks: Vec<_> = [5, 6, 6, 7, 8, 9]
        .map(|at| pick(&mut index, None, at))
        .to_vec();
    assert_eq!(picks, ["ada", "bob", "cyd", "ada", "bob", "cyd"]);
}

#[test]
fn transfers_go_to_the_available_before_the_occupied() {
    let people = [
        person("ada").is(Presence::Occupied),
        person("bob").chats(3, 4),
        person("cyd").is(Presence::Away),
    ];
    let mut index = index(Policy::LoadBalancing, &people);
    let transfer = |index: &Index| name(index, next(index, None, None, Claim::Transfer));
    assert_eq!(transfer(&index), Ok("bob".to_owned()));
    // Even by displacing an anonymous hold.
    index.change(1, |desk| desk.tentative = 1);
    let choice = next(&index, None, None, Claim::Transfer);
    assert!(matches!(
        choice,
        Choice::Agent(Pick {
            row: 1,
            displaces: true,
            ..
        })
    ));
    index.change(1, |desk| (desk.firm, desk.tentative) = (1, 0));
    assert_eq!(transfer(&index), Ok("ada".to_owned()));
}

#[test]
fn the_explanation_agrees_with_the_choice_and_names_everybody() {
    let people = [
        person("ada").of(&["sales"]).chats(2, 2),
        person("bob").of(&["sales"]),
        person("cyd").of(&["sales"]).chats(1, 4),
        person("dan"),
        person("eve").of(&["sales"]).is(Presence::Away),
    ];
    let ask = Ask {
        department: Some("sales"),
        purpose: Purpose::NewChat,
        ignored_agent: None,
    };
    for policy in Policy::ALL {
        let index = index(policy, &people);
        let told = explain(index.roll(), &ask, policy, false);
        let first = told.candidates.first().map(|c| c.username.clone());
        let choice = next(&index, ask.department, None, Claim::Anonymous);
        assert_eq!(first, name(&index, choice).ok(), "{policy:?}");
        assert_eq!(told.candidates.len() + told.refused.len(), people.len());
        assert!(!told.notes.is_empty(), "{policy:?}");
    }
    let index = index(Policy::AutoSelection, &people);
    let told = explain(index.roll(), &ask, Policy::LoadBalancing, false);
    assert_eq!(
        told.candidates[0].key,
        [
            ("open chats and holds", "0".to_owned()),
            ("last picked", "never".to_owned()),
            ("username", "bob".to_owned())
        ]
    );
    let sentences: Vec<_> = told.refused.iter().map(|r| r.sentence.as_str()).collect();
    assert_eq!(
        sentences,
        [
            "2 of 2 chats: 2 open, 0 booked, 0 held for anonymous answers",
            "not a member of the department",
            "presence does not take chats"
        ]
    );
    assert!(told.notes[0].contains("not the configured policy"));
    let spent = explain(index.roll(), &ask, Policy::AutoSelection, true);
    assert_eq!(spent.tally.count(Refusal::ShareSpent), 2);
}

#[test]
fn rows_brought_up_to_date_stand_where_a_fresh_index_puts_them() {
    let everybody: Vec<_> = ["ada", "bob", "cyd", "dan", "eve"]
        .map(|name| person(name).of(&["billing", "sales"]))
        .to_vec();
    for policy in [
        Policy::AutoSelection,
        Policy::LoadBalancing,
        Policy::LoadRotation,
    ] {
        let mut before = index(policy, &everybody);
        for at in 0..7 {
            pick(&mut before, [None, Some("sales")][at % 2], 10);
        }
        // A newer snapshot without ada is prepared from a copy; picks go on meanwhile.
        let (roll, moved) = before.roll().following(snapshot(&everybody[1..]), true);
        let mut after = Index::new(roll);
        for at in 0..5 {
            pick(
                &mut before,
                [None, Some("sales"), Some("billing")][at % 3],
                20,
            );
        }
        let departments: Vec<_> = (0..people::DEPARTMENTS.len()).map(Some).collect();
        for (there, now) in moved.iter().enumerate() {
            if let Some(now) = now {
                after.adopt(*now as usize, before.roll(), there, &departments);
            }
        }
        let sales = after.roll().snapshot().department("sales");
        after.raise(0, sales, 9, Some(Timestamp::from_millis(30)));
        after.raise(1, None, 9, None);
        let fresh = Index::new(after.roll().clone());
        for department in [None, Some("sales"), Some("billing")] {
            for ignored in [
                None,
                Some("t-bob"),
                Some("t-cyd"),
                Some("t-dan"),
                Some("t-eve"),
            ] {
                assert_eq!(
                    next(&after, department, ignored, Claim::NewChat),
                    next(&fresh, department, ignored, Claim::NewChat),
                    "{policy:?} {department:?} {ignored:?}"
                );
            }
        }
    }
}
