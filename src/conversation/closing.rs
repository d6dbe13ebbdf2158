//! Closing by the agents' side (livechat contract §4.5, `room.closeByUser`).

use super::{actor::Actor, chats::Chats, document::Closer, refused::Refused, room::Closing};

/// How an account closes a room.
#[derive(Clone, Debug, Default)]
pub struct AgentClosing {
    /// Id of the room.
    pub rid: String,
    /// Becomes the text of `livechat-close`.
    pub comment: Option<String>,
    /// Tags to add.
    pub tags: Vec<String>,
    /// What was said of a transcript by mail; `None`: what was asked for before stays.
    pub transcript: Option<TranscriptWish>,
    /// Even if a comment or tags are missing (7.4+).
    pub forced: bool,
    /// Whether the account may close rooms in which it does not take part.
    pub may_close_others: bool,
}

/// Whether, to whom and under which subject a transcript goes.
#[derive(Clone, Debug, Default)]
pub struct TranscriptWish {
    /// `false` takes an earlier request back.
    pub send: bool,
    /// Else the visitor's own.
    pub email: Option<String>,
    /// Of the mail.
    pub subject: String,
}

/// Tags that closing may add: a room must stay a small document.
const MOST_TAGS: usize = 20;

impl Chats {
    /// An account closes an open room in the name of the agent it acts as.
    pub fn close_by_user(&mut self, actor: &Actor, wanted: AgentClosing) -> Result<(), Refused> {
        let mut room = self
            .room(&wanted.rid)?
            .ok_or(Refused::plain("error-invalid-room"))?;
        if !room.open {
            return Err(Refused::plain("error-room-already-closed"));
        }
        if !wanted.may_close_others && !self.takes_part(actor, &room) {
            return Err(Refused::plain("error-not-authorized"));
        }
        let comment = wanted.comment.unwrap_or_default();
        let is_required = self.config.behaviour.comment_required_to_close && !wanted.forced;
        if is_required && comment.trim().is_empty() {
            return Err(Refused::plain("error-comment-is-required"));
        }
        if !self.is_sayable(&comment) {
            return Err(Refused::code("error-message-size-exceeded"));
        }
        let by = self.acting(actor, &room);
        if let Some(wish) = wanted.transcript {
            // What was asked for before gives way to what is said now.
            room.transcript_request = None;
            let own = self.visitor(&room.v.id)?;
            let own = own.and_then(|visitor| visitor.emails.into_iter().next());
            if let Some(email) = wish.email.or(own).filter(|_| wish.send) {
                self.request_transcript(&mut room, &email, &wish.subject, &by)?;
            }
        }
        let closing = Closing {
            closer: Closer::User,
            by,
            comment,
            tags: wanted.tags.into_iter().take(MOST_TAGS).collect(),
            forced: wanted.forced,
        };
        self.close(&mut room, closing)
    }

    /// Whether a text is short enough for a message of an agent's.
    pub(super) fn is_sayable(&self, text: &str) -> bool {
        let most = usize::try_from(self.config.behaviour.max_message_size).unwrap_or(usize::MAX);
        text.encode_utf16().count() <= most
    }
}
