//! Sockets: accepting, reading requests, writing answers, and breaking off where a fault says so.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{Request as HttpRequest, header};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    answer::Answer,
    control::{self, Control},
    recorder::{Recorded, Recorder},
    request::Request,
    service::Service,
};

/// No request of this API is bigger.
const BODY_LIMIT: usize = 64 * 1024;

/// What every connection needs.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) service: Arc<Service>,
    pub(super) recorder: Arc<Recorder>,
    /// Our address, for clients that do not say `Host`.
    pub(super) own: String,
    /// Over TLS, with this.
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) control: Control,
    /// This listener is for the control API alone.
    pub(super) control_only: bool,
}

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

async fn serve(stream: TcpStream, peer: SocketAddr, desk: Desk) {
    let reset = Arc::new(AtomicBool::new(false));
    // Small answers in two writes must not wait for each other; failing costs only speed.
    let _ = stream.set_nodelay(true);
    let stream = Breakable {
        stream,
        reset: Arc::clone(&reset),
    };
    match desk.tls.clone() {
        None => converse(stream, reset, peer, desk).await,
        Some(tls) => {
            // Who does not trust us, or speaks plainly, has left already.
            if let Ok(stream) = tls.accept(stream).await {
                converse(stream, reset, peer, desk).await;
            }
        }
    }
}

/// Answers the requests of one connection until it ends.
async fn converse<S>(stream: S, reset: Arc<AtomicBool>, peer: SocketAddr, desk: Desk)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answering = service_fn(move |request: HttpRequest<Incoming>| {
        let (desk, reset) = (desk.clone(), Arc::clone(&reset));
        async move {
            let service = Arc::clone(&desk.service);
            let (answer, in_flight) = if is_control(request.uri().path()) {
                (controlled(desk, peer, request).await, None)
            } else if desk.control_only {
                let message = "only /sim/ is served here";
                (Answer::text(404, "text/plain", message), None)
            } else {
                let in_flight = service.traffic.enter();
                (answer(desk, &reset, request).await, Some(in_flight))
            };
            let answer = match service.clock.date() {
                Some(date) => answer.with(header::DATE, date),
                None => answer,
            };
            Ok::<_, Infallible>(answer.into_response(in_flight))
        }
    });
    // Clients that leave or send rubbish are their own business.
    let _ = http1::Builder::new()
        // Its `Date` would be the machine's, not the clock's.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), answering)
        .await;
}

fn is_control(path: &str) -> bool {
    path.split('/').nth(1) == Some(control::ROOT)
}

async fn controlled(desk: Desk, peer: SocketAddr, request: HttpRequest<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, control::BODY_LIMIT).collect().await else {
        return Answer::text(413, "text/plain", "Payload Too Large");
    };
    let answering = move || {
        let path = parts.uri.path().split('/').skip(2).collect::<Vec<_>>();
        desk.control
            .answer(peer, &parts.method, &path, &body.to_bytes())
    };
    // The people may be many: not on a thread that serves others.
    let answer = tokio::task::spawn_blocking(answering).await;
    answer.unwrap_or_else(|_| Answer::text(500, "text/plain", "the simulator failed"))
}

async fn answer(desk: Desk, reset: &AtomicBool, request: HttpRequest<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query();
    let mut entry = LogEntry {
        recorder: Arc::clone(&desk.recorder),
        request: Recorded {
            method: parts.method.to_string(),
            target: target.map_or_else(String::new, ToString::to_string),
            status: 0,
        },
    };
    let answer = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => {
            let request = Request::read(&parts, body.to_bytes(), (&desk.own, desk.tls.is_some()));
            desk.service.answer(request).await
        }
        Err(_) => Answer::text(413, "text/plain", "Payload Too Large"),
    };
    if answer.body.is_broken() {
        reset.store(true, Ordering::Relaxed);
    }
    entry.request.status = answer.status;
    answer
}

/// Writes a request into the log when it is answered, or when the client has left before that.
struct LogEntry {
    recorder: Arc<Recorder>,
    request: Recorded,
}

impl Drop for LogEntry {
    fn drop(&mut self) {
        self.recorder.add(self.request.clone());
    }
}

/// A stream that can be closed with a reset instead of a goodbye.
#[derive(Debug)]
struct Breakable {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Breakable {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // Closing with zero linger sends RST. Without it the client still sees a short body.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Breakable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Breakable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
