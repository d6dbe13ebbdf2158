//! Sessions that were looked up lately, so that a request need not ask the conversations.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::conversation::document::Session;

/// Most sessions that are remembered; with one more all are forgotten and looked up again.
const MOST: usize = 1_024;

/// Sessions by the hash of their token.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    sessions: HashMap<String, Session>,
    /// How often something was forgotten.
    turn: u64,
}

impl Known {
    /// The session of a token's hash.
    pub(super) fn find(&self, hash: &str) -> Option<Session> {
        let inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.sessions.get(hash).cloned()
    }

    /// To be asked before looking a session up.
    pub(super) fn turn(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).turn
    }

    /// Remembers a session, unless one was forgotten since its look-up began: it may be that one.
    pub(super) fn keep(&self, turn: u64, hash: String, session: Session) {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.turn != turn {
            return;
        }
        if inside.sessions.len() >= MOST {
            inside.sessions.clear();
        }
        inside.sessions.insert(hash, session);
    }

    /// Forgets a session that has ended.
    pub(super) fn forget(&self, hash: &str) {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.turn += 1;
        inside.sessions.remove(hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_up_that_an_end_overtook_is_not_remembered() {
        let known = Known::default();
        let turn = known.turn();
        known.forget("a");
        known.keep(turn, "a".to_owned(), Session::default());
        assert_eq!(known.find("a"), None);
        known.keep(known.turn(), "a".to_owned(), Session::default());
        assert!(known.find("a").is_some());
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let known = Known::default();
        for number in 0..=MOST {
            known.keep(known.turn(), number.to_string(), Session::default());
        }
        assert_eq!(known.0.lock().unwrap().sessions.len(), 1);
    }
}
