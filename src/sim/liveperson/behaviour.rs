//! How this LivePerson behaves where nobody documents how the real one does (contract §9.2, §9.3).
//! The defaults are the most likely readings; a careful client survives every other one too.
//! In JSON the names are those of the fields, durations end in `_ms`, words are `snake_case`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{millis, style::Style};

/// The open questions of the contract, each answered. Not faults: the answers are all well-formed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that are independent of each other"
)]
pub struct Behaviour {
    /// How the discovery of one service is answered (§1).
    pub discovery_answer: DiscoveryAnswer,
    /// A second login of the same user ends the first one and its agent sessions (§3.3).
    pub second_login_revokes: bool,
    /// A login that was not refreshed for so long is over. The sample's `sessionTTl` is 8 h (§2.2).
    #[serde(rename = "login_ttl_ms", with = "millis")]
    pub login_ttl: Duration,
    /// `sessionId` is in the login answer's body (§2.2).
    pub session_id_in_body: bool,
    /// Name of the login cookie (§2.2).
    pub cookie_name: CookieName,
    /// How a new agent session is answered (§3.1).
    pub session_answer: SessionAnswer,
    /// A new agent session sets a cookie of its own, and every request to it must bring it back.
    /// LivePerson does so for unsigned requests; what it does with a bearer is open (§3.3).
    pub security_cookie: bool,
    /// An agent session that was not used for so long is over: 400 s (§3.3).
    #[serde(rename = "session_idle_ms", with = "millis")]
    pub session_idle: Duration,
    /// What a request to a session that is over gets (§3.3).
    pub session_over: SessionOver,
    /// A plain PUT of the availability works too; otherwise it gets 405 (§3.4).
    pub plain_put: bool,
    /// What `rel=next` leads to (§4.6).
    pub next: Next,
    /// What a good `timeStamp` gets when nothing changed since (§4.6).
    pub unchanged: Unchanged,
    /// A `timeStamp` is good for so long.
    #[serde(rename = "cursor_ttl_ms", with = "millis")]
    pub cursor_ttl: Duration,
    /// What an unknown or too old `timeStamp` gets (§4.6).
    pub stale_cursor: StaleCursor,
    /// What a filter by a skill that the account does not have gets (§4.1).
    pub unknown_skill: UnknownSkill,
    /// The user of the session is in the list of agents (§4.4).
    pub own_user_listed: bool,
    /// How lists of agents are written.
    pub style: Style,
    /// The user may read the account configuration; otherwise it answers 403 (§6.1).
    pub accounts_allowed: bool,
    /// Numbers and booleans of the account configuration come in quotes, as in samples (§6.1).
    pub accounts_quoted: bool,
    /// The header that carries the revision of the account configuration (§6.1).
    pub revision_header: RevisionHeader,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            discovery_answer: DiscoveryAnswer::Single,
            second_login_revokes: true,
            login_ttl: Duration::from_secs(8 * 3_600),
            session_id_in_body: true,
            cookie_name: CookieName::Lower,
            session_answer: SessionAnswer::BodyAndLocation,
            security_cookie: false,
            session_idle: Duration::from_secs(400),
            session_over: SessionOver::Unauthorized,
            plain_put: false,
            next: Next::Full,
            unchanged: Unchanged::List,
            cursor_ttl: Duration::from_secs(600),
            stale_cursor: StaleCursor::Full,
            unknown_skill: UnknownSkill::Empty,
            own_user_listed: true,
            style: Style::default(),
            accounts_allowed: true,
            accounts_quoted: false,
            revision_header: RevisionHeader::AcRevision,
        }
    }
}

/// How the discovery of one service is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscoveryAnswer {
    /// `{"service":…}`.
    Single,
    /// `{"baseURIs":[{"service":…}]}`, as the docs also print.
    List,
    /// `{"baseURIs":{"service":…}}`: a list of one is no list elsewhere in this API (§4.5).
    ListObject,
}

/// Name of the login cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CookieName {
    /// `session_id`, as real clients send it.
    #[serde(rename = "session_id")]
    Lower,
    /// `Session_id`, as the docs spell it.
    #[serde(rename = "Session_id")]
    Capital,
}

impl CookieName {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Lower => "session_id",
            Self::Capital => "Session_id",
        }
    }
}

/// How a new agent session is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionAnswer {
    /// 201, the address in the body and in `Location`.
    BodyAndLocation,
    /// 201, the address in the body alone.
    BodyOnly,
    /// 200 as in older documentation, the address in the body alone.
    Old200,
    /// 201, the address in a body of XML alone, whatever was asked for.
    XmlBody,
}

/// What a request to an agent session that is over gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionOver {
    /// 401 with `oauth_problem=token_rejected…` as plain text (§7.1 row 3).
    Unauthorized,
    /// 404.
    NotFound,
}

/// What the `next` link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// The whole list again.
    Full,
    /// Only agents that changed since; those who left cannot be told.
    Delta,
    /// There is no link.
    Missing,
}

/// What a good `timeStamp` gets when the world has not moved since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unchanged {
    /// The list that `next` leads to, as ever.
    List,
    /// 204.
    NoContent,
    /// 304.
    NotModified,
    /// 200 with an empty body.
    EmptyBody,
}

/// What an unknown or too old `timeStamp` gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaleCursor {
    /// 200 with the whole list.
    Full,
    /// 400.
    BadRequest,
    /// 404.
    NotFound,
    /// 410.
    Gone,
}

/// What a filter by an unknown skill gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownSkill {
    /// 200 with a list without agents.
    Empty,
    /// 400.
    BadRequest,
}

/// The header that carries the revision of the account configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevisionHeader {
    /// `ac-revision`.
    #[serde(alias = "ac-revision")]
    AcRevision,
    /// `eTag`, as the appendix calls it.
    #[serde(alias = "eTag")]
    ETag,
}
