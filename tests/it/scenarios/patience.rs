//! Waiting for something that must come, on real time, without saying how soon.

use std::time::Duration;

use lp2rc::ports::{Clock as _, SystemClock};

/// Far longer than anything takes, even on a machine with much else to do.
const LIMIT: Duration = Duration::from_secs(45);

/// Between two looks: everything in these tests shares two cores.
const PAUSE: Duration = Duration::from_millis(25);

/// Looks until `done`; `false` when it never came.
pub(super) fn until(mut done: impl FnMut() -> bool) -> bool {
    let clock = SystemClock::new();
    while !done() {
        if clock.elapsed() > LIMIT {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
    true
}
