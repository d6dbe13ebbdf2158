//! Changing, deactivating and deleting users (contract §2.3).

use serde_json::{Map, Value, json};

use super::{
    super::{
        answer::Refused,
        call::{Call, Done, members},
        schema::{Kind, Member, Need, Others},
        world::{AGENT, Hidden, SimEmail, SimUser},
    },
    create,
};

const DATA: [Member; 18] = [
    ("name", Kind::Text, Need::May),
    ("email", Kind::Text, Need::May),
    ("username", Kind::Text, Need::May),
    ("password", Kind::Text, Need::May),
    ("active", Kind::Flag, Need::May),
    ("roles", Kind::Texts, Need::May),
    ("verified", Kind::Flag, Need::May),
    ("requirePasswordChange", Kind::Flag, Need::May),
    ("setRandomPassword", Kind::Flag, Need::May),
    ("sendWelcomeEmail", Kind::Flag, Need::May),
    ("customFields", Kind::Object, Need::May),
    ("bio", Kind::Text, Need::May),
    ("nickname", Kind::Text, Need::May),
    ("statusText", Kind::Text, Need::May),
    ("freeSwitchExtension", Kind::Text, Need::May),
    ("joinDefaultChannels", Kind::Flag, Need::May),
    ("phones", Kind::List, Need::May),
    ("_id", Kind::Text, Need::May),
];

/// What a body wants changed, after every check.
struct Change<'a> {
    data: &'a Map<String, Value>,
    old: SimUser,
    roles: Option<Vec<String>>,
    password: Option<String>,
    active: Option<bool>,
    fields: Option<&'a Map<String, Value>>,
}

impl Change<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name).and_then(Value::as_str)
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.data.get(name).and_then(Value::as_bool)
    }

    fn write(&self, user: &mut SimUser, fields: Option<Map<String, Value>>) {
        overwrite(&mut user.name, self.text("name"));
        overwrite(&mut user.username, self.text("username"));
        if let Some(email) = self.text("email") {
            let same = user.email().is_some_and(|own| own == email);
            let verified = same && user.emails.first().is_some_and(|own| own.verified);
            user.emails = vec![SimEmail {
                address: email.to_owned(),
                verified,
            }];
        }
        if let (Some(verified), Some(own)) = (self.flag("verified"), user.emails.first_mut()) {
            own.verified = verified;
        }
        if let Some(password) = &self.password {
            user.password = Hidden(password.clone());
        }
        if self.flag("setRandomPassword").unwrap_or(false) {
            user.require_password_change = true;
        } else if let Some(require) = self.flag("requirePasswordChange") {
            user.require_password_change = require;
        }
        user.custom_fields = fields;
        for name in [
            "bio",
            "nickname",
            "statusText",
            "freeSwitchExtension",
            "phones",
        ] {
            if let Some(value) = self.data.get(name) {
                user.extras.insert(name.to_owned(), value.clone());
            }
        }
    }
}

/// `POST /api/v1/users.update`.
pub(super) fn update(call: &mut Call<'_>) -> Done {
    let body = call.body(
        &[
            ("userId", Kind::Text, Need::Must),
            ("data", Kind::Object, Need::Must),
            ("confirmRelinquish", Kind::Flag, Need::May),
        ],
        Others::Refused,
    )?;
    let data = call.nested(&body["data"], &DATA, Others::Refused)?;
    let id = body["userId"].as_str().unwrap_or_default();
    let change = check(call, id, data)?;
    let stored = match change.fields {
        Some(fields) => stored_fields(call, &change.old, fields),
        None => change.old.custom_fields.clone(),
    };
    call.world
        .update_user(id, |user| change.write(user, stored));
    if change.flag("sendWelcomeEmail").unwrap_or(false) {
        let to = change.text("email").or(change.old.email());
        call.world.mail("welcome", to.unwrap_or_default());
    }
    if let Some(roles) = change.roles {
        replace_roles(call, id, &change.old, roles);
    }
    if let Some(active) = change.active {
        call.world.set_active(id, active);
    }
    let user = call.world.user(id);
    let shown = user.map_or_else(Map::new, SimUser::whole);
    Ok(members([("user", Value::Object(shown))]))
}

fn check<'a>(
    call: &mut Call<'a>,
    id: &str,
    data: &'a Map<String, Value>,
) -> Result<Change<'a>, Refused> {
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    let flag = |name: &str| data.get(name).and_then(Value::as_bool);
    if let Some(name) = text("name") {
        create::check_name(call.version, name)?;
    }
    let fields = data.get("customFields").and_then(Value::as_object);
    if let Some(fields) = fields {
        create::check_fields(call, fields)?;
    }
    let Some(old) = call.world.user(id).cloned() else {
        return Err(invalid_user());
    };
    if !call.may("edit-other-user-info") && call.caller != id {
        return Err(not_allowed());
    }
    let roles = data.get("roles").and_then(Value::as_array);
    let roles: Option<Vec<String>> = roles.map(|roles| {
        let roles = roles.iter().filter_map(Value::as_str);
        roles.map(str::to_owned).collect()
    });
    if let Some(roles) = &roles {
        create::check_roles(call, roles)?;
    }
    if let Some(username) = text("username") {
        create::check_filled("Username", username)?;
        create::check_username(username)?;
        create::check_username_free(call, username, Some(id))?;
    }
    if let Some(email) = text("email") {
        create::check_email(call, email, Some(id))?;
    }
    let password = if flag("setRandomPassword").unwrap_or(false) {
        Some(call.world.new_token())
    } else {
        let given = text("password").filter(|given| !given.is_empty());
        given.map(str::to_owned)
    };
    if password.is_some() && !call.may("edit-other-user-password") {
        return Err(not_allowed());
    }
    let active = flag("active").filter(|active| *active != old.active);
    if let Some(active) = active {
        check_active(call, &old, active)?;
    }
    Ok(Change {
        data,
        old,
        roles,
        password,
        active,
        fields,
    })
}

fn not_allowed() -> Refused {
    Refused::not_allowed("Editing user is not allowed", "Editing_user")
}

fn overwrite(old: &mut String, new: Option<&str>) {
    if let Some(new) = new {
        new.clone_into(old);
    }
}

/// What is stored when `fields` are sent: those that are defined, beside or instead of the old.
fn stored_fields(
    call: &Call<'_>,
    old: &SimUser,
    fields: &Map<String, Value>,
) -> Option<Map<String, Value>> {
    let defined = create::defined(call);
    if defined.is_empty() {
        return old.custom_fields.clone();
    }
    let mut stored = if call.behaviour.merges_custom_fields(call.version) {
        old.custom_fields.clone().unwrap_or_default()
    } else {
        Map::new()
    };
    for (name, value) in fields {
        if defined.contains_key(name) {
            stored.insert(name.clone(), value.clone());
        }
    }
    Some(stored)
}

/// The role of an agent comes and goes with everything that the user hooks do for it.
fn replace_roles(call: &mut Call<'_>, id: &str, old: &SimUser, roles: Vec<String>) {
    let (was, is) = (old.is_agent(), roles.iter().any(|role| role == AGENT));
    call.world.update_user(id, |user| {
        user.roles = roles;
        if is && !was {
            let online = user.status != "offline";
            let status = if online { "available" } else { "not-available" };
            user.status_livechat = Some(status.to_owned());
            user.status_system_modified = true;
            user.operator = true;
        }
    });
    if was && !is {
        retire(call, id);
    }
}

/// What remains to be done when somebody stops being an agent (contract §3.1).
pub(super) fn retire(call: &mut Call<'_>, id: &str) {
    call.world.update_user(id, |user| {
        user.operator = false;
        user.status_livechat = None;
        user.livechat = None;
    });
    call.world.leave_all(id);
}

fn check_active(call: &Call<'_>, user: &SimUser, active: bool) -> Result<(), Refused> {
    if !call.may("edit-other-user-active-status") {
        return Err(not_allowed());
    }
    if active && user.kind == "user" && call.world.is_full() {
        return Err(create::no_seat());
    }
    Ok(())
}

/// `POST /api/v1/users.setActiveStatus`.
pub(super) fn set_active(call: &mut Call<'_>) -> Done {
    let body = call.body(
        &[
            ("activeStatus", Kind::Flag, Need::Must),
            ("userId", Kind::Text, Need::Must),
            ("confirmRelinquish", Kind::Flag, Need::May),
        ],
        Others::Refused,
    )?;
    let active = body["activeStatus"].as_bool().unwrap_or_default();
    let id = body["userId"].as_str().unwrap_or_default();
    let Some(user) = call.world.user(id).cloned() else {
        return Err(invalid_user());
    };
    if user.active != active {
        check_active(call, &user, active)?;
        call.world.set_active(id, active);
    }
    let user = json!({ "_id": id, "active": active });
    Ok(members([("user", user)]))
}

/// `POST /api/v1/users.delete`.
pub(super) fn delete(call: &mut Call<'_>) -> Done {
    let body = call.body(
        &[
            ("userId", Kind::Text, Need::May),
            ("username", Kind::Text, Need::May),
            ("confirmRelinquish", Kind::Flag, Need::May),
        ],
        Others::Refused,
    )?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let user = match (text("userId"), text("username")) {
        (Some(id), _) => call.world.user(id),
        (None, Some(name)) => call.world.user_named(name),
        (None, None) => return Err(call.invalid("must have required property 'userId'")),
    };
    let Some(id) = user.map(|user| user.id.clone()) else {
        return Err(invalid_user());
    };
    call.world.delete_user(&id);
    Ok(members([("deletedRooms", json!([]))]))
}

pub(super) fn invalid_user() -> Refused {
    let reason = "The required \"userId\" or \"username\" param provided does not match any users";
    Refused::coded("error-invalid-user", reason)
}
