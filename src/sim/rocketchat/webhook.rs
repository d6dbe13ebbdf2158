//! The test of the webhook (contract §6): the sample really goes to the configured address, as
//! long as that is on this machine.

use std::{net::IpAddr, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::answer::{Answer, Refused};
use crate::ports::{Clock, clock::timeout};

/// A sample to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outgoing {
    pub(super) url: String,
    /// `X-RocketChat-Livechat-Token`; not sent when empty.
    pub(super) token: String,
    pub(super) patience: Duration,
}

/// Delivers it and says how that went.
pub(super) async fn deliver(outgoing: &Outgoing, clock: &dyn Clock) -> Answer {
    let sending = post(outgoing);
    if timeout(clock, outgoing.patience, sending).await.flatten() == Some(200) {
        return Answer::json(200, &json!({ "success": true }));
    }
    let reason = "Webhook response is not 200";
    Refused::coded("error-invalid-webhook-response", reason).into_answer()
}

/// The status of the answer; `None` when there was none.
async fn post(outgoing: &Outgoing) -> Option<u16> {
    let url: http::Uri = outgoing.url.parse().ok()?;
    let (host, port) = (url.host()?, url.port_u16().unwrap_or(80));
    let near = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    if url.scheme_str() != Some("http") || !near {
        return None;
    }
    let body = sample().to_string();
    let target = url.path_and_query().map_or("/", |path| path.as_str());
    let token = match outgoing.token.as_str() {
        "" => String::new(),
        token => format!("X-RocketChat-Livechat-Token: {token}\r\n"),
    };
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\n{token}Connection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let address = (host.trim_matches(['[', ']']), port);
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut head = Vec::new();
    let mut piece = [0; 512];
    // "HTTP/1.1 200" is all that is looked at.
    while head.len() < 12 {
        let size = stream.read(&mut piece).await.ok()?;
        if size == 0 {
            return None;
        }
        head.extend_from_slice(&piece[..size]);
    }
    let status = std::str::from_utf8(head.get(9..12)?).ok()?;
    status.parse().ok()
}

/// The fixed sample, with its dummy ids.
fn sample() -> Value {
    json!({
        "type": "LivechatSession",
        "_id": "fasd6f5a4sd6f8a4sdf",
        "label": "title",
        "topic": "asiodojf",
        "createdAt": "2024-01-01T10:00:00.000Z",
        "lastMessageAt": "2024-01-01T10:00:00.000Z",
        "tags": ["tag1", "tag2", "tag3"],
        "customFields": { "productId": "123456" },
        "visitor": {
            "_id": "",
            "name": "visitor name",
            "username": "visitor-username",
            "department": "department",
            "email": "email@address.com",
            "phone": "192873192873",
            "ip": "123.456.7.89",
            "browser": "Chrome",
            "os": "Linux",
            "customFields": { "customerId": "123456" },
        },
        "agent": {
            "_id": "asdf89as6df8",
            "username": "agent.username",
            "name": "Agent Name",
            "email": "agent@email.com",
        },
        "messages": [
            {
                "username": "visitor-username",
                "msg": "message content",
                "ts": "2024-01-01T10:00:00.000Z",
            },
            {
                "username": "agent.username",
                "agentId": "asdf89as6df8",
                "msg": "message content from agent",
                "ts": "2024-01-01T10:00:00.000Z",
            },
        ],
    })
}
