//! Messages: written, read, and the history of a room (livechat contract §4.6).

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::{
    chats::Chats,
    document::{Author, FileRef, InquiryStatus, LastResponse, Message, Moment, Room, Visitor},
    event::Event,
    id::random_id,
    key,
    refused::Refused,
};
use crate::ports::Order;

/// Characters of the last message that the queue shows. An inquiry must stay a small document: it
/// still grows when an agent takes it, and one that cannot be written would stop the whole queue.
const PREVIEW: usize = 1_000;

/// A message to be written.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Chosen by the client; else made here.
    pub id: Option<String>,
    /// Text.
    pub msg: String,
    /// Who writes.
    pub author: Author,
    /// The visitor's token, on messages of visitors.
    pub token: Option<String>,
    /// The visitor's name.
    pub alias: Option<String>,
    /// Type of a system message.
    pub kind: Option<String>,
    /// `Some(false)` on system messages.
    pub groupable: Option<bool>,
    /// Not shown.
    pub hidden: bool,
    /// As they go over the wire.
    pub attachments: Vec<Value>,
    /// Files.
    pub files: Vec<FileRef>,
    /// Whatever else, by its key on the wire.
    pub extra: Map<String, Value>,
}

impl Draft {
    /// A message of the system's, in somebody's name.
    pub fn system(kind: &str, msg: &str, author: Author) -> Self {
        Self {
            msg: msg.to_owned(),
            author,
            kind: Some(kind.to_owned()),
            groupable: Some(false),
            ..Self::default()
        }
    }
}

/// What a visitor writes.
#[derive(Clone, Debug, Default)]
pub struct Saying {
    /// Who.
    pub token: String,
    /// Where; their own open room.
    pub rid: String,
    /// Text; may be empty.
    pub msg: String,
    /// Chosen by the client; else made here.
    pub id: Option<String>,
    /// As they go over the wire.
    pub attachments: Vec<Value>,
    /// Files that are kept already.
    pub files: Vec<FileRef>,
    /// `Some(false)`: clients show it by itself.
    pub groupable: Option<bool>,
    /// Addresses of this server besides the configured one: links to them may be quotes.
    pub sites: Vec<String>,
}

/// Which part of a room's messages is wanted, newest first.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// At most so many.
    pub limit: usize,
    /// Without the newest so many.
    pub offset: usize,
    /// Only what came before.
    pub end: Option<Moment>,
}

/// A room with its last message.
#[derive(Clone, Debug)]
pub struct RoomView {
    /// The room.
    pub room: Room,
    /// `lastMessage`.
    pub last_message: Option<Message>,
}

impl Chats {
    /// Writes a message into a room, which the caller keeps afterwards. Its moment is later than
    /// every earlier one's of the room, so that order by time is order of arrival.
    pub(super) fn say(&mut self, room: &mut Room, draft: Draft) -> Message {
        let now = self.now();
        let ts = if room.next > 0 && now <= room.lm {
            Moment(room.lm.0 + 1)
        } else {
            now
        };
        let message = Message {
            id: draft.id.unwrap_or_else(random_id),
            rid: room.id.clone(),
            number: room.next,
            msg: draft.msg,
            ts,
            updated_at: now.max(ts),
            u: draft.author,
            token: draft.token,
            alias: draft.alias,
            kind: draft.kind,
            groupable: draft.groupable,
            hidden: draft.hidden,
            attachments: draft.attachments,
            files: draft.files,
            extra: draft.extra,
            ..Message::default()
        };
        self.metrics.livechat_messages.inc();
        room.next += 1;
        room.msgs += 1;
        room.lm = ts;
        if message.kind.is_none() {
            room.last_message = Some(message.number);
        }
        self.keep_message(&message);
        self.put_text(
            key::message_id(&message.id),
            &format!("{}/{}", message.number, message.rid),
        );
        message
    }

    /// Keeps a message and tells those who listen to its room.
    pub(super) fn keep_message(&mut self, message: &Message) {
        self.put(key::message(&message.rid, message.number), message);
        if !message.hidden {
            self.tell(Event::Message {
                message: Box::new(message.clone()),
            });
        }
    }

    /// The message of an id, in whatever room.
    pub fn message(&self, id: &str) -> Result<Option<Message>, Refused> {
        let Some(place) = self.text(&key::message_id(id))? else {
            return Ok(None);
        };
        let Some((number, rid)) = place.split_once('/') else {
            return Ok(None);
        };
        let Ok(number) = number.parse() else {
            return Ok(None);
        };
        self.get(&key::message(rid, number))
    }

    /// A visitor writes into their own open room (livechat contract §4.6.1), with nothing but text.
    pub fn visitor_message(
        &mut self,
        token: &str,
        rid: &str,
        msg: String,
        id: Option<String>,
    ) -> Result<Message, Refused> {
        self.visitor_says(Saying {
            token: token.to_owned(),
            rid: rid.to_owned(),
            msg,
            id,
            ..Saying::default()
        })
    }

    /// A visitor writes into their own open room (livechat contract §4.6.1). The same id again, with
    /// the same text, gives the message that is there: a client that got no answer may repeat.
    pub fn visitor_says(&mut self, saying: Saying) -> Result<Message, Refused> {
        let Saying {
            token,
            rid,
            msg,
            id,
            attachments,
            files,
            groupable,
            sites,
        } = saying;
        let visitor = self.guest(&token)?;
        let mut room = self.find_room(&visitor, &rid)?;
        if !room.open {
            return Err(Refused::ROOM_CLOSED);
        }
        if msg.encode_utf16().count() > self.longest_message() {
            return Err(Refused::TOO_LONG);
        }
        if !self.config.enabled {
            return Err(Refused::code("error-omnichannel-is-disabled"));
        }
        let id = id.filter(|id| !id.is_empty());
        if let Some(id) = &id
            && let Some(there) = self.message(id)?
        {
            let same = there.rid == room.id && there.u.id == visitor.id && there.msg == msg;
            return if same {
                Ok(there)
            } else {
                Err(Refused::INVALID_MESSAGE)
            };
        }
        let mut attachments = attachments;
        attachments.extend(self.quotes(&room, &msg, &sites)?);
        let draft = Draft {
            id,
            msg,
            groupable,
            attachments,
            files,
            ..Self::by_visitor(&visitor)
        };
        let message = self.say(&mut room, draft);
        if !message.fits() {
            return Err(Refused::TOO_LONG);
        }
        Self::note_question(&mut room, message.ts);
        self.keep_room(&mut room);
        self.note_in_queue(&message)?;
        Ok(message)
    }

    /// Who waits is shown in the queue with their last message.
    fn note_in_queue(&mut self, message: &Message) -> Result<(), Refused> {
        if let Some(mut inquiry) = self.inquiry(&message.rid)?
            && inquiry.status == InquiryStatus::Queued
        {
            inquiry.message = message.msg.chars().take(PREVIEW).collect();
            inquiry.updated_at = message.ts;
            self.keep_inquiry(&inquiry, "changed");
        }
        Ok(())
    }

    /// An agent writes into an open room; the caller has checked that they may.
    pub(super) fn agent_message(
        &mut self,
        room: &mut Room,
        draft: Draft,
    ) -> Result<Message, Refused> {
        if !room.open {
            return Err(Refused::ROOM_CLOSED);
        }
        let longest = usize::try_from(self.config.behaviour.max_message_size).unwrap_or(usize::MAX);
        if draft.msg.encode_utf16().count() > longest {
            return Err(Refused::code("error-message-size-exceeded"));
        }
        let message = self.say(room, draft);
        if !message.fits() {
            return Err(Refused::code("error-message-size-exceeded"));
        }
        Self::note_answer(room, &message);
        self.keep_room(room);
        Ok(message)
    }

    /// A draft in a visitor's name.
    pub(super) fn by_visitor(visitor: &Visitor) -> Draft {
        Draft {
            author: Author {
                id: visitor.id.clone(),
                username: visitor.username.clone(),
                name: visitor.name.clone(),
            },
            token: Some(visitor.token.clone()),
            alias: visitor.name.clone(),
            ..Draft::default()
        }
    }

    /// UTF-16 code units that a visitor may write at once.
    pub(super) fn longest_message(&self) -> usize {
        let limit = match self.config.settings.limit_text_length {
            0 => self.config.behaviour.max_message_size,
            limit => limit.min(self.config.behaviour.max_message_size),
        };
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    /// The visitor wrote and waits: `v.lastMessageTs`, `metrics.v.lq`.
    pub(super) fn note_question(room: &mut Room, at: Moment) {
        if !room.waiting_response || room.metrics.last_question.is_none() {
            room.metrics.last_question = Some(at);
        }
        room.waiting_response = true;
        room.v.last_message_ts = Some(at);
    }

    /// The agent answered: `responseBy`, `metrics.reaction`, `metrics.response`, in seconds.
    fn note_answer(room: &mut Room, message: &Message) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of a chat fit a float"
        )]
        let seconds = |since: Moment| (message.ts.0 - since.0).max(0) as f64 / 1_000.0;
        let asked = room.metrics.last_question.unwrap_or(room.ts);
        if room.metrics.first_response.is_none() {
            room.metrics.first_response = Some(message.ts);
            room.metrics.response_ft = Some(seconds(room.ts));
            let taken = room.served_by.as_ref().map_or(room.ts, |served| served.ts);
            room.metrics.reaction_ft = Some(seconds(taken));
            room.metrics.reaction_tt += seconds(taken);
        }
        if room.waiting_response {
            room.metrics.responses += 1;
            room.metrics.response_tt += seconds(asked);
        }
        room.metrics.last_response = Some(message.ts);
        room.waiting_response = false;
        room.response_by = Some(LastResponse {
            id: message.u.id.clone(),
            username: message.u.username.clone(),
            last_message_ts: message.ts,
        });
    }

    /// Visible messages of a room, newest first (livechat contract §4.6.5). A range scan: what it
    /// costs follows `offset + limit`, not the room's length.
    pub fn history(&self, rid: &str, wanted: History) -> Result<Vec<Message>, Refused> {
        let prefix = key::messages_of(rid);
        let hidden = &self.config.behaviour.hidden_system_messages;
        let (mut skip, mut messages) = (wanted.offset, Vec::new());
        if wanted.limit == 0 {
            return Ok(messages);
        }
        self.walk(
            &prefix,
            &key::after(&prefix),
            Order::Descending,
            |_, message: Message| {
                let out_of_sight = message.hidden
                    || wanted.end.is_some_and(|end| message.ts >= end)
                    || message
                        .kind
                        .as_ref()
                        .is_some_and(|kind| hidden.contains(kind));
                if out_of_sight {
                    return ControlFlow::Continue(());
                }
                if skip > 0 {
                    skip -= 1;
                    return ControlFlow::Continue(());
                }
                messages.push(message);
                if messages.len() == wanted.limit {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        )?;
        Ok(messages)
    }

    /// A room with its last message.
    pub fn view(&self, room: Room) -> Result<RoomView, Refused> {
        let last_message = match room.last_message {
            Some(number) => self.get(&key::message(&room.id, number))?,
            None => None,
        };
        Ok(RoomView { room, last_message })
    }
}
