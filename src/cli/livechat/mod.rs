//! `lp2rc livechat`: what the rehearsal of Rocket.Chat's Livechat needs besides the daemon.

mod hash;

use super::{Common, exit::Failure};

/// What to do for the livechat face.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Make the hash of a service account's password or token, for `[[livechat.accounts]]`.
    #[command(long_about = hash::LONG)]
    Hash(hash::Args),
}

/// Runs the verb.
pub(super) fn run(_common: &Common, verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Hash(args) => hash::run(args),
    }
}
