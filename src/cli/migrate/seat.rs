//! Where a job is done: in the daemon that owns the state, or here.

use std::{path::Path, sync::Arc, time::Duration};

use crate::{
    app::Core,
    cli::{
        Common,
        exit::{self, Failure},
        output::remark,
        reach::{self, Daemon},
    },
    domain::moving::Progress,
    migrate::wire::Request,
    ports::{Job, JobError, JobRequest, Jobs, SystemClock, clock},
    server::admin::jobs as wire,
};

/// News are waited for so long at once; a counter line is never later than its time by more.
const WAIT: Duration = Duration::from_secs(5);

/// Where the state is.
pub(super) enum Seat {
    /// A daemon has it.
    There(Daemon),
    /// We have it; the core, unless it is a test's, must be left politely.
    Here(Arc<dyn Jobs>, Option<Box<Core>>),
}

impl Seat {
    /// The daemon that answers, or ourselves.
    pub(super) async fn find(common: &Common, dir: &Path) -> Result<Self, Failure> {
        if let Some(daemon) = reach::daemon(dir).await? {
            return Ok(Self::There(daemon));
        }
        remark(&format!(
            "no daemon answers for {}: doing it here",
            dir.display()
        ));
        reach::must_exist(dir)?;
        let core = reach::alone(common).await?;
        let Some(jobs) = core.move_desk() else {
            let message = format!(
                "there is no [rocketchat] in {}; add it, so that there is something to move to",
                common.config.display()
            );
            return Err(Failure::new(exit::CONFIG, message));
        };
        Ok(Self::Here(jobs, Some(Box::new(core))))
    }

    /// The daemon, and nobody else: only its jobs outlive a command.
    pub(super) async fn daemon(dir: &Path) -> Result<Self, Failure> {
        match reach::daemon(dir).await? {
            Some(daemon) => Ok(Self::There(daemon)),
            None => Err(Failure::new(
                exit::CONFIG,
                format!(
                    "no daemon answers for {}, so there is no job; `lp2rc migrate status` shows the runs",
                    dir.display()
                ),
            )),
        }
    }

    /// Begins a job and gives its number.
    pub(super) async fn start(&self, request: &Request) -> Result<u64, Failure> {
        match self {
            Self::There(daemon) => {
                let begun: wire::Begun = daemon.post("/admin/jobs", request).await?;
                Ok(begun.job)
            }
            Self::Here(jobs, _) => {
                let arguments = arguments(request).map_err(anyhow::Error::from)?;
                let verb = request.verb().to_owned();
                Ok(jobs.start(JobRequest { verb, arguments })?)
            }
        }
    }

    /// The job once it is another than `seen`, or after a while as it is.
    pub(super) async fn news(&self, number: u64, seen: &Progress) -> Result<Job, Failure> {
        match self {
            Self::There(daemon) => {
                let seen = wire::Progress::from(seen.clone());
                let seen = serde_json::to_string(&seen).map_err(anyhow::Error::from)?;
                let query = [("wait", WAIT.as_secs().to_string()), ("seen", seen)];
                let path = format!("/admin/jobs/{number}");
                let job: wire::Job = daemon.get(&path, &query).await?;
                Ok(job.into())
            }
            Self::Here(jobs, _) => {
                clock::timeout(&SystemClock::new(), WAIT, jobs.changed(number, seen)).await;
                jobs.look(number)
                    .ok_or_else(|| anyhow::anyhow!("job {number} was forgotten").into())
            }
        }
    }

    /// Asks the job to stop in order; `false` when it had ended.
    pub(super) async fn stop(&self, number: u64) -> Result<bool, Failure> {
        match self {
            Self::There(daemon) => {
                let path = format!("/admin/jobs/{number}/stop");
                let told: wire::Stopping = daemon.post(&path, &()).await?;
                Ok(told.stopping)
            }
            Self::Here(jobs, _) => Ok(jobs.stop(number)),
        }
    }

    /// That job, or the one that runs.
    pub(super) async fn chosen(&self, job: Option<u64>) -> Result<u64, Failure> {
        if let Some(number) = job {
            return Ok(number);
        }
        let running = match self {
            Self::There(daemon) => {
                let told: wire::Running = daemon.get("/admin/jobs", &[]).await?;
                told.running.map(|job| job.job)
            }
            Self::Here(jobs, _) => jobs.running().map(|job| job.number),
        };
        running.ok_or_else(|| {
            let message =
                "no job runs; `lp2rc migrate status` shows the runs there were, and `lp2rc migrate attach JOB` what a job came to";
            Failure::new(exit::CONFIG, message)
        })
    }

    /// Says goodbye to the source, and exports the state when it has changed.
    pub(super) async fn leave(self, changed: bool) {
        if let Self::Here(_, Some(core)) = self {
            core.cycle().close().await;
            if changed {
                core.save_export().await;
            }
        }
    }
}

/// What is asked, without the verb.
fn arguments(request: &Request) -> serde_json::Result<String> {
    let mut value = serde_json::to_value(request)?;
    if let Some(object) = value.as_object_mut() {
        object.remove("verb");
    }
    Ok(value.to_string())
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        let code = match error {
            JobError::Busy { .. } | JobError::Stopping => exit::BUSY,
            JobError::Request(_) | JobError::NoTarget => exit::CONFIG,
        };
        Self::new(code, error.to_string())
    }
}
