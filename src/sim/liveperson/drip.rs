//! A body that comes so many bytes at a time, with waits by the clock in between.

use std::{
    collections::VecDeque,
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};

use super::{
    told::ToldClock,
    traffic::{Held, Traffic, Until},
};
use crate::ports::Future;

/// The pace of a body.
pub(super) struct Drip {
    bytes: usize,
    every: Duration,
    clock: Arc<ToldClock>,
    traffic: Arc<Traffic>,
    /// The wait before the next piece.
    nap: Option<(Future<'static, ()>, Held)>,
}

impl fmt::Debug for Drip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drip")
            .field("bytes", &self.bytes)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

impl Drip {
    /// `bytes` at a time, at least one; the first of them at once.
    pub(super) fn new(
        (bytes, every): (usize, Duration),
        clock: &Arc<ToldClock>,
        traffic: &Arc<Traffic>,
    ) -> Self {
        Self {
            bytes: bytes.max(1),
            every,
            clock: Arc::clone(clock),
            traffic: Arc::clone(traffic),
            nap: None,
        }
    }

    /// The next bytes of `pieces` when it is time; `None` when there are no more.
    pub(super) fn poll(
        &mut self,
        pieces: &mut VecDeque<Bytes>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Bytes>> {
        if let Some((nap, _)) = &mut self.nap {
            std::task::ready!(nap.as_mut().poll(context));
            self.nap = None;
        }
        let mut next = BytesMut::new();
        while next.len() < self.bytes
            && let Some(front) = pieces.front_mut()
        {
            let size = front.len().min(self.bytes - next.len());
            next.extend_from_slice(&front.split_to(size));
            if front.is_empty() {
                pieces.pop_front();
            }
        }
        if !pieces.is_empty() {
            let nap = self.clock.sleep(self.every);
            let until = Until::Elapsed(self.clock.elapsed() + self.every);
            self.nap = Some((nap, self.traffic.hold(until)));
        }
        Poll::Ready((!next.is_empty()).then(|| next.freeze()))
    }
}
