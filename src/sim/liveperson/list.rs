//! What both writers of a list of agents share: the wire's numbers, and the shape of what they give.

use std::fmt::Write;

use super::{style::States, world::Entry};
use crate::domain::{Capacity, Presence};

/// An agent to be written, and the seconds he has been in his state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) entry: &'a Entry,
    pub(super) elapsed: i64,
}

/// A list cut where the link goes, since the link differs from session to session while the agents
/// are the same for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// Up to the place of the link.
    pub(super) before: String,
    /// From there to the end.
    pub(super) after: String,
}

/// Bytes to set aside for so many agents: one takes about 420 in JSON and 480 in XML.
pub(super) const fn room_for(agents: usize) -> usize {
    256 + agents * 512
}

/// `chatState` and `voiceState` (contract §4.4); `Unknown` is a number nobody documented.
pub(super) const fn state(presence: Presence, style: States) -> &'static str {
    match (style, presence) {
        (States::Names, presence) => state_name(presence),
        (States::Empty, _) => "",
        (States::Unknown, _) | (States::Digits, Presence::Unknown) => "9",
        (States::Digits, Presence::Offline) => "1",
        (States::Digits, Presence::Online) => "2",
        (States::Digits, Presence::Occupied) => "3",
        (States::Digits, Presence::Away) => "4",
    }
}

/// The name of a state in filters and availability.
pub(super) const fn state_name(presence: Presence) -> &'static str {
    match presence {
        Presence::Offline => "Offline",
        Presence::Online => "Online",
        Presence::Occupied => "Occupied",
        Presence::Away => "Away",
        Presence::Unknown => "Unknown",
    }
}

/// `maxChats`: -1 is unlimited.
pub(super) fn max_chats(capacity: Capacity, out: &mut String) {
    match capacity {
        Capacity::Unlimited => out.push_str("-1"),
        Capacity::Limited(limit) => put(limit, out),
    }
}

/// Anything that prints itself: numbers, mostly.
pub(super) fn put(value: impl std::fmt::Display, out: &mut String) {
    // A String cannot refuse what is written into it.
    let _ = write!(out, "{value}");
}
