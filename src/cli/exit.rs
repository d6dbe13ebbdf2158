//! Exit codes: an interface for scripts and for systemd (`docs/ARCHITECTURE.md`, README).

use std::fmt;

use crate::{
    app::StartError,
    config::ConfigError,
    domain::Health,
    ports::{CycleError, SourceError, SourceFault, StoreError},
};

/// Done, or nothing to do.
pub const DONE: u8 = 0;
/// Something nobody foresaw.
pub const UNEXPECTED: u8 = 1;
/// Wrong usage or configuration.
pub const CONFIG: u8 = 2;
/// Refused by a guard or a check.
pub const REFUSED: u8 = 10;
/// A check found nothing but warnings.
pub const WARNINGS: u8 = 11;
/// The plan has changes, or the two sides differ.
pub const DIFFERENCES: u8 = 12;
/// Applied in part.
pub const PARTIAL: u8 = 13;
/// LivePerson is not available.
pub const SOURCE: u8 = 20;
/// Rocket.Chat is not available, or refuses.
pub const TARGET: u8 = 21;
/// LivePerson or Rocket.Chat refused the credentials, or the user by name: a person is needed.
pub const CREDENTIALS: u8 = 22;
/// The state is unusable.
pub const STATE: u8 = 30;
/// Busy: somebody else has the state open. Try later.
pub const BUSY: u8 = 75;
/// Interrupted by a signal before the work was done.
pub const INTERRUPTED: u8 = 130;

/// Why a verb did not do its work: a code for scripts and one sentence for people.
#[derive(Debug)]
pub struct Failure {
    /// One of this file's constants.
    pub code: u8,
    /// What was being done, what went wrong and what to do next.
    pub message: String,
}

impl Failure {
    /// A failure of that code.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl Failure {
    /// With the health word and what to do about it, where the message does not say so itself: the
    /// remedy of a degraded source is its reason.
    #[must_use]
    pub fn hinted(mut self, health: Option<Health>) -> Self {
        if let Some(health) = health.filter(|health| *health != Health::Degraded) {
            let (word, remedy) = (health.word(), health.remedy());
            self.message.push_str("\n\nhint: ");
            self.message.push_str(word);
            self.message.push_str(": ");
            self.message.push_str(remedy);
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(CONFIG, error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        let code = match error {
            StoreError::Locked { .. } | StoreError::Conflict { .. } => BUSY,
            StoreError::OtherAccount { .. } => CONFIG,
            StoreError::Newer { .. }
            | StoreError::OtherOwner { .. }
            | StoreError::Damaged { .. }
            | StoreError::Io { .. } => STATE,
        };
        Self::new(code, error.to_string())
    }
}

impl From<&SourceError> for Failure {
    fn from(error: &SourceError) -> Self {
        let code = match error.fault {
            SourceFault::CredentialsRejected | SourceFault::Blacklisted => CREDENTIALS,
            SourceFault::Unreachable
            | SourceFault::ServerError
            | SourceFault::UnexpectedAnswer
            | SourceFault::ForeignAnswer
            | SourceFault::SessionLost
            | SourceFault::Forbidden
            | SourceFault::Throttled
            | SourceFault::Refused
            | SourceFault::NotFound
            | SourceFault::Replaced
            | SourceFault::Retired => SOURCE,
        };
        Self::new(code, error.to_string()).hinted(Some(error.fault.health()))
    }
}

impl From<&CycleError> for Failure {
    fn from(error: &CycleError) -> Self {
        match error {
            CycleError::Source(error) => error.into(),
            CycleError::Store(error) => error.into(),
            CycleError::Deadline(_) => Self::new(SOURCE, error.to_string()),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match &error {
            StartError::Store(error) => error.into(),
            // Before anything was sent: an address or a CA file of the configuration.
            StartError::Source(error) if error.fault == SourceFault::Refused => {
                Self::new(CONFIG, error.to_string())
            }
            StartError::Source(error) => error.into(),
            StartError::Target(_) | StartError::Schedule(_) | StartError::Listen(_) => {
                Self::new(CONFIG, error.to_string())
            }
            StartError::Door(_) | StartError::Thread(_) => Self::new(STATE, error.to_string()),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(UNEXPECTED, format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(UNEXPECTED, error.to_string())
    }
}
