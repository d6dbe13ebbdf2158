//! Agents for tests: said in few words, made into a snapshot.

use std::{collections::BTreeMap, sync::Arc};

use crate::domain::{
    Availability, Capacity, Department, DepartmentId, DesiredAgent, Generation, Identity, Owner,
    Presence, RosterEntry, Snapshot, SourceAgent, SourceId, Standing, TargetId, TargetStatus,
    Timestamp,
};

/// An agent as a test says them. The id in the target is `t-` and the name until it is provisioned.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) presence: Presence,
    pub(crate) capacity: Capacity,
    pub(crate) load: u32,
    pub(crate) departments: Vec<&'static str>,
    pub(crate) standing: Standing,
    pub(crate) owner: Owner,
    pub(crate) provisioned: Option<&'static str>,
}

/// Every department that tests know.
pub(crate) const DEPARTMENTS: [&str; 3] = ["billing", "empty", "sales"];

/// Online, four chats at once, none now, in no department.
pub(crate) fn person(name: &str) -> Person {
    Person {
        name: name.to_owned(),
        presence: Presence::Online,
        capacity: Capacity::Limited(4),
        load: 0,
        departments: Vec::new(),
        standing: Standing::Present,
        owner: Owner::Source,
        provisioned: None,
    }
}

impl Person {
    pub(crate) fn is(mut self, presence: Presence) -> Self {
        self.presence = presence;
        self
    }

    pub(crate) fn chats(mut self, load: u32, limit: u32) -> Self {
        (self.load, self.capacity) = (load, Capacity::Limited(limit));
        self
    }

    pub(crate) fn endless(mut self) -> Self {
        self.capacity = Capacity::Unlimited;
        self
    }

    pub(crate) fn of(mut self, departments: &[&'static str]) -> Self {
        self.departments = departments.to_vec();
        self
    }

    pub(crate) fn stands(mut self, standing: Standing) -> Self {
        self.standing = standing;
        self
    }

    pub(crate) fn owned_by(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self
    }

    pub(crate) fn provisioned(mut self, id: &'static str) -> Self {
        self.provisioned = Some(id);
        self
    }

    fn desired(&self) -> Arc<DesiredAgent> {
        let (status, new_chats, transfers) = match self.presence {
            Presence::Online => (TargetStatus::Online, true, true),
            Presence::Occupied => (TargetStatus::Busy, false, true),
            Presence::Away => (TargetStatus::Away, false, false),
            Presence::Offline | Presence::Unknown => (TargetStatus::Offline, false, false),
        };
        let agent = SourceAgent {
            id: SourceId::new(self.name.as_str()),
            login: Some(self.name.clone()),
            display_name: None,
            email: None,
            presence: self.presence,
            voice: Presence::Unknown,
            capacity: self.capacity,
            load: self.load,
            skills: Vec::new(),
            group_id: None,
            group_name: None,
            privilege_group: None,
        };
        let derived = TargetId::new(format!("t-{}", self.name));
        let (target_id, formerly) = match self.provisioned {
            Some(id) => (TargetId::new(id), Some(derived)),
            None => (derived, None),
        };
        Arc::new(DesiredAgent {
            believed: Arc::new(RosterEntry {
                agent,
                standing: self.standing,
                owner: self.owner,
            }),
            identity: Arc::new(Identity {
                source_id: SourceId::new(self.name.as_str()),
                target_id,
                username: self.name.clone(),
                formerly,
            }),
            name: self.name.clone(),
            emails: Vec::new(),
            roles: Vec::new(),
            departments: self
                .departments
                .iter()
                .map(|d| DepartmentId::new(*d))
                .collect(),
            limit: None,
            availability: Availability {
                status,
                new_chats,
                transfers,
            },
            custom_fields: BTreeMap::new(),
        })
    }
}

/// These people as a snapshot; an answer is the name in brackets.
pub(crate) fn snapshot(people: &[Person]) -> Arc<Snapshot> {
    let departments = DEPARTMENTS.map(|id| Department {
        id: DepartmentId::new(id),
        name: id.to_owned(),
    });
    Arc::new(Snapshot::build(
        Generation(1),
        Some(Timestamp::from_millis(0)),
        &people.iter().map(Person::desired).collect::<Vec<_>>(),
        &departments,
        &|agent, bytes| bytes.extend_from_slice(format!("[{}]", agent.name).as_bytes()),
    ))
}
