//! `[[livechat.accounts]]`: who may use the authenticated endpoints. Only hashes are kept here.

use serde::{Deserialize, Serialize};

use super::super::error::ConfigError;

/// One account as it was typed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
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
#[derive(Clone, Debug)]
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
        if !account.password_hash.is_empty() && !account.password_hash.starts_with("$argon2") {
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
