//! `[api]`: the public listener with its Rocket.Chat-shaped face. For the room `server`.

use std::{net::SocketAddr, time::Duration};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{duration::Span, error::ConfigError};

/// `[api]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch the operator types"
)]
pub(super) struct Typed {
    listen: String,
    show_agent_info: bool,
    show_agent_email: bool,
    rate_limit: bool,
    rate_limit_calls: u32,
    rate_limit_window: Span,
    rate_limit_addresses: usize,
    trusted_proxies: Vec<String>,
    forwarded_count: usize,
    cors: bool,
    cors_origins: Vec<String>,
    max_connections: usize,
    header_timeout: Span,
    request_timeout: Span,
    drain_timeout: Span,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:3080".to_owned(),
            show_agent_info: true,
            show_agent_email: true,
            rate_limit: true,
            rate_limit_calls: 10,
            rate_limit_window: Span::seconds(60),
            rate_limit_addresses: 65_536,
            trusted_proxies: Vec::new(),
            forwarded_count: 1,
            cors: true,
            cors_origins: vec!["*".to_owned()],
            max_connections: 4_096,
            header_timeout: Span::seconds(10),
            request_timeout: Span::seconds(30),
            drain_timeout: Span::seconds(10),
        }
    }
}

/// The public listener.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// `Livechat_show_agent_info`: off answers `{"hiddenInfo":true}`.
    pub show_agent_info: bool,
    /// `Livechat_show_agent_email`: on by default, as the seed shows them.
    pub show_agent_email: bool,
    /// Per address, route and method; `None` is off.
    pub rate_limit: Option<RateLimit>,
    /// Peers whose `X-Real-IP` and `X-Forwarded-For` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Which address of `X-Forwarded-For` counts, from the right (`HTTP_FORWARDED_COUNT`).
    pub forwarded_count: usize,
    /// `API_Enable_CORS`; `None` is off. `["*"]` is every origin.
    pub cors_origins: Option<Vec<String>>,
    /// Connections served at once; more wait in the kernel's queue.
    pub max_connections: usize,
    /// A client must send its whole header within this time.
    pub header_timeout: Duration,
    /// A request must be answered within this time.
    pub request_timeout: Duration,
    /// How long running requests may take after a stop was asked for.
    pub drain_timeout: Duration,
}

/// A fixed window, as Rocket.Chat's (livechat contract §1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls per window.
    pub calls: u32,
    /// Length of the window.
    pub window: Duration,
    /// At most so many (address, route) pairs are remembered.
    pub addresses: usize,
}

impl Typed {
    pub(super) fn meaning(self) -> Result<ApiConfig, ConfigError> {
        let wrong = |key: &str, why: String| Err(ConfigError::meaning(&format!("api.{key}"), why));
        let Ok(listen) = self.listen.parse() else {
            return wrong(
                "listen",
                format!(
                    "\"{}\" is not an address; write \"127.0.0.1:3080\"",
                    self.listen
                ),
            );
        };
        let mut trusted_proxies = Vec::new();
        for text in &self.trusted_proxies {
            match text
                .parse::<IpNet>()
                .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
            {
                Ok(net) => trusted_proxies.push(net),
                Err(_) => {
                    return wrong(
                        "trusted_proxies",
                        format!("\"{text}\" is not an address or network; write \"10.0.0.0/8\""),
                    );
                }
            }
        }
        if self.rate_limit_calls == 0 || self.rate_limit_window.0.is_zero() {
            return wrong("rate_limit_calls", "and `rate_limit_window` must not be 0; switch the limit off with `rate_limit = false`".to_owned());
        }
        if self.forwarded_count == 0 {
            return wrong(
                "forwarded_count",
                "counts from 1, from the right".to_owned(),
            );
        }
        for (key, span) in [
            ("header_timeout", self.header_timeout),
            ("request_timeout", self.request_timeout),
        ] {
            if span < Span::millis(100) {
                return wrong(key, "must be at least 100ms".to_owned());
            }
        }
        if self.max_connections == 0 {
            return wrong("max_connections", "must be at least 1".to_owned());
        }
        Ok(ApiConfig {
            listen,
            show_agent_info: self.show_agent_info,
            show_agent_email: self.show_agent_email,
            rate_limit: self.rate_limit.then_some(RateLimit {
                calls: self.rate_limit_calls,
                window: self.rate_limit_window.0,
                addresses: self.rate_limit_addresses.max(1),
            }),
            trusted_proxies,
            forwarded_count: self.forwarded_count,
            cors_origins: self.cors.then_some(self.cors_origins),
            max_connections: self.max_connections,
            header_timeout: self.header_timeout.0,
            request_timeout: self.request_timeout.0,
            drain_timeout: self.drain_timeout.0,
        })
    }
}
