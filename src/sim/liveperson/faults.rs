//! Misbehaviour on demand: what goes wrong, at which resource, for how many answers.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The faults in force, at most one a place. `Faults::default()` is a healthy service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
}

/// Where a fault strikes: the fields of [`Faults`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub what: What,
    /// For how many answers; `None` until cleared.
    pub times: Option<u32>,
    /// The answer is held back for so long, by the clock.
    pub delay: Duration,
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

/// What goes wrong. Those that speak of the list do nothing at other places than
/// `availableAgents`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing: for a delay alone.
    Nothing,
    /// A proxy's HTML page with status 503 instead of the answer.
    Html503,
    /// An HTML page with status 200 instead of the answer.
    Html200,
    /// This status with the body that LivePerson sends beside it (contract §7.1); empty for 204
    /// and 304.
    Status(u16),
    /// Exactly this instead of the answer: strings as errors, a login without bearer.
    Answer {
        /// Status, 200–999.
        status: u16,
        /// `Content-Type`; none when empty.
        content_type: String,
        /// Body.
        body: String,
    },
    /// The true answer under another `Content-Type`; without one when empty.
    ContentType(String),
    /// The true answer, well-formed HTTP, but the document ends after so many bytes.
    Truncate(usize),
    /// The true head, the first so many bytes of the body, then a connection reset.
    Reset(usize),
    /// A list without agents.
    EmptyList,
    /// A list of the first half of the agents.
    HalfList,
    /// The link of the list names this account.
    ForeignAccount(String),
    /// A valid beginning of a list that goes on for so many bytes, sent in chunks.
    HugeBody(u64),
    /// The same under `Content-Encoding: gzip`: so many bytes, about 158 to 1 on the wire.
    GzipBomb(u64),
    /// An XML list whose first agent's nickname is a nest of entities worth 10⁹ letters.
    EntityBomb,
}

/// Sets and clears faults while the simulator runs. Clones share the same faults.
#[derive(Clone, Debug, Default)]
pub struct FaultsHandle {
    inner: Arc<Mutex<Faults>>,
}

impl FaultsHandle {
    pub(super) fn new(faults: Faults) -> Self {
        Self {
            inner: Arc::new(Mutex::new(faults)),
        }
    }

    /// Replaces all faults.
    pub fn set(&self, faults: Faults) {
        *self.lock() = faults;
    }

    /// Replaces the fault at one place.
    pub fn put(&self, place: Place, fault: Fault) {
        *self.lock().at(place) = Some(fault);
    }

    /// A healthy service again.
    pub fn clear(&self) {
        self.set(Faults::default());
    }

    /// The faults in force; `times` shows how many answers are still to be struck.
    pub fn get(&self) -> Faults {
        self.lock().clone()
    }

    /// The fault for an answer at `place`, used up by one.
    pub(super) fn take(&self, place: Place) -> Option<Fault> {
        let mut faults = self.lock();
        let slot = faults.at(place);
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
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, Faults> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults {
    fn at(&mut self, place: Place) -> &mut Option<Fault> {
        match place {
            Place::Discovery => &mut self.discovery,
            Place::Login => &mut self.login,
            Place::Refresh => &mut self.refresh,
            Place::Session => &mut self.session,
            Place::Agents => &mut self.agents,
        }
    }
}
