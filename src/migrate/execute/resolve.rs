//! Filling in the ids that the plan could not know: those of what the run itself has created.

use std::collections::BTreeMap;

use crate::domain::{
    SourceId, TargetId, Write,
    change::{DepartmentRef, Member, UserRef},
    moving::Links,
};

/// A write, ready or not.
pub(super) enum Resolved {
    /// Everything has its id.
    Ready(Write),
    /// Some members have no user: the write is made for the others.
    Without(Write, Vec<SourceId>),
    /// The one it is about is not there.
    Missing(String),
}

/// Fills in ids from the links; users who are kept off are as good as missing.
pub(super) fn resolve(
    write: &Write,
    links: &Links,
    kept_off: &BTreeMap<TargetId, String>,
) -> Resolved {
    let why_not = |user: &UserRef| kept_off.get(user.id.as_ref()?);
    let mut write = write.clone();
    match &mut write {
        Write::CreateUser(_)
        | Write::CreateDepartment(_)
        | Write::SetSetting { .. }
        | Write::SetOwner { .. } => {}
        Write::SendResetMail { user, .. }
        | Write::SetActive { user, .. }
        | Write::UpdateUser { user, .. }
        | Write::GrantRole { user, .. }
        | Write::RevokeRole { user, .. }
        | Write::SetAvailability { user, .. }
        | Write::SetLimit { user, .. } => {
            if !fill_user(user, links) {
                return Resolved::Missing(format!(
                    "{} has no user yet; apply again once the user is there",
                    user.username
                ));
            }
            if let Some(why) = why_not(user) {
                let name = &user.username;
                return Resolved::Missing(format!("{name} {why}, and is left alone"));
            }
        }
        Write::OpenDepartment { department } | Write::CloseDepartment { department } => {
            if !fill_department(department, links) {
                return missing(department);
            }
        }
        Write::AddMembers {
            department,
            members,
        }
        | Write::RemoveMembers {
            department,
            members,
        } => {
            if !fill_department(department, links) {
                return missing(department);
            }
            let mut without = Vec::new();
            members.retain_mut(|Member { user, .. }| {
                let there = fill_user(user, links) && why_not(user).is_none();
                if !there {
                    without.push(user.source_id.clone());
                }
                there
            });
            if !without.is_empty() {
                return Resolved::Without(write, without);
            }
        }
    }
    Resolved::Ready(write)
}

fn missing(department: &DepartmentRef) -> Resolved {
    Resolved::Missing(format!(
        "the department {} is not there; apply again once it is",
        department.name
    ))
}

fn fill_user(user: &mut UserRef, links: &Links) -> bool {
    if user.id.is_none() {
        let link = links.agents.get(&user.source_id);
        user.id = link.map(|link| link.target_id.clone());
    }
    user.id.is_some()
}

fn fill_department(department: &mut DepartmentRef, links: &Links) -> bool {
    if department.id.is_none() {
        let link = links.departments.get(&department.name);
        department.id = link.map(|link| link.id.clone());
    }
    department.id.is_some()
}
