//! Composition: the only room that names concrete engines, and the order of start and stop.

mod keeping;
mod mover;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use secrecy::SecretString;
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, When},
    conversation::{self, Audience, Conversations, files::Files},
    domain::{AccountId, Component, Health, Snapshot},
    ledger::Ledger,
    liveperson::LivePerson,
    mail::Mail,
    migrate::jobs::Desk,
    ports::{
        BridgeStore, Clock, Control, CounterStore, Cycle, CycleError, Examine, Inspect, Jobs,
        LatchStore, Opened, Post, Publish, RunStore, Source, SourceError, StoreError, SystemClock,
        TargetError, blocking, clock,
    },
    schedule::{Asking, Ended, PollLoop, ScheduleError, Ticks},
    server::{
        Api, BindError, Hub, LivechatParts, Operations,
        door::{Door, DoorError, make_token},
        render_agent,
    },
    state::{DiskDocuments, EXPORT, MemoryStore, SledStore, export_to_file},
    sync::{Notes, Parts, Reconciler, Restored},
    telemetry::{HealthBoard, Metrics},
};

/// How long the writes under way of a move may take once a stop was asked for.
const LAST_WRITES: Duration = Duration::from_secs(20);

/// Why the bridge could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The source cannot even be tried.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The cron trigger refused.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] BindError),
    /// The target cannot even be tried.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The system gives no thread.
    #[error(
        "cannot start the thread of the conversations: {0}; raise the limit of tasks (TasksMax)"
    )]
    Thread(std::io::Error),
    /// The admin token or address cannot be written.
    #[error(transparent)]
    Door(#[from] DoorError),
}

/// Everything that both the one-shot and the daemon need, with the state open and restored. Clones
/// share it.
#[derive(Clone)]
pub struct Core {
    config: Config,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    health: HealthBoard,
    source: Arc<LivePerson>,
    store: Arc<SledStore>,
    ledger: Arc<Ledger>,
    reconciler: Reconciler,
    move_desk: Option<Arc<Desk>>,
    post: Arc<dyn Post>,
    restored: Restored,
    published: watch::Receiver<bool>,
}

/// Hands snapshots on to the book and tells that the first one came.
struct Announce {
    ledger: Arc<Ledger>,
    first: watch::Sender<bool>,
}

impl Publish for Announce {
    fn publish(&self, snapshot: Arc<Snapshot>, age: Option<Duration>) {
        self.ledger.publish(snapshot, age);
        self.first.send_replace(true);
    }

    fn amend(&self, snapshot: Arc<Snapshot>, age: Option<Duration>) {
        self.ledger.amend(snapshot, age);
        self.first.send_replace(true);
    }

    fn confirm(&self) {
        self.ledger.confirm();
    }
}

impl Core {
    /// Opens the state and serves what it holds, marked with its age.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        Self::open_with(config, Arc::new(SystemClock::new())).await
    }

    /// The same by another clock.
    pub async fn open_with(config: Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let (metrics, health) = (Metrics::new(), HealthBoard::default());
        let state = config.state.clone();
        let store = Arc::new(blocking(move || SledStore::open(&state)).await?);
        let source = Arc::new(LivePerson::new(
            config.liveperson.clone(),
            Arc::clone(&clock),
            Arc::clone(&store) as Arc<dyn LatchStore>,
            metrics.clone(),
        )?);
        let ledger = Ledger::new(config.routing, Arc::clone(&clock), metrics.clone());
        let (first, published) = watch::channel(false);
        let show_email = config.api.show_agent_email;
        let reconciler = Reconciler::new(Parts {
            source: Arc::clone(&source) as Arc<dyn Source>,
            store: Arc::clone(&store) as Arc<dyn BridgeStore>,
            runs: Arc::clone(&store) as Arc<dyn RunStore>,
            publish: Arc::new(Announce {
                ledger: Arc::clone(&ledger),
                first,
            }),
            clock: Arc::clone(&clock),
            notes: Notes::new(metrics.clone(), health.clone()),
            merge_rules: config.merge,
            mapping_rules: config.mapping.clone(),
            account: AccountId::new(&config.liveperson.account),
            render: Arc::new(move |agent, body| render_agent(agent, show_email, body)),
        });
        let move_desk = mover::move_desk(&config, &clock, &metrics, &store, &reconciler)?;
        let post = Arc::new(Mail::new(&config.livechat.mail, Arc::clone(&clock)));
        let restored = {
            let (store, ledger, reconciler) =
                (Arc::clone(&store), Arc::clone(&ledger), reconciler.clone());
            blocking(move || {
                ledger.restore_counters(store.load_counters()?);
                reconciler.restore()
            })
            .await?
        };
        Ok(Self {
            config,
            clock,
            metrics,
            health,
            source,
            store,
            ledger,
            reconciler,
            move_desk,
            post,
            restored,
            published,
        })
    }

    /// Runs one cycle, without a loop.
    pub fn cycle(&self) -> &dyn Cycle {
        &self.reconciler
    }

    /// Looks at the way to the source.
    pub fn examine(&self) -> &dyn Examine {
        &*self.source
    }

    /// The store as a whole.
    pub fn inspect(&self) -> Arc<dyn Inspect> {
        Arc::clone(&self.store) as Arc<dyn Inspect>
    }

    /// The book over the restored state.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Who does the long work of the move; `None` without a target.
    pub fn move_desk(&self) -> Option<Arc<dyn Jobs>> {
        let desk = Arc::clone(self.move_desk.as_ref()?);
        Some(desk)
    }

    fn api(&self, conversations: &Conversations, hub: Arc<Hub>) -> Api {
        Api {
            config: self.config.api.clone(),
            ledger: Arc::clone(&self.ledger),
            rooms: conversations.open_rooms(),
            livechat: Some(LivechatParts {
                config: Arc::clone(&self.config.livechat),
                conversations: conversations.clone(),
                hub,
                post: Arc::clone(&self.post),
            }),
            clock: Arc::clone(&self.clock),
            metrics: self.metrics.clone(),
        }
    }

    /// Opens what is kept of conversations and starts their thread.
    pub async fn conversations(
        &self,
        audience: Arc<dyn Audience>,
    ) -> Result<(Conversations, conversation::Running), StartError> {
        let state = self.config.state.clone();
        let (documents, files) = blocking(move || {
            let documents = DiskDocuments::open(&state)?;
            let files = Files::open(&state.dir).map_err(|source| StoreError::Io {
                doing: "open the files that visitors sent",
                path: state.dir.display().to_string(),
                source,
            })?;
            Ok::<_, StoreError>((documents, files))
        })
        .await?;
        let started = Conversations::start(conversation::Parts {
            documents: Box::new(documents),
            ledger: Arc::clone(&self.ledger),
            clock: Arc::clone(&self.clock),
            config: Arc::clone(&self.config.livechat),
            audience,
            metrics: self.metrics.clone(),
            files,
        });
        started.map_err(StartError::Thread)
    }

    fn operations(
        &self,
        asking: Asking,
        conversations: &Conversations,
        token: SecretString,
    ) -> Operations {
        Operations {
            config: self.config.operations.clone(),
            ledger: Arc::clone(&self.ledger),
            health: self.health.clone(),
            metrics: self.metrics.clone(),
            clock: Arc::clone(&self.clock),
            control: Arc::new(asking) as Arc<dyn Control>,
            examine: Arc::clone(&self.source) as Arc<dyn Examine>,
            inspect: Arc::clone(&self.store) as Arc<dyn Inspect>,
            runs: Arc::clone(&self.store) as Arc<dyn RunStore>,
            jobs: self.move_desk(),
            conversations: Some(conversations.clone()),
            token,
        }
    }

    /// Writes the routing counters that changed, and tells the size of the database.
    async fn save_counters(&self) {
        let (ledger, store) = (Arc::clone(&self.ledger), Arc::clone(&self.store));
        // Both may wait: for a publication that is being prepared, and for an fsync.
        let (kept, size) = blocking(move || {
            let dirty = ledger.take_dirty_counters();
            let kept = (!dirty.is_empty()).then(|| {
                let kept = store.save_counters(&dirty);
                if kept.is_err() {
                    ledger.return_dirty(dirty);
                }
                kept
            });
            (kept, store.disk_bytes())
        })
        .await;
        self.metrics
            .store_disk_bytes
            .set(i64::try_from(size).unwrap_or(i64::MAX));
        let now = self.clock.now();
        match kept {
            None => {}
            Some(Ok(())) => {
                let reason = "state is kept";
                self.health
                    .set(Component::Store, Health::Connected, reason, now);
            }
            Some(Err(error)) => {
                // Once an outage: they are tried again every few seconds.
                if self.health.get(Component::Store).health != Health::Degraded {
                    tracing::error!(
                        "routing counters could not be kept, they are tried again: {error}"
                    );
                }
                let reason = error.to_string();
                self.health
                    .set(Component::Store, Health::Degraded, reason, now);
            }
        }
    }

    /// Exports the state beside the database: what damage is restored from.
    pub async fn save_export(&self) {
        save_export(&self.store, &*self.clock, &self.config.state.dir).await;
    }

    /// How the state came up.
    pub fn opened(&self) -> Opened {
        self.store.opened()
    }

    /// What the state gave back.
    pub fn restored(&self) -> Restored {
        self.restored
    }
}

async fn save_export(store: &Arc<SledStore>, clock: &dyn Clock, dir: &Path) {
    let (store, now, file) = (Arc::clone(store), clock.now(), dir.join(EXPORT));
    if let Err(error) = blocking(move || export_to_file(&file, &store.export(now)?)).await {
        tracing::error!("the state could not be exported, the last export stays: {error}");
    }
}

/// The source alone, to be looked at where there is no state: what it learns is kept nowhere.
pub fn source_alone(config: &Config) -> Result<LivePerson, StartError> {
    let clock = Arc::new(SystemClock::new());
    Ok(LivePerson::new(
        config.liveperson.clone(),
        clock,
        Arc::new(MemoryStore::new(1)),
        Metrics::new(),
    )?)
}

/// A bridge that listens and polls.
pub struct Running {
    /// Where the public API listens.
    pub api: SocketAddr,
    /// Where operators connect.
    pub operations: SocketAddr,
    core: Core,
    door: Door,
    stop: CancellationToken,
    poll_loop: tokio::task::JoinHandle<Ended>,
    others: JoinSet<()>,
    conversations: Conversations,
    talking: conversation::Running,
}

/// How a running bridge came to its end.
#[derive(Debug)]
pub enum Outcome {
    /// It was asked to stop, and stopped cleanly.
    Stopped,
    /// The source refused the login and there was nothing to serve.
    Refused(Arc<CycleError>),
    /// A part of it panicked; its message is on stderr.
    Broken,
}

impl Running {
    /// Binds both listeners and starts the loop. `alive` is called as the loop makes progress.
    pub async fn start(core: Core, alive: Box<dyn Fn() + Send + Sync>) -> Result<Self, StartError> {
        let ticks = match &core.config.schedule.when {
            When::Every(_) => None,
            When::Cron { text, .. } => Some(Ticks::cron(text).await?),
        };
        let (poll_loop, asking) = PollLoop::new(
            core.config.schedule.clone(),
            Arc::new(core.reconciler.clone()),
            Arc::clone(&core.clock),
            (core.metrics.clone(), core.health.clone()),
            ticks,
            alive,
        );
        let token = make_token()?;
        let hub = Hub::new(core.config.livechat.realtime, core.metrics.clone());
        let hub = Arc::new(hub);
        let (conversations, talking) = core.conversations(Arc::new(hub.ears())).await?;
        let api = core.api(&conversations, hub).bind().await?;
        let operations = core.operations(asking, &conversations, token.clone());
        let operations = operations.bind().await?;
        let (api_addr, operations_addr) = (api.address(), operations.address());
        let door = Door::open(&core.config.state.dir, operations_addr, &token)?;
        let stop = CancellationToken::new();
        let mut others = JoinSet::new();
        others.spawn(api.run(stop.clone()));
        others.spawn(operations.run(stop.clone()));
        others.spawn(keeping::keep_session(&core, stop.clone()));
        others.spawn(keeping::keep_counters(&core, stop.clone()));
        others.spawn(keeping::keep_exports(&core, stop.clone()));
        others.spawn(keeping::look_after(
            &core,
            conversations.clone(),
            stop.clone(),
        ));
        others.spawn(keeping::sweep(&core, conversations.clone(), stop.clone()));
        others.spawn(keeping::carry_mail(
            &core,
            conversations.clone(),
            stop.clone(),
        ));
        let serves = core.restored.age.is_some();
        let poll_loop = tokio::spawn(poll_loop.run(stop.clone(), serves));
        Ok(Self {
            api: api_addr,
            operations: operations_addr,
            core,
            door,
            stop,
            poll_loop,
            others,
            conversations,
            talking,
        })
    }

    /// Completes once something is served: at once after a restart, else after the first poll.
    pub fn published(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut published = self.core.published.clone();
        async move {
            // An error means that the reconciler is gone: nothing will ever be published.
            if published.wait_for(|first| *first).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Runs until `asked` completes or the loop gives up, then stops everything in order: no new
    /// connections, goodbye to the source, running requests, counters, export.
    pub async fn until(mut self, asked: impl Future<Output = ()>) -> Outcome {
        let (mut ended, mut broken) = (None, false);
        tokio::select! {
            () = asked => {}
            done = &mut self.poll_loop => ended = Some(done),
            // None of them ends before the stop, unless it panicked: then nothing that is left
            // would be worth a green light.
            _ = self.others.join_next() => broken = true,
            () = self.talking.ended() => broken = true,
        }
        if let Some(desk) = &self.core.move_desk {
            // While the listeners still answer those who watch it. A target that hangs must not hold
            // up the stop: what is cut off is taken up again.
            clock::timeout(&*self.core.clock, LAST_WRITES, desk.close()).await;
        }
        self.stop.cancel();
        let ended = match ended {
            Some(done) => done,
            None => (&mut self.poll_loop).await,
        };
        while self.others.join_next().await.is_some() {}
        self.conversations.stop().await;
        self.talking.ended().await;
        self.door.close();
        // Last, because answers were still given while the listeners drained.
        self.core.save_counters().await;
        self.core.save_export().await;
        match ended {
            Ok(Ended::Refused(error)) => Outcome::Refused(error),
            Ok(Ended::Stopped) if !broken => Outcome::Stopped,
            Ok(Ended::Stopped) | Err(_) => Outcome::Broken,
        }
    }
}
