//! `/websocket`: DDP as far as the widget and the SDKs of livechat need it (livechat contract §6).
//!
//! Pure: `frame` (what is said), `topic` (what can be listened to), `viewer` (who may see what). Then
//! `outbox` (what waits for one socket), `hub` (who listens to what), `audience` and `later` (events
//! become frames), `session` and `method` (what a client's frames do), `socket` (a socket's life), and
//! here the way in.
//!
//! Where a socket comes from is not asked, as in the target: the visitor's token or an account's login
//! is the credential, and it is in the frames, never in a cookie. Compression is not offered.
//!
//! A socket leaves the listener's slots when it is upgraded and has a limit of its own, so that open
//! chats cannot shut out requests; the stop still waits for it.

mod audience;
mod frame;
mod hub;
mod later;
mod method;
mod outbox;
mod session;
mod socket;
mod topic;
mod viewer;

use std::{net::IpAddr, sync::Arc};

use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use hyper::body::Incoming;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

pub use audience::Ears;
pub use hub::Hub;

use self::{hub::NoSeat, socket::Socket};
use super::{
    api::{Body, empty, text},
    listener::Upgrading,
    livechat::Livechat,
};

/// The path.
pub(super) const PATH: &str = "/websocket";

/// The way to the sockets.
pub(super) struct Realtime {
    hub: Arc<Hub>,
    face: Arc<Livechat>,
}

impl Realtime {
    /// Must be called inside a tokio runtime.
    pub(super) fn new(hub: Arc<Hub>, face: Arc<Livechat>) -> Self {
        hub.serve(&face);
        hub.later.run_here();
        Self { hub, face }
    }

    /// Answers a request for [`PATH`]: upgrades it, or says why not.
    pub(super) fn answer(&self, client: IpAddr, mut request: Request<Incoming>) -> Response<Body> {
        let accept = match accept(&request) {
            Ok(accept) => accept,
            Err((status, why)) => {
                let mut refusal = text(status, why);
                if status == StatusCode::UPGRADE_REQUIRED {
                    let version = HeaderValue::from_static("13");
                    refusal.headers_mut().insert(SEC_WEBSOCKET_VERSION, version);
                }
                return refusal;
            }
        };
        let Some(upgrading) = request.extensions_mut().remove::<Upgrading>() else {
            return text(
                StatusCode::BAD_REQUEST,
                "Can \"Upgrade\" only to \"WebSocket\".",
            );
        };
        let (outbox, outgoing) = outbox::outbox(self.hub.limits.max_queue, &self.hub.metrics);
        let seat = match self.hub.sit(client, outbox.clone()) {
            Ok(seat) => seat,
            Err(NoSeat::Full) => {
                return text(StatusCode::SERVICE_UNAVAILABLE, "Too many connections");
            }
            Err(NoSeat::TooManyOfAddress) => {
                return text(
                    StatusCode::TOO_MANY_REQUESTS,
                    "Too many connections from this address",
                );
            }
        };
        let socket = Socket {
            face: Arc::clone(&self.face),
            hub: Arc::clone(&self.hub),
            seat,
            outbox,
            outgoing,
            ends: upgrading.ends.clone(),
        };
        let upgraded = hyper::upgrade::on(request);
        upgrading.connections.spawn(async move {
            // An error is a client that has gone before the answer.
            if let Ok(upgraded) = upgraded.await {
                socket.live(upgraded).await;
            }
        });
        let mut response = empty(StatusCode::SWITCHING_PROTOCOLS);
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        response
    }
}

/// The answer to the client's key, or a refusal in the words of the target's socket server.
fn accept<B>(request: &Request<B>) -> Result<HeaderValue, (StatusCode, &'static str)> {
    let headers = request.headers();
    let names = |header: &http::HeaderName, wanted: &str| {
        headers.get_all(header).iter().any(|line| {
            let mut words = line.to_str().unwrap_or_default().split(',');
            words.any(|word| word.trim().eq_ignore_ascii_case(wanted))
        })
    };
    let bad = |why| Err((StatusCode::BAD_REQUEST, why));
    if !names(&UPGRADE, "websocket") || request.method() != Method::GET {
        return bad("Can \"Upgrade\" only to \"WebSocket\".");
    }
    if !names(&CONNECTION, "upgrade") {
        return bad("\"Connection\" must be \"Upgrade\".");
    }
    if headers
        .get(SEC_WEBSOCKET_VERSION)
        .map(HeaderValue::as_bytes)
        != Some(b"13")
    {
        return Err((StatusCode::UPGRADE_REQUIRED, "The version must be 13"));
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24);
    let accept = key.and_then(|key| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok());
    accept.map_or_else(|| bad("\"Sec-WebSocket-Key\" is missing"), Ok)
}
