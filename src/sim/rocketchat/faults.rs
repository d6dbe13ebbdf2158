//! Misbehaviour on demand: what goes wrong, at which routes, how often.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize};
use tokio_util::sync::CancellationToken;

use super::route::Route;

/// The faults in force, in order: the first one that strikes a request does so alone. In JSON a
/// list. `Faults::default()` is a healthy service.
pub type Faults = Vec<Fault>;

/// One fault. In JSON only `what` is required.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub what: What,
    /// `any`, a class of routes, or one route; `/sim/faults` names them when it knows no better.
    #[serde(default = "anywhere", deserialize_with = "known")]
    pub at: String,
    /// Which requests there.
    #[serde(default)]
    pub on: On,
    /// For how many requests; `None` until cleared.
    #[serde(default, deserialize_with = "at_least_one")]
    pub times: Option<u32>,
    /// So many requests pass first.
    #[serde(default)]
    pub skip: u32,
    /// How likely it strikes each request, by seeded dice.
    #[serde(default = "surely", deserialize_with = "likelihood")]
    pub probability: f64,
    /// The answer is held back for so long, by the clock.
    #[serde(default)]
    pub delay_ms: u64,
}

/// Which requests a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// All.
    #[default]
    Any,
    /// GET only.
    Reads,
    /// All but GET.
    Writes,
}

/// What goes wrong. Those that end in `After` let the request take effect first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// Nothing: for a delay alone.
    Nothing,
    /// This status: 429 as the limiter writes it, 502 to 504 as a proxy does, others as
    /// Rocket.Chat does.
    Status(#[serde(deserialize_with = "status")] u16),
    /// The same after the request took effect.
    StatusAfter(#[serde(deserialize_with = "status")] u16),
    /// The connection is reset before anything happens.
    Reset,
    /// The connection is reset after the request took effect.
    ResetAfter,
    /// Nothing happens and no answer comes until the faults change or the client leaves.
    Silence,
    /// The request takes effect, and no answer comes.
    SilenceAfter,
    /// An HTML page with status 200 instead of anything.
    Html,
    /// `success: false` with status 200 instead of anything.
    Unsuccessful,
    /// The true answer in well-formed HTTP, but its body ends halfway.
    Truncate,
    /// `users.create` makes the user and then fails to write his custom fields.
    UserWithoutFields,
    /// `users.create` makes the user and then fails to write his `active` flag.
    UserWithoutFlag,
}

impl Fault {
    /// A fault that strikes every request at `at` until it is cleared.
    ///
    /// # Panics
    ///
    /// For a place that does not exist.
    pub fn at(at: &str, what: What) -> Self {
        assert!(Route::is_place(at), "no place {at}: {}", Route::places());
        Self {
            what,
            at: at.to_owned(),
            on: On::Any,
            times: None,
            skip: 0,
            probability: 1.0,
            delay_ms: 0,
        }
    }

    /// The same for the next `times` requests only.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// The same after `skip` requests have passed.
    #[must_use]
    pub fn skip(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// The same by chance, from 0 to 1.
    #[must_use]
    pub fn by_chance(self, probability: f64) -> Self {
        Self {
            probability,
            ..self
        }
    }

    /// The same for reads or writes only.
    #[must_use]
    pub fn on(self, on: On) -> Self {
        Self { on, ..self }
    }

    /// The same, with the answer held back.
    #[must_use]
    pub fn delayed(self, delay: Duration) -> Self {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        Self { delay_ms, ..self }
    }

    fn strikes_at(&self, route: Route, reads: bool) -> bool {
        let here = self.at == "any" || self.at == route.class() || self.at == route.name();
        let so = match self.on {
            On::Any => true,
            On::Reads => reads,
            On::Writes => !reads,
        };
        here && so
    }
}

/// Sets and clears faults while the simulator runs. Clones share the same faults.
#[derive(Clone, Debug)]
pub struct FaultsHandle {
    inner: Arc<Mutex<Books>>,
}

#[derive(Debug)]
struct Books {
    faults: Faults,
    dice: fastrand::Rng,
    struck: u64,
    /// Cancelled as soon as the faults change.
    released: CancellationToken,
}

/// A fault that strikes now.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) what: What,
    pub(super) delay: Duration,
    /// The end of a silence.
    pub(super) released: CancellationToken,
}

impl FaultsHandle {
    pub(super) fn new(faults: Faults, seed: u64) -> Self {
        let books = Books {
            faults,
            dice: fastrand::Rng::with_seed(seed),
            struck: 0,
            released: CancellationToken::new(),
        };
        Self {
            inner: Arc::new(Mutex::new(books)),
        }
    }

    /// Replaces all faults; whoever is kept in silence goes on.
    pub fn set(&self, faults: Faults) {
        let mut books = self.lock();
        books.faults = faults;
        std::mem::take(&mut books.released).cancel();
    }

    /// Adds one behind the others.
    pub fn add(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// A healthy service again.
    pub fn clear(&self) {
        self.set(Faults::new());
    }

    /// The faults in force; `times` and `skip` show what is left.
    pub fn get(&self) -> Faults {
        self.lock().faults.clone()
    }

    /// How many requests were struck so far.
    pub fn struck(&self) -> u64 {
        self.lock().struck
    }

    /// The fault for a request, used up by one.
    pub(super) fn take(&self, route: Route, reads: bool) -> Option<Taken> {
        let mut books = self.lock();
        let Books { faults, dice, .. } = &mut *books;
        let struck = faults.iter_mut().position(|fault| {
            if !fault.strikes_at(route, reads) {
                return false;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                return false;
            }
            fault.probability >= 1.0 || dice.f64() < fault.probability
        })?;
        let fault = faults[struck].clone();
        match faults[struck].times.as_mut() {
            Some(0 | 1) => {
                faults.remove(struck);
            }
            Some(times) => *times -= 1,
            None => {}
        }
        books.struck += 1;
        Some(Taken {
            what: fault.what,
            delay: Duration::from_millis(fault.delay_ms),
            released: books.released.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn anywhere() -> String {
    "any".to_owned()
}

const fn surely() -> f64 {
    1.0
}

fn known<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let place = String::deserialize(from)?;
    if Route::is_place(&place) {
        return Ok(place);
    }
    let known = Route::places();
    let message = format!("no such place; there are {known}");
    Err(serde::de::Error::custom(message))
}

fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    match Option::deserialize(from)? {
        Some(0) => Err(serde::de::Error::custom("times must be at least 1")),
        times => Ok(times),
    }
}

fn likelihood<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let given = f64::deserialize(from)?;
    if (0.0..=1.0).contains(&given) {
        return Ok(given);
    }
    Err(serde::de::Error::custom("probability goes from 0 to 1"))
}

fn status<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    match u16::deserialize(from)? {
        status @ 200..=599 => Ok(status),
        _ => Err(serde::de::Error::custom("a status goes from 200 to 599")),
    }
}
