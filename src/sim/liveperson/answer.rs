//! What goes back to a client: status, headers and a body that may come in pieces, and may break.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::{Body, Frame, SizeHint};

use super::{drip::Drip, request::Format, traffic::InFlight};

/// An answer, still open to be spoilt by a fault.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `Content-Type`; none when empty.
    pub(super) content_type: String,
    pub(super) headers: Vec<(header::HeaderName, String)>,
    pub(super) body: Pieces,
}

impl Answer {
    /// An answer without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            content_type: String::new(),
            headers: Vec::new(),
            body: Pieces::default(),
        }
    }

    /// A whole text.
    pub(super) fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            content_type: content_type.to_owned(),
            body: Pieces::of([body.into()]),
            ..Self::empty(status)
        }
    }

    /// Plain JSON, as the login service and discovery send it.
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::text(status, Format::Json.content_type(), body.to_string())
    }

    #[must_use]
    pub(super) fn with(mut self, name: header::HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The answer as hyper wants it. A header that cannot be written is left out.
    pub(super) fn into_response(mut self, in_flight: Option<InFlight>) -> Response<Pieces> {
        self.body.in_flight = in_flight;
        let mut response = Response::new(self.body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type =
            (!self.content_type.is_empty()).then_some((header::CONTENT_TYPE, self.content_type));
        for (name, value) in content_type.into_iter().chain(self.headers) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// A body in pieces. Big lists share their pieces with the cache instead of copying them.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    queue: VecDeque<Bytes>,
    ending: Ending,
    /// Its pace; as fast as it goes without one.
    drip: Option<Drip>,
    /// The request counts as being answered until the body is gone.
    in_flight: Option<InFlight>,
}

/// How a body ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Ending {
    /// As announced by `Content-Length`.
    #[default]
    Proper,
    /// In chunks: so many more bytes of filling follow the pieces.
    Filling(u64, Bytes),
    /// The connection breaks. The first poll lets the pieces leave; the second one breaks.
    Broken { rested: bool },
}

impl Pieces {
    pub(super) fn of(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        Self {
            queue: pieces.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Lets the body come in drips.
    pub(super) fn dripping(mut self, drip: Drip) -> Self {
        self.drip = Some(drip);
        self
    }

    /// All bytes of the pieces.
    pub(super) fn size(&self) -> usize {
        self.queue.iter().map(Bytes::len).sum()
    }

    /// Cuts the body after `size` bytes.
    pub(super) fn truncate(&mut self, mut size: usize) {
        for piece in &mut self.queue {
            piece.truncate(size);
            size -= piece.len();
        }
        self.queue.retain(|piece| !piece.is_empty());
    }

    /// Lets the connection break where the body ends.
    pub(super) fn broken(mut self) -> Self {
        self.ending = Ending::Broken { rested: false };
        self
    }

    /// Adds `size` bytes of white space in chunks; nothing is held in memory but one chunk.
    pub(super) fn filled(mut self, size: u64) -> Self {
        self.ending = Ending::Filling(size, Bytes::from(vec![b' '; 64 * 1024]));
        self
    }

    pub(super) fn is_broken(&self) -> bool {
        matches!(self.ending, Ending::Broken { .. })
    }
}

/// The connection is to be reset here.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the fault in force resets the connection")]
pub(super) struct Broken;

impl Body for Pieces {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        let piece = match &mut this.drip {
            Some(drip) => std::task::ready!(drip.poll(&mut this.queue, context)),
            None => this.queue.pop_front(),
        };
        if let Some(piece) = piece {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match &mut this.ending {
            Ending::Proper | Ending::Filling(0, _) => Poll::Ready(None),
            Ending::Filling(left, chunk) => {
                let size = usize::try_from(*left).map_or(chunk.len(), |left| left.min(chunk.len()));
                *left -= size as u64;
                Poll::Ready(Some(Ok(Frame::data(chunk.slice(..size)))))
            }
            Ending::Broken { rested: true } => Poll::Ready(Some(Err(Broken))),
            Ending::Broken { rested } => {
                // hyper writes out what it has when a body has nothing to say.
                *rested = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.queue.is_empty() && matches!(self.ending, Ending::Proper | Ending::Filling(0, _))
    }

    fn size_hint(&self) -> SizeHint {
        match self.ending {
            Ending::Proper => SizeHint::with_exact(self.size() as u64),
            Ending::Filling(..) => SizeHint::default(),
            // As if more were to come: the client must notice that it did not.
            Ending::Broken { .. } => SizeHint::with_exact(self.size() as u64 + 1_000),
        }
    }
}
