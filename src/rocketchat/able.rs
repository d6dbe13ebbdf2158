//! What the workspace is and lets us do (admin contract §1.5, §1.6, §10.1).

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::Value;

use super::{
    RocketChat,
    fault::Failed,
    route::{Call, Route},
    shape,
};
use crate::{
    domain::{
        Capabilities, TargetId,
        target::{Seats, SettingValue, TargetVersion},
    },
    ports::{TargetError, TargetFault},
};

/// The settings that the move reads.
const SETTINGS: [&str; 27] = [
    "API_Enable_Rate_Limiter",
    "Accounts_AllowedDomainsList",
    "Accounts_CustomFields",
    "Accounts_ManuallyApproveNewUsers",
    "Accounts_TwoFactorAuthentication_Enabled",
    "LDAP_Enable",
    "Livechat_External_Queue_Token",
    "Livechat_External_Queue_URL",
    "Livechat_Routing_Method",
    "Livechat_accept_chats_with_no_agents",
    "Livechat_enable_business_hours",
    "Livechat_enabled",
    "Livechat_http_timeout",
    "Livechat_maximum_chats_per_agent",
    "Livechat_secret_token",
    "Livechat_waiting_queue",
    "Livechat_webhookUrl",
    "Livechat_webhook_on_agent_message",
    "Livechat_webhook_on_capture",
    "Livechat_webhook_on_chat_queued",
    "Livechat_webhook_on_chat_taken",
    "Livechat_webhook_on_close",
    "Livechat_webhook_on_forward",
    "Livechat_webhook_on_offline_msg",
    "Livechat_webhook_on_start",
    "Livechat_webhook_on_visitor_message",
    "UTF8_User_Names_Validation",
];

/// The rights that the calls of a move need, each as its alternatives (contract §1.6). Not among
/// them: what deletes, imports or sets passwords, since the bridge does not.
const RIGHTS: [&[&str]; 16] = [
    &["access-permissions"],
    &["add-livechat-department-agents"],
    &["create-user"],
    &["edit-other-user-active-status"],
    &["edit-other-user-info"],
    &["edit-privileged-setting"],
    &["manage-livechat-agents"],
    &["manage-livechat-departments"],
    &["transfer-livechat-guest", "edit-omnichannel-contact"],
    &["view-d-room"],
    &["view-full-other-user-info"],
    &["view-l-room"],
    &["view-livechat-departments"],
    &["view-livechat-manager"],
    &["view-livechat-webhooks"],
    &["view-privileged-setting"],
];

/// The module that limits and several departments need; old licences name bundles.
const PAID: [&str; 3] = ["livechat-enterprise", "enterprise", "*"];

/// Parts of the answers.
#[derive(Deserialize)]
struct Me {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    roles: Vec<String>,
}

impl RocketChat {
    /// The version, asked now or told before. Writes differ by it.
    pub(super) async fn version(&self) -> Result<TargetVersion, Failed> {
        if let Some(version) = *self.known_version() {
            return Ok(version);
        }
        self.ask_version().await
    }

    /// As ourselves, though anybody may ask: what is nobody's call is counted by the rate limiter,
    /// and only to some the patch is told.
    async fn ask_version(&self) -> Result<TargetVersion, Failed> {
        let call = Call::new(Route::Info, "ask for the version");
        let info = self.line.call(&call).await?;
        let version = version(&info).ok_or_else(|| self.line.misshapen(&call))?;
        *self.known_version() = Some(version);
        Ok(version)
    }

    /// `Target::capabilities`.
    pub(super) async fn able(&self) -> Result<Capabilities, TargetError> {
        let version = self.ask_version().await?;
        let me: Me = self
            .line
            .read(&Call::new(Route::Me, "ask who we are"))
            .await?;
        let rate_limited = self.line.pace.is_limited(Route::Me);
        let (licence, may_create, roles, missing_rights, settings) = tokio::try_join!(
            self.licence(version),
            self.may_create(),
            self.role_ids(),
            self.missing_rights(&me),
            self.settings(),
        )?;
        let (seats, paid_omnichannel) = licence;
        Ok(Capabilities {
            version,
            me: TargetId::new(me.id),
            my_username: me.username,
            my_roles: me.roles,
            missing_rights,
            rate_limited,
            seats,
            paid_omnichannel,
            may_create_departments: may_create,
            settings,
            roles,
        })
    }

    async fn may_create(&self) -> Result<Option<bool>, Failed> {
        let call = Call::new(Route::MayCreate, "ask whether departments can be made");
        let answer = optional(self.line.call(&call).await)?;
        Ok(answer.and_then(|answer| answer["isDepartmentCreationAvailable"].as_bool()))
    }

    async fn role_ids(&self) -> Result<Option<Vec<String>>, Failed> {
        let call = Call::new(Route::Roles, "read the roles");
        let mut answer = optional(self.line.call(&call).await)?;
        let roles = answer.as_mut().map(|answer| answer["roles"].take());
        let roles = roles.and_then(|roles| serde_json::from_value::<Vec<Named>>(roles).ok());
        Ok(roles.map(|roles| roles.into_iter().map(|role| role.id).collect()))
    }

    /// Rights are those of the roles; an administrator may have been deprived of some. Where they
    /// cannot be read, he is believed to have them all.
    async fn missing_rights(&self, me: &Me) -> Result<Option<Vec<String>>, Failed> {
        let admin = me.roles.iter().any(|role| role == "admin");
        let call = Call::new(Route::Permissions, "read the permissions");
        let mut answer = optional(self.line.call(&call).await)?;
        let permissions = answer.as_mut().map(|answer| answer["update"].take());
        let Some(permissions) =
            permissions.and_then(|all| serde_json::from_value::<Vec<Named>>(all).ok())
        else {
            return Ok(admin.then(Vec::new));
        };
        let held = |right: &str| {
            let carried = permissions
                .iter()
                .filter(|permission| permission.id == right);
            let mut roles = carried.flat_map(|permission| &permission.roles);
            roles.any(|role| me.roles.contains(role))
        };
        let missing = RIGHTS
            .iter()
            .filter(|one| !one.iter().any(|right| held(right)));
        Ok(Some(missing.map(|one| one.join(" or ")).collect()))
    }

    async fn settings(&self) -> Result<BTreeMap<String, SettingValue>, Failed> {
        let mut settings = BTreeMap::new();
        let reading = SETTINGS.map(|id| self.optional_setting(id));
        let mut reading = stream::iter(reading).buffer_unordered(self.line.in_flight);
        while let Some(read) = reading.next().await {
            if let Some((id, value)) = read? {
                settings.insert(id.to_owned(), value);
            }
        }
        Ok(settings)
    }

    async fn optional_setting(
        &self,
        id: &'static str,
    ) -> Result<Option<(&'static str, SettingValue)>, Failed> {
        let value = optional(self.setting(id).await)?.flatten();
        Ok(value.map(|value| (id, value)))
    }

    /// One setting, where it has a value that we have a use for.
    pub(super) async fn setting(&self, id: &str) -> Result<Option<SettingValue>, Failed> {
        let call = Call::new(Route::SettingShow, format!("read setting {id}")).part(id);
        Ok(shape::setting(&self.line.call(&call).await?["value"]))
    }

    /// Seats, and whether the paid module is there.
    async fn licence(
        &self,
        version: TargetVersion,
    ) -> Result<(Option<Seats>, Option<bool>), Failed> {
        let info = Call::new(Route::LicenceInfo, "read the licence");
        let old = Call::new(Route::LicenceGet, "read the licence");
        let (first, second) = if version.major >= 7 {
            (info, old)
        } else {
            (old, info)
        };
        let answer = match self.line.call(&first).await {
            // The releases between the two have either.
            Err(failed) if failed.status == 404 => self.line.call(&second).await,
            other => other,
        };
        let Some(answer) = optional(answer)? else {
            return Ok((None, None));
        };
        let licence = licence(&answer);
        let Some(limit) = licence.seats else {
            // A licence that was read and names no number sets none.
            let endless = Seats {
                limit: None,
                used: licence.used.unwrap_or_default(),
            };
            return Ok((licence.paid.map(|_| endless), licence.paid));
        };
        let used = match licence.used {
            Some(used) => Some(used),
            None => self.active_people().await?,
        };
        let limit = Some(limit);
        Ok((used.map(|used| Seats { limit, used }), licence.paid))
    }

    /// How many people are active: they take the seats.
    async fn active_people(&self) -> Result<Option<u64>, Failed> {
        let call = Call::new(Route::UserSearch, "count the active users")
            .ask("status", "active")
            .ask("type", "user")
            .ask("count", "1");
        let answer = optional(self.line.call(&call).await)?;
        Ok(answer.and_then(|answer| answer["total"].as_u64()))
    }
}

/// What is not there or not ours to see is no error; what may pass, or stops everything, is.
fn optional<T>(read: Result<T, Failed>) -> Result<Option<T>, Failed> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(failed) => match failed.error.fault {
            TargetFault::Unreachable
            | TargetFault::Throttled
            | TargetFault::CredentialsRejected
            | TargetFault::SecondFactor => Err(failed),
            TargetFault::ServerError
            | TargetFault::UnexpectedAnswer
            | TargetFault::Forbidden
            | TargetFault::Taken
            | TargetFault::NoSeat
            | TargetFault::NotFound
            | TargetFault::NotDone
            | TargetFault::Refused => Ok(None),
        },
    }
}

/// `8.5`, `7.10.3` or `8.6.0-develop`.
fn version(info: &Value) -> Option<TargetVersion> {
    let text = info["info"]["version"]
        .as_str()
        .or(info["version"].as_str())?;
    let mut numbers = text.split(['.', '-', '+']).map(str::parse);
    Some(TargetVersion {
        major: numbers.next()?.ok()?,
        minor: numbers.next()?.ok()?,
        patch: numbers.next().and_then(Result::ok).unwrap_or(0),
    })
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Licence {
    /// `None` for no limit.
    seats: Option<u64>,
    used: Option<u64>,
    paid: Option<bool>,
}

/// What either licence route tells; 0 and less are no limit.
fn licence(answer: &Value) -> Licence {
    let positive = |value: &Value| value.as_u64().filter(|number| *number > 0);
    let is_paid = |module: &Value| {
        let name = module.as_str().or(module["module"].as_str());
        name.is_some_and(|name| PAID.contains(&name))
    };
    if let Some(modules) = answer["license"]["activeModules"].as_array() {
        let users = &answer["license"]["limits"]["activeUsers"];
        return Licence {
            seats: positive(&users["max"]),
            used: users["value"].as_u64(),
            paid: Some(modules.iter().any(is_paid)),
        };
    }
    let Some(licences) = answer["licenses"].as_array() else {
        return Licence::default();
    };
    let modules = |licence: &Value| {
        let granted = ["modules", "grantedModules"].map(|name| licence[name].as_array().cloned());
        granted
            .into_iter()
            .flatten()
            .flatten()
            .any(|module| is_paid(&module))
    };
    let seats = |licence: &Value| {
        let old = positive(&licence["maxActiveUsers"]);
        old.or_else(|| positive(&licence["limits"]["activeUsers"][0]["max"]))
    };
    Licence {
        seats: licences.iter().filter_map(seats).max(),
        used: None,
        paid: Some(licences.iter().any(modules)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_are_read_with_and_without_a_patch() {
        let cases = [
            (json!({ "version": "8.5" }), Some((8, 5, 0))),
            (
                json!({ "version": "7.10", "info": { "version": "7.10.3" } }),
                Some((7, 10, 3)),
            ),
            (json!({ "version": "8.6.0-develop" }), Some((8, 6, 0))),
            (json!({ "version": "8" }), None),
            (json!({ "version": "x.y" }), None),
            (json!({}), None),
        ];
        for (info, expect) in cases {
            let read = version(&info).map(|version| (version.major, version.minor, version.patch));
            assert_eq!(read, expect, "{info}");
        }
    }

    #[test]
    fn licences_of_every_release_tell_seats_and_modules() {
        let of = |seats, used, paid| Licence { seats, used, paid };
        let cases = [
            (
                json!({ "license": { "activeModules": ["livechat-enterprise"], "limits": { "activeUsers": { "max": 50, "value": 7 } } } }),
                of(Some(50), Some(7), Some(true)),
            ),
            (
                json!({ "license": { "activeModules": [], "limits": { "activeUsers": { "max": -1 } } } }),
                of(None, None, Some(false)),
            ),
            (json!({ "licenses": [] }), of(None, None, Some(false))),
            (
                json!({ "licenses": [{ "modules": ["enterprise"], "maxActiveUsers": 25 }] }),
                of(Some(25), None, Some(true)),
            ),
            (
                json!({ "licenses": [{ "grantedModules": [{ "module": "livechat-enterprise" }], "limits": { "activeUsers": [{ "max": 30 }] } }] }),
                of(Some(30), None, Some(true)),
            ),
            (json!({ "success": true }), Licence::default()),
        ];
        for (answer, expect) in cases {
            assert_eq!(licence(&answer), expect, "{answer}");
        }
    }
}
