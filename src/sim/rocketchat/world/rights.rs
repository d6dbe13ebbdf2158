//! Roles, and which permission each of them carries (contract §1.6).

use std::collections::{BTreeMap, BTreeSet};

/// `_id`, `scope`, `protected` of every role there is.
pub(in crate::sim::rocketchat) const ROLES: [(&str, &str, bool); 13] = [
    ("admin", "Users", true),
    ("moderator", "Subscriptions", true),
    ("leader", "Subscriptions", true),
    ("owner", "Subscriptions", true),
    ("user", "Users", true),
    ("bot", "Users", true),
    ("app", "Users", true),
    ("guest", "Users", true),
    ("anonymous", "Users", true),
    ("livechat-agent", "Users", true),
    ("livechat-manager", "Users", true),
    ("livechat-monitor", "Users", true),
    ("lp-bridge", "Users", false),
];

/// Whether there is such a role.
pub(in crate::sim::rocketchat) fn is_role(id: &str) -> bool {
    ROLES.iter().any(|(known, _, _)| *known == id)
}

const MANAGER: &[&str] = &["admin", "livechat-manager"];
const AGENTS: &[&str] = &[
    "admin",
    "livechat-manager",
    "livechat-monitor",
    "livechat-agent",
];
const ADMIN: &[&str] = &["admin"];

const DEFAULTS: &[(&str, &[&str])] = &[
    ("access-permissions", ADMIN),
    ("add-livechat-department-agents", MANAGER),
    ("api-bypass-rate-limit", &["admin", "bot", "app"]),
    ("assign-admin-role", ADMIN),
    ("assign-roles", ADMIN),
    ("create-personal-access-tokens", &["admin", "user"]),
    ("create-user", ADMIN),
    ("delete-user", ADMIN),
    ("edit-omnichannel-contact", AGENTS),
    ("edit-other-user-active-status", ADMIN),
    ("edit-other-user-info", ADMIN),
    ("edit-other-user-password", ADMIN),
    ("edit-privileged-setting", ADMIN),
    ("manage-livechat-agents", MANAGER),
    ("manage-livechat-departments", MANAGER),
    ("remove-livechat-department", ADMIN),
    ("run-import", ADMIN),
    ("transfer-livechat-guest", AGENTS),
    ("view-d-room", &["admin", "user", "bot", "app", "guest"]),
    ("view-full-other-user-info", ADMIN),
    ("view-import-operations", ADMIN),
    ("view-l-room", AGENTS),
    ("view-livechat-departments", MANAGER),
    ("view-livechat-manager", MANAGER),
    ("view-livechat-webhooks", MANAGER),
    ("view-outside-room", &["admin", "user", "bot", "app"]),
    ("view-privileged-setting", ADMIN),
    ("view-statistics", ADMIN),
];

/// Which roles carry which permission.
pub(super) fn defaults() -> BTreeMap<String, BTreeSet<String>> {
    let owned = |roles: &&[&str]| roles.iter().map(|role| (*role).to_owned()).collect();
    DEFAULTS
        .iter()
        .map(|(permission, roles)| ((*permission).to_owned(), owned(roles)))
        .collect()
}
