//! `adopt` and `release`: what was there before becomes ours, or is no longer. The target is not
//! written; what is ours is decided here and nowhere else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    error::MoveError,
    execute::identities,
    known::{Known, stored},
    mover::Parts,
    wire::{Owned, People, Remark},
};
use crate::{
    domain::{
        Actual, DesiredAgent, Owner, SourceId, TargetId, TargetUser,
        moving::{Link, Links, MoveRules, Origin},
    },
    ports::{Amendment, News, blocking},
};

/// Takes users as ours, each for the one agent of the same name or address.
pub(super) async fn adopt(parts: &Arc<Parts>, people: &People) -> Result<Owned, MoveError> {
    if people.users.is_empty() && !people.matching {
        return Err(MoveError::Asked(
            "name the users to adopt, or say --matching for all whose e-mail address is an agent's"
                .to_owned(),
        ));
    }
    let known = Known::gather(parts).await?;
    let waves = known.waves(&parts.config.rules);
    let candidates = Candidates::new(&known.believed.desired.agents);
    let mut owned = Owned::default();
    let mut links: BTreeMap<SourceId, Link> = BTreeMap::new();
    for user in wanted(&known, people, &candidates, &mut owned.refused) {
        let rules = &parts.config.rules;
        let me = &known.actual.capabilities.me;
        match fit(user, &candidates, (&known.links, &links), rules, me) {
            Ok(agent) => {
                let source_id = agent.identity.source_id.clone();
                owned.done.push(Remark {
                    subject: user.username.clone(),
                    why: format!("is the user of agent {source_id} now"),
                });
                links.insert(
                    source_id.clone(),
                    Link {
                        wave: waves.get(&source_id).cloned().unwrap_or_default(),
                        source_id,
                        target_id: user.id.clone(),
                        username: user.username.clone(),
                        origin: Origin::Adopted,
                    },
                );
            }
            Err(why) => owned.refused.push(Remark {
                subject: user.username.clone(),
                why,
            }),
        }
    }
    link(parts, links.into_values().collect()).await?;
    Ok(owned)
}

/// Makes users ours again who carry our mark after the state was lost. Only a cut-over makes our
/// agents available, so whoever is available was cut over.
pub(super) async fn recognise(
    parts: &Arc<Parts>,
    links: &[Link],
    actual: &Actual,
) -> Result<(), MoveError> {
    link(parts, links.to_vec()).await?;
    let is_open = |link: &&Link| {
        let user = actual.user(&link.target_id);
        let agent = user.and_then(|user| user.agent.as_ref());
        agent.is_some_and(|agent| agent.available)
    };
    let owners: Vec<_> = links
        .iter()
        .filter(is_open)
        .map(|link| Amendment {
            source_id: link.source_id.clone(),
            owner: Some(Owner::Target),
            identity: None,
        })
        .collect();
    tracing::info!(
        users = links.len(),
        cut_over = owners.len(),
        "users that carry our mark are ours again"
    );
    let centre = Arc::clone(&parts.centre);
    blocking(move || centre.amend(&owners)).await?;
    Ok(())
}

/// Makes users ours, and tells the centre who they are.
async fn link(parts: &Arc<Parts>, links: Vec<Link>) -> Result<(), MoveError> {
    let parts = Arc::clone(parts);
    blocking(move || {
        let news = News {
            agents: links.clone(),
            ..News::default()
        };
        parts.journal.record("", &news)?;
        parts.centre.amend(&identities(&links))
    })
    .await?;
    Ok(())
}

/// Forgets that users are ours. They stay as they are.
pub(super) async fn release(parts: &Arc<Parts>, people: &People) -> Result<Owned, MoveError> {
    if people.users.is_empty() {
        return Err(MoveError::Asked("name the users to release".to_owned()));
    }
    let (_, links) = stored(parts).await?;
    let by_name: BTreeMap<_, _> = links
        .agents
        .values()
        .map(|link| (link.username.to_lowercase(), link))
        .collect();
    let (mut owned, mut gone) = (Owned::default(), Vec::new());
    for name in &people.users {
        let (list, why) = match by_name.get(&name.to_lowercase()) {
            Some(link) => {
                gone.push(link.source_id.clone());
                (
                    &mut owned.done,
                    format!(
                        "is no longer ours; leave agent {} out, too (participants.exclude): while the user has the agent's name or address, the checks stop every `apply`",
                        link.source_id
                    ),
                )
            }
            None => (
                &mut owned.refused,
                "is not ours; `lp2rc migrate status --people` lists who is".to_owned(),
            ),
        };
        list.push(Remark {
            subject: name.clone(),
            why,
        });
    }
    let parts = Arc::clone(parts);
    blocking(move || parts.journal.unlink(&gone)).await?;
    Ok(owned)
}

/// The users that are asked for; names that nobody has are refused. Those who are ours already are
/// no longer to be matched: a second `adopt --matching` finds nobody.
fn wanted<'a>(
    known: &'a Known,
    people: &People,
    candidates: &Candidates<'_>,
    refused: &mut Vec<Remark>,
) -> Vec<&'a TargetUser> {
    if people.matching {
        let ours: BTreeSet<_> = known
            .links
            .agents
            .values()
            .map(|link| &link.target_id)
            .collect();
        let matches = |user: &&TargetUser| {
            let mut emails = user.emails.iter();
            user.person
                && !ours.contains(&user.id)
                && emails.any(|email| candidates.by_email(&email.address).is_some())
        };
        let mut users: Vec<_> = known.actual.users().iter().filter(matches).collect();
        users.sort_by(|a, b| a.username.cmp(&b.username));
        return users;
    }
    let mut users = Vec::new();
    for name in &people.users {
        match known.actual.user_named(name) {
            Some(user) => users.push(user),
            None => refused.push(Remark {
                subject: name.clone(),
                why: "there is no such user in Rocket.Chat".to_owned(),
            }),
        }
    }
    users
}

/// Agents by what a user may share with them.
struct Candidates<'a> {
    by_username: BTreeMap<String, &'a DesiredAgent>,
    by_email: BTreeMap<String, Vec<&'a DesiredAgent>>,
}

impl<'a> Candidates<'a> {
    fn new(agents: &'a [Arc<DesiredAgent>]) -> Self {
        let mut by_email: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for agent in agents {
            for email in &agent.emails {
                let of = by_email.entry(email.address.to_lowercase());
                of.or_default().push(&**agent);
            }
        }
        Self {
            by_username: agents
                .iter()
                .map(|agent| (agent.identity.username.to_lowercase(), &**agent))
                .collect(),
            by_email,
        }
    }

    /// The one agent with that address.
    fn by_email(&self, address: &str) -> Option<&'a DesiredAgent> {
        match self.by_email.get(&address.to_lowercase())?.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// The agent whose user this is, or why it cannot be anybody's.
fn fit<'a>(
    user: &TargetUser,
    candidates: &Candidates<'a>,
    (links, new): (&Links, &BTreeMap<SourceId, Link>),
    rules: &MoveRules,
    me: &TargetId,
) -> Result<&'a DesiredAgent, String> {
    let protected = rules
        .protected_users
        .iter()
        .any(|name| name.to_lowercase() == user.username.to_lowercase());
    let role = user
        .roles
        .iter()
        .find(|role| rules.protected_roles.contains(role));
    if protected || role.is_some() {
        return Err(
            "is protected (`migrate.protected_users`, `migrate.protected_roles`)".to_owned(),
        );
    }
    if user.id == *me {
        return Err("is the user we act as".to_owned());
    }
    if !user.person {
        return Err("is a bot or an app".to_owned());
    }
    let mut taken = links.agents.values();
    if let Some(link) = taken.find(|link| link.target_id == user.id) {
        return Err(format!("is already the user of agent {}", link.source_id));
    }
    let by_email = user
        .emails
        .iter()
        .find_map(|email| candidates.by_email(&email.address));
    let by_name = candidates.by_username.get(&user.username.to_lowercase());
    let agent = match (by_email, by_name.copied()) {
        (Some(one), Some(other)) if one.identity.source_id != other.identity.source_id => {
            return Err(format!(
                "has the address of agent {} and the name of agent {}; correct one of the two",
                one.identity.source_id, other.identity.source_id
            ));
        }
        (Some(agent), _) | (None, Some(agent)) => agent,
        (None, None) => {
            return Err(
                "has neither the address nor the name of an agent who takes part".to_owned(),
            );
        }
    };
    let id = &agent.identity.source_id;
    if links.agents.contains_key(id) || new.contains_key(id) {
        return Err(format!(
            "agent {id} has another user already; release that one first"
        ));
    }
    Ok(agent)
}
