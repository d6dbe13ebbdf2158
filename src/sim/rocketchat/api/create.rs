//! `users.create` (contract §2.1, §2.2): the order of its checks, and what it leaves behind when a
//! late one fails.

use serde_json::{Map, Value, json};

use super::super::{
    answer::Refused,
    behaviour::UndefinedField,
    call::{Call, Done, members},
    faults::What,
    schema::{Kind, Member, Need, Others},
    setup::Version,
    world::{AGENT, Hidden, SimEmail, SimUser, is_role},
};

const BODY: [Member; 19] = [
    ("email", Kind::Text, Need::Must),
    ("name", Kind::Text, Need::Must),
    ("username", Kind::Text, Need::Must),
    ("password", Kind::Text, Need::Must),
    ("roles", Kind::Texts, Need::May),
    ("active", Kind::Flag, Need::May),
    ("verified", Kind::Flag, Need::May),
    ("requirePasswordChange", Kind::Flag, Need::May),
    ("setRandomPassword", Kind::Flag, Need::May),
    ("sendWelcomeEmail", Kind::Flag, Need::May),
    ("joinDefaultChannels", Kind::Flag, Need::May),
    ("customFields", Kind::Object, Need::May),
    ("bio", Kind::Text, Need::May),
    ("nickname", Kind::Text, Need::May),
    ("statusText", Kind::Text, Need::May),
    ("freeSwitchExtension", Kind::Text, Need::May),
    ("federated", Kind::Flag, Need::May),
    ("settings", Kind::Object, Need::May),
    ("phones", Kind::List, Need::May),
];

/// Names that nobody may take.
const BLOCKED: [&str; 6] = ["administrator", "system", "user", "server", "all", "here"];

/// `POST /api/v1/users.create`.
pub(super) fn create(call: &mut Call<'_>) -> Done {
    let known = if call.version >= Version::V8 {
        &BODY[..]
    } else {
        &BODY[..18]
    };
    let body = call.body(known, Others::Refused)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let flag = |name: &str| body.get(name).and_then(Value::as_bool);
    let (name, username, email) = (text("name"), text("username"), text("email"));
    check_name(call.version, name)?;
    let fields = body.get("customFields").and_then(Value::as_object);
    if let Some(fields) = fields {
        check_fields(call, fields)?;
    }
    if !call.may("create-user") {
        return Err(Refused::not_allowed(
            "Adding user is not allowed",
            "Adding_user",
        ));
    }
    let roles = match body.get("roles").and_then(Value::as_array) {
        Some(roles) => roles
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        None => vec!["user".to_owned()],
    };
    check_roles(call, &roles)?;
    check_filled("Name", name)?;
    check_filled("Username", username)?;
    check_username(username)?;
    let random = flag("setRandomPassword").unwrap_or(false);
    if text("password").trim().is_empty() && !random {
        check_filled("Password", "")?;
    }
    check_username_free(call, username, None)?;
    check_email(call, email, None)?;
    if call.world.is_full() && !roles.iter().any(|role| role == "bot") {
        return Err(no_seat());
    }
    let password = if random {
        call.world.new_token()
    } else {
        text("password").to_owned()
    };
    let extras = [
        "bio",
        "nickname",
        "statusText",
        "freeSwitchExtension",
        "phones",
    ];
    let extras = extras.into_iter().filter_map(|name| {
        let value = body.get(name)?;
        Some((name.to_owned(), value.clone()))
    });
    let is_agent = roles.iter().any(|role| role == AGENT);
    let user = SimUser {
        name: name.to_owned(),
        emails: vec![SimEmail {
            address: email.to_owned(),
            verified: flag("verified").unwrap_or(false),
        }],
        kind: if roles.iter().any(|role| role == "bot") {
            "bot".to_owned()
        } else {
            "user".to_owned()
        },
        roles,
        // The hooks look at the presence, and a fresh user has no client (contract §3.2).
        status_livechat: is_agent.then(|| "not-available".to_owned()),
        status_system_modified: is_agent,
        operator: is_agent,
        require_password_change: random || flag("requirePasswordChange").unwrap_or(false),
        joined_default_channels: flag("joinDefaultChannels").unwrap_or(true),
        extras: extras.collect(),
        password: Hidden(password),
        ..call.world.blank(username)
    };
    let id = user.id.clone();
    call.world.insert_user(user);
    let welcome = flag("sendWelcomeEmail").unwrap_or(call.behaviour.welcome_by_default);
    if welcome {
        call.world.mail("welcome", email);
    }
    finish(call, &id, fields, flag("active"))?;
    let user = call.world.user(&id);
    let shown = user.map_or_else(Map::new, SimUser::whole);
    Ok(members([("user", Value::Object(shown))]))
}

/// What is written after the user is there: a failure leaves him behind.
fn finish(
    call: &mut Call<'_>,
    id: &str,
    fields: Option<&Map<String, Value>>,
    active: Option<bool>,
) -> Result<(), Refused> {
    if call.fault == Some(&What::UserWithoutFields) {
        return Err(Refused::plain("Failed to write the custom fields"));
    }
    if let Some(fields) = fields {
        let defined = defined(call);
        let unknown = fields.keys().any(|name| !defined.contains_key(name));
        if unknown && call.behaviour.undefined_field == UndefinedField::LeavesUser {
            return Err(undefined());
        }
        let kept: Map<_, _> = fields
            .iter()
            .filter(|(name, _)| defined.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        // With no field defined at all nothing is written, not even an empty object.
        if !defined.is_empty() {
            let store = |user: &mut SimUser| user.custom_fields = Some(kept);
            call.world.update_user(id, store);
        }
    }
    if call.fault == Some(&What::UserWithoutFlag) {
        return Err(Refused::plain("Failed to write the active flag"));
    }
    if let Some(active) = active {
        if !call.may("edit-other-user-active-status") {
            let reason = "Editing user is not allowed";
            return Err(Refused::not_allowed(reason, "Editing_user"));
        }
        call.world.set_active(id, active);
    }
    Ok(())
}

/// The custom fields that are defined.
pub(super) fn defined(call: &Call<'_>) -> Map<String, Value> {
    let text = call.world.text("Accounts_CustomFields");
    serde_json::from_str(text).unwrap_or_default()
}

/// Custom fields before anything is written.
pub(super) fn check_fields(call: &Call<'_>, fields: &Map<String, Value>) -> Result<(), Refused> {
    let defined = defined(call);
    for (name, field) in &defined {
        let required = field["required"].as_bool().unwrap_or(false);
        let given = fields.get(name).and_then(Value::as_str);
        if required && given.unwrap_or_default().is_empty() {
            let reason = format!("Field {name} is required");
            return Err(Refused::coded(
                "error-user-registration-custom-field",
                &reason,
            ));
        }
    }
    let unknown = fields.keys().any(|name| !defined.contains_key(name));
    if unknown && call.behaviour.undefined_field == UndefinedField::Refused {
        return Err(undefined());
    }
    Ok(())
}

fn undefined() -> Refused {
    let reason = "The custom field is not defined";
    Refused::coded("error-user-registration-custom-field", reason)
}

/// The newest trees refuse some characters in a name (contract §2.1; the exact set is §11.3).
pub(super) fn check_name(version: Version, name: &str) -> Result<(), Refused> {
    let bad = |letter: char| letter.is_control() || matches!(letter, '<' | '>');
    if version >= Version::V8 && name.contains(bad) {
        return Err(Refused::plain("Name contains invalid characters"));
    }
    Ok(())
}

pub(super) fn check_roles(call: &Call<'_>, roles: &[String]) -> Result<(), Refused> {
    let known = roles.iter().all(|role| is_role(role));
    let admin = roles.iter().any(|role| role == "admin");
    if known && (!admin || call.may("assign-admin-role")) {
        return Ok(());
    }
    let reason = "The field Roles consist invalid role id";
    Err(Refused::not_allowed(reason, "Assign_role"))
}

pub(super) fn check_filled(field: &str, value: &str) -> Result<(), Refused> {
    if !value.trim().is_empty() {
        return Ok(());
    }
    let details = json!({ "method": "insertOrUpdateUser", "field": field });
    let reason = format!("The field {field} is required");
    Err(Refused::coded("error-the-field-is-required", &reason).details(details))
}

/// The default of `UTF8_User_Names_Validation`; another value of that setting is not looked at.
pub(super) fn check_username(username: &str) -> Result<(), Refused> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if username.chars().all(fits) {
        return Ok(());
    }
    let details = json!({
        "method": "insertOrUpdateUser",
        "input": username,
        "field": "Username",
    });
    let reason = format!("{username} is not a valid username");
    Err(Refused::coded("error-input-is-not-a-valid-field", &reason).details(details))
}

/// Refuses names that nobody may take.
pub(super) fn check_blocked(call: &Call<'_>, username: &str) -> Result<(), Refused> {
    let listed = call.world.text("Accounts_BlockedUsernameList");
    let mut blocked = listed.split(',').map(str::trim).chain(BLOCKED);
    if !blocked.any(|name| name.eq_ignore_ascii_case(username)) {
        return Ok(());
    }
    let details = json!({ "method": "checkUsernameAvailability", "field": username });
    let reason = format!("{username} is blocked and can't be used!");
    Err(Refused::coded("error-blocked-username", &reason).details(details))
}

/// `own` is the user who may have it already.
pub(super) fn check_username_free(
    call: &Call<'_>,
    username: &str,
    own: Option<&str>,
) -> Result<(), Refused> {
    check_blocked(call, username)?;
    let taken = call.world.user_like(username);
    if taken.is_some_and(|user| Some(user.id.as_str()) != own) {
        return Err(unavailable(username));
    }
    Ok(())
}

/// The same for an address, which must look like one.
pub(super) fn check_email(call: &Call<'_>, email: &str, own: Option<&str>) -> Result<(), Refused> {
    let valid = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !email.contains(char::is_whitespace)
    });
    if !valid {
        let details = json!({ "function": "RocketChat.validateEmail", "email": email });
        let reason = format!("Invalid email {email}");
        return Err(Refused::coded("error-invalid-email", &reason).details(details));
    }
    let taken = call.world.user_mailed(email);
    if taken.is_some_and(|user| Some(user.id.as_str()) != own) {
        return Err(unavailable(email));
    }
    Ok(())
}

/// `details.field` is the value (contract §2.2).
fn unavailable(value: &str) -> Refused {
    let details = json!({ "method": "insertOrUpdateUser", "field": value });
    let reason = format!("{value} is already in use :(");
    Refused::coded("error-field-unavailable", &reason).details(details)
}

pub(super) fn no_seat() -> Refused {
    let reason = "The workspace has reached the limit of users of its licence";
    Refused::coded("error-license-user-limit-reached", reason)
}
