//! A small world for the tests of the two listeners: agents, a manual clock, sockets.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use lp2rc::{
    config::{ApiConfig, OperationsConfig, RateLimit},
    conversation::Conversations,
    domain::{
        Availability, Blame, Capacity, CheckStep, CycleReport, Department, DepartmentId,
        DesiredAgent, EmailAddress, Generation, Identity, Owner, Presence, RosterEntry,
        RoutingRules, Snapshot, SourceAgent, SourceId, Standing, TargetId, TargetStatus, Timestamp,
    },
    ledger::Ledger,
    ports::{
        Control, ControlError, CycleRequest, Examine, Future, Inspect, Jobs, ManualClock, NoRooms,
        OpenRooms, Opened, Publish as _, RunStore, StoreError,
    },
    server::{Api, Operations, render_agent},
    telemetry::{HealthBoard, Metrics},
};
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

/// No answer of these tests takes longer; it only keeps a broken server from hanging them.
pub(crate) const GUARD: Duration = Duration::from_secs(20);

pub(crate) const TOKEN: &str = "0123456789abcdef";

pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) metrics: Metrics,
    pub(crate) health: HealthBoard,
    pub(crate) stop: CancellationToken,
    pub(crate) jobs: Option<Arc<dyn Jobs>>,
    pub(crate) conversations: Option<Conversations>,
}

impl World {
    /// Everything stands at 2026-01-02T03:04:05.678Z, and nobody was ever seen.
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(Timestamp::from_millis(1_767_323_045_678));
        let metrics = Metrics::new();
        let ledger = Ledger::new(
            RoutingRules::default(),
            Arc::new(clock.clone()),
            metrics.clone(),
        );
        Self {
            clock,
            ledger,
            metrics,
            health: HealthBoard::default(),
            stop: CancellationToken::new(),
            jobs: None,
            conversations: None,
        }
    }

    /// Publishes these agents, all in `agents`' own departments, seen just now.
    pub(crate) fn publish(&self, agents: Vec<DesiredAgent>) {
        self.publish_with(agents, &|agent, out| render_agent(agent, true, out));
    }

    pub(crate) fn publish_with(
        &self,
        agents: Vec<DesiredAgent>,
        render: &dyn Fn(&DesiredAgent, &mut Vec<u8>),
    ) {
        let departments: BTreeMap<_, _> = agents
            .iter()
            .flat_map(|agent| &agent.departments)
            .map(|id| (id.clone(), format!("Name of {id}")))
            .collect();
        let departments: Vec<_> = departments
            .into_iter()
            .map(|(id, name)| Department { id, name })
            .collect();
        let agents: Vec<_> = agents.into_iter().map(Arc::new).collect();
        let seen = Some(Timestamp::from_millis(1_767_323_045_000));
        let snapshot = Snapshot::build(Generation(7), seen, &agents, &departments, render);
        self.ledger
            .publish(Arc::new(snapshot), Some(Duration::ZERO));
    }

    /// Serves the public API.
    pub(crate) async fn api(&self, config: ApiConfig) -> SocketAddr {
        self.api_with(config, Arc::new(NoRooms)).await.0
    }

    /// Serves the public API; the task ends when the listener has drained.
    pub(crate) async fn api_with(
        &self,
        config: ApiConfig,
        rooms: Arc<dyn OpenRooms>,
    ) -> (SocketAddr, tokio::task::JoinHandle<()>) {
        let api = Api {
            config,
            ledger: Arc::clone(&self.ledger),
            rooms,
            livechat: None,
            clock: Arc::new(self.clock.clone()),
            metrics: self.metrics.clone(),
        };
        let bound = api.bind().await.unwrap();
        let address = bound.address();
        (address, tokio::spawn(bound.run(self.stop.clone())))
    }

    /// Serves the operators.
    pub(crate) async fn operations(
        &self,
        desk: Arc<FakeDesk>,
    ) -> (SocketAddr, tokio::task::JoinHandle<()>) {
        let operations = Operations {
            config: OperationsConfig { listen: loopback() },
            ledger: Arc::clone(&self.ledger),
            health: self.health.clone(),
            metrics: self.metrics.clone(),
            clock: Arc::new(self.clock.clone()),
            control: Arc::clone(&desk) as Arc<dyn Control>,
            examine: Arc::clone(&desk) as Arc<dyn Examine>,
            inspect: Arc::clone(&desk) as Arc<dyn Inspect>,
            runs: desk,
            jobs: self.jobs.clone(),
            conversations: self.conversations.clone(),
            token: SecretString::from(TOKEN),
        };
        let bound = operations.bind().await.unwrap();
        let address = bound.address();
        (address, tokio::spawn(bound.run(self.stop.clone())))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// The defaults, without the rate limit and on a free port.
pub(crate) fn config() -> ApiConfig {
    ApiConfig {
        listen: loopback(),
        show_agent_info: true,
        show_agent_email: true,
        rate_limit: None,
        trusted_proxies: Vec::new(),
        forwarded_count: 1,
        cors_origins: None,
        max_connections: 4_096,
        header_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(30),
        drain_timeout: Duration::from_secs(10),
    }
}

pub(crate) fn limited(calls: u32) -> RateLimit {
    RateLimit {
        calls,
        window: Duration::from_secs(60),
        addresses: 100,
    }
}

/// An agent who is online and has an address; no number of answers exhausts them.
pub(crate) fn agent(username: &str, departments: &[&str]) -> DesiredAgent {
    let id = SourceId::new(format!("s-{username}"));
    DesiredAgent {
        believed: Arc::new(RosterEntry {
            agent: SourceAgent {
                id: id.clone(),
                login: Some(username.to_owned()),
                display_name: None,
                email: None,
                presence: Presence::Online,
                voice: Presence::Offline,
                capacity: Capacity::Unlimited,
                load: 1,
                skills: Vec::new(),
                group_id: None,
                group_name: None,
                privilege_group: None,
            },
            standing: Standing::Present,
            owner: Owner::Source,
        }),
        identity: Arc::new(Identity {
            source_id: id,
            target_id: TargetId::new(format!("t-{username}")),
            username: username.to_owned(),
            formerly: None,
        }),
        name: format!("{} \"L\"", username.to_uppercase()),
        emails: vec![EmailAddress {
            address: format!("{username}@example.org"),
            verified: true,
        }],
        roles: vec!["livechat-agent".to_owned()],
        departments: departments.iter().map(|d| DepartmentId::new(*d)).collect(),
        limit: Some(4),
        availability: Availability {
            status: TargetStatus::Online,
            new_chats: true,
            transfers: true,
        },
        custom_fields: BTreeMap::from([("lpAgentId".to_owned(), "1".to_owned())]),
    }
}

pub(crate) fn unavailable(mut agent: DesiredAgent) -> DesiredAgent {
    agent.availability = Availability {
        status: TargetStatus::Away,
        new_chats: false,
        transfers: false,
    };
    agent
}

/// One answer, taken apart. The `date` header is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let mut headers = BTreeMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            assert!(
                headers.insert(name.to_owned(), value.to_owned()).is_none(),
                "{name} came twice"
            );
        }
        headers.remove("date").unwrap();
        headers.remove("connection");
        Self {
            status: status.parse().unwrap(),
            headers,
            body: body.to_owned(),
        }
    }
}

/// Sends a request line and headers (`\n` between them) on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, request: &str) -> Answer {
    ask_with_body(address, request, "").await
}

pub(crate) async fn ask_with_body(address: SocketAddr, request: &str, body: &str) -> Answer {
    let (line, headers) = request.split_once('\n').unwrap_or((request, ""));
    let mut head = vec![format!("{line} HTTP/1.1"), "host: test".to_owned()];
    head.extend(headers.split('\n').map(str::to_owned));
    if !body.is_empty() {
        head.push(format!("content-length: {}", body.len()));
    }
    head.retain(|line| !line.is_empty());
    let bytes = head.join("\r\n") + "\r\nconnection: close\r\n\r\n" + body;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    Answer::parse(&read_all(&mut stream).await)
}

/// Everything until the server closes.
pub(crate) async fn read_all(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = stream.read_to_end(&mut text);
    tokio::time::timeout(GUARD, read).await.unwrap().unwrap();
    String::from_utf8(text).unwrap()
}

/// Reads until `end` has come.
pub(crate) async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let read = stream.read_buf(&mut text);
        let count = tokio::time::timeout(GUARD, read).await.unwrap().unwrap();
        assert_ne!(
            count,
            0,
            "closed after {:?}",
            String::from_utf8_lossy(&text)
        );
    }
    String::from_utf8(text).unwrap()
}

/// Lets the other tasks run until something holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(GUARD, waiting).await;
    assert!(in_time.is_ok(), "never: {what}");
}

/// Control, store and history in one: cycles are answered by the test.
pub(crate) struct FakeDesk {
    asked: mpsc::UnboundedSender<Asked>,
    pub(crate) runs: Mutex<Vec<CycleReport>>,
}

/// A cycle somebody asked for, and where its end is told.
pub(crate) type Asked = (
    CycleRequest,
    oneshot::Sender<Result<CycleReport, ControlError>>,
);

impl FakeDesk {
    pub(crate) fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Asked>) {
        let (asked, cycles) = mpsc::unbounded_channel();
        let desk = Self {
            asked,
            runs: Mutex::default(),
        };
        (Arc::new(desk), cycles)
    }
}

impl Control for FakeDesk {
    fn sync_now(&self, request: CycleRequest) -> Future<'_, Result<CycleReport, ControlError>> {
        let (done, end) = oneshot::channel();
        self.asked.send((request, done)).unwrap();
        Box::pin(async { end.await.unwrap() })
    }
}

impl Examine for FakeDesk {
    fn examine(&self, retry_login: bool) -> Future<'_, Vec<CheckStep>> {
        let login = if retry_login {
            CheckStep::passed("login", "logged in again")
        } else {
            CheckStep::failed("login", Blame::Credentials, "refused", "correct it")
        };
        Box::pin(async { vec![login] })
    }
}

impl Inspect for FakeDesk {
    fn opened(&self) -> Opened {
        Opened::Repaired {
            quarantine: "/q".to_owned(),
        }
    }

    fn export(&self, exported_at: Timestamp) -> Result<String, StoreError> {
        Ok(format!("{{\"exported_at\":\"{exported_at}\"}}\n"))
    }

    fn findings(&self) -> Result<Vec<String>, StoreError> {
        Ok(vec![
            "`i/1` has the username of `i/2`; remove one".to_owned(),
        ])
    }

    fn disk_bytes(&self) -> u64 {
        4_096
    }
}

impl RunStore for FakeDesk {
    fn append_run(&self, report: &CycleReport) -> Result<(), StoreError> {
        self.runs.lock().unwrap().insert(0, report.clone());
        Ok(())
    }

    fn recent_runs(&self, limit: usize) -> Result<Vec<CycleReport>, StoreError> {
        let runs = self.runs.lock().unwrap();
        if runs.is_empty() {
            return Err(StoreError::Damaged {
                what: "run 1".to_owned(),
                why: "it is cut off".to_owned(),
            });
        }
        Ok(runs.iter().take(limit).cloned().collect())
    }
}
