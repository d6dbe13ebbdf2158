//! The routes that are called: method, path, class in metrics, and the right that each needs (admin
//! contract §1.5, §1.6, §3.1). The rate limiter counts by exactly these.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;

/// Everything but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Declares the routes once: method and path, where `:` stands for a variable part; class; right.
macro_rules! routes {
    ($($name:ident: $method:ident $path:literal, $class:literal, $right:literal;)+) => {
        /// One route with one method.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Route { $($name,)+ }

        impl Route {
            /// How many there are.
            pub(super) const COUNT: usize = [$(Self::$name,)+].len();

            pub(super) const fn method(self) -> Method {
                match self { $(Self::$name => Method::$method,)+ }
            }

            const fn path(self) -> &'static str {
                match self { $(Self::$name => $path,)+ }
            }

            /// The class in metrics.
            pub(super) const fn class(self) -> &'static str {
                match self { $(Self::$name => $class,)+ }
            }

            /// The right it needs; empty for none.
            pub(super) const fn right(self) -> &'static str {
                match self { $(Self::$name => $right,)+ }
            }
        }
    };
}

routes! {
    Info: GET "/api/info", "discovery", "";
    Me: GET "/api/v1/me", "discovery", "";
    LicenceInfo: GET "/api/v1/licenses.info", "discovery", "view-privileged-setting";
    LicenceGet: GET "/api/v1/licenses.get", "discovery", "view-privileged-setting";
    Permissions: GET "/api/v1/permissions.listAll", "discovery", "";
    Roles: GET "/api/v1/roles.list", "discovery", "";
    MayCreate: GET "/api/v1/livechat/department/isDepartmentCreationAvailable", "discovery", "";
    Login: POST "/api/v1/login", "login", "";
    Logout: POST "/api/v1/logout", "login", "";
    UserList: GET "/api/v1/users.list", "users", "view-d-room and view-full-other-user-info";
    UserSearch: GET "/api/v1/users.listByStatus", "users", "view-d-room and view-full-other-user-info";
    UserShow: GET "/api/v1/users.info", "users", "view-full-other-user-info";
    UserCreate: POST "/api/v1/users.create", "users", "create-user";
    UserUpdate: POST "/api/v1/users.update", "users", "edit-other-user-info";
    UserActive: POST "/api/v1/users.setActiveStatus", "users", "edit-other-user-active-status";
    ForgotPassword: POST "/api/v1/users.forgotPassword", "users", "";
    RoleAdd: POST "/api/v1/roles.addUserToRole", "roles", "access-permissions";
    RoleRemove: POST "/api/v1/roles.removeUserFromRole", "roles", "access-permissions";
    OfficeList: GET "/api/v1/livechat/users/:", "agents", "transfer-livechat-guest or edit-omnichannel-contact";
    OfficeAdd: POST "/api/v1/livechat/users/:", "agents", "view-livechat-manager";
    OfficeShow: GET "/api/v1/livechat/users/:/:", "agents", "view-livechat-manager";
    OfficeRemove: DELETE "/api/v1/livechat/users/:/:", "agents", "view-livechat-manager";
    AgentStatus: POST "/api/v1/livechat/agent.status", "availability", "manage-livechat-agents and view-l-room";
    AgentDepartments: GET "/api/v1/livechat/agents/:/departments", "limits", "view-l-room";
    SaveInfo: POST "/api/v1/livechat/agents.saveInfo", "limits", "manage-livechat-agents";
    CallMethod: POST "/api/v1/method.call/:", "limits", "manage-livechat-agents";
    DepartmentList: GET "/api/v1/livechat/department", "departments", "view-livechat-departments";
    DepartmentArchived: GET "/api/v1/livechat/departments/archived", "departments", "view-livechat-departments";
    DepartmentShow: GET "/api/v1/livechat/department/:", "departments", "view-livechat-departments";
    DepartmentCreate: POST "/api/v1/livechat/department", "departments", "manage-livechat-departments";
    DepartmentUpdate: PUT "/api/v1/livechat/department/:", "departments", "manage-livechat-departments";
    DepartmentArchive: POST "/api/v1/livechat/department/:/archive", "departments", "manage-livechat-departments";
    DepartmentUnarchive: POST "/api/v1/livechat/department/:/unarchive", "departments", "manage-livechat-departments";
    MemberList: GET "/api/v1/livechat/department/:/agents", "members", "view-livechat-departments";
    MemberSave: POST "/api/v1/livechat/department/:/agents", "members", "add-livechat-department-agents";
    SettingShow: GET "/api/v1/settings/:", "settings", "view-privileged-setting";
    SettingSave: POST "/api/v1/settings/:", "settings", "edit-privileged-setting";
    WebhookTest: POST "/api/v1/livechat/webhook.test", "settings", "view-livechat-webhooks";
}

impl Route {
    /// The name that messages call it by: `users.create`, `livechat/users/agent`.
    pub(super) fn name(self) -> &'static str {
        let path = self.path();
        let path = path.strip_prefix("/api/v1/").unwrap_or(path);
        path.trim_end_matches([':', '/'])
    }
}

/// One call to be made.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) route: Route,
    /// What it is for, with whom: `create user ada`. Never an e-mail address.
    pub(super) doing: String,
    parts: Vec<String>,
    query: Vec<(&'static str, String)>,
    /// Holds passwords and addresses: printed nowhere.
    pub(super) body: Option<Body>,
}

/// A body that does not print.
pub(super) struct Body(pub(super) Value);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Call {
    pub(super) fn new(route: Route, doing: impl Into<String>) -> Self {
        Self {
            route,
            doing: doing.into(),
            parts: Vec::new(),
            query: Vec::new(),
            body: None,
        }
    }

    /// The next variable part of the path.
    #[must_use]
    pub(super) fn part(mut self, part: &str) -> Self {
        self.parts.push(part.to_owned());
        self
    }

    #[must_use]
    pub(super) fn ask(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    #[must_use]
    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(Body(body));
        self
    }

    /// Path and query below the workspace's address, encoded.
    pub(super) fn target(&self) -> String {
        let mut parts = self.parts.iter();
        let encoded = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
        let path = self.route.path().split('/').map(|segment| match segment {
            ":" => parts.next().map_or_else(String::new, |part| encoded(part)),
            fixed => fixed.to_owned(),
        });
        let mut target = path.collect::<Vec<_>>().join("/");
        for (at, (name, value)) in self.query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            target.push_str(&encoded(value));
        }
        target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_written_with_everything_encoded() {
        let cases = [
            (Call::new(Route::Me, ""), "/api/v1/me", "me"),
            (
                Call::new(Route::OfficeShow, "").part("agent").part("a/b?c"),
                "/api/v1/livechat/users/agent/a%2Fb%3Fc",
                "livechat/users",
            ),
            (
                Call::new(Route::UserList, "")
                    .ask("sort", "{\"username\":1}")
                    .ask("count", "100"),
                "/api/v1/users.list?sort=%7B%22username%22%3A1%7D&count=100",
                "users.list",
            ),
            (
                Call::new(Route::CallMethod, "").part("livechat:saveAgentInfo"),
                "/api/v1/method.call/livechat%3AsaveAgentInfo",
                "method.call",
            ),
        ];
        for (call, target, name) in cases {
            assert_eq!(call.target(), target);
            assert_eq!(call.route.name(), name);
        }
        let secret = Call::new(Route::Login, "log in").body(serde_json::json!("pass"));
        assert!(!format!("{secret:?}").contains("pass"));
    }
}
