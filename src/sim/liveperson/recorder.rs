//! What was asked and how it was answered: a bounded record for tests and rehearsals.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// The newest so many requests are kept; older ones are forgotten.
const KEPT: usize = 4_096;

/// One request as it came, and the status of its answer. Bodies and headers are not kept: they
/// carry passwords and tokens.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Recorded {
    /// `GET`, `POST` …; with `X-HTTP-Method-Override` still the method on the wire.
    pub method: String,
    /// Path and query as sent, with `***` where something looked like a token.
    pub target: String,
    /// Status of the answer; 0 when the client left before there was one.
    pub status: u16,
}

/// The record itself, in the order of the answers.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    kept: Mutex<VecDeque<Recorded>>,
}

impl Recorder {
    pub(super) fn clear(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clear();
    }

    pub(super) fn add(&self, mut request: Recorded) {
        request.target = without_tokens(&request.target);
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

/// Nobody should send a token or password in an address; if somebody does, it is not shown. Our
/// tokens are 64 hexadecimal digits; half of one would be too much, too.
fn without_tokens(target: &str) -> String {
    let mut shown = String::new();
    let mut rest = target;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let (before, word) = rest.split_at(start);
        let end = word.find(|c: char| !c.is_ascii_alphanumeric());
        let (word, after) = word.split_at(end.unwrap_or(word.len()));
        shown.push_str(before);
        let is_token = word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        shown.push_str(if is_token { "***" } else { word });
        rest = after;
    }
    shown + rest
}
