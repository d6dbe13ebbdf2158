//! `lp2rc livechat`: what the rehearsal of Rocket.Chat's Livechat needs besides the daemon.

mod copied;
mod hash;
mod import;

use super::{Common, exit::Failure, output::say};

/// What to do for the livechat face.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Make the hash of a service account's password or token, for `[[livechat.accounts]]`.
    #[command(long_about = hash::LONG)]
    Hash(hash::Args),
    /// Copy the public configuration of a live Rocket.Chat into a file for conf.d.
    #[command(long_about = import::LONG)]
    Import(import::Args),
    /// Print what the public listener answers, as `/openapi.json` also describes it.
    Openapi,
}

/// Runs the verb.
pub(super) async fn run(_common: &Common, verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Hash(args) => hash::run(args),
        Verb::Import(args) => import::run(args).await,
        Verb::Openapi => say(&crate::server::openapi()),
    }
}
