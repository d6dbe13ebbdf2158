//! Who is who: agents of the source and users of the target.
//!
//! | link | user there | what he is |
//! |---|---|---|
//! | yes | is there | ours |
//! | yes | is gone | left out: somebody deleted him |
//! | no | one carries the agent's id | ours again: the state was lost |
//! | no | one has the username or the address | left out: never taken over |
//! | no | none | to be created |
//!
//! Protected users are left out in every case.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    Facts, LeftOut,
    address::{self, Address, Claims, Holder},
    waves,
};
use crate::domain::{
    DesiredAgent, Owner, SourceId, Standing, Subject, TargetId, TargetUser, Waves,
    change::UserRef,
    moving::{Link, MoveRules, Origin, Scope},
};

/// Everybody the plan is about.
pub(super) struct Crowd<'a> {
    /// Those who take part, by id in the source.
    pub(super) people: Vec<Person<'a>>,
    /// Those who left, by id in the source.
    pub(super) departed: Vec<Departed<'a>>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) recognised: Vec<Link>,
    pub(super) foreign: usize,
}

/// An agent who takes part, with his user.
pub(super) struct Person<'a> {
    pub(super) agent: &'a DesiredAgent,
    /// `None`: to be created.
    pub(super) user: Option<&'a TargetUser>,
    /// The address he is to have; `None`: whatever he has.
    pub(super) address: Option<Address>,
    /// Whether he is ours only since he was recognised, and what was known of him is lost.
    pub(super) recognised: bool,
}

/// Somebody of ours who has left the source, or no longer takes part.
pub(super) struct Departed<'a> {
    pub(super) link: &'a Link,
    pub(super) user: &'a TargetUser,
    /// Whether the source no longer has him; else the rules leave him out.
    pub(super) gone: bool,
}

impl Person<'_> {
    pub(super) fn source_id(&self) -> &SourceId {
        &self.agent.identity.source_id
    }

    fn username(&self) -> &str {
        // A user keeps his name, whatever mapping would give today.
        self.user
            .map_or(&self.agent.identity.username, |user| &user.username)
    }

    pub(super) fn subject(&self) -> Subject {
        Subject::Agent {
            source_id: self.source_id().clone(),
            username: self.username().to_owned(),
        }
    }

    pub(super) fn user_ref(&self) -> UserRef {
        UserRef {
            source_id: self.source_id().clone(),
            username: self.username().to_owned(),
            id: self.user.map(|user| user.id.clone()),
        }
    }

    pub(super) fn has_role(&self, role: &str) -> bool {
        self.user.is_some_and(|user| has_role(user, role))
    }

    pub(super) fn is_available(&self) -> bool {
        self.user.is_some_and(is_available)
    }
}

impl Departed<'_> {
    pub(super) fn subject(&self) -> Subject {
        Subject::Agent {
            source_id: self.link.source_id.clone(),
            username: self.user.username.clone(),
        }
    }

    pub(super) fn user_ref(&self) -> UserRef {
        UserRef {
            source_id: self.link.source_id.clone(),
            username: self.user.username.clone(),
            id: Some(self.user.id.clone()),
        }
    }
}

pub(super) fn has_role(user: &TargetUser, role: &str) -> bool {
    user.roles.iter().any(|has| has == role)
}

pub(super) fn is_available(user: &TargetUser) -> bool {
    user.agent.as_ref().is_some_and(|agent| agent.available)
}

/// Why a user must never be touched.
pub(super) fn protection(facts: &Facts<'_>, user: &TargetUser) -> Option<String> {
    let MoveRules {
        protected_users,
        protected_roles,
        ..
    } = facts.rules;
    let name = user.username.to_lowercase();
    if user.id == facts.actual.capabilities.me {
        return Some("is the user we act as".to_owned());
    }
    if !user.person {
        return Some("is a bot or an app".to_owned());
    }
    if protected_users.iter().any(|one| one.to_lowercase() == name) {
        return Some("is protected by name (migrate.protected_users)".to_owned());
    }
    let role = protected_roles.iter().find(|role| has_role(user, role))?;
    Some(format!(
        "is protected by the role {role} (migrate.protected_roles)"
    ))
}

/// Says who is who.
pub(super) fn match_up<'a>(facts: &Facts<'a>, scope: &Scope) -> Crowd<'a> {
    let mut agents: Vec<&DesiredAgent> = facts.desired.agents.iter().map(AsRef::as_ref).collect();
    agents.sort_by(|a, b| a.identity.source_id.cmp(&b.identity.source_id));
    let mut matching = Matching {
        facts,
        owners: owners(facts),
        carriers: carriers(facts),
        claims: Claims::new(facts.actual),
    };
    let waves = Waves::new(facts.rules);
    let mut crowd = Crowd {
        people: Vec::with_capacity(agents.len()),
        departed: Vec::new(),
        left_out: Vec::new(),
        recognised: Vec::new(),
        foreign: 0,
    };
    let mut ours: HashSet<&TargetId> = matching.owners.keys().copied().collect();
    // Everybody is looked at, so that addresses do not depend on which wave is asked for.
    for agent in &agents {
        let wave = waves.of(&agent.believed.agent);
        let meant = waves::meant(scope, wave);
        match matching.judge(agent) {
            Ok(found) => {
                if let (Some(user), true) = (found.person.user, found.person.recognised) {
                    ours.insert(&user.id);
                    if meant {
                        crowd.recognised.push(recognise(agent, user, wave));
                    }
                }
                if meant {
                    crowd.left_out.extend(found.remark);
                    crowd.people.push(found.person);
                }
            }
            Err(left_out) if meant => crowd.left_out.push(left_out),
            Err(_) => {}
        }
    }
    let users = facts.actual.users().iter();
    crowd.foreign = users
        .filter(|user| user.agent.is_some() && !ours.contains(&user.id))
        .count();
    depart(facts, scope, &agents, &mut crowd);
    crowd
}

fn recognise(agent: &DesiredAgent, user: &TargetUser, wave: &str) -> Link {
    Link {
        source_id: agent.identity.source_id.clone(),
        target_id: user.id.clone(),
        username: user.username.clone(),
        // Nobody knows any more whether we created him; adopted promises less.
        origin: Origin::Adopted,
        wave: wave.to_owned(),
    }
}

/// Users with a link, and whose they are; of two links to one user the first counts.
fn owners<'a>(facts: &Facts<'a>) -> HashMap<&'a TargetId, &'a SourceId> {
    let mut owners = HashMap::with_capacity(facts.links.agents.len());
    for link in facts.links.agents.values() {
        owners.entry(&link.target_id).or_insert(&link.source_id);
    }
    owners
}

/// Users by the agent's id they carry.
pub(super) fn carriers<'a>(facts: &Facts<'a>) -> HashMap<&'a str, Vec<&'a TargetUser>> {
    let mut carriers: HashMap<&str, Vec<_>> = HashMap::new();
    let field = &facts.rules.id_field;
    if field.is_empty() {
        return carriers;
    }
    let released = &facts.links.released;
    let users = facts.actual.users().iter();
    for user in users.filter(|user| !released.contains(&user.id)) {
        if let Some(id) = user.custom_fields.get(field).filter(|id| !id.is_empty()) {
            carriers.entry(id).or_default().push(user);
        }
    }
    carriers
}

struct Matching<'a, 'b> {
    facts: &'b Facts<'a>,
    owners: HashMap<&'a TargetId, &'a SourceId>,
    carriers: HashMap<&'a str, Vec<&'a TargetUser>>,
    claims: Claims<'a>,
}

struct Found<'a> {
    person: Person<'a>,
    /// What about him is left alone.
    remark: Option<LeftOut>,
}

impl<'a> Matching<'a, '_> {
    fn judge(&mut self, agent: &'a DesiredAgent) -> Result<Found<'a>, LeftOut> {
        let id = &agent.identity.source_id;
        let out = |username: &str, why: String| LeftOut {
            subject: Subject::Agent {
                source_id: id.clone(),
                username: username.to_owned(),
            },
            why,
        };
        let link = self.facts.links.agents.get(id);
        let user = match link {
            Some(link) => Some(self.linked(link).map_err(|why| out(&link.username, why))?),
            None => self
                .carrier(id)
                .map_err(|why| out(&agent.identity.username, why))?,
        };
        let Some(user) = user else {
            let username = &agent.identity.username;
            let address = self.newcomer(agent).map_err(|why| out(username, why))?;
            return Ok(Found {
                person: Person {
                    agent,
                    user: None,
                    address: Some(address),
                    recognised: false,
                },
                remark: None,
            });
        };
        if let Some(why) = protection(self.facts, user) {
            let why = format!("the user {why} and is never touched; `release` it, or leave it");
            return Err(out(&user.username, why));
        }
        let mut person = Person {
            agent,
            user: Some(user),
            // Without an address from the source he keeps the one he has.
            address: address::of(agent, self.facts.rules).filter(|address| address.verified),
            recognised: link.is_none(),
        };
        let mut remark = None;
        if let Some(address) = &person.address
            && let Err(holder) = self.claims.claim(address, id, Some(user))
        {
            let why = format!(
                "keeps the e-mail address he has: {}; plan again when it is free",
                self.says(&holder)
            );
            remark = Some(out(&user.username, why));
            person.address = None;
        }
        Ok(Found { person, remark })
    }

    /// The user of a link.
    fn linked(&self, link: &'a Link) -> Result<&'a TargetUser, String> {
        if let Some(first) = self.owners.get(&link.target_id)
            && **first != link.source_id
        {
            return Err(format!(
                "the user is linked to agent {first} too; `release` one of the two"
            ));
        }
        self.facts.actual.user(&link.target_id).ok_or_else(|| {
            "the user that was ours is no longer there: somebody deleted it; `release` it, then plan again to have a new one"
                .to_owned()
        })
    }

    /// The one user without a link that carries the agent's id.
    fn carrier(&self, id: &SourceId) -> Result<Option<&'a TargetUser>, String> {
        let carriers = self.carriers.get(id.as_str());
        let free = carriers
            .into_iter()
            .flatten()
            .filter(|user| !self.owners.contains_key(&user.id));
        let free: Vec<&TargetUser> = free.copied().collect();
        match free[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            [first, second, ..] => Err(format!(
                "the users {} and {} both carry this agent's id; clear the field {} of one, or `adopt` the other",
                first.username, second.username, self.facts.rules.id_field
            )),
        }
    }

    /// Whether a user can be created, and with which address.
    fn newcomer(&mut self, agent: &'a DesiredAgent) -> Result<Address, String> {
        let username = &agent.identity.username;
        if let Some(user) = self.facts.actual.user_named(username) {
            return Err(match self.owners.get(&user.id) {
                Some(other) => format!(
                    "the username is taken by the user of agent {other}; rename that user there"
                ),
                None => "the username is taken by a user that is not ours; `adopt` it if it is the same person, or rename it there".to_owned(),
            });
        }
        let Some(address) = address::of(agent, self.facts.rules) else {
            return Err("has no e-mail address; give one in the source, or set migrate.missing_email = \"template\"".to_owned());
        };
        let id = &agent.identity.source_id;
        match self.claims.claim(&address, id, None) {
            Ok(()) => Ok(address),
            Err(holder) => Err(format!(
                "{}; {}",
                self.says(&holder),
                match &holder {
                    Holder::User(user) if !self.owners.contains_key(&user.id) =>
                        "`adopt` it if it is the same person, or change the address there",
                    Holder::User(_) | Holder::Agent(_) =>
                        "give one of the two another address in the source",
                }
            )),
        }
    }

    fn says(&self, holder: &Holder<'_>) -> String {
        match holder {
            Holder::Agent(first) => format!("the e-mail address is shared with agent {first}"),
            Holder::User(user) => match self.owners.get(&user.id) {
                Some(other) => format!("the e-mail address is shared with agent {other}"),
                None => format!(
                    "the e-mail address is taken by the user {}, which is not ours",
                    user.username
                ),
            },
        }
    }
}

/// Finds those of ours who no longer take part. They count to the wave they were moved with.
fn depart<'a>(facts: &Facts<'a>, scope: &Scope, agents: &[&DesiredAgent], crowd: &mut Crowd<'a>) {
    let present: BTreeSet<_> = agents.iter().map(|one| &one.identity.source_id).collect();
    let links = facts.links.agents.values();
    for link in links.filter(|link| waves::meant(scope, &link.wave)) {
        if present.contains(&link.source_id) {
            continue;
        }
        let Some(user) = facts.actual.user(&link.target_id) else {
            // Gone on both sides: nothing to do and nobody to miss.
            continue;
        };
        let out = |why: String| LeftOut {
            subject: Subject::Agent {
                source_id: link.source_id.clone(),
                username: user.username.clone(),
            },
            why,
        };
        let Some(entry) = facts.roster.get(&link.source_id) else {
            let why = "has a user of ours, but was never seen in the source; read the source first, or `release` the user";
            crowd.left_out.push(out(why.to_owned()));
            continue;
        };
        if entry.owner == Owner::Target {
            // The source being switched off must never stop the target.
            let why = "no longer takes part, but availability is the target's since the cut-over; take him out there, or `release` the user";
            crowd.left_out.push(out(why.to_owned()));
            continue;
        }
        if let Some(why) = protection(facts, user) {
            let why = format!("no longer takes part, but the user {why} and is never touched");
            crowd.left_out.push(out(why));
            continue;
        }
        crowd.departed.push(Departed {
            link,
            user,
            gone: match entry.standing {
                Standing::Gone { .. } => true,
                Standing::Present | Standing::Missing { .. } | Standing::Frozen { .. } => false,
            },
        });
    }
}
