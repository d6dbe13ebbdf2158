//! `lp2rc serve`: the daemon, under systemd or by hand.

use std::net::SocketAddr;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{
    Common,
    exit::{self, Failure},
    output::say,
};
use crate::{
    app::{Core, Outcome, Running},
    telemetry::logging,
};

/// Runs until a signal.
pub(super) async fn run(common: &Common) -> Result<(), Failure> {
    let config = common.load()?.config;
    logging::start(&config.log);
    serve(Core::open(config).await?, OnHangup::GoOn, |running| {
        ready_line(running.api, running.operations)
    })
    .await
}

/// The line a script waits for, printed once something is served.
pub(super) fn ready_line(api: SocketAddr, operations: SocketAddr) -> String {
    format!("ready api=http://{api} ops=http://{operations}")
}

/// Listens, polls and answers until SIGTERM or SIGINT. `ready` makes the line to print once the
/// first snapshot is published.
pub(super) async fn serve(
    core: Core,
    on_hangup: OnHangup,
    ready: impl FnOnce(&Running) -> String,
) -> Result<(), Failure> {
    let restored = core.restored();
    if let Some(age) = restored.age {
        tracing::info!(
            agents = restored.agents,
            age_seconds = age.as_secs(),
            "serving {} agents from the stored state, {} s old, until the first poll",
            restored.agents,
            age.as_secs()
        );
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let running = Running::start(core, Box::new(|| notify(&[NotifyState::Watchdog]))).await?;
    let line = ready(&running);
    let published = running.published();
    // From here on requests are answered; whether the source is there is told by /readyz.
    notify(&[
        NotifyState::Ready,
        NotifyState::Status("waiting for the first poll"),
    ]);
    let outcome = running
        .until(async move {
            let told = async {
                published.await;
                notify(&[NotifyState::Status("serving")]);
                if let Err(failure) = say(&line) {
                    tracing::warn!("cannot print that it is ready: {failure}");
                }
                std::future::pending::<()>().await;
            };
            let why = tokio::select! {
                () = told => "never",
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                () = hung_up(&mut hangup, on_hangup) => "SIGHUP",
            };
            tracing::info!("stopping on {why}");
            notify(&[NotifyState::Stopping]);
        })
        .await;
    match outcome {
        Outcome::Stopped => {
            tracing::info!("stopped");
            Ok(())
        }
        Outcome::Broken => Err(Failure::new(
            exit::UNEXPECTED,
            "a part of the bridge broke and it has stopped; the panic above says where, please report it",
        )),
        Outcome::Refused(error) => Err((&*error).into()),
    }
}

/// What SIGHUP means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnHangup {
    /// The terminal is gone: stop.
    Stop,
    /// Somebody expects a reload, which there is none of: go on, and say so.
    GoOn,
}

/// Completes on a SIGHUP that means to stop.
async fn hung_up(hangup: &mut Signal, on_hangup: OnHangup) {
    while hangup.recv().await.is_some() {
        match on_hangup {
            OnHangup::Stop => return,
            OnHangup::GoOn => {
                tracing::warn!("SIGHUP changes nothing; restart to take a new configuration");
            }
        }
    }
    std::future::pending::<()>().await;
}

/// Tells systemd, when there is one.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd could not be told: {error}");
    }
}
