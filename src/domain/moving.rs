//! Rules of the move: what configuration decides and the pure rooms obey.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    change::{Change, Outcome},
    ids::{DepartmentId, SourceId, TargetId},
    rules::Selection,
    time::Timestamp,
};

/// What may be written at all (DESIGN §4.5). Filters the finished plan by name; there is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MovePolicy {
    /// Nothing.
    Observe,
    /// What adds.
    CreateOnly,
    /// What adds or changes.
    Upsert,
    /// Everything, what takes away included.
    Sync,
}

impl MovePolicy {
    /// Every policy.
    pub const ALL: [Self; 4] = [Self::Observe, Self::CreateOnly, Self::Upsert, Self::Sync];

    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::CreateOnly => "create-only",
            Self::Upsert => "upsert",
            Self::Sync => "sync",
        }
    }

    /// The policy of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.word() == word)
    }
}

/// How a new user gets in. The password is random and kept nowhere in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Login {
    /// By single sign-on or LDAP: nothing is sent.
    Sso,
    /// By a mail of the target with which the person sets a password.
    ResetMail,
    /// By a password that the target itself makes, mails, and wants changed at once.
    RequireChange,
}

impl Login {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Sso, Self::ResetMail, Self::RequireChange];

    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sso => "sso",
            Self::ResetMail => "reset-mail",
            Self::RequireChange => "require-change",
        }
    }

    /// The way of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|login| login.word() == word)
    }
}

/// What becomes of agents without an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingEmail {
    /// They are not moved, and listed.
    Skip,
    /// They get this address, with `{username}` and `{id}` filled in; never taken as verified.
    Template(String),
}

/// What becomes of our user when the agent has left the source. Nothing is ever deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Removal {
    /// Not available, and no more than that.
    NotAvailable,
    /// Also without the agent's role, and so without departments.
    RemoveRole,
    /// Also deactivated, which frees the seat.
    Deactivate,
}

impl Removal {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::NotAvailable, Self::RemoveRole, Self::Deactivate];

    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotAvailable => "not-available",
            Self::RemoveRole => "remove-role",
            Self::Deactivate => "deactivate",
        }
    }

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|removal| removal.word() == word)
    }
}

/// A named part of the agents, moved together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wave {
    /// Its name.
    pub name: String,
    /// Who is in it. An agent belongs to the first wave that selects him.
    pub include: Selection,
}

/// Name of the wave of those whom no other wave selects.
pub const REST: &str = "rest";

/// Everything that decides a plan besides the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveRules {
    /// What may be written.
    pub policy: MovePolicy,
    /// How new users get in.
    pub login: Login,
    /// What becomes of agents without an address.
    pub missing_email: MissingEmail,
    /// What becomes of those who left.
    pub removal: Removal,
    /// Parts of the agents, in order.
    pub waves: Vec<Wave>,
    /// Address of a new department; `{name}` is its name as a slug.
    pub department_email: String,
    /// Whether visitors see new departments when they register.
    pub show_on_registration: bool,
    /// The degraded mode of Community: all agents in this one department, the skill map stays in
    /// the bridge (admin contract §3.4).
    pub single_department: Option<String>,
    /// Usernames that are never touched, without regard to case.
    pub protected_users: Vec<String>,
    /// Users with one of these roles are never touched.
    pub protected_roles: Vec<String>,
    /// The role that makes an agent.
    pub agent_role: String,
    /// Roles that mapping can give: only those are ever taken away.
    pub managed_roles: Vec<String>,
    /// The custom field with the source's id; empty when none is written.
    pub id_field: String,
    /// Names of the custom fields that mapping fills.
    pub custom_fields: Vec<String>,
}

/// Limits of a plan: beyond them somebody must look (DESIGN §4.5). Each is a share *and* a number:
/// a plan is refused when it is above the number, or above the share of at least `minimum` agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardRules {
    /// Shares count from so many agents of ours up.
    pub minimum: usize,
    /// Roles and memberships taken, users deactivated, departments archived.
    pub removals: Limit,
    /// Agents made not available because they are gone from the source.
    pub absences: Limit,
    /// Names, addresses, roles, departments changed by the mapping.
    pub mapping: Limit,
    /// Agents made available.
    pub opened: Limit,
}

/// A share in per cent, and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Per cent of the agents concerned.
    pub percent: u8,
    /// So many at most.
    pub count: usize,
}

impl Default for GuardRules {
    fn default() -> Self {
        let limit = |percent, count| Limit { percent, count };
        Self {
            minimum: 10,
            removals: limit(10, 100),
            absences: limit(20, 200),
            mapping: limit(30, 500),
            opened: limit(100, 500),
        }
    }
}

/// What part of the move is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// One wave, or everybody.
    pub wave: Option<String>,
    /// Whether the plan goes on to the cut-over.
    pub cut_over: bool,
}

/// Who is who: what we created there or were told to adopt. Nothing else is ever touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The agent in the source.
    pub source_id: SourceId,
    /// The user in the target.
    pub target_id: TargetId,
    /// The user's name when the link was made.
    pub username: String,
    /// How it became ours.
    pub origin: Origin,
    /// The wave it was moved with.
    pub wave: String,
}

/// A department of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepartmentLink {
    /// Its name, by which mapping means it.
    pub name: String,
    /// Its id in the target.
    pub id: DepartmentId,
    /// How it became ours.
    pub origin: Origin,
}

/// How a thing became ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// We created it.
    Created,
    /// It was there, and somebody told us to take it.
    Adopted,
}

impl Origin {
    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Adopted => "adopted",
        }
    }
}

/// Everything that is ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// By id in the source.
    pub agents: BTreeMap<SourceId, Link>,
    /// By name.
    pub departments: BTreeMap<String, DepartmentLink>,
    /// Users that were ours and were released. They may still carry an agent's id, and are not
    /// recognised by it.
    pub released: BTreeSet<TargetId>,
}

/// One run of the move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveRun {
    /// Short id: runs sort by age.
    pub id: String,
    /// What it does.
    pub kind: RunKind,
    /// For what part.
    pub scope: Scope,
    /// Checksum of the plan that was approved.
    pub checksum: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it is open: interrupted, or going on.
    pub ended_at: Option<Timestamp>,
    /// How many changes the plan has.
    pub changes: usize,
    /// Changes done, failed and skipped so far.
    pub done: usize,
    /// Changes that failed.
    pub failed: usize,
    /// Changes that were not tried.
    pub skipped: usize,
}

/// What a run does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunKind {
    /// Moves.
    Apply,
    /// Hands all to the target.
    Finish,
    /// Sets routing and webhooks.
    Connect,
    /// Takes another run back.
    Undo {
        /// That run.
        of: String,
    },
}

impl RunKind {
    /// The word used outside.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Finish => "finish",
            Self::Connect => "connect",
            Self::Undo { .. } => "undo",
        }
    }
}

/// One change of a run, as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journalled {
    /// Place in the run.
    pub number: u32,
    /// What was approved, with its before-images.
    pub change: Change,
    /// How it ended; `None` when nobody knows: it may have been written.
    pub outcome: Option<Outcome>,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is being done: a phase, or a word such as `reading`.
    pub doing: String,
    /// Changes that ended, of all phases.
    pub done: usize,
    /// Changes there are.
    pub total: usize,
    /// Those that failed.
    pub failed: usize,
    /// Changes in a thousand seconds, lately: an integer, so that it can be compared.
    pub per_kilosecond: u64,
    /// Time left at that rate.
    pub left: Option<Duration>,
}
