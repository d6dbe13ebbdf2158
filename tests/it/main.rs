//! The one integration binary: behaviour at the wire and through the real program.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod program;

mod bad_input;
mod check;
mod config;
mod daemon;
mod demo;
mod ledger;
mod liveperson_chain;
mod liveperson_examine;
mod liveperson_faults;
mod liveperson_findings;
mod liveperson_fixtures;
mod liveperson_lifetimes;
mod liveperson_same;
mod liveperson_server;
mod liveperson_trust;
mod load;
mod readme;
mod server_api;
mod server_check;
mod server_door;
mod server_limits;
mod server_operations;
mod server_world;
mod sim_accounts;
mod sim_agents;
mod sim_chain;
mod sim_client;
mod sim_control;
mod sim_faults;
mod sim_live;
mod sim_program;
mod sim_switches;
mod sim_tls;
mod sim_world;
mod state_conformance;
mod state_crash;
mod state_damage;
mod state_durable;
mod state_transfer;
mod state_world;
mod sync_cycle;
mod systemd;
mod verbs;
