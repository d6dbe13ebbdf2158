//! Two listeners: the public one with Rocket.Chat's face, and the operators' one.
//!
//! Both stand on the accept loop of [`listener`]. [`api`] answers visitors from memory and never
//! waits; [`operations`] answers operators: health, metrics and, behind a bearer token, [`admin`].
//! [`door`] keeps the files by which the command line finds a running bridge.

pub mod admin;
pub mod api;
pub mod door;
pub mod listener;
pub mod operations;

mod patience;
mod query;
mod timer;

pub use api::{Api, render_agent};
pub use listener::{BindError, Bound};
pub use operations::Operations;
