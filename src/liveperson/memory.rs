//! What is remembered between polls, and what a failure does to it (contract §7.2).

use std::time::Duration;

use reqwest::Url;

use super::{
    Reach, account_config::AccountConfig, latch::Latches, login::Login, losses::Losses, pace::Pace,
    session::Session,
};
use crate::ports::{LatchReason, SourceError, SourceFault};

/// After so many failures in a row that look like a moved or dead host, the chain starts again at
/// discovery.
const REDISCOVER_AFTER: u32 = 3;

/// Everything between two polls.
pub(super) struct Memory {
    /// The agent API's host, from discovery.
    pub(super) home: Option<Home>,
    pub(super) login: Option<Login>,
    pub(super) session: Option<Session>,
    /// The static half of the agents; it outlives logins.
    pub(super) account_config: AccountConfig,
    pub(super) latches: Latches,
    pub(super) losses: Losses,
    pub(super) pace: Pace,
    /// Nothing is sent before it is over.
    hold: Option<Hold>,
    /// The end of the wait that the last failure brought, where it is a long one.
    waits_until: Duration,
    /// Since when the service has not been there, by `Clock::elapsed`.
    gone_since: Option<Duration>,
    failures: u32,
}

/// A discovered host.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) base: Url,
    /// When it was found, by `Clock::elapsed`.
    pub(super) found: Duration,
    /// There was trouble since: discovery is asked first, and this is where to go when it is dead.
    pub(super) doubted: bool,
}

/// A wait that the source asked for, or that another client's fight over our user calls for.
struct Hold {
    /// By `Clock::elapsed`.
    until: Duration,
    error: SourceError,
}

impl Memory {
    pub(super) fn new(latches: Latches, pace: Pace) -> Self {
        Self {
            home: None,
            login: None,
            session: None,
            account_config: AccountConfig::default(),
            latches,
            losses: Losses::default(),
            pace,
            hold: None,
            waits_until: Duration::ZERO,
            gone_since: None,
            failures: 0,
        }
    }

    /// Fails while nothing may be sent, without sending anything.
    pub(super) fn may_send(&mut self, now: Duration) -> Result<(), SourceError> {
        let Some(hold) = &self.hold else {
            return Ok(());
        };
        let left = hold.until.saturating_sub(now);
        if left.is_zero() {
            self.hold = None;
            return Ok(());
        }
        Err(SourceError {
            doing: hold.error.doing.clone(),
            what: format!(
                "nothing is sent for another {left:.0?}; {}",
                hold.error.what
            ),
            fault: hold.error.fault,
            retry_after: Some(left),
        })
    }

    /// Whether polls wait longer than their schedule: after more than the quick retries, or because
    /// the source asked for it.
    pub(super) fn waits(&self, now: Duration) -> bool {
        now < self.waits_until || self.hold.as_ref().is_some_and(|hold| now < hold.until)
    }

    /// Forgets login and session, so that the next poll makes new ones.
    pub(super) fn drop_login(&mut self) {
        self.login = None;
        self.session = None;
    }

    /// A poll worked.
    pub(super) fn worked(&mut self) {
        self.failures = 0;
        self.gone_since = None;
        self.waits_until = Duration::ZERO;
        self.pace.worked();
    }

    /// Learns from a failure, and gives it back with what it means by now and when to try again.
    pub(super) async fn learn(&mut self, reach: &Reach, error: SourceError) -> SourceError {
        let now = reach.clock.elapsed();
        let error = self.retiring(reach, error, now);
        match error.fault {
            SourceFault::CredentialsRejected => {
                self.refuse(reach, LatchReason::CredentialsRejected).await;
            }
            SourceFault::Blacklisted => self.refuse(reach, LatchReason::Blacklisted).await,
            // Somebody else's data under our session: nothing of it is to be trusted.
            SourceFault::ForeignAnswer => {
                self.drop_login();
                self.home = None;
                self.account_config = AccountConfig::default();
            }
            // A host that moved away may leave any of these behind.
            SourceFault::Unreachable
            | SourceFault::ServerError
            | SourceFault::UnexpectedAnswer
            | SourceFault::NotFound
            | SourceFault::Retired => {
                self.failures += 1;
                if self.failures >= REDISCOVER_AFTER {
                    self.failures = 0;
                    self.drop_login();
                    if let Some(home) = &mut self.home {
                        home.doubted = true;
                    }
                }
            }
            SourceFault::Replaced => self.drop_login(),
            // Nobody documents what a session that is over answers: a new one is tried, once a wait.
            SourceFault::Forbidden | SourceFault::Refused => self.session = None,
            SourceFault::SessionLost | SourceFault::Throttled => {}
        }
        let most = reach.config.retry.asked_max;
        let asked = error.retry_after.map(|asked| asked.min(most));
        let wait = self.pace.failed(error.fault, asked);
        let error = SourceError {
            retry_after: wait,
            ..error
        };
        let hold = match error.fault {
            SourceFault::Throttled => asked,
            SourceFault::Replaced => wait,
            SourceFault::Unreachable
            | SourceFault::ServerError
            | SourceFault::UnexpectedAnswer
            | SourceFault::ForeignAnswer
            | SourceFault::CredentialsRejected
            | SourceFault::SessionLost
            | SourceFault::Forbidden
            | SourceFault::Blacklisted
            | SourceFault::Refused
            | SourceFault::NotFound
            | SourceFault::Retired => None,
        };
        let until = hold.map(|wait| now.saturating_add(wait));
        let running = self.hold.as_ref().map(|hold| hold.until);
        // A shorter wait does not end a longer one.
        if let Some(until) = until.filter(|until| Some(*until) > running) {
            let error = again(&error);
            self.hold = Some(Hold { until, error });
        }
        if self.pace.is_open() {
            self.waits_until = wait.map_or(Duration::MAX, |wait| now.saturating_add(wait));
        }
        error
    }

    /// A refusal of the login that is new; one that stood already is not made younger.
    async fn refuse(&mut self, reach: &Reach, reason: LatchReason) {
        self.drop_login();
        if !self.latches.stands() {
            self.latches.refuse(reason, reach.clock.now()).await;
        }
    }

    /// Not being there for long enough is being retired (contract §7.3).
    fn retiring(&mut self, reach: &Reach, error: SourceError, now: Duration) -> SourceError {
        match error.fault {
            SourceFault::NotFound => {}
            // Says nothing about whether it is there.
            SourceFault::Unreachable | SourceFault::ServerError | SourceFault::UnexpectedAnswer => {
                return error;
            }
            SourceFault::ForeignAnswer
            | SourceFault::CredentialsRejected
            | SourceFault::SessionLost
            | SourceFault::Forbidden
            | SourceFault::Throttled
            | SourceFault::Blacklisted
            | SourceFault::Refused
            | SourceFault::Replaced
            | SourceFault::Retired => {
                self.gone_since = None;
                return error;
            }
        }
        let since = *self.gone_since.get_or_insert(now);
        let gone = now.saturating_sub(since);
        if gone < reach.config.retry.retired_after {
            return error;
        }
        SourceError {
            what: format!(
                "{}; it has been so for {gone:.0?}: LivePerson seems to have switched the legacy chat API off; everybody is kept as last seen, and it is still looked for; finish the migration",
                error.what
            ),
            fault: SourceFault::Retired,
            ..error
        }
    }
}

/// The same error once more.
pub(super) fn again(error: &SourceError) -> SourceError {
    SourceError {
        doing: error.doing.clone(),
        what: error.what.clone(),
        fault: error.fault,
        retry_after: error.retry_after,
    }
}
