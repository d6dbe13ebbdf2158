//! `[[livechat.accounts]]`: who may use the authenticated endpoints. Only hashes are kept here.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use serde::{Deserialize, Serialize};

use super::super::error::ConfigError;

/// One account as it was typed.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    username: String,
    name: String,
    email: String,
    password_hash: String,
    token_hash: String,
    roles: Vec<Role>,
    agent: String,
}

impl fmt::Debug for Typed {
    /// Without hashes: weak passwords can be guessed from them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Rocket.Chat's roles, as far as its stock permissions matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Omnichannel manager.
    LivechatManager,
    /// Omnichannel monitor.
    LivechatMonitor,
    /// Omnichannel agent.
    LivechatAgent,
    /// No rate limit.
    Bot,
}

impl Role {
    /// The target's name of it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::LivechatManager => "livechat-manager",
            Self::LivechatMonitor => "livechat-monitor",
            Self::LivechatAgent => "livechat-agent",
            Self::Bot => "bot",
        }
    }
}

/// Who may use the authenticated endpoints.
#[derive(Clone)]
pub struct Account {
    /// Login name.
    pub username: String,
    /// Shown name.
    pub name: String,
    /// Shown by `me`; may be empty.
    pub email: String,
    /// PHC string of the SHA-256 (hexadecimal) of the password, as Rocket.Chat's clients digest it;
    /// `None`: no login by password.
    pub password_hash: Option<String>,
    /// SHA-256 of a personal access token, lower-case hexadecimal; `None`: no token.
    pub token_hash: Option<String>,
    /// What it may do.
    pub roles: Vec<Role>,
    /// Username or id of the agent it acts as; `None`: it acts as whoever serves the room.
    pub agent: Option<String>,
}

impl fmt::Debug for Account {
    /// Without hashes: weak passwords can be guessed from them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("username", &self.username)
            .field("roles", &self.roles)
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}

/// Whether a text is a hash of a kind that can be checked, with its own result in it.
fn is_phc(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| {
        let known = hash.algorithm.as_str().starts_with("argon2");
        known && hash.hash.is_some() && argon2::Params::try_from(&hash).is_ok()
    })
}

pub(super) fn meaning(typed: Vec<Typed>) -> Result<Vec<Account>, ConfigError> {
    let wrong = |why: String| Err(ConfigError::meaning("livechat.accounts", why));
    let given = |text: String| (!text.is_empty()).then_some(text);
    let mut accounts: Vec<Account> = Vec::with_capacity(typed.len());
    for account in typed {
        let name = account.username.clone();
        if name.is_empty() {
            return wrong("an account has no `username`".to_owned());
        }
        if accounts.iter().any(|other| other.username == name) {
            return wrong(format!("\"{name}\" is given twice"));
        }
        if account.password_hash.is_empty() && account.token_hash.is_empty() {
            return wrong(format!(
                "\"{name}\" has neither `password_hash` nor `token_hash`; `lp2rc livechat hash` makes them"
            ));
        }
        if !account.password_hash.is_empty() && !is_phc(&account.password_hash) {
            return wrong(format!(
                "`password_hash` of \"{name}\" is not one; `lp2rc livechat hash` makes them"
            ));
        }
        let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !account.token_hash.is_empty() && !hex(&account.token_hash) {
            return wrong(format!(
                "`token_hash` of \"{name}\" is not a SHA-256 in hexadecimal; `lp2rc livechat hash` makes them"
            ));
        }
        accounts.push(Account {
            username: account.username,
            name: if account.name.is_empty() {
                name
            } else {
                account.name
            },
            email: account.email,
            password_hash: given(account.password_hash),
            token_hash: given(account.token_hash.to_ascii_lowercase()),
            roles: account.roles,
            agent: given(account.agent),
        });
    }
    Ok(accounts)
}
