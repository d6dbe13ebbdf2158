//! The fixed-window limit of `/api/v1` (livechat contract §1.7), in a table that cannot grow.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{config::RateLimit, domain::Timestamp};

/// Routes with a window of their own: template and method. HEAD runs the GET route and spends
/// its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Limited {
    /// `GET livechat/agent.next/:token`.
    AgentNext,
    /// An endpoint of the livechat face, by its place in the table.
    Endpoint(usize),
}

/// What one call found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spent {
    /// It may go on.
    Within {
        /// Calls left in this window.
        remaining: u32,
        /// When the next window begins.
        resets_in: Duration,
    },
    /// Too many.
    Exceeded {
        /// When the next window begins; never zero.
        resets_in: Duration,
    },
}

/// Calls by client and route. A client is an IPv4 address or an IPv6 /64: whoever has one IPv6
/// address has the other 2^64 of its network too, and could call from each of them and push
/// everybody else out of the table.
pub(super) struct RateTable {
    limit: RateLimit,
    windows: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    open: HashMap<(IpAddr, Limited), Window, ahash::RandomState>,
    /// In the order in which the windows began, so the oldest is first and the expired ones are
    /// together. Time never goes back, so pushing at the end keeps that order.
    by_age: VecDeque<(Duration, (IpAddr, Limited))>,
}

struct Window {
    began: Duration,
    calls: u32,
}

impl RateTable {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            windows: Mutex::default(),
        }
    }

    /// Calls per window.
    pub(super) fn calls(&self) -> u32 {
        self.limit.calls
    }

    /// Counts one call at `now` (of [`crate::ports::Clock::elapsed`]) on a route that takes `calls` in
    /// a window.
    pub(super) fn spend(&self, route: Limited, calls: u32, client: IpAddr, now: Duration) -> Spent {
        let key = (network(client), route);
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have asked its clock later and come here first.
        let now = windows
            .by_age
            .back()
            .map_or(now, |(last, _)| now.max(*last));
        windows.forget_expired(now, self.limit.window);
        if !windows.open.contains_key(&key) {
            if windows.open.len() >= self.limit.addresses {
                windows.forget_oldest();
            }
            windows.by_age.push_back((now, key));
        }
        let window = windows.open.entry(key).or_insert(Window {
            began: now,
            calls: 0,
        });
        let resets_in = (window.began + self.limit.window).saturating_sub(now);
        if window.calls >= calls {
            return Spent::Exceeded { resets_in };
        }
        window.calls += 1;
        Spent::Within {
            remaining: calls - window.calls,
            resets_in,
        }
    }
}

impl Open {
    fn forget_expired(&mut self, now: Duration, length: Duration) {
        while let Some((began, _)) = self.by_age.front()
            && *began + length <= now
        {
            self.forget_oldest();
        }
    }

    /// A client that is pushed out early starts again with all its calls: bounded memory is worth
    /// more than an exact count under a flood of addresses.
    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.by_age.pop_front() {
            self.open.remove(&key);
        }
    }
}

/// The client that an address stands for: an IPv4 address or an IPv6 /64.
pub(in super::super) fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// Length of the one window that is not the usual one: offline messages (livechat contract §1.7).
const SHORT: Duration = Duration::from_secs(5);

/// Every window of the public listener.
pub(in super::super) struct Windows {
    usual: RateTable,
    short: RateTable,
}

/// What a call found, and what its route takes.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Spending {
    calls: u32,
    spent: Spent,
}

impl Windows {
    pub(super) fn new(limit: RateLimit) -> Self {
        let short = RateLimit {
            window: SHORT.min(limit.window),
            ..limit
        };
        Self {
            usual: RateTable::new(limit),
            short: RateTable::new(short),
        }
    }

    /// Counts a call of agent.next.
    pub(super) fn agent_next(&self, client: IpAddr, now: Duration) -> Spending {
        let calls = self.usual.calls();
        Spending {
            calls,
            spent: self.usual.spend(Limited::AgentNext, calls, client, now),
        }
    }

    /// Counts a call of an endpoint of the livechat face; `own` are the calls and milliseconds that it
    /// takes where they are not the configured ones.
    pub(in super::super) fn endpoint(
        &self,
        place: usize,
        own: Option<(u32, u64)>,
        client: IpAddr,
        now: Duration,
    ) -> Spending {
        let (table, calls) = match own {
            Some((calls, millis)) if Duration::from_millis(millis) == SHORT => (&self.short, calls),
            Some((calls, _)) => (&self.usual, calls),
            None => (&self.usual, self.usual.calls()),
        };
        Spending {
            calls,
            spent: table.spend(Limited::Endpoint(place), calls, client, now),
        }
    }
}

impl Spending {
    /// When the next window begins, if this one is used up.
    pub(in super::super) fn exceeded(&self) -> Option<Duration> {
        match self.spent {
            Spent::Within { .. } => None,
            Spent::Exceeded { resets_in } => Some(resets_in),
        }
    }

    pub(super) fn write_headers(&self, now: Timestamp, headers: &mut HeaderMap) {
        write_headers(self.calls, self.spent, now, headers);
    }
}

/// The three headers every limited route carries. Reset is the wall time in epoch milliseconds.
fn write_headers(calls: u32, spent: Spent, now: Timestamp, headers: &mut HeaderMap) {
    let (remaining, resets_in) = match spent {
        Spent::Within {
            remaining,
            resets_in,
        } => (remaining, resets_in),
        Spent::Exceeded { resets_in } => (0, resets_in),
    };
    headers.insert(LIMIT, HeaderValue::from(calls));
    headers.insert(REMAINING, HeaderValue::from(remaining));
    headers.insert(RESET, HeaderValue::from(now.plus(resets_in).millis()));
}

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

#[cfg(test)]
mod tests {
    use super::*;

    fn table(calls: u32, addresses: usize) -> RateTable {
        RateTable::new(RateLimit {
            calls,
            window: Duration::from_secs(60),
            addresses,
        })
    }

    fn is_within(table: &RateTable, client: &str, now: u64) -> bool {
        let client = client.parse().unwrap();
        let spent = table.spend(
            Limited::AgentNext,
            table.calls(),
            client,
            Duration::from_secs(now),
        );
        matches!(spent, Spent::Within { .. })
    }

    #[test]
    fn a_window_is_fixed_and_begins_with_its_first_call() {
        let table = table(2, 10);
        let asked = [
            (5, true),
            (64, true),
            (64, false),
            // Refused calls do not push the end of the window away.
            (65, true),
            (66, true),
            (124, false),
            (125, true),
        ];
        for (now, within) in asked {
            assert_eq!(is_within(&table, "192.0.2.1", now), within, "at {now}");
        }
    }

    #[test]
    fn a_full_table_forgets_the_oldest_window_and_no_other() {
        let table = table(1, 2);
        assert!(is_within(&table, "192.0.2.1", 0));
        assert!(is_within(&table, "192.0.2.2", 1));
        assert!(is_within(&table, "192.0.2.3", 2));
        assert!(!is_within(&table, "192.0.2.2", 3));
        assert!(!is_within(&table, "192.0.2.3", 3));
        assert!(is_within(&table, "192.0.2.1", 3), "was forgotten");
        let windows = table.windows.lock().unwrap();
        assert_eq!((windows.open.len(), windows.by_age.len()), (2, 2));
    }

    #[test]
    fn expired_windows_make_room_before_living_ones() {
        let table = table(1, 3);
        for (client, now) in [("192.0.2.1", 0), ("192.0.2.2", 1), ("192.0.2.3", 50)] {
            assert!(is_within(&table, client, now));
        }
        assert!(is_within(&table, "192.0.2.4", 61));
        assert!(!is_within(&table, "192.0.2.3", 61));
        assert_eq!(table.windows.lock().unwrap().open.len(), 2);
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let table = table(1, 10);
        assert!(is_within(&table, "2001:db8:0:1::1", 0));
        assert!(!is_within(&table, "2001:db8:0:1:ffff::2", 0));
        assert!(is_within(&table, "2001:db8:0:2::1", 0));
    }
}
