//! Licence, permissions, settings, routing and the webhook's test (contract §1.5, §4.1, §6).

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{
    answer::Refused,
    behaviour::{Behaviour, BusinessHours},
    call::{Call, Done, members},
    paging::{self, Page},
    schema::{Kind, Need, Others},
    setup::{Edition, Version},
    webhook::Outgoing,
};

const MODULES: [&str; 4] = [
    "livechat-enterprise",
    "omnichannel-mobile-enterprise",
    "ldap-enterprise",
    "unlimited-presence",
];

/// `GET /api/v1/licenses.info`, from 7 on.
pub(super) fn licence_info(call: &mut Call<'_>) -> Done {
    call.query(&["loadValues"])?;
    if call.version < Version::V7 {
        return Err(Refused::plain_with(404, "Resource not found"));
    }
    let (modules, tags) = match call.world.edition {
        Edition::Community => (json!([]), json!([])),
        Edition::Enterprise => (
            json!(MODULES),
            json!([{ "name": "Enterprise", "color": "#000000" }]),
        ),
    };
    let mut users = json!({ "max": call.world.seats.map_or(-1, i64::from) });
    if call.request.query("loadValues") == Some("true") {
        users["value"] = json!(call.world.seated());
    }
    let licence = json!({
        "activeModules": modules,
        "externalModules": [],
        "preventedActions": { "activeUsers": call.world.is_full() },
        "limits": { "activeUsers": users },
        "tags": tags,
        "trial": false,
    });
    Ok(members([("license", licence)]))
}

/// `GET /api/v1/licenses.get`, up to 6.
pub(super) fn licence_get(call: &mut Call<'_>) -> Done {
    call.query(&[])?;
    if call.version >= Version::V7 {
        return Err(Refused::plain_with(404, "Resource not found"));
    }
    let licences = match call.world.edition {
        Edition::Community => json!([]),
        Edition::Enterprise => json!([{
            "url": "https://localhost",
            "expiry": "2099-12-31",
            "maxActiveUsers": call.world.seats.unwrap_or(0),
            "modules": MODULES,
        }]),
    };
    Ok(members([("licenses", licences)]))
}

/// `GET /api/v1/permissions.listAll`.
pub(super) fn permissions(call: &mut Call<'_>) -> Done {
    call.query(&["updatedSince"])?;
    let update: Vec<Value> = call
        .world
        .permissions
        .iter()
        .map(|(id, roles)| {
            json!({ "_id": id, "roles": roles, "_updatedAt": "2024-01-01T00:00:00.000Z" })
        })
        .collect();
    Ok(members([("update", json!(update)), ("remove", json!([]))]))
}

/// `GET /api/v1/livechat/config/routing`.
pub(super) fn routing(call: &mut Call<'_>) -> Done {
    call.query(&[])?;
    let method = call.world.text("Livechat_Routing_Method");
    let manual = method == "Manual_Selection";
    let config = json!({
        "previewRoom": manual,
        "showConnecting": false,
        "showQueue": manual,
        "showQueueLink": !manual,
        "returnQueue": manual,
        "enableTriggerAction": !manual,
        "autoAssignAgent": !manual,
    });
    Ok(members([("config", config)]))
}

/// `GET /api/v1/settings`.
pub(super) fn settings(call: &mut Call<'_>) -> Done {
    call.query(&[&paging::NAMES[..], &["_id", "includeDefaults"]].concat())?;
    let page = Page::read(call.world, call.request)?.or_by("_id");
    let wanted = call
        .request
        .query("_id")
        .map(|ids| ids.split(',').collect());
    let wanted: Option<Vec<&str>> = wanted;
    let found = call
        .world
        .settings()
        .iter()
        .filter(|(id, _)| wanted.as_ref().is_none_or(|ids| ids.contains(&id.as_str())));
    let show = |(id, value): &(&String, &Value)| json!({ "_id": id, "value": shown_value(call.behaviour, id, value) });
    Ok(page.of("settings", found, "_id", show))
}

/// `GET /api/v1/settings/:_id`. An unknown one is 400 without any error.
pub(super) fn setting(call: &mut Call<'_>) -> Done {
    call.query(&[])?;
    let id = call.part(0);
    let Some(value) = call.world.setting(id) else {
        return Err(Refused::silent());
    };
    let value = shown_value(call.behaviour, id, value);
    Ok(members([("_id", json!(id)), ("value", value)]))
}

/// Business hours that are switched on here are on in the settings, too.
fn shown_value(behaviour: &Behaviour, id: &str, value: &Value) -> Value {
    let hours = behaviour.business_hours != BusinessHours::Off;
    if hours && id == "Livechat_enable_business_hours" {
        return json!(true);
    }
    value.clone()
}

/// `POST /api/v1/settings/:_id`.
pub(super) fn save_setting(call: &mut Call<'_>) -> Done {
    let body = call.body(&[("value", Kind::Any, Need::Must)], Others::Accepted)?;
    if call.world.set(call.part(0), body["value"].clone()) {
        return Ok(members([]));
    }
    Err(Refused::silent())
}

/// `POST /api/v1/livechat/webhook.test`.
pub(super) fn test_webhook(call: &mut Call<'_>) -> Done {
    call.body(&[], Others::Accepted)?;
    let url = call.world.text("Livechat_webhookUrl").to_owned();
    if url.is_empty() {
        return Err(Refused::plain("Webhook URL is not set"));
    }
    call.outgoing = Some(Outgoing {
        url,
        token: call.world.text("Livechat_secret_token").to_owned(),
        patience: Duration::from_millis(call.world.number("Livechat_http_timeout")),
    });
    Ok(members([]))
}
