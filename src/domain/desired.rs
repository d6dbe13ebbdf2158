//! The roster in the target's model: what the target should show for each agent.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use super::{
    agent::{Capacity, Owner},
    ids::{DepartmentId, SourceId, TargetId},
    roster::RosterEntry,
};

/// The target's four presence words (livechat contract §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetStatus {
    /// Green.
    Online,
    /// Yellow.
    Away,
    /// Red.
    Busy,
    /// Grey.
    Offline,
}

impl TargetStatus {
    /// The target's own word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Offline => "offline",
        }
    }
}

/// What one presence of the source means for the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Availability {
    /// Presence word shown to visitors.
    pub status: TargetStatus,
    /// Whether a new chat may go there (the target's `statusLivechat` is `available`).
    pub new_chats: bool,
    /// Whether a transferred chat may go there, by our own routing.
    pub transfers: bool,
}

/// An e-mail address of an agent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress {
    /// The address.
    pub address: String,
    /// Always true: the source vouches for it (seed of agent.next).
    pub verified: bool,
}

/// The durable half of the mapping: who an agent is in the target. Kept, so that renames in the
/// source are updates and never new people; only provisioning changes it, to what the target gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The agent in the source.
    pub source_id: SourceId,
    /// The agent in the target.
    pub target_id: TargetId,
    /// The name given in the target, unique without regard to case.
    pub username: String,
    /// The derived id from before provisioning, while the target's own is another: whoever was
    /// told that one still means this agent (DESIGN §4.7).
    pub formerly: Option<TargetId>,
}

/// One agent as the target should show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredAgent {
    /// The believed entry this was mapped from; shared, so that "unchanged" is a pointer.
    pub believed: Arc<RosterEntry>,
    /// Who they are in the target.
    pub identity: Arc<Identity>,
    /// Name shown to visitors; never empty.
    pub name: String,
    /// Addresses; may be empty.
    pub emails: Vec<EmailAddress>,
    /// Role names, sorted, without repeats; always holds the agent role.
    pub roles: Vec<String>,
    /// Departments, sorted, without repeats.
    pub departments: Vec<DepartmentId>,
    /// The target's own limit; `None` means that no limit is written.
    pub limit: Option<u32>,
    /// What their presence means in the target.
    pub availability: Availability,
    /// Custom fields, for example the source's id.
    pub custom_fields: BTreeMap<String, String>,
}

impl DesiredAgent {
    /// Chats allowed at once, as the source says.
    pub fn capacity(&self) -> Capacity {
        self.believed.agent.capacity
    }

    /// Chats being handled now, as the source says.
    pub fn load(&self) -> u32 {
        self.believed.agent.load
    }

    /// Whose word about availability counts.
    pub fn owner(&self) -> Owner {
        self.believed.owner
    }

    /// The name without what newer targets refuse: control characters and `<`, `>`. The exact set is
    /// not known (admin contract §11.3), these are never missed.
    pub fn writable_name(&self) -> Cow<'_, str> {
        let refused = |letter: char| letter.is_control() || matches!(letter, '<' | '>');
        if !self.name.contains(refused) {
            return Cow::Borrowed(&self.name);
        }
        let kept = self.name.replace(refused, " ");
        let words: Vec<_> = kept.split_whitespace().collect();
        if words.is_empty() {
            return Cow::Borrowed(&self.identity.username);
        }
        Cow::Owned(words.join(" "))
    }
}

/// A department of the target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Department {
    /// Id in the target.
    pub id: DepartmentId,
    /// Name; unique for us, though not for the target.
    pub name: String,
}

/// Everybody who takes part, in the target's model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// In the order of their source ids.
    pub agents: Vec<Arc<DesiredAgent>>,
    /// In the order of their ids.
    pub departments: Vec<Department>,
    /// What the rules had to do on the way.
    pub notes: MappingNotes,
}

/// Counts of what mapping had to decide, for the report and the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingNotes {
    /// Agents left out by the participants' rules.
    pub excluded: usize,
    /// Skills without a rule, by what was done: each (agent, skill) pair counts once.
    pub unmapped_skills: usize,
    /// Agents without an e-mail address.
    pub missing_emails: usize,
    /// Agents whose name was taken and who got a suffix.
    pub name_collisions: usize,
    /// Agents whose login had characters the target refuses.
    pub names_changed: usize,
}
