//! What was asked and how it was answered: a bounded record for tests and rehearsals.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// The newest so many requests are kept; older ones are forgotten.
const KEPT: usize = 4_096;

/// One request as it came, and the status of its answer. Bodies and headers are not kept: they
/// carry passwords and tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `GET`, `POST` …; with `X-HTTP-Method-Override` still the method on the wire.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Status of the answer.
    pub status: u16,
}

/// The record itself, in the order of the answers.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    kept: Mutex<VecDeque<Recorded>>,
}

impl Recorder {
    pub(super) fn add(&self, request: Recorded) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(request);
    }

    pub(super) fn all(&self) -> Vec<Recorded> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().cloned().collect()
    }
}
