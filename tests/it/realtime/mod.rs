//! `/websocket`, by a real client over real sockets.

pub(crate) mod client;

mod dialog;
mod limits;
mod protocol;
mod streams;
