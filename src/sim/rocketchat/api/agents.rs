//! Agents and managers: who they are, making and unmaking them, their service status and their
//! load (contract §3.1, §3.2, §3.6).

use serde_json::{Value, json};

use super::{
    super::{
        answer::Refused,
        behaviour::{BusinessHours, ReAdd},
        call::{Call, Done, members},
        paging::{self, Page},
        schema::{Kind, Need, Others},
        world::{AGENT, SimUser},
    },
    people::mentions,
    update::retire,
};

const AVAILABLE: &str = "available";
const NOT_AVAILABLE: &str = "not-available";

fn role(call: &Call<'_>) -> &'static str {
    match call.part(0) {
        "manager" => "livechat-manager",
        _ => AGENT,
    }
}

fn line(user: &SimUser) -> Value {
    json!({
        "_id": user.id,
        "username": user.username,
        "name": user.name,
        "status": user.status,
        "statusLivechat": user.status_livechat,
        "emails": user.emails_json(),
        "livechat": user.livechat,
    })
}

/// `GET /api/v1/livechat/users/agent` and `/manager`.
pub(super) fn list(call: &mut Call<'_>) -> Done {
    let own = ["text", "onlyAvailable", "showIdleAgents", "excludeId"];
    call.query(&[&paging::NAMES[..], &own].concat())?;
    let role = role(call);
    if role != AGENT && !call.may("view-livechat-manager") {
        return Err(Refused::forbidden());
    }
    let request = call.request;
    let text = request.query("text").map(str::to_lowercase);
    let available = request.query("onlyAvailable") == Some("true");
    let no_idle = request.query("showIdleAgents") == Some("false");
    let fits = |user: &&SimUser| {
        user.has_role(role)
            && text.as_deref().is_none_or(|text| mentions(user, text))
            && request.query("excludeId") != Some(user.id.as_str())
            && (!available || user.is_routable())
            && (!no_idle || user.status != "away" || user.has_role("bot"))
    };
    let page = Page::read(call.world, request)?.or_by("username");
    let world = &*call.world;
    let show = |user: &&SimUser| {
        let mut shown = line(user);
        if role == AGENT {
            let memberships = world.memberships(&user.id);
            let ids: Vec<_> = memberships.map(|member| &member.department_id).collect();
            shown["departments"] = json!(ids);
        }
        shown
    };
    Ok(page.of("users", world.users().filter(fits), "username", show))
}

/// `POST /api/v1/livechat/users/agent` and `/manager`: by exact name.
pub(super) fn add(call: &mut Call<'_>) -> Done {
    let body = call.body(&[("username", Kind::Text, Need::Must)], Others::Refused)?;
    let role = role(call);
    let username = body["username"].as_str().unwrap_or_default();
    let Some(user) = call.world.user_named(username).cloned() else {
        return Err(Refused::coded("error-invalid-user", "Invalid user"));
    };
    let again = user.has_role(role);
    if again && call.behaviour.re_add == ReAdd::Refused {
        return Err(Refused::silent());
    }
    if !again || call.behaviour.re_add == ReAdd::Available {
        call.world.update_user(&user.id, |user| {
            if !again {
                user.roles.push(role.to_owned());
            }
            if role == AGENT {
                user.operator = true;
                // Presence is not loaded here, so nobody counts as offline.
                user.status_livechat = Some(AVAILABLE.to_owned());
                user.status_system_modified = false;
            }
        });
    }
    let shown = json!({ "_id": user.id, "username": user.username });
    Ok(members([("user", shown)]))
}

/// `GET /api/v1/livechat/users/:type/:_id`. Who is not one is null.
pub(super) fn show(call: &mut Call<'_>) -> Done {
    call.query(&[])?;
    let role = role(call);
    let user = call.world.user(call.part(1));
    let user = user.filter(|user| user.has_role(role));
    Ok(members([("user", user.map_or(Value::Null, line))]))
}

/// `DELETE /api/v1/livechat/users/:type/:_id`: the role and the memberships, not the user.
pub(super) fn remove(call: &mut Call<'_>) -> Done {
    call.query(&[])?;
    let (role, id) = (role(call), call.part(1));
    if !call.world.user(id).is_some_and(|user| user.has_role(role)) {
        return Err(Refused::silent());
    }
    let remove = |user: &mut SimUser| user.roles.retain(|own| own != role);
    call.world.update_user(id, remove);
    if role == AGENT {
        retire(call, id);
    }
    Ok(members([]))
}

/// `POST /api/v1/livechat/agent.status` (the table of contract §3.6).
pub(super) fn status(call: &mut Call<'_>) -> Done {
    let body = call.body(
        &[
            ("agentId", Kind::Text, Need::May),
            ("status", Kind::Text, Need::May),
        ],
        Others::Refused,
    )?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let asked = text("status");
    if asked.is_some_and(|asked| asked != AVAILABLE && asked != NOT_AVAILABLE) {
        return Err(call.invalid("must be equal to one of the allowed values"));
    }
    let id = text("agentId").unwrap_or(&call.caller).to_owned();
    let agent = call.world.user(&id).filter(|user| user.is_agent());
    let Some(agent) = agent.cloned() else {
        return Err(Refused::plain_with(404, "Agent not found"));
    };
    if !agent.active {
        return Err(Refused::coded(
            "error-user-deactivated",
            "User is deactivated",
        ));
    }
    let old = agent.status_livechat.as_deref().unwrap_or(NOT_AVAILABLE);
    let toggled = if old == AVAILABLE {
        NOT_AVAILABLE
    } else {
        AVAILABLE
    };
    let new = asked.unwrap_or(toggled);
    let answer = |status: &str| Ok(members([("status", json!(status))]));
    if new == old {
        return answer(old);
    }
    let own = id == call.caller;
    if !own && !call.may("manage-livechat-agents") {
        return Err(Refused::plain_with(403, "unauthorized"));
    }
    let closed = call.behaviour.business_hours == BusinessHours::Closed;
    if closed && new == AVAILABLE && !agent.has_role("bot") {
        if own {
            let reason = "Business hours are closed";
            return Err(Refused::coded("error-business-hours-are-closed", reason));
        }
        // The silent refusal: 200, and nothing happened.
        return answer(old);
    }
    call.world.update_user(&id, |user| {
        user.status_livechat = Some(new.to_owned());
        user.status_system_modified = false;
    });
    answer(new)
}

/// `GET /api/v1/livechat/queue`: open chats by agent and department.
pub(super) fn queue(call: &mut Call<'_>) -> Done {
    let own = ["agentId", "departmentId", "includeOfflineAgents"];
    call.query(&[&paging::NAMES[..], &own].concat())?;
    let request = call.request;
    let offline = request.query("includeOfflineAgents") == Some("true");
    let page = Page::read(call.world, request)?.or_by("chats");
    let world = &*call.world;
    let found = world
        .chats
        .iter()
        .filter_map(|((agent, department), chats)| {
            let user = world.user(agent)?;
            let place = world.department(department)?;
            let other = |name: &str, id: &str| request.query(name).is_some_and(|given| given != id);
            if other("agentId", agent) || other("departmentId", department) {
                return None;
            }
            if *chats == 0 || (!offline && user.status == "offline") {
                return None;
            }
            Some(json!({
                "chats": chats,
                "user": { "_id": user.id, "username": user.username, "status": user.status },
                "department": { "_id": place.id, "name": place.name },
            }))
        });
    Ok(page.of("queue", found, "", Value::clone))
}
