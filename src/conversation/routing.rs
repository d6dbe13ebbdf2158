//! Who serves a room: departments, the book, and what follows when an agent comes.

use super::{
    chats::Chats,
    document::{Author, InquiryStatus, LastAgent, Room, ServedBy},
    event::Event,
    message::Draft,
    refused::Refused,
};
use crate::{
    config::{LivechatConfig, livechat::DepartmentSettings},
    domain::{Ask, Purpose, Snapshot, SnapshotRow},
    ledger::{Insist, Ledger},
};

/// The department for those who name none: the first one that is offered at registration and has
/// somebody online (livechat contract §2.4), by name. Costs nothing where none is offered.
pub fn offered_department(config: &LivechatConfig, ledger: &Ledger) -> Option<String> {
    if !config.departments.iter().any(|d| d.show_on_registration) {
        return None;
    }
    let snapshot = ledger.snapshot();
    let mut offered: Vec<_> = snapshot
        .departments()
        .iter()
        .filter(|department| {
            settings(config, department.id.as_str(), &department.name)
                .is_some_and(|settings| settings.show_on_registration)
        })
        .collect();
    offered.sort_by(|a, b| a.name.cmp(&b.name));
    offered
        .into_iter()
        .find(|department| ledger.anybody(Some(department.id.as_str())))
        .map(|department| department.id.as_str().to_owned())
}

/// What the configuration says of a department.
pub fn settings<'a>(
    config: &'a LivechatConfig,
    id: &str,
    name: &str,
) -> Option<&'a DepartmentSettings> {
    config
        .departments
        .iter()
        .find(|department| department.name == name || department.name == id)
}

/// Id and name of the department of that id or name.
pub fn find_department(snapshot: &Snapshot, wanted: &str) -> Option<(String, String)> {
    let found = snapshot
        .department(wanted)
        .map(|place| &snapshot.departments()[place])
        .or_else(|| {
            snapshot
                .departments()
                .iter()
                .find(|department| department.name == wanted)
        })?;
    Some((found.id.as_str().to_owned(), found.name.clone()))
}

/// The agent of that id (the one from before provisioning counts too) or username.
pub fn find_agent<'a>(snapshot: &'a Snapshot, wanted: &str) -> Option<&'a SnapshotRow> {
    snapshot
        .rows()
        .iter()
        .find(|row| row.answers_to(wanted) || row.username() == wanted)
}

/// Departments that a fall-back chain may pass; longer ones are a circle.
const FALLBACKS: usize = 8;

impl Chats {
    /// Id and name of the department of that id or name.
    pub fn department(&self, wanted: &str) -> Option<(String, String)> {
        find_department(&self.ledger.snapshot(), wanted)
    }

    /// What the configuration says of the department of that id.
    pub(super) fn department_settings(&self, id: &str) -> Option<&DepartmentSettings> {
        let (id, name) = self.department(id)?;
        settings(&self.config, &id, &name)
    }

    /// Whether somebody is online: for the department or, failing that, its fall-back; for everybody
    /// without one (livechat contract §2.5). Gives the department that has somebody.
    pub fn online(&self, department: Option<&str>) -> Option<Option<String>> {
        let Some(id) = department else {
            return self.ledger.anybody(None).then_some(None);
        };
        self.fallbacks(id)
            .into_iter()
            .find(|id| self.ledger.anybody(Some(id)))
            .map(Some)
    }

    /// Ids of a department and those that step in for it, one after the other.
    pub(super) fn fallbacks(&self, department: &str) -> Vec<String> {
        let mut chain = vec![department.to_owned()];
        while chain.len() < FALLBACKS
            && let Some(settings) = self.department_settings(&chain[chain.len() - 1])
            && let Some((id, _)) = self.department(&settings.fallback)
        {
            chain.push(id);
        }
        chain
    }

    /// Looks for an agent for a room that waits, and lets them serve it. `wanted` is asked for
    /// first. Whether one was found.
    pub(super) fn assign(
        &mut self,
        room: &mut Room,
        wanted: Option<&str>,
    ) -> Result<bool, Refused> {
        let token = room.v.token.clone();
        let ask = Ask {
            department: room.department_id.as_deref(),
            purpose: Purpose::NewChat,
            ignored_agent: None,
        };
        let answer = wanted
            .and_then(|agent| {
                let free = Insist::Free;
                self.ledger
                    .take_agent(&room.id, Some(&token), agent, Purpose::NewChat, free)
            })
            .unwrap_or_else(|| self.ledger.take(&room.id, Some(&token), &ask));
        let Some(row) = answer.agent() else {
            return Ok(false);
        };
        let agent = agent_of(row);
        self.note_booking(&room.id);
        self.serve(room, &agent)?;
        Ok(true)
    }

    /// Lets an agent, who is booked already, serve a room: `servedBy`, the inquiry is taken, system
    /// messages `command`/`connected` and `uj` (livechat contract §4.4.1).
    pub(super) fn serve(&mut self, room: &mut Room, agent: &Author) -> Result<(), Refused> {
        let now = self.now();
        room.served_by = Some(ServedBy {
            id: agent.id.clone(),
            username: agent.username.clone(),
            ts: now,
        });
        room.joined.retain(|name| *name != agent.username);
        room.agent_gone_since = None;
        if let Some(mut inquiry) = self.inquiry(&room.id)? {
            inquiry.status = InquiryStatus::Taken;
            inquiry.taken_at = Some(now);
            inquiry.updated_at = now;
            self.keep_inquiry(&inquiry, "removed");
        }
        if let Some(mut visitor) = self.visitor(&room.v.id)? {
            visitor.last_agent = Some(LastAgent {
                agent_id: agent.id.clone(),
                username: agent.username.clone(),
                ts: now,
            });
            self.keep_visitor(&visitor.clone(), Some(&visitor));
        }
        // Before the messages: the agent's own listeners are told of those.
        self.tell(Event::Agent {
            rid: room.id.clone(),
            agent: Some(agent.id.clone()),
        });
        self.say(room, Draft::system("command", "connected", agent.clone()));
        self.say(room, Draft::system("uj", &agent.username, agent.clone()));
        Ok(())
    }

    /// Books the agent of an open room as before a restart, whatever their limit says. Nothing
    /// happens while they are not on the roll; [`Self::look_after`] tries again.
    pub(super) fn book_again(&self, room: &Room) {
        if let Some(served) = &room.served_by
            && !self.ledger.is_booked(&room.id)
        {
            let _ = self.ledger.take_agent(
                &room.id,
                None,
                &served.id,
                Purpose::Transfer,
                Insist::Anyhow,
            );
        }
    }
}

/// The agent as an author of messages.
pub fn agent_of(row: &SnapshotRow) -> Author {
    Author {
        id: row.target_id().as_str().to_owned(),
        username: row.username().to_owned(),
        name: Some(row.agent.name.clone()),
    }
}
