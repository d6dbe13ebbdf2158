//! One agent on all three sides, field by field.

use std::collections::{BTreeMap, BTreeSet};

use super::{routable, wanted::Wanted};
use crate::{
    domain::{Actual, Capacity, DepartmentId, Owner, TargetUser, moving::MoveRules},
    migrate::wire::{Difference, PersonLine},
};

/// What everybody is compared with.
pub(super) struct Sides<'a> {
    pub(super) actual: &'a Actual,
    /// Ids of the departments that mapping knows or that are ours, by name.
    pub(super) departments: BTreeMap<&'a str, &'a DepartmentId>,
    pub(super) rules: &'a MoveRules,
    pub(super) acknowledged: BTreeSet<&'a str>,
    /// Whether everybody should be cut over by now.
    pub(super) cut_over: bool,
    /// Ids of departments by user.
    pub(super) memberships: super::Memberships<'a>,
}

/// Compares one agent.
pub(super) fn compare(one: &Wanted<'_>, sides: &Sides<'_>) -> PersonLine {
    let mut found = Found {
        sides,
        differences: Vec::new(),
    };
    identity(one, &mut found);
    if let Some(user) = one.user {
        facts(one, user, &mut found);
        roles(one, user, &mut found);
        departments(one, user, &mut found);
        as_an_agent(one, user, &mut found);
        custom_fields(one, user, &mut found);
    }
    let differences = found.differences;
    let why_not = routable::why_not(
        one.user,
        Some(one.agent),
        &sides.actual.capabilities,
        &sides.rules.agent_role,
    );
    PersonLine {
        source_id: one.agent.identity.source_id.as_str().to_owned(),
        username: one.username().to_owned(),
        name: one.agent.writable_name().into_owned(),
        wave: one.wave.to_owned(),
        owner: one.agent.owner().word().to_owned(),
        result: result(&differences).to_owned(),
        routable: why_not.is_empty(),
        why_not,
        differences,
    }
}

/// The word for how somebody stands who differs in this.
pub(super) fn result(differences: &[Difference]) -> &'static str {
    if differences.is_empty() {
        "equal"
    } else if differences
        .iter()
        .all(|one| !one.acknowledged_as.is_empty())
    {
        "acknowledged"
    } else {
        "different"
    }
}

/// Differences on their way into a line.
pub(super) struct Found<'a, 's> {
    pub(super) sides: &'a Sides<'s>,
    pub(super) differences: Vec<Difference>,
}

impl Found<'_, '_> {
    /// Notes a difference. `warning` names the check whose acknowledgement covers it too; empty
    /// when none does.
    pub(super) fn note(&mut self, field: &str, texts: [&str; 3], warning: &str) {
        let own = acknowledgement(field);
        let names = [warning, &own];
        let known = |name: &&&str| self.sides.acknowledged.contains(**name);
        let acknowledged_as = names.iter().find(known).map_or("", |name| name).to_owned();
        let [source, bridge, target] = texts.map(|text| match text {
            "" => "-".to_owned(),
            text => text.to_owned(),
        });
        self.differences.push(Difference {
            field: field.to_owned(),
            source,
            bridge,
            target,
            acknowledged_as,
        });
    }
}

/// What the names begin with under which differences are acknowledged.
pub const FIELDS: &str = "verify:";

/// The name under which every difference of a field is acknowledged: `verify:id-field`.
pub fn acknowledgement(field: &str) -> String {
    format!("{FIELDS}{}", field.replace(' ', "-"))
}

/// Is there a user, is it ours, and does the bridge call it by its id and name?
fn identity(one: &Wanted<'_>, found: &mut Found<'_, '_>) {
    let source = &one.agent.believed.agent;
    let login = source
        .login
        .as_deref()
        .unwrap_or(one.agent.identity.source_id.as_str());
    let actual = found.sides.actual;
    let mut note = |target: &str| found.note("user", [login, one.username(), target], "");
    let Some(link) = one.link else {
        let by_email = one.email.as_ref();
        let by_email = by_email
            .and_then(|email| actual.user_with_email(&email.text))
            .map(|user| user.username.as_str());
        return match (one.user.or(one.namesake), by_email) {
            (Some(user), _) if one.user.is_some() => note(&format!(
                "{} carries the agent's id, and is not linked yet",
                user.username
            )),
            (Some(user), _) => note(&format!("{}, who is not ours", user.username)),
            (None, Some(name)) => note(&format!("{name} has the address, and is not ours")),
            (None, None) => note("none"),
        };
    };
    let Some(user) = one.user else {
        return note(&format!("gone; it was {}", link.username));
    };
    if user.username != one.username() {
        note(&user.username);
    } else if one.agent.identity.target_id != user.id {
        let bridge = format!("{} as {}", one.username(), one.agent.identity.target_id);
        let target = format!("{} as {}", user.username, user.id);
        found.note("user", [login, &bridge, &target], "");
    }
}

fn facts(one: &Wanted<'_>, user: &TargetUser, found: &mut Found<'_, '_>) {
    let agent = &one.agent.believed.agent;
    let name = one.agent.writable_name();
    if user.name != name {
        let source = agent.display_name.as_deref().unwrap_or_default();
        found.note("name", [source, &name, &user.name], "");
    }
    if let Some(email) = &one.email {
        let first = user.emails.first().map(|email| email.address.as_str());
        let same = first.is_some_and(|first| first.to_lowercase() == email.folded());
        if !same {
            let source = agent.email.as_deref().unwrap_or_default();
            let texts = [source, &email.text, first.unwrap_or_default()];
            found.note("email", texts, "");
        }
    }
    if !user.active {
        found.note("active", ["yes", "yes", "no"], "");
    }
}

/// Roles that are missing, and roles of ours that are too many. Other roles are none of our
/// business.
fn roles(one: &Wanted<'_>, user: &TargetUser, found: &mut Found<'_, '_>) {
    let managed = &found.sides.rules.managed_roles;
    let wanted: BTreeSet<_> = one.agent.roles.iter().map(String::as_str).collect();
    let ours = user.roles.iter().map(String::as_str);
    let ours: BTreeSet<_> = ours
        .filter(|role| wanted.contains(role) || managed.iter().any(|one| one == role))
        .collect();
    if wanted != ours {
        let groups = [
            &one.agent.believed.agent.group_name,
            &one.agent.believed.agent.privilege_group,
        ];
        let groups: Vec<_> = groups.into_iter().flatten().map(String::as_str).collect();
        let texts = [&*groups.join(", "), &*listed(wanted), &*listed(ours)];
        found.note("roles", texts, "");
    }
}

/// Departments that are missing, and those that mapping knows and does not put him in. Whatever only
/// shares a name with the one that is meant is another department, and none of our business.
fn departments(one: &Wanted<'_>, user: &TargetUser, found: &mut Found<'_, '_>) {
    let known = &found.sides.departments;
    let member_of = found.sides.memberships.of(&user.id);
    let wanted: BTreeSet<_> = one.departments.iter().copied().collect();
    let meant: BTreeSet<_> = wanted.iter().filter_map(|name| known.get(name)).collect();
    // Two names may mean one department.
    let there = known.iter().filter(|(name, id)| {
        member_of.contains(*id) && (wanted.contains(*name) || !meant.contains(id))
    });
    let there: BTreeSet<_> = there.map(|(name, _)| *name).collect();
    if wanted != there {
        let skills = one.agent.believed.agent.skills.iter();
        let skills: Vec<_> = skills
            .map(|skill| skill.name.as_deref().unwrap_or(skill.id.as_str()))
            .collect();
        let texts = [&*skills.join(", "), &*listed(wanted), &*listed(there)];
        found.note("departments", texts, "");
    }
}

/// The limit, and availability by its owner.
fn as_an_agent(one: &Wanted<'_>, user: &TargetUser, found: &mut Found<'_, '_>) {
    let there = user.agent.as_ref();
    let limit = there.and_then(|agent| agent.limit);
    let number = |limit: Option<u32>| limit.map_or("none".to_owned(), |limit| limit.to_string());
    if limit != one.agent.limit {
        let source = match one.agent.capacity() {
            Capacity::Unlimited => "unlimited".to_owned(),
            Capacity::Limited(chats) => chats.to_string(),
        };
        // Where limits have no effect it does not matter that one is missing.
        let warning = match found.sides.actual.capabilities.paid_omnichannel {
            Some(false) => "limits-without-effect",
            Some(true) | None => "",
        };
        let texts = [&*source, &*number(one.agent.limit), &*number(limit)];
        found.note("limit", texts, warning);
    }
    let available = there.is_some_and(|agent| agent.available);
    let shown = if available {
        "available"
    } else {
        "not available"
    };
    let presence = one.agent.believed.agent.presence.word();
    // What is the target's, in part or whole, moves by itself and is never a difference.
    match one.agent.owner() {
        Owner::Source | Owner::Both if found.sides.cut_over => {
            let bridge = "decided by Rocket.Chat, after the cut-over";
            found.note("availability", [presence, bridge, shown], "");
        }
        Owner::Source if available => {
            let bridge = "not available until the cut-over";
            found.note("availability", [presence, bridge, shown], "");
        }
        Owner::Source | Owner::Target | Owner::Both => {}
    }
}

/// The source's id as a field of its own, the other fields together.
fn custom_fields(one: &Wanted<'_>, user: &TargetUser, found: &mut Found<'_, '_>) {
    let rules = found.sides.rules;
    let id = one.agent.identity.source_id.as_str();
    if !rules.id_field.is_empty() {
        let there = user.custom_fields.get(&rules.id_field);
        let there = there.map_or("", String::as_str);
        if there != id {
            found.note("id field", [id, id, there], "custom-fields");
        }
    }
    let others = rules.custom_fields.iter();
    let others = others
        .filter(|name| **name != rules.id_field)
        .filter(|name| {
            let wanted = one.agent.custom_fields.get(*name);
            wanted.is_some() && wanted != user.custom_fields.get(*name)
        });
    let differing: Vec<_> = others.collect();
    if !differing.is_empty() {
        let text = |fields: &BTreeMap<String, String>| {
            let value = |name: &&String| fields.get(*name).map_or("-", String::as_str);
            let pairs = differing.iter();
            let pairs = pairs.map(|name| format!("{name}={}", value(name)));
            pairs.collect::<Vec<_>>().join(", ")
        };
        let wanted = text(&one.agent.custom_fields);
        let texts = [&*wanted, &*wanted, &*text(&user.custom_fields)];
        found.note("custom fields", texts, "custom-fields");
    }
}

fn listed(names: BTreeSet<&str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
