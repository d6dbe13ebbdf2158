//! What the target holds: the third noun of the reconciler, read and never believed for long.

use std::collections::{BTreeMap, HashMap};

use super::{
    desired::EmailAddress,
    ids::{DepartmentId, TargetId},
};

/// One survey of the target. Lists have no snapshot there (admin contract §2.5), so two lists may
/// disagree by what happened between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actual {
    /// What the target is and lets us do.
    pub capabilities: Capabilities,
    users: Vec<TargetUser>,
    departments: Vec<TargetDepartment>,
    memberships: Vec<Membership>,
    by_id: HashMap<TargetId, usize>,
    /// Folded: the target compares names without regard to case (admin contract §2.2).
    by_username: HashMap<String, usize>,
    by_email: HashMap<String, usize>,
}

impl Actual {
    /// Puts a survey together, sorted by id; of two things with one id the first stays.
    pub fn new(
        capabilities: Capabilities,
        mut users: Vec<TargetUser>,
        mut departments: Vec<TargetDepartment>,
        mut memberships: Vec<Membership>,
    ) -> Self {
        users.sort_by(|a, b| a.id.cmp(&b.id));
        users.dedup_by(|later, first| later.id == first.id);
        departments.sort_by(|a, b| a.id.cmp(&b.id));
        departments.dedup_by(|later, first| later.id == first.id);
        let key = |one: &Membership| (one.department.clone(), one.user.clone());
        memberships.sort_by_cached_key(key);
        memberships.dedup_by(|later, first| {
            (&later.department, &later.user) == (&first.department, &first.user)
        });
        let mut actual = Self {
            capabilities,
            users,
            departments,
            memberships,
            ..Self::default()
        };
        for (place, user) in actual.users.iter().enumerate() {
            actual.by_id.insert(user.id.clone(), place);
            actual.by_username.insert(fold(&user.username), place);
            for email in &user.emails {
                actual.by_email.entry(fold(&email.address)).or_insert(place);
            }
        }
        actual
    }

    /// Everybody, agents or not, by id.
    pub fn users(&self) -> &[TargetUser] {
        &self.users
    }

    /// All departments, archived ones too, by id.
    pub fn departments(&self) -> &[TargetDepartment] {
        &self.departments
    }

    /// All memberships, by department and user.
    pub fn memberships(&self) -> &[Membership] {
        &self.memberships
    }

    /// The user of that id.
    pub fn user(&self, id: &TargetId) -> Option<&TargetUser> {
        Some(&self.users[*self.by_id.get(id)?])
    }

    /// The user of that name, without regard to case.
    pub fn user_named(&self, username: &str) -> Option<&TargetUser> {
        Some(&self.users[*self.by_username.get(&fold(username))?])
    }

    /// A user with that address, without regard to case.
    pub fn user_with_email(&self, address: &str) -> Option<&TargetUser> {
        Some(&self.users[*self.by_email.get(&fold(address))?])
    }

    /// The department of that id.
    pub fn department(&self, id: &DepartmentId) -> Option<&TargetDepartment> {
        let found = self.departments.binary_search_by(|one| one.id.cmp(id));
        found.ok().map(|place| &self.departments[place])
    }

    /// The departments of exactly that name: names are not unique there (admin contract §3.4).
    pub fn departments_named<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = &'a TargetDepartment> {
        self.departments.iter().filter(move |one| one.name == name)
    }

    /// The members of a department, by user.
    pub fn members(&self, department: &DepartmentId) -> &[Membership] {
        let start = self
            .memberships
            .partition_point(|one| one.department < *department);
        let rest = &self.memberships[start..];
        let end = rest.partition_point(|one| one.department == *department);
        &rest[..end]
    }

    /// One membership.
    pub fn membership(&self, department: &DepartmentId, user: &TargetId) -> Option<&Membership> {
        let members = self.members(department);
        let found = members.binary_search_by(|one| one.user.cmp(user));
        found.ok().map(|place| &members[place])
    }
}

/// As the target compares names and addresses.
fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// One user of the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetUser {
    /// `_id`.
    pub id: TargetId,
    /// `username`.
    pub username: String,
    /// `name`; empty when there is none.
    pub name: String,
    /// `emails`, in the target's order. Empty without the right to see them.
    pub emails: Vec<EmailAddress>,
    /// `roles`: ids, sorted.
    pub roles: Vec<String>,
    /// `active`.
    pub active: bool,
    /// Whether it is a person: no bot and no app.
    pub person: bool,
    /// Text-valued custom fields.
    pub custom_fields: BTreeMap<String, String>,
    /// What is known of an agent; `None` when the user is none.
    pub agent: Option<TargetAgent>,
}

/// The agent's side of a user (admin contract §3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetAgent {
    /// `statusLivechat` is `available`.
    pub available: bool,
    /// Whether a client is connected: `status` is there and not `offline`.
    pub connected: bool,
    /// `livechat.maxNumberSimultaneousChat`; absent, empty and 0 are `None`.
    pub limit: Option<u32>,
}

/// One department of the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetDepartment {
    /// `_id`.
    pub id: DepartmentId,
    /// `name`: not unique there.
    pub name: String,
    /// `enabled`.
    pub enabled: bool,
    /// `archived`.
    pub archived: bool,
}

/// A user in a department (admin contract §3.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The department.
    pub department: DepartmentId,
    /// The user.
    pub user: TargetId,
    /// The name the record carries.
    pub username: String,
    /// Times picked, ever. A write that leaves it out resets it.
    pub count: i64,
    /// Tie-break, lower first.
    pub order: i64,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingValue {
    /// A text.
    Text(String),
    /// A switch.
    Flag(bool),
    /// A number.
    Number(i64),
}

/// What the target is and lets us do (admin contract §10.1). `None` means that it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Version; the patch is known only with a right.
    pub version: TargetVersion,
    /// The user we act as.
    pub me: TargetId,
    /// Its name.
    pub my_username: String,
    /// Its roles.
    pub my_roles: Vec<String>,
    /// Rights that the move needs and we lack (admin contract §1.6).
    pub missing_rights: Option<Vec<String>>,
    /// Whether calls are counted against the rate limiter.
    pub rate_limited: bool,
    /// Seats of the licence.
    pub seats: Option<Seats>,
    /// Whether the paid omnichannel module is there: limits and several departments need it.
    pub paid_omnichannel: Option<bool>,
    /// `isDepartmentCreationAvailable`.
    pub may_create_departments: Option<bool>,
    /// Settings by id, those that could be read.
    pub settings: BTreeMap<String, SettingValue>,
    /// Ids of the roles there are.
    pub roles: Option<Vec<String>>,
}

impl Capabilities {
    /// A setting that is text.
    pub fn text(&self, id: &str) -> Option<&str> {
        match self.settings.get(id)? {
            SettingValue::Text(text) => Some(text),
            SettingValue::Flag(_) | SettingValue::Number(_) => None,
        }
    }

    /// A setting that is a switch.
    pub fn flag(&self, id: &str) -> Option<bool> {
        match self.settings.get(id)? {
            SettingValue::Flag(flag) => Some(*flag),
            SettingValue::Text(_) | SettingValue::Number(_) => None,
        }
    }
}

/// Version of the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetVersion {
    /// 6 to 8 are known.
    pub major: u32,
    /// Minor.
    pub minor: u32,
    /// Patch; 0 when it is not told.
    pub patch: u32,
}

impl std::fmt::Display for TargetVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Seats of a licence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seats {
    /// How many there are; `None` when the licence sets no limit.
    pub limit: Option<u64>,
    /// How many are taken.
    pub used: u64,
}
