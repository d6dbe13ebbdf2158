//! Writes of the move as stored: part of a change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::words::{LoginWord, OwnerWord};
use crate::domain::{
    DepartmentId, SourceId, TargetId, Write,
    change::{DepartmentRef, Member, NewDepartment, NewUser, Profile, UserRef},
    target::SettingValue,
};

/// One write, told apart by its field `write`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "write", rename_all = "snake_case")]
pub(super) enum WriteRecord {
    CreateUser {
        user: UserRow,
        name: String,
        email: String,
        verified: bool,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        custom_fields: BTreeMap<String, String>,
        login: LoginWord,
    },
    SendResetMail {
        user: UserRow,
        email: String,
    },
    SetActive {
        user: UserRow,
        active: bool,
    },
    UpdateUser {
        user: UserRow,
        set: ProfileRow,
        was: ProfileRow,
    },
    GrantRole {
        user: UserRow,
        role: String,
    },
    RevokeRole {
        user: UserRow,
        role: String,
    },
    SetAvailability {
        user: UserRow,
        available: bool,
        was: bool,
    },
    CreateDepartment {
        name: String,
        email: String,
        show_on_registration: bool,
    },
    OpenDepartment {
        department: DepartmentRow,
    },
    CloseDepartment {
        department: DepartmentRow,
    },
    AddMembers {
        department: DepartmentRow,
        members: Vec<MemberRow>,
    },
    RemoveMembers {
        department: DepartmentRow,
        members: Vec<MemberRow>,
    },
    SetLimit {
        user: UserRow,
        /// Absent: no limit of one's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<u32>,
    },
    SetSetting {
        id: String,
        value: SettingRow,
        /// Absent: it could not be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<SettingRow>,
    },
    SetOwner {
        source_id: String,
        owner: OwnerWord,
        was: OwnerWord,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UserRow {
    source_id: String,
    username: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DepartmentRow {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MemberRow {
    user: UserRow,
    count: i64,
    order: i64,
}

/// Absent facts are left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProfileRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    custom_fields: Option<BTreeMap<String, String>>,
}

/// A plain JSON value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum SettingRow {
    Flag(bool),
    Number(i64),
    Text(String),
}

impl From<&UserRef> for UserRow {
    fn from(user: &UserRef) -> Self {
        Self {
            source_id: user.source_id.to_string(),
            username: user.username.clone(),
            id: user.id.as_ref().map(ToString::to_string),
        }
    }
}

impl From<UserRow> for UserRef {
    fn from(row: UserRow) -> Self {
        Self {
            source_id: SourceId::new(row.source_id),
            username: row.username,
            id: row.id.map(TargetId::new),
        }
    }
}

impl From<&DepartmentRef> for DepartmentRow {
    fn from(department: &DepartmentRef) -> Self {
        Self {
            name: department.name.clone(),
            id: department.id.as_ref().map(ToString::to_string),
        }
    }
}

impl From<DepartmentRow> for DepartmentRef {
    fn from(row: DepartmentRow) -> Self {
        Self {
            name: row.name,
            id: row.id.map(DepartmentId::new),
        }
    }
}

fn member_rows(members: &[Member]) -> Vec<MemberRow> {
    let row = |member: &Member| MemberRow {
        user: UserRow::from(&member.user),
        count: member.count,
        order: member.order,
    };
    members.iter().map(row).collect()
}

fn members(rows: Vec<MemberRow>) -> Vec<Member> {
    let member = |row: MemberRow| Member {
        user: row.user.into(),
        count: row.count,
        order: row.order,
    };
    rows.into_iter().map(member).collect()
}

impl From<&Profile> for ProfileRow {
    fn from(profile: &Profile) -> Self {
        Self {
            name: profile.name.clone(),
            email: profile.email.clone(),
            custom_fields: profile.custom_fields.clone(),
        }
    }
}

impl From<ProfileRow> for Profile {
    fn from(row: ProfileRow) -> Self {
        Self {
            name: row.name,
            email: row.email,
            custom_fields: row.custom_fields,
        }
    }
}

impl From<&SettingValue> for SettingRow {
    fn from(value: &SettingValue) -> Self {
        match value {
            SettingValue::Text(text) => Self::Text(text.clone()),
            SettingValue::Flag(flag) => Self::Flag(*flag),
            SettingValue::Number(number) => Self::Number(*number),
        }
    }
}

impl From<SettingRow> for SettingValue {
    fn from(row: SettingRow) -> Self {
        match row {
            SettingRow::Text(text) => Self::Text(text),
            SettingRow::Flag(flag) => Self::Flag(flag),
            SettingRow::Number(number) => Self::Number(number),
        }
    }
}

impl From<&Write> for WriteRecord {
    fn from(write: &Write) -> Self {
        match write {
            Write::CreateUser(new) => Self::CreateUser {
                user: (&new.user).into(),
                name: new.name.clone(),
                email: new.email.clone(),
                verified: new.verified,
                custom_fields: new.custom_fields.clone(),
                login: new.login.into(),
            },
            Write::SendResetMail { user, email } => Self::SendResetMail {
                user: user.into(),
                email: email.clone(),
            },
            Write::SetActive { user, active } => Self::SetActive {
                user: user.into(),
                active: *active,
            },
            Write::UpdateUser { user, set, was } => Self::UpdateUser {
                user: user.into(),
                set: set.into(),
                was: was.into(),
            },
            Write::GrantRole { user, role } => Self::GrantRole {
                user: user.into(),
                role: role.clone(),
            },
            Write::RevokeRole { user, role } => Self::RevokeRole {
                user: user.into(),
                role: role.clone(),
            },
            Write::SetAvailability {
                user,
                available,
                was,
            } => Self::SetAvailability {
                user: user.into(),
                available: *available,
                was: *was,
            },
            Write::CreateDepartment(new) => Self::CreateDepartment {
                name: new.name.clone(),
                email: new.email.clone(),
                show_on_registration: new.show_on_registration,
            },
            Write::OpenDepartment { department } => Self::OpenDepartment {
                department: department.into(),
            },
            Write::CloseDepartment { department } => Self::CloseDepartment {
                department: department.into(),
            },
            Write::AddMembers {
                department,
                members,
            } => Self::AddMembers {
                department: department.into(),
                members: member_rows(members),
            },
            Write::RemoveMembers {
                department,
                members,
            } => Self::RemoveMembers {
                department: department.into(),
                members: member_rows(members),
            },
            Write::SetLimit { user, limit, was } => Self::SetLimit {
                user: user.into(),
                limit: *limit,
                was: *was,
            },
            Write::SetSetting { id, value, was } => Self::SetSetting {
                id: id.clone(),
                value: value.into(),
                was: was.as_ref().map(SettingRow::from),
            },
            Write::SetOwner {
                source_id,
                owner,
                was,
            } => Self::SetOwner {
                source_id: source_id.to_string(),
                owner: (*owner).into(),
                was: (*was).into(),
            },
        }
    }
}

impl From<WriteRecord> for Write {
    fn from(record: WriteRecord) -> Self {
        match record {
            WriteRecord::CreateUser {
                user,
                name,
                email,
                verified,
                custom_fields,
                login,
            } => Self::CreateUser(NewUser {
                user: user.into(),
                name,
                email,
                verified,
                custom_fields,
                login: login.into(),
            }),
            WriteRecord::SendResetMail { user, email } => Self::SendResetMail {
                user: user.into(),
                email,
            },
            WriteRecord::SetActive { user, active } => Self::SetActive {
                user: user.into(),
                active,
            },
            WriteRecord::UpdateUser { user, set, was } => Self::UpdateUser {
                user: user.into(),
                set: set.into(),
                was: was.into(),
            },
            WriteRecord::GrantRole { user, role } => Self::GrantRole {
                user: user.into(),
                role,
            },
            WriteRecord::RevokeRole { user, role } => Self::RevokeRole {
                user: user.into(),
                role,
            },
            WriteRecord::SetAvailability {
                user,
                available,
                was,
            } => Self::SetAvailability {
                user: user.into(),
                available,
                was,
            },
            WriteRecord::CreateDepartment {
                name,
                email,
                show_on_registration,
            } => Self::CreateDepartment(NewDepartment {
                name,
                email,
                show_on_registration,
            }),
            WriteRecord::OpenDepartment { department } => Self::OpenDepartment {
                department: department.into(),
            },
            WriteRecord::CloseDepartment { department } => Self::CloseDepartment {
                department: department.into(),
            },
            WriteRecord::AddMembers {
                department,
                members: rows,
            } => Self::AddMembers {
                department: department.into(),
                members: members(rows),
            },
            WriteRecord::RemoveMembers {
                department,
                members: rows,
            } => Self::RemoveMembers {
                department: department.into(),
                members: members(rows),
            },
            WriteRecord::SetLimit { user, limit, was } => Self::SetLimit {
                user: user.into(),
                limit,
                was,
            },
            WriteRecord::SetSetting { id, value, was } => Self::SetSetting {
                id,
                value: value.into(),
                was: was.map(SettingValue::from),
            },
            WriteRecord::SetOwner {
                source_id,
                owner,
                was,
            } => Self::SetOwner {
                source_id: SourceId::new(source_id),
                owner: owner.into(),
                was: was.into(),
            },
        }
    }
}
