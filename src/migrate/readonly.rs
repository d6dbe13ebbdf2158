//! A target that refuses every write: what looks, and every dry run, is given no other.

use std::{sync::Arc, time::Duration};

use crate::{
    domain::{Actual, Capabilities, Write, Written},
    ports::{Future, Target, TargetError, TargetFault},
};

/// Reads through, writes never.
pub(super) struct ReadOnly(pub(super) Arc<dyn Target>);

impl Target for ReadOnly {
    fn capabilities(&self) -> Future<'_, Result<Capabilities, TargetError>> {
        self.0.capabilities()
    }

    fn survey(&self) -> Future<'_, Result<Actual, TargetError>> {
        self.0.survey()
    }

    fn write<'a>(&'a self, write: &'a Write) -> Future<'a, Result<Written, TargetError>> {
        Box::pin(async move { Err(refused(write.word())) })
    }

    fn holds<'a>(&'a self, write: &'a Write) -> Future<'a, Result<Option<Written>, TargetError>> {
        self.0.holds(write)
    }

    fn probe_routing<'a>(
        &'a self,
        url: &'a str,
        token: &'a str,
    ) -> Future<'a, Result<(), TargetError>> {
        self.0.probe_routing(url, token)
    }

    /// Sends something, so it is refused, too.
    fn test_webhook(&self) -> Future<'_, Result<(), TargetError>> {
        Box::pin(async move { Err(refused("test the webhook")) })
    }

    fn held_back(&self) -> Option<Duration> {
        self.0.held_back()
    }
}

fn refused(doing: &str) -> TargetError {
    TargetError {
        doing: doing.to_owned(),
        what: "this is a dry run, which writes nothing; run it without --dry-run".to_owned(),
        fault: TargetFault::Refused,
        retry_after: None,
    }
}
