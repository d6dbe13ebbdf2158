//! A refused login as stored.

use serde::{Deserialize, Serialize};

use super::{Record, Version};
use crate::{
    domain::Timestamp,
    ports::{Latch, LatchReason},
};

/// `latch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LatchRecord {
    v: Version<1>,
    fingerprint: String,
    reason: ReasonWord,
    /// Epoch milliseconds.
    since: i64,
}

impl Record for LatchRecord {
    const VERSION: u32 = 1;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReasonWord {
    CredentialsRejected,
    Blacklisted,
}

impl LatchRecord {
    pub(crate) fn new(latch: &Latch) -> Self {
        Self {
            v: Version,
            fingerprint: latch.fingerprint.clone(),
            reason: match latch.reason {
                LatchReason::CredentialsRejected => ReasonWord::CredentialsRejected,
                LatchReason::Blacklisted => ReasonWord::Blacklisted,
            },
            since: latch.since.millis(),
        }
    }

    pub(crate) fn into_domain(self) -> Latch {
        Latch {
            fingerprint: self.fingerprint,
            reason: match self.reason {
                ReasonWord::CredentialsRejected => LatchReason::CredentialsRejected,
                ReasonWord::Blacklisted => LatchReason::Blacklisted,
            },
            since: Timestamp::from_millis(self.since),
        }
    }
}
