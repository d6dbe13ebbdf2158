//! The routes: their paths, the names that faults and the log know them by, and who may use them
//! (contract §1.5, §1.6, §3.1).

use http::Method;

/// Declares the routes once: method and path, name, class. A part of a path that begins with a
/// colon is variable; where two paths fit, the first one counts.
macro_rules! routes {
    ($($variant:ident: $method:ident $path:literal, $name:literal, $class:literal;)+) => {
        /// One operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(super) enum Route { $($variant,)+ }

        impl Route {
            const ALL: &[(Self, Method, &'static str)] =
                &[$((Self::$variant, Method::$method, $path),)+];

            /// Its name, unique.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The class that faults know it by.
            pub(super) const fn class(self) -> &'static str {
                match self { $(Self::$variant => $class,)+ }
            }
        }
    };
}

routes! {
    Info: GET "/api/info", "info", "discovery";
    Me: GET "/api/v1/me", "me", "discovery";
    LicenceInfo: GET "/api/v1/licenses.info", "licenses.info", "discovery";
    LicenceGet: GET "/api/v1/licenses.get", "licenses.get", "discovery";
    Permissions: GET "/api/v1/permissions.listAll", "permissions.listAll", "discovery";
    Routing: GET "/api/v1/livechat/config/routing", "config/routing", "discovery";
    Login: POST "/api/v1/login", "login", "login";
    Logout: POST "/api/v1/logout", "logout", "login";
    UserCreate: POST "/api/v1/users.create", "users.create", "users";
    UserUpdate: POST "/api/v1/users.update", "users.update", "users";
    UserInfo: GET "/api/v1/users.info", "users.info", "users";
    UserList: GET "/api/v1/users.list", "users.list", "users";
    UserListByStatus: GET "/api/v1/users.listByStatus", "users.listByStatus", "users";
    UserActive: POST "/api/v1/users.setActiveStatus", "users.setActiveStatus", "users";
    UserDelete: POST "/api/v1/users.delete", "users.delete", "users";
    UsernameFree: GET "/api/v1/users.checkUsernameAvailability", "users.checkUsernameAvailability", "users";
    ForgotPassword: POST "/api/v1/users.forgotPassword", "users.forgotPassword", "users";
    RoleAdd: POST "/api/v1/roles.addUserToRole", "roles.addUserToRole", "roles";
    RoleRemove: POST "/api/v1/roles.removeUserFromRole", "roles.removeUserFromRole", "roles";
    Roles: GET "/api/v1/roles.list", "roles.list", "roles";
    AgentList: GET "/api/v1/livechat/users/:kind", "agents.list", "agents";
    AgentAdd: POST "/api/v1/livechat/users/:kind", "agents.add", "agents";
    AgentShow: GET "/api/v1/livechat/users/:kind/:id", "agents.show", "agents";
    AgentRemove: DELETE "/api/v1/livechat/users/:kind/:id", "agents.remove", "agents";
    AgentStatus: POST "/api/v1/livechat/agent.status", "agent.status", "status";
    AgentDepartments: GET "/api/v1/livechat/agents/:id/departments", "agents.departments", "members";
    SaveInfo: POST "/api/v1/livechat/agents.saveInfo", "agents.saveInfo", "limits";
    CallMethod: POST "/api/v1/method.call/:method", "method.call", "limits";
    DepartmentList: GET "/api/v1/livechat/department", "department.list", "departments";
    DepartmentCreate: POST "/api/v1/livechat/department", "department.create", "departments";
    DepartmentAllowed: GET "/api/v1/livechat/department/isDepartmentCreationAvailable", "department.isDepartmentCreationAvailable", "departments";
    DepartmentShow: GET "/api/v1/livechat/department/:id", "department.show", "departments";
    DepartmentUpdate: PUT "/api/v1/livechat/department/:id", "department.update", "departments";
    DepartmentDelete: DELETE "/api/v1/livechat/department/:id", "department.delete", "departments";
    DepartmentArchive: POST "/api/v1/livechat/department/:id/archive", "department.archive", "departments";
    DepartmentUnarchive: POST "/api/v1/livechat/department/:id/unarchive", "department.unarchive", "departments";
    DepartmentArchived: GET "/api/v1/livechat/departments/archived", "departments.archived", "departments";
    MemberList: GET "/api/v1/livechat/department/:id/agents", "department.agents.list", "members";
    MemberSave: POST "/api/v1/livechat/department/:id/agents", "department.agents.save", "members";
    Queue: GET "/api/v1/livechat/queue", "queue", "agents";
    SettingList: GET "/api/v1/settings", "settings.list", "settings";
    SettingShow: GET "/api/v1/settings/:id", "settings.show", "settings";
    SettingSave: POST "/api/v1/settings/:id", "settings.save", "settings";
    WebhookTest: POST "/api/v1/livechat/webhook.test", "webhook.test", "settings";
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A route, with what stands for the variable parts of its path.
    Route(Route, Vec<String>),
    /// A known path that does not take this method.
    OtherMethod,
    /// Nothing.
    Nowhere,
}

/// Who may use a route; what the handlers ask for besides is their business.
#[derive(Clone, Copy, Debug)]
pub(super) enum Needs {
    /// Anybody, without a login.
    Nothing,
    /// Anybody who is logged in.
    Login,
    /// Who has any of these permissions.
    Any(&'static [&'static str]),
}

impl Route {
    /// Whether a fault may name this place.
    pub(super) fn is_place(name: &str) -> bool {
        let mut all = Self::ALL.iter();
        name == "any" || all.any(|(route, ..)| route.class() == name || route.name() == name)
    }

    /// Every name that a fault may say.
    pub(super) fn places() -> String {
        let classes = Self::ALL.iter().map(|(route, ..)| route.class());
        let names = Self::ALL.iter().map(|(route, ..)| route.name());
        let mut all: Vec<_> = classes.chain(names).collect();
        all.sort_unstable();
        all.dedup();
        format!("any, {}", all.join(", "))
    }

    /// The route of a request.
    pub(super) fn find(method: &Method, segments: &[String]) -> Found {
        let mut found = Found::Nowhere;
        for (route, takes, path) in Self::ALL {
            let Some(variable) = fit(path, segments) else {
                continue;
            };
            if takes == method {
                return Found::Route(*route, variable);
            }
            found = Found::OtherMethod;
        }
        found
    }

    /// Who may use it.
    pub(super) const fn needs(self) -> Needs {
        match self {
            Self::Info | Self::Login | Self::ForgotPassword => Needs::Nothing,
            Self::Me
            | Self::Logout
            | Self::UserCreate
            | Self::UserUpdate
            | Self::UserInfo
            | Self::UsernameFree
            | Self::Permissions
            | Self::Roles
            | Self::CallMethod
            | Self::DepartmentAllowed => Needs::Login,
            Self::UserDelete => Needs::Any(&["delete-user"]),
            Self::UserActive => Needs::Any(&["edit-other-user-active-status"]),
            Self::UserList | Self::UserListByStatus => Needs::Any(&["view-d-room"]),
            Self::LicenceInfo | Self::LicenceGet | Self::SettingList | Self::SettingShow => {
                Needs::Any(&["view-privileged-setting"])
            }
            Self::SettingSave => Needs::Any(&["edit-privileged-setting"]),
            Self::RoleAdd | Self::RoleRemove => Needs::Any(&["access-permissions"]),
            // The list of managers asks for more; its handler does.
            Self::AgentList => Needs::Any(&[
                "transfer-livechat-guest",
                "edit-omnichannel-contact",
                "view-livechat-manager",
            ]),
            Self::AgentAdd | Self::AgentShow | Self::AgentRemove => {
                Needs::Any(&["view-livechat-manager"])
            }
            Self::AgentStatus | Self::AgentDepartments | Self::Queue | Self::Routing => {
                Needs::Any(&["view-l-room"])
            }
            Self::SaveInfo => Needs::Any(&["manage-livechat-agents"]),
            Self::DepartmentList
            | Self::DepartmentShow
            | Self::DepartmentArchived
            | Self::MemberList => Needs::Any(&["view-livechat-departments", "view-l-room"]),
            Self::DepartmentCreate
            | Self::DepartmentUpdate
            | Self::DepartmentArchive
            | Self::DepartmentUnarchive => Needs::Any(&["manage-livechat-departments"]),
            Self::DepartmentDelete => {
                Needs::Any(&["manage-livechat-departments", "remove-livechat-department"])
            }
            Self::MemberSave => Needs::Any(&[
                "manage-livechat-departments",
                "add-livechat-department-agents",
            ]),
            Self::WebhookTest => Needs::Any(&["view-livechat-webhooks"]),
        }
    }
}

/// What stands for the variable parts of `path`, when the segments fit it.
fn fit(path: &str, segments: &[String]) -> Option<Vec<String>> {
    let mut parts = path.split('/').skip(1);
    let mut variable = Vec::new();
    for segment in segments {
        let part = parts.next()?;
        match part.strip_prefix(':') {
            Some("kind") if segment != "agent" && segment != "manager" => return None,
            Some(_) if segment.is_empty() => return None,
            Some(_) => variable.push(segment.clone()),
            None if part != segment => return None,
            None => {}
        }
    }
    parts.next().is_none().then_some(variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_where_the_contract_says() {
        let route = |route, variable: &[&str]| {
            let variable = variable.iter().map(|&part| part.to_owned());
            Found::Route(route, variable.collect())
        };
        let allowed = "/api/v1/livechat/department/isDepartmentCreationAvailable";
        let cases = [
            ("GET", "/api/info", route(Route::Info, &[])),
            ("POST", "/api/info", Found::OtherMethod),
            ("GET", "/info", Found::Nowhere),
            (
                "GET",
                "/api/v1/livechat/users/agent",
                route(Route::AgentList, &["agent"]),
            ),
            ("GET", "/api/v1/livechat/users/guest", Found::Nowhere),
            (
                "DELETE",
                "/api/v1/livechat/users/manager/x",
                route(Route::AgentRemove, &["manager", "x"]),
            ),
            ("GET", allowed, route(Route::DepartmentAllowed, &[])),
            (
                "PUT",
                "/api/v1/livechat/department/d1",
                route(Route::DepartmentUpdate, &["d1"]),
            ),
            ("GET", "/api/v1/livechat/department/", Found::Nowhere),
        ];
        for (method, path, expected) in cases {
            let segments: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
            let method = method.parse().unwrap();
            assert_eq!(Route::find(&method, &segments), expected, "{method} {path}");
        }
    }
}
