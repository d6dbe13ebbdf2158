//! Reading LivePerson: discovery, login, session, polls, in JSON and in XML.
//!
//! [`LivePerson`] is the [`Source`]. It keeps one login and one agent session between polls, each
//! on a clock of its own (contract §2.5, §3.3): the login wants a refresh about every four
//! minutes, the agent session wants any call at all. Both are rebuilt when the server drops them,
//! once per poll. A refused login is kept in the store: nothing logs in with it again.
//!
//! The rooms within: [`decode`] (bytes to agents), `client` (one exchange), `hosts` (who may get
//! credentials), `links` (addresses), `fault` (refusal to sentence), `login`, `session`, `poll`;
//! `account_config` (the slow half of the agents); `memory` (what is kept between polls) with `latch`
//! (the refused login), `losses` (lost sessions) and `pace` (when to try again); `examine` (looking at each of them for a person) with `verdict`
//! (what is told).

mod account_config;
mod client;
pub mod decode;
mod examine;
mod fault;
pub mod hosts;
mod latch;
pub mod links;
mod login;
mod losses;
mod memory;
mod pace;
mod poll;
pub mod redact;
mod session;
mod verdict;

pub use examine::STEPS;

use std::{sync::Arc, time::Duration};

use reqwest::Url;
use tokio::sync::Mutex;

use self::{
    client::{Wire, host},
    hosts::Hosts,
    latch::Latches,
    login::{Login, Refreshed},
    memory::{Home, Memory, again},
    pace::Pace,
    session::Trouble,
};
use crate::{
    config::LivePersonConfig,
    domain::Observation,
    ports::{
        Clock, Future, LatchStore, PollRequest, Source, SourceError, SourceFault, clock::timeout,
    },
    telemetry::Metrics,
};

/// Stopping must not wait for a server that hangs.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

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
    memory: Mutex<Memory>,
}

/// What every step needs.
struct Reach {
    config: LivePersonConfig,
    discovery: Url,
    hosts: Hosts,
    wire: Wire,
    clock: Arc<dyn Clock>,
}

impl LivePerson {
    /// Prepares the client; nothing is sent yet. Fails when the address of the domain API cannot
    /// be read, or when https is wanted and there are no CA certificates. `latches` keeps a refused
    /// login.
    pub fn new(
        config: LivePersonConfig,
        clock: Arc<dyn Clock>,
        latches: Arc<dyn LatchStore>,
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
        let pace = Pace::new(config.retry.clone(), metrics.clone());
        let memory = Memory::new(Latches::new(latches, &config), pace);
        Ok(Self {
            reach: Reach {
                config,
                discovery,
                hosts,
                wire,
                clock,
            },
            metrics,
            memory: Mutex::new(memory),
        })
    }

    /// Looks after login and session between polls, until dropped. Needed only where polls may be
    /// rarer than `session_idle` or `refresh_every`; harmless elsewhere. Run it beside the polls:
    ///
    /// ```text
    /// let reader = Arc::new(LivePerson::new(config, clock, latches, metrics)?);
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
    /// login or session that turns out to be gone is dropped; the next poll builds a new one. While
    /// polls wait nothing is sent: a server in trouble is not asked by another door.
    pub async fn tend(&self) -> Result<(), SourceError> {
        let mut memory = self.memory.lock().await;
        if memory.waits(self.reach.clock.elapsed()) {
            return Ok(());
        }
        match self.tend_once(&mut memory).await {
            // These end polling for a while, or for good: the next poll must know.
            Err(error)
                if matches!(
                    error.fault,
                    SourceFault::Blacklisted | SourceFault::Replaced | SourceFault::Throttled
                ) =>
            {
                Err(memory.learn(&self.reach, error).await)
            }
            done => done,
        }
    }

    async fn tend_once(&self, memory: &mut Memory) -> Result<(), SourceError> {
        let reach = &self.reach;
        self.refresh_when_due(memory).await?;
        let (Some(login), Some(session)) = (&memory.login, &mut memory.session) else {
            return Ok(());
        };
        if reach.clock.elapsed().saturating_sub(session.used) < reach.config.session_idle {
            return Ok(());
        }
        match session::keep_alive(reach, login, session).await {
            Ok(()) => Ok(()),
            Err(Trouble::Lost(error)) => {
                memory.session = None;
                self.count_loss(memory, error)
            }
            Err(Trouble::Fault(error)) => Err(error),
        }
    }

    /// How long until [`Self::tend`] has something to do.
    async fn due_in(&self) -> Duration {
        let config = &self.reach.config;
        let now = self.reach.clock.elapsed();
        let memory = self.memory.lock().await;
        if memory.waits(now) {
            return NAP_AFTER_FAILURE;
        }
        let refresh = memory.login.as_ref().map(|login| login.refresh_at);
        let idle = memory
            .session
            .as_ref()
            .map(|session| session.used + config.session_idle);
        refresh
            .unwrap_or(now + config.refresh_every)
            .min(idle.unwrap_or(now + config.session_idle))
            .saturating_sub(now)
    }

    async fn poll_once(&self, request: PollRequest) -> Result<Observation, SourceError> {
        let mut memory = self.memory.lock().await;
        memory.may_send(self.reach.clock.elapsed())?;
        memory.pace.trying();
        match self.climb(&mut memory, request).await {
            Ok(observation) => {
                memory.worked();
                Ok(observation)
            }
            Err(error) => Err(memory.learn(&self.reach, error).await),
        }
    }

    /// Reads with what there is; when the session is lost, with a new session; when that is lost
    /// too, with a new login; then no more (contract §7.2). A login made for this very poll is not
    /// made twice.
    async fn climb(
        &self,
        memory: &mut Memory,
        request: PollRequest,
    ) -> Result<Observation, SourceError> {
        self.refresh_when_due(memory).await?;
        let mut fresh_login = memory.login.is_none();
        let (mut fresh_session, mut counted) = (false, false);
        loop {
            let opens = memory.session.is_none();
            match self.attempt(memory, request).await {
                Ok(observation) => return Ok(observation),
                Err(Trouble::Fault(error)) => return Err(error),
                Err(Trouble::Lost(error)) => {
                    // Lost while being opened: a second one with the same bearer will not do.
                    let refused = opens && memory.session.is_none();
                    memory.session = None;
                    if opens && error.fault == SourceFault::NotFound {
                        // Not even a session opened this instant is there: it is the service.
                        if counted {
                            memory.losses.take_back();
                        }
                        return Err(error);
                    }
                    if !opens {
                        counted = true;
                        self.count_loss(memory, again(&error))?;
                    }
                    if !fresh_session && !refused {
                        fresh_session = true;
                    } else if !fresh_login {
                        fresh_login = true;
                        memory.login = None;
                    } else {
                        memory.login = None;
                        return Err(error);
                    }
                    tracing::info!(
                        "LivePerson dropped the session ({}); building a new one",
                        error.doing
                    );
                }
            }
        }
    }

    /// Counts a session or login that the server ended under us. One too many within the time is
    /// somebody else's doing, and no reason to go on building new ones.
    fn count_loss(&self, memory: &mut Memory, error: SourceError) -> Result<(), SourceError> {
        self.metrics.source_session_losses.inc();
        let retry = &self.reach.config.retry;
        if !memory.losses.add(self.reach.clock.elapsed(), retry) {
            return Ok(());
        }
        Err(SourceError {
            what: format!(
                "lost the session {} times within {:?}: another client uses the bridge's user; stop it, or give the bridge a user of its own",
                retry.replaced_losses, retry.replaced_within
            ),
            fault: SourceFault::Replaced,
            ..error
        })
    }

    /// One attempt: logs in and opens a session where there is none, sets it Away, reads.
    async fn attempt(
        &self,
        memory: &mut Memory,
        request: PollRequest,
    ) -> Result<Observation, Trouble> {
        let reach = &self.reach;
        let login = match memory.login.take() {
            Some(login) => login,
            None => self.log_in(memory).await?,
        };
        let login = memory.login.insert(login);
        let opens = memory.session.is_none();
        let session = match &mut memory.session {
            Some(session) => session,
            none @ None => {
                let opened = session::open(reach, login).await?;
                self.metrics.source_sessions.inc();
                none.insert(opened)
            }
        };
        if !session.away {
            match session::set_away(reach, login, session).await {
                // Opened this instant: whether it is really gone, the read will tell.
                Err(Trouble::Lost(error)) if opens => {
                    tracing::warn!(%error, "LivePerson may offer chats to the bridge's user until it is Away");
                }
                done => {
                    done?;
                }
            }
        }
        let mut seen = poll::read(reach, login, session, request, &self.metrics).await?;
        // After the poll, which must not wait for it, and only behind a login that works.
        let config = &mut memory.account_config;
        config.renew(reach, login, &self.metrics).await;
        seen.static_half = config.fill(&mut seen.agents);
        Ok(seen)
    }

    /// Finds the host and logs in, unless these credentials were refused before.
    async fn log_in(&self, memory: &mut Memory) -> Result<Login, SourceError> {
        let reach = &self.reach;
        let now = reach.clock.elapsed();
        memory.latches.allow(&host(&reach.discovery)).await?;
        let every = reach.config.discovery_every;
        let known = memory.home.clone();
        let fresh = |home: &Home| !home.doubted && now.saturating_sub(home.found) < every;
        let home = match known {
            Some(home) if fresh(&home) => home,
            known => self.discover(known, now).await?,
        };
        let login = login::log_in(reach, &memory.home.insert(home).base).await?;
        self.metrics.source_logins.inc();
        memory.latches.forget().await;
        Ok(login)
    }

    /// Asks for the host. Where discovery itself is in trouble, the last known one will do.
    async fn discover(&self, known: Option<Home>, now: Duration) -> Result<Home, SourceError> {
        match (login::discover(&self.reach, login::SERVICE).await, known) {
            (Ok(base), _) => Ok(Home {
                base,
                found: now,
                doubted: false,
            }),
            (Err(error), Some(known))
                if matches!(
                    error.fault,
                    SourceFault::Unreachable
                        | SourceFault::ServerError
                        | SourceFault::UnexpectedAnswer
                ) =>
            {
                tracing::warn!(%error, "discovery is in trouble; trying the host that it named last");
                Ok(known)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Refreshes the login when `refresh_every` has passed. A login that has ended is dropped with
    /// its session; any other trouble leaves both, because the bearer may well still be good.
    async fn refresh_when_due(&self, memory: &mut Memory) -> Result<(), SourceError> {
        let reach = &self.reach;
        let Some(login) = &mut memory.login else {
            return Ok(());
        };
        if reach.clock.elapsed() < login.refresh_at {
            return Ok(());
        }
        // A refresh that fails is tried again long before the login ends, and not at every poll.
        login.refresh_at = reach.clock.elapsed() + reach.config.refresh_every / 4;
        match login::refresh(reach, login).await {
            Ok(Refreshed::Kept) => Ok(()),
            Ok(Refreshed::Ended(error)) => {
                tracing::info!("LivePerson ended the login; logging in again");
                memory.drop_login();
                self.count_loss(memory, error)
            }
            Err(error)
                if matches!(
                    error.fault,
                    SourceFault::Blacklisted | SourceFault::Throttled
                ) =>
            {
                Err(error)
            }
            Err(error) => {
                tracing::warn!(%error, "the refresh failed; it is tried again soon");
                Ok(())
            }
        }
    }
}

impl Source for LivePerson {
    fn poll(&self, request: PollRequest) -> Future<'_, Result<Observation, SourceError>> {
        Box::pin(self.poll_once(request))
    }

    fn close(&self) -> Future<'_, ()> {
        Box::pin(async {
            let ending = async {
                let mut memory = self.memory.lock().await;
                memory.session = None;
                match memory.login.take() {
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
