//! How the target stands with one write: what going back and going on both ask.

use std::collections::BTreeMap;

use crate::domain::{
    Actual, Roster, TargetUser, Write,
    change::{DepartmentRef, Member, NewUser, Profile, UserRef},
    target::{SettingValue, TargetDepartment},
};

/// How the target stands with one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is as the write wants it.
    Wanted,
    /// It is as it was before the write.
    Before,
    /// It is something else: somebody changed it.
    Other,
}

/// How the target (and for [`Write::SetOwner`] the roster) stands with a write. Users and
/// departments without an id are looked up by name; a mail leaves no trace and is never wanted.
/// Members count as one: wanted once all are as they shall be.
pub fn standing(write: &Write, actual: &Actual, roster: &Roster) -> Standing {
    match write {
        Write::CreateUser(new) => created(new, actual),
        Write::SendResetMail { .. } => Standing::Before,
        Write::SetActive { user, active } => {
            of_user(actual, user, |user| two(user.active == *active))
        }
        Write::UpdateUser { user, set, was } => {
            of_user(actual, user, |user| profile(user, set, was))
        }
        Write::GrantRole { user, role } => {
            of_user(actual, user, |user| two(user.roles.contains(role)))
        }
        Write::RevokeRole { user, role } => {
            of_user(actual, user, |user| two(!user.roles.contains(role)))
        }
        Write::SetAvailability {
            user,
            available,
            was,
        } => of_user(actual, user, |user| {
            let now = user.agent.as_ref().is_some_and(|agent| agent.available);
            three(&now, available, was)
        }),
        Write::CreateDepartment(new) => {
            let mut named = actual.departments_named(&new.name);
            two(named.next().is_some())
        }
        Write::OpenDepartment { department } => {
            of_department(actual, department, |one| two(one.enabled && !one.archived))
        }
        Write::CloseDepartment { department } => {
            of_department(actual, department, |one| two(one.archived))
        }
        Write::AddMembers {
            department,
            members,
        } => of_department(actual, department, |one| {
            two(members.iter().all(|member| is_in(actual, one, member)))
        }),
        Write::RemoveMembers {
            department,
            members,
        } => of_department(actual, department, |one| {
            two(!members.iter().any(|member| is_in(actual, one, member)))
        }),
        Write::SetLimit { user, limit, was } => of_user(actual, user, |user| {
            let agent = user.agent.as_ref();
            let now = agent.and_then(|agent| agent.limit).unwrap_or(0);
            three(&now, &limit.unwrap_or(0), &was.unwrap_or(0))
        }),
        Write::SetSetting { id, value, was } => setting(actual, id, value, was.as_ref()),
        Write::SetOwner {
            source_id,
            owner,
            was,
        } => match roster.get(source_id) {
            Some(entry) => three(&entry.owner, owner, was),
            None => Standing::Other,
        },
    }
}

/// The user a write names: by id, else by name.
pub(super) fn user_of<'a>(actual: &'a Actual, user: &UserRef) -> Option<&'a TargetUser> {
    match &user.id {
        Some(id) => actual.user(id),
        None => actual.user_named(&user.username),
    }
}

/// The department a write names: by id, else the first of that name.
pub(super) fn department_of<'a>(
    actual: &'a Actual,
    department: &DepartmentRef,
) -> Option<&'a TargetDepartment> {
    let name = &department.name;
    let mut named = actual.departments().iter().filter(|one| one.name == *name);
    department
        .id
        .as_ref()
        .map_or_else(|| named.next(), |id| actual.department(id))
}

/// Whether somebody is in a department.
pub(super) fn is_in(actual: &Actual, department: &TargetDepartment, member: &Member) -> bool {
    let user = user_of(actual, &member.user);
    user.is_some_and(|user| actual.membership(&department.id, &user.id).is_some())
}

/// Whether two profiles' custom fields are the same to the target: an empty text is nothing.
pub(super) fn same_custom_fields(
    now: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
    other: &BTreeMap<String, String>,
) -> bool {
    let text = |fields: &BTreeMap<String, String>, name: &String| {
        fields.get(name).cloned().unwrap_or_default()
    };
    let mut names = wanted.keys().chain(other.keys());
    names.all(|name| text(now, name) == text(wanted, name))
}

fn of_user(actual: &Actual, user: &UserRef, look: impl Fn(&TargetUser) -> Standing) -> Standing {
    user_of(actual, user).map_or(Standing::Other, look)
}

fn of_department(
    actual: &Actual,
    department: &DepartmentRef,
    look: impl Fn(&TargetDepartment) -> Standing,
) -> Standing {
    department_of(actual, department).map_or(Standing::Other, look)
}

/// What can only be wanted or before.
fn two(wanted: bool) -> Standing {
    if wanted {
        Standing::Wanted
    } else {
        Standing::Before
    }
}

fn three<T: PartialEq>(now: &T, wanted: &T, before: &T) -> Standing {
    if now == wanted {
        Standing::Wanted
    } else if now == before {
        Standing::Before
    } else {
        Standing::Other
    }
}

/// A user of that name is the one that was to be created only if the address is his as well.
fn created(new: &NewUser, actual: &Actual) -> Standing {
    let Some(user) = user_of(actual, &new.user) else {
        return Standing::Before;
    };
    let has = |email: &str| {
        let mut emails = user.emails.iter();
        emails.any(|one| one.address.to_lowercase() == email.to_lowercase())
    };
    if new.user.id.is_some() || has(&new.email) {
        Standing::Wanted
    } else {
        Standing::Other
    }
}

fn profile(user: &TargetUser, set: &Profile, was: &Profile) -> Standing {
    if holds(user, set, was) {
        Standing::Wanted
    } else if holds(user, was, set) {
        Standing::Before
    } else {
        Standing::Other
    }
}

/// Whether every fact of the profile is the user's.
fn holds(user: &TargetUser, profile: &Profile, other: &Profile) -> bool {
    let email = user.emails.first();
    let email = email.map_or("", |email| &email.address).to_lowercase();
    let none = BTreeMap::new();
    profile.name.as_ref().is_none_or(|name| *name == user.name)
        && profile
            .email
            .as_ref()
            .is_none_or(|wanted| wanted.to_lowercase() == email)
        && profile.custom_fields.as_ref().is_none_or(|fields| {
            let other = other.custom_fields.as_ref().unwrap_or(&none);
            same_custom_fields(&user.custom_fields, fields, other)
        })
}

fn setting(
    actual: &Actual,
    id: &str,
    value: &SettingValue,
    was: Option<&SettingValue>,
) -> Standing {
    let now = actual.capabilities.settings.get(id);
    match now {
        Some(now) if now == value => Standing::Wanted,
        Some(now) if Some(now) == was => Standing::Before,
        Some(_) | None => Standing::Other,
    }
}
