//! What `POST /sim/world` arranges, in this order; every part is optional.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{service::Service, world::NewUser};

/// Changes of the world that are no requests.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Arrangement {
    /// Users to add.
    users: Vec<NewUser>,
    /// Names of departments to add.
    departments: Vec<String>,
    /// Memberships to write.
    members: Vec<Membership>,
    /// Presence by username, `*` for every agent: who connects, who leaves.
    presence: BTreeMap<String, String>,
    /// Whether users are active, by username.
    active: BTreeMap<String, bool>,
    /// Users to delete.
    remove_users: Vec<String>,
    /// Departments to delete.
    remove_departments: Vec<String>,
    /// Settings by id.
    settings: BTreeMap<String, Value>,
    /// Roles by permission.
    permissions: BTreeMap<String, Vec<String>>,
    /// Open chats.
    chats: Vec<Load>,
    /// Seats of the licence; 0 for no limit.
    seats: Option<u32>,
    /// Users whose logins end.
    revoke: Vec<String>,
    /// The rate limiter begins all its windows anew.
    forget_limits: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Membership {
    username: String,
    department: String,
    #[serde(default)]
    count: i64,
    #[serde(default)]
    order: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Load {
    username: String,
    department: String,
    chats: u32,
}

/// Arranges; says what could not be, and leaves what was done before it.
pub(super) fn apply(service: &Service, wanted: Arrangement) -> Result<(), String> {
    let world = &service.world;
    let known = |done: bool, what: &str| {
        let refused = || format!("{what} is not known, or taken");
        done.then_some(()).ok_or_else(refused)
    };
    for user in wanted.users {
        let name = user.username.clone();
        known(world.add_user(user).is_some(), &name)?;
    }
    for name in &wanted.departments {
        world.add_department(name);
    }
    for Membership {
        username,
        department,
        count,
        order,
    } in wanted.members
    {
        let done = world.add_member(&username, &department, (count, order));
        known(done, &format!("{username} or {department}"))?;
    }
    for (username, status) in wanted.presence {
        if username == "*" {
            world.set_presence_of_agents(&status);
        } else {
            known(world.set_presence(&username, &status), &username)?;
        }
    }
    for (username, active) in wanted.active {
        known(world.set_active(&username, active), &username)?;
    }
    for username in &wanted.remove_users {
        known(world.remove_user(username), username)?;
    }
    for name in &wanted.remove_departments {
        known(world.remove_department(name), name)?;
    }
    for (id, value) in wanted.settings {
        world.set_setting(&id, value);
    }
    for (permission, roles) in wanted.permissions {
        let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
        world.set_permission(&permission, &roles);
    }
    for Load {
        username,
        department,
        chats,
    } in wanted.chats
    {
        let done = world.set_chats(&username, &department, chats);
        known(done, &format!("{username} or {department}"))?;
    }
    if let Some(seats) = wanted.seats {
        world.set_seats((seats > 0).then_some(seats));
    }
    for username in &wanted.revoke {
        known(world.revoke(username), username)?;
    }
    if wanted.forget_limits {
        service.forget_limits();
    }
    Ok(())
}
