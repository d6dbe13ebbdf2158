//! Whether the workspace already is as a write wants it: what makes a write whose answer was lost,
//! or one that is made again after a crash, harmless. Nothing is changed here.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    RocketChat,
    fault::Failed,
    office::office,
    shape::{Department, User},
    write,
};
use crate::{
    domain::{
        DepartmentId, TargetId, Write, Written,
        change::{DepartmentRef, Member, NewDepartment, NewUser, Profile, UserRef},
        target::SettingValue,
    },
    ports::TargetError,
};

impl RocketChat {
    /// `Target::holds`.
    pub(super) async fn is_held(&self, write: &Write) -> Result<Option<Written>, TargetError> {
        let held = match write {
            Write::CreateUser(new) => return Ok(self.created_user(new).await?.map(Written::User)),
            Write::CreateDepartment(new) => {
                let made = self.created_department(new).await?;
                return Ok(made.map(Written::Department));
            }
            // A mail leaves no trace.
            Write::SendResetMail { .. } => false,
            Write::SetActive { user, active } => {
                let found = self.user_of(user).await?;
                found.is_some_and(|user| user.active == Some(*active))
            }
            Write::UpdateUser { user, set, .. } => {
                let found = self.user_of(user).await?;
                found.is_some_and(|user| has_profile(&user, set))
            }
            Write::GrantRole { user, role } => self.has_role(user, role).await?,
            Write::RevokeRole { user, role } => !self.has_role(user, role).await?,
            Write::SetAvailability {
                user, available, ..
            } => {
                let agent = self.agent(write::id(user)?, &user.username).await?;
                agent.is_some_and(|agent| agent.is_available() == *available)
            }
            Write::OpenDepartment { department } => {
                let found = self.department_of(department).await?;
                found.is_some_and(|found| found.enabled && !found.is_archived())
            }
            Write::CloseDepartment { department } => {
                let found = self.department_of(department).await?;
                found.is_some_and(|found| found.is_archived())
            }
            Write::AddMembers {
                department,
                members,
            } => self.count_members(department, members).await? == members.len(),
            Write::RemoveMembers {
                department,
                members,
            } => self.count_members(department, members).await? == 0,
            Write::SetLimit { user, limit, .. } => {
                let agent = self.agent(write::id(user)?, &user.username).await?;
                // Who is no agent has none: it fell with the role.
                agent.map_or(limit.is_none(), |agent| agent.limit() == *limit)
            }
            Write::SetSetting { id, value, .. } => self.has_setting(id, value).await?,
            Write::SetOwner { .. } => return Err(write::not_ours(write)),
        };
        Ok(held.then_some(Written::Plain))
    }

    /// A user who is exactly the one to be made: anybody else of that name is somebody else.
    async fn created_user(&self, new: &NewUser) -> Result<Option<TargetId>, Failed> {
        let found = self.user_by_name(&new.user.username).await?;
        let Some(mut user) = found else {
            return Ok(None);
        };
        // The lists show no custom fields.
        if user.custom_fields.is_none() && !new.custom_fields.is_empty() {
            let whole = self.user_by_id(&user.id, &new.user.username).await?;
            user = whole.unwrap_or(user);
        }
        let is = user.username.as_deref() == Some(&new.user.username)
            && user.name.as_deref() == Some(&new.name)
            && same_address(user.email(), &new.email)
            && user.active != Some(false)
            && user.has_fields(&new.custom_fields);
        Ok(is.then(|| TargetId::new(user.id)))
    }

    /// Likewise. Names are not unique, so of several the one with the least id is it.
    async fn created_department(
        &self,
        new: &NewDepartment,
    ) -> Result<Option<DepartmentId>, Failed> {
        let found = self.departments_named(&new.name).await?;
        let is = |one: &Department| {
            let text = |name: &str| one.rest.get(name).and_then(Value::as_str);
            one.enabled
                && !one.is_archived()
                && same_address(text("email").unwrap_or_default(), &new.email)
                && one.rest.get("showOnRegistration") == Some(&new.show_on_registration.into())
        };
        let ids = found.into_iter().filter(is).map(|one| one.id);
        Ok(ids.min().map(DepartmentId::new))
    }

    async fn user_of(&self, user: &UserRef) -> Result<Option<User>, TargetError> {
        let found = self.user_by_id(write::id(user)?, &user.username).await?;
        Ok(found)
    }

    async fn department_of(
        &self,
        department: &DepartmentRef,
    ) -> Result<Option<Department>, TargetError> {
        let id = write::department_id(department)?;
        Ok(self.department((id, &department.name)).await?)
    }

    async fn has_role(&self, user: &UserRef, role: &str) -> Result<bool, TargetError> {
        let id = write::id(user)?;
        if let Some(office) = office(role) {
            return Ok(self.holder(office, id, &user.username).await?.is_some());
        }
        let found = self.user_by_id(id, &user.username).await?;
        Ok(found.is_some_and(|user| user.has_role(role)))
    }

    /// How many of these are members, each counted once.
    async fn count_members(
        &self,
        department: &DepartmentRef,
        members: &[Member],
    ) -> Result<usize, TargetError> {
        let id = write::department_id(department)?;
        let held = self.members(id, &department.name).await?;
        let held: BTreeSet<&str> = held.iter().map(|member| member.agent.as_str()).collect();
        let mut count = 0;
        for member in members {
            count += usize::from(held.contains(write::id(&member.user)?));
        }
        Ok(count)
    }

    async fn has_setting(&self, id: &str, value: &SettingValue) -> Result<bool, Failed> {
        match self.setting(id).await {
            Ok(held) => Ok(held.as_ref() == Some(value)),
            // There is no such setting.
            Err(failed) if failed.is_bare() => Ok(false),
            Err(failed) => Err(failed),
        }
    }
}

/// Whether every fact that a profile names is so.
fn has_profile(user: &User, set: &Profile) -> bool {
    let is = |held: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|it| it == held);
    is(user.name.as_deref().unwrap_or_default(), &set.name)
        && set
            .email
            .as_ref()
            .is_none_or(|email| same_address(user.email(), email))
        && set
            .custom_fields
            .as_ref()
            .is_none_or(|fields| user.has_fields(fields))
}

/// The workspace compares addresses without regard to case (contract §2.2).
fn same_address(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
