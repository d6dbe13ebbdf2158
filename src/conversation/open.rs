//! Who has an open room, in memory: agent.next asks for every visitor and must not wait.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::ports::OpenRooms;

/// Open rooms by visitor token. Tokens are kept as keyed hashes only.
#[derive(Debug, Default)]
pub struct OpenVisitors {
    keys: ahash::RandomState,
    /// How many rooms each has.
    rooms: Mutex<HashMap<u64, u32>>,
}

impl OpenVisitors {
    pub(super) fn opened(&self, token: &str) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        *rooms.entry(self.keys.hash_one(token)).or_default() += 1;
    }

    pub(super) fn closed(&self, token: &str) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let key = self.keys.hash_one(token);
        if let Some(count) = rooms.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                rooms.remove(&key);
            }
        }
    }

    pub(super) fn clear(&self) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.clear();
    }
}

impl OpenRooms for OpenVisitors {
    fn has_open_room(&self, visitor_token: &str) -> bool {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.contains_key(&self.keys.hash_one(visitor_token))
    }
}
