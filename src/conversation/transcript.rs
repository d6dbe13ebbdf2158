//! Transcripts: a room's visible messages as a mail (livechat contract §4.7.5).
//!
//! System messages are left out, as upstream does where `Livechat_transcript_show_system_messages`
//! is off, its stock value. Times are in UTC; files are named, not sent along.

use std::{fmt, ops::ControlFlow};

use serde_json::json;

use super::{
    chats::Chats,
    document::{Author, Message, Moment, Room, TranscriptRequest, Visitor},
    key,
    message::Draft,
    refused::Refused,
};
use crate::{
    config::livechat::{Delivery, is_address},
    ports::{Letter, Order},
};

/// Most bytes of one body; what was said before is left out. Mail servers refuse more than some ten
/// megabytes, of which encoding takes a third.
const MOST: usize = 3 * 1024 * 1024;

/// What is said where a transcript begins later than its room.
const CUT: &str = "Earlier messages are left out: there are too many for one mail.";

/// Where nobody gives a subject.
const SUBJECT: &str = "Transcript of your livechat conversation";

/// Nobody can send anything there.
const INVALID_EMAIL: Refused = Refused::code("invalid email");
/// There is nobody to carry it; the wire tells it in livechat contract §4.7.5's words.
pub const NO_MAIL: &str = "Error sending Livechat transcript";

impl Chats {
    /// A room as a letter.
    pub fn transcript(&self, room: &Room, email: &str, subject: &str) -> Result<Letter, Refused> {
        let email = email.trim();
        if !is_address(email) {
            return Err(INVALID_EMAIL);
        }
        let mut entries = Vec::new();
        let (mut bytes, mut is_cut) = (0, false);
        let prefix = key::messages_of(&room.id);
        let names = self.config.mail.names_agents;
        let look = |_: &str, message: Message| {
            if message.hidden || message.kind.is_some() {
                return ControlFlow::Continue(());
            }
            let entry = entry(&message, &room.v.id, names);
            bytes += entry.1.len();
            if bytes > MOST {
                is_cut = true;
                return ControlFlow::Break(());
            }
            entries.push(entry);
            ControlFlow::Continue(())
        };
        self.walk(&prefix, &key::after(&prefix), Order::Descending, look)?;
        let (mut text, mut html) = (String::new(), "<div><hr>".to_owned());
        if is_cut {
            put(&mut text, format_args!("{CUT}\n\n"));
            put(&mut html, format_args!("<p><em>{CUT}</em></p>"));
        }
        for (as_text, as_html) in entries.into_iter().rev() {
            text += &as_text;
            html += &as_html;
        }
        html += "</div>";
        let subject = visible(subject).replace('\n', " ");
        let subject = subject.trim();
        let from = self.config.mail.from.clone();
        Ok(Letter {
            id: self.letter_id()?,
            made_at: self.now().0,
            reply_to: Some((String::new(), from.clone())),
            from,
            sender: None,
            to: vec![email.to_owned()],
            subject: if subject.is_empty() { SUBJECT } else { subject }.to_owned(),
            text,
            html,
            visitor: Some(room.v.id.clone()),
        })
    }

    /// The letter for a visitor who asks for it; the room may be open or closed.
    pub fn visitor_transcript(
        &self,
        token: &str,
        rid: &str,
        email: &str,
    ) -> Result<Letter, Refused> {
        let room = self.room(rid)?;
        let room = room.ok_or(Refused::plain("error-invalid-room"))?;
        let visitor = self.visitor_by_token(token)?;
        // A token that was replaced may be somebody else's by now.
        let is_theirs = |visitor: Visitor| {
            (visitor.token, visitor.id) == (room.v.token.clone(), room.v.id.clone())
        };
        if !visitor.is_some_and(is_theirs) {
            return Err(Refused::plain("error-invalid-visitor"));
        }
        self.transcript(&room, email, "")
    }

    /// Notes in the room that its transcript went out: for a visitor, or `by` somebody.
    pub fn note_transcript(&mut self, rid: &str, by: Option<Author>) -> Result<(), Refused> {
        if let Some(mut room) = self.room(rid)? {
            self.say_transcript(&mut room, by)?;
            self.keep_room(&mut room);
        }
        Ok(())
    }

    fn say_transcript(&mut self, room: &mut Room, by: Option<Author>) -> Result<(), Refused> {
        let kind = if by.is_some() { "user" } else { "visitor" };
        let by = by.unwrap_or_else(|| Author {
            id: "rocket.cat".to_owned(),
            username: "rocket.cat".to_owned(),
            name: Some("Rocket.Cat".to_owned()),
        });
        let name = self.visitor(&room.v.id)?.and_then(|visitor| visitor.name);
        let data = json!({
            "type": kind,
            "visitor": {"_id": room.v.id, "username": room.v.username, "name": name},
            "user": {"_id": by.id, "username": by.username, "name": by.name},
        });
        let mut said = Draft::system("livechat_transcript_history", "", by);
        said.extra.insert("requestData".to_owned(), data);
        self.say(room, said);
        Ok(())
    }

    /// Keeps with an open room that its transcript is wanted when it is closed. The caller keeps the
    /// room. Somebody must be there to carry mail, and the address must be one: nobody is promised
    /// what will not come.
    pub fn request_transcript(
        &self,
        room: &mut Room,
        email: &str,
        subject: &str,
        by: &Author,
    ) -> Result<(), Refused> {
        if !room.open {
            return Err(Refused::meteor("error-invalid-room", "Invalid room"));
        }
        if room.transcript_request.is_some() {
            return Err(Refused::meteor(
                "error-transcript-already-requested",
                "Transcript already requested",
            ));
        }
        if !is_address(email.trim()) {
            return Err(INVALID_EMAIL);
        }
        if matches!(self.config.mail.delivery, Delivery::None) {
            return Err(Refused::plain(NO_MAIL));
        }
        room.transcript_request = Some(TranscriptRequest {
            email: email.trim().to_owned(),
            subject: subject.to_owned(),
            by: (by.id.clone(), by.username.clone()),
            requested_at: self.now(),
        });
        Ok(())
    }

    /// The same for the room of an id.
    pub fn request_transcript_of(
        &mut self,
        rid: &str,
        email: &str,
        subject: &str,
        by: &Author,
    ) -> Result<(), Refused> {
        let room = self.room(rid)?;
        let mut room = room.ok_or(Refused::meteor("error-invalid-room", "Invalid room"))?;
        self.request_transcript(&mut room, email, subject, by)?;
        self.keep_room(&mut room);
        Ok(())
    }

    /// Takes such a request back.
    pub fn withdraw_transcript(&mut self, rid: &str) -> Result<(), Refused> {
        let room = self.room(rid)?.filter(|room| room.open);
        let mut room = room.ok_or(Refused::plain("error-invalid-room"))?;
        if room.transcript_request.take().is_none() {
            return Err(Refused::plain("error-transcript-not-requested"));
        }
        self.keep_room(&mut room);
        Ok(())
    }

    /// Puts the transcript of a room that is being closed into the outbox, where one was asked for or
    /// `transcript_send_always` wants it and the visitor has an address. Only the store can stop a
    /// room from being closed.
    pub(super) fn send_transcript_at_close(&mut self, room: &mut Room) -> Result<(), Refused> {
        let asked = room.transcript_request.take();
        let (email, subject, by) = match asked {
            Some(asked) => {
                let (id, username) = asked.by;
                let name = None;
                let by = Author { id, username, name };
                (Some(asked.email), asked.subject, Some(by))
            }
            None if self.config.behaviour.transcript_send_always => {
                let visitor = self.visitor(&room.v.id)?;
                let email = visitor.and_then(|visitor| visitor.emails.into_iter().next());
                (email, String::new(), None)
            }
            None => return Ok(()),
        };
        let Some(email) = email else { return Ok(()) };
        if matches!(self.config.mail.delivery, Delivery::None) {
            tracing::warn!(
                room = room.id,
                "a transcript is wanted and nobody carries mail; set `livechat.mail.delivery`"
            );
            return Ok(());
        }
        match self.transcript(room, &email, &subject) {
            Ok(letter) => {
                self.keep_mail(&letter)?;
                self.say_transcript(room, by)
            }
            Err(error @ Refused::Unavailable(_)) => Err(error),
            Err(
                Refused::Plain(_)
                | Refused::Meteor { .. }
                | Refused::Bare
                | Refused::NotFound(_)
                | Refused::Forbidden(_),
            ) => {
                tracing::warn!(
                    room = room.id,
                    "a transcript is wanted where no mail can go"
                );
                Ok(())
            }
        }
    }
}

/// A message as text and as HTML.
fn entry(message: &Message, visitor: &str, names_agents: bool) -> (String, String) {
    let author = if message.u.id == visitor {
        "You"
    } else if names_agents {
        message.u.name.as_deref().unwrap_or(&message.u.username)
    } else {
        "Agent"
    };
    let author = visible(author).replace('\n', " ");
    let at = minute(message.ts);
    let body = visible(&message.msg);
    let (mut text, mut html) = (
        format!("{author}  {at}\n"),
        format!("<p><strong>{}</strong>  <em>{at}</em></p>", escape(&author)),
    );
    if !body.is_empty() {
        put(&mut text, format_args!("{body}\n"));
        put(&mut html, format_args!("<p>{}</p>", paragraph(&body)));
    }
    for file in &message.files {
        let name = visible(&file.name).replace('\n', " ");
        put(&mut text, format_args!("[file: {name}]\n"));
        put(&mut html, format_args!("<p>[file: {}]</p>", escape(&name)));
    }
    text.push('\n');
    (text, html)
}

/// `2026-01-02 03:04 UTC`
fn minute(at: Moment) -> String {
    let at = at.to_string();
    let minute = at.get(..16).unwrap_or(&at);
    format!("{} UTC", minute.replace('T', " "))
}

/// Text as it may stand in a mail: lines end in `\n`, and nothing steers a terminal or turns the
/// reading direction.
pub(super) fn visible(text: &str) -> String {
    let text = text
        .replace("\r\n", "\n")
        .replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let harmful = |letter: char| {
        (letter.is_control() && !matches!(letter, '\n' | '\t'))
            || matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(harmful, "\u{FFFD}")
}

/// Adds to a body.
pub(super) fn put(body: &mut String, more: fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = fmt::Write::write_fmt(body, more);
}

/// Text as HTML shows it.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            other => safe.push(other),
        }
    }
    safe
}

/// The same, line for line.
pub(super) fn paragraph(text: &str) -> String {
    escape(text).replace('\n', "<br>\n")
}
