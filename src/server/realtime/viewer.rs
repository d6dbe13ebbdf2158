//! Who listens, and what they may see (livechat contract §6.3).

use super::super::livechat::account::{Caller, Permission};
use crate::{
    conversation::{agent_of, document::Room, find_agent},
    ledger::Ledger,
};

/// Whoever listens, with the credential that let them in.
#[derive(Clone, Debug)]
pub(super) enum Viewer {
    /// A visitor, by token.
    Visitor(String),
    /// An account with `view-livechat-rooms`, or one that stands for whoever serves: every room.
    Everything,
    /// An account that acts as one agent: rooms they serve or joined, and those that wait.
    Agent {
        /// Id in the target.
        id: String,
        /// Name in the target.
        username: String,
    },
}

impl Viewer {
    /// The account's eyes; `None` without `view-l-room`.
    pub(super) fn of(caller: &Caller, ledger: &Ledger) -> Option<Self> {
        if caller.may(Permission::ViewRooms) {
            return Some(Self::Everything);
        }
        if !caller.may(Permission::ViewRoom) {
            return None;
        }
        let Some(wanted) = &caller.account.agent else {
            return Some(Self::Everything);
        };
        // An agent who is not on the roll keeps the rooms that name them.
        let (id, username) = find_agent(&ledger.snapshot(), wanted)
            .map(agent_of)
            .map_or_else(
                || (wanted.clone(), wanted.clone()),
                |agent| (agent.id, agent.username),
            );
        Some(Self::Agent { id, username })
    }

    /// Whether they may see this room.
    pub(super) fn may_see(&self, room: &Room) -> bool {
        match self {
            Self::Visitor(token) => room.v.token == *token,
            Self::Everything => true,
            Self::Agent { id, username } => match &room.served_by {
                Some(served) => {
                    served.id == *id
                        || served.username == *username
                        || room.joined.contains(username)
                }
                None => room.open,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::document::{RoomVisitor, ServedBy};

    #[test]
    fn a_room_is_seen_by_its_visitor_its_agents_and_those_who_see_all() {
        let visitor = |token: &str| Viewer::Visitor(token.to_owned());
        let agent = |name: &str| Viewer::Agent {
            id: format!("id-{name}"),
            username: name.to_owned(),
        };
        let room = |served: Option<&str>, joined: &[&str], open| Room {
            v: RoomVisitor {
                token: "T".to_owned(),
                ..RoomVisitor::default()
            },
            served_by: served.map(|name| ServedBy {
                id: format!("id-{name}"),
                username: name.to_owned(),
                ..ServedBy::default()
            }),
            joined: joined.iter().map(|name| (*name).to_owned()).collect(),
            open,
            ..Room::default()
        };
        let cases = [
            (visitor("T"), room(None, &[], true), true),
            (visitor("T"), room(Some("ada"), &[], false), true),
            (visitor("t"), room(None, &[], true), false),
            (visitor(""), room(None, &[], true), false),
            (Viewer::Everything, room(Some("ada"), &[], false), true),
            (agent("ada"), room(Some("ada"), &[], true), true),
            (agent("ada"), room(Some("ada"), &[], false), true),
            (agent("ada"), room(Some("bob"), &[], true), false),
            (agent("ada"), room(Some("bob"), &["ada"], true), true),
            (agent("ada"), room(None, &[], true), true),
            (agent("ada"), room(None, &[], false), false),
        ];
        for (viewer, room, expected) in cases {
            assert_eq!(viewer.may_see(&room), expected, "{viewer:?} {room:?}");
        }
    }
}
