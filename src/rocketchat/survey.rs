//! Reading everything that a plan needs (admin contract §2.5, §3.1).

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};

use super::{
    RocketChat,
    fault::Failed,
    pages::{self, DEPARTMENTS, MEMBERS, USERS},
    route::{Call, Route},
    shape::{AGENT, Agent, Department, Member, User},
};
use crate::{
    domain::{Actual, Capabilities, DepartmentId, TargetUser, target::Membership},
    ports::TargetError,
};

impl RocketChat {
    /// `Target::survey`.
    pub(super) async fn look(&self) -> Result<Actual, TargetError> {
        let capabilities = Box::pin(self.able()).await?;
        let (users, agents, departments) =
            tokio::try_join!(self.users(), self.agents(), self.departments())?;
        let (users, memberships) = tokio::try_join!(
            self.people(&capabilities, users, agents),
            self.memberships(&departments),
        )?;
        let departments = departments.into_iter().map(Department::into_domain);
        let departments = departments.collect();
        Ok(Actual::new(capabilities, users, departments, memberships))
    }

    async fn users(&self) -> Result<Vec<User>, Failed> {
        let call = || Call::new(Route::UserList, "list the users");
        pages::read(&self.line, USERS, call).await
    }

    async fn agents(&self) -> Result<Vec<Agent>, Failed> {
        let call = || {
            Call::new(Route::OfficeList, "list the agents")
                .part("agent")
                .ask("showIdleAgents", "true")
        };
        pages::read(&self.line, USERS, call).await
    }

    /// Live and archived ones. One that is archived between the two lists is in both.
    async fn departments(&self) -> Result<Vec<Department>, Failed> {
        let live = || Call::new(Route::DepartmentList, "list the departments");
        let archived = || Call::new(Route::DepartmentArchived, "list the archived departments");
        let live: Vec<Department> = pages::read(&self.line, DEPARTMENTS, live).await?;
        let archived: Vec<Department> = pages::read(&self.line, DEPARTMENTS, archived).await?;
        // The later word counts, and each once: their members are read by these.
        let both = live.into_iter().chain(archived);
        let both = both.map(|department| (department.id.clone(), department));
        let both: BTreeMap<_, _> = both.collect();
        Ok(both.into_values().collect())
    }

    async fn memberships(&self, departments: &[Department]) -> Result<Vec<Membership>, Failed> {
        let reading = departments.iter().map(|one| self.memberships_of(one));
        let reading: Vec<_> = reading.collect();
        let mut reading = stream::iter(reading).buffer_unordered(self.line.in_flight);
        let mut memberships = Vec::new();
        while let Some(members) = reading.next().await {
            memberships.extend(members?);
        }
        Ok(memberships)
    }

    async fn memberships_of(&self, department: &Department) -> Result<Vec<Membership>, Failed> {
        let members = self.members(&department.id, &department.name).await?;
        let id = DepartmentId::new(department.id.clone());
        let members = members.into_iter().map(|member| member.into_domain(&id));
        Ok(members.collect())
    }

    /// The members of one department.
    pub(super) async fn members(&self, id: &str, name: &str) -> Result<Vec<Member>, Failed> {
        let call = || {
            let doing = format!("list the members of department {name}");
            Call::new(Route::MemberList, doing).part(id)
        };
        pages::read(&self.line, MEMBERS, call).await
    }

    /// Joins users and agents, and reads one by one what the lists leave out.
    async fn people(
        &self,
        able: &Capabilities,
        users: Vec<User>,
        agents: Vec<Agent>,
    ) -> Result<Vec<TargetUser>, Failed> {
        let mut agents: BTreeMap<String, Agent> = agents
            .into_iter()
            .map(|agent| (agent.id.clone(), agent))
            .collect();
        // Who became an agent or came after the list of users was read.
        let known: BTreeSet<&str> = users.iter().map(|user| user.id.as_str()).collect();
        let mut late: Vec<(String, Agent)> = Vec::new();
        agents.retain(|id, agent| {
            let is_known = known.contains(id.as_str());
            if !is_known {
                late.push((id.clone(), agent.clone()));
            }
            is_known
        });
        let details = wants_details(able, &users);
        let limited = able.rate_limited;
        // Made one by one: a future for each of some thousand users would be large.
        let reading = users.into_iter().map(|user| {
            let agent = agents.remove(&user.id);
            let is_agent = agent.is_some() || user.has_role(AGENT);
            // At ten calls a minute only those are read whom a move is about.
            let whole = details && (is_agent || !limited);
            self.person(user, agent, (whole, is_agent))
        });
        let mut reading = stream::iter(reading).buffer_unordered(self.line.in_flight);
        let mut people = Vec::new();
        while let Some(person) = reading.next().await {
            people.push(person?);
        }
        for (id, agent) in late {
            if let Some(user) = self.user_by_id(&id, "an agent").await? {
                people.push(user.into_domain(Some(agent.into_domain())));
            }
        }
        Ok(people)
    }

    async fn person(
        &self,
        mut user: User,
        agent: Option<Agent>,
        (whole, is_agent): (bool, bool),
    ) -> Result<TargetUser, Failed> {
        let name = user.username.clone().unwrap_or_default();
        if whole && let Some(found) = self.user_by_id(&user.id, &name).await? {
            user.custom_fields = found.custom_fields;
        }
        let agent = match agent {
            None if is_agent => self.agent(&user.id, &name).await?,
            known => known,
        };
        Ok(user.into_domain(agent.map(Agent::into_domain)))
    }
}

/// Whether users must be read one by one: their lists may not show custom fields at all.
fn wants_details(able: &Capabilities, users: &[User]) -> bool {
    let defined = able.text("Accounts_CustomFields");
    let none = defined.is_some_and(|text| matches!(text.trim(), "" | "{}"));
    !none && users.iter().all(|user| user.custom_fields.is_none())
}
