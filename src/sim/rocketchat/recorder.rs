//! What was asked and how it was answered: bounded records for tests and rehearsals.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

/// The newest so many requests are kept; older ones are forgotten.
const KEPT: usize = 50_000;

/// One request as it came, and the status of its answer. Passwords in it read `***`.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Recorded {
    /// `GET`, `POST` …
    pub method: String,
    /// As sent, without the query.
    pub path: String,
    /// Decoded, in the order in which it came.
    pub query: Vec<(String, String)>,
    /// The body, when there was one and it was JSON.
    pub body: Option<Value>,
    /// Status of the answer; 0 when none was sent.
    pub status: u16,
    /// The route's name in faults; empty for no route.
    pub route: &'static str,
    /// It changed something, whatever the answer said.
    pub took_effect: bool,
}

/// The record, in the order of the effects.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    kept: Mutex<VecDeque<Recorded>>,
}

impl Recorder {
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    pub(super) fn add(&self, mut request: Recorded) {
        if let Some(body) = &mut request.body {
            hide(body);
        }
        let mut kept = self.lock();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(request);
    }

    pub(super) fn all(&self) -> Vec<Recorded> {
        self.lock().iter().cloned().collect()
    }

    /// Those that changed something.
    pub(super) fn writes(&self) -> Vec<Recorded> {
        let kept = self.lock();
        let writes = kept.iter().filter(|request| request.took_effect);
        writes.cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Recorded>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stars for what nobody needs to know. An empty password stays empty: that is worth seeing.
fn hide(body: &mut Value) {
    let Some(members) = body.as_object_mut() else {
        return;
    };
    for (name, value) in members {
        let secret = matches!(name.as_str(), "password" | "resume" | "code");
        if secret && value.as_str().is_some_and(|text| !text.is_empty()) {
            *value = Value::from("***");
        } else {
            hide(value);
        }
    }
}
