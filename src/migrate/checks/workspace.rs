//! Checks of the source's view, and of the target as a whole.

use std::collections::BTreeSet;

use super::{
    Scene,
    finding::{about, agents, counted, failed, ok, skipped, warning},
};
use crate::{domain::moving::MovePolicy, migrate::wire::Finding};

/// Calls of one kind that a limited caller may make in a minute (admin contract §1.4).
const CALLS_A_MINUTE: usize = 10;

pub(super) fn source(name: &'static str, scene: &Scene<'_>) -> Finding {
    let believed = scene.inputs.believed;
    let limit = scene.inputs.max_age.as_secs();
    match believed.age_seconds {
        None => failed(
            name,
            "LivePerson was never read",
            "run `lp2rc sync`, or wait for the daemon's first poll",
        ),
        Some(_) if believed.quarantined => failed(
            name,
            "the last full answer of LivePerson lacked so many agents that it is doubted",
            "compare with LivePerson; if it is real, `lp2rc sync --accept-fall`",
        ),
        Some(age) if age > limit => failed(
            name,
            format!("LivePerson was last read {age} s ago, and {limit} s are allowed"),
            "run `lp2rc sync`, or see with `lp2rc check` why polls fail",
        ),
        Some(age) => ok(
            name,
            format!(
                "{}, read {age} s ago",
                agents(believed.desired.agents.len())
            ),
        ),
    }
}

pub(super) fn version(name: &'static str, scene: &Scene<'_>) -> Finding {
    let version = scene.capabilities.version;
    match version.major {
        0..=5 => failed(
            name,
            format!("Rocket.Chat is {version}, and the move knows 6 to 8"),
            "update Rocket.Chat to 6 at least",
        ),
        6..=8 => ok(name, format!("Rocket.Chat is {version}")),
        _ => warning(
            name,
            format!("Rocket.Chat is {version}, newer than 8, which is the newest the move knows"),
            "try the move on a copy of the workspace first",
        ),
    }
}

pub(super) fn rights(name: &'static str, scene: &Scene<'_>) -> Finding {
    let me = &scene.capabilities.my_username;
    match scene.capabilities.missing_rights.as_deref() {
        None => warning(
            name,
            format!("the rights of {me} cannot be read, so a write may be refused half-way"),
            "give the bridge's user the role admin for the time of the move",
        ),
        Some([]) => ok(name, format!("{me} has every right that the move needs")),
        Some(missing) => about(
            failed(
                name,
                format!("{me} lacks {}", counted(missing.len(), "right", "rights")),
                "give the bridge's user these rights, or the role admin for the time of the move",
            ),
            missing.iter().map(String::as_str),
        ),
    }
}

pub(super) fn second_factor(name: &'static str, scene: &Scene<'_>) -> Finding {
    if !scene.inputs.password_login {
        return ok(name, "the bridge shows a personal access token");
    }
    match scene
        .capabilities
        .flag("Accounts_TwoFactorAuthentication_Enabled")
    {
        None => skipped(
            name,
            "whether Rocket.Chat wants a second factor cannot be read",
        ),
        Some(false) => ok(name, "Rocket.Chat wants no second factor"),
        Some(true) => warning(
            name,
            "the bridge logs in with a password, and Rocket.Chat wants a second factor for creating and updating users",
            "give it a personal access token made with \"ignore two factor authentication\": rocketchat.user_id and rocketchat.token_file",
        ),
    }
}

pub(super) fn rate_limit(name: &'static str, scene: &Scene<'_>) -> Finding {
    if !scene.capabilities.rate_limited {
        return ok(name, "the bridge's calls are not limited");
    }
    let users = scene.newcomers().count();
    if users == 0 {
        return ok(
            name,
            "the bridge's calls are limited, and no user is to be created",
        );
    }
    warning(
        name,
        format!(
            "Rocket.Chat lets the bridge create {CALLS_A_MINUTE} users a minute: {} take about {}, and roles and limits about as long again; once they are agents, each look reads them one by one and takes as long, too",
            counted(users, "user", "users"),
            span(users.div_ceil(CALLS_A_MINUTE))
        ),
        "give a role of the bridge's user the right api-bypass-rate-limit",
    )
}

/// `8 h 20 min`.
fn span(minutes: usize) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

pub(super) fn business_hours(name: &'static str, scene: &Scene<'_>) -> Finding {
    match scene.capabilities.flag("Livechat_enable_business_hours") {
        None => skipped(name, "whether business hours are on cannot be read"),
        Some(false) => ok(name, "business hours are off"),
        Some(true) => warning(
            name,
            "business hours are on: opening an agent outside them is silently refused, and an agent who was made not available is opened again when he logs in",
            "cut over within business hours, or switch them off (Livechat_enable_business_hours) until everybody is cut over",
        ),
    }
}

pub(super) fn custom_fields(name: &'static str, scene: &Scene<'_>) -> Finding {
    const KEPT: &str = "so who is who is kept in the bridge's state only";
    let wanted: BTreeSet<_> = scene.inputs.rules.custom_fields.iter().collect();
    let wanted: Vec<_> = wanted.into_iter().map(String::as_str).collect();
    if wanted.is_empty() {
        return ok(name, "no custom fields are written");
    }
    let Some(setting) = scene.capabilities.text("Accounts_CustomFields") else {
        let detail = format!("which custom fields there are cannot be read, {KEPT}");
        let remedy = "give the bridge's user the right view-privileged-setting";
        return about(warning(name, detail, remedy), wanted);
    };
    let Some(defined) = definitions(setting) else {
        let detail = format!("the definition of custom fields there is no JSON object, {KEPT}");
        let remedy = "mend the setting Accounts_CustomFields";
        return about(warning(name, detail, remedy), wanted);
    };
    let missing: Vec<_> = wanted
        .iter()
        .copied()
        .filter(|field| !defined.contains(*field))
        .collect();
    let rights = scene.capabilities.missing_rights.iter().flatten();
    let may_not = rights
        .into_iter()
        .any(|right| right == "edit-privileged-setting");
    match missing.len() {
        0 => ok(
            name,
            format!(
                "{} defined there",
                counted(wanted.len(), "custom field is", "custom fields are")
            ),
        ),
        count if may_not => {
            let fields = counted(count, "custom field is", "custom fields are");
            let detail = format!("{fields} not defined there and cannot be, {KEPT}");
            let remedy = "define them in the setting Accounts_CustomFields, or give the bridge's user the right edit-privileged-setting";
            about(warning(name, detail, remedy), missing)
        }
        count => {
            let fields = counted(count, "custom field is", "custom fields are");
            about(
                ok(name, format!("{fields} to be defined by the move")),
                missing,
            )
        }
    }
}

/// Names of the fields that the setting defines; `None` when it is no object. Empty is none yet.
fn definitions(setting: &str) -> Option<BTreeSet<String>> {
    if setting.trim().is_empty() {
        return Some(BTreeSet::new());
    }
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(setting).ok()?;
    Some(object.into_iter().map(|(name, _)| name).collect())
}

pub(super) fn approval(name: &'static str, scene: &Scene<'_>) -> Finding {
    match scene.capabilities.flag("Accounts_ManuallyApproveNewUsers") {
        None => skipped(name, "whether new users wait for approval cannot be read"),
        Some(false) => ok(name, "new users need no approval"),
        Some(true) => match scene.newcomers().count() {
            0 => ok(
                name,
                "new users need an approval, and none is to be created",
            ),
            count => warning(
                name,
                format!(
                    "Rocket.Chat holds new users until somebody approves them: {} may stay inactive",
                    counted(count, "user", "users")
                ),
                "switch Accounts_ManuallyApproveNewUsers off for the time of the move",
            ),
        },
    }
}

pub(super) fn routing_method(name: &'static str, scene: &Scene<'_>) -> Finding {
    match scene.capabilities.text("Livechat_Routing_Method") {
        None => skipped(name, "the routing method cannot be read"),
        Some("External") => ok(name, "Rocket.Chat asks an External service already"),
        Some(method) => ok(
            name,
            format!(
                "Rocket.Chat routes by {method}; the move leaves that as it is until `connect`"
            ),
        ),
    }
}

pub(super) fn policy(name: &'static str, scene: &Scene<'_>) -> Finding {
    match scene.inputs.rules.policy {
        MovePolicy::Observe => warning(
            name,
            "the policy is \"observe\": plans are made, and nothing will be written",
            "set migrate.policy to create-only, upsert or sync",
        ),
        allowed @ (MovePolicy::CreateOnly | MovePolicy::Upsert | MovePolicy::Sync) => {
            ok(name, format!("the policy is \"{}\"", allowed.word()))
        }
    }
}
