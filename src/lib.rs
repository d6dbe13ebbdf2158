//! lp2rc, the bridge from LivePerson's legacy chat to Rocket.Chat Omnichannel.
//!
//! Read it in this order; `docs/ARCHITECTURE.md` says who may import whom, and a test holds it.
#![forbid(unsafe_code)]

// The words.
pub mod domain;

// What the operator typed, and what the process tells.
pub mod config;
pub mod telemetry;

// Deciding, without I/O.
pub mod mapping;
pub mod routing;

// The borders of the centre.
pub mod ports;

// The cycle: poll, merge, map, keep, publish.
pub mod sync;

// Engines behind the borders.
pub mod liveperson;
pub mod mail;
pub mod rocketchat;
pub mod state;

// The one book.
pub mod ledger;

// Visitors, rooms and messages.
pub mod conversation;

// The move to the target.
pub mod migrate;

// Running and answering.
pub mod schedule;
pub mod server;

// A world to rehearse in.
pub mod sim;

// Putting it together.
pub mod app;
pub mod cli;
