//! An agent while his members are being read, in whatever order and spelling they come.

use super::scalar::{self, Scalar, Unreadable};
use crate::domain::{Capacity, Presence, Skill, SkillId, SourceAgent, SourceId};

/// The members of `availableAgents` that mean something to us (contract §4.2). Everything else,
/// `elapsedTimeInState` included, is read over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    AvailableAgents,
    /// `agentSessionLocation`, of the answer that opens a session (contract §3.1).
    SessionLocation,
    Agents,
    Agent,
    Link,
    Href,
    Rel,
    Error,
    InternalCode,
    Id,
    ChatState,
    VoiceState,
    MaxChats,
    UserName,
    Nickname,
    Email,
    PrivilegeGroup,
    Chats,
    GroupId,
    GroupName,
    Skills,
    Skill,
    SkillsInfo,
    SkillInfo,
    Name,
    /// `$`: the text of an element that has attributes too.
    Text,
    /// `xsi:nil`.
    Nil,
    Other,
}

impl Member {
    /// By the local name: a prefix before `:` and the `@` of attributes are not part of it. An
    /// unprefixed `nil` would be somebody's own attribute, but no member of that name is known.
    pub(super) fn of(name: &str) -> Self {
        let name = name.strip_prefix('@').unwrap_or(name);
        let known = Self::exact(name);
        if known != Self::Other {
            return known;
        }
        match name.rsplit_once(':') {
            Some((prefix, local)) if prefix != "xmlns" => Self::exact(local),
            Some(_) | None => Self::Other,
        }
    }

    /// By length first: there are a dozen names for every agent, and most of the time one
    /// comparison tells.
    fn exact(name: &str) -> Self {
        let of_that_length: &[(&str, Self)] = match name.len() {
            1 => &[("$", Self::Text)],
            2 => &[("id", Self::Id)],
            3 => &[("rel", Self::Rel), ("nil", Self::Nil)],
            4 => &[
                ("name", Self::Name),
                ("href", Self::Href),
                ("link", Self::Link),
            ],
            5 => &[
                ("agent", Self::Agent),
                ("skill", Self::Skill),
                ("email", Self::Email),
                ("chats", Self::Chats),
                ("error", Self::Error),
            ],
            6 => &[("skills", Self::Skills), ("agents", Self::Agents)],
            8 => &[
                ("userName", Self::UserName),
                ("nickname", Self::Nickname),
                ("maxChats", Self::MaxChats),
            ],
            9 => &[
                ("chatState", Self::ChatState),
                ("skillInfo", Self::SkillInfo),
            ],
            10 => &[
                ("voiceState", Self::VoiceState),
                ("skillsInfo", Self::SkillsInfo),
            ],
            12 => &[
                ("agentGroupId", Self::GroupId),
                ("internalCode", Self::InternalCode),
            ],
            14 => &[
                ("privilegeGroup", Self::PrivilegeGroup),
                ("agentGroupName", Self::GroupName),
            ],
            15 => &[("availableAgents", Self::AvailableAgents)],
            20 => &[("agentSessionLocation", Self::SessionLocation)],
            _ => &[],
        };
        let found = of_that_length.iter().find(|(word, _)| *word == name);
        found.map_or(Self::Other, |(_, member)| *member)
    }
}

/// An agent in the making. Of a repeated member the first that is not absent counts.
#[derive(Debug, Default)]
pub(super) struct Draft {
    id: Option<String>,
    login: Option<String>,
    display_name: Option<String>,
    email: Option<String>,
    privilege_group: Option<String>,
    group_id: Option<String>,
    group_name: Option<String>,
    presence: Option<Presence>,
    voice: Option<Presence>,
    capacity: Option<Capacity>,
    load: Option<Result<u32, Unreadable>>,
    skills: Vec<Skill>,
    nil: bool,
}

impl Draft {
    /// Takes a scalar member; members that are not an agent's are ignored.
    pub(super) fn set(&mut self, member: Member, value: Scalar<'_>) {
        if value == Scalar::Absent {
            return;
        }
        match member {
            Member::Id => text(&mut self.id, value),
            Member::UserName => text(&mut self.login, value),
            Member::Nickname => text(&mut self.display_name, value),
            Member::Email => text(&mut self.email, value),
            Member::PrivilegeGroup => text(&mut self.privilege_group, value),
            Member::GroupId => text(&mut self.group_id, value),
            Member::GroupName => text(&mut self.group_name, value),
            Member::ChatState => {
                self.presence
                    .get_or_insert_with(|| scalar::presence(&value));
            }
            Member::VoiceState => {
                self.voice.get_or_insert_with(|| scalar::presence(&value));
            }
            Member::MaxChats => {
                self.capacity
                    .get_or_insert_with(|| scalar::capacity(&value));
            }
            Member::Chats => {
                self.load.get_or_insert_with(|| scalar::load(&value));
            }
            Member::Nil => self.nil |= is_true(&value),
            Member::AvailableAgents
            | Member::SessionLocation
            | Member::Agents
            | Member::Agent
            | Member::Link
            | Member::Href
            | Member::Rel
            | Member::Error
            | Member::InternalCode
            | Member::Skills
            | Member::Skill
            | Member::SkillsInfo
            | Member::SkillInfo
            | Member::Name
            | Member::Text
            | Member::Other => {}
        }
    }

    /// Takes one entry of `skills` or `skillsInfo`.
    pub(super) fn skill(&mut self, entry: SkillEntry<'_>) {
        self.skills.extend(entry.into_skill());
    }

    /// Whether the entry was said to be nothing (`xsi:nil="true"`).
    pub(super) fn is_nil(&self) -> bool {
        self.nil
    }

    /// The agent, unless he has no id.
    pub(super) fn finish(mut self) -> Option<SourceAgent> {
        let id = SourceId::new(self.id?);
        // One pass when already in order, which is how the source sends them. The name of an id
        // comes from `skillsInfo`, so of equal ids the one with a name goes first and stays.
        if !self.skills.is_sorted_by(|a, b| a.id < b.id) {
            self.skills.sort_by(|a, b| {
                let named_first = b.name.is_some().cmp(&a.name.is_some());
                a.id.cmp(&b.id).then(named_first)
            });
            self.skills.dedup_by(|later, kept| later.id == kept.id);
        }
        let load = self.load.unwrap_or(Ok(0));
        let capacity = self.capacity.filter(|_| load.is_ok());
        Some(SourceAgent {
            id,
            login: self.login,
            display_name: self.display_name,
            email: self.email,
            presence: self.presence.unwrap_or(Presence::Unknown),
            voice: self.voice.unwrap_or(Presence::Unknown),
            capacity: capacity.unwrap_or(Capacity::Limited(0)),
            load: load.unwrap_or(0),
            skills: self.skills,
            group_id: self.group_id,
            group_name: self.group_name,
            privilege_group: self.privilege_group,
        })
    }
}

fn text(slot: &mut Option<String>, value: Scalar<'_>) {
    if slot.is_none() {
        *slot = value.into_text();
    }
}

/// Whether an `xsi:nil` is set.
pub(super) fn is_true(value: &Scalar<'_>) -> bool {
    matches!(value, Scalar::Text(text) if text == "true") || value.whole() == Some(1)
}

/// One `skill` or `skillInfo`: `"2"`, `{"id":"2","name":"Sales"}`, `{"$":"2"}`, and as elements.
#[derive(Debug)]
pub(super) struct SkillEntry<'a> {
    pub(super) id: Scalar<'a>,
    pub(super) name: Scalar<'a>,
    pub(super) text: Scalar<'a>,
}

impl<'a> SkillEntry<'a> {
    pub(super) const EMPTY: Self = Self {
        id: Scalar::Absent,
        name: Scalar::Absent,
        text: Scalar::Absent,
    };

    /// A bare id.
    pub(super) fn bare(text: Scalar<'a>) -> Self {
        Self {
            text,
            ..Self::EMPTY
        }
    }

    pub(super) fn set(&mut self, member: Member, value: Scalar<'a>) {
        let slot = if member == Member::Id {
            &mut self.id
        } else if member == Member::Name {
            &mut self.name
        } else if member == Member::Text {
            &mut self.text
        } else {
            return;
        };
        if *slot == Scalar::Absent {
            *slot = value;
        }
    }

    /// With an `id` the text is the name; without one the text is the id.
    fn into_skill(self) -> Option<Skill> {
        let (id, name) = match self.id.into_text() {
            Some(id) => {
                let name = self.name.into_text();
                (id, name.or_else(|| self.text.into_text()))
            }
            None => (self.text.into_text()?, self.name.into_text()),
        };
        Some(Skill {
            id: SkillId::new(id),
            name,
        })
    }
}
