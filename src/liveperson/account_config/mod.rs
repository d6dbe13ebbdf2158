//! The static half of the agents, from the Account Config API (contract §6.1): names of skills and
//! groups, e-mail addresses, and whose account is disabled or deleted. Optional: without the right
//! to it the polls speak for themselves, and no trouble here is a trouble of a poll.
//!
//! The revision is one number for the whole account, but the three lists are read one after the
//! other: a change between two of them leaves the earlier list older than the number that the later
//! one came with. So each list keeps the revision of its own answer, and is asked with that one
//! alone. What is told outside is the oldest of them: everything up to it is known.
//!
//! | a list was answered | the list | it is asked again |
//! |---|---|---|
//! | 200 | is taken | after `every` |
//! | 304 | stays | after `every` |
//! | 401, 403 | stays if it is held and this is the first refusal, else none | after a new login |
//! | anything else, or nothing | stays | soon (`due`) |
//!
//! The first refusal of a list that could be read before may only be a login that is about to end;
//! a refusal of the next login too is believed.
//!
//! The files within: `decode` (bytes to lists), `read` (one exchange), `due` (when).

mod decode;
mod due;
mod read;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

pub(super) use self::read::SERVICE;
use self::{
    decode::{ListError, Names, Users},
    due::Due,
    read::{Reading, Which},
};
use super::{Reach, client::host, fault::Step, login::Login};
use crate::{
    domain::{SourceAgent, StaticHalf},
    ports::{SourceError, SourceFault, clock::timeout},
    telemetry::{Metrics, metrics::Kind},
};

/// What is known of the account's configuration. No `Debug`: e-mail addresses.
#[derive(Default)]
pub(super) struct AccountConfig {
    wanted: bool,
    /// The host, from discovery.
    home: Option<Url>,
    /// A host that the login named and where the service was not any more.
    left: Option<Url>,
    users: List<Users>,
    skills: List<Names>,
    groups: List<Names>,
    due: Due,
    /// Why the last try failed.
    failure: Option<String>,
}

/// How it stands with reading it, for `lp2rc check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// Switched off (`liveperson.account_config.read`).
    Off,
    /// Nothing was tried yet.
    Unknown,
    /// Read. A list that the user has no right to is `None`.
    Read {
        /// How many users, the deleted ones included.
        users: Option<usize>,
        /// How many skills.
        skills: Option<usize>,
        /// How many agent groups.
        groups: Option<usize>,
        /// The revision up to which everything is known.
        revision: Option<String>,
    },
    /// The user may read none of it.
    Refused,
    /// The last try failed; the sentence says what to do.
    Failed(String),
}

/// One of the lists.
struct List<T> {
    held: Option<T>,
    /// The revision of what is held.
    revision: Option<String>,
    /// The bearer of the login that had no right to it.
    refused: Option<SecretString>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            held: None,
            revision: None,
            refused: None,
        }
    }
}

impl<T> List<T> {
    /// Whether `login` may be asked for it.
    fn asks(&self, login: &Login) -> bool {
        let bearer = login.bearer.expose_secret();
        let refused = self.refused.as_ref();
        refused.is_none_or(|refused| refused.expose_secret() != bearer)
    }

    /// Whether it is known what the list says, or that it cannot be had.
    fn is_settled(&self) -> bool {
        self.held.is_some() || self.refused.is_some()
    }

    fn take(&mut self, list: T, revision: Option<String>) {
        *self = Self {
            held: Some(list),
            revision,
            refused: None,
        };
    }

    /// Whether the refusal is news.
    fn refuse(&mut self, bearer: &SecretString) -> bool {
        if self.refused.is_some() {
            (self.held, self.revision) = (None, None);
        }
        self.refused.replace(bearer.clone()).is_none()
    }
}

/// What one round of the lists did.
#[derive(Default)]
struct Round {
    read: usize,
    refused: usize,
    /// Refusals that were not known yet.
    news: Vec<&'static str>,
    failures: Vec<SourceError>,
}

impl AccountConfig {
    /// Reads what is due. Never fails, and takes no longer than one `total_timeout` within
    /// `account_config.every`. Does nothing when switched off. Cancel-safe: a list is taken whole or
    /// not at all.
    pub(super) async fn renew(&mut self, reach: &Reach, login: &Login, metrics: &Metrics) {
        let reading = reach.config.account_config;
        self.wanted = reading.read;
        let asks = self.users.asks(login) || self.skills.asks(login) || self.groups.asks(login);
        if !self.wanted || !asks {
            return;
        }
        let (began, total) = (reach.clock.elapsed(), reach.config.total_timeout);
        let Some(limit) = self.due.start(began, reading.every, total) else {
            return;
        };
        let mut round = Round::default();
        let work = self.read_all(reach, login, &mut round);
        if timeout(&*reach.clock, limit, work).await.is_none() {
            let what = format!(
                "the account configuration was not read within {limit:?} (liveperson.total_timeout); what was known before stays"
            );
            let error = Step::ReadAccounts.error("LivePerson", SourceFault::Unreachable, what);
            round.failures.push(error);
        }
        // The service may have moved.
        if round.failures.iter().any(|error| is_gone(error.fault)) {
            self.home = None;
        }
        if round
            .failures
            .iter()
            .any(|error| error.fault == SourceFault::NotFound)
        {
            self.left.clone_from(&login.account_config);
        }
        let now = reach.clock.elapsed();
        let wait = if round.failures.is_empty() {
            reading.every
        } else {
            let asked = round.failures.iter().filter_map(|error| error.retry_after);
            let most = reach.config.retry.asked_max;
            asked.fold(reading.every / 4, |wait, asked| wait.max(asked.min(most)))
        };
        self.due.done(now, now.saturating_sub(began), wait);
        self.conclude(round, metrics);
    }

    async fn read_all(&mut self, reach: &Reach, login: &Login, round: &mut Round) {
        let named = login.account_config.as_ref();
        let named = named.filter(|named| Some(*named) != self.left.as_ref());
        let base = match read::base(reach, named, &mut self.home).await {
            Ok(base) => base,
            Err(error) => return round.failures.push(error),
        };
        let there = (reach, login, &base);
        let _ = ask(there, Which::Users, &mut self.users, decode::users, round).await
            && ask(there, Which::Skills, &mut self.skills, decode::names, round).await
            && ask(there, Which::Groups, &mut self.groups, decode::names, round).await;
    }

    /// Counts the round, and logs what is new about it.
    fn conclude(&mut self, round: Round, metrics: &Metrics) {
        let kind = if !round.failures.is_empty() {
            "failed"
        } else if round.refused > 0 {
            "no_right"
        } else if round.read > 0 {
            "read"
        } else {
            "unchanged"
        };
        metrics
            .account_config_reads
            .get_or_create(&Kind { kind })
            .inc();
        if !round.news.is_empty() {
            tracing::info!(
                lists = round.news.join(", "),
                "the bridge's user has no right to this part of LivePerson's account configuration; the polls serve without it"
            );
        }
        let failed_before = self.failure.is_some();
        self.failure = None;
        for error in round.failures {
            if failed_before {
                tracing::debug!(%error, "the account configuration still cannot be read");
            } else {
                tracing::warn!(%error, "the account configuration cannot be read; it is tried again by itself");
            }
            self.failure.get_or_insert_with(|| error.to_string());
        }
        if failed_before && self.failure.is_none() {
            tracing::info!("the account configuration can be read again");
        }
    }

    /// Fills in what the answer left out, and tells what the source's accounts say about the rest.
    /// The answer's own words stay.
    pub(super) fn fill(&mut self, agents: &mut [SourceAgent]) -> StaticHalf {
        if !self.wanted {
            return StaticHalf::Off;
        }
        if let Some(users) = &mut self.users.held {
            users.showed(agents);
        }
        for agent in agents {
            if agent.email.is_none()
                && let Some(users) = &self.users.held
            {
                let email = users.email(&agent.id, agent.login.as_deref());
                agent.email = email.map(str::to_owned);
            }
            if agent.group_name.is_none()
                && let Some(groups) = &self.groups.held
                && let Some(id) = &agent.group_id
            {
                agent.group_name = groups.name(id).map(str::to_owned);
            }
            if let Some(skills) = &self.skills.held {
                for skill in agent.skills.iter_mut().filter(|skill| skill.name.is_none()) {
                    skill.name = skills.name(skill.id.as_str()).map(str::to_owned);
                }
            }
        }
        self.half()
    }

    fn half(&self) -> StaticHalf {
        if !self.is_settled() {
            return StaticHalf::Unreadable;
        }
        if self.holds_nothing() {
            return StaticHalf::Off;
        }
        let users = self.users.held.as_ref();
        StaticHalf::Known {
            revision: self.revision(),
            departed: users.map_or_else(Arc::<BTreeSet<_>>::default, |users| {
                Arc::clone(&users.departed)
            }),
        }
    }

    /// How it stands with reading it.
    pub(super) fn right(&self) -> Right {
        if !self.wanted {
            return Right::Off;
        }
        if let Some(failure) = &self.failure {
            return Right::Failed(failure.clone());
        }
        if !self.is_settled() {
            return Right::Unknown;
        }
        if self.holds_nothing() {
            return Right::Refused;
        }
        Right::Read {
            users: self.users.held.as_ref().map(|users| users.count),
            skills: self.skills.held.as_ref().map(Names::count),
            groups: self.groups.held.as_ref().map(Names::count),
            revision: self.revision(),
        }
    }

    fn is_settled(&self) -> bool {
        self.users.is_settled() && self.skills.is_settled() && self.groups.is_settled()
    }

    fn holds_nothing(&self) -> bool {
        self.users.held.is_none() && self.skills.held.is_none() && self.groups.held.is_none()
    }

    /// The oldest revision of what is held; `None` when that of a list is not known. Revisions are
    /// whole numbers: of two the longer one is later.
    fn revision(&self) -> Option<String> {
        let held = [
            (self.users.held.is_some(), &self.users.revision),
            (self.skills.held.is_some(), &self.skills.revision),
            (self.groups.held.is_some(), &self.groups.revision),
        ];
        let held = held.into_iter().filter(|(held, _)| *held);
        held.map(|(_, revision)| revision.as_deref())
            .min_by_key(|revision| revision.map(|text| (text.len(), text)))?
            .map(str::to_owned)
    }
}

/// Asks for one list and takes what comes. `false` when the others would fare no better.
async fn ask<T: Counted + Send + 'static>(
    (reach, login, base): (&Reach, &Login, &Url),
    which: Which,
    list: &mut List<T>,
    decode: fn(&[u8]) -> Result<T, ListError>,
    round: &mut Round,
) -> bool {
    if !list.asks(login) {
        return true;
    }
    let revision = list.held.as_ref().and(list.revision.as_deref());
    match read::list(reach, login, base, which, revision, decode).await {
        // The deleted are listed too, so a list that had entries never becomes empty.
        Ok(Reading::New(new, _)) if new.counts().0 == 0 && list.has_entries() => {
            let what = format!(
                "{}: the list is empty, although it had entries before; what was known before stays",
                which.word()
            );
            let error = Step::ReadAccounts.error(&host(base), SourceFault::UnexpectedAnswer, what);
            round.failures.push(error);
        }
        Ok(Reading::New(new, revision)) => {
            round.read += 1;
            let (count, skipped) = new.counts();
            let list_of = which.word();
            if skipped > 0 {
                tracing::warn!(
                    count,
                    skipped,
                    "entries of LivePerson's {list_of} have no id of their own and are left out"
                );
            }
            tracing::debug!(count, revision, "read LivePerson's {list_of}");
            list.take(new, revision);
        }
        Ok(Reading::Unchanged) => list.refused = None,
        Ok(Reading::NoRight) => {
            round.refused += 1;
            if list.refuse(&login.bearer) {
                round.news.push(which.word());
            }
        }
        Err(error) => {
            // What the server dislikes about the question may be the revision.
            if matches!(error.fault, SourceFault::Refused) {
                list.revision = None;
            }
            let hopeless = matches!(
                error.fault,
                SourceFault::Unreachable | SourceFault::Throttled | SourceFault::Blacklisted
            );
            round.failures.push(error);
            return !hopeless;
        }
    }
    true
}

impl<T: Counted> List<T> {
    fn has_entries(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.counts().0 > 0)
    }
}

/// Entries that were used, and those that could not be.
trait Counted {
    fn counts(&self) -> (usize, usize);
}

impl Counted for Users {
    fn counts(&self) -> (usize, usize) {
        (self.count, self.skipped)
    }
}

impl Counted for Names {
    fn counts(&self) -> (usize, usize) {
        (self.count(), self.skipped)
    }
}

/// Faults that a service which moved shows.
fn is_gone(fault: SourceFault) -> bool {
    matches!(
        fault,
        SourceFault::Unreachable | SourceFault::ServerError | SourceFault::NotFound
    )
}
