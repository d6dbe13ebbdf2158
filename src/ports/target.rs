//! Reading and writing the target.

use std::time::Duration;

use super::Future;
use crate::domain::{Actual, Blame, Capabilities, Write, Written};

/// The system agents are moved to. Many callers at once; the engine paces them.
pub trait Target: Send + Sync + 'static {
    /// What the target is and lets us do. What cannot be read is `None`, not an error, unless
    /// nothing at all can be.
    fn capabilities(&self) -> Future<'_, Result<Capabilities, TargetError>>;

    /// Everything that a plan needs: capabilities, all users, departments (archived ones too) and
    /// memberships, read to the last page.
    fn survey(&self) -> Future<'_, Result<Actual, TargetError>>;

    /// Makes one write, in one attempt: what may help is for the caller to decide. Waits for the
    /// target's rate limiter. Users and departments in it have their ids, except where the write
    /// creates them. An answer that silently refuses is an error (admin contract §3.6).
    /// [`Write::SetOwner`] is not the target's: `Refused`.
    fn write<'a>(&'a self, write: &'a Write) -> Future<'a, Result<Written, TargetError>>;

    /// Looks whether the target already is as the write wants it: `Some` with what the write would
    /// have given. For a user or department to create: one that is exactly what would have been
    /// created, so that a write whose answer was lost is recognised. Never changes anything. A
    /// write that leaves no trace (a mail) is never held.
    fn holds<'a>(&'a self, write: &'a Write) -> Future<'a, Result<Option<Written>, TargetError>>;

    /// Asks the address of External routing once, as the target itself will: with the secret, ten
    /// times less often. A JSON object is a good answer, whoever is named in it (admin contract §5.2).
    fn probe_routing<'a>(
        &'a self,
        url: &'a str,
        token: &'a str,
    ) -> Future<'a, Result<(), TargetError>>;

    /// Lets the target send its sample to the webhook address it has now, and tells what came of it.
    fn test_webhook(&self) -> Future<'_, Result<(), TargetError>>;

    /// For how much longer the target's rate limiter holds back calls that wait for it now; `None`
    /// when none waits.
    fn held_back(&self) -> Option<Duration>;
}

/// Why the target could not be read or written. The message says what was being done and to whom;
/// never a secret, token, e-mail or raw body.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{doing}: {what}")]
pub struct TargetError {
    /// What was being done, with the host: `create user ada at chat.example.org`.
    pub doing: String,
    /// What went wrong and what to do next, after a semicolon.
    pub what: String,
    /// What kind of trouble it is.
    pub fault: TargetFault,
    /// How long the target wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// Kinds of trouble with the target (admin contract §1.3, §2.2, §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TargetFault {
    /// No connection, no answer in time, or the connection broke.
    Unreachable,
    /// 5xx.
    ServerError,
    /// An answer that is not what was asked for.
    UnexpectedAnswer,
    /// 429 in spite of pacing.
    Throttled,
    /// 401: the token is no longer good.
    CredentialsRejected,
    /// A second factor is wanted.
    SecondFactor,
    /// 403, or an action that is not allowed.
    Forbidden,
    /// The name or address belongs to somebody else.
    Taken,
    /// No seat is left.
    NoSeat,
    /// The user, agent or department is not there.
    NotFound,
    /// It was answered, and not done: outside business hours.
    NotDone,
    /// The target refuses what was sent: other 4xx.
    Refused,
}

impl TargetFault {
    /// The word used in metrics and journals.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::ServerError => "server_error",
            Self::UnexpectedAnswer => "unexpected_answer",
            Self::Throttled => "throttled",
            Self::CredentialsRejected => "credentials_rejected",
            Self::SecondFactor => "second_factor",
            Self::Forbidden => "forbidden",
            Self::Taken => "taken",
            Self::NoSeat => "no_seat",
            Self::NotFound => "not_found",
            Self::NotDone => "not_done",
            Self::Refused => "refused",
        }
    }

    /// Whether trying again by itself may help. For a write, first look whether it happened.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::ServerError | Self::UnexpectedAnswer | Self::Throttled
        )
    }

    /// Whether it is useless to go on with anything else.
    pub const fn stops_everything(self) -> bool {
        matches!(self, Self::CredentialsRejected | Self::SecondFactor)
    }

    /// Where a check that meets this trouble puts the blame.
    pub const fn blame(self) -> Blame {
        match self {
            Self::CredentialsRejected | Self::SecondFactor => Blame::Credentials,
            Self::Unreachable
            | Self::ServerError
            | Self::UnexpectedAnswer
            | Self::Throttled
            | Self::Forbidden
            | Self::Taken
            | Self::NoSeat
            | Self::NotFound
            | Self::NotDone
            | Self::Refused => Blame::Target,
        }
    }
}
