//! Chats that go from one agent to another, to a department, or back into the queue (livechat
//! contract §4.4.4, §4.4.5, §4.5).
//!
//! Every move goes through the ledger as a transfer, and never to the agent it leaves. A department
//! whose people are all busy gets the chat into its queue; one that has nobody online passes it to
//! its fall-back, or refuses. What is refused leaves the room, its agent and their booking as they
//! were. A named agent who is at their limit is refused too: no rule of the target's goes above it.

use std::ops::ControlFlow;

use serde_json::{Map, Value, json};

use super::{
    actor::{Actor, serves},
    chats::Chats,
    document::{Author, InquiryStatus, Message, Room},
    event::Event,
    key,
    message::Draft,
    refused::Refused,
    routing::{agent_of, find_agent},
};
use crate::{
    domain::{Ask, Purpose, SnapshotRow},
    ledger::Insist,
    ports::Order,
};

/// Type of the message that tells of a move.
const HISTORY: &str = "livechat_transfer_history";

/// Whoever moves a chat.
#[derive(Clone, Debug)]
pub(super) struct Mover {
    author: Author,
    /// `agent` for who serves, `user` for other agents, `visitor`.
    kind: &'static str,
}

impl Mover {
    pub(super) fn agent(author: Author) -> Self {
        Self {
            author,
            kind: "agent",
        }
    }
}

/// A move.
#[derive(Clone, Debug)]
pub(super) struct Moving {
    /// By whom.
    pub(super) by: Mover,
    /// What they said of it.
    pub(super) comment: Option<String>,
}

/// Where an agent wants a chat to go.
#[derive(Clone, Debug, Default)]
pub struct Forwarding {
    /// Id of the room.
    pub rid: String,
    /// Id or username of the agent.
    pub user_id: Option<String>,
    /// Id or name of the department; with an agent besides, that agent of it.
    pub department_id: Option<String>,
    /// Kept with the move.
    pub comment: Option<String>,
}

impl Chats {
    /// A visitor goes to another department (livechat contract §4.4.4). Unlike upstream a room of
    /// somebody else's is not there.
    pub fn transfer_by_visitor(
        &mut self,
        token: &str,
        rid: &str,
        department: &str,
    ) -> Result<(), Refused> {
        let visitor = self.guest(token)?;
        let mut room = self
            .room(rid)?
            .filter(|room| room.v.token == visitor.token && room.v.id == visitor.id)
            .ok_or(Refused::plain("error-invalid-room"))?;
        if !room.open {
            return Err(CLOSED);
        }
        self.department_by_visitor(&mut room, department)
    }

    /// The same up to 7.x (livechat contract §4.4.5); gives the room.
    pub fn transfer_room(
        &mut self,
        token: &str,
        rid: &str,
        department: &str,
    ) -> Result<Room, Refused> {
        let visitor = self.guest(token)?;
        let mut room = self.find_room(&visitor, rid)?;
        if !room.open {
            // Closed rooms have no place in the queue.
            return Err(Refused::plain("error-transferring-inquiry"));
        }
        self.department_by_visitor(&mut room, department)?;
        Ok(room)
    }

    fn department_by_visitor(&mut self, room: &mut Room, department: &str) -> Result<(), Refused> {
        let author = Author {
            id: room.v.id.clone(),
            username: room.v.username.clone(),
            name: Some(room.fname.clone()),
        };
        let moving = Moving {
            by: Mover {
                author,
                kind: "visitor",
            },
            comment: None,
        };
        self.move_to_department(room, department, None, &moving)
    }

    /// An agent forwards a chat (livechat contract §4.5). `Refused::Bare` when nobody was found.
    pub fn forward(&mut self, actor: &Actor, wanted: &Forwarding) -> Result<(), Refused> {
        let mut room = self
            .room(&wanted.rid)?
            .ok_or(Refused::plain("error-invalid-room"))?;
        if !room.open {
            return Err(CLOSED);
        }
        if !self.is_sayable(wanted.comment.as_deref().unwrap_or_default()) {
            return Err(Refused::code("error-message-size-exceeded"));
        }
        let moving = Moving {
            by: self.mover(actor, &room),
            comment: wanted.comment.clone().filter(|text| !text.is_empty()),
        };
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let user = given(&wanted.user_id);
        match (given(&wanted.department_id), user) {
            (Some(department), user) => {
                self.move_to_department(&mut room, &department, user.as_deref(), &moving)
            }
            (None, Some(user)) => self.move_to_agent(&mut room, &user, &moving),
            (None, None) => Err(Refused::Bare),
        }
    }

    fn move_to_agent(
        &mut self,
        room: &mut Room,
        wanted: &str,
        moving: &Moving,
    ) -> Result<(), Refused> {
        let snapshot = self.ledger.snapshot();
        let row = find_agent(&snapshot, wanted)
            .filter(|row| {
                let id = row.target_id().as_str();
                self.ledger.is_there_for(id, Purpose::Transfer)
            })
            .ok_or(OFFLINE)?;
        if serves(room, &agent_of(row)) {
            return Err(Refused::plain("error-selected-agent-room-agent-are-same"));
        }
        self.book_for(room, row.target_id().as_str())?;
        self.hand_over(room, row, moving)?;
        self.keep_room(room);
        Ok(())
    }

    /// Books a named agent for a room that somebody else may serve; at their limit: not done.
    fn book_for(&mut self, room: &Room, agent: &str) -> Result<(), Refused> {
        let was = room.served_by.as_ref().map(|served| served.id.clone());
        let free = Insist::Free;
        self.ledger
            .take_agent(&room.id, None, agent, Purpose::Transfer, free)
            .ok_or(Refused::Bare)?;
        self.note_moved_booking(&room.id, was);
        Ok(())
    }

    fn move_to_department(
        &mut self,
        room: &mut Room,
        wanted: &str,
        user: Option<&str>,
        moving: &Moving,
    ) -> Result<(), Refused> {
        let (id, name) = self
            .department(wanted)
            .ok_or(Refused::plain("error-invalid-department"))?;
        if room.department_id.as_deref() == Some(id.as_str()) {
            return Err(Refused::plain("error-forwarding-chat-same-department"));
        }
        let leaving = room.served_by.as_ref().map(|served| served.id.clone());
        let reached = match self.somebody_else(&id, leaving.as_deref()) {
            Some(reached) => reached,
            None if self.config.behaviour.accept_chats_with_no_agents => id.clone(),
            None => return Err(Refused::Bare),
        };
        let agent = self.agent_of_department(room, &reached, user)?;
        let next = self.department(&reached).map(|(_, name)| name);
        let mut data = Map::new();
        data.insert("scope".to_owned(), "department".into());
        if let Some(previous) = &room.department_id {
            data.insert("previousDepartment".to_owned(), json!(previous));
        }
        let next = json!({"_id": reached, "name": next});
        data.insert("nextDepartment".to_owned(), next);
        self.say_moved(room, HISTORY, data.clone(), moving);
        if reached != id {
            data.insert("prevDepartment".to_owned(), name.into());
            self.say_moved(room, "livechat_transfer_history_fallback", data, moving);
        }
        room.department_id = Some(reached.clone());
        if let Some(mut inquiry) = self.inquiry(&room.id)? {
            inquiry.department = Some(reached);
            inquiry.updated_at = self.now();
            self.keep_inquiry(&inquiry, "changed");
        }
        match agent {
            Some(agent) => {
                self.leave(room);
                self.serve(room, &agent)?;
            }
            None => self.unassign(room)?,
        }
        self.keep_room(room);
        Ok(())
    }

    /// Books an agent of a department, the named one if there is a name. `None`: all are busy.
    fn agent_of_department(
        &mut self,
        room: &Room,
        department: &str,
        user: Option<&str>,
    ) -> Result<Option<Author>, Refused> {
        let snapshot = self.ledger.snapshot();
        if let Some(user) = user {
            let row = find_agent(&snapshot, user).ok_or(OFFLINE)?;
            let id = row.target_id().as_str();
            if !self.ledger.is_there_for(id, Purpose::Transfer) {
                return Err(OFFLINE);
            }
            let departments = row.departments.iter();
            let mut ids = departments.map(|place| &snapshot.departments()[*place as usize].id);
            if !ids.any(|id| id.as_str() == department) {
                return Err(Refused::plain("error-user-not-belong-to-department"));
            }
            if !serves(room, &agent_of(row)) {
                self.book_for(room, id)?;
                return Ok(Some(agent_of(row)));
            }
        }
        let was = room.served_by.as_ref().map(|served| served.id.clone());
        let ask = Ask {
            department: Some(department),
            purpose: if was.is_some() {
                Purpose::Transfer
            } else {
                Purpose::NewChat
            },
            ignored_agent: was.as_deref(),
        };
        let answer = self.ledger.take(&room.id, None, &ask);
        let agent = answer.agent().map(agent_of);
        if agent.is_some() {
            self.note_moved_booking(&room.id, was);
        }
        Ok(agent)
    }

    /// The department, or its fall-back, in which somebody besides this agent takes chats.
    fn somebody_else(&self, department: &str, besides: Option<&str>) -> Option<String> {
        let snapshot = self.ledger.snapshot();
        self.fallbacks(department).into_iter().find(|id| {
            let Some(place) = snapshot.department(id) else {
                return false;
            };
            let members = snapshot.departments()[place].members.iter();
            let mut rows = members.map(|row| &snapshot.rows()[*row as usize]);
            rows.any(|row| {
                let agent = row.target_id().as_str();
                besides != Some(agent) && self.ledger.is_there_for(agent, Purpose::Transfer)
            })
        })
    }

    /// A booked agent takes a chat over: told, the one before leaves, `servedBy`. The caller keeps
    /// the room.
    pub(super) fn hand_over(
        &mut self,
        room: &mut Room,
        row: &SnapshotRow,
        moving: &Moving,
    ) -> Result<(), Refused> {
        let agent = agent_of(row);
        let mut data = Map::new();
        data.insert("scope".to_owned(), "agent".into());
        let to = json!({"_id": agent.id, "username": agent.username, "name": agent.name});
        data.insert("transferredTo".to_owned(), to);
        self.say_moved(room, HISTORY, data, moving);
        self.leave(room);
        self.serve(room, &agent)
    }

    /// A chat goes back into the queue of its department, and nobody serves it. The caller keeps the
    /// room.
    pub(super) fn requeue(&mut self, room: &mut Room, moving: &Moving) -> Result<(), Refused> {
        let data = Map::from_iter([("scope".to_owned(), Value::from("queue"))]);
        self.say_moved(room, HISTORY, data, moving);
        self.unassign(room)
    }

    /// An account as the mover of a room.
    pub(super) fn mover(&self, actor: &Actor, room: &Room) -> Mover {
        let author = self.acting(actor, room);
        let kind = if serves(room, &author) {
            "agent"
        } else {
            "user"
        };
        Mover { author, kind }
    }

    fn unassign(&mut self, room: &mut Room) -> Result<(), Refused> {
        self.leave(room);
        let now = self.now();
        room.agent_gone_since = None;
        room.queued_at = now;
        if room.served_by.take().is_some() {
            self.note_release(&room.id);
            self.tell(Event::Agent {
                rid: room.id.clone(),
                agent: None,
            });
        }
        if let Some(mut inquiry) = self.inquiry(&room.id)? {
            let was_queued = inquiry.status == InquiryStatus::Queued;
            inquiry.status = InquiryStatus::Queued;
            inquiry.department.clone_from(&room.department_id);
            inquiry.default_agent = None;
            inquiry.taken_at = None;
            inquiry.updated_at = now;
            self.keep_inquiry(&inquiry, if was_queued { "changed" } else { "added" });
        }
        Ok(())
    }

    /// `ul`: the agent who served is no longer in the room.
    fn leave(&mut self, room: &mut Room) {
        if let Some(served) = room.served_by.clone() {
            let author = Author {
                id: served.id,
                username: served.username.clone(),
                name: None,
            };
            self.say(room, Draft::system("ul", &served.username, author));
        }
    }

    fn say_moved(
        &mut self,
        room: &mut Room,
        kind: &str,
        mut data: Map<String, Value>,
        moving: &Moving,
    ) {
        let by = &moving.by;
        let mut transferred_by = json!({
            "_id": by.author.id, "username": by.author.username, "userType": by.kind,
        });
        if let Some(name) = &by.author.name {
            transferred_by["name"] = Value::from(name.as_str());
        }
        data.insert("transferredBy".to_owned(), transferred_by);
        data.insert("ts".to_owned(), self.now().to_string().into());
        if let Some(comment) = &moving.comment {
            data.insert("comment".to_owned(), Value::from(comment.as_str()));
        }
        let mut said = Draft::system(kind, "", by.author.clone());
        said.token = (by.kind == "visitor").then(|| room.v.token.clone());
        said.extra
            .insert("transferData".to_owned(), Value::Object(data));
        self.say(room, said);
    }

    /// What became of a room: the `transferData` of its moves, oldest first. The second part is how
    /// many there are.
    pub fn transfers(
        &self,
        rid: &str,
        offset: usize,
        count: usize,
    ) -> Result<(Vec<Value>, usize), Refused> {
        let room = self.room(rid)?.ok_or(Refused::INVALID_ROOM)?;
        let prefix = key::messages_of(&room.id);
        let (mut found, mut total) = (Vec::new(), 0);
        self.walk(
            &prefix,
            &key::after(&prefix),
            Order::Ascending,
            |_, mut message: Message| {
                if message.kind.as_deref() == Some(HISTORY) {
                    if total >= offset && found.len() < count {
                        found.extend(message.extra.remove("transferData"));
                    }
                    total += 1;
                }
                ControlFlow::Continue(())
            },
        )?;
        Ok((found, total))
    }
}

const CLOSED: Refused = Refused::plain("This_conversation_is_already_closed");
const OFFLINE: Refused = Refused::plain("error-user-is-offline");
