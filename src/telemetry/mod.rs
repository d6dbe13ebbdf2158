//! What the bridge tells about itself: metrics as a value, health as a board, log lines on stderr.

pub mod health;
pub mod logging;
pub mod metrics;

pub use health::{ComponentHealth, HealthBoard};
pub use metrics::Metrics;
