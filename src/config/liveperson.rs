//! `[liveperson]`: the account to read and how to reach it. For the room `liveperson`.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{duration::Span, error::ConfigError};

/// Body format asked for with `Accept`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WireFormat {
    /// `application/json`.
    #[default]
    Json,
    /// `application/xml`.
    Xml,
}

/// Query filters of `availableAgents` (contract §4.1). Any of them makes polls `Filtered`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// Skill name.
    pub skill: Option<String>,
    /// `Online`, `Offline`, `Occupied` or `Away`.
    pub chat_state: Option<String>,
    /// Likewise, for voice.
    pub voice_state: Option<String>,
    /// Id of a reason that the account configured.
    pub chat_reason_id: Option<String>,
}

impl Filters {
    /// Whether any filter is set.
    pub fn any(&self) -> bool {
        self.skill.is_some()
            || self.chat_state.is_some()
            || self.voice_state.is_some()
            || self.chat_reason_id.is_some()
    }
}

/// `[liveperson]` as it was typed. No `Debug`: the password is in it.
#[derive(Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    account: String,
    username: String,
    password: Option<String>,
    password_file: Option<PathBuf>,
    discovery_url: String,
    trusted_hosts: Vec<String>,
    format: WireFormat,
    follow_next: bool,
    filters: Filters,
    connect_timeout: Span,
    total_timeout: Span,
    body_limit_mib: u64,
    refresh_every: Span,
    session_idle: Span,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            account: String::new(),
            username: String::new(),
            password: None,
            password_file: None,
            discovery_url: "https://api.liveperson.net".to_owned(),
            trusted_hosts: Vec::new(),
            format: WireFormat::Json,
            follow_next: false,
            filters: Filters::default(),
            connect_timeout: Span::seconds(10),
            total_timeout: Span::seconds(30),
            body_limit_mib: 64,
            refresh_every: Span::seconds(240),
            session_idle: Span::seconds(300),
        }
    }
}

/// The account to read.
#[derive(Clone, Debug)]
pub struct LivePersonConfig {
    /// Account number, as text.
    pub account: String,
    /// Login name of the bridge's own user.
    pub username: String,
    /// Its password. Prints as stars.
    pub password: SecretString,
    /// Scheme and host of the domain API, without a slash at the end: `https://api.liveperson.net`.
    pub discovery_url: String,
    /// Hosts (`name` or `name:port`) outside LivePerson's domains that may get the credentials:
    /// simulators. They are spoken to with the scheme of `discovery_url`.
    pub trusted_hosts: Vec<String>,
    /// Format asked for.
    pub format: WireFormat,
    /// Follow the `next` link between full polls.
    pub follow_next: bool,
    /// Query filters.
    pub filters: Filters,
    /// Limit for making a connection.
    pub connect_timeout: Duration,
    /// Limit for a whole exchange.
    pub total_timeout: Duration,
    /// Limit of an answer's body in bytes, after decompression.
    pub body_limit: u64,
    /// How often the login is refreshed (contract §2.5).
    pub refresh_every: Duration,
    /// The agent session is never left alone for longer (contract §3.3).
    pub session_idle: Duration,
}

impl Typed {
    /// Reads the password and checks what can be checked without a network.
    pub(super) fn meaning(self) -> Result<LivePersonConfig, ConfigError> {
        let wrong =
            |key: &str, why: &str| Err(ConfigError::meaning(&format!("liveperson.{key}"), why));
        if self.account.is_empty() {
            return wrong(
                "account",
                "is missing; set it to your LivePerson account number",
            );
        }
        if !self
            .account
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        {
            return wrong("account", "may hold only letters, digits, `-` and `_`");
        }
        if self.username.is_empty() {
            return wrong(
                "username",
                "is missing; set it to the login name of the bridge's own LivePerson user",
            );
        }
        let password = password(self.password, self.password_file)?;
        if self.discovery_url.contains('@') {
            return wrong(
                "discovery_url",
                "must not carry a user or password; it is scheme and host alone",
            );
        }
        let scheme_ok = self.discovery_url.starts_with("https://")
            || (self.discovery_url.starts_with("http://") && !self.trusted_hosts.is_empty());
        if !scheme_ok {
            return wrong(
                "discovery_url",
                "must start with https:// (http:// only for a simulator named in `trusted_hosts`)",
            );
        }
        for (key, value) in [
            ("chat_state", &self.filters.chat_state),
            ("voice_state", &self.filters.voice_state),
        ] {
            if let Some(state) = value
                && !["Online", "Offline", "Occupied", "Away"].contains(&state.as_str())
            {
                return wrong(
                    &format!("filters.{key}"),
                    "must be Online, Offline, Occupied or Away",
                );
            }
        }
        for (key, span, least) in [
            ("connect_timeout", self.connect_timeout, Span::millis(100)),
            ("total_timeout", self.total_timeout, Span::millis(100)),
            ("refresh_every", self.refresh_every, Span::seconds(1)),
            ("session_idle", self.session_idle, Span::seconds(1)),
        ] {
            if span < least {
                return wrong(key, &format!("must be at least {least}"));
            }
        }
        if self.body_limit_mib == 0 {
            return wrong("body_limit_mib", "must be at least 1");
        }
        Ok(LivePersonConfig {
            account: self.account,
            username: self.username,
            password,
            discovery_url: self.discovery_url.trim_end_matches('/').to_owned(),
            trusted_hosts: self.trusted_hosts,
            format: self.format,
            follow_next: self.follow_next,
            filters: self.filters,
            connect_timeout: self.connect_timeout.0,
            total_timeout: self.total_timeout.0,
            body_limit: self.body_limit_mib * 1024 * 1024,
            refresh_every: self.refresh_every.0,
            session_idle: self.session_idle.0,
        })
    }
}

/// The password from exactly one of its two places.
fn password(inline: Option<String>, file: Option<PathBuf>) -> Result<SecretString, ConfigError> {
    let wrong = |key: &str, why: &str| Err(ConfigError::meaning(&format!("liveperson.{key}"), why));
    let key = if file.is_some() {
        "password_file"
    } else {
        "password"
    };
    let text = match (inline, file) {
        (Some(_), Some(_)) => {
            return wrong(
                "password",
                "is given twice, inline and as `password_file`; keep one of them",
            );
        }
        (Some(inline), None) => inline,
        (None, Some(path)) => match std::fs::read_to_string(&path) {
            Ok(text) => text.trim_end_matches(['\r', '\n']).to_owned(),
            Err(error) => {
                let why = format!(
                    "cannot read {}: {error}; make it readable for the user lp2rc runs as",
                    path.display()
                );
                return wrong("password_file", &why);
            }
        },
        (None, None) => {
            return wrong(
                "password",
                "is missing; set `password_file` (better) or `password`",
            );
        }
    };
    if text.is_empty() {
        return wrong(key, "holds no password");
    }
    Ok(SecretString::from(text))
}
