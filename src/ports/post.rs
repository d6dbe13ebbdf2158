//! Mail: one letter, and whoever carries it out of the house.

use std::{fmt, time::Duration};

use super::Future;
use crate::domain::Timestamp;

/// A mail, ready to go. `Debug` tells neither who nor what.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// 16 hexadecimal digits, later letters greater; the same at every try, so that a receiver can
    /// tell a second copy.
    pub id: String,
    /// When it was made, in epoch milliseconds.
    pub made_at: i64,
    /// The sender's address.
    pub from: String,
    /// The name that stands before it.
    pub sender: Option<String>,
    /// To whom: addresses, at least one.
    pub to: Vec<String>,
    /// Name and address that answers go to.
    pub reply_to: Option<(String, String)>,
    /// One line.
    pub subject: String,
    /// The body for whoever reads no HTML.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Id of the visitor whose words are in it and with whom it is removed.
    pub visitor: Option<String>,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("id", &self.id)
            .field("made_at", &Timestamp::from_millis(self.made_at))
            .finish_non_exhaustive()
    }
}

/// Why a letter was not taken. Never carries the server's own words: they repeat addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// No mail server is configured.
    #[error("no mail server is configured; set `livechat.mail.delivery`")]
    NoServer,
    /// Not to be sent at all: an address that is none.
    #[error("an address of it is not one; correct `livechat.mail.from` or whoever asked for it")]
    Unfit,
    /// The server said no.
    #[error("the mail server refused it with {status}; its log says why")]
    Refused {
        /// SMTP status.
        status: u16,
    },
    /// There is no server, it hung up, or it did not speak SMTP.
    #[error("the mail server cannot be talked to; look at `livechat.mail` and at the server")]
    Unreachable,
    /// It did not answer in time.
    #[error("the mail server did not answer in time; look at the server")]
    TooSlow,
}

impl PostError {
    /// Whether trying again is of no use: 5xx, except for those of a login that an operator can
    /// correct (530, 534, 535, 538).
    pub fn is_final(self) -> bool {
        match self {
            Self::Unfit => true,
            Self::Refused { status } => status >= 500 && !matches!(status, 530 | 534 | 535 | 538),
            Self::NoServer | Self::Unreachable | Self::TooSlow => false,
        }
    }
}

/// Whoever carries mail.
pub trait Post: Send + Sync + 'static {
    /// Hands a letter over. `Ok` means that the server has taken responsibility for it; after an
    /// error, [`PostError::TooSlow`] above all, it may have been taken nevertheless.
    fn send(&self, letter: Letter, within: Duration) -> Future<'_, Result<(), PostError>>;

    /// Whether mail for this domain has somewhere to go.
    fn knows(&self, domain: String) -> Future<'_, bool>;
}
