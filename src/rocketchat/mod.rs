//! Rocket.Chat's side: the client that reads and writes a workspace (admin contract §1–3).
//!
//! `line` makes the calls that `route` names, at the pace that `pace` learns; `able` and `survey`
//! read, `write` and its parts write, `holds` looks whether a write happened. What an answer means
//! is in `fault` and `shape`.

mod able;
mod departments;
mod fault;
mod holds;
mod limits;
mod line;
mod office;
mod pace;
mod pages;
mod password;
mod people;
mod probe;
mod route;
mod session;
mod shape;
mod survey;
mod wire;
mod write;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::json;

use self::{
    line::Line,
    route::{Call, Route},
};
use crate::{
    config::RocketChatConfig,
    domain::{Actual, Capabilities, Write, Written, target::TargetVersion},
    ports::{Clock, Future, Target, TargetError},
    telemetry::Metrics,
};

/// A workspace. Many callers at once; of all their calls no more than `rocketchat.in_flight` are
/// under way.
pub struct RocketChat {
    line: Line,
    /// As it was told last.
    version: Mutex<Option<TargetVersion>>,
}

impl RocketChat {
    /// Prepares the client; nothing is sent. Fails when the address or a CA file is unusable.
    pub fn new(
        config: RocketChatConfig,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Result<Self, TargetError> {
        Ok(Self {
            line: Line::new(config, clock, metrics)?,
            version: Mutex::new(None),
        })
    }

    /// Ends a login by name, so that its token does not stay behind; a personal access token is
    /// left as it is. Afterwards another call logs in again.
    pub async fn close(&self) -> Result<(), TargetError> {
        Ok(self.line.close().await?)
    }

    fn known_version(&self) -> MutexGuard<'_, Option<TargetVersion>> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Target for RocketChat {
    fn capabilities(&self) -> Future<'_, Result<Capabilities, TargetError>> {
        Box::pin(self.able())
    }

    fn survey(&self) -> Future<'_, Result<Actual, TargetError>> {
        Box::pin(self.look())
    }

    fn write<'a>(&'a self, write: &'a Write) -> Future<'a, Result<Written, TargetError>> {
        Box::pin(self.make(write))
    }

    fn holds<'a>(&'a self, write: &'a Write) -> Future<'a, Result<Option<Written>, TargetError>> {
        Box::pin(self.is_held(write))
    }

    fn probe_routing<'a>(
        &'a self,
        url: &'a str,
        token: &'a str,
    ) -> Future<'a, Result<(), TargetError>> {
        Box::pin(self.line.probe(url, token))
    }

    fn test_webhook(&self) -> Future<'_, Result<(), TargetError>> {
        Box::pin(async {
            let call = Call::new(Route::WebhookTest, "test the webhook").body(json!({}));
            self.line.call(&call).await?;
            Ok(())
        })
    }

    fn held_back(&self) -> Option<Duration> {
        self.line.pace.held_back()
    }
}
