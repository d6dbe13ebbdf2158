//! Mails that wait, were delivered, or are kept for somebody to fetch. The bodies are texts of their
//! own beside this document, in parts: a transcript is longer than a document may be.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Document, Moment};

/// A mail without its bodies. `Debug` tells neither who nor what.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mail {
    /// 16 hexadecimal digits; later mails have greater ones.
    pub id: String,
    /// When it was made.
    pub made_at: Moment,
    /// When it last changed.
    pub updated_at: Moment,
    /// The sender's address.
    pub from: String,
    /// The name that stands before it.
    pub sender: Option<String>,
    /// To whom.
    pub to: Vec<String>,
    /// Name and address that answers go to.
    pub reply_to: Option<(String, String)>,
    /// Subject.
    pub subject: String,
    /// Id of the visitor with whom it is removed.
    pub visitor: Option<String>,
    /// How far it is.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub due: Option<Moment>,
    /// Why the last try failed; a sentence of ours.
    pub why: Option<String>,
    /// Bytes of both bodies.
    pub bytes: u64,
    /// Parts of the text and of the HTML that are kept.
    pub parts: (u32, u32),
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// How far a mail is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailState {
    /// Nobody delivers it; `lp2rc outbox` shows it.
    #[default]
    Kept,
    /// It is tried again and again.
    Waiting,
    /// A mail server has it; the bodies are gone from here.
    Sent,
    /// It was given up.
    Failed,
}

impl MailState {
    /// One word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

impl Document for Mail {
    const VERSION: u32 = 1;
}
