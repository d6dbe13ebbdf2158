//! Who acts on the agents' side: the one place that says in whose name a service account does
//! what it does.
//!
//! An account bound to an agent acts as that agent, in every room. An account that is not bound acts
//! as whoever serves the room, so that a rehearsal needs no account for every agent; in a room that
//! nobody serves it acts as itself.

use super::{
    chats::Chats,
    document::{Author, Room},
    routing::{agent_of, find_agent},
};

/// A logged-in account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// `_id` of the account.
    pub id: String,
    /// Login name.
    pub username: String,
    /// Shown name.
    pub name: String,
    /// Username or id of the agent it is bound to.
    pub agent: Option<String>,
}

impl Actor {
    /// The account itself as an author.
    pub fn author(&self) -> Author {
        Author {
            id: self.id.clone(),
            username: self.username.clone(),
            name: Some(self.name.clone()),
        }
    }
}

impl Chats {
    /// The agent an account is bound to, while they are on the roll.
    pub fn bound_agent(&self, actor: &Actor) -> Option<Author> {
        let wanted = actor.agent.as_deref()?;
        find_agent(&self.ledger.snapshot(), wanted).map(agent_of)
    }

    /// In whose name an account acts in a room.
    pub fn acting(&self, actor: &Actor, room: &Room) -> Author {
        let served = room.served_by.as_ref().map(|served| Author {
            id: served.id.clone(),
            username: served.username.clone(),
            name: None,
        });
        let Some(wanted) = actor.agent.as_deref() else {
            return match served {
                Some(agent) => self.named(agent),
                None => actor.author(),
            };
        };
        self.bound_agent(actor)
            // They left the roll in the middle of the chat.
            .or_else(|| served.filter(|agent| agent.id == wanted || agent.username == wanted))
            .unwrap_or_else(|| actor.author())
    }

    /// Whether an account takes part in a room: its agent serves it or has joined it (what the target
    /// calls a subscription). An account that is not bound takes part wherever somebody serves.
    pub fn takes_part(&self, actor: &Actor, room: &Room) -> bool {
        if actor.agent.is_none() {
            return room.served_by.is_some();
        }
        let agent = self.acting(actor, room);
        serves(room, &agent) || room.joined.contains(&agent.username)
    }

    /// The agent with the name they are shown by now.
    fn named(&self, agent: Author) -> Author {
        find_agent(&self.ledger.snapshot(), &agent.id).map_or(agent, agent_of)
    }
}

/// Whether this agent serves a room.
pub(super) fn serves(room: &Room, agent: &Author) -> bool {
    room.served_by
        .as_ref()
        .is_some_and(|served| served.id == agent.id || served.username == agent.username)
}
