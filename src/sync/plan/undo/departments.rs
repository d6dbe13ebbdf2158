//! The way back of departments and of who is in them.

use super::{Back, reference};
use crate::domain::{
    Subject, TargetId, Write,
    change::{DepartmentRef, Member, UserRef},
    target::TargetDepartment,
};

impl<'a> Back<'a, '_> {
    /// The inverse of a write about a department, or about who is in it.
    pub(super) fn about_department(&mut self, subject: &Subject, write: &Write) -> Option<Write> {
        let (department, wanted) = match write {
            Write::AddMembers {
                department,
                members,
            }
            | Write::RemoveMembers {
                department,
                members,
            } => (self.department(department), Some(members)),
            Write::CreateDepartment(new) => {
                let department = DepartmentRef {
                    name: new.name.clone(),
                    id: None,
                };
                (self.department(&department), None)
            }
            Write::OpenDepartment { department } | Write::CloseDepartment { department } => {
                (self.department(department), None)
            }
            // These are not about departments.
            Write::CreateUser(_)
            | Write::SendResetMail { .. }
            | Write::SetActive { .. }
            | Write::UpdateUser { .. }
            | Write::GrantRole { .. }
            | Write::RevokeRole { .. }
            | Write::SetAvailability { .. }
            | Write::SetLimit { .. }
            | Write::SetSetting { .. }
            | Write::SetOwner { .. } => return None,
        };
        if wanted.is_none() && self.people.of_one_wave() {
            // Other waves need it.
            return None;
        }
        let Some((found, department)) = department else {
            if was_there(write) {
                self.leave(subject, "the department is no longer there");
            }
            return None;
        };
        match (write, wanted) {
            (Write::AddMembers { .. }, Some(members)) => {
                let members = self.still_in(found, members);
                let leaving = self.leaving.entry(found.id.clone()).or_default();
                leaving.extend(members.iter().filter_map(|member| member.user.id.clone()));
                (!members.is_empty()).then_some(Write::RemoveMembers {
                    department,
                    members,
                })
            }
            (_, Some(members)) => {
                let members = self.still_out(found, members);
                (!members.is_empty()).then_some(Write::AddMembers {
                    department,
                    members,
                })
            }
            (Write::CloseDepartment { .. }, None) => {
                let open = found.enabled && !found.archived;
                (!open).then_some(Write::OpenDepartment { department })
            }
            (_, None) => self.close(subject, found, department),
        }
    }

    /// A department that was created or opened is archived, unless somebody else is in it.
    fn close(
        &mut self,
        subject: &Subject,
        found: &TargetDepartment,
        department: DepartmentRef,
    ) -> Option<Write> {
        if found.archived {
            return None;
        }
        let links = &self.facts.links.departments;
        if !links.values().any(|link| link.id == found.id) {
            self.leave(
                subject,
                "is not known as ours; archive it there if it is not needed",
            );
            return None;
        }
        let leaving = self.leaving.get(&found.id);
        let leaves = |user: &TargetId| leaving.is_some_and(|leaving| leaving.contains(user));
        let members = self.facts.actual.members(&found.id).iter();
        let staying = members.filter(|member| !leaves(&member.user)).count();
        if staying > 0 {
            self.leave(
                subject,
                format!("stays open: {staying} members are in it whom this does not take out"),
            );
            return None;
        }
        Some(Write::CloseDepartment { department })
    }

    /// The department a write names, by the id of the journal, of the link, or by its name.
    fn department(
        &self,
        department: &DepartmentRef,
    ) -> Option<(&'a TargetDepartment, DepartmentRef)> {
        let link = self.facts.links.departments.get(&department.name);
        let actual = self.facts.actual;
        let found = match department.id.as_ref().or(link.map(|link| &link.id)) {
            Some(id) => actual.department(id),
            None => super::department_of(actual, department),
        }?;
        let reference = DepartmentRef {
            name: department.name.clone(),
            id: Some(found.id.clone()),
        };
        Some((found, reference))
    }

    /// Those whom we have added, and who still are in, with the counts of now.
    fn still_in(&mut self, department: &TargetDepartment, members: &[Member]) -> Vec<Member> {
        let mut out = Vec::new();
        for (user, _) in self.members(members) {
            if let Some(id) = &user.id
                && let Some(now) = self.facts.actual.membership(&department.id, id)
            {
                out.push(Member {
                    count: now.count,
                    order: now.order,
                    user,
                });
            }
        }
        out
    }

    /// Those whom we have removed, and who still are out, with the counts they had.
    fn still_out(&mut self, department: &TargetDepartment, members: &[Member]) -> Vec<Member> {
        let mut back = Vec::new();
        for (user, member) in self.members(members) {
            if let Some(id) = &user.id
                && self.facts.actual.membership(&department.id, id).is_none()
            {
                back.push(Member {
                    user,
                    count: member.count,
                    order: member.order,
                });
            }
        }
        back
    }

    /// Members who are meant, there and ours.
    fn members<'m>(&mut self, members: &'m [Member]) -> Vec<(UserRef, &'m Member)> {
        let mut found = Vec::with_capacity(members.len());
        for member in members {
            let source_id = &member.user.source_id;
            if !self.people.is_meant(source_id) {
                continue;
            }
            self.concerned.insert(source_id.clone());
            match self.people.find(source_id) {
                Ok(Some(user)) => found.push((reference(source_id, user), member)),
                Ok(None) => {}
                Err(why) => {
                    let subject = Subject::Agent {
                        source_id: source_id.clone(),
                        username: member.user.username.clone(),
                    };
                    self.leave(&subject, why);
                }
            }
        }
        found
    }
}

/// Whether the department of a write was there before the run: else it may never have come.
fn was_there(write: &Write) -> bool {
    match write {
        Write::OpenDepartment { department }
        | Write::CloseDepartment { department }
        | Write::AddMembers { department, .. }
        | Write::RemoveMembers { department, .. } => department.id.is_some(),
        Write::CreateUser(_)
        | Write::SendResetMail { .. }
        | Write::SetActive { .. }
        | Write::UpdateUser { .. }
        | Write::GrantRole { .. }
        | Write::RevokeRole { .. }
        | Write::SetAvailability { .. }
        | Write::CreateDepartment(_)
        | Write::SetLimit { .. }
        | Write::SetSetting { .. }
        | Write::SetOwner { .. } => false,
    }
}
