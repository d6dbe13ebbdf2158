//! The simulated account: who works there and what they are doing. Same seed, same number of
//! steps, same world; nothing in here asks a clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;

use super::people::{self, SimAgent};
use crate::domain::{Capacity, Presence};

/// Id of the session's own user; the others follow in steps of [`ID_GAP`].
const OWN_ID: u64 = 20_000_000;
const ID_GAP: u64 = 7;

/// Below so many agents nobody leaves the account: a small demo should keep its people.
const LEAVING_FROM: usize = 10;

/// What a world is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipe {
    /// Agents besides the own user.
    pub(super) agents: usize,
    /// Dice.
    pub(super) seed: u64,
    /// Login name of the own user.
    pub(super) own_login: String,
    /// How many seconds of the world's time a step takes.
    pub(super) step_seconds: i64,
    /// Whether steps also take agents off the list and bring them back.
    pub(super) turnover: bool,
}

/// An agent with what the account knows about him besides.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) agent: SimAgent,
    /// Disabled agents are kept aside and come back with the same id.
    pub(super) listed: bool,
    /// Revision of the last change.
    pub(super) changed: u64,
    /// World time, in seconds, of the last change of the chat state.
    pub(super) since: i64,
}

/// The account. Entries are in id order.
#[derive(Debug)]
pub(super) struct World {
    entries: Vec<Entry>,
    own: Entry,
    dice: Rng,
    revision: u64,
    seconds: i64,
    step_seconds: i64,
    turnover: bool,
}

impl World {
    fn new(recipe: &Recipe) -> Self {
        let mut dice = Rng::with_seed(recipe.seed);
        let mut id = OWN_ID;
        let entries = (0..recipe.agents)
            .map(|index| {
                id += ID_GAP;
                Entry {
                    agent: people::born(index, id, &mut dice),
                    listed: true,
                    changed: 0,
                    since: -dice.i64(0..3_600),
                }
            })
            .collect();
        let own = SimAgent {
            nickname: "Bridge".to_owned(),
            presence: Presence::Offline,
            capacity: Capacity::Unlimited,
            skills: vec![people::SKILLS[0].0],
            privilege: "administrators",
            ..SimAgent::new(OWN_ID, &recipe.own_login)
        };
        Self {
            entries,
            own: Entry {
                agent: own,
                listed: true,
                changed: 0,
                since: 0,
            },
            dice,
            revision: 0,
            seconds: 0,
            step_seconds: recipe.step_seconds,
            turnover: recipe.turnover,
        }
    }

    /// Grows with every change.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Everybody on the list, in id order; the own user first, when wanted.
    pub(super) fn listed(&self, with_own: bool) -> impl Iterator<Item = &Entry> {
        let own = with_own.then_some(&self.own);
        own.into_iter()
            .chain(self.entries.iter().filter(|entry| entry.listed))
    }

    /// Seconds an agent has been in his chat state, as of the last step.
    pub(super) fn elapsed(&self, entry: &Entry) -> i64 {
        self.seconds - entry.since
    }

    fn entry(&mut self, id: u64) -> Option<&mut Entry> {
        if id == OWN_ID {
            return Some(&mut self.own);
        }
        let at = self
            .entries
            .binary_search_by_key(&id, |entry| entry.agent.id);
        at.ok()
            .map(|at| &mut self.entries[at])
            .filter(|entry| entry.listed)
    }

    /// Changes one listed agent; his id stays. Nothing counts as changed when nothing was.
    fn update(&mut self, id: u64, change: impl FnOnce(&mut SimAgent)) -> bool {
        let (revision, seconds) = (self.revision + 1, self.seconds);
        let Some(entry) = self.entry(id) else {
            return false;
        };
        let mut agent = entry.agent.clone();
        change(&mut agent);
        agent.id = id;
        if agent != entry.agent {
            if agent.presence != entry.agent.presence {
                entry.since = seconds;
            }
            entry.agent = agent;
            entry.changed = revision;
            self.revision = revision;
        }
        true
    }

    fn add(&mut self, agent: SimAgent) -> bool {
        let entry = Entry {
            listed: true,
            changed: self.revision + 1,
            since: self.seconds,
            agent,
        };
        let id = entry.agent.id;
        match self
            .entries
            .binary_search_by_key(&id, |entry| entry.agent.id)
        {
            _ if id == OWN_ID => return false,
            Ok(at) if self.entries[at].listed => return false,
            Ok(at) => self.entries[at] = entry,
            Err(at) => self.entries.insert(at, entry),
        }
        self.revision += 1;
        true
    }

    fn remove(&mut self, id: u64) -> bool {
        let at = self
            .entries
            .binary_search_by_key(&id, |entry| entry.agent.id);
        let Some(at) = at.ok().filter(|at| self.entries[*at].listed) else {
            return false;
        };
        self.entries.remove(at);
        self.revision += 1;
        true
    }

    /// One step: one agent in a hundred, at least two, does something.
    fn step(&mut self) {
        self.seconds += self.step_seconds;
        self.revision += 1;
        let leaving = self.turnover && self.entries.len() >= LEAVING_FROM;
        let moves = (self.entries.len() / 100).max(2).min(self.entries.len());
        for _ in 0..moves {
            let at = self.dice.usize(0..self.entries.len());
            let entry = &mut self.entries[at];
            let before = entry.agent.presence;
            entry.changed = self.revision;
            if !entry.listed {
                entry.listed = true;
                settle(&mut entry.agent, Presence::Online, &mut self.dice);
            } else if leaving && self.dice.u8(0..50) == 0 {
                entry.listed = false;
                settle(&mut entry.agent, Presence::Offline, &mut self.dice);
            } else {
                act(&mut entry.agent, &mut self.dice);
            }
            if entry.agent.presence != before {
                entry.since = self.seconds;
            }
        }
    }
}

/// What an agent does next. Always a change; chances are such that about four in five are online
/// in the long run, and chats end more readily than they come.
///
/// | presence | a chat ends | a chat comes | otherwise |
/// |---|---|---|---|
/// | online | 45 % | 40 % | away 7, occupied 4, offline 4 % |
/// | occupied, away | 40 %, when there is one | – | online |
/// | offline, unknown | – | – | online |
fn act(agent: &mut SimAgent, dice: &mut Rng) {
    let roll = dice.u8(0..100);
    match agent.presence {
        Presence::Online => match roll {
            0..45 if agent.chats > 0 => agent.chats -= 1,
            0..85 if agent.is_free() => agent.chats += 1,
            0..85 if agent.chats > 0 => agent.chats -= 1,
            // The rest, and those who can have no chat at all.
            _ => {
                let next = match dice.u8(0..15) {
                    0..7 => Presence::Away,
                    7..11 => Presence::Occupied,
                    _ => Presence::Offline,
                };
                settle(agent, next, dice);
            }
        },
        Presence::Occupied | Presence::Away if agent.chats > 0 && roll < 40 => agent.chats -= 1,
        Presence::Occupied | Presence::Away | Presence::Offline | Presence::Unknown => {
            settle(agent, Presence::Online, dice);
        }
    }
}

/// Moves an agent into a chat state, with what follows from it.
fn settle(agent: &mut SimAgent, presence: Presence, dice: &mut Rng) {
    agent.presence = presence;
    agent.reason = (presence == Presence::Away).then(|| dice.u32(1..=4));
    if presence == Presence::Offline {
        agent.chats = 0;
    }
}

/// Looks at the world and changes it by hand. Clones share the same world. A method that names an
/// agent gives `false` when nobody on the list has that id.
#[derive(Clone, Debug)]
pub struct WorldHandle {
    inner: Arc<Mutex<World>>,
}

impl WorldHandle {
    pub(super) fn new(recipe: &Recipe) -> Self {
        Self {
            inner: Arc::new(Mutex::new(World::new(recipe))),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everybody on the list except the session's own user, in id order.
    pub fn agents(&self) -> Vec<SimAgent> {
        let world = self.lock();
        world
            .listed(false)
            .map(|entry| entry.agent.clone())
            .collect()
    }

    /// One agent on the list, or the own user.
    pub fn agent(&self, id: u64) -> Option<SimAgent> {
        self.lock().entry(id).map(|entry| entry.agent.clone())
    }

    /// The session's own user: away or offline most of the time.
    pub fn own(&self) -> SimAgent {
        self.lock().own.agent.clone()
    }

    /// Grows with every change; a body is rendered once a revision.
    pub fn revision(&self) -> u64 {
        self.lock().revision()
    }

    /// Lets the world move once.
    pub fn step(&self) {
        self.lock().step();
    }

    /// Changes an agent in any way but his id.
    pub fn update(&self, id: u64, change: impl FnOnce(&mut SimAgent)) -> bool {
        self.lock().update(id, change)
    }

    /// Sets the chat state; `Unknown` is written as a number the contract does not know.
    pub fn set_presence(&self, id: u64, presence: Presence) -> bool {
        self.update(id, |agent| agent.presence = presence)
    }

    /// Sets the number of chats being handled.
    pub fn set_chats(&self, id: u64, chats: u32) -> bool {
        self.update(id, |agent| agent.chats = chats)
    }

    /// Sets how many chats are allowed at once.
    pub fn set_capacity(&self, id: u64, capacity: Capacity) -> bool {
        self.update(id, |agent| agent.capacity = capacity)
    }

    /// Sets the skills, by id.
    pub fn set_skills(&self, id: u64, skills: &[u32]) -> bool {
        self.update(id, |agent| agent.skills = skills.to_vec())
    }

    /// Changes login name and nickname.
    pub fn rename(&self, id: u64, login: &str, nickname: &str) -> bool {
        self.update(id, |agent| {
            login.clone_into(&mut agent.login);
            nickname.clone_into(&mut agent.nickname);
        })
    }

    /// Puts an agent on the list; `false` when his id is taken.
    pub fn add(&self, agent: SimAgent) -> bool {
        self.lock().add(agent)
    }

    /// Takes an agent off the list for good.
    pub fn remove(&self, id: u64) -> bool {
        self.lock().remove(id)
    }
}
