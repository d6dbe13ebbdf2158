//! Laws that hold for every world: the same plan from the same facts, nothing left after it, and
//! the way back.

use std::sync::Arc;

use proptest::prelude::*;

use super::{
    Facts, Plan, plan, undo,
    world::{World, addresses, as_agent, scope},
};
use crate::domain::{
    Actual, Capacity, Desired, Owner, SourceId, TargetUser, Write,
    moving::{Journalled, Login, MissingEmail, MovePolicy, Removal, Scope},
};

/// What one agent is like, on both sides.
#[derive(Clone, Debug)]
struct Sketch {
    departments: usize,
    group: u8,
    email: u8,
    limit: u8,
    owner: u8,
    manager: bool,
    /// 0: no user; 1: foreign; 2: linked; 3: carries the id; 4: linked and protected; 5: deleted.
    user: u8,
    active: bool,
    role: u8,
    available: bool,
    /// Departments of the user, as bits.
    inside: u8,
    standing: u8,
}

const NAMES: [&str; 3] = ["Sales", "Rest", "Other"];

fn some_sketch() -> impl Strategy<Value = Sketch> {
    let source = (0..8usize, 0..4u8, 0..4u8, 0..4u8, 0..3u8, any::<bool>());
    let target = (0..6u8, any::<bool>(), 0..4u8, any::<bool>(), 0..8u8, 0..6u8);
    (source, target).prop_map(|(source, target)| Sketch {
        departments: source.0,
        group: source.1,
        email: source.2,
        limit: source.3,
        owner: source.4,
        manager: source.5,
        user: target.0,
        active: target.1,
        role: target.2,
        available: target.3,
        inside: target.4,
        standing: target.5,
    })
}

fn some_world() -> impl Strategy<Value = World> {
    let sketches = proptest::collection::vec(some_sketch(), 0..8);
    let there = proptest::collection::vec(0..4u8, 3);
    let rules = (0..3usize, 0..3usize, any::<bool>(), any::<bool>());
    (sketches, there, rules).prop_map(|(sketches, there, rules)| {
        let mut world = World::new();
        for (number, state) in there.iter().enumerate() {
            let (id, name) = (format!("d-{}", NAMES[number]), NAMES[number]);
            world = match state {
                0 => world,
                1 => world.department(&id, name, true),
                2 => world.department(&id, name, false),
                _ => world
                    .department(&id, name, true)
                    .department(&format!("{id}-2"), name, true),
            };
        }
        for (number, sketch) in sketches.iter().enumerate() {
            world = add(world, number, sketch);
        }
        world.rule(|all| {
            all.removal = Removal::ALL[rules.0];
            all.login = Login::ALL[rules.1];
            all.single_department = rules.2.then(|| "Sales".to_owned());
            if rules.3 {
                let template = "{id}@invalid.example.org".to_owned();
                all.missing_email = MissingEmail::Template(template);
            }
        })
    })
}

fn add(world: World, number: usize, sketch: &Sketch) -> World {
    let id = format!("{number:02}");
    let name = format!("n{number:02}");
    let named = (0..3).filter(|bit| sketch.departments >> bit & 1 == 1);
    let departments: Vec<_> = named.map(|bit| NAMES[bit]).collect();
    let address = match sketch.email {
        0 => String::new(),
        1 => "shared@example.org".to_owned(),
        2 => format!("{name}@example.org"),
        _ => format!("new-{name}@example.org"),
    };
    let mut world = world.agent_with(&id, &name, &departments.join(" "), |agent| {
        agent.emails = addresses(&address, true);
        agent.limit = (sketch.limit > 1).then(|| u32::from(sketch.limit));
        if sketch.manager {
            agent.roles.push("livechat-manager".to_owned());
        }
        super::world::source(agent, |entry| {
            entry.agent.email = (!address.is_empty()).then(|| address.clone());
            entry.agent.group_id = Some(sketch.group.to_string());
            if sketch.limit == 1 {
                entry.agent.capacity = Capacity::Limited(0);
            }
            entry.owner = [Owner::Source, Owner::Target, Owner::Both][usize::from(sketch.owner)];
        });
    });
    let user = |user: &mut TargetUser| {
        user.active = sketch.active;
        if sketch.role % 2 == 1 {
            let available = sketch.available && sketch.active;
            as_agent(user, available, (sketch.role == 3).then_some(5));
        }
        if sketch.role > 1 {
            user.roles.push("livechat-manager".to_owned());
        }
        if sketch.user == 3 {
            user.custom_fields.insert("lpAgentId".into(), id.clone());
        }
        if sketch.user == 4 {
            user.roles.push("admin".to_owned());
        }
        user.roles.sort();
    };
    if (1..5).contains(&sketch.user) {
        world = world.user(&name, user);
        for (bit, department) in NAMES.iter().enumerate() {
            let department = format!("d-{department}");
            let there = world.actual.departments().iter();
            let there = there.filter(|one| one.id.as_str() == department).count() > 0;
            if there && sketch.role % 2 == 1 && sketch.inside >> bit & 1 == 1 {
                world = world.member(&department, &name, i64::from(sketch.inside));
            }
        }
    }
    if [2, 4, 5].contains(&sketch.user) {
        world = world.link(&id, &name);
    }
    match sketch.standing {
        0 => world.leaves(&id, true),
        1 => world.leaves(&id, false),
        _ => {}
    }
    world
}

fn some_scope() -> impl Strategy<Value = Scope> {
    let wave = prop_oneof![Just(""), Just("first"), Just("second"), Just("rest")];
    (wave, any::<bool>()).prop_map(|(wave, cut_over)| scope(wave, cut_over))
}

/// Users that nobody may touch: foreign ones, and protected ones even when they are linked.
fn untouchable(world: &World, plan: &Plan) -> Vec<TargetUser> {
    let links = world.links.agents.values().chain(plan.recognised());
    let ours: Vec<_> = links.map(|link| &link.target_id).collect();
    let users = world.actual.users().iter();
    users
        .filter(|user| !ours.contains(&&user.id) || user.roles.contains(&"admin".to_owned()))
        .cloned()
        .collect()
}

fn way_back(world: &World, journal: &[Journalled]) -> Plan {
    world.ask(|facts| undo(facts, journal, None, None))
}

/// The world as far as going back restores it: without users and departments that were created and
/// are closed now, and with empty custom fields as no fields.
fn restored(world: &World, before: &World) -> (Vec<TargetUser>, Actual) {
    let known = |user: &&TargetUser| before.actual.user(&user.id).is_some();
    let users = world.actual.users().iter();
    let (old, new): (Vec<_>, Vec<_>) = users.partition(known);
    let old = old.into_iter().cloned().map(|mut user| {
        user.custom_fields.retain(|_, value| !value.is_empty());
        user.roles.sort();
        // What the source vouches for is not told by an update.
        user.emails
            .iter_mut()
            .for_each(|email| email.verified = true);
        user
    });
    let departments = world.actual.departments().iter();
    let departments = departments.filter(|one| before.actual.department(&one.id).is_some());
    let actual = Actual::new(
        world.actual.capabilities.clone(),
        old.collect(),
        departments.cloned().collect(),
        world.actual.memberships().to_vec(),
    );
    (new.into_iter().cloned().collect(), actual)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn after_a_plan_nothing_is_left_and_nobody_else_was_touched(
        mut world in some_world(), scope in some_scope(),
    ) {
        let plan = world.plan(&scope);
        let untouchable = untouchable(&world, &plan);
        let foreign = plan.foreign();
        world.apply_all(&plan);
        let again = world.plan(&scope);
        prop_assert_eq!(again.changes(), []);
        prop_assert_eq!(again.left_out(), plan.left_out());
        prop_assert_eq!(again.foreign(), foreign);
        prop_assert_eq!(again.recognised(), []);
        for user in untouchable {
            prop_assert_eq!(world.actual.user(&user.id), Some(&user));
        }
    }

    #[test]
    fn what_was_done_in_part_is_finished_and_ends_the_same(
        world in some_world(), scope in some_scope(), stop in 0..30usize,
    ) {
        let mut whole = world.clone();
        let first = whole.plan(&scope);
        whole.apply_all(&first);
        let mut parts = world;
        parts.apply(&first, |number, _| number < stop);
        let rest = parts.plan(&scope);
        parts.apply_all(&rest);
        let again = parts.plan(&scope);
        prop_assert_eq!(again.changes(), []);
        prop_assert_eq!(parts.actual.users(), whole.actual.users());
        prop_assert_eq!(parts.actual.departments(), whole.actual.departments());
        prop_assert_eq!(parts.entries, whole.entries);
        prop_assert_eq!(parts.links, whole.links);
    }

    #[test]
    fn the_way_back_restores_what_was(mut world in some_world(), scope in some_scope()) {
        let before = world.clone();
        let plan = world.plan(&scope);
        let journal = world.apply_all(&plan);
        let back = way_back(&world, &journal);
        prop_assert_eq!(back.left_out(), []);
        world.apply_all(&back);
        let (created, actual) = restored(&world, &before);
        let (_, expect) = restored(&before, &before);
        prop_assert_eq!(actual.users(), expect.users());
        prop_assert_eq!(actual.departments(), expect.departments());
        prop_assert_eq!(actual.memberships(), expect.memberships());
        prop_assert_eq!(actual.capabilities, expect.capabilities);
        // That somebody recognised was cut over before is no run's doing.
        let mut entries = before.entries.clone();
        for link in plan.recognised() {
            let entry = entries.get_mut(&link.source_id).unwrap();
            entry.owner = world.entries[&link.source_id].owner;
        }
        prop_assert_eq!(&world.entries, &entries);
        for user in created {
            prop_assert!(!user.active && user.agent.is_none());
        }
        let again = way_back(&world, &journal);
        prop_assert_eq!(again.changes(), []);
    }

    #[test]
    fn the_order_of_the_facts_does_not_matter(world in some_world(), scope in some_scope()) {
        let straight = world.plan(&scope);
        let reversed = world.ask(|facts| {
            let all = |facts: &Facts<'_>| (
                facts.actual.users().iter().rev().cloned().collect(),
                facts.actual.departments().iter().rev().cloned().collect(),
                facts.actual.memberships().iter().rev().cloned().collect(),
            );
            let (users, departments, memberships) = all(facts);
            let capabilities = facts.actual.capabilities.clone();
            let actual = Actual::new(capabilities, users, departments, memberships);
            let mut agents: Vec<_> = facts.desired.agents.iter().map(Arc::clone).collect();
            agents.reverse();
            let mut departments = facts.desired.departments.clone();
            departments.reverse();
            let desired = Desired { agents, departments, ..Desired::default() };
            plan(&Facts { actual: &actual, desired: &desired, ..*facts }, &scope)
        });
        prop_assert_eq!(straight.checksum(), reversed.checksum());
        prop_assert_eq!(straight, reversed);
    }

    #[test]
    fn every_policy_parts_the_same_changes_and_lets_only_its_own_through(
        world in some_world(), scope in some_scope(),
    ) {
        let all = world.plan(&scope);
        let writes = |plan: &Plan| {
            let both = plan.changes().iter().chain(plan.withheld());
            both.map(|change| change.writes.iter().map(size).sum::<usize>()).sum::<usize>()
        };
        for policy in MovePolicy::ALL {
            let mut world = world.clone().rule(|rules| rules.policy = policy);
            let plan = world.plan(&scope);
            prop_assert_eq!(writes(&plan), writes(&all));
            for change in plan.changes() {
                prop_assert!(super::policy::allows(policy, change.effect));
            }
            // The model refuses what depends on something that is withheld.
            world.apply_all(&plan);
            let again = world.plan(&scope);
            prop_assert_eq!(again.changes(), []);
        }
    }

    #[test]
    fn nothing_that_changes_stays_without_a_word(world in some_world(), scope in some_scope()) {
        let plan = world.plan(&scope);
        prop_assert!(plan.changes().is_sorted_by_key(|one| one.phase));
        for change in plan.changes() {
            prop_assert!(!change.writes.is_empty() && !change.fields.is_empty());
            prop_assert!(!change.reason.is_empty());
        }
        let known: Vec<&SourceId> = world.entries.keys().collect();
        prop_assert!(plan.departed().iter().all(|one| known.contains(&one)));
        prop_assert!(plan.concerned() <= known.len());
    }
}

/// Members count one by one: a policy may part them.
fn size(write: &Write) -> usize {
    if let Write::AddMembers { members, .. } = write {
        members.len()
    } else {
        1
    }
}
