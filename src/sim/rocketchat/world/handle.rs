//! What a test or rehearsal sees and arranges from outside, past the wire.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{SimDepartment, SimEmail, SimMail, SimMember, SimUser, World};

/// A user to arrange. In JSON the names are those of the fields; only `username` is required.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewUser {
    /// Also makes the name and, at `example.com`, the address, where those are not given.
    pub username: String,
    /// Name for display.
    pub name: Option<String>,
    /// The address; empty for none.
    pub email: Option<String>,
    /// Role ids; `user` when not given. With `livechat-agent` he is an available agent.
    pub roles: Option<Vec<String>>,
    /// Presence; `offline` when not given.
    pub status: Option<String>,
    /// Deactivated.
    pub inactive: bool,
    /// `customFields`.
    pub custom_fields: Option<Map<String, Value>>,
    /// `importIds`.
    pub import_ids: Vec<String>,
}

/// The workspace. Clones share it. Looking gives copies; arranging is no request, so it is
/// neither in the log nor among the writes.
#[derive(Clone, Debug)]
pub struct WorldHandle {
    inner: Arc<Mutex<World>>,
}

impl WorldHandle {
    pub(in crate::sim::rocketchat) fn new(world: World) -> Self {
        Self {
            inner: Arc::new(Mutex::new(world)),
        }
    }

    pub(in crate::sim::rocketchat) fn lock(&self) -> MutexGuard<'_, World> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everybody, by username.
    pub fn users(&self) -> Vec<SimUser> {
        self.lock().users().cloned().collect()
    }

    /// A user by exact username.
    pub fn user(&self, username: &str) -> Option<SimUser> {
        self.lock().user_named(username).cloned()
    }

    /// All departments, by name.
    pub fn departments(&self) -> Vec<SimDepartment> {
        let mut all: Vec<_> = self.lock().departments().cloned().collect();
        all.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        all
    }

    /// The first department of this name.
    pub fn department(&self, name: &str) -> Option<SimDepartment> {
        let world = self.lock();
        let found = world.departments().find(|one| one.name == name);
        found.cloned()
    }

    /// All memberships.
    pub fn members(&self) -> Vec<SimMember> {
        self.lock().all_members().cloned().collect()
    }

    /// One membership, by username and name of the department.
    pub fn member(&self, username: &str, department: &str) -> Option<SimMember> {
        let department = self.department(department)?;
        let world = self.lock();
        let user = world.user_named(username)?;
        world.member(&user.id, &department.id).cloned()
    }

    /// A setting's value; null for none.
    pub fn setting(&self, id: &str) -> Value {
        self.lock().setting(id).cloned().unwrap_or_default()
    }

    /// The mails that would have been sent, oldest first.
    pub fn mails(&self) -> Vec<SimMail> {
        self.lock().mails.clone()
    }

    /// The whole state as sorted JSON without ids and moments: equal ends dump alike.
    pub fn digest(&self) -> Value {
        self.lock().digest()
    }

    /// Adds a user and gives his id. A name or address that is taken gets nobody.
    pub fn add_user(&self, new: NewUser) -> Option<String> {
        let mut world = self.lock();
        let email = new.email.unwrap_or(format!("{}@example.com", new.username));
        let taken = new.username.is_empty()
            || world.user_like(&new.username).is_some()
            || world.user_mailed(&email).is_some();
        if taken {
            return None;
        }
        let mut user = SimUser {
            name: new.name.unwrap_or_else(|| new.username.clone()),
            emails: Vec::new(),
            active: !new.inactive,
            custom_fields: new.custom_fields,
            import_ids: new.import_ids,
            ..world.blank(&new.username)
        };
        if !email.is_empty() {
            user.emails.push(SimEmail {
                address: email,
                verified: true,
            });
        }
        if let Some(roles) = new.roles {
            user.roles = roles;
        }
        if let Some(status) = new.status {
            user.status = status;
        }
        if user.is_agent() {
            user.operator = true;
            user.status_livechat = Some("available".to_owned());
        }
        let id = user.id.clone();
        world.insert_user(user);
        Some(id)
    }

    /// Changes a user by exact username, past every rule. Whether there is one.
    pub fn change_user(&self, username: &str, change: impl FnOnce(&mut SimUser)) -> bool {
        let mut world = self.lock();
        let id = world.user_named(username).map(|user| user.id.clone());
        let Some(id) = id else {
            return false;
        };
        world.update_user(&id, change);
        true
    }

    /// A client of this user connects or leaves. Whether there is such a user.
    pub fn set_presence(&self, username: &str, status: &str) -> bool {
        self.change_user(username, |user| status.clone_into(&mut user.status))
    }

    /// Clients of all agents connect or leave.
    pub fn set_presence_of_agents(&self, status: &str) {
        let mut world = self.lock();
        let agents = world.users().filter(|user| user.is_agent());
        let agents: Vec<_> = agents.map(|user| user.id.clone()).collect();
        for id in agents {
            world.update_user(&id, |user| status.clone_into(&mut user.status));
        }
    }

    /// Activates or deactivates a user, with all that follows. Whether there is such a user.
    pub fn set_active(&self, username: &str, active: bool) -> bool {
        let mut world = self.lock();
        let id = world.user_named(username).map(|user| user.id.clone());
        id.map(|id| world.set_active(&id, active)).is_some()
    }

    /// Deletes a user. Whether there was one.
    pub fn remove_user(&self, username: &str) -> bool {
        let mut world = self.lock();
        let id = world.user_named(username).map(|user| user.id.clone());
        id.is_some_and(|id| world.delete_user(&id))
    }

    /// Adds an enabled department, past the limit of the edition, and gives its id.
    pub fn add_department(&self, name: &str) -> String {
        let mut world = self.lock();
        let id = world.new_id();
        let shown = ["showOnRegistration", "showOnOfflineForm"];
        let department = SimDepartment {
            id: id.clone(),
            name: name.to_owned(),
            email: "department@example.com".to_owned(),
            enabled: true,
            fields: shown
                .map(|name| (name.to_owned(), json!(true)))
                .into_iter()
                .collect(),
            ..SimDepartment::default()
        };
        world.put_department(department);
        id
    }

    /// Deletes the first department of this name. Whether there was one.
    pub fn remove_department(&self, name: &str) -> bool {
        let found = self.department(name);
        if let Some(found) = &found {
            self.lock().delete_department(&found.id);
        }
        found.is_some()
    }

    /// Puts a user into a department with these counters. Whether both exist.
    pub fn add_member(&self, username: &str, department: &str, (count, order): (i64, i64)) -> bool {
        let Some(department) = self.department(department) else {
            return false;
        };
        let mut world = self.lock();
        let id = world.user_named(username).map(|user| user.id.clone());
        id.map(|id| world.join(&id, &department.id, (count, order)))
            .is_some()
    }

    /// Takes a user out of a department. Whether both exist.
    pub fn remove_member(&self, username: &str, department: &str) -> bool {
        let Some(department) = self.department(department) else {
            return false;
        };
        let mut world = self.lock();
        let id = world.user_named(username).map(|user| user.id.clone());
        id.map(|id| world.leave(&id, &department.id)).is_some()
    }

    /// How many chats an agent has open in a department; shown by `livechat/queue`.
    pub fn set_chats(&self, username: &str, department: &str, chats: u32) -> bool {
        let Some(department) = self.department(department) else {
            return false;
        };
        let mut world = self.lock();
        let id = world.user_named(username).map(|user| user.id.clone());
        id.map(|id| world.chats.insert((id, department.id), chats))
            .is_some()
    }

    /// Sets a setting, known or not.
    pub fn set_setting(&self, id: &str, value: Value) {
        self.lock().settings.insert(id.to_owned(), value);
    }

    /// Gives a permission to exactly these roles.
    pub fn set_permission(&self, permission: &str, roles: &[&str]) {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        let mut world = self.lock();
        world.permissions.insert(permission.to_owned(), roles);
    }

    /// How many seats the licence has; `None` for no limit.
    pub fn set_seats(&self, seats: Option<u32>) {
        self.lock().seats = seats;
    }

    /// Ends every login of a user and revokes his tokens. Whether there is such a user.
    pub fn revoke(&self, username: &str) -> bool {
        let mut world = self.lock();
        let id = world.user_named(username).map(|user| user.id.clone());
        id.map(|id| world.revoke(&id)).is_some()
    }
}
