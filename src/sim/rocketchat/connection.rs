//! Sockets: accepting, reading requests, writing answers, and breaking off where a fault says so.

use std::{future::poll_fn, net::SocketAddr, sync::Arc, time::Duration};

use http::{Request as HttpRequest, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    answer::{Answer, Refused},
    control::{self, Control},
    request::Request,
    service::Service,
};

/// A department with all its members is the biggest request.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// What every connection needs.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) service: Arc<Service>,
    pub(super) control: Control,
    /// This listener is for the control API alone.
    pub(super) control_only: bool,
}

/// A fault wants this connection reset.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the fault in force resets the connection")]
struct Broken;

/// Accepts connections until told to stop. There is no cap: the simulator's only clients are ours.
pub(super) async fn accept(
    listener: TcpListener,
    desk: Desk,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let serving = serve(stream, peer, desk.clone());
                    tasks.spawn(stop.clone().run_until_cancelled_owned(serving));
                }
                // Out of file descriptors, mostly: trying at once would only burn the processor.
                Err(_) => desk.service.clock.sleep(Duration::from_millis(100)).await,
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
}

/// Answers the requests of one connection until it ends.
async fn serve(stream: TcpStream, peer: SocketAddr, desk: Desk) {
    // Small answers in two writes must not wait for each other; failing costs only speed.
    let _ = stream.set_nodelay(true);
    let answering = service_fn(move |request: HttpRequest<Incoming>| {
        let desk = desk.clone();
        Box::pin(answer(desk, peer, request))
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answering);
    let ended = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let mut stream = connection.into_parts().io.into_inner();
    match ended {
        // Clients that leave or send rubbish are their own business.
        Ok(()) => {
            let _ = tokio::io::AsyncWriteExt::shutdown(&mut stream).await;
        }
        Err(_) => {
            // Closing with zero linger sends RST.
            let _ = stream.set_zero_linger();
        }
    }
}

async fn answer(
    desk: Desk,
    peer: SocketAddr,
    request: HttpRequest<Incoming>,
) -> Result<Response<Full<bytes::Bytes>>, Broken> {
    let (parts, body) = request.into_parts();
    let is_control = parts.uri.path().split('/').nth(1) == Some(control::ROOT);
    let limit = if is_control {
        control::BODY_LIMIT
    } else {
        BODY_LIMIT
    };
    let Ok(body) = Limited::new(body, limit).collect().await else {
        let refused = Refused::plain_with(413, "Payload too large");
        return Ok(refused.into_answer().into_response());
    };
    let body = body.to_bytes();
    let answer = if is_control {
        let path: Vec<&str> = parts.uri.path().split('/').skip(2).collect();
        desk.control.answer(peer, &parts.method, &path, &body)
    } else if desk.control_only {
        Answer::text(404, "text/plain", "only /sim/ is served here")
    } else {
        let request = Request::read(&parts, &body, peer.ip());
        desk.service.answer(request).await
    };
    if answer.status == 0 {
        return Err(Broken);
    }
    Ok(answer.into_response())
}
