//! `[rocketchat]`: the workspace agents are moved to. For the room `rocketchat`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{duration::Span, error::ConfigError, secret::Places};

/// `[rocketchat]` as it was typed. No `Debug`: the token is in it.
#[derive(Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    url: Option<String>,
    user_id: Option<String>,
    token: Option<String>,
    token_file: Option<PathBuf>,
    token_credential: Option<String>,
    username: Option<String>,
    password: Option<String>,
    password_file: Option<PathBuf>,
    password_credential: Option<String>,
    ca_files: Vec<PathBuf>,
    connect_timeout: Span,
    total_timeout: Span,
    in_flight: usize,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            url: None,
            user_id: None,
            token: None,
            token_file: None,
            token_credential: None,
            username: None,
            password: None,
            password_file: None,
            password_credential: None,
            ca_files: Vec::new(),
            connect_timeout: Span::seconds(10),
            total_timeout: Span::seconds(30),
            in_flight: 32,
        }
    }
}

/// How the bridge's user proves itself (contract §1.1).
#[derive(Clone, Debug)]
pub enum TargetCredentials {
    /// A personal access token: what a daemon should have.
    Token {
        /// `X-User-Id`.
        user_id: String,
        /// `X-Auth-Token`. Prints as stars.
        token: SecretString,
    },
    /// A login by name, for setting up.
    Login {
        /// Name or e-mail address.
        username: String,
        /// Prints as stars.
        password: SecretString,
    },
}

/// The workspace agents are moved to.
#[derive(Clone, Debug)]
pub struct RocketChatConfig {
    /// Scheme, host and perhaps a path, without a slash at the end.
    pub url: String,
    /// How we prove who we are.
    pub credentials: TargetCredentials,
    /// Files of CA certificates (PEM) that are trusted besides the system's.
    pub ca_files: Vec<PathBuf>,
    /// Limit for making a connection.
    pub connect_timeout: Duration,
    /// Limit for a whole exchange. A write whose answer does not come is looked after.
    pub total_timeout: Duration,
    /// Most calls at once.
    pub in_flight: usize,
}

impl Typed {
    /// `None` when there is no such section.
    pub(super) fn meaning(
        self,
        credentials: Option<&Path>,
    ) -> Result<Option<RocketChatConfig>, ConfigError> {
        let wrong =
            |key: &str, why: &str| Err(ConfigError::meaning(&format!("rocketchat.{key}"), why));
        let Some(url) = self.url else {
            if self.user_id.is_some() || self.token.is_some() || self.token_file.is_some() {
                return wrong(
                    "url",
                    "is missing beside the token; set it to the workspace's address",
                );
            }
            return Ok(None);
        };
        let url = url.trim_end_matches('/').to_owned();
        if url.contains('@') || url.contains('?') || url.contains('#') {
            return wrong(
                "url",
                "must be scheme, host and perhaps a path: no user, no query",
            );
        }
        let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        if !url.starts_with("https://") && !loopback.iter().any(|start| is_host(&url, start)) {
            return wrong(
                "url",
                "must start with https:// (http:// only on this machine): the token would travel in the open",
            );
        }
        let token = Places {
            key: "rocketchat.token",
            inline: self.token,
            file: self.token_file,
            credential: self.token_credential,
        };
        let password = Places {
            key: "rocketchat.password",
            inline: self.password,
            file: self.password_file,
            credential: self.password_credential,
        };
        let proof = match (self.user_id, self.username) {
            (Some(_), Some(_)) => {
                return wrong(
                    "username",
                    "is given beside `user_id`; keep one of the two ways: a token with `user_id` (better), or a password with `username`",
                );
            }
            (None, None) => {
                return wrong(
                    "user_id",
                    "is missing; set it and `token_file` to the personal access token of the bridge's own user",
                );
            }
            (Some(user_id), None) => TargetCredentials::Token {
                user_id,
                token: token.read(credentials)?,
            },
            (None, Some(username)) => TargetCredentials::Login {
                username,
                password: password.read(credentials)?,
            },
        };
        for (key, span) in [
            ("connect_timeout", self.connect_timeout),
            ("total_timeout", self.total_timeout),
        ] {
            if span < Span::millis(100) {
                return wrong(key, "must be at least 100ms");
            }
        }
        if !(1..=256).contains(&self.in_flight) {
            return wrong("in_flight", "must be from 1 to 256");
        }
        Ok(Some(RocketChatConfig {
            url,
            credentials: proof,
            ca_files: self.ca_files,
            connect_timeout: self.connect_timeout.0,
            total_timeout: self.total_timeout.0,
            in_flight: self.in_flight,
        }))
    }
}

/// Whether the address starts with exactly this scheme and host.
fn is_host(url: &str, start: &str) -> bool {
    let rest = url.strip_prefix(start);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
}
