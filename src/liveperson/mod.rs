//! Reading LivePerson: discovery, login, session, polls, in JSON and in XML.
//!
//! [`LivePerson`] is the [`Source`]. It keeps one login and one agent session between polls, each
//! on a clock of its own (contract §2.5, §3.3): the login wants a refresh about every four
//! minutes, the agent session wants any call at all. Both are rebuilt when the server drops them,
//! once per poll. A refused login is final for this value: nothing logs in with it again.
//!
//! The rooms within: [`decode`] (bytes to agents), `client` (one exchange), `hosts` (who may get
//! credentials), `links` (addresses), `fault` (refusal to sentence), `login`, `session`, `poll`.

mod client;
pub mod decode;
mod fault;
mod hosts;
mod links;
mod login;
mod poll;
mod session;

use std::{sync::Arc, time::Duration};

use reqwest::Url;
use tokio::sync::Mutex;

use self::{
    client::Wire,
    hosts::Hosts,
    login::{Login, Refreshed},
    session::{Session, Trouble},
};
use crate::{
    config::LivePersonConfig,
    domain::Observation,
    ports::{Clock, Future, PollRequest, Source, SourceError, SourceFault, clock::timeout},
    telemetry::Metrics,
};

/// Stopping must not wait for a server that hangs.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// After so many failures in a row that look like a moved or dead host, the chain starts again at
/// discovery.
const REDISCOVER_AFTER: u32 = 3;

/// The keep-alive loop looks at the session at least so far apart, whatever the settings.
const LEAST_NAP: Duration = Duration::from_secs(1);

/// And so far apart while the server does not answer it: well below the 100 s that are left
/// between `session_idle` and the end of the session (contract §3.3).
const NAP_AFTER_FAILURE: Duration = Duration::from_secs(30);

/// One LivePerson account, read with the legacy chat agent API.
pub struct LivePerson {
    reach: Reach,
    metrics: Metrics,
    /// One exchange chain at a time: login and session must not be built twice.
    state: Mutex<State>,
}

/// What every step needs.
struct Reach {
    config: LivePersonConfig,
    discovery: Url,
    hosts: Hosts,
    wire: Wire,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    /// The agent API's host, from discovery.
    home: Option<Url>,
    login: Option<Login>,
    session: Option<Session>,
    /// A refusal that trying again would make worse: wrong password, blocked user.
    refusal: Option<SourceError>,
    failures: u32,
}

impl LivePerson {
    /// Prepares the client; nothing is sent yet. Fails when the address of the domain API cannot
    /// be read, or when https is wanted and the system has no CA certificates.
    pub fn new(
        config: LivePersonConfig,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Result<Self, SourceError> {
        let discovery = Url::parse(&config.discovery_url)
            .ok()
            .filter(Url::has_host)
            .ok_or_else(|| SourceError {
                doing: "prepare to read LivePerson".to_owned(),
                what: "liveperson.discovery_url is not an address; the default is https://api.liveperson.net".to_owned(),
                fault: SourceFault::Refused,
                retry_after: None,
            })?;
        let hosts = Hosts::new(&discovery, &config.trusted_hosts);
        let wire = Wire::new(&config, &discovery, Arc::clone(&clock))?;
        Ok(Self {
            reach: Reach {
                config,
                discovery,
                hosts,
                wire,
                clock,
            },
            metrics,
            state: Mutex::default(),
        })
    }

    /// Looks after login and session between polls, until dropped. Needed only where polls may be
    /// rarer than `session_idle` or `refresh_every`; harmless elsewhere. Run it beside the polls:
    ///
    /// ```text
    /// let reader = Arc::new(LivePerson::new(config, clock, metrics)?);
    /// tokio::spawn({ let reader = Arc::clone(&reader); async move { reader.keep_alive().await } });
    /// ```
    pub async fn keep_alive(&self) {
        let mut least = LEAST_NAP;
        loop {
            let nap = self.due_in().await.max(least);
            self.reach.clock.sleep(nap).await;
            least = LEAST_NAP;
            if let Err(error) = self.tend().await {
                least = NAP_AFTER_FAILURE;
                tracing::warn!(%error, "keeping LivePerson's session alive failed; the next poll repairs it");
            }
        }
    }

    /// One round of [`Self::keep_alive`]: refreshes the login when that is due, and asks for
    /// incoming chats when the agent session has been idle for `session_idle`. Opens nothing. A
    /// login or session that turns out to be gone is dropped; the next poll builds a new one.
    pub async fn tend(&self) -> Result<(), SourceError> {
        let reach = &self.reach;
        let mut state = self.state.lock().await;
        let state = &mut *state;
        self.refresh_when_due(state).await?;
        let (Some(login), Some(session)) = (&state.login, &mut state.session) else {
            return Ok(());
        };
        if reach.clock.elapsed().saturating_sub(session.used) < reach.config.session_idle {
            return Ok(());
        }
        match session::keep_alive(reach, login, session).await {
            Ok(()) => Ok(()),
            Err(Trouble::Lost(_)) => {
                state.session = None;
                Ok(())
            }
            Err(Trouble::Fault(error)) => Err(error),
        }
    }

    /// How long until [`Self::tend`] has something to do.
    async fn due_in(&self) -> Duration {
        let config = &self.reach.config;
        let now = self.reach.clock.elapsed();
        let state = self.state.lock().await;
        let refresh = state.login.as_ref().map(|login| login.refresh_at);
        let idle = state
            .session
            .as_ref()
            .map(|session| session.used + config.session_idle);
        refresh
            .unwrap_or(now + config.refresh_every)
            .min(idle.unwrap_or(now + config.session_idle))
            .saturating_sub(now)
    }

    async fn poll_once(&self, request: PollRequest) -> Result<Observation, SourceError> {
        let mut state = self.state.lock().await;
        if let Some(refusal) = &state.refusal {
            return Err(again(refusal));
        }
        let result = self.climb(&mut state, request).await;
        match &result {
            Ok(_) => state.failures = 0,
            Err(error) => state.learn(error),
        }
        result
    }

    /// Reads with what there is; when the session is lost, with a new session; when that is lost
    /// too, with a new login; then no more (contract §7.2). A login made for this very poll is not
    /// made twice.
    async fn climb(
        &self,
        state: &mut State,
        request: PollRequest,
    ) -> Result<Observation, SourceError> {
        self.refresh_when_due(state).await?;
        let mut fresh_login = state.login.is_none();
        let mut fresh_session = false;
        loop {
            let opens = state.session.is_none();
            match self.attempt(state, request).await {
                Ok(observation) => return Ok(observation),
                Err(Trouble::Fault(error)) => return Err(error),
                Err(Trouble::Lost(error)) => {
                    // Lost while being opened: a second one with the same bearer will not do.
                    let refused = opens && state.session.is_none();
                    state.session = None;
                    if !fresh_session && !refused {
                        fresh_session = true;
                    } else if !fresh_login {
                        fresh_login = true;
                        state.login = None;
                    } else {
                        state.login = None;
                        return Err(error);
                    }
                    tracing::info!(%error, "LivePerson dropped the session; building a new one");
                }
            }
        }
    }

    /// One attempt: logs in and opens a session where there is none, sets it Away, reads.
    async fn attempt(
        &self,
        state: &mut State,
        request: PollRequest,
    ) -> Result<Observation, Trouble> {
        let reach = &self.reach;
        let login = match &mut state.login {
            Some(login) => login,
            none @ None => {
                let home = match &mut state.home {
                    Some(home) => home,
                    unknown @ None => unknown.insert(login::discover(reach, login::SERVICE).await?),
                };
                let made = login::log_in(reach, home).await?;
                self.metrics.source_logins.inc();
                none.insert(made)
            }
        };
        let session = match &mut state.session {
            Some(session) => session,
            none @ None => {
                let opened = session::open(reach, login).await?;
                self.metrics.source_sessions.inc();
                none.insert(opened)
            }
        };
        if !session.away {
            session::set_away(reach, login, session).await?;
        }
        poll::read(reach, login, session, request).await
    }

    /// Refreshes the login when `refresh_every` has passed. A login that has ended is dropped with
    /// its session; any other trouble leaves both, because the bearer may well still be good.
    async fn refresh_when_due(&self, state: &mut State) -> Result<(), SourceError> {
        let reach = &self.reach;
        let Some(login) = &mut state.login else {
            return Ok(());
        };
        if reach.clock.elapsed() < login.refresh_at {
            return Ok(());
        }
        // A refresh that fails is tried again long before the login ends, and not at every poll.
        login.refresh_at = reach.clock.elapsed() + reach.config.refresh_every / 4;
        match login::refresh(reach, login).await {
            Ok(Refreshed::Kept) => {}
            Ok(Refreshed::Ended) => {
                tracing::info!("LivePerson ended the login; logging in again");
                state.login = None;
                state.session = None;
            }
            Err(error) if error.fault == SourceFault::Blacklisted => return Err(error),
            Err(error) => tracing::warn!(%error, "the refresh failed; it is tried again soon"),
        }
        Ok(())
    }
}

impl State {
    /// What a failed poll changes for the next one.
    fn learn(&mut self, error: &SourceError) {
        match error.fault {
            SourceFault::CredentialsRejected | SourceFault::Blacklisted => {
                self.login = None;
                self.session = None;
                self.refusal = Some(again(error));
            }
            // Somebody else's data under our session: nothing of it is to be trusted.
            SourceFault::ForeignAnswer => {
                self.login = None;
                self.session = None;
                self.home = None;
            }
            SourceFault::Unreachable | SourceFault::ServerError | SourceFault::NotFound => {
                self.failures += 1;
                if self.failures >= REDISCOVER_AFTER {
                    *self = Self::default();
                }
            }
            SourceFault::UnexpectedAnswer
            | SourceFault::SessionLost
            | SourceFault::Forbidden
            | SourceFault::Throttled
            | SourceFault::Refused
            | SourceFault::Replaced
            | SourceFault::Retired => {}
        }
    }
}

/// The same refusal once more, without asking again.
fn again(error: &SourceError) -> SourceError {
    SourceError {
        doing: error.doing.clone(),
        what: error.what.clone(),
        fault: error.fault,
        retry_after: error.retry_after,
    }
}

impl Source for LivePerson {
    fn poll(&self, request: PollRequest) -> Future<'_, Result<Observation, SourceError>> {
        Box::pin(self.poll_once(request))
    }

    fn close(&self) -> Future<'_, ()> {
        Box::pin(async {
            let ending = async {
                let mut state = self.state.lock().await;
                state.session = None;
                match state.login.take() {
                    Some(login) => login::log_out(&self.reach, &login).await,
                    None => Ok(()),
                }
            };
            // Best effort: the server ends an idle session by itself.
            match timeout(&*self.reach.clock, CLOSE_LIMIT, ending).await {
                Some(Ok(())) => {}
                Some(Err(error)) => tracing::debug!(%error, "logging out failed"),
                None => tracing::debug!("logging out took too long"),
            }
        })
    }
}
