//! The agent session (contract §3): opened, set Away, kept alive, lost.

use std::time::Duration;

use reqwest::{RequestBuilder, Url, header::COOKIE};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{
    Reach,
    client::{Answer, Cookies, host},
    decode::session_location,
    fault::Step,
    links::{self, below, complete},
    login::Login,
};
use crate::{
    config::Filters,
    ports::{SourceError, SourceFault},
};

/// An open agent session.
pub(super) struct Session {
    /// The `href` it was given; the base of every later address.
    pub(super) base: Url,
    /// When the server last heard of it, by `Clock::elapsed`.
    pub(super) used: Duration,
    /// Whether it is set Away, so that LivePerson offers it no chats, or refused to be.
    pub(super) away: bool,
    /// The `next` link of the last answer, where links are followed. Dies with the session.
    pub(super) next: Option<Url>,
    /// What the links turned out to give.
    pub(super) followed: Followed,
    /// The security cookie of this session, should the server set one (contract §3.3).
    cookies: Cookies,
}

/// Whether following `next` saves anything (contract §4.6).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Followed {
    /// Agents in the last answer that was asked for without a link.
    pub(super) whole: usize,
    /// Answers in a row that had as many, although they were asked for by a link.
    pub(super) as_large: u32,
}

/// Why a call that needs the session failed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// 401 or 404: the session is gone, a new one may help. The error is for when it does not.
    Lost(SourceError),
    /// Anything else.
    Fault(SourceError),
}

impl From<SourceError> for Trouble {
    fn from(error: SourceError) -> Self {
        Self::Fault(error)
    }
}

impl Trouble {
    /// Sorts a refusal.
    pub(super) fn refused(step: Step, at: &str, answer: &Answer) -> Self {
        let error = step.refused(at, answer);
        // A session that is over, or replaced, may be "not found" (contract §7.2).
        let of_session = matches!(step, Step::SetAway | Step::Read | Step::KeepAlive);
        let over = of_session && error.fault == SourceFault::NotFound && answer.status == 404;
        if over || error.fault == SourceFault::SessionLost {
            Self::Lost(error)
        } else {
            Self::Fault(error)
        }
    }
}

impl Session {
    /// Sends a request of this session, with its bearer and cookies, and notes that it was used.
    pub(super) async fn send(
        &mut self,
        reach: &Reach,
        login: &Login,
        step: Step,
        request: RequestBuilder,
    ) -> Result<Answer, SourceError> {
        let mut request = signed(request, login);
        if let Some(cookies) = self.cookies.header() {
            request = request.header(COOKIE, cookies);
        }
        let answer = reach.wire.send(step, request).await?;
        self.cookies.learn(&answer.cookies);
        // A proxy's 5xx is no use of the session behind it.
        if !answer.status.is_server_error() {
            self.used = reach.clock.elapsed();
        }
        Ok(answer)
    }
}

/// Puts the bearer on a request.
pub(super) fn signed(request: RequestBuilder, login: &Login) -> RequestBuilder {
    request.bearer_auth(login.bearer.expose_secret())
}

/// Opens a session. The odd body is obligatory (contract §3.1).
pub(super) async fn open(reach: &Reach, login: &Login) -> Result<Session, Trouble> {
    let step = Step::OpenSession;
    let account = &reach.config.account;
    let at = host(&login.base);
    let url = below(&login.base, &format!("api/account/{account}/agentSession"));
    let request = reach.wire.post(
        complete(url, &Filters::default()),
        &json!({ "loginData": "" }),
    );
    let answer = reach.wire.send(step, signed(request, login)).await?;
    if !matches!(answer.status.as_u16(), 200 | 201) {
        return Err(Trouble::refused(step, &at, &answer));
    }
    // In the body, else in the `Location` header.
    let href = session_location(&answer.body)
        .or_else(|| answer.location.clone())
        .ok_or_else(|| step.unexpected(&at, &answer, "names no address of the session"))?;
    let base = reach
        .hosts
        .link(&login.base, &href)
        .ok_or_else(|| step.untrusted(&at, &named(&href)))?;
    if links::account(&base).is_some_and(|other| other != *account) {
        return Err(step.foreign(&at, account).into());
    }
    let mut cookies = Cookies::default();
    cookies.learn(&answer.cookies);
    Ok(Session {
        base,
        used: reach.clock.elapsed(),
        away: false,
        next: None,
        followed: Followed::default(),
        cookies,
    })
}

fn named(href: &str) -> String {
    let host = Url::parse(href).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or("?");
    super::decode::plain(host)
}

/// Sets the session Away: a PUT, sent as LivePerson wants it (contract §3.4). A refusal is only
/// warned about and given back, because reading works without it; after a 5xx it is tried again at
/// the next poll.
pub(super) async fn set_away(
    reach: &Reach,
    login: &Login,
    session: &mut Session,
) -> Result<Option<SourceError>, Trouble> {
    let step = Step::SetAway;
    let url = complete(below(&session.base, "availability"), &Filters::default());
    let at = host(&url);
    let request = reach
        .wire
        .post(url, &json!({ "availability": { "chat": "Away" } }))
        .header("X-HTTP-Method-Override", "PUT");
    let answer = session.send(reach, login, step, request).await?;
    if answer.status.is_success() {
        session.away = true;
        return Ok(None);
    }
    match Trouble::refused(step, &at, &answer) {
        Trouble::Fault(error) if error.fault != SourceFault::Throttled => {
            session.away = error.fault != SourceFault::ServerError;
            tracing::warn!(%error, "LivePerson may offer chats to the bridge's user until it is Away");
            Ok(Some(error))
        }
        trouble @ (Trouble::Lost(_) | Trouble::Fault(_)) => Err(trouble),
    }
}

/// Asks for incoming chats, which the bridge never accepts: the documented way to keep a session
/// alive (contract §3.3).
pub(super) async fn keep_alive(
    reach: &Reach,
    login: &Login,
    session: &mut Session,
) -> Result<(), Trouble> {
    let step = Step::KeepAlive;
    let url = complete(
        below(&session.base, "incomingRequests"),
        &Filters::default(),
    );
    let at = host(&url);
    let request = reach.wire.get(url, "application/json");
    let answer = session.send(reach, login, step, request).await?;
    if answer.status.is_success() {
        Ok(())
    } else {
        Err(Trouble::refused(step, &at, &answer))
    }
}
