//! What an event does not carry and must be looked up: the visitor of `visitorData`, the places of
//! `queueData`. Events come from the conversations' thread, which cannot ask itself; so one task
//! asks, and what came meanwhile is asked together. Only rooms that somebody listens to are asked
//! for, so what waits here is bounded by the subscriptions.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{
    super::shape::{self, Dates},
    frame,
    hub::Hub,
    topic::{LIVECHAT, Place, Topic},
};
use crate::conversation::document::Visitor;

/// What waits to be looked up.
#[derive(Debug, Default)]
pub(super) struct Later {
    runtime: OnceLock<Handle>,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Id of the visitor by room.
    visitors: HashMap<String, String>,
    queue: bool,
    /// A task is on it.
    running: bool,
}

impl Later {
    /// Says where tasks run. Must be called inside a tokio runtime; the first one stays.
    pub(super) fn run_here(&self) {
        let _ = self.runtime.set(Handle::current());
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    /// The visitor of a room changed.
    pub(super) fn visitor_later(self: &Arc<Self>, rid: &str, visitor: &str) {
        if self.anybody(&Place::Room(rid.to_owned()), &Topic::Livechat) {
            let mut waiting = self.later.waiting();
            waiting.visitors.insert(rid.to_owned(), visitor.to_owned());
            self.start(&mut waiting);
        }
    }

    /// The queue moved.
    pub(super) fn queue_later(self: &Arc<Self>) {
        let mut waiting = self.later.waiting();
        waiting.queue = true;
        self.start(&mut waiting);
    }

    fn start(self: &Arc<Self>, waiting: &mut Waiting) {
        let Some(runtime) = self.later.runtime.get().filter(|_| !waiting.running) else {
            return;
        };
        waiting.running = true;
        let hub = Arc::clone(self);
        runtime.spawn(async move { while hub.look_up().await {} });
    }

    /// Looks up what waits; `false` when nothing does.
    async fn look_up(self: &Arc<Self>) -> bool {
        let (visitors, queue) = {
            let mut waiting = self.later.waiting();
            let wanted = (
                mem::take(&mut waiting.visitors),
                mem::take(&mut waiting.queue),
            );
            waiting.running = wanted.1 || !wanted.0.is_empty();
            if !waiting.running {
                return false;
            }
            wanted
        };
        let Some(face) = self.face() else {
            // The listener has gone, and its sockets with it.
            return true;
        };
        let rooms = if queue {
            self.rooms_with(&Topic::Livechat)
        } else {
            std::collections::HashSet::new()
        };
        let looked = face.conversations.ask(move |chats| {
            let mut found = Vec::with_capacity(visitors.len());
            for (rid, id) in visitors {
                found.extend(chats.visitor(&id)?.map(|visitor| (rid, visitor)));
            }
            let waits = if rooms.is_empty() {
                Vec::new()
            } else {
                chats.places_in_queue()
            };
            let waits = waits.into_iter().filter(|(rid, _)| rooms.contains(rid));
            Ok((found, waits.collect::<Vec<_>>()))
        });
        // A store that fails has said so where it failed.
        if let Ok((visitors, spots)) = looked.await {
            for (rid, visitor) in visitors {
                self.tell_room(&rid, || visitor_data(&visitor));
            }
            for (rid, spot) in spots {
                self.tell_room(
                    &rid,
                    || json!({"type": "queueData", "data": {"spot": spot}}),
                );
            }
        }
        true
    }

    /// Tells the listeners of `stream-livechat-room`.
    pub(super) fn tell_room(&self, rid: &str, argument: impl FnOnce() -> Value) {
        let place = Place::Room(rid.to_owned());
        self.tell(&place, &Topic::Livechat, None, || {
            frame::changed(LIVECHAT, rid, &[argument()])
        });
    }
}

fn visitor_data(visitor: &Visitor) -> Value {
    json!({"type": "visitorData", "visitor": shape::visitor(visitor, Dates::Ejson)})
}
