//! One cycle: poll, merge, map, keep, publish. The same function for the daemon and the one-shot.

pub mod guard;
pub mod merge;
pub mod plan;

mod amend;
mod cycle;
mod held;
mod notes;

pub use cycle::{Parts, Reconciler, Render, Restored};
pub use notes::Notes;
