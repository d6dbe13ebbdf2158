//! Why an operation was not done, in the words that clients know.

use std::borrow::Cow;

use crate::ports::StoreError;

/// Why not. The texts are the contract's; `server` puts them into the envelope of livechat contract
/// §1.4, and an endpoint whose words differ replaces them there.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// A plain error: its text, and no `errorType`.
    #[error("{0}")]
    Plain(Cow<'static, str>),
    /// A Meteor error: `<reason> [<code>]`, or `[<code>]` without a reason; `errorType` is the code.
    #[error("{} [{code}]", reason.as_deref().unwrap_or_default())]
    Meteor {
        /// The code.
        code: Cow<'static, str>,
        /// What people read.
        reason: Option<Cow<'static, str>>,
    },
    /// `{"success":false}` and nothing else.
    #[error("not done")]
    Bare,
    /// Nothing of that name: 404.
    #[error("{0}")]
    NotFound(Cow<'static, str>),
    /// 403 with this text.
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    /// The store failed, or the bridge is stopping: 500, and nothing was done.
    #[error("{0}")]
    Unavailable(String),
}

impl Refused {
    /// A plain error.
    pub const fn plain(text: &'static str) -> Self {
        Self::Plain(Cow::Borrowed(text))
    }

    /// A Meteor error without a reason.
    pub const fn code(code: &'static str) -> Self {
        Self::Meteor {
            code: Cow::Borrowed(code),
            reason: None,
        }
    }

    /// A Meteor error.
    pub const fn meteor(code: &'static str, reason: &'static str) -> Self {
        Self::Meteor {
            code: Cow::Borrowed(code),
            reason: Some(Cow::Borrowed(reason)),
        }
    }

    /// No visitor of that token.
    pub const INVALID_TOKEN: Self = Self::plain("invalid-token");
    /// No such room, or not this visitor's.
    pub const INVALID_ROOM: Self = Self::plain("invalid-room");
    /// No such message, or not in that room.
    pub const INVALID_MESSAGE: Self = Self::plain("invalid-message");
    /// The text is longer than visitors may write (livechat contract §4.6.1).
    pub const TOO_LONG: Self = Self::plain("message-length-exceeds-character-limit");
    /// The room is closed.
    pub const ROOM_CLOSED: Self = Self::plain("room-closed");
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
