//! `[livechat.files]`, `[livechat.realtime]`, `[livechat.retention]`: what bounds growth.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::{duration::Span, error::ConfigError};

const DAY: u64 = 86_400;

/// `[livechat.files]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TypedFiles {
    enabled: bool,
    max_size: i64,
    max_total: u64,
    media_types: Vec<String>,
    blocked_media_types: Vec<String>,
}

impl Default for TypedFiles {
    fn default() -> Self {
        Self {
            enabled: true,
            max_size: 104_857_600,
            max_total: 10_737_418_240,
            media_types: Vec::new(),
            blocked_media_types: vec!["image/svg+xml".to_owned()],
        }
    }
}

/// Uploads.
#[derive(Clone, Debug)]
pub struct FileLimits {
    /// `FileUpload_Enabled`.
    pub enabled: bool,
    /// `FileUpload_MaxFileSize` in bytes; `None`: no limit of its own.
    pub max_size: Option<u64>,
    /// All files together, in bytes.
    pub max_total: u64,
    /// `FileUpload_MediaTypeWhiteList`: types or `image/*`; empty: all.
    pub media_types: Vec<String>,
    /// `FileUpload_MediaTypeBlackList`.
    pub blocked_media_types: Vec<String>,
}

impl TypedFiles {
    pub(super) fn meaning(self) -> Result<FileLimits, ConfigError> {
        if self.max_size < -1 || self.max_size == 0 {
            return Err(ConfigError::meaning(
                "livechat.files.max_size",
                "must be at least 1 byte, or -1 for no limit of its own; `enabled = false` refuses all files",
            ));
        }
        Ok(FileLimits {
            enabled: self.enabled,
            max_size: u64::try_from(self.max_size).ok(),
            max_total: self.max_total,
            media_types: self.media_types,
            blocked_media_types: self.blocked_media_types,
        })
    }
}

/// `[livechat.realtime]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TypedRealtime {
    max_connections: usize,
    max_per_address: usize,
    max_subscriptions: usize,
    max_queue: usize,
    max_frame: usize,
    ping_every: Span,
    idle_timeout: Span,
}

impl Default for TypedRealtime {
    fn default() -> Self {
        Self {
            max_connections: 4_096,
            max_per_address: 256,
            max_subscriptions: 64,
            max_queue: 256,
            max_frame: 65_536,
            ping_every: Span::seconds(25),
            idle_timeout: Span::seconds(60),
        }
    }
}

/// `/websocket`.
#[derive(Clone, Copy, Debug)]
pub struct RealtimeLimits {
    /// Open sockets at once.
    pub max_connections: usize,
    /// Open sockets of one address at once.
    pub max_per_address: usize,
    /// Subscriptions of one socket.
    pub max_subscriptions: usize,
    /// Frames that may wait for a slow reader; one more and the socket is closed.
    pub max_queue: usize,
    /// Longest frame from a client, in bytes.
    pub max_frame: usize,
    /// How often a silent client is asked whether it is there.
    pub ping_every: Duration,
    /// A client from which nothing was heard for so long is gone.
    pub idle_timeout: Duration,
}

impl TypedRealtime {
    pub(super) fn meaning(self) -> Result<RealtimeLimits, ConfigError> {
        if self.ping_every >= self.idle_timeout || self.ping_every < Span::millis(100) {
            return Err(ConfigError::meaning(
                "livechat.realtime.ping_every",
                "must be at least 100ms and shorter than `idle_timeout`",
            ));
        }
        let counts = [
            ("max_connections", self.max_connections),
            ("max_per_address", self.max_per_address),
            ("max_subscriptions", self.max_subscriptions),
            ("max_queue", self.max_queue),
            ("max_frame", self.max_frame),
        ];
        for (key, count) in counts {
            if count == 0 {
                let key = format!("livechat.realtime.{key}");
                return Err(ConfigError::meaning(&key, "must be at least 1"));
            }
        }
        Ok(RealtimeLimits {
            max_connections: self.max_connections,
            max_per_address: self.max_per_address,
            max_subscriptions: self.max_subscriptions,
            max_queue: self.max_queue,
            max_frame: self.max_frame,
            ping_every: self.ping_every.0,
            idle_timeout: self.idle_timeout.0,
        })
    }
}

/// `[livechat.retention]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TypedRetention {
    closed_rooms: Span,
    visitors: Span,
    pages: Span,
    outbox: Span,
    sessions: Span,
    sweep_every: Span,
}

impl Default for TypedRetention {
    fn default() -> Self {
        Self {
            closed_rooms: Span::seconds(90 * DAY),
            visitors: Span::seconds(90 * DAY),
            pages: Span::seconds(30 * DAY),
            outbox: Span::seconds(30 * DAY),
            sessions: Span::seconds(90 * DAY),
            sweep_every: Span::seconds(600),
        }
    }
}

/// How long what is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Closed rooms with their messages and files, since they were closed.
    pub closed_rooms: Duration,
    /// Visitors without a room, since they were last seen.
    pub visitors: Duration,
    /// Pages visited without a room (livechat contract §4.7.3).
    pub pages: Duration,
    /// Mails that were delivered or that nobody fetched.
    pub outbox: Duration,
    /// Logins of service accounts.
    pub sessions: Duration,
    /// How often is looked.
    pub sweep_every: Duration,
}

impl TypedRetention {
    pub(super) fn meaning(self) -> Result<Retention, ConfigError> {
        if self.sweep_every < Span::millis(100) {
            return Err(ConfigError::meaning(
                "livechat.retention.sweep_every",
                "must be at least 100ms",
            ));
        }
        Ok(Retention {
            closed_rooms: self.closed_rooms.0,
            visitors: self.visitors.0,
            pages: self.pages.0,
            outbox: self.outbox.0,
            sessions: self.sessions.0,
            sweep_every: self.sweep_every.0,
        })
    }
}
