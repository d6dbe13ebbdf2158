//! Who is in which department (contract §3.5).

use serde_json::{Value, json};

use super::{
    super::{
        SimMember,
        answer::Refused,
        call::{Call, Done, members},
        paging::{self, Page},
        schema::{Kind, Member, Need, Others},
        setup::Version,
    },
    departments::not_found,
};

const UPSERT: [Member; 5] = [
    ("agentId", Kind::Text, Need::Must),
    ("username", Kind::Text, Need::Must),
    ("name", Kind::Text, Need::May),
    ("count", Kind::Whole, Need::May),
    ("order", Kind::Whole, Need::May),
];

/// A removal tolerates the record's own members, too.
const REMOVE: [Member; 9] = [
    UPSERT[0],
    UPSERT[1],
    UPSERT[2],
    UPSERT[3],
    UPSERT[4],
    ("_id", Kind::Text, Need::May),
    ("departmentId", Kind::Text, Need::May),
    ("departmentEnabled", Kind::Flag, Need::May),
    ("_updatedAt", Kind::Any, Need::May),
];

/// `GET /api/v1/livechat/agents/:agentId/departments`.
pub(super) fn of_agent(call: &mut Call<'_>) -> Done {
    call.query(&["enabledDepartmentsOnly"])?;
    let enabled = call.request.query("enabledDepartmentsOnly") == Some("true");
    let world = &*call.world;
    let found = world
        .memberships(call.part(0))
        .filter(|member| !enabled || member.department_enabled)
        .map(|member| {
            let mut shown = member.json();
            if call.version >= Version::V7 {
                let department = world.department(&member.department_id);
                shown["departmentName"] = json!(department.map(|one| one.name.as_str()));
            }
            shown
        });
    let found: Vec<Value> = found.collect();
    Ok(members([("departments", json!(found))]))
}

/// `GET /api/v1/livechat/department/:_id/agents`.
pub(super) fn list(call: &mut Call<'_>) -> Done {
    call.query(&paging::NAMES)?;
    let page = Page::read(call.world, call.request)?.or_by("username");
    let mut found: Vec<&SimMember> = call.world.members_of(call.part(0)).collect();
    // In the usual order already, so that only the page is rendered.
    found.sort_by(|a, b| a.username.cmp(&b.username));
    let show = |member: &&SimMember| member.json();
    Ok(page.of("agents", found.into_iter(), "username", show))
}

/// `POST /api/v1/livechat/department/:_id/agents`: what is not said is stored as 0.
pub(super) fn save(call: &mut Call<'_>) -> Done {
    let body = call.body(
        &[
            ("upsert", Kind::List, Need::Must),
            ("remove", Kind::List, Need::Must),
        ],
        Others::Refused,
    )?;
    let items = |name: &str| body[name].as_array().into_iter().flatten();
    let id = |item: &Value| item["agentId"].as_str().unwrap_or_default().to_owned();
    let (mut upsert, mut remove) = (Vec::new(), Vec::new());
    for item in items("upsert") {
        call.nested(item, &UPSERT, Others::Refused)?;
        let number = |name: &str| item[name].as_i64().unwrap_or_default();
        upsert.push((id(item), number("count"), number("order")));
    }
    for item in items("remove") {
        call.nested(item, &REMOVE, Others::Refused)?;
        remove.push(id(item));
    }
    let department = call.part(0);
    if call.world.department(department).is_none() {
        return Err(not_found());
    }
    for agent in remove {
        call.world.leave(&agent, department);
    }
    for (agent, count, order) in upsert {
        call.world.join(&agent, department, (count, order));
    }
    Ok::<_, Refused>(members([]))
}
