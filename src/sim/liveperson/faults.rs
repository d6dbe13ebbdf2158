//! Misbehaviour on demand: what goes wrong, at which resource, for how many answers.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize};
use tokio_util::sync::CancellationToken;

use super::{millis, what::What};

/// The faults in force, at most one a place. `Faults::default()` is a healthy service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Domain discovery.
    pub discovery: Option<Fault>,
    /// Login.
    pub login: Option<Fault>,
    /// Refresh and logout.
    pub refresh: Option<Fault>,
    /// Making and using an agent session, except for the list of agents.
    pub session: Option<Fault>,
    /// `availableAgents`.
    pub agents: Option<Fault>,
    /// Users, skills and agent groups of the account configuration.
    pub accounts: Option<Fault>,
}

/// Where a fault strikes: the fields of [`Faults`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Domain discovery.
    Discovery,
    /// Login.
    Login,
    /// Refresh and logout.
    Refresh,
    /// An agent session, except for the list of agents.
    Session,
    /// `availableAgents`.
    Agents,
    /// Users, skills and agent groups of the account configuration.
    Accounts,
}

impl Place {
    /// Every place, with its name in JSON.
    pub(super) const ALL: [(&'static str, Self); 6] = [
        ("discovery", Self::Discovery),
        ("login", Self::Login),
        ("refresh", Self::Refresh),
        ("session", Self::Session),
        ("agents", Self::Agents),
        ("accounts", Self::Accounts),
    ];
}

/// One fault. In JSON `{"what":…,"times":…,"delay_ms":…}`, the last two optional.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub what: What,
    /// For how many answers; `None` until cleared.
    #[serde(default, deserialize_with = "at_least_one")]
    pub times: Option<u32>,
    /// The answer is held back for so long, by the clock.
    #[serde(default, rename = "delay_ms", with = "millis")]
    pub delay: Duration,
}

fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    match Option::deserialize(from)? {
        Some(0) => Err(serde::de::Error::custom("times must be at least 1")),
        times => Ok(times),
    }
}

impl Fault {
    /// A fault that lasts until it is cleared.
    pub fn lasting(what: What) -> Self {
        Self {
            what,
            times: None,
            delay: Duration::ZERO,
        }
    }

    /// A fault that strikes `times` answers and is then gone.
    pub fn times(times: u32, what: What) -> Self {
        Self {
            what,
            times: Some(times),
            delay: Duration::ZERO,
        }
    }

    /// The same, with the answer held back for `delay`.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// Sets and clears faults while the simulator runs. Clones share the same faults.
#[derive(Clone, Debug, Default)]
pub struct FaultsHandle {
    inner: Arc<Mutex<Books>>,
}

#[derive(Debug, Default)]
struct Books {
    faults: Faults,
    /// Cancelled as soon as another fault, or none, is set at the place.
    released: BTreeMap<Place, CancellationToken>,
}

/// A fault that strikes now.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) what: What,
    pub(super) delay: Duration,
    /// Cancelled when the place was set anew: the end of a silence.
    pub(super) released: CancellationToken,
}

impl FaultsHandle {
    pub(super) fn new(faults: Faults) -> Self {
        let handle = Self::default();
        handle.lock().faults = faults;
        handle
    }

    /// Replaces all faults.
    pub fn set(&self, mut faults: Faults) {
        let changes = Place::ALL.map(|(_, place)| (place, faults.at(place).take()));
        self.put_all(changes);
    }

    /// Replaces the fault at one place.
    pub fn put(&self, place: Place, fault: Fault) {
        self.put_all([(place, Some(fault))]);
    }

    /// A healthy service again.
    pub fn clear(&self) {
        self.set(Faults::default());
    }

    /// The faults in force; `times` shows how many answers are still to be struck.
    pub fn get(&self) -> Faults {
        self.lock().faults.clone()
    }

    /// Replaces the faults at these places, all at once; whoever is kept in silence there goes on.
    pub(super) fn put_all(&self, changes: impl IntoIterator<Item = (Place, Option<Fault>)>) {
        let mut books = self.lock();
        for (place, fault) in changes {
            *books.faults.at(place) = fault;
            if let Some(waiting) = books.released.remove(&place) {
                waiting.cancel();
            }
        }
    }

    /// The fault for an answer at `place`, used up by one.
    pub(super) fn take(&self, place: Place) -> Option<Taken> {
        let mut books = self.lock();
        let slot = books.faults.at(place);
        let fault = slot.clone()?;
        match slot.as_mut().and_then(|fault| fault.times.as_mut()) {
            Some(0) => {
                *slot = None;
                return None;
            }
            Some(1) => *slot = None,
            Some(times) => *times -= 1,
            None => {}
        }
        Some(Taken {
            what: fault.what,
            delay: fault.delay,
            released: books.released.entry(place).or_default().clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults {
    pub(super) fn at(&mut self, place: Place) -> &mut Option<Fault> {
        match place {
            Place::Discovery => &mut self.discovery,
            Place::Login => &mut self.login,
            Place::Refresh => &mut self.refresh,
            Place::Session => &mut self.session,
            Place::Agents => &mut self.agents,
            Place::Accounts => &mut self.accounts,
        }
    }
}
