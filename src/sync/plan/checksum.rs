//! The same plan has the same checksum, on every machine and in every version that says so.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
};

use sha2::{Digest, Sha256};

use crate::domain::{
    Change, DepartmentId, Subject, TargetId, Write,
    agent::Owner,
    change::{DepartmentRef, Member, Profile, UserRef},
    moving::Scope,
    target::SettingValue,
};

/// Names the form below. Plan files of another form are planned anew.
const FORM: &str = "lp2rc-plan-1";

/// SHA-256 over every value, each led by its length in bytes, as 64 hexadecimal digits.
pub(super) fn of(scope: &Scope, changes: &[Change]) -> String {
    let mut text = Text(Sha256::new());
    text.part(FORM);
    text.option(scope.wave.as_deref());
    text.part(if scope.cut_over {
        "cut over"
    } else {
        "prepare"
    });
    for change in changes {
        text.change(change);
    }
    let mut digits = String::with_capacity(64);
    for byte in text.0.finalize() {
        // Writing into a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

struct Text(Sha256);

impl Text {
    fn part(&mut self, part: &str) {
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    fn number(&mut self, number: impl Display) {
        self.part(&number.to_string());
    }

    fn flag(&mut self, flag: bool) {
        self.part(if flag { "yes" } else { "no" });
    }

    /// Nothing differs from an empty text.
    fn option(&mut self, part: Option<&str>) {
        self.flag(part.is_some());
        self.part(part.unwrap_or_default());
    }

    fn change(&mut self, change: &Change) {
        self.part("change");
        self.part(change.phase.word());
        self.part(change.effect.word());
        match &change.subject {
            Subject::Agent {
                source_id,
                username,
            } => {
                self.part("agent");
                self.part(source_id.as_str());
                self.part(username);
            }
            Subject::Department(name) => {
                self.part("department");
                self.part(name);
            }
            Subject::Setting(id) => {
                self.part("setting");
                self.part(id);
            }
        }
        self.part(&change.reason);
        self.number(change.fields.len());
        for field in &change.fields {
            self.part(&field.field);
            self.part(&field.before);
            self.part(&field.after);
        }
        self.number(change.writes.len());
        for write in &change.writes {
            self.part(write.word());
            self.write(write);
        }
    }

    fn write(&mut self, write: &Write) {
        match write {
            Write::CreateUser(new) => {
                self.user(&new.user);
                self.part(&new.name);
                self.part(&new.email);
                self.flag(new.verified);
                self.custom_fields(Some(&new.custom_fields));
                self.part(new.login.word());
            }
            Write::SendResetMail { user, email } => {
                self.user(user);
                self.part(email);
            }
            Write::SetActive { user, active } => {
                self.user(user);
                self.flag(*active);
            }
            Write::UpdateUser { user, set, was } => {
                self.user(user);
                self.profile(set);
                self.profile(was);
            }
            Write::GrantRole { user, role } | Write::RevokeRole { user, role } => {
                self.user(user);
                self.part(role);
            }
            Write::SetAvailability {
                user,
                available,
                was,
            } => {
                self.user(user);
                self.flag(*available);
                self.flag(*was);
            }
            Write::CreateDepartment(new) => {
                self.part(&new.name);
                self.part(&new.email);
                self.flag(new.show_on_registration);
            }
            Write::OpenDepartment { department } | Write::CloseDepartment { department } => {
                self.department(department);
            }
            Write::AddMembers {
                department,
                members,
            }
            | Write::RemoveMembers {
                department,
                members,
            } => {
                self.department(department);
                self.members(members);
            }
            Write::SetLimit { user, limit, was } => {
                self.user(user);
                self.number(limit.unwrap_or(0));
                self.number(was.unwrap_or(0));
            }
            Write::SetSetting { id, value, was } => {
                self.part(id);
                self.setting(Some(value));
                self.setting(was.as_ref());
            }
            Write::SetOwner {
                source_id,
                owner,
                was,
            } => {
                self.part(source_id.as_str());
                self.owner(*owner);
                self.owner(*was);
            }
        }
    }

    fn user(&mut self, user: &UserRef) {
        self.part(user.source_id.as_str());
        self.part(&user.username);
        self.option(user.id.as_ref().map(TargetId::as_str));
    }

    fn department(&mut self, department: &DepartmentRef) {
        self.part(&department.name);
        self.option(department.id.as_ref().map(DepartmentId::as_str));
    }

    /// Without counts: they move by themselves while chats are routed, and a plan that was reviewed
    /// in the morning must still be the same at noon.
    fn members(&mut self, members: &[Member]) {
        self.number(members.len());
        for member in members {
            self.user(&member.user);
            self.number(member.order);
        }
    }

    fn profile(&mut self, profile: &Profile) {
        self.option(profile.name.as_deref());
        self.option(profile.email.as_deref());
        self.custom_fields(profile.custom_fields.as_ref());
    }

    fn custom_fields(&mut self, fields: Option<&BTreeMap<String, String>>) {
        self.flag(fields.is_some());
        self.number(fields.map_or(0, BTreeMap::len));
        for (name, value) in fields.into_iter().flatten() {
            self.part(name);
            self.part(value);
        }
    }

    fn setting(&mut self, value: Option<&SettingValue>) {
        match value {
            None => self.part("nothing"),
            Some(SettingValue::Text(text)) => {
                self.part("text");
                self.part(text);
            }
            Some(SettingValue::Flag(flag)) => {
                self.part("flag");
                self.flag(*flag);
            }
            Some(SettingValue::Number(number)) => {
                self.part("number");
                self.number(number);
            }
        }
    }

    fn owner(&mut self, owner: Owner) {
        self.part(match owner {
            Owner::Source => "source",
            Owner::Target => "target",
            Owner::Both => "both",
        });
    }
}
