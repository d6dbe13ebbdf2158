//! One believed agent in the target's model.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{departments::Departments, identities, participants::Gate, username};
use crate::domain::{
    AccountId, Availability, Capacity, DesiredAgent, EmailAddress, Identity, MappingNotes,
    MappingRules, RosterEntry, SourceAgent, TargetStatus, rules::EmailRules,
};

/// The rules, ready for translating.
pub(super) struct Translator<'a> {
    rules: &'a MappingRules,
    account: &'a AccountId,
    gate: Gate,
    group_roles: Roles<'a>,
    privilege_roles: Roles<'a>,
    pub(super) departments: Departments<'a>,
}

impl<'a> Translator<'a> {
    pub(super) fn new(rules: &'a MappingRules, account: &'a AccountId) -> Self {
        Self {
            rules,
            account,
            gate: Gate::new(&rules.participants),
            group_roles: Roles::new(&rules.group_roles),
            privilege_roles: Roles::new(&rules.privilege_roles),
            departments: Departments::new(&rules.skills, account),
        }
    }

    /// Whether the participants' rules let the agent in.
    pub(super) fn admits(&self, agent: &SourceAgent) -> bool {
        self.gate.admits(agent)
    }

    /// Whether the agent takes no part for want of an e-mail address.
    pub(super) fn lacks_required_email(&self, agent: &SourceAgent) -> bool {
        match self.rules.email {
            EmailRules::Exclude => email(agent).is_none(),
            EmailRules::Leave | EmailRules::Template(_) => false,
        }
    }

    /// What there is to note about an agent who takes part: a pure function of agent and identity,
    /// so that it can be taken back later.
    pub(super) fn remarks(&self, agent: &SourceAgent, identity: &Identity) -> MappingNotes {
        let login = agent.login.as_deref();
        MappingNotes {
            excluded: 0,
            unmapped_skills: self.departments.unmapped(&agent.skills),
            missing_emails: usize::from(email(agent).is_none()),
            name_collisions: usize::from(identities::has_suffix(identity, self.account)),
            names_changed: usize::from(username::needs_change(login, &self.rules.username)),
        }
    }

    /// The agent as the target should show them.
    pub(super) fn translate(
        &mut self,
        entry: &Arc<RosterEntry>,
        identity: Arc<Identity>,
    ) -> DesiredAgent {
        let agent = &entry.agent;
        let shown = [&agent.display_name, &agent.login].into_iter().flatten();
        let shown = shown.map(|text| text.trim()).find(|text| !text.is_empty());
        let (limit, availability) = self.availability(agent);
        DesiredAgent {
            believed: Arc::clone(entry),
            name: shown.unwrap_or(&identity.username).to_owned(),
            emails: self.emails(agent, &identity),
            roles: self.roles(agent),
            departments: self.departments.of(&agent.skills),
            limit,
            availability,
            custom_fields: self.custom_fields(agent),
            identity,
        }
    }

    /// | capacity | limit written | new chats and transfers |
    /// |---|---|---|
    /// | unlimited | none | as the presence says |
    /// | 0 | none: to the target, 0 means "no limit of their own" | no |
    /// | n | n | as the presence says |
    fn availability(&self, agent: &SourceAgent) -> (Option<u32>, Availability) {
        // A presence without a rule is never available.
        let mut availability =
            self.rules
                .states
                .get(&agent.presence)
                .copied()
                .unwrap_or(Availability {
                    status: TargetStatus::Offline,
                    new_chats: false,
                    transfers: false,
                });
        let limit = match agent.capacity {
            Capacity::Unlimited => None,
            Capacity::Limited(0) => {
                availability.new_chats = false;
                availability.transfers = false;
                None
            }
            Capacity::Limited(chats) => Some(chats),
        };
        (limit, availability)
    }

    fn emails(&self, agent: &SourceAgent, identity: &Identity) -> Vec<EmailAddress> {
        let address = match (email(agent), &self.rules.email) {
            (Some(address), _) => address.to_owned(),
            (None, EmailRules::Template(pattern)) => pattern
                .replace("{username}", &identity.username)
                .replace("{id}", agent.id.as_str()),
            (None, EmailRules::Leave | EmailRules::Exclude) => return Vec::new(),
        };
        vec![EmailAddress {
            address,
            verified: true,
        }]
    }

    fn roles(&self, agent: &SourceAgent) -> Vec<String> {
        let of_group =
            [&agent.group_id, &agent.group_name].map(|mark| self.group_roles.of(mark.as_deref()));
        let of_privilege = self.privilege_roles.of(agent.privilege_group.as_deref());
        let mut roles = vec![self.rules.agent_role.as_str()];
        roles.extend(of_group.into_iter().flatten().chain(of_privilege));
        roles.sort_unstable();
        roles.dedup();
        roles.into_iter().map(str::to_owned).collect()
    }

    fn custom_fields(&self, agent: &SourceAgent) -> BTreeMap<String, String> {
        let names = &self.rules.custom_fields;
        let group = agent.group_name.as_deref().or(agent.group_id.as_deref());
        let fields = [
            (&names.source_id, Some(agent.id.as_str())),
            (&names.group, group),
            (&names.privilege_group, agent.privilege_group.as_deref()),
            (&names.voice, Some(agent.voice.word())),
        ];
        let filled = fields.into_iter().filter_map(|(name, value)| {
            let value = value.filter(|_| !name.is_empty())?;
            Some((name.clone(), value.to_owned()))
        });
        filled.collect()
    }
}

/// The address without blanks around it; one of nothing but blanks is none.
fn email(agent: &SourceAgent) -> Option<&str> {
    let address = agent.email.as_deref().map(str::trim);
    address.filter(|address| !address.is_empty())
}

/// Extra roles by folded mark.
struct Roles<'a>(HashMap<String, &'a [String]>);

impl<'a> Roles<'a> {
    fn new(rules: &'a BTreeMap<String, Vec<String>>) -> Self {
        let folded = rules
            .iter()
            .map(|(mark, roles)| (mark.to_lowercase(), &roles[..]));
        Self(folded.collect())
    }

    fn of(&self, mark: Option<&str>) -> impl Iterator<Item = &'a str> {
        let roles = match mark {
            Some(mark) if !self.0.is_empty() => self.0.get(&mark.to_lowercase()).copied(),
            Some(_) | None => None,
        };
        roles.unwrap_or_default().iter().map(String::as_str)
    }
}
