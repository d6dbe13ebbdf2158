//! The list of rooms for agents (livechat contract §4.5, `livechat/rooms`): filtered, sorted, a page
//! at a time. Every room is looked at once, and only what sorting needs is kept of it, so that a
//! page costs memory for its own rooms alone.

use std::{cmp::Ordering, ops::ControlFlow};

use super::{
    chats::Chats,
    document::{Moment, Room},
    key,
    message::RoomView,
    refused::Refused,
};
use crate::ports::Order;

/// Which rooms. Empty lists and `None` ask for nothing.
#[derive(Clone, Debug, Default)]
pub struct RoomFilter {
    /// Ids or usernames of agents who serve.
    pub agents: Vec<String>,
    /// Ids of departments.
    pub departments: Vec<String>,
    /// Open or closed.
    pub open: Option<bool>,
    /// Whether somebody serves; of open rooms.
    pub served: Option<bool>,
    /// Nothing fits: what is asked for does not exist here (`onhold`).
    pub nothing: bool,
    /// When they were made.
    pub created: Span,
    /// When they were closed.
    pub closed: Span,
    /// At least one of them.
    pub tags: Vec<String>,
    /// Parts of the values of custom fields, in lower case.
    pub custom_fields: Vec<(String, String)>,
    /// Part of the visitor's name in lower case, or with `true` all of it.
    pub name: Option<(String, bool)>,
}

/// From and until when, both included.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// Not before.
    pub start: Option<Moment>,
    /// Not after.
    pub end: Option<Moment>,
}

impl Span {
    fn is_asked(self) -> bool {
        self.start.is_some() || self.end.is_some()
    }

    fn holds(self, at: Moment) -> bool {
        self.start.is_none_or(|start| at >= start) && self.end.is_none_or(|end| at <= end)
    }
}

/// What rooms may be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// `ts`
    Made,
    /// `lm`
    LastMessage,
    /// `closedAt`
    Closed,
    /// `queuedAt`
    Queued,
    /// `fname`
    Name,
    /// `open`
    Open,
    /// `msgs`
    Messages,
    /// `departmentId`
    Department,
    /// `servedBy.username`
    Agent,
    /// `v.status`
    VisitorStatus,
    /// `metrics.chatDuration`
    Duration,
}

/// Which part of the list.
#[derive(Clone, Debug)]
pub struct Page {
    /// Without the first so many.
    pub offset: usize,
    /// At most so many.
    pub count: usize,
    /// Keys, and whether the greatest comes first.
    pub sort: Vec<(SortKey, bool)>,
}

/// What a room is sorted by; absent values come first, as in the target's database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sorted {
    Absent,
    Number(i64),
    Text(String),
}

impl Chats {
    /// A page of the rooms that fit, and how many there are in all.
    pub fn list_rooms(
        &self,
        filter: &RoomFilter,
        page: &Page,
    ) -> Result<(Vec<RoomView>, usize), Refused> {
        let mut found: Vec<(Vec<Sorted>, String)> = Vec::new();
        let mut look = |room: Room| {
            if filter.fits(&room) {
                let keys = page.sort.iter().map(|(key, _)| key.of(&room)).collect();
                found.push((keys, room.id));
            }
        };
        if filter.nothing {
            return Ok((Vec::new(), 0));
        }
        if filter.open == Some(true) || filter.served == Some(false) {
            for room in self.every_open_room()? {
                look(room);
            }
        } else {
            self.walk(
                key::ROOM,
                &key::after(key::ROOM),
                Order::Ascending,
                |_, room| {
                    look(room);
                    ControlFlow::Continue(())
                },
            )?;
        }
        let total = found.len();
        found.sort_by(|a, b| compare(page, a, b));
        let mut views = Vec::new();
        for (_, rid) in found.into_iter().skip(page.offset).take(page.count) {
            if let Some(room) = self.room(&rid)? {
                views.push(self.view(room)?);
            }
        }
        Ok((views, total))
    }
}

/// By the keys, and by id among equals: pages must not overlap.
fn compare(page: &Page, a: &(Vec<Sorted>, String), b: &(Vec<Sorted>, String)) -> Ordering {
    let keys = a.0.iter().zip(&b.0).zip(&page.sort);
    let by_keys = keys.map(|((a, b), (_, descending))| {
        let order = a.cmp(b);
        if *descending { order.reverse() } else { order }
    });
    by_keys
        .fold(Ordering::Equal, Ordering::then)
        .then_with(|| a.1.cmp(&b.1))
}

impl RoomFilter {
    fn fits(&self, room: &Room) -> bool {
        let any = |wanted: &[String], has: &dyn Fn(&String) -> bool| {
            wanted.is_empty() || wanted.iter().any(has)
        };
        let served = room.served_by.as_ref();
        let agent =
            |wanted: &String| served.is_some_and(|by| by.id == *wanted || by.username == *wanted);
        let tag = |wanted: &String| room.tags.contains(wanted);
        let department = |wanted: &String| room.department_id.as_ref() == Some(wanted);
        let field = |(key, part): &(String, String)| {
            let value = room.livechat_data.get(key);
            value.is_some_and(|value| value.to_lowercase().contains(part))
        };
        let name = |(part, whole): &(String, bool)| {
            let name = room.fname.to_lowercase();
            if *whole {
                name == *part
            } else {
                name.contains(part)
            }
        };
        any(&self.agents, &agent)
            && any(&self.departments, &department)
            && any(&self.tags, &tag)
            && self.open.is_none_or(|open| room.open == open)
            && self
                .served
                .is_none_or(|wanted| room.open && served.is_some() == wanted)
            && self.created.holds(room.ts)
            && (!self.closed.is_asked() || room.closed_at.is_some_and(|at| self.closed.holds(at)))
            && self.custom_fields.iter().all(field)
            && self.name.as_ref().is_none_or(name)
    }
}

impl SortKey {
    /// The key of this path in a room.
    pub fn of_path(path: &str) -> Option<Self> {
        Some(match path {
            "ts" => Self::Made,
            "lm" => Self::LastMessage,
            "closedAt" => Self::Closed,
            "queuedAt" => Self::Queued,
            "fname" => Self::Name,
            "open" => Self::Open,
            "msgs" => Self::Messages,
            "departmentId" | "department.name" => Self::Department,
            "servedBy" | "servedBy.username" => Self::Agent,
            "v.status" => Self::VisitorStatus,
            "metrics.chatDuration" => Self::Duration,
            _ => return None,
        })
    }

    fn of(self, room: &Room) -> Sorted {
        let moment = |at: Moment| Sorted::Number(at.0);
        let text =
            |text: Option<&str>| text.map_or(Sorted::Absent, |text| Sorted::Text(text.to_owned()));
        match self {
            Self::Made => moment(room.ts),
            Self::LastMessage => moment(room.lm),
            Self::Closed => room.closed_at.map_or(Sorted::Absent, moment),
            Self::Queued => moment(room.queued_at),
            Self::Name => text(Some(&room.fname)),
            // Closed rooms have no `open`.
            Self::Open if room.open => Sorted::Number(1),
            Self::Open => Sorted::Absent,
            Self::Messages => Sorted::Number(room.msgs.into()),
            Self::Department => text(room.department_id.as_deref()),
            Self::Agent => text(room.served_by.as_ref().map(|by| by.username.as_str())),
            Self::VisitorStatus => text(Some(&room.v.status)),
            Self::Duration => match room.closed_at {
                Some(at) => Sorted::Number(at.0 - room.ts.0),
                None => Sorted::Absent,
            },
        }
    }
}
