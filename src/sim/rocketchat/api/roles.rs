//! Roles and who has them, without what the agents' own routes do besides (contract §2.3).

use serde_json::{Value, json};

use super::{
    super::{
        answer::Refused,
        call::{Call, Done, members},
        schema::{Kind, Need, Others},
        setup::Version,
        world::{ROLES, SimUser, is_role},
    },
    update::invalid_user,
};

fn role((id, scope, protected): (&str, &str, bool)) -> Value {
    json!({
        "_id": id,
        "name": id,
        "scope": scope,
        "description": "",
        "mandatory2fa": false,
        "protected": protected,
    })
}

/// `GET /api/v1/roles.list`.
pub(super) fn list(call: &mut Call<'_>) -> Done {
    call.query(&[])?;
    let roles: Vec<Value> = ROLES.into_iter().map(role).collect();
    Ok(members([("roles", json!(roles))]))
}

/// The role and the user of a body. Up to 7 the role may come under its old name.
fn named<'a>(call: &mut Call<'a>) -> Result<(&'a str, String), Refused> {
    let body = call.body(
        &[
            ("roleId", Kind::Text, Need::May),
            ("roleName", Kind::Text, Need::May),
            ("username", Kind::Text, Need::May),
            ("roomId", Kind::Text, Need::May),
            ("scope", Kind::Text, Need::May),
        ],
        Others::Refused,
    )?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let old = text("roleName").filter(|_| call.version < Version::V8);
    let (Some(role), Some(username)) = (text("roleId").or(old), text("username")) else {
        let reason = "The role properties are invalid.";
        return Err(Refused::coded("error-invalid-role-properties", reason));
    };
    let user = call.world.user_named(username).map(|user| user.id.clone());
    let user = user.ok_or_else(invalid_user)?;
    if !is_role(role) {
        let reason = "This role does not exist";
        return Err(Refused::coded("error-invalid-roleId", reason));
    }
    if role == "admin" && !call.may("assign-admin-role") {
        let reason = "Assigning the admin role is not allowed";
        return Err(Refused::not_allowed(reason, "Assign_role"));
    }
    Ok((role, user))
}

/// `POST /api/v1/roles.addUserToRole`.
pub(super) fn add(call: &mut Call<'_>) -> Done {
    let (id, user) = named(call)?;
    if call.world.user(&user).is_some_and(|user| user.has_role(id)) {
        let reason = "User already in role";
        return Err(Refused::coded("error-user-already-in-role", reason));
    }
    let add = |user: &mut SimUser| user.roles.push(id.to_owned());
    call.world.update_user(&user, add);
    Ok(shown(id))
}

/// `POST /api/v1/roles.removeUserFromRole`.
pub(super) fn remove(call: &mut Call<'_>) -> Done {
    let (id, user) = named(call)?;
    if !call.world.user(&user).is_some_and(|user| user.has_role(id)) {
        let reason = "User is not in this role";
        return Err(Refused::coded("error-user-not-in-role", reason));
    }
    let admins = || call.world.users().filter(|user| user.has_role("admin"));
    if id == "admin" && admins().count() == 1 {
        let reason = "You need to have at least one admin";
        return Err(Refused::coded("error-admin-required", reason));
    }
    let remove = |user: &mut SimUser| user.roles.retain(|role| role != id);
    call.world.update_user(&user, remove);
    Ok(shown(id))
}

fn shown(id: &str) -> serde_json::Map<String, Value> {
    let found = ROLES.into_iter().find(|(known, ..)| *known == id);
    members([("role", found.map_or(Value::Null, role))])
}
