//! Two listeners: the public one with Rocket.Chat's face, and the operators' one.
//!
//! Both stand on the accept loop of [`listener`]. [`api`] answers agent.next from memory and hands
//! everything else to `livechat`, whose answers have the shapes of `shape`, and sockets to `realtime`;
//! [`operations`] answers operators: health, metrics and, behind a bearer token, [`admin`].
//! [`door`] keeps the files by which the command line finds a running bridge.

pub mod admin;
pub mod api;
pub mod door;
pub mod listener;
pub mod operations;

mod livechat;
mod patience;
mod query;
mod realtime;
mod shape;
mod timer;

pub use api::{Api, LivechatParts, render_agent};
pub use listener::{BindError, Bound};
pub use livechat::{
    account::id_of as account_id,
    openapi::openapi,
    password::{hash_password, random_token},
};
pub use operations::Operations;
pub use realtime::{Ears, Hub};
