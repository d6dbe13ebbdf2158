//! What goes on by itself beside the listeners and the poll loop, until the stop.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::Core;
use crate::conversation::{self, Chats, Conversations};

/// How often the conversations are looked after.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// Finds agents for those who wait, and books those again who came back.
pub(super) fn look_after(
    core: &Core,
    conversations: Conversations,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let clock = Arc::clone(&core.clock);
    async move {
        while stop
            .run_until_cancelled(clock.sleep(LOOK_AFTER))
            .await
            .is_some()
        {
            if let Err(error) = conversations.ask(Chats::look_after).await {
                tracing::error!("conversations could not be looked after: {error}");
            }
        }
    }
}

/// Removes what is older than it may be.
pub(super) fn sweep(
    core: &Core,
    conversations: Conversations,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let every = core.config.livechat.retention.sweep_every;
    let sweeping = conversation::keep_swept(conversations, Arc::clone(&core.clock), every);
    async move {
        // `None` is the stop; by itself it never ends.
        stop.run_until_cancelled(sweeping).await;
    }
}

/// Delivers what waits in the outbox, and throws away what is too old.
pub(super) fn carry_mail(
    core: &Core,
    conversations: Conversations,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let (post, clock) = (Arc::clone(&core.post), Arc::clone(&core.clock));
    let every = core.config.livechat.retention.sweep_every;
    async move {
        // A letter that is cut off here is sent once more after the start, under the same id.
        let carrying = conversation::carry_mail(&conversations, &*post, &*clock, every);
        stop.run_until_cancelled(carrying).await;
    }
}

/// Keeps the session with the source alive where polls are rarer than it may idle.
pub(super) fn keep_session(
    core: &Core,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let source = Arc::clone(&core.source);
    async move {
        // `None` is the stop; by itself it never ends.
        stop.run_until_cancelled(source.keep_alive()).await;
    }
}

/// Writes routing counters behind: a crash loses at most the last `counters_every`.
pub(super) fn keep_counters(
    core: &Core,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let (core, every) = (core.clone(), core.config.state.counters_every);
    async move {
        let clock = Arc::clone(&core.clock);
        while stop.run_until_cancelled(clock.sleep(every)).await.is_some() {
            core.save_counters().await;
        }
    }
}

/// Exports the state on a timer.
pub(super) fn keep_exports(
    core: &Core,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let (core, every) = (core.clone(), core.config.state.export_every);
    async move {
        let clock = Arc::clone(&core.clock);
        while stop.run_until_cancelled(clock.sleep(every)).await.is_some() {
            core.save_export().await;
        }
    }
}
