//! Departments (contract §3.1, §3.4).

use serde_json::{Map, Value, json};

use super::super::{
    answer::Refused,
    call::{Call, Done, members},
    paging::{self, Page},
    schema::{Kind, Member, Need, Others},
    setup::Edition,
    world::SimDepartment,
};

const DEPARTMENT: [Member; 16] = [
    ("name", Kind::Text, Need::Must),
    ("email", Kind::Text, Need::Must),
    ("enabled", Kind::Flag, Need::Must),
    ("showOnRegistration", Kind::Flag, Need::Must),
    ("showOnOfflineForm", Kind::Flag, Need::Must),
    ("description", Kind::Nullable, Need::May),
    ("offlineMessageChannelName", Kind::Nullable, Need::May),
    (
        "abandonedRoomsCloseCustomMessage",
        Kind::Nullable,
        Need::May,
    ),
    ("waitingQueueMessage", Kind::Nullable, Need::May),
    ("requestTagBeforeClosingChat", Kind::Flag, Need::May),
    ("chatClosingTags", Kind::Texts, Need::May),
    ("fallbackForwardDepartment", Kind::Nullable, Need::May),
    ("departmentsAllowedToForward", Kind::Texts, Need::May),
    ("allowReceiveForwardOffline", Kind::Flag, Need::May),
    ("businessHourId", Kind::Nullable, Need::May),
    ("ancestors", Kind::Any, Need::May),
];

const BODY: [Member; 3] = [
    ("department", Kind::Object, Need::Must),
    ("agents", Kind::List, Need::May),
    ("departmentUnit", Kind::Object, Need::May),
];

const AGENT: [Member; 3] = [
    ("agentId", Kind::Text, Need::Must),
    ("count", Kind::Whole, Need::May),
    ("order", Kind::Whole, Need::May),
];

/// What a body says of a department and its agents.
struct Said<'a> {
    fields: &'a Map<String, Value>,
    /// Id, count and order; counters that are missing are 0.
    agents: Vec<(&'a str, i64, i64)>,
}

impl Said<'_> {
    fn flag(&self, name: &str) -> bool {
        let value = self.fields.get(name).and_then(Value::as_bool);
        value.unwrap_or_default()
    }

    fn text(&self, name: &str) -> &str {
        let value = self.fields.get(name).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    fn write(&self, department: &mut SimDepartment) {
        self.text("name").clone_into(&mut department.name);
        self.text("email").clone_into(&mut department.email);
        department.enabled = self.flag("enabled");
        for (name, value) in self.fields {
            if !matches!(name.as_str(), "name" | "email" | "enabled") {
                department.fields.insert(name.clone(), value.clone());
            }
        }
    }
}

fn read<'a>(call: &mut Call<'a>) -> Result<Said<'a>, Refused> {
    let body = call.body(&BODY, Others::Refused)?;
    let fields = call.nested(&body["department"], &DEPARTMENT, Others::Scalars)?;
    let unit = body.get("departmentUnit");
    if let Some(unit) = unit {
        call.nested(unit, &[("_id", Kind::Text, Need::May)], Others::Refused)?;
    }
    let mut agents = Vec::new();
    for agent in body
        .get("agents")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let agent = call.nested(agent, &AGENT, Others::Refused)?;
        let number = |name: &str| agent.get(name).and_then(Value::as_i64).unwrap_or_default();
        let id = agent["agentId"].as_str().unwrap_or_default();
        agents.push((id, number("count"), number("order")));
    }
    Ok(Said { fields, agents })
}

/// What must hold between the fields; `own` is the department's id when there is one.
fn check(call: &Call<'_>, said: &Said<'_>, own: Option<&str>) -> Result<(), Refused> {
    let tags = said.fields.get("chatClosingTags").and_then(Value::as_array);
    if said.flag("requestTagBeforeClosingChat") && tags.is_none_or(Vec::is_empty) {
        let code = "error-validating-department-chat-closing-tags";
        let reason = "At least one closing tag is required when the department requires tag(s) on \
                      closing conversations.";
        return Err(Refused::coded(code, reason));
    }
    let fallback = said.text("fallbackForwardDepartment");
    if fallback.is_empty() {
        return Ok(());
    }
    if Some(fallback) == own {
        let code = "error-fallback-department-circular";
        return Err(Refused::coded(
            code,
            "Cannot save department. Circular reference",
        ));
    }
    if call.world.department(fallback).is_none() {
        let reason = "Fallback department not found";
        return Err(Refused::coded(
            "error-fallback-department-not-found",
            reason,
        ));
    }
    Ok(())
}

/// `POST /api/v1/livechat/department`.
pub(super) fn create(call: &mut Call<'_>) -> Done {
    let said = read(call)?;
    if !is_allowed(call) {
        let reason = "Maximum number of departments reached";
        return Err(Refused::coded(
            "error-max-departments-number-reached",
            reason,
        ));
    }
    check(call, &said, None)?;
    let id = call.world.new_id();
    let mut department = SimDepartment {
        id: id.clone(),
        ..SimDepartment::default()
    };
    said.write(&mut department);
    call.world.put_department(department);
    for (agent, count, order) in said.agents {
        call.world.join(agent, &id, (count, order));
    }
    Ok(with_agents(call, &id))
}

/// `PUT /api/v1/livechat/department/:_id`: the agents are only added to.
pub(super) fn update(call: &mut Call<'_>) -> Done {
    let said = read(call)?;
    let id = call.part(0);
    let Some(mut department) = call.world.department(id).cloned() else {
        return Err(not_found());
    };
    if department.archived && said.flag("enabled") {
        let code = "error-archived-department-cant-be-enabled";
        return Err(Refused::coded(
            code,
            "Archived departments can't be enabled",
        ));
    }
    check(call, &said, Some(id))?;
    said.write(&mut department);
    call.world.put_department(department);
    if call.may("add-livechat-department-agents") {
        for (agent, count, order) in said.agents {
            call.world.join(agent, id, (count, order));
        }
    }
    Ok(with_agents(call, id))
}

fn with_agents(call: &Call<'_>, id: &str) -> Map<String, Value> {
    let department = call.world.department(id).map(SimDepartment::json);
    let agents = call.world.members_of(id);
    let agents: Vec<Value> = agents.map(super::super::SimMember::json).collect();
    members([
        ("department", department.unwrap_or_default()),
        ("agents", json!(agents)),
    ])
}

/// `GET /api/v1/livechat/department/:_id`. An unknown one is null.
pub(super) fn show(call: &mut Call<'_>) -> Done {
    call.query(&["includeAgents", "onlyMyDepartments"])?;
    let mut shown = with_agents(call, call.part(0));
    if call.request.query("includeAgents") != Some("true") {
        shown.remove("agents");
    }
    Ok(shown)
}

/// `GET /api/v1/livechat/department`.
pub(super) fn list(call: &mut Call<'_>) -> Done {
    let own = [
        "text",
        "enabled",
        "onlyMyDepartments",
        "excludeDepartmentId",
        "showArchived",
    ];
    call.query(&[&paging::NAMES[..], &own].concat())?;
    let request = call.request;
    let text = request.query("text").map(str::to_lowercase);
    let enabled = request.query("enabled").map(|given| given == "true");
    let archived = request.query("showArchived") == Some("true");
    let mine = request.query("onlyMyDepartments") == Some("true");
    let page = Page::read(call.world, request)?.or_by("name");
    let world = &*call.world;
    let fits = |one: &&SimDepartment| {
        (archived || !one.archived)
            && enabled.is_none_or(|enabled| one.enabled == enabled)
            && request.query("excludeDepartmentId") != Some(one.id.as_str())
            && text
                .as_deref()
                .is_none_or(|text| one.name.to_lowercase().contains(text))
            && (!mine || world.member(&call.caller, &one.id).is_some())
    };
    let found = world.departments().filter(fits);
    Ok(page.of("departments", found, "_id", |one| one.json()))
}

/// `GET /api/v1/livechat/departments/archived`.
pub(super) fn archived(call: &mut Call<'_>) -> Done {
    let own = ["text", "onlyMyDepartments", "excludeDepartmentId"];
    call.query(&[&paging::NAMES[..], &own].concat())?;
    let page = Page::read(call.world, call.request)?.or_by("name");
    let found = call.world.departments().filter(|one| one.archived);
    Ok(page.of("departments", found, "_id", |one| one.json()))
}

/// `POST /api/v1/livechat/department/:_id/archive` and `unarchive`, which does not enable.
pub(super) fn archive(call: &mut Call<'_>, archived: bool) -> Done {
    call.body(&[], Others::Accepted)?;
    let Some(mut department) = call.world.department(call.part(0)).cloned() else {
        return Err(not_found());
    };
    department.archived = archived;
    department.enabled &= !archived;
    call.world.put_department(department);
    Ok(members([]))
}

/// `DELETE /api/v1/livechat/department/:_id`.
pub(super) fn delete(call: &mut Call<'_>) -> Done {
    call.query(&[])?;
    if !call.world.is_on("Omnichannel_enable_department_removal") {
        let reason = "Department removal is disabled";
        return Err(Refused::coded("error-department-removal-disabled", reason));
    }
    if call.world.department(call.part(0)).is_none() {
        return Err(not_found());
    }
    call.world.delete_department(call.part(0));
    Ok(members([]))
}

/// `GET …/department/isDepartmentCreationAvailable`.
pub(super) fn allowed(call: &mut Call<'_>) -> Done {
    call.query(&[])?;
    let allowed = is_allowed(call);
    Ok(members([("isDepartmentCreationAvailable", json!(allowed))]))
}

/// Without a licence there may be one, and archived ones count.
fn is_allowed(call: &Call<'_>) -> bool {
    match call.world.edition {
        Edition::Community => call.world.departments().next().is_none(),
        Edition::Enterprise => true,
    }
}

pub(super) fn not_found() -> Refused {
    Refused::coded("error-department-not-found", "Department not found")
}
