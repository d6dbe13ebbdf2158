//! One agent as the source shows them.

use super::ids::{SkillId, SourceId};

/// What the source says an agent is doing about chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// Logged off.
    Offline,
    /// Takes new chats.
    Online,
    /// Takes only chats that are transferred to them.
    Occupied,
    /// Takes nothing.
    Away,
    /// A state we were not told or do not know: never available.
    Unknown,
}

impl Presence {
    /// Every presence, in the order in which it is printed.
    pub const ALL: [Self; 5] = [
        Self::Online,
        Self::Occupied,
        Self::Away,
        Self::Offline,
        Self::Unknown,
    ];

    /// The lower-case word used in configuration, logs, metrics and tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Online => "online",
            Self::Occupied => "occupied",
            Self::Away => "away",
            Self::Unknown => "unknown",
        }
    }
}

/// How many chats an agent may have at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capacity {
    /// No limit (the source says -1).
    Unlimited,
    /// At most so many; zero takes none.
    Limited(u32),
}

impl Capacity {
    /// Whether an agent who already has `taken` chats may get one more.
    pub const fn has_room(self, taken: u32) -> bool {
        match self {
            Self::Unlimited => true,
            Self::Limited(limit) => taken < limit,
        }
    }
}

/// Whose word about an agent's availability counts (DESIGN decision "availability has an owner").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The source's polls decide.
    #[default]
    Source,
    /// The target decides.
    Target,
    /// Free only when both say so.
    Both,
}

impl Owner {
    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
            Self::Both => "both",
        }
    }
}

/// A skill of the source. The name is known only when the source sends it beside the id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Skill {
    /// Opaque id.
    pub id: SkillId,
    /// Human name, when sent.
    pub name: Option<String>,
}

/// One agent in one answer of the source. Absent texts are `None`, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceAgent {
    /// Stable id within the account.
    pub id: SourceId,
    /// Login name.
    pub login: Option<String>,
    /// Name shown to visitors.
    pub display_name: Option<String>,
    /// E-mail address, as sent.
    pub email: Option<String>,
    /// Chat presence.
    pub presence: Presence,
    /// Voice presence: carried for reports, never used to route chats.
    pub voice: Presence,
    /// Chats allowed at once.
    pub capacity: Capacity,
    /// Chats being handled now; 0 when the source leaves it out.
    pub load: u32,
    /// Skills in id order, without repeats.
    pub skills: Vec<Skill>,
    /// Id of the agent group.
    pub group_id: Option<String>,
    /// Name of the agent group.
    pub group_name: Option<String>,
    /// Privilege group, for example `administrators`.
    pub privilege_group: Option<String>,
}
