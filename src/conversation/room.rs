//! Rooms: found, opened, closed (livechat contract §2.1, §4.4).

use serde_json::{Map, Value};

use super::{
    chats::Chats,
    document::{Author, ClosedBy, Closer, Inquiry, Moment, Room, RoomVisitor, Source, Visitor},
    event::Event,
    id::random_id,
    index::Change,
    key,
    message::Draft,
    refused::Refused,
    routing::{agent_of, find_agent, offered_department},
};
use crate::config::livechat::Version;

/// What a visitor asks for when they want a room.
#[derive(Clone, Debug, Default)]
pub struct RoomRequest {
    /// The visitor's token.
    pub token: String,
    /// A room that must be there.
    pub rid: Option<String>,
    /// The agent they would like; unknown ones are ignored.
    pub agent_id: Option<String>,
    /// Where the room comes from.
    pub source: Source,
    /// Kept with the room.
    pub custom_fields: Option<Map<String, Value>>,
}

/// How a room is closed.
#[derive(Clone, Debug)]
pub struct Closing {
    /// By which side.
    pub closer: Closer,
    /// By whom.
    pub by: Author,
    /// Becomes the text of `livechat-close`.
    pub comment: String,
    /// Tags to add.
    pub tags: Vec<String>,
    /// Without asking whether tags are missing.
    pub forced: bool,
}

impl Chats {
    /// The room of that id if it is this visitor's, open or closed; else `invalid-room`.
    pub fn find_room(&self, visitor: &Visitor, rid: &str) -> Result<Room, Refused> {
        self.get::<Room>(&key::room(rid))?
            .filter(|room| room.v.token == visitor.token && room.id == rid)
            // A token that was replaced may be somebody else's by now.
            .filter(|room| room.v.id == visitor.id)
            .ok_or(Refused::INVALID_ROOM)
    }

    /// The room of an id, whoever's.
    pub fn room(&self, rid: &str) -> Result<Option<Room>, Refused> {
        let room = self.get::<Room>(&key::room(rid))?;
        Ok(room.filter(|room| room.id == rid))
    }

    /// Open rooms of a visitor.
    pub fn open_rooms_of(&self, visitor: &str) -> Result<Vec<Room>, Refused> {
        self.rooms_under(&key::open_of(visitor))
    }

    /// Every open room.
    pub fn every_open_room(&self) -> Result<Vec<Room>, Refused> {
        self.rooms_under(key::OPEN)
    }

    fn rooms_under(&self, prefix: &str) -> Result<Vec<Room>, Refused> {
        let keys = self.keys(prefix, &key::after(prefix), usize::MAX)?;
        let mut rooms = Vec::with_capacity(keys.len());
        for key in keys {
            let found = self.get::<Room>(&format!("{}{}", key::ROOM, key::last(&key)))?;
            rooms.extend(found.filter(|room| room.open));
        }
        Ok(rooms)
    }

    /// Keeps a room.
    pub(super) fn keep_room(&mut self, room: &mut Room) {
        room.updated_at = self.now();
        self.put(key::room(&room.id), room);
        self.note_index(Change::of(room));
        self.tell(Event::Room {
            room: Box::new(room.clone()),
        });
    }

    /// The place in the queue of an open room.
    pub fn inquiry(&self, rid: &str) -> Result<Option<Inquiry>, Refused> {
        self.get(&key::inquiry(rid))
    }

    /// Keeps an inquiry; `change` is how the queue's listeners see it.
    pub(super) fn keep_inquiry(&mut self, inquiry: &Inquiry, change: &'static str) {
        self.put(key::inquiry(&inquiry.rid), inquiry);
        self.tell(Event::Inquiry {
            change,
            inquiry: Box::new(inquiry.clone()),
        });
    }

    /// The visitor's room, made when there is none (livechat contract §4.4.1). The second part says
    /// whether it is new.
    pub fn room_for(&mut self, request: RoomRequest) -> Result<(Room, bool), Refused> {
        let visitor = self.guest(&request.token)?;
        if let Some(rid) = &request.rid {
            let room = self.find_room(&visitor, rid)?;
            return if room.open {
                Ok((room, false))
            } else {
                Err(Refused::INVALID_ROOM)
            };
        }
        if let Some(room) = self.open_rooms_of(&visitor.id)?.into_iter().next() {
            return Ok((room, false));
        }
        let room = self.open_room(&visitor, request)?;
        Ok((room, true))
    }

    /// Makes a room, puts it into the queue and looks for an agent.
    fn open_room(&mut self, visitor: &Visitor, request: RoomRequest) -> Result<Room, Refused> {
        if !self.config.enabled {
            return Err(Refused::code("error-omnichannel-is-disabled"));
        }
        let snapshot = self.ledger.snapshot();
        let wanted = request
            .agent_id
            .as_deref()
            .and_then(|id| find_agent(&snapshot, id))
            .map(agent_of);
        let mut department = visitor.department.clone();
        if department.is_none() && wanted.is_none() {
            department = offered_department(&self.config, &self.ledger);
        }
        let available = match &wanted {
            Some(agent) => self
                .ledger
                .is_available(&agent.id)
                .then(|| department.clone()),
            None => self.online(department.as_deref()),
        };
        let department = match available {
            Some(department) => department,
            None if self.config.behaviour.accept_chats_with_no_agents => department,
            None => {
                return Err(Refused::meteor(
                    "no-agent-online",
                    "Sorry, no online agents",
                ));
            }
        };
        let visitor = &self.with_contact(visitor.clone())?;
        let now = self.now();
        let mut room = new_room(visitor, department, request, now);
        let started = Draft {
            kind: Some("livechat-started".to_owned()),
            groupable: Some(false),
            ..Self::by_visitor(visitor)
        };
        self.attach_pages(&mut room)?;
        self.say(&mut room, started);
        let inquiry = Inquiry {
            id: random_id(),
            rid: room.id.clone(),
            name: visitor.shown_name().to_owned(),
            department: room.department_id.clone(),
            ts: now,
            updated_at: now,
            v: room.v.clone(),
            source: room.source.clone(),
            default_agent: wanted
                .as_ref()
                .map(|agent| (agent.id.clone(), agent.username.clone())),
            ..Inquiry::default()
        };
        self.keep_inquiry(&inquiry, "added");
        self.put_text(key::open(&visitor.id, &room.id), "");
        self.put_text(key::room_of(&visitor.id, &room.id), "");
        self.note_open(&visitor.token, true);
        let mut seen = visitor.clone();
        seen.last_chat = Some((room.id.clone(), now));
        self.keep_visitor(&seen, Some(visitor));
        let wanted = wanted.map(|agent| agent.id);
        self.assign(&mut room, wanted.as_deref())?;
        self.keep_room(&mut room);
        Ok(room)
    }

    /// Closes an open room: the agent is free again, the inquiry is gone, `livechat-close` is said
    /// (livechat contract §4.4.2).
    pub(super) fn close(&mut self, room: &mut Room, closing: Closing) -> Result<(), Refused> {
        let now = self.now();
        let tags_missing = room.tags.is_empty() && closing.tags.is_empty();
        let tags_required = room
            .department_id
            .as_deref()
            .and_then(|id| self.department_settings(id))
            .is_some_and(|settings| settings.tags_required);
        if tags_required && tags_missing && !closing.forced {
            return Err(Refused::code(
                "error-tags-must-be-assigned-before-closing-chat",
            ));
        }
        room.tags.extend(closing.tags);
        let mut said = Draft::system("livechat-close", &closing.comment, closing.by.clone());
        said.token = (closing.closer == Closer::Visitor).then(|| room.v.token.clone());
        let requested = room.transcript_request.is_some();
        said.extra
            .insert("transcriptRequested".to_owned(), Value::from(requested));
        self.say(room, said);
        let settings = &self.config.settings;
        if settings.transcript && !self.config.behaviour.transcript_send_always {
            self.say(
                room,
                Draft::system("command", "promptTranscript", closing.by.clone()),
            );
        }
        room.open = false;
        room.closed_at = Some(now);
        room.closer = Some(closing.closer);
        room.closed_by = Some(ClosedBy {
            id: closing.by.id,
            username: closing.by.username,
        });
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of a chat fit a float"
        )]
        let duration = (now.0 - room.ts.0).max(0) as f64 / 1_000.0;
        room.metrics.chat_duration = Some(duration);
        if let Some(inquiry) = self.inquiry(&room.id)? {
            self.remove(key::inquiry(&room.id));
            self.tell(Event::Inquiry {
                change: "removed",
                inquiry: Box::new(inquiry),
            });
        }
        self.remove(key::open(&room.v.id, &room.id));
        self.note_open(&room.v.token, false);
        self.send_transcript_at_close(room)?;
        self.note_release(&room.id);
        self.keep_room(room);
        Ok(())
    }

    /// A visitor closes their own room.
    pub fn close_by_visitor(&mut self, token: &str, rid: &str) -> Result<String, Refused> {
        // The setting came with 7.x (livechat contract §4.4.2).
        if self.config.version >= Version::V7 && !self.config.behaviour.visitors_can_close {
            return Err(Refused::plain("error-not-allowed-to-close-conversation"));
        }
        let visitor = self.guest(token)?;
        let mut room = self.find_room(&visitor, rid)?;
        if !room.open {
            return Err(Refused::ROOM_CLOSED);
        }
        let comment = self.config.behaviour.closed_by_visitor.clone();
        let closing = Closing {
            closer: Closer::Visitor,
            by: Self::by_visitor(&visitor).author,
            comment: comment.clone(),
            tags: Vec::new(),
            forced: false,
        };
        self.close(&mut room, closing)?;
        Ok(comment)
    }
}

fn new_room(
    visitor: &Visitor,
    department_id: Option<String>,
    request: RoomRequest,
    now: Moment,
) -> Room {
    Room {
        id: random_id(),
        fname: visitor.shown_name().to_owned(),
        ts: now,
        lm: now,
        updated_at: now,
        v: RoomVisitor {
            id: visitor.id.clone(),
            username: visitor.username.clone(),
            token: visitor.token.clone(),
            status: visitor.status.clone(),
            last_message_ts: None,
            activity: visitor.activity.clone(),
        },
        department_id,
        open: true,
        waiting_response: true,
        source: request.source,
        queued_at: now,
        custom_fields: request.custom_fields,
        contact_id: visitor.contact_id.clone(),
        ..Room::default()
    }
}
