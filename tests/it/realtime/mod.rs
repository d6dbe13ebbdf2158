//! `/websocket`, by a real client over real sockets.

pub(crate) mod client;

mod protocol;
mod streams;
