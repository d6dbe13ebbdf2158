//! When a cycle runs: one at a time, never dead, always stoppable.
//!
//! tokio-cron-scheduler is only a bare trigger into a channel of one ([`cron`]); the loop owns
//! single flight, jitter, deadline, cancellation and the guard against a trigger that went silent.

mod cron;
mod poll_loop;

#[cfg(test)]
mod behaviour;

pub use cron::{ScheduleError, Ticks};
pub use poll_loop::{Asking, Ended, PollLoop};
