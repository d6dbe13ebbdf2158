//! From a refusal to one sentence that says what to do (contract §7.1, §7.2). Bodies may hold
//! tokens, so of a body only its kind is told.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use super::{
    client::Answer,
    decode::{self, DecodeError, Format},
    redact::excerpt,
};
use crate::{
    domain::Timestamp,
    ports::{SourceError, SourceFault},
};

/// Of a refusal's body only the beginning is looked at.
const LOOK: usize = 500;

/// The steps of the chain, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Discover,
    LogIn,
    Refresh,
    OpenSession,
    SetAway,
    Read,
    KeepAlive,
    ReadAccounts,
    LogOut,
}

impl Step {
    const fn verb(self) -> &'static str {
        match self {
            Self::Discover => "find the agentVep host at",
            Self::LogIn => "log in at",
            Self::Refresh => "refresh the login at",
            Self::OpenSession => "open an agent session at",
            Self::SetAway => "set the agent session Away at",
            Self::Read => "read availableAgents at",
            Self::KeepAlive => "keep the agent session alive at",
            Self::ReadAccounts => "read the account configuration at",
            Self::LogOut => "log out at",
        }
    }

    pub(super) fn error(
        self,
        host: &str,
        fault: SourceFault,
        what: impl Into<String>,
    ) -> SourceError {
        SourceError {
            doing: format!("{} {host}", self.verb()),
            what: what.into(),
            fault,
            retry_after: None,
        }
    }

    /// An answer that has the right status and cannot be used.
    pub(super) fn unexpected(self, host: &str, answer: &Answer, missing: &str) -> SourceError {
        let what = format!(
            "answered {} with {}, but {missing}",
            answer.status.as_u16(),
            kind(answer)
        );
        self.error(host, SourceFault::UnexpectedAnswer, what)
    }

    /// An answer that is not a list of agents.
    pub(super) fn undecodable(self, host: &str, error: &DecodeError) -> SourceError {
        let hint = match error {
            DecodeError::Empty => {
                "; a full poll must show the account, so nothing is changed by it"
            }
            DecodeError::Truncated => {
                "; a proxy or a timeout may have cut it, the next poll tries again"
            }
            DecodeError::WebPage => "",
            DecodeError::NeitherFormat
            | DecodeError::NotUtf8 { .. }
            | DecodeError::Malformed { .. }
            | DecodeError::OtherDocument { .. }
            | DecodeError::Reported { .. }
            | DecodeError::NotAList { .. }
            | DecodeError::TooDeep
            | DecodeError::Entities => {
                "; check liveperson.discovery_url and what stands between here and LivePerson"
            }
        };
        self.error(
            host,
            SourceFault::UnexpectedAnswer,
            format!("{error}{hint}"),
        )
    }

    /// An answer for somebody else's account.
    pub(super) fn foreign(self, host: &str, ours: &str) -> SourceError {
        let what = format!(
            "the answer belongs to another account than {ours}; nothing of it is used; check liveperson.account, the user and any proxy that caches"
        );
        self.error(host, SourceFault::ForeignAnswer, what)
    }

    /// A host outside LivePerson's domains.
    pub(super) fn untrusted(self, host: &str, named: &str) -> SourceError {
        let what = format!(
            "the answer names the host `{named}`, which is not LivePerson's over https; nothing was sent there; if it is your simulator, name it in liveperson.trusted_hosts"
        );
        self.error(host, SourceFault::UnexpectedAnswer, what)
    }

    /// A status that is not success.
    pub(super) fn refused(self, host: &str, answer: &Answer) -> SourceError {
        let (fault, advice) = self.meaning(answer.status);
        tracing::debug!(
            status = answer.status.as_u16(),
            body = excerpt(&answer.body),
            "refused: {} {host}",
            self.verb()
        );
        let mut error = self.error(
            host,
            fault,
            format!(
                "answered {} with {}; {advice}",
                answer.status.as_u16(),
                kind(answer)
            ),
        );
        error.retry_after = match fault {
            SourceFault::Throttled => {
                // Contract §7.2: a second at least, five for a login.
                let least = Duration::from_secs(if self == Self::LogIn { 5 } else { 1 });
                Some(answer.retry_after.map_or(least, |wait| wait.max(least)))
            }
            SourceFault::ServerError => answer.retry_after,
            SourceFault::Unreachable
            | SourceFault::UnexpectedAnswer
            | SourceFault::ForeignAnswer
            | SourceFault::CredentialsRejected
            | SourceFault::SessionLost
            | SourceFault::Forbidden
            | SourceFault::Blacklisted
            | SourceFault::Refused
            | SourceFault::NotFound
            | SourceFault::Replaced
            | SourceFault::Retired => None,
        };
        error
    }

    fn meaning(self, status: StatusCode) -> (SourceFault, &'static str) {
        match (self, status.as_u16()) {
            (Self::LogIn, 401) => (
                SourceFault::CredentialsRejected,
                "check liveperson.username and the password; the user may also be locked, expired, SSO-only or not allowed from this address; it is not tried again until they change, or `lp2rc check --retry-login` is run",
            ),
            (Self::Discover, 400 | 401) => (
                SourceFault::Refused,
                "LivePerson does not know the account; check liveperson.account",
            ),
            (
                Self::Refresh
                | Self::OpenSession
                | Self::SetAway
                | Self::Read
                | Self::KeepAlive
                | Self::LogOut,
                401,
            ) => (
                SourceFault::SessionLost,
                "the session was lost and a new one did not help; another client may be using the bridge's user, who should be the bridge's alone",
            ),
            (_, 403) => (
                SourceFault::Forbidden,
                "the user lacks a permission or this address is not allowed (Management Console, Access Restrictions)",
            ),
            (_, 404 | 410) => (
                SourceFault::NotFound,
                "the service or the account is not there; check liveperson.account, and whether LivePerson has retired the legacy chat API",
            ),
            (_, 429) => (
                SourceFault::Throttled,
                "polls come too fast; lengthen the schedule",
            ),
            (_, 451) => (
                SourceFault::Blacklisted,
                "LivePerson has blocked the account or the user; ask LivePerson's support; it is not tried again until `lp2rc check --retry-login` is run",
            ),
            (_, 500..=599) => (
                SourceFault::ServerError,
                "LivePerson has trouble; the next poll tries again",
            ),
            (_, 300..=399) => (
                SourceFault::UnexpectedAnswer,
                "redirects are not followed, because they could carry the login elsewhere; check liveperson.discovery_url and the proxy",
            ),
            (_, 100..=299) => (
                SourceFault::UnexpectedAnswer,
                "that is not an answer LivePerson documents; check the proxy",
            ),
            _ => (
                SourceFault::Refused,
                "LivePerson refuses the request; check liveperson.account and liveperson.filters",
            ),
        }
    }
}

/// `Retry-After` as seconds or as a date.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some(moment(value)?.since(now))
}

/// A date as HTTP headers carry it.
pub(super) fn moment(value: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    Some(Timestamp::from_millis(date.timestamp().as_millisecond()))
}

/// What kind of body an answer has, in words that can be logged.
pub(super) fn kind(answer: &Answer) -> String {
    let head = &answer.body[..answer.body.len().min(LOOK)];
    let described = match decode::sniff(head) {
        Err(DecodeError::Empty) => return "an empty body".to_owned(),
        Err(DecodeError::WebPage) => "a web page (HTML), perhaps a proxy's".to_owned(),
        Ok(Format::Json) => json_kind(&answer.body),
        Ok(Format::Xml) => "XML".to_owned(),
        Err(_) => oauth_problem(head).unwrap_or_else(|| "a text".to_owned()),
    };
    match answer.content_type.as_deref().map(media_type) {
        Some(media) if !media.is_empty() => format!("{described} ({media})"),
        Some(_) | None => described,
    }
}

fn json_kind(body: &[u8]) -> String {
    let error = match serde_json::from_slice::<Value>(body) {
        Ok(mut document) => document.get_mut("error").map(Value::take),
        Err(_) => return "damaged JSON".to_owned(),
    };
    match error {
        None => "JSON".to_owned(),
        Some(error) => match error.get("internalCode").and_then(Value::as_i64) {
            Some(code) => format!("a JSON error, internalCode {code}"),
            None => "a JSON error".to_owned(),
        },
    }
}

/// `oauth_problem=token_rejected` (§7.1 rows 3 and 4): the word is one of OAuth's, the rest of the
/// body is left alone.
fn oauth_problem(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let (_, after) = text.split_once("oauth_problem=")?;
    let word: String = after
        .chars()
        .take_while(|c| c.is_ascii_lowercase() || *c == '_')
        .take(40)
        .collect();
    Some(format!("oauth_problem={word}"))
}

/// `text/html` of `text/html; charset=utf-8`, made fit for a message.
fn media_type(header: &str) -> String {
    let media = header.split(';').next().unwrap_or_default();
    media
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "/+-.".contains(*c))
        .take(60)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: &str, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            content_type: Some(content_type.to_owned()),
            revision: None,
            location: None,
            retry_after: None,
            cookies: Vec::new(),
            date: None,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_body_is_told_by_its_kind_and_never_quoted() {
        let cases = [
            (
                "application/json",
                r#"{"error":{"internalCode":10,"message":"secret"}}"#,
                "a JSON error, internalCode 10 (application/json)",
            ),
            (
                "application/json",
                r#"{"error":"LeLogin1 failed secret"}"#,
                "a JSON error (application/json)",
            ),
            (
                "text/plain",
                "oauth_problem=token_rejected&oauth_problem_advice=secret",
                "oauth_problem=token_rejected (text/plain)",
            ),
            (
                "text/html; charset=utf-8",
                "<!DOCTYPE HTML><p>secret",
                "a web page (HTML), perhaps a proxy's (text/html)",
            ),
            ("text/plain", "", "an empty body"),
            ("", "secret", "a text"),
            (
                "application/json",
                r#"{"secret"#,
                "damaged JSON (application/json)",
            ),
        ];
        for (content_type, body, expect) in cases {
            assert_eq!(kind(&answer(401, content_type, body)), expect);
        }
    }

    #[test]
    fn a_status_means_what_the_contract_says() {
        use SourceFault as F;
        let cases = [
            (Step::LogIn, 401, F::CredentialsRejected, None),
            (Step::LogIn, 429, F::Throttled, Some(5)),
            (Step::LogIn, 451, F::Blacklisted, None),
            (Step::LogIn, 400, F::Refused, None),
            (Step::LogIn, 500, F::ServerError, None),
            (Step::LogIn, 404, F::NotFound, None),
            (Step::Discover, 401, F::Refused, None),
            (Step::Discover, 404, F::NotFound, None),
            (Step::Read, 401, F::SessionLost, None),
            (Step::Read, 404, F::NotFound, None),
            (Step::Read, 410, F::NotFound, None),
            (Step::Read, 403, F::Forbidden, None),
            (Step::Read, 429, F::Throttled, Some(1)),
            (Step::Read, 302, F::UnexpectedAnswer, None),
            (Step::Read, 503, F::ServerError, None),
            (Step::OpenSession, 404, F::NotFound, None),
        ];
        for (step, status, fault, wait) in cases {
            let error = step.refused("host", &answer(status, "", ""));
            assert_eq!(error.fault, fault, "{step:?} {status}");
            assert_eq!(
                error.retry_after,
                wait.map(Duration::from_secs),
                "{step:?} {status}"
            );
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::from_millis(1_479_732_250_000);
        let cases = [
            ("7", Some(7)),
            ("Mon, 21 Nov 2016 12:44:20 GMT", Some(10)),
            ("Mon, 21 Nov 2016 12:44:00 GMT", Some(0)),
            ("soon", None),
        ];
        for (value, seconds) in cases {
            assert_eq!(
                retry_after(value, now),
                seconds.map(Duration::from_secs),
                "{value}"
            );
        }
    }
}
