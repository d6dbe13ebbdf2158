//! The reconciler between a scripted source and a store that can be told to fail: what is kept,
//! what is published, and in which order.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use lp2rc::{
    domain::{
        AccountId, Capacity, Coverage, Cursor, Generation, MappingRules, MergeRules, Observation,
        Presence, Snapshot, SourceAgent, SourceId, StaticHalf, Timestamp, Trigger, Verdict,
    },
    ports::{
        BridgeStore, Clock as _, Commit, Cycle as _, CycleError, CycleRequest, Future, ManualClock,
        PollRequest, Publish, RunStore, Source, SourceError, SourceFault, StoreError, Stored,
    },
    state::MemoryStore,
    sync::{Notes, Parts, Reconciler},
};
use tokio::sync::oneshot;

fn agent(id: u32) -> SourceAgent {
    SourceAgent {
        id: SourceId::new(id.to_string()),
        login: Some(format!("agent{id}")),
        display_name: None,
        email: None,
        presence: Presence::Online,
        voice: Presence::Offline,
        capacity: Capacity::Limited(3),
        load: 0,
        skills: Vec::new(),
        group_id: None,
        group_name: None,
        privilege_group: None,
    }
}

/// Shows so many agents, or fails; remembers what it was asked for.
pub(crate) struct Script {
    clock: ManualClock,
    agents: Mutex<Option<u32>>,
    asked: Mutex<Vec<bool>>,
    /// The next answer is taken now, and given after a word from its other end.
    pub(crate) gate: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Source for Script {
    fn poll(&self, request: PollRequest) -> Future<'_, Result<Observation, SourceError>> {
        self.asked.lock().unwrap().push(request.full);
        let answer = match *self.agents.lock().unwrap() {
            None => Err(SourceError {
                doing: "read".to_owned(),
                what: "nobody there".to_owned(),
                fault: SourceFault::Unreachable,
                retry_after: None,
            }),
            Some(count) => Ok(Observation {
                agents: (100..100 + count).map(agent).collect(),
                coverage: if request.full {
                    Coverage::Full
                } else {
                    Coverage::Partial
                },
                taken_at: self.clock.now(),
                skipped: Vec::new(),
                cursor: Some(1),
                static_half: StaticHalf::Off,
            }),
        };
        let gate = self.gate.lock().unwrap().take();
        Box::pin(async move {
            if let Some(gate) = gate {
                gate.await.unwrap();
            }
            answer
        })
    }

    fn close(&self) -> Future<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A memory store that fails when told, and says in the shared diary when it kept something.
pub(crate) struct Kept {
    pub(crate) store: MemoryStore,
    pub(crate) full: AtomicBool,
    /// Keeps the commit and then says that it failed: an fsync that reports an error.
    doubtful: AtomicBool,
    diary: Arc<Mutex<Vec<String>>>,
    /// The next commit waits for a word from its other end.
    pub(crate) gate: Mutex<Option<mpsc::Receiver<()>>>,
}

impl BridgeStore for Kept {
    fn load(&self) -> Result<Stored, StoreError> {
        self.store.load()
    }

    fn commit(&self, expected: Generation, commit: &Commit) -> Result<Generation, StoreError> {
        let refused = StoreError::Io {
            doing: "flush the state",
            path: "memory".to_owned(),
            source: std::io::Error::from(std::io::ErrorKind::StorageFull),
        };
        if self.full.load(Ordering::SeqCst) {
            return Err(refused);
        }
        if self.doubtful.load(Ordering::SeqCst) {
            self.store.commit(expected, commit)?;
            return Err(refused);
        }
        let gate = self.gate.lock().unwrap().take();
        if let Some(gate) = gate {
            gate.recv().unwrap();
        }
        let generation = self.store.commit(expected, commit)?;
        let entries = commit.entries.len();
        self.diary
            .lock()
            .unwrap()
            .push(format!("kept {entries} as {generation}"));
        Ok(generation)
    }
}

/// Writes down what reaches the ledger.
struct Told(Arc<Mutex<Vec<String>>>);

impl Publish for Told {
    fn publish(&self, snapshot: Arc<Snapshot>, age: Option<Duration>) {
        let (agents, generation) = (snapshot.rows().len(), snapshot.generation);
        let age = age.map(|age| age.as_secs());
        self.0
            .lock()
            .unwrap()
            .push(format!("published {agents} of {generation}, age {age:?}"));
    }

    fn amend(&self, snapshot: Arc<Snapshot>, _: Option<Duration>) {
        let (agents, generation) = (snapshot.rows().len(), snapshot.generation);
        self.0
            .lock()
            .unwrap()
            .push(format!("amended {agents} of {generation}"));
    }

    fn confirm(&self) {
        self.0.lock().unwrap().push("confirmed".to_owned());
    }
}

pub(crate) struct Rig {
    pub(crate) clock: ManualClock,
    pub(crate) source: Arc<Script>,
    pub(crate) store: Arc<Kept>,
    diary: Arc<Mutex<Vec<String>>>,
    pub(crate) reconciler: Reconciler,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let diary = Arc::new(Mutex::new(Vec::new()));
        let store = Arc::new(Kept {
            store: MemoryStore::new(10),
            full: AtomicBool::new(false),
            doubtful: AtomicBool::new(false),
            diary: Arc::clone(&diary),
            gate: Mutex::default(),
        });
        Self::over(&store, diary)
    }

    /// A fresh start on a store that may hold something.
    pub(crate) fn over(store: &Arc<Kept>, diary: Arc<Mutex<Vec<String>>>) -> Self {
        let told = Arc::new(Told(Arc::clone(&diary)));
        Self::telling(store, diary, |_| told)
    }

    /// The same with another listener, who goes by the rig's clock.
    pub(crate) fn telling(
        store: &Arc<Kept>,
        diary: Arc<Mutex<Vec<String>>>,
        listener: impl FnOnce(&ManualClock) -> Arc<dyn Publish>,
    ) -> Self {
        let clock = ManualClock::at(Timestamp::from_millis(1_000_000_000));
        let source = Arc::new(Script {
            clock: clock.clone(),
            agents: Mutex::new(Some(12)),
            asked: Mutex::default(),
            gate: Mutex::default(),
        });
        let reconciler = Reconciler::new(Parts {
            source: Arc::clone(&source) as Arc<dyn Source>,
            store: Arc::clone(store) as Arc<dyn BridgeStore>,
            runs: Arc::new(MemoryStore::new(10)) as Arc<dyn RunStore>,
            publish: listener(&clock),
            clock: Arc::new(clock.clone()),
            notes: Notes::default(),
            merge_rules: MergeRules::default(),
            mapping_rules: MappingRules::default(),
            account: AccountId::new("1"),
            render: Arc::new(|_, body| body.push(b'x')),
        });
        Self {
            clock,
            source,
            store: Arc::clone(store),
            diary,
            reconciler,
        }
    }

    pub(crate) fn shows(&self, agents: Option<u32>) {
        *self.source.agents.lock().unwrap() = agents;
    }

    pub(crate) async fn cycle(
        &self,
        request: CycleRequest,
    ) -> Result<lp2rc::domain::CycleReport, CycleError> {
        self.reconciler.run(request).await
    }

    pub(crate) async fn tick(&self) -> Result<lp2rc::domain::CycleReport, CycleError> {
        self.cycle(CycleRequest::from_trigger(Trigger::Schedule))
            .await
    }

    pub(crate) fn diary(&self) -> Vec<String> {
        std::mem::take(&mut *self.diary.lock().unwrap())
    }
}

#[tokio::test]
async fn a_change_is_kept_before_it_is_published_and_quiet_is_only_confirmed() {
    let rig = Rig::new();
    assert_eq!(rig.tick().await.unwrap().counts.added, 12);
    assert_eq!(
        rig.diary(),
        ["kept 12 as 1", "published 12 of 1, age Some(0)"]
    );
    assert_eq!(rig.tick().await.unwrap().counts.unchanged, 12);
    assert_eq!(rig.diary(), ["kept 0 as 2", "confirmed"]);
}

#[tokio::test]
async fn what_could_not_be_kept_is_not_published_and_the_next_cycle_starts_from_the_store() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    rig.diary();
    rig.shows(Some(14));
    rig.store.full.store(true, Ordering::SeqCst);
    let failed = rig.tick().await.unwrap_err();
    assert!(
        matches!(failed, CycleError::Store(StoreError::Io { .. })),
        "{failed}"
    );
    assert_eq!(rig.diary(), Vec::<String>::new());
    rig.store.full.store(false, Ordering::SeqCst);
    assert_eq!(
        rig.tick().await.unwrap().counts.added,
        2,
        "nothing was taken for done"
    );
    assert_eq!(
        rig.diary(),
        ["kept 2 as 2", "published 14 of 2, age Some(0)"]
    );
}

#[tokio::test]
async fn what_is_on_disk_although_it_was_told_as_failed_is_published_by_the_next_cycle() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    rig.diary();
    rig.shows(Some(14));
    rig.store.doubtful.store(true, Ordering::SeqCst);
    assert!(rig.tick().await.is_err());
    rig.store.doubtful.store(false, Ordering::SeqCst);
    let report = rig.tick().await.unwrap();
    assert_eq!((report.counts.changed(), report.routable), (0, 14));
    assert_eq!(
        rig.diary(),
        ["kept 0 as 3", "published 14 of 3, age Some(0)"]
    );
}

#[tokio::test]
async fn a_dry_run_in_between_does_not_hide_what_was_never_published() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    rig.diary();
    rig.shows(Some(14));
    rig.store.doubtful.store(true, Ordering::SeqCst);
    assert!(rig.tick().await.is_err());
    rig.store.doubtful.store(false, Ordering::SeqCst);
    let dry = CycleRequest {
        dry_run: true,
        ..CycleRequest::from_trigger(Trigger::Request)
    };
    assert_eq!(rig.cycle(dry).await.unwrap().counts.changed(), 0);
    assert_eq!(rig.diary(), Vec::<String>::new());
    assert_eq!(rig.tick().await.unwrap().routable, 14);
    assert_eq!(
        rig.diary(),
        ["kept 0 as 3", "published 14 of 3, age Some(0)"]
    );
}

#[tokio::test]
async fn another_writer_is_noticed_and_the_next_cycle_works_on_what_they_left() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    let other = Commit {
        cursor: Cursor::default(),
        ..Commit::default()
    };
    rig.store.store.commit(Generation(1), &other).unwrap();
    let refused = rig.tick().await.unwrap_err();
    assert!(
        matches!(refused, CycleError::Store(StoreError::Conflict { .. })),
        "{refused}"
    );
    assert_eq!(rig.tick().await.unwrap().generation, Generation(3));
}

#[tokio::test]
async fn a_failing_poll_touches_neither_store_nor_ledger() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    rig.diary();
    rig.shows(None);
    assert!(matches!(rig.tick().await, Err(CycleError::Source(_))));
    assert_eq!(rig.diary(), Vec::<String>::new());
}

#[tokio::test]
async fn a_dry_run_tells_the_difference_and_leaves_no_trace() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    rig.diary();
    rig.shows(Some(15));
    let dry = CycleRequest {
        dry_run: true,
        ..CycleRequest::from_trigger(Trigger::Request)
    };
    let report = rig.cycle(dry).await.unwrap();
    assert_eq!((report.counts.added, report.generation), (3, Generation(1)));
    assert_eq!(rig.diary(), Vec::<String>::new());
    assert_eq!(
        rig.tick().await.unwrap().counts.added,
        3,
        "still to be done"
    );
}

#[tokio::test]
async fn a_fall_is_frozen_until_it_is_accepted() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    rig.diary();
    rig.shows(Some(2));
    let full = CycleRequest::from_trigger(Trigger::Request);
    let report = rig.cycle(full).await.unwrap();
    assert_eq!(report.verdict, Verdict::Quarantined { before: 12, now: 2 });
    assert_eq!(
        rig.diary(),
        ["kept 10 as 2", "published 12 of 2, age Some(0)"]
    );
    let accepted = rig
        .cycle(CycleRequest {
            accept_fall: true,
            ..full
        })
        .await
        .unwrap();
    assert_eq!(
        (accepted.verdict, accepted.counts.gone),
        (Verdict::Trusted, 10)
    );
    assert_eq!(
        rig.diary(),
        ["kept 10 as 3", "published 2 of 3, age Some(0)"]
    );
}

#[tokio::test]
async fn a_restart_publishes_what_was_kept_with_its_age() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    let again = Rig::over(&rig.store, Arc::default());
    again.clock.advance(Duration::from_secs(90));
    let restored = again.reconciler.restore().unwrap();
    assert_eq!(restored.agents, 12);
    assert_eq!(again.diary(), ["published 12 of 1, age Some(90)"]);
    assert_eq!(again.tick().await.unwrap().counts.unchanged, 12);
}

#[tokio::test]
async fn the_cursor_is_followed_between_full_answers() {
    let rig = Rig::new();
    for _ in 0..3 {
        rig.tick().await.unwrap();
    }
    rig.clock.advance(MergeRules::default().full_every);
    rig.tick().await.unwrap();
    rig.tick().await.unwrap();
    rig.clock.jump(-5_000);
    rig.tick().await.unwrap();
    rig.cycle(CycleRequest::from_trigger(Trigger::Overdue))
        .await
        .unwrap();
    let asked = rig.source.asked.lock().unwrap().clone();
    assert_eq!(
        asked,
        [true, false, false, true, false, false, true],
        "full answers asked for"
    );
}

#[tokio::test]
async fn a_cycle_that_ends_late_does_not_vouch_for_a_cursor_that_moved_meanwhile() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    let (open, gate) = mpsc::channel();
    *rig.store.gate.lock().unwrap() = Some(gate);
    rig.shows(Some(13));
    // An answer by the cursor is given up while it is being kept.
    {
        let mut given_up = Box::pin(rig.tick());
        tokio::select! {
            biased;
            done = &mut given_up => panic!("the store holds it up: {done:?}"),
            () = std::future::ready(()) => {}
        }
    }
    // A dry run reads past it, and keeps nothing.
    let dry = CycleRequest {
        dry_run: true,
        ..CycleRequest::from_trigger(Trigger::Request)
    };
    let (seen, ()) = tokio::join!(rig.cycle(dry), async { open.send(()).unwrap() });
    assert!(seen.unwrap().dry_run);
    while !rig
        .diary()
        .iter()
        .any(|line| line.starts_with("published 13"))
    {
        tokio::task::yield_now().await;
    }
    rig.tick().await.unwrap();
    let asked = rig.source.asked.lock().unwrap().clone();
    assert_eq!(asked, [true, false, true, true], "full answers asked for");
}
