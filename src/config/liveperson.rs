//! `[liveperson]`: the account to read and how to reach it. For the room `liveperson`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{
    duration::Span,
    error::ConfigError,
    retry::{self, RetryConfig},
    secret::Places,
};

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
    password_credential: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    client_secret_file: Option<PathBuf>,
    client_secret_credential: Option<String>,
    discovery_url: String,
    discovery_every: Span,
    trusted_hosts: Vec<String>,
    ca_files: Vec<PathBuf>,
    format: WireFormat,
    follow_next: bool,
    filters: Filters,
    connect_timeout: Span,
    total_timeout: Span,
    body_limit_mib: u64,
    refresh_every: Span,
    session_idle: Span,
    account_config: AccountConfigTyped,
    retry: retry::Typed,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            account: String::new(),
            username: String::new(),
            password: None,
            password_file: None,
            password_credential: None,
            client_id: None,
            client_secret: None,
            client_secret_file: None,
            client_secret_credential: None,
            discovery_url: "https://api.liveperson.net".to_owned(),
            discovery_every: Span::seconds(6 * 3_600),
            trusted_hosts: Vec::new(),
            ca_files: Vec::new(),
            format: WireFormat::Json,
            follow_next: false,
            filters: Filters::default(),
            connect_timeout: Span::seconds(10),
            total_timeout: Span::seconds(30),
            body_limit_mib: 64,
            refresh_every: Span::seconds(240),
            session_idle: Span::seconds(300),
            account_config: AccountConfigTyped::default(),
            retry: retry::Typed::default(),
        }
    }
}

/// `[liveperson.account_config]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct AccountConfigTyped {
    read: bool,
    every: Span,
}

impl Default for AccountConfigTyped {
    fn default() -> Self {
        Self {
            read: true,
            every: Span::seconds(600),
        }
    }
}

/// Whether and how often the static half of the agents is read (contract §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountConfigReading {
    /// Read it at all. Without the right to it, it is left alone by itself.
    pub read: bool,
    /// How often.
    pub every: Duration,
}

/// How the bridge's user proves itself (contract §2.3).
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A password. Prints as stars.
    Password(SecretString),
    /// OAuth2 client credentials, put into the same login body.
    Client {
        /// `client_id`, which goes into `appKey`.
        id: String,
        /// `client_secret`, which goes into `secret`. Prints as stars.
        secret: SecretString,
    },
}

/// The account to read.
#[derive(Clone, Debug)]
pub struct LivePersonConfig {
    /// Account number, as text.
    pub account: String,
    /// Login name of the bridge's own user.
    pub username: String,
    /// How it proves itself.
    pub credentials: Credentials,
    /// Scheme and host of the domain API, without a slash at the end: `https://api.liveperson.net`.
    pub discovery_url: String,
    /// A login asks again for the host when it was found longer ago (contract §1). Trouble asks at once.
    pub discovery_every: Duration,
    /// Hosts (`name` or `name:port`) outside LivePerson's domains that may get the credentials:
    /// simulators. They are spoken to with the scheme of `discovery_url`.
    pub trusted_hosts: Vec<String>,
    /// Files of CA certificates (PEM) that are trusted besides the system's.
    pub ca_files: Vec<PathBuf>,
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
    /// The static half of the agents.
    pub account_config: AccountConfigReading,
    /// When a failed poll is tried again.
    pub retry: RetryConfig,
}

impl Typed {
    /// Durations that nothing could work with.
    fn bounds(&self) -> Result<(), ConfigError> {
        let wrong =
            |key: &str, why: &str| Err(ConfigError::meaning(&format!("liveperson.{key}"), why));
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
        // LivePerson ends a session after about 400 s, and wants a refresh every 3 to 5 minutes.
        for (key, span, most) in [
            ("session_idle", self.session_idle, Span::seconds(390)),
            ("refresh_every", self.refresh_every, Span::seconds(600)),
        ] {
            if span > most {
                return wrong(
                    key,
                    &format!("must be at most {most}: LivePerson would end it"),
                );
            }
        }
        Ok(())
    }

    /// What is wrong with `discovery_url`.
    fn discovery_trouble(&self) -> Option<&'static str> {
        if self.discovery_url.contains('@') {
            return Some("must not carry a user or password; it is scheme and host alone");
        }
        let scheme_ok = self.discovery_url.starts_with("https://")
            || (self.discovery_url.starts_with("http://") && !self.trusted_hosts.is_empty());
        (!scheme_ok).then_some(
            "must start with https:// (http:// only for a simulator named in `trusted_hosts`)",
        )
    }

    /// Reads the secrets and checks what can be checked without a network. `credentials` is the
    /// directory that systemd names.
    pub(super) fn meaning(
        self,
        credentials: Option<&Path>,
    ) -> Result<LivePersonConfig, ConfigError> {
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
        if let Some(why) = self.discovery_trouble() {
            return wrong("discovery_url", why);
        }
        for (key, value) in [
            ("skill", &self.filters.skill),
            ("chat_reason_id", &self.filters.chat_reason_id),
        ] {
            if value.as_ref().is_some_and(|value| value.trim().is_empty()) {
                let why = "is empty; leave it out to ask for everybody";
                return wrong(&format!("filters.{key}"), why);
            }
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
        self.bounds()?;
        if !(1..=4096).contains(&self.body_limit_mib) {
            return wrong("body_limit_mib", "must be from 1 to 4096");
        }
        if self.account_config.every < Span::seconds(1) {
            return wrong("account_config.every", "must be at least 1s");
        }
        let proof = proof(
            Places {
                key: "liveperson.password",
                inline: self.password,
                file: self.password_file,
                credential: self.password_credential,
            },
            self.client_id,
            Places {
                key: "liveperson.client_secret",
                inline: self.client_secret,
                file: self.client_secret_file,
                credential: self.client_secret_credential,
            },
            credentials,
        )?;
        Ok(LivePersonConfig {
            account: self.account,
            username: self.username,
            credentials: proof,
            discovery_url: self.discovery_url.trim_end_matches('/').to_owned(),
            discovery_every: self.discovery_every.0,
            trusted_hosts: self.trusted_hosts,
            ca_files: self.ca_files,
            format: self.format,
            follow_next: self.follow_next,
            filters: self.filters,
            connect_timeout: self.connect_timeout.0,
            total_timeout: self.total_timeout.0,
            body_limit: self.body_limit_mib * 1024 * 1024,
            refresh_every: self.refresh_every.0,
            session_idle: self.session_idle.0,
            account_config: AccountConfigReading {
                read: self.account_config.read,
                every: self.account_config.every.0,
            },
            retry: self.retry.meaning()?,
        })
    }
}

/// A password or OAuth2 client credentials, never both.
fn proof(
    password: Places,
    client_id: Option<String>,
    client_secret: Places,
    directory: Option<&Path>,
) -> Result<Credentials, ConfigError> {
    let wrong = |key: &str, why: &str| Err(ConfigError::meaning(&format!("liveperson.{key}"), why));
    match client_id {
        None if client_secret.any() => wrong(
            "client_id",
            "is missing beside `client_secret`; both come from LivePerson's OAuth2 client",
        ),
        None => Ok(Credentials::Password(password.read(directory)?)),
        Some(_) if password.any() => wrong(
            "client_id",
            "is given beside a password; keep one of the two ways to log in",
        ),
        Some(id) if id.is_empty() => wrong("client_id", "holds nothing"),
        Some(id) => Ok(Credentials::Client {
            id,
            secret: client_secret.read(directory)?,
        }),
    }
}
