//! What a simulator is made from.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{behaviour::Behaviour, faults::Faults};

/// Which release it plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// 6.13
    V6,
    /// 7.10
    V7,
    /// 8.5
    V8,
}

impl Version {
    /// The release of a major number, where it is played.
    pub const fn of_major(major: u8) -> Option<Self> {
        match major {
            6 => Some(Self::V6),
            7 => Some(Self::V7),
            8 => Some(Self::V8),
            _ => None,
        }
    }

    /// What anybody may know (contract §1.5).
    pub const fn short(self) -> &'static str {
        match self {
            Self::V6 => "6.13",
            Self::V7 => "7.10",
            Self::V8 => "8.5",
        }
    }

    /// What who may view statistics may know.
    pub const fn full(self) -> &'static str {
        match self {
            Self::V6 => "6.13.1",
            Self::V7 => "7.10.3",
            Self::V8 => "8.5.2",
        }
    }
}

/// Which licence it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// No licence: one department only, no limits of chats.
    Community,
    /// Every module.
    Enterprise,
}

/// Calls allowed per address, route and method in each window (contract §1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// At least 1.
    pub calls: u32,
    /// Length of a window.
    pub window: Duration,
}

/// What a simulator is made from. It has no `Debug`, since it holds a password.
#[derive(Clone)]
pub struct SimConfig {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where to listen for nothing but the control API; without it that is served beside the rest.
    pub control: Option<SocketAddr>,
    /// Which release it plays.
    pub version: Version,
    /// Which licence it has.
    pub edition: Edition,
    /// Seats of the licence; `None` for no limit.
    pub seats: Option<u32>,
    /// The bridge's service user.
    pub user_id: String,
    /// His personal access token.
    pub token: String,
    /// That token skips the second factor.
    pub bypass_two_factor: bool,
    /// His name for a login.
    pub username: String,
    /// His password.
    pub password: String,
    /// His roles.
    pub roles: Vec<String>,
    /// Foreign users: a bot, an administrator, a plain person, and more plain ones.
    pub users: usize,
    /// Seed of ids, tokens and faults.
    pub seed: u64,
    /// The rate limiter; `None` for none.
    pub rate_limit: Option<RateLimit>,
    /// The roles that carry `api-bypass-rate-limit` by default do so, the bridge's among them.
    pub bypass: bool,
    /// The custom fields of users that are defined.
    pub custom_fields: Vec<String>,
    /// How long every answer takes.
    pub delay: Duration,
    /// How it behaves where the contract is open.
    pub behaviour: Behaviour,
    /// What goes wrong from the start.
    pub faults: Faults,
}

impl Default for SimConfig {
    /// 8.5, Enterprise without seats, on a free port of loopback; the bridge's user is an
    /// administrator, the custom field `lpAgentId` is defined, the limiter is as delivered.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            control: None,
            version: Version::V8,
            edition: Edition::Enterprise,
            seats: None,
            user_id: "bridgeUserId00001".to_owned(),
            token: "bridge-token".to_owned(),
            bypass_two_factor: true,
            username: "bridge".to_owned(),
            password: "bridge-password".to_owned(),
            roles: vec!["admin".to_owned()],
            users: 3,
            seed: 1,
            rate_limit: Some(RateLimit {
                calls: 10,
                window: Duration::from_secs(60),
            }),
            bypass: true,
            custom_fields: vec!["lpAgentId".to_owned()],
            delay: Duration::ZERO,
            behaviour: Behaviour::default(),
            faults: Faults::default(),
        }
    }
}
