//! The accept loop of both listeners: slots, header and write limits, and a drain at the stop.
//!
//! Our own because `axum::serve` has no header timeout and no connection cap, and agent.next is
//! open to everybody. HTTP/1.1 only: no client of the livechat API speaks HTTP/2 without TLS, and
//! TLS is the proxy's work.

use std::{
    convert::Infallible,
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, header::UPGRADE};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use prometheus_client::metrics::gauge::Gauge;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{patience::Patient, timer::ClockTimer};
use crate::ports::Clock;

/// Largest request line with all headers, in bytes; more is answered 431 by hyper. The clients'
/// own are below 2 KiB.
const HEADER_BYTES: usize = 16 * 1024;

/// How long to wait before accepting again when the machine has no descriptors or memory left.
const EXHAUSTED_PAUSE: Duration = Duration::from_secs(1);

/// What is listened for.
pub trait Face: Send + Sync + 'static {
    /// What an answer is made of.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;
    /// An answer on its way. Dropped when the client goes away.
    type Answering: Future<Output = Result<Response<Self::Body>, Infallible>> + Send + 'static;

    /// Answers one request that came from `peer` (canonical: never an IPv4 address in IPv6).
    fn answer(self: &Arc<Self>, peer: IpAddr, request: Request<Incoming>) -> Self::Answering;
}

/// How long and how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections served at once; more wait in the kernel's queue.
    pub(super) max_connections: usize,
    /// From the first byte that could be read, or from the last answer, to the end of a header.
    /// So it is also how long an idle connection is kept.
    pub(super) header_timeout: Duration,
    /// How long a write may make no progress.
    pub(super) write_timeout: Duration,
    /// How long running requests may take after the stop.
    pub(super) drain_timeout: Duration,
}

/// A listener could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; free the port or set `{setting}`")]
pub struct BindError {
    /// Where.
    pub address: SocketAddr,
    /// The key that says where.
    pub setting: &'static str,
    /// What the system said.
    pub source: io::Error,
}

/// An open listener that does not serve yet.
pub struct Bound<F> {
    listener: TcpListener,
    address: SocketAddr,
    serving: Serving<F>,
}

/// On what terms is listened.
pub(super) struct Terms {
    /// The key that says where.
    pub(super) setting: &'static str,
    /// Where.
    pub(super) address: SocketAddr,
    /// How long and how many.
    pub(super) limits: Limits,
    /// Every time-out.
    pub(super) clock: Arc<dyn Clock>,
    /// Counts open connections.
    pub(super) open: Gauge,
}

struct Serving<F> {
    face: Arc<F>,
    terms: Terms,
    /// A fixed instant for the timers of all connections.
    zero: Instant,
}

/// First the polite end, then the other one.
#[derive(Clone)]
pub(super) struct Ends {
    /// Finish what is under way.
    pub(super) stop: CancellationToken,
    /// Now.
    pub(super) drop_all: CancellationToken,
}

/// What a request that wants to become something else finds among its extensions. An upgraded
/// connection has left the slots and the gauge of the listener: whoever takes it counts it. The
/// drain waits for what runs on `connections`.
#[derive(Clone)]
pub(super) struct Upgrading {
    /// Where its task belongs.
    pub(super) connections: TaskTracker,
    /// When it has to end.
    pub(super) ends: Ends,
}

impl<F: Face> Bound<F> {
    /// Opens the listener. Must be called inside a tokio runtime.
    pub(super) async fn open(terms: Terms, face: F) -> Result<Self, BindError> {
        let (address, setting) = (terms.address, terms.setting);
        let refused = |source| BindError {
            address,
            setting,
            source,
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        Ok(Self {
            address: listener.local_addr().map_err(refused)?,
            listener,
            serving: Serving {
                face: Arc::new(face),
                terms,
                zero: tokio::time::Instant::now().into_std(),
            },
        })
    }

    /// The address that was really taken, with the port the system chose for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`. Then nothing is accepted any more, idle connections are closed,
    /// running requests get the drain timeout to finish, and what is left is dropped.
    pub async fn run(self, stop: CancellationToken) {
        let Self {
            listener, serving, ..
        } = self;
        let serving = Arc::new(serving);
        let Limits {
            max_connections,
            drain_timeout,
            ..
        } = serving.terms.limits;
        let slots = Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS)));
        let connections = TaskTracker::new();
        let ends = Ends {
            stop,
            drop_all: CancellationToken::new(),
        };
        while let Some((slot, stream, peer)) = serving.next(&listener, &slots, &ends.stop).await {
            let counted = Counted::new(serving.terms.open.clone(), slot);
            let serving = Arc::clone(&serving);
            let upgrading = Upgrading {
                connections: connections.clone(),
                ends: ends.clone(),
            };
            connections.spawn(async move {
                serving.connection(stream, peer, &upgrading).await;
                drop(counted);
            });
        }
        drop(listener);
        connections.close();
        tokio::select! {
            () = connections.wait() => {}
            () = serving.terms.clock.sleep(drain_timeout) => {
                ends.drop_all.cancel();
                connections.wait().await;
            }
        }
    }
}

impl<F: Face> Serving<F> {
    /// The next connection and its slot; `None` when it is time to stop.
    async fn next(
        &self,
        listener: &TcpListener,
        slots: &Arc<Semaphore>,
        stop: &CancellationToken,
    ) -> Option<(OwnedSemaphorePermit, TcpStream, IpAddr)> {
        let accepting = async {
            // The slot first: whoever finds none stays in the kernel's queue. `None` never
            // happens, as nobody closes the semaphore.
            let slot = Arc::clone(slots).acquire_owned().await.ok()?;
            loop {
                match listener.accept().await {
                    Ok((stream, peer)) => return Some((slot, stream, peer.ip().to_canonical())),
                    Err(error) => {
                        if let Some(pause) = pause_after(&error) {
                            tracing::warn!(%error, "cannot accept connections: {error}; raise the limit of open files (LimitNOFILE) or lower `api.max_connections`");
                            self.terms.clock.sleep(pause).await;
                        }
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => None,
            accepted = accepting => accepted,
        }
    }

    async fn connection(&self, stream: TcpStream, peer: IpAddr, upgrading: &Upgrading) {
        let ends = &upgrading.ends;
        let Terms { limits, clock, .. } = &self.terms;
        // Answers are one small write each: waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let socket = Patient::new(stream, Arc::clone(clock), limits.write_timeout);
        let heard = socket.heard();
        let connection = http1::Builder::new()
            .timer(ClockTimer::new(Arc::clone(clock), self.zero))
            .header_read_timeout(limits.header_timeout)
            .max_buf_size(HEADER_BYTES)
            .serve_connection(
                TokioIo::new(socket),
                service_fn(|mut request| {
                    if request.headers().contains_key(UPGRADE) {
                        request.extensions_mut().insert(upgrading.clone());
                    }
                    self.face.answer(peer, request)
                }),
            )
            .with_upgrades();
        let mut connection = pin!(connection);
        // An error here is the client's: a broken header, a reset, a time-out. hyper has
        // answered where an answer is possible, and there is nobody else to tell.
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            () = ends.stop.cancelled() => {}
        }
        if heard.anything() {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                _ = connection => {}
                () = ends.drop_all.cancelled() => {}
            }
        }
    }
}

/// How long not to accept after this error. Errors of the one connection that was to be accepted
/// need no pause; those of the machine come back at once and would make the loop spin.
fn pause_after(error: &io::Error) -> Option<Duration> {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    let of_one_connection = [
        ConnectionAborted,
        ConnectionRefused,
        ConnectionReset,
        Interrupted,
    ]
    .contains(&error.kind());
    (!of_one_connection).then_some(EXHAUSTED_PAUSE)
}

/// A connection in the gauge and its slot, given back however the connection ends.
struct Counted(
    Gauge,
    #[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit,
);

impl Counted {
    fn new(open: Gauge, slot: OwnedSemaphorePermit) -> Self {
        open.inc();
        Self(open, slot)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_the_machine_pause_the_loop() {
        let cases = [
            (io::Error::from(io::ErrorKind::ConnectionAborted), None),
            (io::Error::from(io::ErrorKind::ConnectionReset), None),
            (io::Error::from(io::ErrorKind::Interrupted), None),
            // EMFILE, ENFILE, ENOMEM on Linux.
            (io::Error::from_raw_os_error(24), Some(EXHAUSTED_PAUSE)),
            (io::Error::from_raw_os_error(23), Some(EXHAUSTED_PAUSE)),
            (io::Error::from_raw_os_error(12), Some(EXHAUSTED_PAUSE)),
        ];
        for (error, pause) in cases {
            assert_eq!(pause_after(&error), pause, "{error}");
        }
    }
}
