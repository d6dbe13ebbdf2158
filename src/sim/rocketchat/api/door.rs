//! Who we are, and logging in and out (contract §1.1, §1.5).

use serde_json::{Map, Value, json};

use super::super::{
    answer::Refused,
    call::{Call, Done, members},
    schema::{Kind, Need, Others},
    setup::Version,
    world::{SimUser, Token},
};

/// `GET /api/info`: without the right to see statistics only major and minor number.
pub(super) fn info(call: &mut Call<'_>) -> Done {
    call.query(&[])?;
    let permission = match call.version {
        Version::V6 => "get-server-info",
        Version::V7 | Version::V8 => "view-statistics",
    };
    // Up to 6 the permission has another name; the same roles hold it.
    let whole = call.may(permission) || call.may("view-statistics");
    let version = call.version;
    let mut shown = members([
        ("version", json!(version.short())),
        ("hashedWorkspaceUrl", json!("simulated")),
        (
            "minimumClientVersions",
            json!({ "desktop": "3.9.6", "mobile": "4.39.0" }),
        ),
    ]);
    if whole {
        let full = version.full();
        shown.insert("version".to_owned(), json!(full));
        let build = json!({ "platform": "linux", "arch": "x64" });
        shown.insert(
            "info".to_owned(),
            json!({ "version": full, "build": build }),
        );
    }
    Ok(shown)
}

/// `GET /api/v1/me`.
pub(super) fn me(call: &mut Call<'_>) -> Done {
    call.query(&[])?;
    let user = call.world.user(&call.caller);
    Ok(user.map_or_else(Map::new, profile))
}

fn profile(user: &SimUser) -> Map<String, Value> {
    let mut shown = user.whole();
    for private in ["livechat", "importIds", "createdAt"] {
        shown.remove(private);
    }
    shown.insert("settings".to_owned(), json!({ "preferences": {} }));
    shown.insert("utcOffset".to_owned(), json!(0));
    shown.insert("statusConnection".to_owned(), json!(user.status));
    shown
}

/// `POST /api/v1/login` by name or address and password, or by a token.
pub(super) fn login(call: &mut Call<'_>) -> Done {
    let body = call.body(
        &[
            ("user", Kind::Text, Need::May),
            ("username", Kind::Text, Need::May),
            ("email", Kind::Text, Need::May),
            ("password", Kind::Text, Need::May),
            ("resume", Kind::Text, Need::May),
            ("code", Kind::Text, Need::May),
        ],
        Others::Accepted,
    )?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let world = &mut *call.world;
    let user = if let Some(token) = text("resume") {
        let token = world.tokens.get(token);
        token.and_then(|token| world.user(&token.user))
    } else {
        let named = text("user").or(text("username")).or(text("email"));
        let user = named.and_then(|name| {
            let named = world.user_like(name);
            named.or_else(|| world.user_mailed(name))
        });
        user.filter(|user| text("password") == Some(user.password.0.as_str()))
    };
    let Some(user) = user.filter(|user| user.active && !user.password.0.is_empty()) else {
        return Err(Refused::unauthenticated());
    };
    let (id, shown) = (user.id.clone(), profile(user));
    let token = match text("resume") {
        Some(token) => token.to_owned(),
        None => world.new_token(),
    };
    world.tokens.entry(token.clone()).or_insert_with(|| Token {
        user: id.clone(),
        bypass: false,
        trusted_until: std::time::Duration::ZERO,
    });
    let data = json!({ "userId": id, "authToken": token, "me": shown });
    Ok(members([("status", json!("success")), ("data", data)]))
}

/// `POST /api/v1/logout`: revokes the token used.
pub(super) fn logout(call: &mut Call<'_>) -> Done {
    call.body(&[], Others::Accepted)?;
    if let Some(token) = &call.request.token {
        call.world.tokens.remove(token);
    }
    let data = json!({ "message": "You've been logged out!" });
    Ok(members([("status", json!("success")), ("data", data)]))
}
