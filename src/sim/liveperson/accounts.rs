//! The account configuration, read only: users, skills and agent groups (contract §6.1). Plain JSON
//! with an array at the top; the revision is one for the whole account.

use http::header::HeaderName;
use serde_json::{Map, Value, json};

use super::{
    answer::Answer,
    behaviour::RevisionHeader,
    people::{GROUPS, SKILLS, SimAgent},
    request::Request,
    service::{Service, refusal},
    what::What,
    world::{Entry, Standing, World},
};

/// Which list of the account configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Users,
    Skills,
    Groups,
}

impl Kind {
    /// By the last segment of the path.
    pub(super) fn find(name: &str) -> Option<Self> {
        match name {
            "users" => Some(Self::Users),
            "skills" => Some(Self::Skills),
            "agentGroups" => Some(Self::Groups),
            _ => None,
        }
    }

    /// Whether a field is shown without `select`. For users that is what a real account gave,
    /// whatever the docs say; for groups nothing is known, and all are shown.
    fn shows(self, field: &str) -> bool {
        match self {
            Self::Users => ["id", "pid", "deleted", "loginName"].contains(&field),
            Self::Skills => ["id", "deleted", "name"].contains(&field),
            Self::Groups => true,
        }
    }
}

/// The moment of every `dateUpdated`: nothing of the bridge looks at it.
const UPDATED: &str = "2012-03-12 09:35:26";

/// `GET /api/account/{account}/configuration/le-users/{users|skills|agentGroups}`.
pub(super) fn show(
    service: &Service,
    request: &Request,
    account: &str,
    kind: Kind,
    fault: Option<&What>,
) -> Answer {
    let behaviour = service.behaviour();
    let bearer = request.bearer.as_deref().unwrap_or_default();
    let live = service
        .logins()
        .is_live(bearer, service.clock.elapsed(), &behaviour);
    if account != service.identity().account || !live {
        return refusal(service, 401, 5, "the bearer is not accepted");
    }
    if !behaviour.accounts_allowed {
        return refusal(service, 403, 5, "the user may not read the configuration");
    }
    if !request.query("v").is_some_and(is_version) {
        return refusal(service, 400, 5, "the parameter v is missing or unknown");
    }
    let world = service.world.lock();
    // The revision of an account that was never changed is 1, as elsewhere in its answers.
    let revision = (world.static_revision() + 1).to_string();
    let header = HeaderName::from_static(match behaviour.revision_header {
        RevisionHeader::AcRevision => "ac-revision",
        RevisionHeader::ETag => "etag",
    });
    if request.if_match.as_deref() == Some(revision.as_str()) {
        return Answer::empty(304).with(header, revision);
    }
    let with_deleted = request.query("include_deleted") == Some("true");
    let mut items = match kind {
        Kind::Users => users(&world, with_deleted),
        Kind::Skills => skills(service.skills),
        Kind::Groups => groups(),
    };
    drop(world);
    match fault {
        Some(What::EmptyList) => items.clear(),
        Some(What::HalfList) => items.truncate(items.len() / 2),
        _ => {}
    }
    let items: Vec<Value> = items
        .into_iter()
        .map(|item| selected(item, kind, request.query("select")))
        .collect();
    let items = Value::Array(items);
    let body = if behaviour.accounts_quoted {
        quoted(items)
    } else {
        items
    };
    Answer::json(200, &body).with(header, revision)
}

/// 1.0 to 6.0 are in use (contract §7.3).
fn is_version(version: &str) -> bool {
    let known = ["1.0", "2.0", "3.0", "4.0", "5.0", "6.0"];
    known.contains(&version)
}

fn users(world: &World, with_deleted: bool) -> Vec<Value> {
    let own = std::iter::once((world.own(), true));
    let others = world.everybody().iter().map(|entry| (entry, false));
    own.chain(others)
        .filter(|(entry, _)| with_deleted || entry.standing != Standing::Deleted)
        .map(|(entry, is_own)| user(entry, is_own))
        .collect()
}

fn user(entry: &Entry, is_own: bool) -> Value {
    let agent: &SimAgent = &entry.agent;
    let (group, _) = GROUPS.get(agent.group).copied().unwrap_or(GROUPS[0]);
    json!({
        "id": agent.id,
        "pid": format!("{:032x}", u128::from(agent.id) << 64 | u128::from(!agent.id)),
        "deleted": entry.standing == Standing::Deleted,
        "loginName": agent.login,
        // Empty on purpose, as LivePerson returns it.
        "fullName": "",
        "nickname": agent.nickname,
        "isEnabled": entry.is_listed(),
        "disabledManually": !entry.is_listed(),
        "maxChats": agent.capacity_number(),
        "maxAsyncChats": null,
        "email": agent.email.as_deref().unwrap_or_default(),
        "skillIds": agent.skills,
        "memberOf": { "agentGroupId": group, "assignmentDate": UPDATED },
        "managerOf": [],
        "profileIds": [i32::from(!is_own)],
        "permissionGroups": [agent.privilege],
        "description": "",
        "mobileNumber": "",
        "employeeId": "",
        "pictureUrl": null,
        "lobIds": [],
        "isApiUser": is_own,
        "userTypeId": if is_own { 2 } else { 1 },
        "allowedAppKeys": "",
        "dateUpdated": UPDATED,
    })
}

fn skills(known: usize) -> Vec<Value> {
    let skills = SKILLS
        .iter()
        .take(known)
        .enumerate()
        .map(|(order, (id, name))| {
            json!({
                "id": id,
                "name": name,
                "description": "",
                "deleted": false,
                "skillOrder": order + 1,
                "maxWaitTime": 120,
                "canTransfer": true,
                "skillTransferList": [],
                "skillRoutingConfiguration": [],
                "lobIds": [],
                "workingHoursId": null,
                "fallbackSkill": null,
                "dateUpdated": UPDATED,
            })
        });
    skills.collect()
}

fn groups() -> Vec<Value> {
    let groups = GROUPS.iter().map(|(id, name)| {
        json!({
            "id": id,
            "name": name,
            "description": "",
            // All hang on the first one, the root.
            "parentGroupId": (*id != GROUPS[0].0).then_some(GROUPS[0].0),
            "isEnabled": true,
            "deleted": false,
            "dateUpdated": UPDATED,
        })
    });
    groups.collect()
}

/// The fields that `select` names; those that nobody knows are blank, not an error. A list in
/// parentheses behind a name picks members of that field; here the whole field is given.
fn selected(item: Value, kind: Kind, select: Option<&str>) -> Value {
    let Value::Object(mut fields) = item else {
        return item;
    };
    let Some(select) = select else {
        fields.retain(|name, _| kind.shows(name));
        return Value::Object(fields);
    };
    let mut depth = 0_usize;
    let names: String = select
        .chars()
        .filter(|letter| {
            depth += usize::from(*letter == '(');
            let inside = depth > 0;
            depth = depth.saturating_sub(usize::from(*letter == ')'));
            !inside && !letter.is_whitespace()
        })
        .collect();
    if names.split(',').any(|name| name == "$all") {
        return Value::Object(fields);
    }
    let picked: Map<String, Value> = names
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| {
            let value = fields.remove(name).unwrap_or_else(|| Value::from(""));
            (name.to_owned(), value)
        })
        .collect();
    Value::Object(picked)
}

/// Numbers and booleans as text, as many samples have them.
fn quoted(value: Value) -> Value {
    match value {
        Value::Bool(_) | Value::Number(_) => Value::from(value.to_string()),
        Value::Array(items) => items.into_iter().map(quoted).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, quoted(value)))
            .collect(),
        Value::Null | Value::String(_) => value,
    }
}
