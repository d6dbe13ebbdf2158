//! Walking the chain for a person (contract §8): discovery, login, session, polls in both formats,
//! rights, clock. Each step is told with what to do about it.
//!
//! It goes through the doors that polls use, under the same lock, and uses what is already open: a
//! check beside a running bridge makes no second login, because that would end the bridge's own.

use std::net::IpAddr;

use reqwest::Url;

use super::{
    LivePerson, Reach,
    account_config::Right,
    client::host,
    login::{self, Login, Refreshed},
    memory::{Home, Memory, again},
    poll::{self, Look},
    session::{self, Session, Trouble},
    verdict::{self, failed, warned},
};
use crate::{
    config::{Credentials, WireFormat},
    domain::CheckStep,
    ports::{Examine, Future, SourceError, SourceFault},
};

/// The steps, in their order.
pub const STEPS: [&str; 9] = [
    DISCOVERY, TLS, LOGIN, SESSION, JSON, XML, NEXT, RIGHTS, CLOCK,
];

const DISCOVERY: &str = "discovery";
const TLS: &str = "tls";
const LOGIN: &str = "login";
const SESSION: &str = "session";
const JSON: &str = "poll in JSON";
const XML: &str = "poll in XML";
const NEXT: &str = "next link";
const RIGHTS: &str = "rights";
const CLOCK: &str = "clock";

impl Examine for LivePerson {
    fn examine(&self, retry_login: bool) -> Future<'_, Vec<CheckStep>> {
        Box::pin(self.walk(retry_login))
    }
}

impl LivePerson {
    async fn walk(&self, retry_login: bool) -> Vec<CheckStep> {
        let mut memory = self.memory.lock().await;
        let memory = &mut *memory;
        if let Err(error) = memory.may_send(self.reach.clock.elapsed()) {
            let told = |name| match name {
                LOGIN => failed(LOGIN, &error),
                other => CheckStep::skipped(other, "nothing is sent for a while"),
            };
            return STEPS.map(told).to_vec();
        }
        let found = login::discover(&self.reach, login::SERVICE).await;
        let mut steps = vec![discovery(&found), tls(&self.reach, &found)];
        steps.push(self.log_in_step(memory, found.ok(), retry_login).await);
        steps.push(self.session_step(memory).await);
        let json = self.look(memory, WireFormat::Json).await;
        let xml = self.look(memory, WireFormat::Xml).await;
        let config = &self.reach.config;
        steps.push(verdict::poll(
            config,
            JSON,
            WireFormat::Json,
            json.as_ref(),
            None,
        ));
        let seen = json.as_ref().and_then(|look| look.as_ref().ok());
        steps.push(verdict::poll(
            config,
            XML,
            WireFormat::Xml,
            xml.as_ref(),
            seen,
        ));
        let (json, xml) = (seen, xml.as_ref().and_then(|look| look.as_ref().ok()));
        let look = match config.format {
            WireFormat::Json => json.or(xml),
            WireFormat::Xml => xml.or(json),
        };
        steps.push(next_link(&self.reach, look));
        steps.push(self.rights_step(memory).await);
        steps.push(verdict::clock(CLOCK, ahead(look, memory.login.as_ref())));
        steps
    }

    /// Proves that the login there is still works, or makes one.
    async fn log_in_step(
        &self,
        memory: &mut Memory,
        found: Option<Url>,
        retry_login: bool,
    ) -> CheckStep {
        let reach = &self.reach;
        if let Some(login) = &mut memory.login {
            match login::refresh(reach, login).await {
                Ok(Refreshed::Kept) => return logged_in(reach, login, "the running login is used"),
                Ok(Refreshed::Ended(error)) => {
                    memory.drop_login();
                    if let Err(error) = self.count_loss(memory, error) {
                        return self.heeded(memory, LOGIN, error).await;
                    }
                }
                Err(error) if is_lasting(error.fault) => {
                    return self.heeded(memory, LOGIN, error).await;
                }
                Err(error) => return warned(LOGIN, &error),
            }
        }
        let Some(home) = found else {
            return CheckStep::skipped(LOGIN, "discovery named no host to log in at");
        };
        // A refusal that stands is not put to the test, unless a person says so.
        if !retry_login && let Err(refusal) = memory.latches.allow(&host(&home)).await {
            return failed(LOGIN, &refusal);
        }
        match login::log_in(reach, &home).await {
            Ok(made) => {
                self.metrics.source_logins.inc();
                memory.latches.forget().await;
                memory.home = Some(Home {
                    base: home,
                    found: reach.clock.elapsed(),
                    doubted: false,
                });
                let told = logged_in(reach, &made, "logged in");
                memory.login = Some(made);
                told
            }
            Err(error) => self.heeded(memory, LOGIN, error).await,
        }
    }

    /// Sets the session there is Away, which proves that it lives, or opens one and sets that.
    async fn session_step(&self, memory: &mut Memory) -> CheckStep {
        let reach = &self.reach;
        if memory.may_send(reach.clock.elapsed()).is_err() {
            return CheckStep::skipped(SESSION, "LivePerson asked to wait");
        }
        let Some(login) = &memory.login else {
            return CheckStep::skipped(SESSION, "there is no login");
        };
        let mut lost = None;
        if let Some(session) = &mut memory.session {
            match session::set_away(reach, login, session).await {
                Err(Trouble::Lost(error)) => lost = Some(error),
                Err(Trouble::Fault(error)) => return self.heeded(memory, SESSION, error).await,
                Ok(refused) => return set_up("the running session is used", refused, session),
            }
        }
        let was_lost = lost.is_some();
        if let Some(error) = lost {
            memory.session = None;
            if let Err(error) = self.count_loss(memory, error) {
                return self.heeded(memory, SESSION, error).await;
            }
        }
        let Some(login) = &memory.login else {
            return CheckStep::skipped(SESSION, "there is no login");
        };
        let mut session = match session::open(reach, login).await {
            Ok(session) => session,
            Err(Trouble::Lost(error) | Trouble::Fault(error)) => {
                return self.heeded(memory, SESSION, error).await;
            }
        };
        self.metrics.source_sessions.inc();
        match session::set_away(reach, login, &mut session).await {
            Err(Trouble::Lost(error)) => self.heeded(memory, SESSION, error).await,
            Err(Trouble::Fault(error)) => {
                memory.session = Some(session);
                self.heeded(memory, SESSION, error).await
            }
            Ok(refused) => {
                let told = if was_lost {
                    CheckStep::warned(
                        SESSION,
                        "the running session was gone, a new one is open",
                        "if it happens again, another client uses the bridge's user: give the bridge a user of its own",
                    )
                } else {
                    set_up("opened", refused, &session)
                };
                memory.session = Some(session);
                told
            }
        }
    }

    /// Looks at the agents; `None` without a session to do it in, or while nothing may be sent.
    async fn look(
        &self,
        memory: &mut Memory,
        format: WireFormat,
    ) -> Option<Result<Look, SourceError>> {
        memory.may_send(self.reach.clock.elapsed()).ok()?;
        let (login, session) = (memory.login.as_ref()?, memory.session.as_mut()?);
        Some(
            match poll::look(&self.reach, login, session, format).await {
                Ok(look) => Ok(look),
                Err(Trouble::Fault(error)) => Err(self.heed(memory, error).await),
                Err(Trouble::Lost(error)) => {
                    memory.session = None;
                    match self.count_loss(memory, again(&error)) {
                        Ok(()) => Err(error),
                        Err(replaced) => Err(self.heed(memory, replaced).await),
                    }
                }
            },
        )
    }

    /// Whether the static half can be read; it is, when that is due.
    async fn rights_step(&self, memory: &mut Memory) -> CheckStep {
        if !self.reach.config.account_config.read {
            return CheckStep::skipped(RIGHTS, "liveperson.account_config.read is off");
        }
        let waits = memory.may_send(self.reach.clock.elapsed()).is_err();
        let Some(login) = memory.login.as_ref().filter(|_| !waits) else {
            return CheckStep::skipped(RIGHTS, "there is no login, or LivePerson asked to wait");
        };
        let config = &mut memory.account_config;
        config.renew(&self.reach, login, &self.metrics).await;
        rights(config.right())
    }

    /// A failed step, and what it changes for the next poll.
    async fn heeded(
        &self,
        memory: &mut Memory,
        name: &'static str,
        error: SourceError,
    ) -> CheckStep {
        failed(name, &self.heed(memory, error).await)
    }

    /// What the next poll must know is remembered: a refused login, a wait, foreign data. What
    /// passes by itself is the polls' own business: they count their failures.
    async fn heed(&self, memory: &mut Memory, error: SourceError) -> SourceError {
        if is_lasting(error.fault) {
            memory.learn(&self.reach, error).await
        } else {
            error
        }
    }
}

/// Trouble after which the next poll must not go on as if nothing had been.
const fn is_lasting(fault: SourceFault) -> bool {
    matches!(
        fault,
        SourceFault::CredentialsRejected
            | SourceFault::Blacklisted
            | SourceFault::ForeignAnswer
            | SourceFault::Throttled
            | SourceFault::Replaced
    )
}

fn discovery(found: &Result<Url, SourceError>) -> CheckStep {
    match found {
        Ok(home) => CheckStep::passed(
            DISCOVERY,
            format!("the account is served by {}", host(home)),
        ),
        Err(error) => failed(DISCOVERY, error),
    }
}

/// How the connection that discovery made is protected.
fn tls(reach: &Reach, found: &Result<Url, SourceError>) -> CheckStep {
    let home = match found {
        Ok(home) => home,
        Err(error) if verdict::is_certificate(error) => return failed(TLS, error),
        Err(_) => return CheckStep::skipped(TLS, "discovery did not get through"),
    };
    let plain = [&reach.discovery, home]
        .into_iter()
        .filter(|url| url.scheme() == "http");
    let (mut any, mut open) = (false, None);
    for url in plain {
        any = true;
        if !is_loopback(url) {
            open = Some(host(url));
        }
    }
    if let Some(open) = open {
        return CheckStep::warned(
            TLS,
            format!(
                "plain http to {open}, which is another machine: the secret can be read on the way"
            ),
            "write https:// in liveperson.discovery_url",
        );
    }
    if any {
        return CheckStep::passed(TLS, "plain http, to a trusted host on this machine");
    }
    let files = match reach.config.ca_files.len() {
        0 => String::new(),
        files => format!(" and {files} of liveperson.ca_files"),
    };
    CheckStep::passed(
        TLS,
        format!("https; the certificate is signed by one of the system's CAs{files}"),
    )
}

fn is_loopback(url: &Url) -> bool {
    let name = url.host_str().unwrap_or_default();
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn logged_in(reach: &Reach, login: &Login, how: &str) -> CheckStep {
    let method = match reach.config.credentials {
        Credentials::Password(_) => "a password",
        Credentials::Client { .. } => "OAuth2 client credentials",
    };
    let detail = format!("{how}, at {} with {method}", host(&login.base));
    match &login.own {
        Some(own) => CheckStep::passed(LOGIN, format!("{detail}; our own user has id {own}")),
        None => CheckStep::warned(
            LOGIN,
            format!("{detail}; the answer does not name our own user, who stays in the list"),
            "exclude the bridge's user with [participants]",
        ),
    }
}

fn set_up(how: &str, refused: Option<SourceError>, session: &Session) -> CheckStep {
    let at = host(&session.base);
    match refused {
        None => CheckStep::passed(SESSION, format!("{how} at {at}, and set Away")),
        Some(error) => verdict::not_away(SESSION, &error),
    }
}

/// Where reading could go on.
fn next_link(reach: &Reach, look: Option<&Look>) -> CheckStep {
    let Some(look) = look else {
        return CheckStep::skipped(NEXT, "no poll worked");
    };
    let follows = reach.config.follow_next;
    let remedy = "switch liveperson.follow_next off: it saves nothing here";
    let Some(next) = &look.next else {
        let detail = "none; every poll asks for the whole account";
        return if follows {
            CheckStep::warned(NEXT, detail, remedy)
        } else {
            CheckStep::passed(NEXT, detail)
        };
    };
    let at = host(next);
    match reach.hosts.link(&look.url, next.as_str()) {
        Some(_) => {
            let used = if follows { "" } else { " (not followed)" };
            CheckStep::passed(NEXT, format!("leads to {at}, which is trusted{used}"))
        }
        None if follows => CheckStep::warned(
            NEXT,
            format!("leads to {at}, which is not trusted, so it is not followed"),
            remedy,
        ),
        None => CheckStep::passed(NEXT, format!("leads to {at}, not trusted (not followed)")),
    }
}

/// Whether the static half of the agents can be read.
fn rights(right: Right) -> CheckStep {
    match right {
        Right::Off => CheckStep::skipped(RIGHTS, "liveperson.account_config.read is off"),
        Right::Unknown => CheckStep::skipped(RIGHTS, "the account configuration was not asked yet"),
        Right::Refused => verdict::no_right(RIGHTS, "the account configuration"),
        Right::Failed(why) => verdict::no_static_half(RIGHTS, &why),
        Right::Read {
            users,
            skills,
            groups,
            revision,
        } => {
            let lists = [
                ("users", users),
                ("skills", skills),
                ("agent groups", groups),
            ];
            let refused: Vec<&str> = lists
                .iter()
                .filter(|(_, count)| count.is_none())
                .map(|(name, _)| *name)
                .collect();
            if !refused.is_empty() {
                return verdict::no_right(RIGHTS, &refused.join(" and "));
            }
            let read: Vec<String> = lists
                .iter()
                .map(|(name, count)| format!("{name} {}", count.unwrap_or_default()))
                .collect();
            let revision = revision.map_or_else(String::new, |at| format!(", revision {at}"));
            CheckStep::passed(
                RIGHTS,
                format!(
                    "the account configuration is read: {}{revision}",
                    read.join(", ")
                ),
            )
        }
    }
}

/// By how much the server's clock is ahead: the answer's date is fresher than the login's word.
fn ahead(look: Option<&Look>, login: Option<&Login>) -> Option<i64> {
    look.and_then(|look| look.ahead)
        .or_else(|| login.and_then(|login| login.ahead))
}
