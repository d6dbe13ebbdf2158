//! The rate limiter (contract §1.4): a window of its own for each address, route and method, that
//! begins with the first call after the last one ended.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use super::{route::Route, setup::RateLimit};

/// The windows.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    windows: HashMap<(IpAddr, Route), Window>,
}

#[derive(Debug)]
struct Window {
    began: Duration,
    calls: u32,
}

/// What one call is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) allowed: bool,
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// Until the window ends.
    pub(super) reset_in: Duration,
}

impl Limiter {
    /// Counts a call at `now` since the start.
    pub(super) fn count(
        &mut self,
        limit: RateLimit,
        (peer, route): (IpAddr, Route),
        now: Duration,
    ) -> Told {
        let window = self.windows.entry((peer, route)).or_insert(Window {
            began: now,
            calls: 0,
        });
        if now >= window.began + limit.window {
            *window = Window {
                began: now,
                calls: 0,
            };
        }
        window.calls = window.calls.saturating_add(1);
        Told {
            allowed: window.calls <= limit.calls,
            limit: limit.calls,
            remaining: limit.calls.saturating_sub(window.calls),
            reset_in: (window.began + limit.window).saturating_sub(now),
        }
    }

    pub(super) fn clear(&mut self) {
        self.windows.clear();
    }
}
