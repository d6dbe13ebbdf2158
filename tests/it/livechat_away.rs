//! Rooms as load: who waits, who comes back after a restart, and the rule for agents who go away.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use lp2rc::{
    conversation::{
        Actor, Audience, Chats, Conversations, Event, Forwarding, Parts, Refused, Registration,
        RoomRequest,
        document::{InquiryStatus, Room},
        files::Files,
    },
    domain::{Availability, Capacity, DesiredAgent, TargetStatus},
    ports::{Documents, Edit, Look, Order, StoreError},
    state::MemoryDocuments,
};

use crate::{
    livechat_world::livechat_config,
    server_world::{World, agent, unavailable},
};

/// Documents that outlive their thread, and count what is read.
#[derive(Clone, Default)]
struct Disk {
    table: Arc<MemoryDocuments>,
    reads: Arc<AtomicUsize>,
    fails: Arc<Mutex<bool>>,
}

impl Documents for Disk {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.reads.fetch_add(1, SeqCst);
        self.table.get(key)
    }

    fn walk(
        &self,
        from: &str,
        to: &str,
        order: Order,
        look: &mut Look<'_>,
    ) -> Result<(), StoreError> {
        self.reads.fetch_add(1, SeqCst);
        self.table.walk(from, to, order, look)
    }

    fn write(&self, edits: &[Edit]) -> Result<(), StoreError> {
        if *self.fails.lock().unwrap() {
            return Err(StoreError::Io {
                doing: "write for a test",
                path: "nowhere".to_owned(),
                source: std::io::Error::other("the disk is full"),
            });
        }
        self.table.write(edits)
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.table.settle()
    }

    fn disk_bytes(&self) -> u64 {
        0
    }
}

/// Hears everything.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

impl Audience for Ear {
    fn hear(&self, event: &Event) {
        let heard = match event {
            Event::AgentStatus { status, .. } => format!("status {status}"),
            Event::Agent { agent, .. } => format!("agent {}", agent.as_deref().unwrap_or("-")),
            Event::Inquiry { change, .. } => format!("inquiry {change}"),
            Event::Message { message } => match &message.kind {
                Some(kind) => format!("message {kind}"),
                None => "message".to_owned(),
            },
            Event::Deleted { .. }
            | Event::Visitor { .. }
            | Event::Room { .. }
            | Event::Gone { .. } => {
                return;
            }
        };
        self.0.lock().unwrap().push(heard);
    }
}

struct Rehearsal {
    world: World,
    disk: Disk,
    ear: Ear,
    conversations: Conversations,
    state: tempfile::TempDir,
}

impl Rehearsal {
    fn with(text: &str, agents: Vec<DesiredAgent>) -> Self {
        Self::over(Disk::default(), text, agents)
    }

    /// A start over what is kept.
    fn over(disk: Disk, text: &str, agents: Vec<DesiredAgent>) -> Self {
        let world = World::new();
        world.publish(agents);
        let ear = Ear::default();
        let state = tempfile::tempdir().unwrap();
        let (conversations, _thread) = Conversations::start(Parts {
            documents: Box::new(disk.clone()),
            ledger: Arc::clone(&world.ledger),
            clock: Arc::new(world.clock.clone()),
            config: livechat_config(text),
            audience: Arc::new(ear.clone()),
            metrics: world.metrics.clone(),
            files: Files::open(state.path()).unwrap(),
        })
        .unwrap();
        Self {
            world,
            disk,
            ear,
            conversations,
            state,
        }
    }

    /// A visitor's room.
    async fn room(&self, token: &str) -> Room {
        let token = token.to_owned();
        let opened = self.conversations.ask(move |chats| {
            chats.register(Registration {
                token: token.clone(),
                ..Registration::default()
            })?;
            let (room, _) = chats.room_for(RoomRequest {
                token,
                ..RoomRequest::default()
            })?;
            Ok(room)
        });
        opened.await.unwrap()
    }

    async fn look(&self) {
        self.conversations.ask(Chats::look_after).await.unwrap();
    }

    /// Lets so many seconds pass, looking once a second.
    async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.world.clock.advance(Duration::from_secs(1));
            self.look().await;
        }
    }

    /// Who serves a room now.
    async fn serves(&self, room: &Room) -> Option<String> {
        let rid = room.id.clone();
        let room = self.conversations.ask(move |chats| chats.room(&rid));
        room.await.unwrap().unwrap().served_by.map(|by| by.username)
    }

    async fn close(&self, token: &str, room: &Room) {
        let (token, rid) = (token.to_owned(), room.id.clone());
        let closed = self
            .conversations
            .ask(move |chats| chats.close_by_visitor(&token, &rid));
        closed.await.unwrap();
    }

    async fn forward(&self, room: &Room, user: &str) -> Result<(), Refused> {
        let wanted = Forwarding {
            rid: room.id.clone(),
            user_id: Some(user.to_owned()),
            ..Forwarding::default()
        };
        self.conversations
            .ask(move |chats| chats.forward(&Actor::default(), &wanted))
            .await
    }

    /// Chats that each agent has, the source's own included.
    fn taken(&self) -> Vec<(String, u32)> {
        let (snapshot, taken) = self.world.ledger.taken();
        let names = snapshot.rows().iter().map(|row| row.username().to_owned());
        names.zip(taken).collect()
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.ear.0.lock().unwrap())
    }
}

/// An agent with so many slots, none of them taken.
fn limited(username: &str, slots: u32) -> DesiredAgent {
    let mut agent = agent(username, &["sales"]);
    let entry = Arc::make_mut(&mut agent.believed);
    entry.agent.capacity = Capacity::Limited(slots);
    entry.agent.load = 0;
    agent
}

fn offline(mut agent: DesiredAgent) -> DesiredAgent {
    agent.availability = Availability {
        status: TargetStatus::Offline,
        new_chats: false,
        transfers: false,
    };
    agent
}

fn named(name: &str, count: u32) -> (String, u32) {
    (name.to_owned(), count)
}

#[tokio::test]
async fn one_visitor_too_many_waits_and_gets_the_agent_of_a_chat_that_ends() {
    let here = Rehearsal::with("", vec![limited("ada", 2)]);
    let first = here.room("T1").await;
    here.room("T2").await;
    let third = here.room("T3").await;
    here.world.clock.advance(Duration::from_millis(1));
    let fourth = here.room("T4").await;
    here.pass(3).await;
    assert_eq!(here.serves(&third).await, None);
    assert_eq!(here.taken(), [named("ada", 2)]);
    here.close("T1", &first).await;
    here.pass(1).await;
    assert_eq!(
        here.serves(&third).await.as_deref(),
        Some("ada"),
        "who waits longest"
    );
    assert_eq!(here.serves(&fourth).await, None);
    assert_eq!(here.taken(), [named("ada", 2)]);
}

#[tokio::test]
async fn a_restart_books_open_rooms_again_and_nobody_above_their_limit() {
    let disk = Disk::default();
    let before = Rehearsal::over(disk.clone(), "", vec![limited("ada", 2), limited("bob", 1)]);
    let mut rooms = Vec::new();
    for token in ["T1", "T2", "T3"] {
        rooms.push(before.room(token).await);
    }
    let mut served = Vec::new();
    for room in &rooms {
        served.push(before.serves(room).await);
    }
    before.conversations.stop().await;
    let after = Rehearsal::over(disk, "", vec![limited("ada", 2), limited("bob", 1)]);
    let fourth = after.room("T4").await;
    after.pass(2).await;
    assert_eq!(after.taken(), [named("ada", 2), named("bob", 1)]);
    for (room, served) in rooms.iter().zip(served) {
        assert_eq!(after.serves(room).await, served);
    }
    assert_eq!(after.serves(&fourth).await, None);
    let tokens = after.conversations.open_rooms();
    assert!(tokens.has_open_room("T1") && tokens.has_open_room("T4"));
}

#[tokio::test]
async fn what_does_not_change_is_not_read() {
    let here = Rehearsal::with("", vec![limited("ada", 50), limited("bob", 50)]);
    for number in 0..100 {
        here.room(&format!("T{number}")).await;
    }
    here.look().await;
    here.disk.reads.store(0, SeqCst);
    here.pass(3).await;
    assert_eq!(here.disk.reads.load(SeqCst), 0);
}

#[tokio::test]
async fn a_failed_operation_leaves_every_booking_where_it_was() {
    let here = Rehearsal::with("", vec![limited("ada", 2), limited("bob", 1)]);
    let first = here.room("T1").await;
    let second = here.room("T2").await;
    let (one, other) = (here.serves(&first).await, here.serves(&second).await);
    assert_eq!(one.as_deref(), Some("ada"));
    assert_eq!(other.as_deref(), Some("bob"));
    let full = here.forward(&first, "bob").await;
    assert!(matches!(full, Err(Refused::Bare)), "{full:?}");
    assert_eq!(here.taken(), [named("ada", 1), named("bob", 1)]);
    // The ledger has moved the booking when the disk refuses.
    *here.disk.fails.lock().unwrap() = true;
    let broken = here.forward(&second, "ada").await;
    assert!(matches!(broken, Err(Refused::Unavailable(_))), "{broken:?}");
    assert_eq!(here.taken(), [named("ada", 1), named("bob", 1)]);
    *here.disk.fails.lock().unwrap() = false;
    assert_eq!(here.serves(&second).await.as_deref(), Some("bob"));
    here.forward(&second, "ada").await.unwrap();
    assert_eq!(here.taken(), [named("ada", 2), named("bob", 0)]);
}

#[tokio::test]
async fn rooms_hear_of_their_agents_presence_once_for_each_change() {
    let here = Rehearsal::with("", vec![limited("ada", 2)]);
    here.room("T1").await;
    here.look().await;
    here.heard();
    here.look().await;
    assert!(here.heard().is_empty());
    here.world.publish(vec![unavailable(limited("ada", 2))]);
    here.pass(2).await;
    assert_eq!(here.heard(), ["status away"]);
    here.world.publish(vec![limited("ada", 2)]);
    here.pass(2).await;
    assert_eq!(here.heard(), ["status online"]);
    here.world.publish(vec![limited("bob", 0)]);
    here.pass(2).await;
    assert_eq!(here.heard(), ["status offline"]);
}

/// `[livechat]` with a rule and its patience of ten seconds.
fn rule(word: &str) -> String {
    format!("[livechat]\nagent_gone = \"{word}\"\nagent_gone_after = \"10s\"\n")
}

#[tokio::test]
async fn an_agent_who_goes_away_is_handled_by_the_rule() {
    let bob = || limited("bob", 1);
    let cases: [(&str, Vec<DesiredAgent>, Option<&str>); 7] = [
        ("keep", vec![offline(limited("ada", 1)), bob()], Some("ada")),
        ("requeue", vec![offline(limited("ada", 1))], None),
        ("requeue", vec![bob()], None),
        (
            "forward",
            vec![offline(limited("ada", 1)), bob()],
            Some("bob"),
        ),
        ("forward", vec![bob()], Some("bob")),
        ("forward", vec![offline(limited("ada", 1))], None),
        // Away agents go on with the chats they have.
        (
            "forward",
            vec![unavailable(limited("ada", 1)), bob()],
            Some("ada"),
        ),
    ];
    for (word, agents, expected) in cases {
        let here = Rehearsal::with(&rule(word), vec![limited("ada", 1)]);
        let room = here.room("T1").await;
        here.look().await;
        here.world.publish(agents);
        here.pass(10).await;
        assert_eq!(
            here.serves(&room).await.as_deref(),
            Some("ada"),
            "{word}: patience"
        );
        here.heard();
        // Marked by the first look, so the rule applies ten seconds after it.
        here.world.clock.advance(Duration::from_secs(1));
        here.look().await;
        let heard = here.heard().join(", ");
        assert_eq!(
            here.serves(&room).await.as_deref(),
            expected,
            "{word}: {heard}"
        );
        let told = match expected {
            Some("ada") => "",
            Some(_) => {
                "message livechat_transfer_history, message ul, inquiry removed, agent t-bob, message command, message uj"
            }
            None => "message livechat_transfer_history, message ul, agent -, inquiry added",
        };
        assert_eq!(heard, told, "{word}");
    }
}

#[tokio::test]
async fn a_requeued_chat_goes_to_the_next_who_is_free_and_an_agent_who_is_back_keeps_theirs() {
    let here = Rehearsal::with(&rule("requeue"), vec![limited("ada", 1)]);
    let room = here.room("T1").await;
    here.look().await;
    here.world.publish(vec![offline(limited("ada", 1))]);
    here.pass(8).await;
    here.world.publish(vec![limited("ada", 1)]);
    here.pass(20).await;
    assert_eq!(here.serves(&room).await.as_deref(), Some("ada"));
    here.world.publish(vec![offline(limited("ada", 1))]);
    here.pass(12).await;
    assert_eq!(here.serves(&room).await, None);
    let rid = room.id.clone();
    let inquiry = here.conversations.ask(move |chats| chats.inquiry(&rid));
    let inquiry = inquiry.await.unwrap().unwrap();
    assert_eq!(inquiry.status, InquiryStatus::Queued);
    assert_eq!(here.taken(), [named("ada", 0)]);
    here.world
        .publish(vec![offline(limited("ada", 1)), limited("bob", 1)]);
    here.pass(1).await;
    assert_eq!(here.serves(&room).await.as_deref(), Some("bob"));
}

#[tokio::test]
async fn before_the_source_was_ever_seen_nobody_is_gone() {
    let disk = Disk::default();
    let before = Rehearsal::over(disk.clone(), &rule("requeue"), vec![limited("ada", 1)]);
    let room = before.room("T1").await;
    before.conversations.stop().await;
    let mut after = Rehearsal::over(disk, &rule("requeue"), Vec::new());
    // A world in which nothing was published yet.
    after.world = World::new();
    let (conversations, _thread) = Conversations::start(Parts {
        documents: Box::new(after.disk.clone()),
        ledger: Arc::clone(&after.world.ledger),
        clock: Arc::new(after.world.clock.clone()),
        config: livechat_config(&rule("requeue")),
        audience: Arc::new(after.ear.clone()),
        metrics: after.world.metrics.clone(),
        files: Files::open(after.state.path()).unwrap(),
    })
    .unwrap();
    after.conversations = conversations;
    after.pass(30).await;
    assert_eq!(after.serves(&room).await.as_deref(), Some("ada"));
    after.world.publish(vec![limited("ada", 1)]);
    after.pass(1).await;
    assert_eq!(
        after.taken(),
        [named("ada", 1)],
        "booked when they come on the roll"
    );
}
