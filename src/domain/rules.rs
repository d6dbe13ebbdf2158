//! Rules and limits that configuration builds and pure rooms obey.

use std::{collections::BTreeMap, time::Duration};

use super::{
    agent::Presence,
    ask::Policy,
    desired::{Availability, TargetStatus},
};

/// When an answer is doubted (DESIGN decision "full polls are the authority").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergeRules {
    /// A fall of more than this many per cent of the present agents is doubted.
    pub fall_percent: u8,
    /// The percentage counts only from so many present agents up; a fall to zero always counts.
    pub fall_minimum: usize,
    /// Take the next doubtful answer as true, once.
    pub accept_fall: bool,
    /// Where the source's cursor is followed: a full answer is asked for at least so often, since
    /// only those may say who is gone.
    pub full_every: Duration,
}

impl Default for MergeRules {
    fn default() -> Self {
        Self {
            fall_percent: 50,
            fall_minimum: 10,
            accept_fall: false,
            full_every: Duration::from_secs(600),
        }
    }
}

/// How the roster becomes the target's model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRules {
    /// What each presence means in the target.
    pub states: BTreeMap<Presence, Availability>,
    /// Rules for skills.
    pub skills: SkillRules,
    /// Role every agent gets.
    pub agent_role: String,
    /// Agent group (by id or by name without regard to case) to extra roles.
    pub group_roles: BTreeMap<String, Vec<String>>,
    /// Privilege group (without regard to case) to extra roles.
    pub privilege_roles: BTreeMap<String, Vec<String>>,
    /// Names of the custom fields that are filled.
    pub custom_fields: CustomFieldRules,
    /// How a login becomes a username.
    pub username: UsernameRules,
    /// What to do about an agent without e-mail.
    pub email: EmailRules,
    /// Who takes part.
    pub participants: Participants,
}

impl Default for MappingRules {
    fn default() -> Self {
        let at = |status, new_chats, transfers| Availability {
            status,
            new_chats,
            transfers,
        };
        Self {
            states: BTreeMap::from([
                (Presence::Online, at(TargetStatus::Online, true, true)),
                (Presence::Occupied, at(TargetStatus::Busy, false, true)),
                (Presence::Away, at(TargetStatus::Away, false, false)),
                (Presence::Offline, at(TargetStatus::Offline, false, false)),
                (Presence::Unknown, at(TargetStatus::Offline, false, false)),
            ]),
            skills: SkillRules::default(),
            agent_role: "livechat-agent".to_owned(),
            group_roles: BTreeMap::new(),
            privilege_roles: BTreeMap::new(),
            custom_fields: CustomFieldRules::default(),
            username: UsernameRules::default(),
            email: EmailRules::default(),
            participants: Participants::default(),
        }
    }
}

/// Skills to departments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkillRules {
    /// Skill id, or name without regard to case, to department name. An id wins over a name.
    pub map: BTreeMap<String, DepartmentRule>,
    /// What a skill without a rule becomes.
    pub unmapped: UnmappedSkill,
}

/// One department that skills are mapped to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepartmentRule {
    /// Name of the department.
    pub name: String,
    /// Its id in the target, when it exists there already; else one is derived from the name.
    pub id: Option<String>,
}

/// What a skill without a rule becomes. Always counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UnmappedSkill {
    /// Nothing.
    Ignore,
    /// A member of this one department.
    Default(DepartmentRule),
    /// A department of its own, named after the skill.
    #[default]
    Each,
}

/// Custom fields by purpose; an empty name switches a field off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomFieldRules {
    /// Holds the source's id of the agent.
    pub source_id: String,
    /// Holds the name (else the id) of the agent group.
    pub group: String,
    /// Holds the privilege group.
    pub privilege_group: String,
    /// Holds the presence for voice.
    pub voice: String,
}

impl Default for CustomFieldRules {
    fn default() -> Self {
        Self {
            source_id: "lpAgentId".to_owned(),
            group: "lpAgentGroup".to_owned(),
            privilege_group: "lpPrivilegeGroup".to_owned(),
            voice: String::new(),
        }
    }
}

/// How a login becomes a username the target accepts (admin contract §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsernameRules {
    /// What becomes of a login that is an e-mail address.
    pub from_email: EmailLogin,
    /// Whether upper case is folded; the target compares without regard to case anyway.
    pub lower_case: bool,
    /// Put before every username.
    pub prefix: String,
    /// Stands for characters that cannot be spelled in ASCII.
    pub replacement: char,
}

impl Default for UsernameRules {
    fn default() -> Self {
        Self {
            from_email: EmailLogin::LocalPart,
            lower_case: true,
            prefix: String::new(),
            replacement: '-',
        }
    }
}

/// What becomes of a login that is an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailLogin {
    /// `ada@example.org` becomes `ada`.
    LocalPart,
    /// `ada@example.org` becomes `ada-example.org`.
    Whole,
}

/// What to do about an agent without e-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EmailRules {
    /// They have none.
    #[default]
    Leave,
    /// They get one made from this pattern: `{username}` and `{id}` are replaced.
    Template(String),
    /// They take no part.
    Exclude,
}

/// Who takes part. Exclusion wins; an empty inclusion means everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Participants {
    /// Who may.
    pub include: Selection,
    /// Who may not.
    pub exclude: Selection,
}

/// Agents by any of four marks. Texts are compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// By the source's agent id.
    pub ids: Vec<String>,
    /// By login.
    pub logins: Vec<String>,
    /// By agent group, id or name.
    pub groups: Vec<String>,
    /// By skill, id or name.
    pub skills: Vec<String>,
}

impl Selection {
    /// Whether it selects nobody.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
            && self.logins.is_empty()
            && self.groups.is_empty()
            && self.skills.is_empty()
    }
}

/// How the book chooses, holds and ages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoutingRules {
    /// The order of choice.
    pub policy: Policy,
    /// How long an anonymous answer keeps a slot.
    pub hold_for: Duration,
    /// At most so many per cent of the free slots may be held by anonymous answers.
    pub agent_next_share: u8,
    /// Identical questions of external routing that make one decision.
    pub fanout: u32,
    /// How long such a decision stays open to join.
    pub fanout_window: Duration,
    /// Past this age the state is called degraded, and still served.
    pub stale_after: Duration,
    /// Past this age agents owned by the source are refused.
    pub max_age: Duration,
}

impl Default for RoutingRules {
    fn default() -> Self {
        Self {
            policy: Policy::AutoSelection,
            hold_for: Duration::from_secs(30),
            agent_next_share: 80,
            fanout: 10,
            fanout_window: Duration::from_millis(1_500),
            stale_after: Duration::from_secs(90),
            max_age: Duration::from_secs(600),
        }
    }
}
