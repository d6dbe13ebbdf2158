//! Departments and memberships: look-ups, and the only ways to change them.

use super::{SimDepartment, SimMember, World};

impl World {
    pub(in crate::sim::rocketchat) fn department(&self, id: &str) -> Option<&SimDepartment> {
        self.departments.get(id)
    }

    /// All departments, by id.
    pub(in crate::sim::rocketchat) fn departments(&self) -> impl Iterator<Item = &SimDepartment> {
        self.departments.values()
    }

    /// Stores a department, new or not, and tells its members whether it is enabled.
    pub(in crate::sim::rocketchat) fn put_department(&mut self, mut department: SimDepartment) {
        let id = department.id.clone();
        if self.departments.get(&id) == Some(&department) {
            return;
        }
        self.changed = true;
        department.updated_at = self.now;
        let (enabled, agents) = (department.enabled, self.agents_of(&id));
        department.agents = agents.len() as u64;
        for agent in agents {
            if let Some(member) = self.members.get_mut(&(id.clone(), agent)) {
                member.department_enabled = enabled;
            }
        }
        self.departments.insert(id, department);
    }

    /// Deletes a department and its memberships.
    pub(in crate::sim::rocketchat) fn delete_department(&mut self, id: &str) {
        for agent in self.agents_of(id) {
            self.leave(&agent, id);
        }
        self.changed |= self.departments.remove(id).is_some();
    }

    pub(in crate::sim::rocketchat) fn member(
        &self,
        agent: &str,
        department: &str,
    ) -> Option<&SimMember> {
        let key = (department.to_owned(), agent.to_owned());
        self.members.get(&key)
    }

    /// The members of a department, by agent id.
    pub(in crate::sim::rocketchat) fn members_of(
        &self,
        department: &str,
    ) -> impl Iterator<Item = &SimMember> {
        let first = (department.to_owned(), String::new());
        let department = department.to_owned();
        self.members
            .range(first..)
            .take_while(move |((of, _), _)| *of == department)
            .map(|(_, member)| member)
    }

    /// The memberships of an agent, by department id.
    pub(in crate::sim::rocketchat) fn memberships(
        &self,
        agent: &str,
    ) -> impl Iterator<Item = &SimMember> {
        let departments = self.of_agent.get(agent).into_iter().flatten();
        departments.filter_map(move |department| self.member(agent, department))
    }

    /// All memberships, by department and agent id.
    pub(in crate::sim::rocketchat) fn all_members(&self) -> impl Iterator<Item = &SimMember> {
        self.members.values()
    }

    /// Writes a membership with exactly these counters. An unknown user is skipped silently, and
    /// so is an unknown department (contract §3.5). Who is no agent is stored all the same.
    pub(in crate::sim::rocketchat) fn join(
        &mut self,
        agent: &str,
        department: &str,
        (count, order): (i64, i64),
    ) {
        let Some(username) = self.user(agent).map(|user| user.username.clone()) else {
            return;
        };
        let Some(enabled) = self.departments.get(department).map(|found| found.enabled) else {
            return;
        };
        let key = (department.to_owned(), agent.to_owned());
        let (old, now) = (self.members.get(&key).cloned(), self.now);
        let new = match &old {
            Some(old) => SimMember {
                username,
                count,
                order,
                department_enabled: enabled,
                ..old.clone()
            },
            None => SimMember {
                id: self.new_id(),
                agent_id: agent.to_owned(),
                username,
                department_id: department.to_owned(),
                count,
                order,
                department_enabled: enabled,
                updated_at: now,
            },
        };
        if old.is_none() {
            let departments = self.of_agent.entry(agent.to_owned()).or_default();
            departments.insert(department.to_owned());
            self.count_agents(department, 1);
        }
        if old.as_ref() != Some(&new) {
            self.changed = true;
            self.members.insert(
                key,
                SimMember {
                    updated_at: now,
                    ..new
                },
            );
        }
    }

    /// Ends a membership.
    pub(in crate::sim::rocketchat) fn leave(&mut self, agent: &str, department: &str) {
        let key = (department.to_owned(), agent.to_owned());
        if self.members.remove(&key).is_none() {
            return;
        }
        self.changed = true;
        if let Some(departments) = self.of_agent.get_mut(agent) {
            departments.remove(department);
        }
        self.count_agents(department, -1);
    }

    /// Ends all memberships of an agent.
    pub(in crate::sim::rocketchat) fn leave_all(&mut self, agent: &str) {
        let departments = self.of_agent.get(agent).cloned().unwrap_or_default();
        for department in departments {
            self.leave(agent, &department);
        }
    }

    fn agents_of(&self, department: &str) -> Vec<String> {
        let members = self.members_of(department);
        members.map(|member| member.agent_id.clone()).collect()
    }

    fn count_agents(&mut self, department: &str, by: i64) {
        if let Some(department) = self.departments.get_mut(department) {
            department.agents = department.agents.saturating_add_signed(by);
        }
    }
}
