//! Open rooms in memory: who waits, and who serves. It is looked at every second, so that nobody
//! reads a document only to find that nothing has changed.
//!
//! Made anew from the documents at start; afterwards every room that is kept tells its own change.

use std::collections::{BTreeMap, HashMap};

use super::document::{Moment, Room};

/// Open rooms, by what they need.
#[derive(Debug, Default)]
pub(super) struct OpenIndex {
    places: HashMap<String, Place>,
    /// Rooms nobody serves, oldest first: who has waited longest, or was in a chat already.
    waiting: BTreeMap<(Moment, String), Option<String>>,
    /// Agents who serve somebody, by id.
    serving: HashMap<String, Serving>,
}

#[derive(Debug)]
enum Place {
    /// Since the room was made.
    Waits(Moment),
    /// By the agent of this id.
    Served(String),
}

/// An agent's open rooms.
#[derive(Debug, Default)]
struct Serving {
    /// With the moment since which the agent is marked as gone there.
    rooms: BTreeMap<String, Option<Moment>>,
    /// The presence word that those rooms were told last.
    told: Option<&'static str>,
}

/// What an operation changes in the index once it has ended well.
#[derive(Debug)]
pub(super) enum Change {
    /// An open room is so now.
    Open {
        /// Room.
        rid: String,
        /// When it was made.
        ts: Moment,
        /// Department it waits in.
        department: Option<String>,
        /// Agent, and since when they are gone.
        served: Option<(String, Option<Moment>)>,
    },
    /// A room is closed or removed.
    Gone(String),
    /// An agent's rooms were told this word.
    Told(String, &'static str),
}

impl Change {
    /// What keeping a room means here.
    pub(super) fn of(room: &Room) -> Self {
        if !room.open {
            return Self::Gone(room.id.clone());
        }
        Self::Open {
            rid: room.id.clone(),
            ts: room.ts,
            department: room.department_id.clone(),
            served: room
                .served_by
                .as_ref()
                .map(|served| (served.id.clone(), room.agent_gone_since)),
        }
    }
}

impl OpenIndex {
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Gone(rid) => self.forget(&rid),
            Change::Told(agent, word) => {
                if let Some(serving) = self.serving.get_mut(&agent) {
                    serving.told = Some(word);
                }
            }
            Change::Open {
                rid,
                ts,
                department,
                served: None,
            } => {
                self.forget(&rid);
                self.waiting.insert((ts, rid.clone()), department);
                self.places.insert(rid, Place::Waits(ts));
            }
            Change::Open {
                rid,
                served: Some((agent, gone_since)),
                ..
            } => {
                let stays =
                    matches!(self.places.get(&rid), Some(Place::Served(by)) if *by == agent);
                if !stays {
                    self.forget(&rid);
                    self.places
                        .insert(rid.clone(), Place::Served(agent.clone()));
                }
                let serving = self.serving.entry(agent).or_default();
                serving.rooms.insert(rid, gone_since);
            }
        }
    }

    fn forget(&mut self, rid: &str) {
        match self.places.remove(rid) {
            None => {}
            Some(Place::Waits(since)) => {
                self.waiting.remove(&(since, rid.to_owned()));
            }
            Some(Place::Served(agent)) => {
                if let Some(serving) = self.serving.get_mut(&agent) {
                    serving.rooms.remove(rid);
                    if serving.rooms.is_empty() {
                        self.serving.remove(&agent);
                    }
                }
            }
        }
    }

    /// Open rooms, and those of them that wait.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.places.len(), self.waiting.len())
    }

    /// Rooms that wait, with their department, in the order of the queue.
    pub(super) fn waiting(&self) -> Vec<(String, Option<String>)> {
        let waiting = self.waiting.iter();
        waiting
            .map(|((_, rid), department)| (rid.clone(), department.clone()))
            .collect()
    }

    /// Agents who serve somebody, with the presence word their rooms were told last.
    pub(super) fn agents(&self) -> Vec<(String, Option<&'static str>)> {
        let mut agents: Vec<_> = self
            .serving
            .iter()
            .map(|(agent, serving)| (agent.clone(), serving.told))
            .collect();
        agents.sort_unstable();
        agents
    }

    /// Rooms an agent serves, with the moment since which the agent is marked as gone there.
    pub(super) fn rooms_of(&self, agent: &str) -> Vec<(String, Option<Moment>)> {
        let Some(serving) = self.serving.get(agent) else {
            return Vec::new();
        };
        let rooms = serving.rooms.iter();
        rooms.map(|(rid, since)| (rid.clone(), *since)).collect()
    }

    /// Every open room.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::document::ServedBy;

    fn room(id: &str, ts: i64, agent: Option<&str>) -> Room {
        Room {
            id: id.to_owned(),
            ts: Moment(ts),
            open: true,
            served_by: agent.map(|agent| ServedBy {
                id: agent.to_owned(),
                ..ServedBy::default()
            }),
            ..Room::default()
        }
    }

    #[test]
    fn a_room_is_in_one_place_whatever_became_of_it() {
        let mut index = OpenIndex::default();
        let mut put = |room: &Room| index.apply(Change::of(room));
        put(&room("b", 2, None));
        put(&room("a", 3, None));
        put(&room("c", 1, Some("ada")));
        put(&room("d", 4, Some("ada")));
        put(&room("c", 1, Some("bob")));
        put(&room("d", 4, None));
        put(&Room {
            open: false,
            ..room("b", 2, None)
        });
        let waiting: Vec<_> = index.waiting().into_iter().map(|(rid, _)| rid).collect();
        assert_eq!(waiting, ["a", "d"], "in the order of their making");
        assert_eq!(index.agents(), [("bob".to_owned(), None)]);
        assert_eq!(index.rooms_of("bob"), [("c".to_owned(), None)]);
        assert!(index.rooms_of("ada").is_empty());
        index.apply(Change::Gone("c".to_owned()));
        index.apply(Change::Told("bob".to_owned(), "away"));
        assert!(index.agents().is_empty(), "who serves nobody is forgotten");
        assert_eq!(index.rooms().count(), 2);
    }
}
