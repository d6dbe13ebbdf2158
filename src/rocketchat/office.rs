//! Roles, and what agents are to the workspace: who is one, and whether he is available (admin
//! contract §3.2, §3.6).

use serde_json::{Value, json};

use super::{
    RocketChat,
    fault::Failed,
    route::{Call, Route},
    shape::{AGENT, Agent, MANAGER, OneAgent},
};
use crate::ports::TargetFault;

/// The word by which a role has routes of its own.
pub(super) fn office(role: &str) -> Option<&'static str> {
    match role {
        AGENT => Some("agent"),
        MANAGER => Some("manager"),
        _ => None,
    }
}

impl RocketChat {
    /// An agent; `None` for who is none.
    pub(super) async fn agent(&self, id: &str, name: &str) -> Result<Option<Agent>, Failed> {
        self.holder("agent", id, name).await
    }

    /// An agent or a manager.
    pub(super) async fn holder(
        &self,
        office: &str,
        id: &str,
        name: &str,
    ) -> Result<Option<Agent>, Failed> {
        let call = Call::new(Route::OfficeShow, format!("look up {office} {name}"))
            .part(office)
            .part(id);
        Ok(self.line.read::<OneAgent>(&call).await?.user)
    }

    pub(super) async fn grant(&self, (id, name): (&str, &str), role: &str) -> Result<(), Failed> {
        let doing = format!("give role {role} to {name}");
        let Some(office) = office(role) else {
            return self.assign(Route::RoleAdd, doing, (name, role)).await;
        };
        let call = Call::new(Route::OfficeAdd, doing)
            .part(office)
            .body(json!({ "username": name }));
        match self.line.call(&call).await {
            // Perhaps he is one already (contract §3.2).
            Err(failed) if failed.is_bare() => match self.holder(office, id, name).await? {
                Some(_) => Ok(()),
                None => Err(failed),
            },
            done => done.map(|_| ()),
        }
    }

    pub(super) async fn revoke(&self, (id, name): (&str, &str), role: &str) -> Result<(), Failed> {
        let doing = format!("take role {role} from {name}");
        let Some(office) = office(role) else {
            return self.assign(Route::RoleRemove, doing, (name, role)).await;
        };
        let call = Call::new(Route::OfficeRemove, doing).part(office).part(id);
        match self.line.call(&call).await {
            // Perhaps he is none already.
            Err(failed) if failed.is_bare() => match self.holder(office, id, name).await? {
                None => Ok(()),
                Some(_) => Err(failed),
            },
            done => done.map(|_| ()),
        }
    }

    /// Roles without routes of their own. Older releases want the role under its old name.
    async fn assign(
        &self,
        route: Route,
        doing: String,
        (name, role): (&str, &str),
    ) -> Result<(), Failed> {
        let key = if self.version().await?.major < 7 {
            "roleName"
        } else {
            "roleId"
        };
        let mut body = json!({ "username": name });
        body[key] = Value::from(role);
        match self.line.call(&Call::new(route, doing).body(body)).await {
            // It is so already, which is what was wanted.
            Err(failed)
                if (route == Route::RoleAdd && failed.code == "error-user-already-in-role")
                    || (route == Route::RoleRemove && failed.code == "error-user-not-in-role") =>
            {
                Ok(())
            }
            done => done.map(|_| ()),
        }
    }

    pub(super) async fn set_availability(
        &self,
        (id, name): (&str, &str),
        available: bool,
    ) -> Result<(), Failed> {
        let status = if available {
            "available"
        } else {
            "not-available"
        };
        // Without a status it would toggle.
        let call = Call::new(Route::AgentStatus, format!("make {name} {status}"))
            .body(json!({ "agentId": id, "status": status }));
        let answer = self.line.call(&call).await?;
        match answer["status"].as_str() {
            Some(now) if now == status => Ok(()),
            // Outside business hours it answers 200 with what was before (contract §3.6).
            Some("available" | "not-available") => {
                let what = format!(
                    "it was answered and not done: {name} is not {status}; outside business hours the workspace refuses silently: open his business hours, switch Livechat_enable_business_hours off, or try again when they are open"
                );
                Err(self.line.failed(&call, TargetFault::NotDone, what))
            }
            Some(_) | None => Err(self.line.misshapen(&call)),
        }
    }
}
