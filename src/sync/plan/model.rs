//! A target that makes the writes of a plan the way the real one would, with its side effects (admin
//! contract §3), and complains where the real one would refuse.

use super::{
    Plan,
    standing::user_of,
    world::{ROLE, World, addresses, user},
};
use crate::domain::{
    Change, DepartmentId, Outcome, Owner, SourceId, TargetId, Write,
    change::{DepartmentRef, NewUser, UserRef},
    moving::{DepartmentLink, Journalled, Link, Origin},
    target::{Membership, TargetDepartment},
};

impl World {
    /// Makes the changes that `chosen` wants, and keeps the links. The journal says what was done.
    pub(crate) fn apply(
        &mut self,
        plan: &Plan,
        chosen: impl Fn(usize, &Change) -> bool,
    ) -> Vec<Journalled> {
        for link in plan.recognised() {
            let id = link.source_id.clone();
            // As the move does: whoever is open was cut over.
            let user = self.actual.user(&link.target_id);
            let open = user.and_then(|user| user.agent.as_ref());
            if open.is_some_and(|agent| agent.available) {
                self.own(&id, Owner::Target);
            }
            self.links.agents.insert(id, link.clone());
        }
        let mut journal = Vec::new();
        for (number, change) in plan.changes().iter().enumerate() {
            let done = chosen(number, change);
            if done {
                for write in &change.writes {
                    self.write(write);
                }
            }
            let skipped = Outcome::Skipped {
                why: "stopped".to_owned(),
            };
            journal.push(Journalled {
                number: u32::try_from(number).unwrap(),
                change: change.clone(),
                outcome: Some(if done { Outcome::Done } else { skipped }),
            });
        }
        journal
    }

    pub(crate) fn apply_all(&mut self, plan: &Plan) -> Vec<Journalled> {
        self.apply(plan, |_, _| true)
    }

    /// Whose word counts from now on.
    pub(crate) fn own(&mut self, id: &SourceId, owner: Owner) {
        self.write(&Write::SetOwner {
            source_id: id.clone(),
            owner,
            was: Owner::Source,
        });
    }

    pub(crate) fn write(&mut self, write: &Write) {
        let id = |world: &Self, user: &UserRef| world.id_of(user);
        match write {
            Write::CreateUser(new) => self.create(new),
            Write::SendResetMail { .. } => {}
            Write::SetActive { user, active } => {
                let user = id(self, user);
                self.rebuild(|parts| {
                    let user = parts.user(&user);
                    user.active = *active;
                    // Whoever is deactivated is not available either.
                    if let (false, Some(agent)) = (active, &mut user.agent) {
                        agent.available = false;
                    }
                });
            }
            Write::UpdateUser { user, set, .. } => {
                let user = id(self, user);
                self.rebuild(|parts| {
                    let user = parts.user(&user);
                    user.name = set.name.clone().unwrap_or(user.name.clone());
                    if let Some(email) = &set.email {
                        user.emails = addresses(email, false);
                    }
                    user.custom_fields
                        .extend(set.custom_fields.clone().unwrap_or_default());
                });
            }
            Write::GrantRole { user, role } => {
                let user = id(self, user);
                self.rebuild(|parts| {
                    let user = parts.user(&user);
                    assert!(!user.roles.contains(role), "granted twice");
                    user.roles.push(role.clone());
                    user.roles.sort();
                    if role == ROLE {
                        let agent = user.agent.get_or_insert_default();
                        agent.available = true;
                    }
                });
            }
            Write::RevokeRole { user, role } => {
                let user = id(self, user);
                self.rebuild(|parts| {
                    parts.user(&user).roles.retain(|has| has != role);
                    if role == ROLE {
                        parts.user(&user).agent = None;
                        parts.memberships.retain(|one| one.user != user);
                    }
                });
            }
            Write::SetAvailability {
                user, available, ..
            } => {
                let user = id(self, user);
                self.rebuild(|parts| {
                    let user = parts.user(&user);
                    assert!(user.active, "error-user-deactivated: {}", user.username);
                    user.agent.as_mut().expect("no agent").available = *available;
                });
            }
            Write::CreateDepartment(_)
            | Write::OpenDepartment { .. }
            | Write::CloseDepartment { .. }
            | Write::AddMembers { .. }
            | Write::RemoveMembers { .. } => self.write_department(write),
            Write::SetLimit { user, limit, .. } => {
                let user = id(self, user);
                self.rebuild(|parts| {
                    parts.user(&user).agent.as_mut().expect("no agent").limit = *limit;
                });
            }
            Write::SetSetting { id, value, .. } => {
                let settings = &mut self.actual.capabilities.settings;
                settings.insert(id.clone(), value.clone());
            }
            Write::SetOwner {
                source_id, owner, ..
            } => self.entries.get_mut(source_id).unwrap().owner = *owner,
        }
    }

    fn write_department(&mut self, write: &Write) {
        match write {
            Write::CreateDepartment(new) => {
                let department = DepartmentId::new(format!("d-{}", new.name));
                let link = DepartmentLink {
                    name: new.name.clone(),
                    id: department.clone(),
                    origin: Origin::Created,
                };
                self.links.departments.insert(new.name.clone(), link);
                self.rebuild(|parts| {
                    parts.departments.push(TargetDepartment {
                        id: department,
                        name: new.name.clone(),
                        enabled: true,
                        archived: false,
                    });
                });
            }
            Write::OpenDepartment { department } => self.set_open(department, true),
            Write::CloseDepartment { department } => self.set_open(department, false),
            Write::AddMembers {
                department,
                members,
            } => {
                assert!(members.len() <= super::BATCH);
                let department = self.department_of(department);
                for member in members {
                    let user = self.id_of(&member.user);
                    assert!(self.actual.user(&user).is_some(), "no such user");
                    let one = Membership {
                        department: department.clone(),
                        username: member.user.username.clone(),
                        count: member.count,
                        order: member.order,
                        user,
                    };
                    // The first of two stays.
                    self.rebuild(|parts| parts.memberships.push(one));
                }
            }
            Write::RemoveMembers {
                department,
                members,
            } => {
                let department = self.department_of(department);
                for member in members {
                    let user = self.id_of(&member.user);
                    self.rebuild(|parts| {
                        parts
                            .memberships
                            .retain(|one| one.department != department || one.user != user);
                    });
                }
            }
            Write::CreateUser(_)
            | Write::SendResetMail { .. }
            | Write::SetActive { .. }
            | Write::UpdateUser { .. }
            | Write::GrantRole { .. }
            | Write::RevokeRole { .. }
            | Write::SetAvailability { .. }
            | Write::SetLimit { .. }
            | Write::SetSetting { .. }
            | Write::SetOwner { .. } => panic!("not about departments: {write:?}"),
        }
    }

    fn create(&mut self, new: &NewUser) {
        let name = &new.user.username;
        assert!(self.actual.user_named(name).is_none(), "{name} is taken");
        assert!(self.actual.user_with_email(&new.email).is_none(), "taken");
        let mut one = user(name);
        one.name.clone_from(&new.name);
        one.emails = addresses(&new.email, new.verified);
        one.custom_fields = new.custom_fields.clone();
        let wave = self.wave_of(&new.user.source_id);
        let link = Link {
            source_id: new.user.source_id.clone(),
            target_id: one.id.clone(),
            username: name.clone(),
            origin: Origin::Created,
            wave: wave.unwrap(),
        };
        let id = link.source_id.clone();
        self.links.agents.insert(id, link);
        self.rebuild(|parts| parts.users.push(one));
    }

    fn set_open(&mut self, department: &DepartmentRef, open: bool) {
        let id = self.department_of(department);
        self.rebuild(|parts| {
            let mut found = parts.departments.iter_mut();
            let found = found.find(|one| one.id == id).unwrap();
            (found.enabled, found.archived) = (open, !open);
        });
    }

    fn id_of(&self, user: &UserRef) -> TargetId {
        let link = self.links.agents.get(&user.source_id);
        let linked = link.map(|link| link.target_id.clone());
        let named = || user_of(&self.actual, user).map(|user| user.id.clone());
        user.id.clone().or(linked).or_else(named).unwrap()
    }

    fn department_of(&self, department: &DepartmentRef) -> DepartmentId {
        let link = self.links.departments.get(&department.name);
        let linked = link.map(|link| link.id.clone());
        department.id.clone().or(linked).unwrap()
    }
}
