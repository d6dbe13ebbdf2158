//! What was asked and how it was answered: bounded records for tests and rehearsals.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

/// The newest so many requests are kept; older ones are forgotten.
const KEPT: usize = 20_000;

/// Of those that changed something more are kept: they are what a long run is judged by.
const WRITES_KEPT: usize = 100_000;

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
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    all: VecDeque<Arc<Recorded>>,
    writes: VecDeque<Arc<Recorded>>,
}

impl Recorder {
    pub(super) fn clear(&self) {
        *self.lock() = Books::default();
    }

    pub(super) fn add(&self, mut request: Recorded) {
        if let Some(body) = &mut request.body {
            hide(body);
        }
        let request = Arc::new(request);
        let mut books = self.lock();
        if request.took_effect {
            push(&mut books.writes, WRITES_KEPT, Arc::clone(&request));
        }
        push(&mut books.all, KEPT, request);
    }

    pub(super) fn all(&self) -> Vec<Recorded> {
        copied(&self.lock().all)
    }

    /// Those that changed something.
    pub(super) fn writes(&self) -> Vec<Recorded> {
        copied(&self.lock().writes)
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push(kept: &mut VecDeque<Arc<Recorded>>, limit: usize, request: Arc<Recorded>) {
    if kept.len() == limit {
        kept.pop_front();
    }
    kept.push_back(request);
}

fn copied(kept: &VecDeque<Arc<Recorded>>) -> Vec<Recorded> {
    kept.iter()
        .map(|request| Recorded::clone(request))
        .collect()
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
