//! The desk of the move: the target's engine, the journal and the centre, put together.

use std::sync::Arc;

use super::save_export;
use crate::{
    config::{Config, TargetCredentials},
    migrate::{self, Mover, jobs::Desk},
    ports::{Clock, JournalStore, TargetError},
    rocketchat::RocketChat,
    state::SledStore,
    sync::Reconciler,
    telemetry::Metrics,
};

/// The desk of the move, where a target is configured.
pub(super) fn move_desk(
    config: &Config,
    clock: &Arc<dyn Clock>,
    metrics: &Metrics,
    store: &Arc<SledStore>,
    reconciler: &Reconciler,
) -> Result<Option<Arc<Desk>>, TargetError> {
    let Some(target) = &config.target else {
        return Ok(None);
    };
    let (rocketchat, migrate) = (&target.rocketchat, &target.migrate);
    let engine = RocketChat::new(rocketchat.clone(), Arc::clone(clock), metrics.clone())?;
    let (saved, now, dir) = (
        Arc::clone(store),
        Arc::clone(clock),
        config.state.dir.clone(),
    );
    let save: migrate::Save = Arc::new(move || {
        let (saved, now, dir) = (Arc::clone(&saved), Arc::clone(&now), dir.clone());
        Box::pin(async move { save_export(&saved, &*now, &dir).await })
    });
    let mover = Arc::new(Mover::new(migrate::Parts {
        save,
        target: Arc::new(engine),
        journal: Arc::clone(store) as Arc<dyn JournalStore>,
        centre: Arc::new(reconciler.clone()),
        clock: Arc::clone(clock),
        config: migrate.clone(),
        place: rocketchat.url.clone(),
        in_flight: rocketchat.in_flight,
        attempts: migrate.attempts,
        stop_after_failures: migrate.stop_after_failures,
        max_age: config.routing.max_age,
        password_login: matches!(rocketchat.credentials, TargetCredentials::Login { .. }),
    }));
    let work = move |order| {
        let mover = Arc::clone(&mover);
        async move { mover.run(order).await }
    };
    Ok(Some(Arc::new(Desk::new(Arc::clone(clock), work))))
}
