//! Departments and who is in them (admin contract §3.4, §3.5).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    RocketChat,
    fault::Failed,
    pages::{self, DEPARTMENTS},
    route::{Call, Route},
    shape::{Department, OneDepartment},
    write,
};
use crate::{
    domain::{
        DepartmentId,
        change::{Member, NewDepartment},
    },
    ports::{TargetError, TargetFault},
};

/// What an update has to say (contract §3.4).
const REQUIRED: [&str; 3] = ["email", "showOnRegistration", "showOnOfflineForm"];

/// What an update may say, and is said as it was, so that no release takes its absence for a wish.
const OPTIONAL: [&str; 11] = [
    "description",
    "offlineMessageChannelName",
    "abandonedRoomsCloseCustomMessage",
    "waitingQueueMessage",
    "requestTagBeforeClosingChat",
    "chatClosingTags",
    "fallbackForwardDepartment",
    "departmentsAllowedToForward",
    "allowReceiveForwardOffline",
    "maxNumberSimultaneousChat",
    "visitorInactivityTimeoutInSeconds",
];

impl RocketChat {
    /// `None` for an id that is not known.
    pub(super) async fn department(
        &self,
        (id, name): (&str, &str),
    ) -> Result<Option<Department>, Failed> {
        let call = Call::new(Route::DepartmentShow, format!("look up department {name}")).part(id);
        Ok(self.line.read::<OneDepartment>(&call).await?.department)
    }

    /// Every live department of exactly that name.
    pub(super) async fn departments_named(&self, name: &str) -> Result<Vec<Department>, Failed> {
        let call = || {
            let doing = format!("look up department {name}");
            Call::new(Route::DepartmentList, doing).ask("text", name)
        };
        let mut found: Vec<Department> = pages::read(&self.line, DEPARTMENTS, call).await?;
        found.retain(|department| department.name == name);
        Ok(found)
    }

    pub(super) async fn create_department(
        &self,
        new: &NewDepartment,
    ) -> Result<DepartmentId, Failed> {
        let doing = format!("create department {}", new.name);
        let call = Call::new(Route::DepartmentCreate, doing).body(json!({ "department": {
            "name": new.name,
            "email": new.email,
            "enabled": true,
            "showOnRegistration": new.show_on_registration,
            // The address may be a stand-in: visitors shall not write to it.
            "showOnOfflineForm": false,
        } }));
        let made = self.line.read::<OneDepartment>(&call).await?.department;
        let made = made.ok_or_else(|| self.line.misshapen(&call))?;
        Ok(DepartmentId::new(made.id))
    }

    /// Brings it back: unarchiving does not enable, and enabling wants everything said again.
    pub(super) async fn open_department(&self, (id, name): (&str, &str)) -> Result<(), Failed> {
        let doing = format!("open department {name}");
        let call = Call::new(Route::DepartmentUpdate, &doing).part(id);
        let Some(department) = self.department((id, name)).await? else {
            let what = "there is no such department any more; survey again";
            return Err(self.line.failed(&call, TargetFault::NotFound, what));
        };
        if department.is_archived() {
            let call = Call::new(Route::DepartmentUnarchive, &doing)
                .part(id)
                .body(json!({}));
            self.line.call(&call).await?;
        }
        if department.enabled && !department.is_archived() {
            return Ok(());
        }
        let fields = again(&department).ok_or_else(|| self.line.misshapen(&call))?;
        let call = call.body(json!({ "department": fields }));
        self.line.call(&call).await.map(|_| ())
    }

    pub(super) async fn close_department(&self, (id, name): (&str, &str)) -> Result<(), Failed> {
        let call = Call::new(
            Route::DepartmentArchive,
            format!("archive department {name}"),
        )
        .part(id)
        .body(json!({}));
        self.line.call(&call).await.map(|_| ())
    }

    /// Adds those who are no members yet: an upsert of the others would set their counters.
    pub(super) async fn add_members(
        &self,
        (id, name): (&str, &str),
        members: &[Member],
    ) -> Result<(), TargetError> {
        let held = self.members(id, name).await?;
        let held: BTreeSet<&str> = held.iter().map(|member| member.agent.as_str()).collect();
        let mut upsert = Vec::new();
        for member in members {
            let agent = write::id(&member.user)?;
            if !held.contains(agent) {
                upsert.push(json!({
                    "agentId": agent,
                    "username": member.user.username,
                    // Left out, they would be stored as 0 (contract §3.5).
                    "count": member.count,
                    "order": member.order,
                }));
            }
        }
        if upsert.is_empty() {
            return Ok(());
        }
        let doing = format!("add {} members to department {name}", upsert.len());
        self.save_members(id, doing, (upsert, Vec::new())).await?;
        Ok(())
    }

    pub(super) async fn remove_members(
        &self,
        (id, name): (&str, &str),
        members: &[Member],
    ) -> Result<(), TargetError> {
        let mut remove = Vec::new();
        for member in members {
            let agent = write::id(&member.user)?;
            remove.push(json!({ "agentId": agent, "username": member.user.username }));
        }
        if remove.is_empty() {
            return Ok(());
        }
        let doing = format!("remove {} members from department {name}", remove.len());
        self.save_members(id, doing, (Vec::new(), remove)).await?;
        Ok(())
    }

    async fn save_members(
        &self,
        id: &str,
        doing: String,
        (upsert, remove): (Vec<Value>, Vec<Value>),
    ) -> Result<(), Failed> {
        let call = Call::new(Route::MemberSave, doing)
            .part(id)
            .body(json!({ "upsert": upsert, "remove": remove }));
        self.line.call(&call).await.map(|_| ())
    }
}

/// Everything that an update says of a department that shall be open. `None` when the department
/// was shown without what is required.
fn again(department: &Department) -> Option<Map<String, Value>> {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), json!(department.name));
    fields.insert("enabled".to_owned(), json!(true));
    for name in REQUIRED {
        fields.insert(name.to_owned(), department.rest.get(name)?.clone());
    }
    for name in OPTIONAL {
        if let Some(value) = department.rest.get(name).filter(|value| !value.is_null()) {
            fields.insert(name.to_owned(), value.clone());
        }
    }
    Some(fields)
}
