//! One write as its calls. What goes wrong is told once; nothing is tried twice here, except what
//! the rate limiter held back.

use super::RocketChat;
use crate::{
    domain::{
        DepartmentId, TargetId, Write, Written,
        change::{DepartmentRef, UserRef},
    },
    ports::{TargetError, TargetFault},
};

impl RocketChat {
    /// `Target::write`.
    pub(super) async fn make(&self, write: &Write) -> Result<Written, TargetError> {
        match write {
            Write::CreateUser(new) => return Ok(Written::User(self.create_user(new).await?)),
            Write::CreateDepartment(new) => {
                return Ok(Written::Department(self.create_department(new).await?));
            }
            Write::SendResetMail { user, email } => self.send_reset_mail(user, email).await?,
            Write::SetActive { user, active } => {
                self.set_active((id(user)?, &user.username), *active)
                    .await?;
            }
            Write::UpdateUser { user, set, .. } => {
                self.update_user((id(user)?, &user.username), set).await?;
            }
            Write::GrantRole { user, role } => {
                self.grant((id(user)?, &user.username), role).await?;
            }
            Write::RevokeRole { user, role } => {
                self.revoke((id(user)?, &user.username), role).await?;
            }
            Write::SetAvailability {
                user, available, ..
            } => {
                self.set_availability((id(user)?, &user.username), *available)
                    .await?;
            }
            Write::OpenDepartment { department } => {
                self.open_department((department_id(department)?, &department.name))
                    .await?;
            }
            Write::CloseDepartment { department } => {
                self.close_department((department_id(department)?, &department.name))
                    .await?;
            }
            Write::AddMembers {
                department,
                members,
            } => {
                self.add_members((department_id(department)?, &department.name), members)
                    .await?;
            }
            Write::RemoveMembers {
                department,
                members,
            } => {
                self.remove_members((department_id(department)?, &department.name), members)
                    .await?;
            }
            Write::SetLimit { user, limit, .. } => {
                self.set_limit((id(user)?, &user.username), *limit).await?;
            }
            Write::SetSetting { id, value, .. } => self.set_setting(id, value).await?,
            Write::SetOwner { .. } => return Err(not_ours(write)),
        }
        Ok(Written::Plain)
    }
}

/// The only write that the workspace knows nothing of.
pub(super) fn not_ours(write: &Write) -> TargetError {
    refused(
        write.word(),
        "that is the bridge's own and not written to the target",
    )
}

/// The id that a write must have by now.
pub(super) fn id(user: &UserRef) -> Result<&str, TargetError> {
    let missing = || {
        refused(
            &format!("write user {}", user.username),
            "his id is not known: the write that creates him has to come first",
        )
    };
    user.id.as_ref().map(TargetId::as_str).ok_or_else(missing)
}

/// Likewise.
pub(super) fn department_id(department: &DepartmentRef) -> Result<&str, TargetError> {
    let missing = || {
        refused(
            &format!("write department {}", department.name),
            "its id is not known: the write that creates it has to come first",
        )
    };
    let id = department.id.as_ref().map(DepartmentId::as_str);
    id.ok_or_else(missing)
}

fn refused(doing: &str, what: &str) -> TargetError {
    TargetError {
        doing: doing.to_owned(),
        what: what.to_owned(),
        fault: TargetFault::Refused,
        retry_after: None,
    }
}
