//! Why a request of the move did not come to its end, and the word for it.

use super::wire::{Applied, End};
use crate::ports::{StoreError, TargetError, TargetFault};

/// Why a request was not carried out. Each sentence says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The target could not be read, or refuses everything.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The state could not be read or kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A check or the guard stands in the way.
    #[error("{0}")]
    Refused(String),
    /// The same, with the plan that was refused.
    #[error("{why}")]
    RefusedPlan {
        /// What stands in the way and how to go on.
        why: String,
        /// The plan.
        applied: Box<Applied>,
    },
    /// What was asked does not fit.
    #[error("{0}")]
    Asked(String),
    /// There is nothing to do.
    #[error("{0}")]
    Nothing(String),
    /// There is nothing to go by: LivePerson was never read.
    #[error("{0}")]
    Source(String),
}

impl MoveError {
    /// The word from which the exit code is made.
    pub fn end(&self) -> End {
        match self {
            Self::Target(error) => target_end(error.fault),
            Self::Store(error) => match error {
                StoreError::Locked { .. } | StoreError::Conflict { .. } => End::Busy,
                StoreError::OtherAccount { .. } => End::Config,
                StoreError::OtherOwner { .. }
                | StoreError::Newer { .. }
                | StoreError::Damaged { .. }
                | StoreError::Io { .. } => End::State,
            },
            Self::Refused(_) | Self::RefusedPlan { .. } => End::Refused,
            Self::Asked(_) => End::Config,
            Self::Nothing(_) => End::Done,
            Self::Source(_) => End::Source,
        }
    }
}

/// The end that a trouble with the target makes.
pub(super) const fn target_end(fault: TargetFault) -> End {
    match fault {
        TargetFault::CredentialsRejected | TargetFault::SecondFactor => End::Credentials,
        TargetFault::Unreachable
        | TargetFault::ServerError
        | TargetFault::UnexpectedAnswer
        | TargetFault::Throttled
        | TargetFault::Forbidden
        | TargetFault::Taken
        | TargetFault::NoSeat
        | TargetFault::NotFound
        | TargetFault::NotDone
        | TargetFault::Refused => End::Target,
    }
}
