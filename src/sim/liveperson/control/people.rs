//! The people in the control API: who there is, and changes by hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Refusal, read};
use crate::{
    domain::Presence,
    sim::liveperson::{
        service::Service,
        world::{Change, Standing, World},
    },
};

/// More would keep everybody else waiting.
const STEPS: u32 = 10_000;

/// The people, in id order; the bridge's own user is not among them.
#[derive(Serialize)]
pub(super) struct People {
    agents: Vec<Person>,
}

#[derive(Serialize)]
struct Person {
    id: String,
    login: String,
    nickname: String,
    state: State,
    listed: bool,
    chats: u32,
    /// -1 is unlimited.
    max_chats: i64,
    deleted: bool,
}

/// A chat state as the control API names it.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Offline,
    Online,
    Occupied,
    Away,
}

impl State {
    /// What nobody documented is shown as what it comes to: somebody who gets no chat.
    const fn of(presence: Presence) -> Self {
        match presence {
            Presence::Offline | Presence::Unknown => Self::Offline,
            Presence::Online => Self::Online,
            Presence::Occupied => Self::Occupied,
            Presence::Away => Self::Away,
        }
    }

    const fn presence(self) -> Presence {
        match self {
            Self::Offline => Presence::Offline,
            Self::Online => Presence::Online,
            Self::Occupied => Presence::Occupied,
            Self::Away => Presence::Away,
        }
    }
}

/// What is to become of the world: steps first, then people by id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    step: u32,
    #[serde(default)]
    agents: BTreeMap<String, Wanted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: Option<State>,
    listed: Option<bool>,
    chats: Option<u32>,
    nickname: Option<String>,
    deleted: Option<bool>,
}

impl Wanted {
    /// The change it comes to; an error is the rest of a sentence that begins with the agent.
    fn change(self, now: Standing) -> Result<Change, &'static str> {
        let is_deleted = now == Standing::Deleted;
        let standing = match (self.listed, self.deleted) {
            (Some(true), Some(true)) => return Err("cannot be both listed and deleted"),
            (_, Some(true)) => Some(Standing::Deleted),
            (Some(true), _) => Some(Standing::Listed),
            // Taking the deleted off the list does not bring them back.
            (Some(false), None) if is_deleted => None,
            (Some(false), _) => Some(Standing::Disabled),
            (None, Some(false)) if is_deleted => Some(Standing::Disabled),
            (None, _) => None,
        };
        if let Some(nickname) = &self.nickname
            && nickname.chars().any(char::is_control)
        {
            return Err("cannot have a nickname with control characters: XML has none");
        }
        Ok(Change {
            presence: self.state.map(State::presence),
            standing,
            chats: self.chats,
            nickname: self.nickname,
        })
    }
}

/// Everybody whom the account knows.
pub(super) fn show(service: &Service) -> People {
    people(&service.world.lock())
}

/// Moves the world on, changes people, and shows them.
pub(super) fn change(service: &Service, body: &[u8]) -> Result<People, Refusal> {
    let wish: Wish = read("the world", body)?;
    if wish.step > STEPS {
        let message = format!("cannot read the world: step is at most {STEPS}");
        return Err((400, message));
    }
    let mut world = service.world.lock();
    let mut changes = Vec::new();
    for (name, wanted) in wish.agents {
        let id: Option<u64> = name.parse().ok();
        let known = id.and_then(|id| Some((id, world.standing(id)?)));
        let Some((id, now)) = known else {
            let message = format!("no agent {name}; GET /sim/world names them all");
            return Err((400, message));
        };
        let change = wanted
            .change(now)
            .map_err(|why| (400, format!("agent {name} {why}")))?;
        changes.push((id, change));
    }
    for _ in 0..wish.step {
        world.step();
    }
    for (id, change) in changes {
        world.change(id, change);
    }
    Ok(people(&world))
}

fn people(world: &World) -> People {
    let agents = world.everybody().iter().map(|entry| {
        let agent = &entry.agent;
        Person {
            id: agent.id.to_string(),
            login: agent.login.clone(),
            nickname: agent.nickname.clone(),
            state: State::of(agent.presence),
            listed: entry.is_listed(),
            chats: agent.chats,
            max_chats: agent.capacity_number(),
            deleted: entry.standing == Standing::Deleted,
        }
    });
    People {
        agents: agents.collect(),
    }
}
