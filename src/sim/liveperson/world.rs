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
    /// How many skills the account has.
    pub(super) skills: usize,
    /// Dice.
    pub(super) seed: u64,
    /// Login name of the own user.
    pub(super) own_login: String,
    /// How many seconds of the world's time a step takes.
    pub(super) step_seconds: i64,
    /// Whether steps also take agents off the list and bring them back.
    pub(super) turnover: bool,
}

/// Where an agent stands in the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// On the list.
    Listed,
    /// Disabled by turnover: comes back with the same id.
    Aside,
    /// Disabled by hand: comes back by hand.
    Disabled,
    /// Deleted by hand.
    Deleted,
}

/// What is to become of an agent; `None` leaves things as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) presence: Option<Presence>,
    pub(super) standing: Option<Standing>,
    pub(super) chats: Option<u32>,
    pub(super) nickname: Option<String>,
}

/// An agent with what the account knows about him besides.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) agent: SimAgent,
    pub(super) standing: Standing,
    /// Revision of the last change.
    pub(super) changed: u64,
    /// World time, in seconds, of the last change of the chat state.
    pub(super) since: i64,
}

impl Entry {
    pub(super) fn is_listed(&self) -> bool {
        self.standing == Standing::Listed
    }
}

/// The account. Entries are in id order.
#[derive(Debug)]
pub(super) struct World {
    entries: Vec<Entry>,
    own: Entry,
    dice: Rng,
    revision: u64,
    /// Revision of the last change of what the account configuration shows.
    static_revision: u64,
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
                    agent: people::born(index, id, &mut dice, recipe.skills),
                    standing: Standing::Listed,
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
                standing: Standing::Listed,
                changed: 0,
                since: 0,
            },
            dice,
            revision: 0,
            static_revision: 0,
            seconds: 0,
            step_seconds: recipe.step_seconds,
            turnover: recipe.turnover,
        }
    }

    /// Grows with every change.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Grows with every change of the static half: who there is, names, skills, groups, limits.
    pub(super) fn static_revision(&self) -> u64 {
        self.static_revision
    }

    /// Everybody the account knows, deleted or not, in id order; the own user is not among them.
    pub(super) fn everybody(&self) -> &[Entry] {
        &self.entries
    }

    /// The own user.
    pub(super) fn own(&self) -> &Entry {
        &self.own
    }

    /// Everybody on the list, in id order; the own user first, when wanted.
    pub(super) fn listed(&self, with_own: bool) -> impl Iterator<Item = &Entry> {
        let own = with_own.then_some(&self.own);
        own.into_iter()
            .chain(self.entries.iter().filter(|entry| entry.is_listed()))
    }

    /// Seconds an agent has been in his chat state, as of the last step.
    pub(super) fn elapsed(&self, entry: &Entry) -> i64 {
        self.seconds - entry.since
    }

    fn place(&self, id: u64) -> Result<usize, usize> {
        self.entries
            .binary_search_by_key(&id, |entry| entry.agent.id)
    }

    /// Where an agent stands; `None` when the account does not know him. The own user is none.
    pub(super) fn standing(&self, id: u64) -> Option<Standing> {
        self.place(id).ok().map(|at| self.entries[at].standing)
    }

    fn entry(&mut self, id: u64) -> Option<&mut Entry> {
        if id == OWN_ID {
            return Some(&mut self.own);
        }
        let at = self.place(id).ok()?;
        Some(&mut self.entries[at]).filter(|entry| entry.is_listed())
    }

    /// Changes one listed agent; his id stays. Nothing counts as changed when nothing was.
    fn update(&mut self, id: u64, change: impl FnOnce(&mut SimAgent)) -> bool {
        let Some(entry) = self.entry(id) else {
            return false;
        };
        let mut after = entry.clone();
        change(&mut after.agent);
        after.agent.id = id;
        self.replace(after);
        true
    }

    /// Changes one agent, on the list or not; nothing when the account does not know him.
    pub(super) fn change(&mut self, id: u64, change: Change) {
        let Ok(at) = self.place(id) else {
            return;
        };
        let mut after = self.entries[at].clone();
        after.agent.presence = change.presence.unwrap_or(after.agent.presence);
        after.agent.chats = change.chats.unwrap_or(after.agent.chats);
        after.standing = change.standing.unwrap_or(after.standing);
        if let Some(nickname) = change.nickname {
            after.agent.nickname = nickname;
        }
        self.replace(after);
    }

    /// Puts an entry in the place of the one with its id.
    fn replace(&mut self, mut after: Entry) {
        let place = self.place(after.agent.id);
        let before = match place {
            _ if after.agent.id == OWN_ID => &mut self.own,
            Ok(at) => &mut self.entries[at],
            Err(_) => return,
        };
        if after.agent == before.agent && after.standing == before.standing {
            return;
        }
        self.revision += 1;
        after.changed = self.revision;
        if after.agent.presence != before.agent.presence {
            after.since = self.seconds;
        }
        if !after.agent.is_static_same(&before.agent) || after.standing != before.standing {
            self.static_revision = self.revision;
        }
        *before = after;
    }

    fn add(&mut self, agent: SimAgent) -> bool {
        let entry = Entry {
            standing: Standing::Listed,
            changed: self.revision + 1,
            since: self.seconds,
            agent,
        };
        let id = entry.agent.id;
        match self.place(id) {
            _ if id == OWN_ID => return false,
            Ok(at) if self.entries[at].is_listed() => return false,
            Ok(at) => self.entries[at] = entry,
            Err(at) => self.entries.insert(at, entry),
        }
        self.revision += 1;
        self.static_revision = self.revision;
        true
    }

    fn remove(&mut self, id: u64) -> bool {
        let at = self.place(id).ok();
        let Some(at) = at.filter(|at| self.entries[*at].is_listed()) else {
            return false;
        };
        self.entries.remove(at);
        self.revision += 1;
        self.static_revision = self.revision;
        true
    }

    /// One step: one agent in a hundred, at least two, does something.
    pub(super) fn step(&mut self) {
        self.seconds += self.step_seconds;
        self.revision += 1;
        let leaving = self.turnover && self.entries.len() >= LEAVING_FROM;
        let moves = (self.entries.len() / 100).max(2).min(self.entries.len());
        for _ in 0..moves {
            let at = self.dice.usize(0..self.entries.len());
            let entry = &mut self.entries[at];
            let before = entry.agent.presence;
            match entry.standing {
                // Who was sent away by hand comes back by hand.
                Standing::Disabled | Standing::Deleted => continue,
                Standing::Listed | Standing::Aside => entry.changed = self.revision,
            }
            if entry.standing == Standing::Aside {
                entry.standing = Standing::Listed;
                self.static_revision = self.revision;
                settle(&mut entry.agent, Presence::Online, &mut self.dice);
            } else if leaving && self.dice.u8(0..50) == 0 {
                entry.standing = Standing::Aside;
                self.static_revision = self.revision;
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

    /// Takes an agent off the list for good: nothing of him is left, unlike one who is deleted
    /// through `POST /sim/world`.
    pub fn remove(&self, id: u64) -> bool {
        self.lock().remove(id)
    }
}
