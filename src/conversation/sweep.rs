//! What is older than `[livechat.retention]` allows goes: closed rooms with everything that is theirs,
//! visitors without rooms, pages that wait for a room, files whose room is gone, and logins that are
//! over.
//!
//! In small steps, so that nobody's message waits for long behind one. A closed room that is half
//! removed stays closed, and the next step goes on with it.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    chats::Chats,
    document::{Document, Moment, Page, Room, Visitor},
    key,
    refused::Refused,
    thread::Conversations,
};
use crate::{domain::Timestamp, ports::Clock};

/// Documents that one step looks at, and about as many that it removes: a few milliseconds.
const STEP: usize = 200;

/// Between two steps of a round, for the others.
const PAUSE: Duration = Duration::from_millis(50);

/// Where a round of sweeping goes on; the default is its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepPlace {
    family: Family,
    /// First key to look at; `None`: the family's first.
    from: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Family {
    #[default]
    Rooms,
    Visitors,
    Pages,
    Files,
    Sessions,
}

impl Family {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Rooms => key::ROOM,
            Self::Visitors => key::VISITOR,
            Self::Pages => key::PAGE,
            Self::Files => key::FILE,
            Self::Sessions => key::SESSION,
        }
    }

    const fn next(self) -> Option<Self> {
        match self {
            Self::Rooms => Some(Self::Visitors),
            Self::Visitors => Some(Self::Pages),
            Self::Pages => Some(Self::Files),
            Self::Files => Some(Self::Sessions),
            Self::Sessions => None,
        }
    }
}

/// As much of a file's document as is needed here: the room it was sent to.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct RoomOfFile {
    rid: String,
}

impl Document for RoomOfFile {
    /// Only read, and `rid` is in every version.
    const VERSION: u32 = u32::MAX;
}

impl Chats {
    /// Removes what is too old, beginning at `place`: looks at no more than `limit` documents and
    /// removes about as many. Gives where to go on; `None`: the round is over.
    pub fn sweep(
        &mut self,
        place: &SweepPlace,
        limit: usize,
    ) -> Result<Option<SweepPlace>, Refused> {
        let family = place.family;
        if family == Family::Sessions {
            // There are few, and they know by themselves when they end.
            self.forget_sessions(limit)?;
            return Ok(None);
        }
        let prefix = family.prefix();
        let from = place.from.as_deref().unwrap_or(prefix);
        let keys = self.keys(from, &key::after(prefix), limit)?;
        let mut budget = limit;
        for key in &keys {
            let is_done = match family {
                Family::Rooms => self.sweep_room(key, &mut budget)?,
                Family::Visitors => self.sweep_visitor(key, &mut budget)?,
                Family::Pages => self.sweep_page(key),
                Family::Files => self.sweep_file(key)?,
                Family::Sessions => true,
            };
            if !is_done {
                return Ok(Some(SweepPlace {
                    family,
                    from: Some(key.clone()),
                }));
            }
        }
        if let Some(last) = keys.last()
            && keys.len() == limit
        {
            // The first key that can follow.
            let from = Some(format!("{last}\0"));
            return Ok(Some(SweepPlace { family, from }));
        }
        Ok(family
            .next()
            .map(|family| SweepPlace { family, from: None }))
    }

    /// A document that cannot be read is nothing to judge by: it stays.
    fn judged<T: Document>(&self, key: &str) -> Option<T> {
        self.get(key).ok().flatten()
    }

    fn is_older(&self, at: Moment, than: Duration) -> bool {
        self.timestamp().since(Timestamp::from(at)) > than
    }

    fn sweep_room(&mut self, key: &str, budget: &mut usize) -> Result<bool, Refused> {
        let Some(room) = self.judged::<Room>(key).filter(|room| !room.open) else {
            return Ok(true);
        };
        let at = room.closed_at.unwrap_or(room.updated_at);
        if !self.is_older(at, self.config.retention.closed_rooms) {
            return Ok(true);
        }
        if *budget == 0 {
            return Ok(false);
        }
        self.forget_room(&room.v.id, &room.id, budget)
    }

    fn sweep_visitor(&mut self, key: &str, budget: &mut usize) -> Result<bool, Refused> {
        let Some(visitor) = self.judged::<Visitor>(key) else {
            return Ok(true);
        };
        let chat = visitor.last_chat.as_ref().map(|(_, at)| *at);
        let seen = visitor.updated_at.max(chat.unwrap_or_default());
        if !self.is_older(seen, self.config.retention.visitors) {
            return Ok(true);
        }
        if *budget == 0 {
            return Ok(false);
        }
        for rid in self.room_ids_of(&visitor.id)? {
            if self.room(&rid)?.is_some() {
                return Ok(true);
            }
            // Left behind by a removal that was cut off.
            self.remove(key::room_of(&visitor.id, &rid));
        }
        *budget -= 1;
        self.forget_visitor(&visitor)?;
        Ok(true)
    }

    fn sweep_page(&mut self, key: &str) -> bool {
        let page = self.judged::<Page>(key);
        if page.is_some_and(|page| self.page_is_old(&page)) {
            self.remove(key.to_owned());
        }
        true
    }

    fn sweep_file(&mut self, key: &str) -> Result<bool, Refused> {
        let file = self.judged::<RoomOfFile>(key);
        if let Some(file) = file.filter(|file| !file.rid.is_empty())
            && self.room(&file.rid)?.is_none()
        {
            self.remove(key.to_owned());
        }
        Ok(true)
    }
}

/// Sweeps every `every`; never ends by itself.
pub async fn keep_swept(conversations: Conversations, clock: Arc<dyn Clock>, every: Duration) {
    loop {
        clock.sleep(every).await;
        let mut place = Some(SweepPlace::default());
        while let Some(from) = place {
            let step = conversations.ask(move |chats| chats.sweep(&from, STEP));
            place = match step.await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(
                        "old conversations could not be removed, it is tried again later: {error}"
                    );
                    None
                }
            };
            if place.is_some() {
                clock.sleep(PAUSE).await;
            }
        }
    }
}
