//! Limits and complete memberships of an agent: the route, and the method it replaced (contract
//! §3.3).

use serde_json::{Map, Value, json};

use super::super::{
    answer::Refused,
    call::{Call, Done, members},
    schema::{Kind, Need, Others},
};

/// `POST /api/v1/livechat/agents.saveInfo`.
pub(super) fn save_info(call: &mut Call<'_>) -> Done {
    if !call.behaviour.has_save_info(call.version) {
        call.admitted = true;
        return Err(Refused::plain_with(404, "Resource not found"));
    }
    let body = call.body(
        &[
            ("agentId", Kind::Text, Need::Must),
            ("agentData", Kind::Object, Need::Must),
            ("agentDepartments", Kind::Texts, Need::Must),
        ],
        Others::Refused,
    )?;
    let agent = body["agentId"].as_str().unwrap_or_default();
    save(call, agent, &body["agentData"], &body["agentDepartments"])?;
    Ok(members([]))
}

/// Replaces the whole `livechat` object and the whole list of departments.
fn save(call: &mut Call<'_>, id: &str, data: &Value, departments: &Value) -> Result<(), Refused> {
    let agent = call.world.user(id);
    if !agent.is_some_and(crate::sim::rocketchat::SimUser::is_agent) {
        return Err(Refused::coded(
            "error-user-is-not-agent",
            "User is not a livechat agent",
        ));
    }
    let data = data.as_object().into_iter().flatten();
    let livechat: Map<_, _> = data
        .filter(|(_, value)| !is_empty(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    call.world
        .update_user(id, |user| user.livechat = Some(livechat));
    let wanted: Vec<&str> = departments
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let old: Vec<String> = call
        .world
        .memberships(id)
        .map(|member| member.department_id.clone())
        .collect();
    for gone in old.iter().filter(|id| !wanted.contains(&id.as_str())) {
        call.world.leave(id, gone);
    }
    for new in wanted.iter().filter(|id| !old.iter().any(|own| own == *id)) {
        call.world.join(id, new, (0, 0));
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// `POST /api/v1/method.call/:method`: what went wrong is inside, beside status 200.
pub(super) fn method(call: &mut Call<'_>) -> Done {
    let body = call.body(&[("message", Kind::Text, Need::Must)], Others::Refused)?;
    let message = body["message"].as_str().unwrap_or_default();
    let Ok(message) = serde_json::from_str::<Value>(message) else {
        return Err(call.invalid("message must be JSON"));
    };
    let id = message["id"].clone();
    let answer = |part: (&str, Value)| {
        let mut inner = members([("msg", json!("result")), ("id", id.clone())]);
        inner.insert(part.0.to_owned(), part.1);
        Ok(members([(
            "message",
            json!(Value::Object(inner).to_string()),
        )]))
    };
    let name = call.part(0);
    if name != message["method"].as_str().unwrap_or_default() {
        return Err(call.invalid("the method of the path is not that of the message"));
    }
    let known = call.behaviour.has_save_info_method(call.version);
    if name != "livechat:saveAgentInfo" || !known {
        let reason = format!("Method '{name}' not found");
        return answer(("error", error(&json!(404), &reason)));
    }
    if !call.may("manage-livechat-agents") {
        return answer(("error", error(&json!("error-not-allowed"), "Not allowed")));
    }
    let params = &message["params"];
    let agent = params[0].as_str().unwrap_or_default();
    if save(call, agent, &params[1], &params[2]).is_err() {
        let reason = "User is not a livechat agent";
        return answer(("error", error(&json!("error-user-is-not-agent"), reason)));
    }
    answer(("result", json!(true)))
}

/// An error as methods write it.
fn error(code: &Value, reason: &str) -> Value {
    let shown = code
        .as_str()
        .map_or_else(|| code.to_string(), str::to_owned);
    json!({
        "isClientSafe": true,
        "error": code,
        "reason": reason,
        "message": format!("{reason} [{shown}]"),
        "errorType": "Meteor.Error",
    })
}
