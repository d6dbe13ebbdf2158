//! One write, with patience: before each try after the first it looks whether the last one worked.

use std::time::Duration;

use super::Execution;
use crate::{
    domain::{Write, Written},
    migrate::mover::Parts,
    ports::{TargetError, TargetFault},
};

/// The wait before the second try; it doubles, and up to as much again is added by chance.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// No wait is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Makes a write, at most `attempts` times; after a stop it is not tried again.
pub(super) async fn attempt(execution: &Execution, write: &Write) -> Result<Written, TargetError> {
    let (parts, mut look) = (&execution.parts, execution.look);
    let mut tries = 0;
    loop {
        let failed = match once(parts, write, look).await {
            Ok(written) => return Ok(written),
            Err(failed) => failed,
        };
        tries += 1;
        // A name that is taken now may be taken by our own user, whose answer was lost.
        let lost_answer = failed.fault == TargetFault::Taken && !look;
        if !(failed.fault.is_transient() || lost_answer)
            || tries >= parts.attempts
            || execution.stop.is_cancelled()
        {
            return Err(failed);
        }
        look = true;
        if !lost_answer {
            let nap = parts.clock.sleep(wait(tries, failed.retry_after));
            execution.stop.run_until_cancelled(nap).await;
        }
    }
}

async fn once(parts: &Parts, write: &Write, look: bool) -> Result<Written, TargetError> {
    if look && let Some(written) = parts.target.holds(write).await? {
        return Ok(written);
    }
    parts.target.write(write).await
}

/// Full jitter on top of a doubling wait; what the target asks for is kept.
fn wait(tries: u32, asked: Option<Duration>) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << (tries - 1).min(10));
    let base = doubled.min(LONGEST_WAIT);
    let jitter = base.mul_f64(fastrand::f64());
    (base + jitter).max(asked.unwrap_or_default())
}
