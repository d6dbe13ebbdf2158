//! The real reconciler, store and book around the model, with a store that can be told to fail.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

use lp2rc::{
    domain::{
        AccountId, Ask, Generation, MappingRules, MergeRules, Purpose, RoutingRules, Snapshot,
        SourceId, Standing, Timestamp,
    },
    ledger::Ledger,
    ports::{
        BridgeStore, Commit, Cycle as _, CycleError, CycleRequest, ManualClock, Publish, RunStore,
        Source, StoreError, Stored,
    },
    state::MemoryStore,
    sync::{Notes, Parts, Reconciler},
    telemetry::Metrics,
};
use tokio::sync::Notify;

use super::model::{Filter, Reply, Shows, World};

/// What the store does about the next commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Disk {
    #[default]
    Works,
    /// Full.
    Refuses,
    /// An fsync that reports an error although everything is there.
    KeepsAndRefuses,
    /// Cannot even be read.
    Dead,
    /// Somebody else commits first.
    Another,
}

/// A memory store under orders.
struct Kept {
    store: Arc<MemoryStore>,
    disk: Mutex<Disk>,
    /// Where a commit waits until the other end is dropped; taken by the next commit.
    gate: Mutex<Option<mpsc::Receiver<()>>>,
    entered: Notify,
}

fn refused(doing: &'static str) -> StoreError {
    StoreError::Io {
        doing,
        path: "memory".to_owned(),
        source: std::io::Error::from(std::io::ErrorKind::StorageFull),
    }
}

impl Kept {
    fn disk(&self) -> Disk {
        *self.disk.lock().unwrap()
    }
}

impl BridgeStore for Kept {
    fn load(&self) -> Result<Stored, StoreError> {
        if self.disk() == Disk::Dead {
            return Err(refused("read the state"));
        }
        self.store.load()
    }

    fn commit(&self, expected: Generation, commit: &Commit) -> Result<Generation, StoreError> {
        let gate = self
            .gate
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(gate) = gate {
            self.entered.notify_one();
            let _ = gate.recv();
        }
        match self.disk() {
            Disk::Works => self.store.commit(expected, commit),
            Disk::Refuses | Disk::Dead => Err(refused("flush the state")),
            Disk::KeepsAndRefuses => {
                self.store.commit(expected, commit)?;
                Err(refused("flush the state"))
            }
            Disk::Another => {
                let stored = self.store.load()?;
                let theirs = Commit {
                    cursor: stored.cursor,
                    ..Commit::default()
                };
                self.store.commit(stored.generation, &theirs)?;
                self.store.commit(expected, commit)
            }
        }
    }
}

/// Hands on to the book, and says when that is done.
struct Tells {
    ledger: Arc<Ledger>,
    done: Arc<Notify>,
}

impl Publish for Tells {
    fn publish(&self, snapshot: Arc<Snapshot>, age: Option<Duration>) {
        self.ledger.publish(snapshot, age);
        self.done.notify_one();
    }

    fn amend(&self, snapshot: Arc<Snapshot>, age: Option<Duration>) {
        self.ledger.amend(snapshot, age);
        self.done.notify_one();
    }

    fn confirm(&self) {
        self.ledger.confirm();
        self.done.notify_one();
    }
}

/// One process, and what outlives it: store, clock and world.
pub(super) struct Rig {
    pub(super) clock: ManualClock,
    pub(super) world: Arc<Mutex<World>>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) ledger: Arc<Ledger>,
    kept: Arc<Kept>,
    done: Arc<Notify>,
    reconciler: Reconciler,
}

/// Every slot may be asked for: a share would hide agents from the eyes of these tests.
pub(super) fn routing() -> RoutingRules {
    RoutingRules {
        agent_next_share: 100,
        ..RoutingRules::default()
    }
}

impl Rig {
    pub(super) fn new(people: u32, follow: bool, filter: Option<Filter>) -> Self {
        let clock = ManualClock::at(Timestamp::from_millis(1_767_323_045_678));
        let store = Arc::new(MemoryStore::new(10));
        let world = Arc::new(Mutex::new(World::of(people)));
        Self::over(clock, store, world, follow, filter)
    }

    /// A start on what a store holds.
    pub(super) fn over(
        clock: ManualClock,
        store: Arc<MemoryStore>,
        world: Arc<Mutex<World>>,
        follow: bool,
        filter: Option<Filter>,
    ) -> Self {
        {
            let mut world = world.lock().unwrap();
            (world.follow, world.filter) = (follow, filter);
            world.new_session();
        }
        let ledger = Ledger::new(routing(), Arc::new(clock.clone()), Metrics::new());
        let (kept, done) = (
            Arc::new(Kept {
                store: Arc::clone(&store),
                disk: Mutex::default(),
                gate: Mutex::default(),
                entered: Notify::new(),
            }),
            Arc::new(Notify::new()),
        );
        let source = Shows {
            clock: clock.clone(),
            world: Arc::clone(&world),
            store: Arc::clone(&store),
        };
        let reconciler = Reconciler::new(Parts {
            source: Arc::new(source) as Arc<dyn Source>,
            store: Arc::clone(&kept) as Arc<dyn BridgeStore>,
            runs: Arc::clone(&store) as Arc<dyn RunStore>,
            publish: Arc::new(Tells {
                ledger: Arc::clone(&ledger),
                done: Arc::clone(&done),
            }),
            clock: Arc::new(clock.clone()),
            notes: Notes::default(),
            merge_rules: MergeRules::default(),
            mapping_rules: MappingRules::default(),
            account: AccountId::new("1"),
            render: Arc::new(|_, body| body.push(b'x')),
        });
        reconciler.restore().unwrap();
        Self {
            clock,
            world,
            store,
            ledger,
            kept,
            done,
            reconciler,
        }
    }

    pub(super) fn restarted(self, follow: bool, filter: Option<Filter>) -> Self {
        Self::over(self.clock, self.store, self.world, follow, filter)
    }

    /// One cycle to its end.
    pub(super) async fn cycle(
        &self,
        request: CycleRequest,
        disk: Disk,
    ) -> Result<lp2rc::domain::CycleReport, CycleError> {
        *self.kept.disk.lock().unwrap() = disk;
        let done = self.reconciler.run(request).await;
        *self.kept.disk.lock().unwrap() = Disk::Works;
        done
    }

    /// A cycle that is given up while its source does not answer.
    pub(super) async fn cancelled_waiting(&self, request: CycleRequest) {
        self.world.lock().unwrap().reply = Reply::Never;
        tokio::select! {
            biased;
            done = self.reconciler.run(request) => panic!("it should wait: {done:?}"),
            () = std::future::ready(()) => {}
        }
    }

    /// A cycle that is given up while its result is being kept; returns when that has ended.
    pub(super) async fn cancelled_keeping(&self, request: CycleRequest) {
        let (open, gate) = mpsc::channel();
        *self.kept.gate.lock().unwrap() = Some(gate);
        let done = Arc::clone(&self.done);
        // A permit of earlier cycles is not ours.
        tokio::select! { biased; () = done.notified() => {} () = std::future::ready(()) => {} }
        tokio::select! {
            biased;
            () = self.kept.entered.notified() => {}
            done = self.reconciler.run(request) => panic!("the gate is shut: {done:?}"),
        }
        drop(open);
        done.notified().await;
    }

    /// Everybody who may get a new chat now, with what the published snapshot says of them.
    pub(super) fn served(&self) -> Vec<(SourceId, Standing)> {
        let ask = Ask {
            department: None,
            purpose: Purpose::NewChat,
            ignored_agent: None,
        };
        let (snapshot, told) = (self.ledger.snapshot(), self.ledger.explain(&ask, None));
        let rows = told.candidates.iter().map(|c| &snapshot.rows()[c.place]);
        let served: Vec<_> = rows
            .map(|row| (row.source_id().clone(), row.standing()))
            .collect();
        // The real answer is one of them, and the first.
        let next = self.ledger.preview(None);
        let next = next.agent().map(lp2rc::domain::SnapshotRow::source_id);
        assert_eq!(next, served.first().map(|(id, _)| id));
        served
    }
}
