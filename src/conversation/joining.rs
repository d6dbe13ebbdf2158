//! Agents who join a room that somebody else serves (livechat contract §4.5, `room.join`).

use super::{
    actor::{Actor, serves},
    chats::Chats,
    document::{Author, Room},
    message::Draft,
    refused::Refused,
    routing::find_agent,
};
use crate::config::livechat::Version;

impl Chats {
    /// The agent of an account joins a room; the one who serves it stays. `sees_all`: the account may
    /// see every room; others may only join what waits in one of their departments or in none.
    pub fn join(&mut self, actor: &Actor, rid: &str, sees_all: bool) -> Result<(), Refused> {
        let mut room = self
            .room(rid)?
            .ok_or(Refused::plain("error-invalid-room"))?;
        if !room.open && self.config.version >= Version::V7 {
            return Err(Refused::ROOM_CLOSED);
        }
        let agent = self.acting(actor, &room);
        if serves(&room, &agent) || room.joined.contains(&agent.username) {
            return Ok(());
        }
        if !sees_all && !self.is_offered(&room, &agent) {
            return Err(Refused::plain("error-not-allowed"));
        }
        let said = Draft::system("uj", &agent.username, agent.clone());
        self.say(&mut room, said);
        room.joined.push(agent.username);
        self.keep_room(&mut room);
        Ok(())
    }

    /// Whether a room waits where this agent would be asked.
    fn is_offered(&self, room: &Room, agent: &Author) -> bool {
        if room.served_by.is_some() {
            return false;
        }
        let Some(department) = room.department_id.as_deref() else {
            return true;
        };
        let snapshot = self.ledger.snapshot();
        let place = snapshot.department(department);
        find_agent(&snapshot, &agent.id).is_some_and(|row| {
            let mut departments = row.departments.iter();
            departments.any(|own| Some(*own as usize) == place)
        })
    }
}
