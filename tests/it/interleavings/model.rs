//! The truth: who works there, and a source without sockets that shows it, or lies about it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use lp2rc::{
    domain::{
        Capacity, Coverage, Observation, Presence, Skill, SkillId, SourceAgent, SourceId, Standing,
        StaticHalf,
    },
    ports::{
        BridgeStore as _, Clock as _, Future, ManualClock, PollRequest, Source, SourceError,
        SourceFault,
    },
    state::MemoryStore,
};

/// Agents that nobody employs: what an answer of somebody else's account holds.
const STRANGERS: std::ops::Range<u32> = 900..915;

/// What the source's answers are filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// `chatState=Online`.
    Online,
    /// `skill=…`: those with an even id have it.
    Skill,
}

/// How the next poll is answered. Lies are told to whoever asks for the whole account only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// As it is; to a follower what changed since.
    Honest,
    /// As it is; to a follower all agents again.
    Upsert,
    /// Not at all.
    Fails(SourceFault),
    /// Nobody is left.
    Nobody,
    /// More than half are missing.
    LessThanHalf,
    /// Nobody is left, and strangers are there.
    Strangers,
    /// The answer never comes.
    Never,
}

/// What happens to somebody.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Becomes(Presence),
    Chats(u32),
    Leaves,
    Returns,
    Arrives,
}

/// One agent of the world.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) agent: SourceAgent,
    pub(super) listed: bool,
    /// Never left since they came.
    pub(super) always: bool,
    changed: u64,
}

impl Person {
    pub(super) fn takes_chats(&self) -> bool {
        self.listed && self.agent.presence == Presence::Online
    }
}

/// The last answer.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) coverage: Coverage,
    pub(super) agents: Vec<SourceAgent>,
    pub(super) honest: bool,
}

/// Everybody, and the session that reads them.
pub(super) struct World {
    pub(super) people: BTreeMap<u32, Person>,
    pub(super) filter: Option<Filter>,
    pub(super) follow: bool,
    pub(super) reply: Reply,
    /// The last poll that was answered, until taken.
    pub(super) given: Option<Given>,
    /// What the last answer's `next` link leads to; dies with the session.
    next: Option<u64>,
    revision: u64,
}

pub(super) fn agent(number: u32) -> SourceAgent {
    let skills = number.is_multiple_of(2).then(|| Skill {
        id: SkillId::new("1"),
        name: Some("even".to_owned()),
    });
    SourceAgent {
        id: SourceId::new(number.to_string()),
        login: Some(format!("agent{number}")),
        display_name: None,
        email: None,
        presence: Presence::Online,
        voice: Presence::Offline,
        capacity: Capacity::Limited(3),
        load: 0,
        skills: skills.into_iter().collect(),
        group_id: None,
        group_name: None,
        privilege_group: None,
    }
}

impl World {
    pub(super) fn of(people: u32) -> Self {
        let mut world = Self {
            people: BTreeMap::new(),
            filter: None,
            follow: false,
            reply: Reply::Honest,
            given: None,
            next: None,
            revision: 0,
        };
        for _ in 0..people {
            world.change(0, Change::Arrives);
        }
        world
    }

    pub(super) fn change(&mut self, whom: u32, change: Change) {
        self.revision += 1;
        let count = u32::try_from(self.people.len()).unwrap();
        if let Change::Arrives = change {
            let person = Person {
                agent: agent(100 + count),
                listed: true,
                always: true,
                changed: self.revision,
            };
            self.people.insert(100 + count, person);
            return;
        }
        let Some(person) = self.people.get_mut(&(100 + whom % count.max(1))) else {
            return;
        };
        match change {
            Change::Becomes(presence) => person.agent.presence = presence,
            Change::Chats(chats) => person.agent.load = chats,
            Change::Leaves => (person.listed, person.always) = (false, false),
            Change::Returns => person.listed = true,
            Change::Arrives => {}
        }
        person.changed = self.revision;
    }

    pub(super) fn new_session(&mut self) {
        self.next = None;
    }

    pub(super) fn by_id(&self, id: &SourceId) -> Option<&Person> {
        self.people.get(&id.as_str().parse().ok()?)
    }

    /// Those whom an honest answer shows.
    pub(super) fn shown(&self) -> impl Iterator<Item = &Person> {
        let fits = |person: &&Person| match self.filter {
            None => true,
            Some(Filter::Online) => person.agent.presence == Presence::Online,
            Some(Filter::Skill) => !person.agent.skills.is_empty(),
        };
        let listed = self.people.values().filter(|person| person.listed);
        listed.filter(fits)
    }

    fn answer(&self, request: PollRequest, believed: &[Believed]) -> Given {
        let since = self.next.filter(|_| self.follow && !request.full);
        let all = || self.shown().map(|person| person.agent.clone());
        let (agents, honest) = match (since, self.reply) {
            (Some(since), Reply::Upsert) => {
                debug_assert!(since <= self.revision);
                (all().collect(), true)
            }
            (Some(since), _) => {
                let changed = self.shown().filter(|person| person.changed > since);
                (changed.map(|person| person.agent.clone()).collect(), true)
            }
            (None, reply) => match self.lie(reply, believed) {
                Some(lie) => (lie, false),
                None => (all().collect(), true),
            },
        };
        let coverage = match (since, self.filter) {
            (Some(_), _) => Coverage::Partial,
            (None, None) => Coverage::Full,
            (None, Some(_)) => Coverage::Filtered,
        };
        Given {
            coverage,
            agents,
            honest,
        }
    }

    /// A lie that the rules doubt, or that nobody can doubt, because it is filtered; `None` where
    /// they would take it as true.
    fn lie(&self, reply: Reply, believed: &[Believed]) -> Option<Vec<SourceAgent>> {
        let lie = match reply {
            Reply::Nobody => Vec::new(),
            Reply::Strangers => STRANGERS.map(agent).collect(),
            Reply::LessThanHalf => {
                let there = believed.iter().map(|known| &known.id);
                let there = there.filter_map(|id| self.by_id(id).filter(|p| p.listed));
                // Not always the same ones.
                let from = usize::try_from(self.revision % 7).unwrap();
                let left = (believed.len() / 2).saturating_sub(1);
                let some = there.skip(from).take(left);
                some.map(|person| person.agent.clone()).collect()
            }
            Reply::Honest | Reply::Upsert | Reply::Fails(_) | Reply::Never => return None,
        };
        (self.filter.is_some() || is_doubtful(&lie, believed)).then_some(lie)
    }
}

/// The documented rule, said once more: all are gone; or more than half, from ten up; or none of
/// the frozen are back.
fn is_doubtful(answer: &[SourceAgent], believed: &[Believed]) -> bool {
    let there = |known: &&Believed| answer.iter().any(|agent| agent.id == known.id);
    let (before, now) = (believed.len(), believed.iter().filter(there).count());
    let frozen = || believed.iter().filter(|known| known.frozen);
    let fall = before > 0 && (now == 0 || (before >= 10 && (before - now) * 2 > before));
    fall || (frozen().count() > 0 && frozen().filter(there).count() == 0)
}

/// Somebody whose absence would be noticed.
struct Believed {
    id: SourceId,
    frozen: bool,
}

/// The source that shows the world.
pub(super) struct Shows {
    pub(super) clock: ManualClock,
    pub(super) world: Arc<Mutex<World>>,
    pub(super) store: Arc<MemoryStore>,
}

impl Shows {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn believed(&self) -> Vec<Believed> {
        let roster = self.store.load().unwrap().roster;
        let believed = roster.entries().iter().filter_map(|entry| {
            let frozen = match entry.standing {
                Standing::Present => false,
                Standing::Frozen { .. } => true,
                Standing::Missing { .. } | Standing::Gone { .. } => return None,
            };
            let id = entry.agent.id.clone();
            Some(Believed { id, frozen })
        });
        believed.collect()
    }
}

impl Source for Shows {
    fn poll(&self, request: PollRequest) -> Future<'_, Result<Observation, SourceError>> {
        let believed = self.believed();
        let mut world = self.world();
        if let Reply::Never = world.reply {
            return Box::pin(std::future::pending());
        }
        if let Reply::Fails(fault) = world.reply {
            return Box::pin(std::future::ready(Err(SourceError {
                doing: "read".to_owned(),
                what: "it went wrong".to_owned(),
                fault,
                retry_after: None,
            })));
        }
        let given = world.answer(request, &believed);
        world.next = Some(world.revision);
        let observation = Observation {
            agents: given.agents.clone(),
            coverage: given.coverage,
            taken_at: self.clock.now(),
            skipped: Vec::new(),
            cursor: None,
            static_half: StaticHalf::Off,
        };
        world.given = Some(given);
        Box::pin(std::future::ready(Ok(observation)))
    }

    fn close(&self) -> Future<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
