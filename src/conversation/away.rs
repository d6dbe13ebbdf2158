//! What time alone brings: agents for those who wait, bookings of agents who came back on the roll,
//! and the rule for agents who go away (`[livechat] agent_gone`).
//!
//! An agent is gone when the source's word counts for them and says that they are not there: they
//! are not on the roll, were missed in two complete polls, or are offline. Away and busy agents go on
//! with the chats they have. While the source was never seen, nobody is gone: silence is no news.
//!
//! | `agent_gone` | after `agent_gone_after` |
//! |---|---|
//! | `keep` | nothing: the chat waits for them |
//! | `requeue` | back into the queue of its department |
//! | `forward` | another agent of the department; nobody free: back into the queue |

use std::collections::BTreeSet;

use super::{
    chats::Chats,
    document::{Author, Moment, Room},
    event::Event,
    index::Change,
    refused::Refused,
    transfer::{Mover, Moving},
};
use crate::{
    config::livechat::AgentGone,
    domain::{Ask, Owner, Purpose, SnapshotRow, Standing, TargetStatus},
    ledger::{Answer, Freshness},
};

/// Rooms that one look may change: about a thousand documents, some ten milliseconds. What is left
/// over has its turn a second later.
const MOST_AT_ONCE: usize = 200;

impl Chats {
    /// Called about once a second. Memory only, unless something has to change.
    pub fn look_after(&mut self) -> Result<(), Refused> {
        let mut changes = MOST_AT_ONCE;
        self.look_after_agents(&mut changes)?;
        self.look_after_queue(&mut changes)
    }

    /// Those who wait, in the order of the queue. A department that has nobody for one has nobody for
    /// the next either.
    fn look_after_queue(&mut self, changes: &mut usize) -> Result<(), Refused> {
        let mut exhausted = BTreeSet::new();
        for (rid, department) in self.index.waiting() {
            if *changes == 0 {
                return Ok(());
            }
            if exhausted.contains(&department) {
                continue;
            }
            let Some(mut room) = self.still_open(&rid)? else {
                continue;
            };
            if room.served_by.is_some() {
                continue;
            }
            if self.assign(&mut room, None)? {
                self.keep_room(&mut room);
                *changes -= 1;
            } else {
                exhausted.insert(department);
            }
        }
        Ok(())
    }

    fn look_after_agents(&mut self, changes: &mut usize) -> Result<(), Refused> {
        let is_seen = self.ledger.freshness() != Freshness::Never;
        for (agent, told) in self.index.agents() {
            let found = self.ledger.look_up(&agent);
            let row = found.as_ref().and_then(Answer::agent);
            let rooms = self.index.rooms_of(&agent);
            if is_seen {
                self.tell_status(&agent, told, row, &rooms);
            }
            let gone = is_seen && is_gone(row);
            for (rid, gone_since) in rooms {
                if *changes == 0 {
                    return Ok(());
                }
                let must_book = row.is_some() && !self.ledger.is_booked(&rid);
                let must_mark = self.config.agent_gone != AgentGone::Keep
                    && (gone != gone_since.is_some() || self.is_long(gone_since));
                if !must_book && !must_mark {
                    continue;
                }
                let Some(mut room) = self.still_open(&rid)? else {
                    continue;
                };
                if must_book {
                    self.book_again(&room);
                }
                if must_mark {
                    *changes -= 1;
                    self.mark(&mut room, gone)?;
                }
            }
        }
        Ok(())
    }

    /// Tells an agent's rooms that the agent's presence word is another one.
    fn tell_status(
        &mut self,
        agent: &str,
        told: Option<&'static str>,
        row: Option<&SnapshotRow>,
        rooms: &[(String, Option<Moment>)],
    ) {
        let status = row.map_or(TargetStatus::Offline, |row| row.availability().status);
        let word = status.word();
        if told == Some(word) {
            return;
        }
        self.note_index(Change::Told(agent.to_owned(), word));
        if told.is_none() {
            // Whoever was told of the agent was told of their presence.
            return;
        }
        for (rid, _) in rooms {
            self.tell(Event::AgentStatus {
                rid: rid.clone(),
                status: word,
            });
        }
    }

    /// Notes that a room's agent is gone, or back, and does what the rule says in time.
    fn mark(&mut self, room: &mut Room, gone: bool) -> Result<(), Refused> {
        let since = room.agent_gone_since;
        if !gone {
            room.agent_gone_since = None;
        } else if !self.is_long(since.or(Some(self.now()))) {
            room.agent_gone_since = since.or(Some(self.now()));
        } else {
            self.apply_rule(room)?;
        }
        self.keep_room(room);
        Ok(())
    }

    fn is_long(&self, since: Option<Moment>) -> bool {
        let patience = i64::try_from(self.config.agent_gone_after.as_millis()).unwrap_or(i64::MAX);
        since.is_some_and(|since| self.now().0.saturating_sub(since.0) >= patience)
    }

    fn apply_rule(&mut self, room: &mut Room) -> Result<(), Refused> {
        let leaving = room.served_by.as_ref().map(|served| Author {
            id: served.id.clone(),
            username: served.username.clone(),
            name: None,
        });
        let Some(leaving) = leaving else {
            return Ok(());
        };
        let moving = Moving {
            by: Mover::agent(leaving.clone()),
            comment: None,
        };
        if self.config.agent_gone == AgentGone::Forward {
            let ask = Ask {
                department: room.department_id.as_deref(),
                purpose: Purpose::Transfer,
                ignored_agent: Some(&leaving.id),
            };
            let answer = self.ledger.take(&room.id, None, &ask);
            if let Some(row) = answer.agent() {
                self.note_moved_booking(&room.id, Some(leaving.id));
                return self.hand_over(room, row, &moving);
            }
        }
        self.requeue(room, &moving)
    }

    /// The room, if it is there and open; else the index forgets it.
    fn still_open(&mut self, rid: &str) -> Result<Option<Room>, Refused> {
        let room = match self.room(rid) {
            Ok(room) => room.filter(|room| room.open),
            // One room that cannot be read must not stop the others: it is left alone until a restart.
            Err(error) if !self.is_broken() => {
                tracing::error!(room = rid, "an open room is not looked after: {error}");
                None
            }
            Err(error) => return Err(error),
        };
        if room.is_none() {
            self.note_index(Change::Gone(rid.to_owned()));
        }
        Ok(room)
    }
}

/// Whether an agent is gone by the word that counts for them.
fn is_gone(row: Option<&SnapshotRow>) -> bool {
    let Some(row) = row else { return true };
    match row.owner() {
        // Only the target knows.
        Owner::Target => false,
        Owner::Source | Owner::Both => match row.standing() {
            Standing::Gone { .. } => true,
            Standing::Present | Standing::Frozen { .. } | Standing::Missing { .. } => {
                row.availability().status == TargetStatus::Offline
            }
        },
    }
}
