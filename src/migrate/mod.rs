//! The move: check, plan, guard, apply, verify, connect, undo, in reviewed steps and waves.
//!
//! Reading order: [`Mover`] takes a [`wire::Request`]; `known` gathers the facts; `approve` lets a
//! plan through, or not; `carry` journals it, `execute` writes; `undo`, `connect` and `ownership` are plans
//! and links of their own kind. A run that was killed is taken up again by whoever asks next.

pub mod checks;
pub mod jobs;
pub mod show;
pub mod telling;
pub mod verify;
pub mod wire;

mod approve;
mod carry;
mod error;
mod execute;
mod known;
mod mover;
mod ownership;
mod readonly;
mod status;

pub use error::MoveError;
pub use mover::{Mover, Parts, Save};
