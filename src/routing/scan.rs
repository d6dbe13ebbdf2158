//! Any sequence of picks, releases, ages and publications against a naive scan.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    cases::name,
    people::{Person, person, snapshot},
    *,
};
use crate::domain::{Ask, Capacity, Owner, Policy, Presence, Purpose, Standing, Timestamp};

/// What the scan knows of one agent: everything said again, in its own way.
#[derive(Clone, Debug)]
struct Known {
    person: Person,
    firm: u32,
    tentative: u32,
    picks: BTreeMap<Option<&'static str>, u64>,
    last: Option<i64>,
    unseen: bool,
}

fn known(person: Person) -> Known {
    Known {
        person,
        firm: 0,
        tentative: 0,
        picks: BTreeMap::new(),
        last: None,
        unseen: false,
    }
}

type Scan = BTreeMap<String, Known>;

fn scan(
    all: &Scan,
    policy: Policy,
    department: Option<&'static str>,
    ignored: &str,
    claim: Claim,
    young: bool,
) -> Option<String> {
    let mut best = None;
    for (name, k) in all {
        let member = department.is_none_or(|d| k.person.departments.contains(&d));
        let leans = k.person.owner != Owner::Target;
        let seen = matches!(
            k.person.standing,
            Standing::Present | Standing::Frozen { .. }
        );
        let trusted = leans && young && !k.unseen && seen;
        if policy == Policy::Manual || !member || format!("t-{name}") == ignored || !trusted {
            continue;
        }
        let occupied = match k.person.presence {
            Presence::Online => false,
            Presence::Occupied if claim == Claim::Transfer => true,
            Presence::Occupied | Presence::Away | Presence::Offline | Presence::Unknown => continue,
        };
        let sure = k.person.load + k.firm;
        let held = match k.person.capacity {
            Capacity::Unlimited => false,
            Capacity::Limited(limit) if sure >= limit => continue,
            Capacity::Limited(limit) => sure + k.tentative >= limit,
        };
        if held && claim == Claim::Anonymous {
            continue;
        }
        let picks = k.picks.get(&department).copied().unwrap_or(0);
        let open = u64::from(sure + k.tentative);
        let last = k.last.unwrap_or(i64::MIN);
        let order = match policy {
            Policy::AutoSelection => (picks, 0),
            Policy::LoadBalancing => (open, last),
            Policy::LoadRotation => (0, last),
            Policy::Manual => continue,
        };
        let key = (occupied, held, order, name.clone());
        if best.as_ref().is_none_or(|b| key < *b) {
            best = Some(key);
        }
    }
    best.map(|(.., name)| name)
}

#[derive(Clone, Debug)]
enum Step {
    Pick(Option<usize>, u8, Claim),
    Release(u8),
    Young(bool),
    Unseen(u8, bool),
    Publish(Vec<(u8, Person)>),
}

fn anybody() -> impl Strategy<Value = (u8, Person)> {
    let presence = prop::sample::select(vec![
        Presence::Online,
        Presence::Online,
        Presence::Occupied,
        Presence::Away,
    ]);
    let departments = prop::sample::subsequence(vec!["billing", "sales"], 0..=2);
    let owner = prop::sample::select(vec![Owner::Source, Owner::Source, Owner::Target]);
    (0u8..8, presence, 0u32..4, 0u32..5, departments, owner).prop_map(
        |(who, presence, load, limit, departments, owner)| {
            let person = person(&format!("agent{who}")).is(presence).of(&departments);
            let person = person.owned_by(owner);
            let person = if limit == 4 {
                person.endless()
            } else {
                person.chats(load, limit)
            };
            (who, person)
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let claim = prop::sample::select(vec![Claim::Anonymous, Claim::NewChat, Claim::Transfer]);
    prop_oneof![
        12 => (prop::option::of(0usize..3), 0u8..12, claim)
            .prop_map(|(department, ignored, claim)| Step::Pick(department, ignored, claim)),
        6 => (0u8..8).prop_map(Step::Release),
        1 => any::<bool>().prop_map(Step::Young),
        1 => (0u8..8, any::<bool>()).prop_map(|(who, unseen)| Step::Unseen(who, unseen)),
        2 => prop::collection::vec(anybody(), 0..8).prop_map(Step::Publish),
    ]
}

proptest! {
    #[test]
    fn the_pick_equals_a_naive_scan_after_any_sequence(
        policy in prop::sample::select(Policy::ALL.to_vec()),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut all = Scan::new();
        let mut young = true;
        let mut index = Index::new(Roll::empty(policy));
        // Ties within a millisecond happen: time moves every third pick.
        for (time, step) in (0i64..).zip(steps) {
            match step {
                Step::Pick(department, ignored, claim) => {
                    let department = department.map(|at| people::DEPARTMENTS[at]);
                    let ignored = format!("t-agent{ignored}");
                    let choice = next(&index, department, Some(&ignored), claim);
                    let expected = scan(&all, policy, department, &ignored, claim, young);
                    prop_assert_eq!(name(&index, choice).ok(), expected.clone());
                    let told = explain(index.roll(), &Ask {
                        department,
                        purpose: Purpose::Transfer,
                        ignored_agent: Some(&ignored),
                    }, policy, false);
                    if claim == Claim::Transfer {
                        let first = told.candidates.first().map(|c| c.username.clone());
                        prop_assert_eq!(first, expected.clone());
                        if let Choice::Nobody(nobody) = choice && policy != Policy::Manual {
                            prop_assert_eq!(nobody.tally, told.tally);
                        }
                    }
                    let (Choice::Agent(pick), Some(who)) = (choice, expected) else { continue };
                    let k = all.get_mut(&who).unwrap();
                    prop_assert_eq!(pick.displaces, index.roll().excess(pick.row) == 0
                        && k.person.capacity != Capacity::Unlimited
                        && k.person.capacity == Capacity::Limited(
                            k.person.load + k.firm + k.tentative));
                    *k.picks.entry(department).or_default() += 1;
                    k.last = Some(time / 3);
                    k.tentative -= u32::from(pick.displaces);
                    if claim == Claim::Anonymous { k.tentative += 1 } else { k.firm += 1 }
                    let desk = (k.firm, k.tentative);
                    let at = Timestamp::from_millis(time / 3);
                    index.pick(pick.row, pick.department, at, |d| {
                        (d.firm, d.tentative) = desk;
                    });
                }
                Step::Release(who) => {
                    let name = format!("agent{who}");
                    let Some(k) = all.get_mut(&name) else { continue };
                    if k.tentative > 0 { k.tentative -= 1 } else { k.firm = k.firm.saturating_sub(1) }
                    let desk = (k.firm, k.tentative);
                    let row = index.roll().find(&format!("t-{name}")).unwrap();
                    index.change(row, |d| (d.firm, d.tentative) = desk);
                }
                Step::Young(now) => {
                    young = now;
                    index.set_young(now);
                }
                Step::Unseen(who, unseen) => {
                    let name = format!("agent{who}");
                    let Some(k) = all.get_mut(&name) else { continue };
                    k.unseen = unseen;
                    let row = index.roll().find(&format!("t-{name}")).unwrap();
                    index.change(row, |d| d.unseen = unseen);
                }
                Step::Publish(people) => {
                    let people: BTreeMap<u8, Person> = people.into_iter().collect();
                    let mut now = Scan::new();
                    for person in people.into_values() {
                        let mut k = all.remove(&person.name).unwrap_or(known(person.clone()));
                        // Holds beyond the new limit go; the book trims the same way.
                        if let Capacity::Limited(limit) = person.capacity {
                            let left = limit.saturating_sub(person.load + k.firm);
                            k.tentative = k.tentative.min(left);
                        }
                        // A membership that ended takes its picks along, as the shelf would.
                        k.picks.retain(|d, _| d.is_none_or(|d| person.departments.contains(&d)));
                        k.person = person;
                        now.insert(k.person.name.clone(), k);
                    }
                    all = now;
                    let people: Vec<_> = all.values().map(|k| k.person.clone()).collect();
                    let (mut roll, moved) = index.roll().following(snapshot(&people), young);
                    for (row, now) in moved.iter().enumerate() {
                        let before = index.roll().snapshot().rows()[row].username();
                        let after = now.map(|now| roll.snapshot().rows()[now as usize].username());
                        prop_assert_eq!(after, all.contains_key(before).then_some(before));
                    }
                    for k in all.values() {
                        let row = roll.find(&format!("t-{}", k.person.name)).unwrap();
                        roll.desk_mut(row).tentative = k.tentative;
                    }
                    index = Index::new(roll);
                }
            }
            let endless = all.values().any(|k| k.person.capacity
                == Capacity::Unlimited
                && scan(&Scan::from([(k.person.name.clone(), Known { tentative: 0, ..k.clone() })]),
                    Policy::AutoSelection, None, "", Claim::Anonymous, young).is_some());
            prop_assert_eq!(index.free_slots().is_none(), endless);
        }
    }
}
