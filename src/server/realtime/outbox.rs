//! What waits to be sent to one socket: bounded in frames and in bytes, and never waited for.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

use crate::telemetry::Metrics;

/// Most bytes that wait for one socket. Frames are shared between the listeners of a room, so this
/// is what one socket may keep alive, not what it costs.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The way to one socket. Clones lead to the same.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    queue: mpsc::Sender<Utf8Bytes>,
    waiting: Arc<AtomicUsize>,
    overrun: CancellationToken,
    metrics: Metrics,
}

/// The socket's end of it.
#[derive(Debug)]
pub(super) struct Outgoing {
    queue: mpsc::Receiver<Utf8Bytes>,
    waiting: Arc<AtomicUsize>,
    overrun: CancellationToken,
}

/// An outbox that holds `most` frames.
pub(super) fn outbox(most: usize, metrics: &Metrics) -> (Outbox, Outgoing) {
    let (sender, queue) = mpsc::channel(most);
    let waiting = Arc::new(AtomicUsize::new(0));
    let overrun = CancellationToken::new();
    let outgoing = Outgoing {
        queue,
        waiting: Arc::clone(&waiting),
        overrun: overrun.clone(),
    };
    let outbox = Outbox {
        queue: sender,
        waiting,
        overrun,
        metrics: metrics.clone(),
    };
    (outbox, outgoing)
}

impl Outbox {
    /// Puts a frame in. A socket that does not keep up is told to end instead.
    pub(super) fn put(&self, frame: Utf8Bytes) {
        if self.overrun.is_cancelled() {
            return;
        }
        let bytes = frame.len();
        let waiting = self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let kept = waiting <= MOST_BYTES
            && match self.queue.try_send(frame) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(_)) => false,
                // It is ending already.
                Err(mpsc::error::TrySendError::Closed(_)) => return,
            };
        if !kept && !self.overrun.is_cancelled() {
            self.overrun.cancel();
            self.metrics.realtime_slow_readers.inc();
        }
    }
}

impl Outgoing {
    /// The next frame. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Utf8Bytes> {
        let frame = self.queue.recv().await?;
        self.waiting.fetch_sub(frame.len(), Ordering::Relaxed);
        Some(frame)
    }

    /// A frame that is there already.
    pub(super) fn ready(&mut self) -> Option<Utf8Bytes> {
        let frame = self.queue.try_recv().ok()?;
        self.waiting.fetch_sub(frame.len(), Ordering::Relaxed);
        Some(frame)
    }

    /// Cancelled when more came than may wait.
    pub(super) fn overrun(&self) -> CancellationToken {
        self.overrun.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_frame_too_many_ends_the_socket_and_is_counted_once() {
        let metrics = Metrics::new();
        let (outbox, mut outgoing) = outbox(2, &metrics);
        for _ in 0..2 {
            outbox.put(Utf8Bytes::from_static("x"));
        }
        assert!(!outgoing.overrun().is_cancelled());
        assert_eq!(outgoing.next().await.unwrap().as_str(), "x");
        outbox.put(Utf8Bytes::from_static("x"));
        assert!(!outgoing.overrun().is_cancelled());
        for _ in 0..3 {
            outbox.put(Utf8Bytes::from_static("x"));
        }
        assert!(outgoing.overrun().is_cancelled());
        assert_eq!(metrics.realtime_slow_readers.get(), 1);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let metrics = Metrics::new();
        let (outbox, mut outgoing) = outbox(1_000, &metrics);
        let large = Utf8Bytes::from("x".repeat(MOST_BYTES / 2));
        outbox.put(large.clone());
        outbox.put(large.clone());
        assert!(!outgoing.overrun().is_cancelled());
        assert!(outgoing.ready().is_some());
        outbox.put(large.clone());
        assert!(!outgoing.overrun().is_cancelled());
        outbox.put(large);
        assert!(outgoing.overrun().is_cancelled());
    }
}
