//! The final state as sorted JSON, without ids and moments: two ways to the same end dump alike.

use serde_json::{Map, Value, json};

use super::{SimMember, SimUser, World};

impl World {
    /// Users by username, each with his memberships; departments by name; settings.
    pub(in crate::sim::rocketchat) fn digest(&self) -> Value {
        let users: Map<_, _> = self
            .users()
            .map(|user| (user.username.clone(), self.person(user)))
            .collect();
        let mut departments: Vec<Value> = self
            .departments()
            .map(|department| {
                let mut shown = department.json();
                if let Some(shown) = shown.as_object_mut() {
                    shown.remove("_id");
                    shown.remove("_updatedAt");
                    shown.insert("archived".to_owned(), json!(department.archived));
                }
                shown
            })
            .collect();
        departments.sort_by_cached_key(|shown| (shown["name"].to_string(), shown.to_string()));
        json!({
            "users": users,
            "departments": departments,
            "settings": self.settings(),
        })
    }

    fn person(&self, user: &SimUser) -> Value {
        let mut departments: Vec<Value> = self
            .memberships(&user.id)
            .map(|member| self.place(member))
            .collect();
        departments.sort_by_cached_key(Value::to_string);
        let mut roles = user.roles.clone();
        roles.sort_unstable();
        json!({
            "name": user.name,
            "emails": user.emails_json(),
            "roles": roles,
            "type": user.kind,
            "active": user.active,
            "status": user.status,
            "status_livechat": user.status_livechat,
            "operator": user.operator,
            "livechat": user.livechat,
            "custom_fields": user.custom_fields,
            "require_password_change": user.require_password_change,
            "joined_default_channels": user.joined_default_channels,
            "extras": user.extras,
            "routable": user.is_routable(),
            "departments": departments,
        })
    }

    fn place(&self, member: &SimMember) -> Value {
        let department = self.department(&member.department_id);
        json!({
            "name": department.map(|department| department.name.as_str()),
            "count": member.count,
            "order": member.order,
            "enabled": member.department_enabled,
        })
    }
}
