//! Reading the source.

use std::time::Duration;

use super::Future;
use crate::domain::{Blame, CheckStep, Health, Observation};

/// What a poll is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollRequest {
    /// Ask for the whole account even where following the source's cursor is switched on.
    pub full: bool,
}

/// The system agents are read from. One caller at a time.
pub trait Source: Send + Sync + 'static {
    /// Reads the agents, logging in and opening a session first where needed. A failed poll
    /// leaves nothing behind that could spoil the next one. Cancel-safe.
    fn poll(&self, request: PollRequest) -> Future<'_, Result<Observation, SourceError>>;

    /// Ends the session and the login, best effort, within a few seconds. Never fails.
    fn close(&self) -> Future<'_, ()>;
}

/// Walking the chain to the source for somebody who wants to know what works. One caller at a time;
/// it waits for a running poll, and polls wait for it.
pub trait Examine: Send + Sync + 'static {
    /// Walks discovery, login, session, polls and rights, and gives every step in that order. What
    /// is already open is used and not opened twice, so that a check beside a running bridge ends
    /// nobody's login. With `retry_login` a refused login is tried once more, and the refusal is
    /// forgotten when it works. Changes nothing that is believed or served. Never fails: a step
    /// that does is a finding.
    fn examine(&self, retry_login: bool) -> Future<'_, Vec<CheckStep>>;
}

/// Why a poll failed. The message says what was being done and to whom; never a secret, token,
/// e-mail or raw body.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {what}")]
pub struct SourceError {
    /// What was being done, with the host: `log in at va.example.net`.
    pub doing: String,
    /// What went wrong and what to do next.
    pub what: String,
    /// What kind of trouble it is.
    pub fault: SourceFault,
    /// How long to wait before the next try: the source's own word, else the retry schedule's.
    /// `None` leaves it to the poll schedule, or, for a fault that is not transient, to a person.
    pub retry_after: Option<Duration>,
}

/// Kinds of trouble, each with its own consequence (source contract §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceFault {
    /// No connection, no answer in time, or the connection broke.
    Unreachable,
    /// 5xx.
    ServerError,
    /// An answer that is not what was asked for: HTML, another root, cut off, too large.
    UnexpectedAnswer,
    /// The answer belongs to another account.
    ForeignAnswer,
    /// The login was refused: not retried with the same credentials.
    CredentialsRejected,
    /// The session was lost, and building a new one did not help.
    SessionLost,
    /// 403.
    Forbidden,
    /// 429.
    Throttled,
    /// 451.
    Blacklisted,
    /// The configuration asks for something the source refuses (400 and other 4xx).
    Refused,
    /// The service is not there (404 or 410 where an account was known, or no such host).
    NotFound,
    /// Sessions are lost again and again: another client uses our user.
    Replaced,
    /// It has not been there for so long that it must have been switched off.
    Retired,
}

impl SourceFault {
    /// The word used in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::ServerError => "server_error",
            Self::UnexpectedAnswer => "unexpected_answer",
            Self::ForeignAnswer => "foreign_answer",
            Self::CredentialsRejected => "credentials_rejected",
            Self::SessionLost => "session_lost",
            Self::Forbidden => "forbidden",
            Self::Throttled => "throttled",
            Self::Blacklisted => "blacklisted",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::Replaced => "replaced",
            Self::Retired => "retired",
        }
    }

    /// The health word an operator sees while this trouble lasts.
    pub const fn health(self) -> Health {
        match self {
            Self::CredentialsRejected => Health::CredentialsRejected,
            Self::Throttled => Health::Throttled,
            Self::Blacklisted => Health::Blacklisted,
            Self::Replaced => Health::Replaced,
            Self::Retired => Health::Retired,
            Self::Unreachable
            | Self::ServerError
            | Self::UnexpectedAnswer
            | Self::ForeignAnswer
            | Self::SessionLost
            | Self::Forbidden
            | Self::Refused
            | Self::NotFound => Health::Degraded,
        }
    }

    /// Where a check that meets this trouble puts the blame.
    pub const fn blame(self) -> Blame {
        if self.is_transient() {
            Blame::Source
        } else {
            Blame::Credentials
        }
    }

    /// Whether trying again by itself makes sense.
    pub const fn is_transient(self) -> bool {
        !matches!(self, Self::CredentialsRejected | Self::Blacklisted)
    }
}
