//! How this LivePerson behaves where nobody documents how the real one does (contract §9.2, §9.3).
//! The defaults are the most likely readings; a careful client survives every other one too.

use std::time::Duration;

/// The open questions of the contract, each answered. Not faults: the answers are all well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that are independent of each other"
)]
pub struct Behaviour {
    /// A second login of the same user ends the first one and its agent sessions (§3.3).
    pub second_login_revokes: bool,
    /// A login that was not refreshed for so long is over. The sample's `sessionTTl` is 8 h (§2.2).
    pub login_ttl: Duration,
    /// `sessionId` is in the login answer's body (§2.2).
    pub session_id_in_body: bool,
    /// Name of the login cookie: `session_id`, or `Session_id` as the docs spell it.
    pub cookie_name: &'static str,
    /// How a new agent session is answered (§3.1).
    pub session_answer: SessionAnswer,
    /// An agent session that was not used for so long is over: 400 s (§3.3).
    pub session_idle: Duration,
    /// What a request to a session that is over gets (§3.3).
    pub session_over: SessionOver,
    /// A plain PUT of the availability works too; otherwise it gets 405 (§3.4).
    pub plain_put: bool,
    /// What `rel=next` leads to (§4.6).
    pub next: Next,
    /// A `timeStamp` is good for so long.
    pub cursor_ttl: Duration,
    /// What an unknown or too old `timeStamp` gets (§4.6).
    pub stale_cursor: StaleCursor,
    /// The user of the session is in the list of agents (§4.4).
    pub own_user_listed: bool,
    /// How lists of agents are written.
    pub style: Style,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            second_login_revokes: true,
            login_ttl: Duration::from_secs(8 * 3_600),
            session_id_in_body: true,
            cookie_name: "session_id",
            session_answer: SessionAnswer::BodyAndLocation,
            session_idle: Duration::from_secs(400),
            session_over: SessionOver::Unauthorized,
            plain_put: false,
            next: Next::Full,
            cursor_ttl: Duration::from_secs(600),
            stale_cursor: StaleCursor::Full,
            own_user_listed: true,
            style: Style::default(),
        }
    }
}

/// How a new agent session is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionAnswer {
    /// 201, the address in the body and in `Location`.
    BodyAndLocation,
    /// 201, the address in the body alone.
    BodyOnly,
    /// 200 as in older documentation, the address in the body alone.
    Old200,
}

/// What a request to an agent session that is over gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionOver {
    /// 401 with `oauth_problem=token_rejected…` as plain text (§7.1 row 3).
    Unauthorized,
    /// 404.
    NotFound,
}

/// What the `next` link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The whole list again.
    Full,
    /// Only agents that changed since; those who left cannot be told.
    Delta,
    /// There is no link.
    Missing,
}

/// What an unknown or too old `timeStamp` gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// How a list of agents is written (§4.3, §4.5). Part of the key of the body cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that are independent of each other"
)]
pub struct Style {
    /// `chats` is written when it is 0, too.
    pub zero_chats: bool,
    /// How a list without agents looks.
    pub empty: Empty,
    /// JSON: attributes without the `@`.
    pub bare_keys: bool,
    /// JSON: text that looks like a whole number comes as a number.
    pub numbers: bool,
    /// XML: under which namespace.
    pub namespace: Namespace,
    /// XML: the attributes of an agent come as child elements.
    pub attributes_as_children: bool,
    /// The link comes before the agents.
    pub link_first: bool,
}

/// How a list without agents looks. In XML the last three are a self-closed `<agents/>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Empty {
    /// `agents` is left out.
    #[default]
    Absent,
    /// `"agents":{}`.
    Object,
    /// `"agents":""`.
    Text,
    /// `"agents":null`.
    Null,
}

/// The namespace of XML lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Namespace {
    /// None.
    #[default]
    None,
    /// One for all elements, without prefix.
    Default,
    /// One with the prefix `lp`.
    Prefixed,
}
