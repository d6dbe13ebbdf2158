//! What a plan is made of: changes, each of writes so specific that nothing is left to choose.
//!
//! The inverse of a write is a write. A journal of writes therefore holds every before-image, and
//! going back is a plan like any other.

use std::collections::BTreeMap;

use super::{
    agent::Owner,
    ids::{DepartmentId, SourceId, TargetId},
    moving::Login,
    target::SettingValue,
};

/// The steps of a move, in the order in which they are taken (DESIGN §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Settings that the others need: the definition of custom fields.
    Settings,
    /// Users are created, updated, activated.
    Users,
    /// Roles; whoever becomes an agent is made not available at once.
    Roles,
    /// Departments.
    Departments,
    /// Who is in which department.
    Membership,
    /// Limits.
    Limits,
    /// Agents are opened, and their availability becomes the target's.
    CutOver,
    /// External routing and webhooks.
    Connect,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 8] = [
        Self::Settings,
        Self::Users,
        Self::Roles,
        Self::Departments,
        Self::Membership,
        Self::Limits,
        Self::CutOver,
        Self::Connect,
    ];

    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Users => "users",
            Self::Roles => "roles",
            Self::Departments => "departments",
            Self::Membership => "membership",
            Self::Limits => "limits",
            Self::CutOver => "cut-over",
            Self::Connect => "connect",
        }
    }

    /// The phase of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.word() == word)
    }
}

/// What a change does, as far as policies and guards care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Adds something that was not there: a user, a role, a department, a membership.
    Create,
    /// Changes something of ours.
    Update,
    /// Takes something away: a role, a membership, a user's activity.
    Remove,
    /// Makes agents available.
    Open,
    /// Makes agents not available.
    Close,
}

impl Effect {
    /// Every effect.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Update,
        Self::Remove,
        Self::Open,
        Self::Close,
    ];

    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Remove => "remove",
            Self::Open => "open",
            Self::Close => "close",
        }
    }

    /// The effect of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.word() == word)
    }
}

/// Whom or what a change is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// An agent, by id in the source and name in the target.
    Agent {
        /// Id in the source.
        source_id: SourceId,
        /// Name in the target.
        username: String,
    },
    /// A department, by name.
    Department(String),
    /// A setting, by id.
    Setting(String),
}

impl std::fmt::Display for Subject {
    /// One word a person can search for. Never an e-mail address.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Agent {
                source_id,
                username,
            } => write!(f, "{username} ({source_id})"),
            Self::Department(name) => write!(f, "department {name}"),
            Self::Setting(id) => write!(f, "setting {id}"),
        }
    }
}

/// One line of a plan: one subject, one phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When in the move.
    pub phase: Phase,
    /// About whom.
    pub subject: Subject,
    /// What it does.
    pub effect: Effect,
    /// Why, in a few words.
    pub reason: String,
    /// What is different afterwards, field by field. E-mail addresses are in here, because a review
    /// needs them; they are in no log line.
    pub fields: Vec<FieldChange>,
    /// What is written, in this order. Never empty.
    pub writes: Vec<Write>,
}

/// One field before and after, as a person reads it; secrets are stars, nothing is `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Name of the field.
    pub field: String,
    /// As it is.
    pub before: String,
    /// As it will be.
    pub after: String,
}

/// A user as far as a write must name one. The id is known once the user is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserRef {
    /// Id in the source.
    pub source_id: SourceId,
    /// Name in the target, exactly: some calls look up by exact case (admin contract §3.2).
    pub username: String,
    /// Id in the target; `None` until the plan itself has created the user.
    pub id: Option<TargetId>,
}

/// A department as far as a write must name one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DepartmentRef {
    /// Name.
    pub name: String,
    /// Id in the target; `None` until the plan itself has created the department.
    pub id: Option<DepartmentId>,
}

/// A member to add or remove.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Who.
    pub user: UserRef,
    /// Times picked: always sent, because leaving it out resets it (admin contract §3.5).
    pub count: i64,
    /// Tie-break: always sent for the same reason.
    pub order: i64,
}

/// A user to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Whose user.
    pub user: UserRef,
    /// Name shown.
    pub name: String,
    /// Address: the target wants one.
    pub email: String,
    /// Whether the source vouches for the address.
    pub verified: bool,
    /// Custom fields; only those the target has defined.
    pub custom_fields: BTreeMap<String, String>,
    /// How the person gets in.
    pub login: Login,
}

/// Facts of a user; `None` leaves a fact alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Name shown.
    pub name: Option<String>,
    /// The first address.
    pub email: Option<String>,
    /// Custom fields, complete: older targets replace them all (admin contract §2.3).
    pub custom_fields: Option<BTreeMap<String, String>>,
}

/// A department to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDepartment {
    /// Name.
    pub name: String,
    /// Address: the target wants one (admin contract §3.4).
    pub email: String,
    /// Whether visitors see it when they register.
    pub show_on_registration: bool,
}

/// One call that changes something. Each carries what was before, so that it can be taken back, and
/// each can be made twice without harm (`ports::Target::holds` looks whether it is still needed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Creates a user, without any role of ours. Taken back by deactivation: nothing is deleted.
    CreateUser(NewUser),
    /// Lets the target send a mail with which a password is set. Cannot be taken back.
    SendResetMail {
        /// To whom.
        user: UserRef,
        /// Where to.
        email: String,
    },
    /// Activates or deactivates.
    SetActive {
        /// Whom.
        user: UserRef,
        /// What shall be; the other was before.
        active: bool,
    },
    /// Changes facts.
    UpdateUser {
        /// Whose.
        user: UserRef,
        /// What shall be.
        set: Profile,
        /// What was; the same facts.
        was: Profile,
    },
    /// Gives a role. The agent's role makes available at once (admin contract §3.2).
    GrantRole {
        /// To whom.
        user: UserRef,
        /// Id of the role.
        role: String,
    },
    /// Takes a role.
    RevokeRole {
        /// From whom.
        user: UserRef,
        /// Id of the role.
        role: String,
    },
    /// Makes an agent available or not.
    SetAvailability {
        /// Whom.
        user: UserRef,
        /// What shall be.
        available: bool,
        /// What was. For a new agent: not available.
        was: bool,
    },
    /// Creates a department. Taken back by archiving.
    CreateDepartment(NewDepartment),
    /// Brings an archived or disabled department back.
    OpenDepartment {
        /// Which.
        department: DepartmentRef,
    },
    /// Archives a department, which also disables it.
    CloseDepartment {
        /// Which.
        department: DepartmentRef,
    },
    /// Adds members. Whoever is a member already is left as he is, whatever his count.
    AddMembers {
        /// To which.
        department: DepartmentRef,
        /// Whom, with the counts they start with.
        members: Vec<Member>,
    },
    /// Removes members.
    RemoveMembers {
        /// From which.
        department: DepartmentRef,
        /// Whom, with the counts they had.
        members: Vec<Member>,
    },
    /// Sets or drops an agent's own limit, and leaves departments and the rest of the agent's own
    /// settings as they are just then.
    SetLimit {
        /// Whose.
        user: UserRef,
        /// What shall be; `None` is no limit of one's own.
        limit: Option<u32>,
        /// What was.
        was: Option<u32>,
    },
    /// Changes a setting.
    SetSetting {
        /// Which.
        id: String,
        /// What shall be.
        value: SettingValue,
        /// What was; `None` when it could not be read, and then it cannot be taken back.
        was: Option<SettingValue>,
    },
    /// Hands an agent's availability over: the only write that is the bridge's own.
    SetOwner {
        /// Whose.
        source_id: SourceId,
        /// Whose word shall count.
        owner: Owner,
        /// Whose word counted.
        was: Owner,
    },
}

impl Write {
    /// The write that takes this one back; `None` when nothing can.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        Some(match self {
            Self::CreateUser(new) => Self::SetActive {
                user: new.user.clone(),
                active: false,
            },
            Self::SendResetMail { .. } => return None,
            Self::SetActive { user, active } => Self::SetActive {
                user: user.clone(),
                active: !active,
            },
            Self::UpdateUser { user, set, was } => Self::UpdateUser {
                user: user.clone(),
                set: was.clone(),
                was: set.clone(),
            },
            Self::GrantRole { user, role } => Self::RevokeRole {
                user: user.clone(),
                role: role.clone(),
            },
            Self::RevokeRole { user, role } => Self::GrantRole {
                user: user.clone(),
                role: role.clone(),
            },
            Self::SetAvailability {
                user,
                available,
                was,
            } => Self::SetAvailability {
                user: user.clone(),
                available: *was,
                was: *available,
            },
            Self::CreateDepartment(new) => Self::CloseDepartment {
                department: DepartmentRef {
                    name: new.name.clone(),
                    id: None,
                },
            },
            Self::OpenDepartment { department } => Self::CloseDepartment {
                department: department.clone(),
            },
            Self::CloseDepartment { department } => Self::OpenDepartment {
                department: department.clone(),
            },
            Self::AddMembers {
                department,
                members,
            } => Self::RemoveMembers {
                department: department.clone(),
                members: members.clone(),
            },
            Self::RemoveMembers {
                department,
                members,
            } => Self::AddMembers {
                department: department.clone(),
                members: members.clone(),
            },
            Self::SetLimit { user, limit, was } => Self::SetLimit {
                user: user.clone(),
                limit: *was,
                was: *limit,
            },
            Self::SetSetting { id, value, was } => Self::SetSetting {
                id: id.clone(),
                value: was.clone()?,
                was: Some(value.clone()),
            },
            Self::SetOwner {
                source_id,
                owner,
                was,
            } => Self::SetOwner {
                source_id: source_id.clone(),
                owner: *was,
                was: *owner,
            },
        })
    }

    /// What the write does, for logs: `create user`. Without a name.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::CreateUser(_) => "create user",
            Self::SendResetMail { .. } => "send reset mail",
            Self::SetActive { active: true, .. } => "activate user",
            Self::SetActive { active: false, .. } => "deactivate user",
            Self::UpdateUser { .. } => "update user",
            Self::GrantRole { .. } => "grant role",
            Self::RevokeRole { .. } => "revoke role",
            Self::SetAvailability {
                available: true, ..
            } => "make available",
            Self::SetAvailability {
                available: false, ..
            } => "make not available",
            Self::CreateDepartment(_) => "create department",
            Self::OpenDepartment { .. } => "open department",
            Self::CloseDepartment { .. } => "archive department",
            Self::AddMembers { .. } => "add members",
            Self::RemoveMembers { .. } => "remove members",
            Self::SetLimit { .. } => "set limit",
            Self::SetSetting { .. } => "set setting",
            Self::SetOwner { .. } => "hand availability over",
        }
    }
}

/// What a write gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Written {
    /// Nothing new.
    #[default]
    Plain,
    /// The id of the user it created, or found created.
    User(TargetId),
    /// The id of the department it created, or found created.
    Department(DepartmentId),
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every write of it is there.
    Done,
    /// One of its writes failed for good, or too often.
    Failed {
        /// Which write, what was said and what to do. No secrets, no e-mail addresses.
        why: String,
        /// Whether trying again may help.
        transient: bool,
    },
    /// It was not tried, because something it needs failed, or the run was stopped.
    Skipped {
        /// What.
        why: String,
    },
}
