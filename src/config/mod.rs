//! What the operator typed, and what it means: one section, one file, one consumer.
//!
//! Values come from the defaults, the file, `conf.d/*.toml` beside it and `LP2RC_…` variables,
//! later ones winning; [`load`] remembers where each came from. Every section is parsed twice:
//! first as typed (unknown keys are refused), then into types that cannot be wrong.

mod duration;
mod error;
mod load;
mod secret;

pub mod api;
pub mod livechat;
pub mod liveperson;
pub mod log;
pub mod mapping;
pub mod migrate;
pub mod operations;
pub mod participants;
pub mod retry;
pub mod rocketchat;
pub mod routing;
pub mod schedule;
pub mod state;
pub mod sync;

pub use api::{ApiConfig, RateLimit};
pub use error::ConfigError;
pub use livechat::LivechatConfig;
pub use liveperson::{AccountConfigReading, Credentials, Filters, LivePersonConfig, WireFormat};
pub use load::{Config, Layers, Loaded, TargetConfig, load};
pub use log::{LogConfig, LogFormat};
pub use migrate::{ConnectConfig, Endpoint, MigrateConfig};
pub use operations::OperationsConfig;
pub use retry::RetryConfig;
pub use rocketchat::{RocketChatConfig, TargetCredentials};
pub use schedule::{ScheduleConfig, When};
pub use state::StateConfig;
