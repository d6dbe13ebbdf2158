//! Who asks: the address that rate limits count by.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::config::ApiConfig;

/// The client's address. The socket's peer, unless that is a trusted proxy: then `X-Real-IP`,
/// else the `forwarded_count`-th of `X-Forwarded-For` from the right (livechat contract §1.7).
/// A proxy that names nobody, or fewer than that, is itself the client: wrongly set up, it slows
/// its visitors down, but nobody can invent addresses.
pub(super) fn client(config: &ApiConfig, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = config.trusted_proxies.iter().any(|net| net.contains(&peer));
    if !trusted {
        return peer;
    }
    let real = headers
        .get("x-real-ip")
        .and_then(|value| address(value.to_str().ok()?));
    real.or_else(|| forwarded(headers, config.forwarded_count))
        .unwrap_or(peer)
}

fn forwarded(headers: &HeaderMap, from_the_right: usize) -> Option<IpAddr> {
    // Several header lines are one list, in order.
    let named: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|line| line.to_str().unwrap_or_default().split(','))
        .collect();
    let place = named.len().checked_sub(from_the_right)?;
    address(named.get(place)?)
}

/// Reads `192.0.2.1`, `2001:db8::1`, and both with a port as some proxies write them.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let parsed = text
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    parsed.ok().map(|ip| ip.to_canonical())
}
