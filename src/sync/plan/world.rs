//! Worlds small enough to reason about: agents, users, departments and rules, built in a line each.

use std::{collections::BTreeMap, sync::Arc};

use super::{Facts, Plan, plan, waves::of_anybody};
use crate::domain::{
    Actual, Availability, Capabilities, Capacity, Department, DepartmentId, Desired, DesiredAgent,
    EmailAddress, Identity, Owner, Presence, Roster, RosterEntry, SourceAgent, SourceId, Standing,
    TargetId, TargetStatus, TargetUser, Timestamp, Waves,
    moving::{
        Link, Links, Login, MissingEmail, MovePolicy, MoveRules, Origin, Removal, Scope, Wave,
    },
    rules::Selection,
    target::{Membership, SettingValue, TargetAgent, TargetDepartment},
};

pub(crate) const ROLE: &str = "livechat-agent";
pub(crate) const FIELDS: &str = "Accounts_CustomFields";

/// Both sides, what is ours, and the rules.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) entries: BTreeMap<SourceId, RosterEntry>,
    pub(crate) desired: Vec<DesiredAgent>,
    pub(crate) departments: Vec<Department>,
    pub(crate) actual: Actual,
    pub(crate) links: Links,
    pub(crate) rules: MoveRules,
}

pub(crate) fn rules() -> MoveRules {
    let wave = |name: &str, group: &str| Wave {
        name: name.to_owned(),
        include: Selection {
            groups: vec![group.to_owned()],
            ..Selection::default()
        },
    };
    MoveRules {
        policy: MovePolicy::Sync,
        login: Login::Sso,
        missing_email: MissingEmail::Skip,
        removal: Removal::NotAvailable,
        waves: vec![wave("first", "1"), wave("second", "2")],
        department_email: "{name}@departments.example.org".to_owned(),
        show_on_registration: false,
        single_department: None,
        protected_users: vec!["Root".to_owned()],
        protected_roles: vec!["admin".to_owned()],
        agent_role: ROLE.to_owned(),
        managed_roles: vec![ROLE.to_owned(), "livechat-manager".to_owned()],
        id_field: "lpAgentId".to_owned(),
        custom_fields: vec!["lpAgentId".to_owned(), "lpAgentGroup".to_owned()],
    }
}

pub(crate) fn scope(wave: &str, cut_over: bool) -> Scope {
    Scope {
        wave: (!wave.is_empty()).then(|| wave.to_owned()),
        cut_over,
    }
}

impl World {
    /// Nobody anywhere; the target defines no custom fields.
    pub(crate) fn new() -> Self {
        let mut capabilities = Capabilities {
            me: TargetId::new("me"),
            ..Capabilities::default()
        };
        let none = SettingValue::Text(String::new());
        capabilities.settings.insert(FIELDS.to_owned(), none);
        Self {
            entries: BTreeMap::new(),
            desired: Vec::new(),
            departments: Vec::new(),
            actual: Actual::new(capabilities, Vec::new(), Vec::new(), Vec::new()),
            links: Links::default(),
            rules: rules(),
        }
    }

    /// An agent called `name` with that id, in these departments, in group 1.
    pub(crate) fn agent(self, id: &str, name: &str, departments: &str) -> Self {
        self.agent_with(id, name, departments, |_| {})
    }

    /// The same with a difference.
    pub(crate) fn agent_with(
        mut self,
        id: &str,
        name: &str,
        departments: &str,
        change: impl FnOnce(&mut DesiredAgent),
    ) -> Self {
        let mut agent = person(id, name, departments);
        change(&mut agent);
        for name in departments.split_whitespace() {
            let id = DepartmentId::new(format!("derived-{name}"));
            if !self.departments.iter().any(|one| one.id == id) {
                let name = name.to_owned();
                self.departments.push(Department { id, name });
            }
        }
        self.departments.sort();
        self.entries
            .insert(SourceId::new(id), (*agent.believed).clone());
        self.desired.push(agent);
        self.desired
            .sort_by(|a, b| a.identity.source_id.cmp(&b.identity.source_id));
        self
    }

    pub(crate) fn rule(mut self, change: impl FnOnce(&mut MoveRules)) -> Self {
        change(&mut self.rules);
        self
    }

    /// A user there with id `u-name`, not ours.
    pub(crate) fn user(mut self, name: &str, change: impl FnOnce(&mut TargetUser)) -> Self {
        let mut one = user(name);
        change(&mut one);
        self.rebuild(|parts| parts.users.push(one));
        self
    }

    /// A department there.
    pub(crate) fn department(mut self, id: &str, name: &str, open: bool) -> Self {
        self.rebuild(|parts| {
            parts.departments.push(TargetDepartment {
                id: DepartmentId::new(id),
                name: name.to_owned(),
                enabled: open,
                archived: !open,
            });
        });
        self
    }

    pub(crate) fn member(mut self, department: &str, name: &str, count: i64) -> Self {
        self.rebuild(|parts| {
            parts.memberships.push(Membership {
                department: DepartmentId::new(department),
                user: TargetId::new(format!("u-{name}")),
                username: name.to_owned(),
                count,
                order: 3,
            });
        });
        self
    }

    /// The user of that name is that agent's.
    pub(crate) fn link(mut self, id: &str, name: &str) -> Self {
        self.links.agents.insert(
            SourceId::new(id),
            Link {
                source_id: SourceId::new(id),
                target_id: TargetId::new(format!("u-{name}")),
                username: name.to_owned(),
                origin: Origin::Adopted,
                wave: "first".to_owned(),
            },
        );
        self
    }

    /// The agent takes no part any more; `gone` when the source no longer has him.
    pub(crate) fn leaves(&mut self, id: &str, gone: bool) {
        let id = SourceId::new(id);
        self.desired.retain(|one| one.identity.source_id != id);
        if gone && let Some(entry) = self.entries.get_mut(&id) {
            let since = Timestamp::from_millis(7);
            entry.standing = Standing::Gone { since };
        }
    }

    pub(crate) fn change(&mut self, name: &str, change: impl FnOnce(&mut TargetUser)) {
        let id = self.actual.user_named(name).unwrap().id.clone();
        self.rebuild(|parts| change(parts.user(&id)));
    }

    pub(crate) fn find(&self, name: &str) -> &TargetUser {
        self.actual.user_named(name).unwrap()
    }

    /// `count` of somebody in a department.
    pub(crate) fn count(&self, department: &str, name: &str) -> Option<i64> {
        let mut named = self.actual.departments_named(department);
        let members = self.actual.members(&named.next()?.id);
        let found = members.iter().find(|one| one.username == name);
        found.map(|one| one.count)
    }

    pub(crate) fn roster(&self) -> Roster {
        Roster::new(self.entries.values().cloned().map(Arc::new).collect())
    }

    /// Asks something with the facts of the moment.
    pub(crate) fn ask<T>(&self, ask: impl FnOnce(&Facts<'_>) -> T) -> T {
        let roster = self.roster();
        let mut agents = self.desired.clone();
        for agent in &mut agents {
            if let Some(entry) = roster.get(&agent.identity.source_id) {
                agent.believed = Arc::clone(entry);
            }
        }
        let desired = Desired {
            agents: agents.into_iter().map(Arc::new).collect(),
            departments: self.departments.clone(),
            ..Desired::default()
        };
        ask(&Facts {
            roster: &roster,
            desired: &desired,
            actual: &self.actual,
            links: &self.links,
            rules: &self.rules,
        })
    }

    pub(crate) fn wave_of(&self, id: &SourceId) -> Option<String> {
        self.ask(|facts| of_anybody(&Waves::new(facts.rules), facts, id))
    }

    pub(crate) fn plan(&self, scope: &Scope) -> Plan {
        self.ask(|facts| plan(facts, scope))
    }

    pub(super) fn rebuild(&mut self, change: impl FnOnce(&mut Parts)) {
        let mut parts = Parts {
            users: self.actual.users().to_vec(),
            departments: self.actual.departments().to_vec(),
            memberships: self.actual.memberships().to_vec(),
        };
        change(&mut parts);
        let capabilities = self.actual.capabilities.clone();
        self.actual = Actual::new(
            capabilities,
            parts.users,
            parts.departments,
            parts.memberships,
        );
    }
}

pub(super) struct Parts {
    pub(super) users: Vec<TargetUser>,
    pub(super) departments: Vec<TargetDepartment>,
    pub(super) memberships: Vec<Membership>,
}

impl Parts {
    pub(super) fn user(&mut self, id: &TargetId) -> &mut TargetUser {
        self.users.iter_mut().find(|one| one.id == *id).unwrap()
    }
}

/// An active person there who is no agent.
pub(super) fn user(name: &str) -> TargetUser {
    TargetUser {
        id: TargetId::new(format!("u-{name}")),
        username: name.to_owned(),
        name: name.to_owned(),
        emails: addresses(&format!("{name}@example.org"), true),
        roles: vec!["user".to_owned()],
        active: true,
        person: true,
        ..TargetUser::default()
    }
}

/// Makes a user an agent.
pub(crate) fn as_agent(user: &mut TargetUser, available: bool, limit: Option<u32>) {
    user.roles.insert(0, ROLE.to_owned());
    user.agent = Some(TargetAgent {
        available,
        connected: false,
        limit,
    });
}

pub(crate) fn addresses(address: &str, verified: bool) -> Vec<EmailAddress> {
    let mut addresses = Vec::new();
    if !address.is_empty() {
        let address = address.to_owned();
        addresses.push(EmailAddress { address, verified });
    }
    addresses
}

/// An agent of the source as mapping would give him.
fn person(id: &str, name: &str, departments: &str) -> DesiredAgent {
    let source_id = SourceId::new(id);
    let departments = departments.split_whitespace();
    DesiredAgent {
        believed: Arc::new(RosterEntry {
            agent: SourceAgent {
                id: source_id.clone(),
                login: Some(name.to_owned()),
                display_name: Some(name.to_owned()),
                email: Some(format!("{name}@example.org")),
                presence: Presence::Online,
                voice: Presence::Unknown,
                capacity: Capacity::Unlimited,
                load: 0,
                skills: Vec::new(),
                group_id: Some("1".to_owned()),
                group_name: None,
                privilege_group: None,
            },
            standing: Standing::Present,
            owner: Owner::Source,
        }),
        identity: Arc::new(Identity {
            formerly: None,
            target_id: TargetId::new(format!("derived-{id}")),
            source_id,
            username: name.to_owned(),
        }),
        name: name.to_owned(),
        emails: addresses(&format!("{name}@example.org"), true),
        roles: vec![ROLE.to_owned()],
        departments: departments
            .map(|name| DepartmentId::new(format!("derived-{name}")))
            .collect(),
        limit: None,
        availability: Availability {
            status: TargetStatus::Online,
            new_chats: true,
            transfers: true,
        },
        custom_fields: BTreeMap::from([("lpAgentId".to_owned(), id.to_owned())]),
    }
}

/// Changes what the source says about an agent.
pub(crate) fn source(agent: &mut DesiredAgent, change: impl FnOnce(&mut RosterEntry)) {
    change(Arc::make_mut(&mut agent.believed));
}
