//! The laws of the day: what the bridge serves against what was true.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use lp2rc::{
    domain::{Ask, Capacity, Presence, Purpose, SourceAgent, Standing},
    sim::liveperson::SimAgent,
};

use super::pair::Pair;

/// What was true so far.
pub(super) struct Truth {
    /// Nobody may be served for longer after they were available.
    bound: Duration,
    /// On the list without a break since the start.
    always: BTreeSet<String>,
    /// When each was available last.
    available: BTreeMap<String, Duration>,
    longest: Duration,
}

impl Truth {
    pub(super) fn new(pair: &Pair) -> Self {
        let config = &pair.config;
        // A slow answer shows the world of when it was asked for. Where `next` is followed, only
        // a whole answer can tell who left, and it comes at the next poll after `full_every`.
        let mut bound = config.routing.max_age + config.liveperson.total_timeout;
        if config.liveperson.follow_next {
            bound += config.merge.full_every;
        }
        let listed = pair.sim.world().agents();
        Self {
            bound,
            always: listed.iter().map(|agent| agent.id.to_string()).collect(),
            available: BTreeMap::new(),
            longest: Duration::ZERO,
        }
    }

    /// Writes down the world of now. Between two calls nothing changes but at their ends.
    pub(super) fn notes(&mut self, pair: &Pair) {
        let now = pair.elapsed();
        let mut listed = BTreeSet::new();
        for agent in pair.sim.world().agents() {
            let id = agent.id.to_string();
            if agent.presence == Presence::Online {
                self.available.insert(id.clone(), now);
            }
            listed.insert(id);
        }
        self.always.retain(|id| listed.contains(id));
    }

    /// Nobody is wrongly removed, and nobody is wrongly served.
    pub(super) fn holds(&mut self, pair: &Pair) {
        let (now, snapshot) = (pair.elapsed(), pair.ledger.snapshot());
        let rows: BTreeMap<_, _> = snapshot
            .rows()
            .iter()
            .map(|row| (row.source_id().as_str(), row.standing()))
            .collect();
        for id in &self.always {
            let standing = rows.get(id.as_str());
            assert!(
                matches!(standing, Some(Standing::Present | Standing::Frozen { .. })),
                "{now:?}: {id} was on the list all along, and is {standing:?}"
            );
        }
        let ask = Ask {
            department: None,
            purpose: Purpose::NewChat,
            ignored_agent: None,
        };
        for served in pair.ledger.explain(&ask, None).candidates {
            let row = &snapshot.rows()[served.place];
            let available = self.available.get(row.source_id().as_str()).copied();
            let age = available.map(|at| now.saturating_sub(at));
            assert!(
                age.is_some_and(|age| age <= self.bound),
                "{now:?}: {} ({:?}) is served, last available {age:?} ago",
                row.source_id().as_str(),
                row.standing(),
            );
            self.longest = self.longest.max(age.unwrap_or_default());
        }
    }

    /// The longest time for which somebody was served who was not available any more.
    pub(super) fn longest(&self) -> Duration {
        self.longest
    }
}

/// What is compared at the end of the day.
type Line = (
    String,
    Presence,
    u32,
    Capacity,
    Option<String>,
    Option<String>,
    Vec<String>,
);

fn of_world(agent: SimAgent) -> Line {
    let mut skills: Vec<_> = agent.skills.iter().map(u32::to_string).collect();
    skills.sort();
    (
        agent.id.to_string(),
        agent.presence,
        agent.chats,
        agent.capacity,
        Some(agent.login),
        Some(agent.nickname),
        skills,
    )
}

fn of_bridge(agent: &SourceAgent) -> Line {
    let mut skills: Vec<_> = agent
        .skills
        .iter()
        .map(|skill| skill.id.to_string())
        .collect();
    skills.sort();
    (
        agent.id.as_str().to_owned(),
        agent.presence,
        agent.load,
        agent.capacity,
        agent.login.clone(),
        agent.display_name.clone(),
        skills,
    )
}

/// The bridge believes the world as it is: ids, states, chats, limits, names, skills.
pub(super) fn is_equal(pair: &Pair) {
    let snapshot = pair.ledger.snapshot();
    let mut world: Vec<_> = pair
        .sim
        .world()
        .agents()
        .into_iter()
        .map(of_world)
        .collect();
    world.sort_by(|a, b| a.0.cmp(&b.0));
    let rows = snapshot.rows().iter();
    let mut bridge: Vec<_> = rows
        .map(|row| of_bridge(&row.agent.believed.agent))
        .collect();
    bridge.sort_by(|a, b| a.0.cmp(&b.0));
    let different: Vec<_> = world.iter().zip(&bridge).filter(|(a, b)| a != b).collect();
    assert_eq!(
        (different.first(), world.len()),
        (None, bridge.len()),
        "the roster is not the world ({} differ)",
        different.len()
    );
}
