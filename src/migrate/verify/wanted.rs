//! What the rules of the move want of each agent, beside the user the target has for him.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use crate::{
    domain::{
        Actual, Desired, DesiredAgent, TargetUser, Waves,
        moving::{Link, Links, MissingEmail, MoveRules},
    },
    ports::moving::Believed,
};

/// The address an agent shall have there.
#[derive(Clone, Debug)]
pub(in crate::migrate) struct Address<'a> {
    /// The address.
    pub(in crate::migrate) text: Cow<'a, str>,
    /// Whether a template made it: the source has none.
    pub(in crate::migrate) made_up: bool,
}

impl Address<'_> {
    /// As the target compares addresses.
    pub(in crate::migrate) fn folded(&self) -> String {
        self.text.to_lowercase()
    }
}

/// One agent who takes part.
#[derive(Clone, Debug)]
pub(in crate::migrate) struct Wanted<'a> {
    /// As the bridge wants him.
    pub(in crate::migrate) agent: &'a DesiredAgent,
    /// The first wave that selects him, else the rest.
    pub(in crate::migrate) wave: &'a str,
    /// Says which user is his.
    pub(in crate::migrate) link: Option<&'a Link>,
    /// That user if he is still there; without a link the one who carries the agent's id.
    pub(in crate::migrate) user: Option<&'a TargetUser>,
    /// The user who has his name there without being his.
    pub(in crate::migrate) namesake: Option<&'a TargetUser>,
    /// `None` when he has no address and none is made up, which is done only to create a user.
    pub(in crate::migrate) email: Option<Address<'a>>,
    /// Names, sorted, without repeats.
    pub(in crate::migrate) departments: Vec<&'a str>,
    /// Why the move leaves him alone, when it does so on purpose.
    pub(in crate::migrate) left_out: Option<LeftOut>,
}

/// Why somebody is left alone on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::migrate) enum LeftOut {
    /// The target wants an address, he has none, and the rules say to skip such people.
    NoEmail,
    /// His user, or the one with his name, is protected.
    Protected,
}

impl LeftOut {
    /// The reason and the way on.
    pub(in crate::migrate) const fn why(self) -> &'static str {
        match self {
            Self::NoEmail => {
                "has no e-mail address, and migrate.missing_email is \"skip\"; give him one in LivePerson, or choose \"template\""
            }
            Self::Protected => {
                "the user is protected there: by migrate.protected_users or migrate.protected_roles, as the bridge's own, or as a bot"
            }
        }
    }
}

impl Wanted<'_> {
    /// The name given there.
    pub(in crate::migrate) fn username(&self) -> &str {
        &self.agent.identity.username
    }
}

/// Everybody who takes part in a wave, or in all of them, by id in the source.
pub(in crate::migrate) fn everybody<'a>(
    believed: &'a Believed,
    actual: &'a Actual,
    links: &'a Links,
    rules: &'a MoveRules,
    wave: Option<&str>,
) -> Vec<Wanted<'a>> {
    let waves = Waves::new(rules);
    let carriers = carriers(actual, links, rules);
    let agents = believed.desired.agents.iter();
    agents
        .filter_map(|agent| {
            let of = waves.of(&agent.believed.agent);
            if wave.is_some_and(|wave| wave != of) {
                return None;
            }
            let link = links.agents.get(&agent.identity.source_id);
            let user = match link {
                Some(link) => actual.user(&link.target_id),
                None => carriers.get(agent.identity.source_id.as_str()).copied(),
            };
            let namesake = actual
                .user_named(&agent.identity.username)
                .filter(|other| user.is_none_or(|user| user.id != other.id));
            let email = address(agent, &rules.missing_email)
                .filter(|address| user.is_none() || !address.made_up);
            let protected = match (user, namesake) {
                (Some(user), _) => is_untouchable(actual, rules, user),
                (None, Some(namesake)) => is_protected(rules, namesake),
                (None, None) => false,
            };
            let left_out = if protected {
                Some(LeftOut::Protected)
            } else if user.is_none() && email.is_none() {
                Some(LeftOut::NoEmail)
            } else {
                None
            };
            Some(Wanted {
                agent,
                wave: of,
                link,
                user,
                namesake,
                email,
                departments: departments(agent, &believed.desired, rules),
                left_out,
            })
        })
        .collect()
}

/// Users without a link who carry an agent's id, by that id; of two with one id nobody is it.
fn carriers<'a>(
    actual: &'a Actual,
    links: &Links,
    rules: &MoveRules,
) -> HashMap<&'a str, &'a TargetUser> {
    let linked = links.agents.values().map(|link| &link.target_id);
    let linked: HashSet<_> = linked.chain(&links.released).collect();
    let mut carriers = HashMap::new();
    let mut several = HashSet::new();
    for user in actual
        .users()
        .iter()
        .filter(|user| !linked.contains(&user.id))
    {
        if let Some(id) = user.custom_fields.get(&rules.id_field)
            && carriers.insert(id.as_str(), user).is_some()
        {
            several.insert(id.as_str());
        }
    }
    carriers.retain(|id, _| !id.is_empty() && !several.contains(id));
    carriers
}

/// Whether the user of an agent must be left alone: by the rules, because it is the bridge's own,
/// or because it is no person.
pub(in crate::migrate) fn is_untouchable(
    actual: &Actual,
    rules: &MoveRules,
    user: &TargetUser,
) -> bool {
    user.id == actual.capabilities.me || !user.person || is_protected(rules, user)
}

/// Whether the rules forbid to touch the user.
fn is_protected(rules: &MoveRules, user: &TargetUser) -> bool {
    let name = user.username.to_lowercase();
    let named = rules.protected_users.iter();
    named.map(|one| one.to_lowercase()).any(|one| one == name)
        || user
            .roles
            .iter()
            .any(|role| rules.protected_roles.contains(role))
}

/// The source's own address of an agent, without blanks around it.
fn own_address(agent: &DesiredAgent) -> Option<&str> {
    let address = agent.believed.agent.email.as_deref().map(str::trim);
    address.filter(|address| !address.is_empty())
}

fn address<'a>(agent: &'a DesiredAgent, missing: &MissingEmail) -> Option<Address<'a>> {
    let made_up = own_address(agent).is_none();
    if let Some(email) = agent.emails.first() {
        let text = Cow::Borrowed(email.address.as_str());
        return Some(Address { text, made_up });
    }
    match missing {
        MissingEmail::Skip => None,
        MissingEmail::Template(pattern) => {
            let text = pattern
                .replace("{username}", &agent.identity.username)
                .replace("{id}", agent.identity.source_id.as_str());
            Some(Address {
                text: Cow::Owned(text),
                made_up: true,
            })
        }
    }
}

/// Names of the departments an agent shall be in.
fn departments<'a>(
    agent: &DesiredAgent,
    desired: &'a Desired,
    rules: &'a MoveRules,
) -> Vec<&'a str> {
    if let Some(single) = &rules.single_department {
        return vec![single];
    }
    let known = &desired.departments;
    let name = |id| {
        let place = known.binary_search_by(|one| one.id.cmp(id)).ok()?;
        Some(known[place].name.as_str())
    };
    let mut names: Vec<_> = agent.departments.iter().filter_map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
