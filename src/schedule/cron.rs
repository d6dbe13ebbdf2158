//! Cron expressions, through tokio-cron-scheduler used as a bare UTC trigger.
//!
//! Only `Job::new_async` in UTC is used: its repeated and timezone jobs die or drift, overlap and
//! outlive `shutdown` (upstream #50, #83, #107, #113). The job body does nothing but offer one
//! tick; what the scheduler misses, the loop's own guard makes up for.

use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler};

/// Why the trigger could not be started.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot start the cron trigger for \"{text}\": {why}; use `every` instead of `cron` in [schedule]"
)]
pub struct ScheduleError {
    text: String,
    why: String,
}

/// A source of ticks. At most one waits; further ones are dropped, because one poll shows all.
pub struct Ticks {
    ticks: mpsc::Receiver<()>,
    /// Kept, because dropping it would end the trigger.
    scheduler: Option<JobScheduler>,
}

impl Ticks {
    /// Ticks at the times of a six-field cron expression, in UTC.
    pub async fn cron(text: &str) -> Result<Self, ScheduleError> {
        let failed = |error: tokio_cron_scheduler::JobSchedulerError| ScheduleError {
            text: text.to_owned(),
            why: error.to_string(),
        };
        let (offer, ticks) = mpsc::channel(1);
        let scheduler = JobScheduler::new().await.map_err(failed)?;
        let job = Job::new_async(text, move |_, _| {
            let offer = offer.clone();
            Box::pin(async move {
                // Full means that a tick waits already; closed means that the loop has ended.
                let _ = offer.try_send(());
            })
        })
        .map_err(failed)?;
        scheduler.add(job).await.map_err(failed)?;
        scheduler.start().await.map_err(failed)?;
        Ok(Self {
            ticks,
            scheduler: Some(scheduler),
        })
    }

    /// Ticks whenever the sender says so.
    pub fn from_channel(ticks: mpsc::Receiver<()>) -> Self {
        Self {
            ticks,
            scheduler: None,
        }
    }

    /// The next tick; never, once the trigger is dead.
    pub async fn next(&mut self) {
        if self.ticks.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends the trigger. It does not wait for anything, so nothing can hang here.
    pub async fn stop(&mut self) {
        if let Some(mut scheduler) = self.scheduler.take() {
            // An error means that it had ended before.
            let _ = scheduler.shutdown().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_cron_expression_ticks_and_stops() {
        let mut ticks = Ticks::cron("* * * * * *")
            .await
            .expect("every second is valid");
        ticks.next().await;
        ticks.next().await;
        ticks.stop().await;
    }

    #[tokio::test]
    async fn a_bad_expression_is_refused_with_the_way_out() {
        let error = Ticks::cron("* * * * *")
            .await
            .err()
            .expect("five fields are too few");
        assert!(error.to_string().contains("use `every` instead"), "{error}");
    }
}
