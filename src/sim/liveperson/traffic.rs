//! Who is being answered, and who of them waits on the clock: so that whoever drives the clock can
//! tell when everybody else is done.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

/// What a held answer waits for.
#[derive(Clone, Debug)]
pub(super) enum Until {
    /// The clock's elapsed time.
    Elapsed(Duration),
    /// The end of a silence.
    Released(CancellationToken),
}

/// The counts. One who waits is held as long as what he waits for has not come, whether or not he
/// has noticed yet.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    in_flight: usize,
    next: u64,
    held: BTreeMap<u64, Until>,
}

impl Traffic {
    /// Counts a request until the guard is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> InFlight {
        self.lock().in_flight += 1;
        InFlight(Arc::clone(self))
    }

    /// Counts a wait until the guard is dropped.
    pub(super) fn hold(self: &Arc<Self>, until: Until) -> Held {
        let mut books = self.lock();
        books.next += 1;
        let place = books.next;
        books.held.insert(place, until);
        Held(Arc::clone(self), place)
    }

    /// Requests being answered, and how many of them are held at the elapsed time `now`.
    pub(super) fn count(&self, now: Duration) -> (usize, usize) {
        let books = self.lock();
        let held = books.held.values().filter(|until| match until {
            Until::Elapsed(at) => *at > now,
            Until::Released(token) => !token.is_cancelled(),
        });
        (books.in_flight, held.count())
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request being answered.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Traffic>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
    }
}

/// A wait.
#[derive(Debug)]
pub(super) struct Held(Arc<Traffic>, u64);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().held.remove(&self.1);
    }
}
