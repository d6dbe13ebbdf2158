//! A small world for the tests of checks and comparison: three agents, everything in order.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    domain::{
        AccountId, Actual, Availability, Capabilities, Capacity, Department, DepartmentId, Desired,
        DesiredAgent, EmailAddress, Identity, MappingNotes, Owner, Presence, Roster, RosterEntry,
        Skill, SkillId, SourceAgent, SourceId, Standing, TargetId, TargetStatus, TargetUser,
        moving::{
            DepartmentLink, Link, Links, Login, MissingEmail, MovePolicy, MoveRules, Origin,
            Removal, Wave,
        },
        rules::Selection,
        target::{Membership, Seats, SettingValue, TargetAgent, TargetDepartment, TargetVersion},
    },
    ports::moving::Believed,
};

/// Names of the agents; their ids are `1`, `2` and `3`.
pub(in crate::migrate) const NAMES: [&str; 3] = ["ada", "bob", "cleo"];

/// All sides, each free to be spoilt by a test.
#[derive(Clone, Debug)]
pub(in crate::migrate) struct World {
    pub(in crate::migrate) agents: Vec<DesiredAgent>,
    /// Roster entries of people who are not among [`World::agents`].
    pub(in crate::migrate) others: Vec<RosterEntry>,
    pub(in crate::migrate) departments: Vec<Department>,
    pub(in crate::migrate) age_seconds: Option<u64>,
    pub(in crate::migrate) quarantined: bool,
    pub(in crate::migrate) capabilities: Capabilities,
    pub(in crate::migrate) users: Vec<TargetUser>,
    pub(in crate::migrate) there: Vec<TargetDepartment>,
    pub(in crate::migrate) memberships: Vec<Membership>,
    pub(in crate::migrate) links: Links,
    pub(in crate::migrate) rules: MoveRules,
}

impl World {
    /// Everybody moved, dark and equal: `ada` in wave `first`, the others in the rest.
    pub(in crate::migrate) fn moved() -> Self {
        let agents: Vec<_> = (1..).zip(NAMES).map(|(id, name)| agent(id, name)).collect();
        let users = agents.iter().map(user).collect();
        let memberships = agents.iter().map(|agent| Membership {
            department: DepartmentId::new("d-sales"),
            user: agent.identity.target_id.clone(),
            username: agent.identity.username.clone(),
            count: 0,
            order: 0,
        });
        let link = |agent: &DesiredAgent| Link {
            source_id: agent.identity.source_id.clone(),
            target_id: agent.identity.target_id.clone(),
            username: agent.identity.username.clone(),
            origin: Origin::Created,
            wave: "rest".to_owned(),
        };
        let links = agents.iter().map(link);
        let sales = DepartmentLink {
            name: "Sales".to_owned(),
            id: DepartmentId::new("d-sales"),
            origin: Origin::Created,
        };
        Self {
            others: Vec::new(),
            departments: vec![Department {
                id: DepartmentId::new("sales"),
                name: "Sales".to_owned(),
            }],
            age_seconds: Some(20),
            quarantined: false,
            capabilities: capabilities(),
            users,
            there: vec![TargetDepartment {
                id: DepartmentId::new("d-sales"),
                name: "Sales".to_owned(),
                enabled: true,
                archived: false,
            }],
            memberships: memberships.collect(),
            links: Links {
                agents: links.map(|link| (link.source_id.clone(), link)).collect(),
                departments: BTreeMap::from([("Sales".to_owned(), sales)]),
                ..Links::default()
            },
            rules: rules(),
            agents,
        }
    }

    /// Nobody moved yet, and nothing of ours there.
    pub(in crate::migrate) fn fresh() -> Self {
        Self {
            users: Vec::new(),
            there: Vec::new(),
            memberships: Vec::new(),
            links: Links::default(),
            ..Self::moved()
        }
    }

    pub(in crate::migrate) fn believed(&self) -> Believed {
        let entries = self.agents.iter().map(|agent| Arc::clone(&agent.believed));
        let others = self.others.iter().cloned().map(Arc::new);
        Believed {
            account: AccountId::new("12345678"),
            roster: Roster::new(entries.chain(others).collect()),
            desired: Desired {
                agents: self.agents.iter().cloned().map(Arc::new).collect(),
                departments: self.departments.clone(),
                notes: MappingNotes::default(),
            },
            age_seconds: self.age_seconds,
            quarantined: self.quarantined,
        }
    }

    pub(in crate::migrate) fn actual(&self) -> Actual {
        Actual::new(
            self.capabilities.clone(),
            self.users.clone(),
            self.there.clone(),
            self.memberships.clone(),
        )
    }

    /// Changes what the source said about an agent.
    pub(in crate::migrate) fn believe(
        &mut self,
        place: usize,
        change: impl FnOnce(&mut RosterEntry),
    ) {
        change(Arc::make_mut(&mut self.agents[place].believed));
    }

    /// Gives an agent's availability to somebody.
    pub(in crate::migrate) fn own(&mut self, place: usize, owner: Owner) {
        self.believe(place, |entry| entry.owner = owner);
    }

    /// The agent's side of a user.
    pub(in crate::migrate) fn there(&mut self, place: usize) -> &mut TargetAgent {
        self.users[place].agent.get_or_insert_default()
    }

    /// Sets a switch of the target.
    pub(in crate::migrate) fn switch(&mut self, id: &str, on: bool) {
        let settings = &mut self.capabilities.settings;
        settings.insert(id.to_owned(), SettingValue::Flag(on));
    }

    /// Sets a text of the target.
    pub(in crate::migrate) fn say(&mut self, id: &str, text: &str) {
        let settings = &mut self.capabilities.settings;
        settings.insert(id.to_owned(), SettingValue::Text(text.to_owned()));
    }
}

/// An entry of the roster.
pub(in crate::migrate) fn entry(id: u32, name: &str) -> RosterEntry {
    RosterEntry {
        agent: SourceAgent {
            id: SourceId::new(id.to_string()),
            login: Some(name.to_owned()),
            display_name: Some(name.to_uppercase()),
            email: Some(format!("{name}@example.org")),
            presence: Presence::Online,
            voice: Presence::Offline,
            capacity: Capacity::Limited(4),
            load: 0,
            skills: vec![Skill {
                id: SkillId::new("77"),
                name: Some("Selling".to_owned()),
            }],
            group_id: None,
            group_name: None,
            privilege_group: None,
        },
        standing: Standing::Present,
        owner: Owner::Source,
    }
}

fn agent(id: u32, name: &str) -> DesiredAgent {
    DesiredAgent {
        believed: Arc::new(entry(id, name)),
        identity: Arc::new(Identity {
            formerly: None,
            source_id: SourceId::new(id.to_string()),
            target_id: TargetId::new(format!("u-{name}")),
            username: name.to_owned(),
        }),
        name: name.to_uppercase(),
        emails: vec![EmailAddress {
            address: format!("{name}@example.org"),
            verified: true,
        }],
        roles: vec!["livechat-agent".to_owned()],
        departments: vec![DepartmentId::new("sales")],
        limit: Some(4),
        availability: Availability {
            status: TargetStatus::Online,
            new_chats: true,
            transfers: true,
        },
        custom_fields: BTreeMap::from([("lpAgentId".to_owned(), id.to_string())]),
    }
}

/// The user who is exactly as the agent wants it: dark, with a client connected.
fn user(agent: &DesiredAgent) -> TargetUser {
    TargetUser {
        id: agent.identity.target_id.clone(),
        username: agent.identity.username.clone(),
        name: agent.name.clone(),
        emails: agent.emails.clone(),
        roles: vec!["livechat-agent".to_owned(), "user".to_owned()],
        active: true,
        person: true,
        custom_fields: agent.custom_fields.clone(),
        agent: Some(TargetAgent {
            available: false,
            connected: true,
            limit: agent.limit,
        }),
    }
}

fn capabilities() -> Capabilities {
    let text = |text: &str| SettingValue::Text(text.to_owned());
    let settings = [
        ("Accounts_AllowedDomainsList", text("")),
        ("Accounts_CustomFields", text(r#"{"lpAgentId":{}}"#)),
        (
            "Accounts_ManuallyApproveNewUsers",
            SettingValue::Flag(false),
        ),
        (
            "Accounts_TwoFactorAuthentication_Enabled",
            SettingValue::Flag(true),
        ),
        ("Livechat_Routing_Method", text("Auto_Selection")),
        ("Livechat_enable_business_hours", SettingValue::Flag(false)),
        ("UTF8_User_Names_Validation", text("[0-9a-zA-Z-_.]+")),
    ];
    let settings = settings.map(|(id, value)| (id.to_owned(), value));
    let roles = ["admin", "livechat-agent", "user"].map(str::to_owned);
    Capabilities {
        version: TargetVersion {
            major: 7,
            minor: 10,
            patch: 2,
        },
        me: TargetId::new("u-bridge"),
        my_username: "bridge".to_owned(),
        my_roles: vec!["admin".to_owned()],
        missing_rights: Some(Vec::new()),
        rate_limited: false,
        seats: Some(Seats {
            limit: Some(50),
            used: 10,
        }),
        paid_omnichannel: Some(true),
        may_create_departments: Some(true),
        settings: BTreeMap::from(settings),
        roles: Some(roles.to_vec()),
    }
}

fn rules() -> MoveRules {
    let wave = Wave {
        name: "first".to_owned(),
        include: Selection {
            logins: vec!["ada".to_owned()],
            ..Selection::default()
        },
    };
    MoveRules {
        policy: MovePolicy::Sync,
        login: Login::Sso,
        missing_email: MissingEmail::Skip,
        removal: Removal::NotAvailable,
        waves: vec![wave],
        department_email: "{name}@departments.example.org".to_owned(),
        show_on_registration: false,
        single_department: None,
        protected_users: Vec::new(),
        protected_roles: vec!["admin".to_owned()],
        agent_role: "livechat-agent".to_owned(),
        managed_roles: vec!["livechat-agent".to_owned(), "livechat-manager".to_owned()],
        id_field: "lpAgentId".to_owned(),
        custom_fields: vec!["lpAgentId".to_owned()],
    }
}
