//! Sockets: accepting, reading requests, writing answers, and breaking off where a fault says so.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{Request as HttpRequest, Response};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    answer::{Answer, Pieces},
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
                Ok((stream, _)) => {
                    let serving = serve(stream, desk.clone());
                    tasks.spawn(stop.clone().run_until_cancelled_owned(serving));
                }
                // Out of file descriptors, mostly: trying at once would only burn the processor.
                Err(_) => desk.service.clock.sleep(Duration::from_millis(100)).await,
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
}

async fn serve(stream: TcpStream, desk: Desk) {
    let reset = Arc::new(AtomicBool::new(false));
    // Small answers in two writes must not wait for each other; failing costs only speed.
    let _ = stream.set_nodelay(true);
    let stream = Breakable {
        stream,
        reset: Arc::clone(&reset),
    };
    let answering = service_fn(move |request| answer(desk.clone(), Arc::clone(&reset), request));
    // Clients that leave or send rubbish are their own business.
    let _ = http1::Builder::new()
        // Its `Date` would be the machine's, not the clock's.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), answering)
        .await;
}

async fn answer(
    desk: Desk,
    reset: Arc<AtomicBool>,
    request: HttpRequest<Incoming>,
) -> Result<Response<Pieces>, Infallible> {
    let (parts, body) = request.into_parts();
    let answer = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => {
            let request = Request::read(&parts, body.to_bytes(), &desk.own);
            desk.service.answer(request).await
        }
        Err(_) => Answer::text(413, "text/plain", "Payload Too Large"),
    };
    if answer.body.is_broken() {
        reset.store(true, Ordering::Relaxed);
    }
    let target = parts.uri.path_and_query();
    desk.recorder.add(Recorded {
        method: parts.method.to_string(),
        target: target.map_or_else(String::new, ToString::to_string),
        status: answer.status,
    });
    Ok(answer.into_response())
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
