//! The login service (contract §1, §2): discovery, login, refresh, logout.

use std::time::Duration;

use reqwest::{Url, header::COOKIE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    Reach, account_config,
    client::{Answer, cookie_header, host},
    decode::discovery::{self, Named},
    fault::Step,
    links::below,
};
use crate::{
    config::{Credentials, LivePersonConfig},
    domain::SourceId,
    ports::{SourceError, SourceFault},
};

/// The service that holds both the login and the agent API. Names are case-sensitive.
pub(super) const SERVICE: &str = "agentVep";

/// A login that worked.
pub(super) struct Login {
    /// `https://{agentVep}`.
    pub(super) base: Url,
    /// Goes into `Authorization: Bearer`.
    pub(super) bearer: SecretString,
    csrf: Option<SecretString>,
    /// Value of the cookie `session_id`.
    session: Option<SecretString>,
    /// The bridge's own user, who is in every list.
    pub(super) own: Option<SourceId>,
    /// The account configuration's host, when the login names one that may be used.
    pub(super) account_config: Option<Url>,
    /// When it wants to be refreshed, by `Clock::elapsed`.
    pub(super) refresh_at: Duration,
    /// By how many milliseconds the server's clock was ahead of ours at the login, when it told.
    pub(super) ahead: Option<i64>,
}

/// What a refresh did.
#[derive(Debug)]
pub(super) enum Refreshed {
    /// The login lives on.
    Kept,
    /// 401: only a full login helps (contract §2.5). The error is for when that is not tried.
    Ended(SourceError),
}

/// Asks the domain API for the host of a service. No credentials are sent.
pub(super) async fn discover(reach: &Reach, service: &str) -> Result<Url, SourceError> {
    let step = Step::Discover;
    let account = &reach.config.account;
    let path = format!("api/account/{account}/service/{service}/baseURI.json");
    let mut url = below(&reach.discovery, &path);
    url.set_query(Some("version=1.0"));
    let from = host(&url);
    let answer = reach
        .wire
        .send(step, reach.wire.get(url, "application/json"))
        .await?;
    if answer.status != 200 {
        return Err(step.refused(&from, &answer));
    }
    let named = discovery::host(&answer.body, service, account).map_err(|_| {
        step.unexpected(
            &from,
            &answer,
            "the domain API answers in JSON; check liveperson.discovery_url",
        )
    })?;
    match named {
        Named::Host(named) => reach
            .hosts
            .base(&named)
            .ok_or_else(|| step.untrusted(&from, &super::decode::plain(&named))),
        Named::OtherAccount => Err(step.foreign(&from, account)),
        Named::Nothing => Err(step.error(
            &from,
            SourceFault::NotFound,
            format!(
                "the answer names no {service} host for account {account}; check liveperson.account"
            ),
        )),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// Logs in once. It counts only with 200, a bearer, and no `error` (contract §2.4).
pub(super) async fn log_in(reach: &Reach, home: &Url) -> Result<Login, SourceError> {
    let step = Step::LogIn;
    let at = host(home);
    let body = proof(&reach.config);
    let answer = reach
        .wire
        .send(step, reach.wire.post(address(reach, home, "login"), &body))
        .await?;
    if answer.status != 200 {
        return Err(step.refused(&at, &answer));
    }
    let document: Value = serde_json::from_slice(&answer.body).map_err(|_| {
        step.unexpected(
            &at,
            &answer,
            "the login service answers in JSON; check what stands between here and LivePerson",
        )
    })?;
    let text = |name: &str| document.get(name).and_then(scalar);
    let bearer = match text("bearer") {
        Some(bearer) if document.get("error").is_none_or(Value::is_null) => bearer,
        Some(_) | None => {
            // Perhaps a user who is locked or expired: tried again, but not soon.
            return Err(SourceError {
                fault: SourceFault::Refused,
                ..step.unexpected(
                    &at,
                    &answer,
                    "without a usable login; the user may be locked, expired or unable to log in without SSO: try it in LivePerson's own console",
                )
            });
        }
    };
    let own = document.pointer("/config/userId").and_then(scalar);
    if own.is_none() {
        tracing::warn!(
            host = at,
            "the login answer does not name the bridge's own user, so that user stays in the list of agents; exclude it with [participants]"
        );
    }
    let told: Option<i64> = document
        .pointer("/config/serverCurrentTime")
        .and_then(scalar)
        .and_then(|millis| millis.parse().ok());
    Ok(Login {
        ahead: told.map(|millis| millis.saturating_sub(reach.clock.now().millis())),
        // The login's own word wins over discovery's (contract §1).
        base: named(reach, &document, SERVICE, &at)?.unwrap_or_else(|| home.clone()),
        bearer: SecretString::from(bearer),
        csrf: text("csrf").map(SecretString::from),
        session: session_of(&answer, &document),
        own: own.map(SourceId::new),
        // Optional, so another account's is as good as none.
        account_config: named(reach, &document, account_config::SERVICE, &at).unwrap_or_default(),
        refresh_at: reach.clock.elapsed() + reach.config.refresh_every,
    })
}

/// The body of a login. OAuth2 client credentials go into the fields of OAuth1 keys; the two token
/// fields are part of the shape and say nothing (contract §2.3).
fn proof(config: &LivePersonConfig) -> Value {
    match &config.credentials {
        Credentials::Password(password) => json!({
            "username": config.username,
            "password": password.expose_secret(),
        }),
        Credentials::Client { id, secret } => json!({
            "username": config.username,
            "appKey": id,
            "secret": secret.expose_secret(),
            "accessToken": "dummy",
            "accessTokenSecret": "dummy",
        }),
    }
}

/// The host of a service, when the login names one that may be used.
fn named(
    reach: &Reach,
    document: &Value,
    service: &str,
    at: &str,
) -> Result<Option<Url>, SourceError> {
    let Some(collection) = document.get("csdsCollectionResponse") else {
        return Ok(None);
    };
    match discovery::host_in(collection, service, &reach.config.account) {
        Named::Nothing => Ok(None),
        Named::OtherAccount => Err(Step::LogIn.foreign(at, &reach.config.account)),
        Named::Host(named) => {
            let base = reach.hosts.base(&named);
            if base.is_none() {
                tracing::warn!(
                    host = at,
                    service,
                    named = super::decode::plain(&named),
                    "the login answer names a host that is not trusted; discovery's is used instead"
                );
            }
            Ok(base)
        }
    }
}

/// The session id from the cookie, else from the body: real answers carry either (contract §2.2).
fn session_of(answer: &Answer, document: &Value) -> Option<SecretString> {
    let in_body = || {
        document
            .get("sessionId")
            .and_then(scalar)
            .map(SecretString::from)
    };
    answer.session_cookie().or_else(in_body)
}

/// Keeps the login alive. Any failure but 401 leaves it as it was, to be tried again.
pub(super) async fn refresh(reach: &Reach, login: &mut Login) -> Result<Refreshed, SourceError> {
    let step = Step::Refresh;
    let answer = with_csrf(reach, login, step, "refresh").await?;
    match answer.status.as_u16() {
        200 | 204 => {}
        status => {
            let error = step.refused(&host(&login.base), &answer);
            return if status == 401 {
                Ok(Refreshed::Ended(error))
            } else {
                Err(error)
            };
        }
    }
    // Documented as empty; if a body ever comes, it holds what counts from now on.
    if let Ok(document) = serde_json::from_slice::<Value>(&answer.body) {
        if let Some(bearer) = document.get("bearer").and_then(scalar) {
            login.bearer = SecretString::from(bearer);
        }
        if let Some(csrf) = document.get("csrf").and_then(scalar) {
            login.csrf = Some(SecretString::from(csrf));
        }
    }
    if let Some(session) = answer.session_cookie() {
        login.session = Some(session);
    }
    login.refresh_at = reach.clock.elapsed() + reach.config.refresh_every;
    Ok(Refreshed::Kept)
}

/// Ends the login and with it the agent session (contract §3.3).
pub(super) async fn log_out(reach: &Reach, login: &Login) -> Result<(), SourceError> {
    let answer = with_csrf(reach, login, Step::LogOut, "logout").await?;
    if answer.status.is_success() {
        Ok(())
    } else {
        Err(Step::LogOut.refused(&host(&login.base), &answer))
    }
}

/// Refresh and logout want both the csrf and the cookie.
async fn with_csrf(
    reach: &Reach,
    login: &Login,
    step: Step,
    name: &str,
) -> Result<Answer, SourceError> {
    let csrf = login.csrf.as_ref().map_or("", ExposeSecret::expose_secret);
    let url = address(reach, &login.base, name);
    let mut request = reach.wire.post(url, &json!({ "csrf": csrf }));
    let session = login.session.iter().map(|session| ("session_id", session));
    if let Some(cookie) = cookie_header(session) {
        request = request.header(COOKIE, cookie);
    }
    reach.wire.send(step, request).await
}

/// `v=1.3` is right for login, and safe on the other two (contract §2.1).
fn address(reach: &Reach, base: &Url, name: &str) -> Url {
    let mut url = below(
        base,
        &format!("api/account/{}/{name}", reach.config.account),
    );
    url.set_query(Some("v=1.3"));
    url
}
