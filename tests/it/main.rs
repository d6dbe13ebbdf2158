//! The one integration binary: behaviour at the wire and through the real program.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod config;
mod sim_agents;
mod sim_chain;
mod sim_client;
mod sim_faults;
mod sim_world;
