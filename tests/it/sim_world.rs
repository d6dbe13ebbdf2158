//! The simulated people: repeatable, busy, and free enough for a demo.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use lp2rc::{
    domain::{Capacity, Timestamp},
    ports::ManualClock,
    sim::liveperson::{SimAgent, SimConfig, Simulator, WorldHandle},
};

use crate::sim_client::{enter, login, still};

async fn world(agents: usize, seed: u64) -> (Simulator, WorldHandle) {
    let (sim, _) = still(SimConfig {
        agents,
        seed,
        ..SimConfig::default()
    })
    .await;
    let world = sim.world();
    (sim, world)
}

#[tokio::test]
async fn the_same_seed_and_steps_give_the_same_world_and_another_seed_does_not() {
    let (one, one_world) = world(40, 7).await;
    let (_two, two_world) = world(40, 7).await;
    let (_other, other_world) = world(40, 8).await;
    // Logging in has dice of its own.
    assert_eq!(login(&one, "bridge-password").await.status, 200);
    for step in 0..200 {
        assert_eq!(one_world.agents(), two_world.agents(), "after {step} steps");
        one_world.step();
        two_world.step();
    }
    assert_eq!(one_world.revision(), two_world.revision());
    assert_ne!(one_world.agents(), other_world.agents());
}

#[tokio::test]
async fn people_come_and_go_and_most_are_free_at_any_time() {
    for (agents, seed) in [(25, 1), (25, 2), (25, 3), (1_000, 1)] {
        let (_sim, world) = world(agents, seed).await;
        let mut sizes = BTreeSet::new();
        let mut quiet = 0;
        for step in 0..500 {
            let before = world.agents();
            let free = before.iter().filter(|agent| agent.is_free()).count();
            assert!(
                free * 4 > agents,
                "{free} of {agents} free, seed {seed}, step {step}"
            );
            assert!(before.len() * 10 >= agents * 8, "{} are left", before.len());
            for agent in &before {
                if let Capacity::Limited(limit) = agent.capacity {
                    assert!(agent.chats <= limit, "{agent:?}");
                }
            }
            sizes.insert(before.len());
            world.step();
            quiet += usize::from(world.agents() == before);
        }
        assert!(sizes.len() > 1, "nobody ever left");
        // Two people may undo what they did, seldom.
        assert!(quiet < 50, "{quiet} of 500 steps changed nothing");
    }
}

#[tokio::test]
async fn without_turnover_everybody_stays_on_the_list() {
    let (sim, _) = still(SimConfig {
        turnover: false,
        ..SimConfig::default()
    })
    .await;
    for _ in 0..500 {
        sim.world().step();
        assert_eq!(sim.world().agents().len(), 25);
    }
}

/// What it is called, and how to tell.
type Kind = (&'static str, fn(&SimAgent) -> bool);

#[tokio::test]
async fn the_people_are_of_every_kind() {
    let (_sim, world) = world(5_000, 1).await;
    let people = world.agents();
    let logins: BTreeSet<&str> = people.iter().map(|agent| agent.login.as_str()).collect();
    assert_eq!(logins.len(), people.len(), "logins are unique");
    let kinds: [Kind; 10] = [
        ("e-mail login", |agent| agent.login.contains('@')),
        ("plain login", |agent| !agent.login.contains('@')),
        ("non-ASCII nickname", |agent| !agent.nickname.is_ascii()),
        ("nickname to escape", |agent| agent.nickname.contains('&')),
        ("numeric nickname", |agent| {
            agent.nickname.parse::<u32>().is_ok()
        }),
        ("no e-mail", |agent| agent.email.is_none()),
        ("unlimited", |agent| agent.capacity == Capacity::Unlimited),
        ("no capacity", |agent| {
            agent.capacity == Capacity::Limited(0)
        }),
        ("no skill", |agent| agent.skills.is_empty()),
        ("several skills", |agent| agent.skills.len() > 1),
    ];
    for (kind, is_it) in kinds {
        let count = people.iter().filter(|agent| is_it(agent)).count();
        assert!(count > 20, "{kind}: {count} of 5000");
    }
}

#[tokio::test]
async fn a_world_of_one_can_answer() {
    let (_sim, world) = world(1, 99).await;
    assert!(world.agents()[0].is_free());
}

#[tokio::test]
async fn the_world_moves_by_the_clock_when_it_is_told_to() {
    let clock = ManualClock::at(Timestamp::from_millis(0));
    let config = SimConfig {
        step_every: Duration::from_secs(2),
        ..SimConfig::default()
    };
    let sim = Simulator::start(config, Arc::new(clock.clone()))
        .await
        .unwrap();
    for expected in 1..=3 {
        while clock.next_wake() != Some(Duration::from_secs(2)) {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(2));
        while sim.world().revision() < expected {
            tokio::task::yield_now().await;
        }
        assert_eq!(sim.world().revision(), expected);
    }
    sim.stop().await;
}

#[tokio::test]
async fn a_hundred_thousand_agents_are_listed_once_a_revision() {
    let (sim, world) = world(100_000, 1).await;
    let entered = enter(&sim).await;
    let first = entered.list(&sim, "").await;
    assert_eq!(first.text().matches("\"@id\":\"").count(), 100_001);
    // Not assert_eq: nobody wants to read 37 MB.
    let second = entered.list(&sim, "").await;
    assert!(first.body == second.body);
    world.step();
    let third = entered.list(&sim, "").await;
    assert!(second.body != third.body);
}
