//! Looking users up and listing them (contract §2.2, §2.4, §2.5).

use serde_json::{Map, Value, json};

use super::{
    super::{
        answer::Refused,
        call::{Call, Done, members},
        paging::{self, Page},
        schema::{Kind, Need, Others},
        setup::Version,
        world::SimUser,
    },
    create,
};

/// `GET /api/v1/users.info` by exactly one key. Nobody is 400 without a code.
pub(super) fn info(call: &mut Call<'_>) -> Done {
    let mut keys = vec!["userId", "username", "importId"];
    if call.version >= Version::V8 {
        keys.push("email");
    }
    let known = [&keys[..], &["includeUserRooms"]].concat();
    call.query(&known)?;
    let given: Vec<_> = keys
        .iter()
        .filter_map(|key| Some((*key, call.request.query(key)?)))
        .collect();
    let user = match given.as_slice() {
        [("userId", id)] => call.world.user(id),
        // Exactly as he is written, unlike what must be unique.
        [("username", name)] => call.world.user_named(name),
        [("email", address)] => call.world.user_mailed(address),
        [(_, import)] => {
            let known = |user: &&SimUser| user.import_ids.iter().any(|id| id == import);
            call.world.users().find(known)
        }
        _ => {
            let why = "must have required property 'userId'\n must have required property \
                       'username'\n must have required property 'importId'\n must match a schema \
                       in anyOf";
            return Err(call.invalid(why));
        }
    };
    let Some(user) = user else {
        return Err(Refused::plain("User not found."));
    };
    let all = call.may("view-full-other-user-info");
    let mut shown = if all || user.id == call.caller {
        user.whole()
    } else {
        public(user)
    };
    shown.insert("canViewAllInfo".to_owned(), json!(all));
    Ok(members([("user", Value::Object(shown))]))
}

/// What anybody sees.
fn public(user: &SimUser) -> Map<String, Value> {
    members([
        ("_id", json!(user.id)),
        ("username", json!(user.username)),
        ("name", json!(user.name)),
        ("type", json!(user.kind)),
        ("active", json!(user.active)),
        ("status", json!(user.status)),
    ])
}

/// A line of a list.
fn line(user: &SimUser, all: bool, fields: bool) -> Value {
    let mut shown = public(user);
    if all {
        shown.insert("emails".to_owned(), user.emails_json());
        shown.insert("roles".to_owned(), json!(user.roles));
        shown.insert(
            "nameInsensitive".to_owned(),
            json!(user.name.to_lowercase()),
        );
        if let (true, Some(custom)) = (fields, &user.custom_fields) {
            shown.insert("customFields".to_owned(), json!(custom));
        }
        if let Some(login) = user.last_login {
            shown.insert("lastLogin".to_owned(), json!(login.to_string()));
        }
    }
    Value::Object(shown)
}

/// `GET /api/v1/users.list`.
pub(super) fn list(call: &mut Call<'_>) -> Done {
    let mut known = paging::NAMES.to_vec();
    if call.version >= Version::V8 {
        known.push("email");
    }
    call.query(&known)?;
    let page = Page::read(call.world, call.request)?.or_by("username");
    let (all, fields) = (
        call.may("view-full-other-user-info"),
        call.behaviour.list_custom_fields,
    );
    let show = |user: &&SimUser| line(user, all, fields);
    if let Some(address) = call.request.query("email") {
        let found = call.world.user_mailed(address).into_iter();
        return Ok(page.of("users", found, "username", show));
    }
    if page.is_sorted_by("username") {
        let world = &*call.world;
        let pick = |from, size| {
            world
                .users_from(from)
                .take(size)
                .map(|one| show(&one))
                .collect()
        };
        return Ok(page.picked("users", world.user_count(), pick));
    }
    Ok(page.of("users", call.world.users(), "username", show))
}

/// `GET /api/v1/users.listByStatus`.
pub(super) fn list_by_status(call: &mut Call<'_>) -> Done {
    let own = [
        "status",
        "hasLoggedIn",
        "type",
        "roles[]",
        "roles",
        "searchTerm",
        "inactiveReason[]",
    ];
    call.query(&[&paging::NAMES[..], &own].concat())?;
    let request = call.request;
    let active = match request.query("status") {
        None => None,
        Some("active") => Some(true),
        Some("deactivated") => Some(false),
        Some(_) => {
            return Err(call.invalid("must be equal to one of the allowed values"));
        }
    };
    let roles: Vec<&str> = request
        .query
        .iter()
        .filter(|(name, _)| name == "roles[]" || name == "roles")
        .map(|(_, role)| role.as_str())
        .collect();
    let term = request.query("searchTerm").map(str::to_lowercase);
    let logged_in = request.query("hasLoggedIn").map(|given| given == "true");
    let page = Page::read(call.world, request)?.or_by("username");
    let fits = |user: &&SimUser| {
        active.is_none_or(|active| user.active == active)
            && logged_in.is_none_or(|logged_in| user.last_login.is_some() == logged_in)
            && request.query("type").is_none_or(|kind| user.kind == kind)
            && (roles.is_empty() || roles.iter().any(|role| user.has_role(role)))
            && term.as_deref().is_none_or(|term| mentions(user, term))
    };
    let (all, fields) = (
        call.may("view-full-other-user-info"),
        call.behaviour.list_custom_fields,
    );
    let found = call.world.users().filter(fits);
    Ok(page.of("users", found, "username", |user| line(user, all, fields)))
}

/// Whether a lower-case term is in one of his names or addresses.
pub(super) fn mentions(user: &SimUser, term: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(term);
    holds(&user.username)
        || holds(&user.name)
        || user.emails.iter().any(|email| holds(&email.address))
}

/// `GET /api/v1/users.checkUsernameAvailability`.
pub(super) fn username_free(call: &mut Call<'_>) -> Done {
    call.query(&["username"])?;
    let Some(username) = call.request.query("username") else {
        return Err(call.invalid("must have required property 'username'"));
    };
    create::check_blocked(call, username)?;
    let free = call.world.user_like(username).is_none();
    Ok(members([("result", json!(free))]))
}

/// `POST /api/v1/users.forgotPassword`. Who is not known is not told so.
pub(super) fn forgot_password(call: &mut Call<'_>) -> Done {
    let body = call.body(&[("email", Kind::Text, Need::May)], Others::Accepted)?;
    let Some(email) = body.get("email").and_then(Value::as_str) else {
        return Err(Refused::plain("The 'email' param is required"));
    };
    let to = call.world.user_mailed(email).map(|_| email.to_owned());
    if let Some(to) = to {
        call.world.mail("reset", &to);
    }
    Ok(members([("status", json!("success"))]))
}
