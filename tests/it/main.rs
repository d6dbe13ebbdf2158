//! The one integration binary: behaviour at the wire and through the real program.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod config;
