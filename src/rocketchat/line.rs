//! The line to the workspace: every call goes through here, paced, counted, and never more of them
//! at once than allowed.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{
    fault::{self, Failed},
    pace::{Pace, Told},
    route::Call,
    session::{Identity, Session},
    wire::Wire,
};
use crate::{
    config::RocketChatConfig,
    ports::{Clock, TargetError, TargetFault},
    telemetry::{Metrics, metrics::TargetCall},
};

/// How often one call is sent again after a 429. Pacing prevents them; what remains comes from
/// others behind the same address, and they may be many.
const THROTTLED: u32 = 5;

/// The line.
pub(super) struct Line {
    wire: Wire,
    session: Session,
    pub(super) pace: Pace,
    slots: Semaphore,
    pub(super) in_flight: usize,
    metrics: Metrics,
}

impl Line {
    pub(super) fn new(
        config: RocketChatConfig,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Result<Self, TargetError> {
        Ok(Self {
            wire: Wire::new(&config, Arc::clone(&clock))?,
            pace: Pace::new(clock, metrics.target_waited.clone()),
            slots: Semaphore::new(config.in_flight),
            in_flight: config.in_flight,
            session: Session::new(config.credentials),
            metrics,
        })
    }

    /// Makes a call as the bridge's user and reads what it gives.
    pub(super) async fn read<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Failed> {
        let body = self.call(call).await?;
        // The reason would quote the answer.
        serde_json::from_value(body).map_err(|_| self.misshapen(call))
    }

    /// Makes a call as the bridge's user. A login that is no longer good is renewed once.
    pub(super) async fn call(&self, call: &Call) -> Result<Value, Failed> {
        let identity = self.session.identity(self).await?;
        let first = self.exchange(call, Some(&identity)).await;
        match first {
            Err(failed) if failed.status == 401 && self.session.forget(&identity).await => {
                let identity = self.session.identity(self).await?;
                self.exchange(call, Some(&identity)).await
            }
            done => done,
        }
    }

    /// Makes a call as somebody or nobody.
    pub(super) async fn exchange(
        &self,
        call: &Call,
        identity: Option<&Identity>,
    ) -> Result<Value, Failed> {
        for _ in 0..THROTTLED {
            match self.once(call, identity).await {
                Err(failed) if failed.error.fault == TargetFault::Throttled => {}
                done => return done,
            }
        }
        let mut last = self.once(call, identity).await;
        if let Err(failed) = &mut last
            && failed.error.fault == TargetFault::Throttled
        {
            failed.error.retry_after = self.pace.wait(call.route);
        }
        last
    }

    /// One exchange.
    async fn once(&self, call: &Call, identity: Option<&Identity>) -> Result<Value, Failed> {
        let pass = self.pace.admit(call.route).await;
        // Never closed.
        let slot = self.slots.acquire().await.ok();
        let sent = self.wire.send(call, identity).await;
        drop(slot);
        let done = match sent {
            Err((fault, what)) => {
                self.pace.learn(pass, Told::Nothing, None);
                Err(self.failed(call, fault, what))
            }
            Ok(answer) => {
                self.pace.learn(pass, answer.told, answer.date);
                tracing::trace!(status = answer.status, "{} answered", call.route.name());
                fault::judge(call, &self.wire.host, answer)
            }
        };
        let outcome = match &done {
            Ok(_) => "ok",
            Err(failed) => failed.error.fault.word(),
        };
        let route = call.route.class();
        let label = TargetCall { route, outcome };
        self.metrics.target_calls.get_or_create(&label).inc();
        done
    }

    /// A failure of a call, as we see it.
    pub(super) fn failed(
        &self,
        call: &Call,
        fault: TargetFault,
        what: impl Into<String>,
    ) -> Failed {
        Failed::new(call, &self.wire.host, fault, what)
    }

    /// JSON of another shape than the call gives.
    pub(super) fn misshapen(&self, call: &Call) -> Failed {
        let what = format!(
            "{} answered with JSON of another shape; check that the release is one from 6 to 8",
            call.route.name()
        );
        self.failed(call, TargetFault::UnexpectedAnswer, what)
    }

    /// A failure inside a method's answer.
    pub(super) fn method_refused(&self, call: &Call, code: &str) -> Failed {
        fault::method_refused(call, &self.wire.host, code)
    }

    /// Asks the address of External routing.
    pub(super) async fn probe(&self, url: &str, token: &str) -> Result<(), TargetError> {
        self.wire.probe(url, token).await
    }

    /// Ends a login.
    pub(super) async fn close(&self) -> Result<(), Failed> {
        self.session.close(self).await
    }
}
