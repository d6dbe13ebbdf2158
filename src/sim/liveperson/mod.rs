//! LivePerson's side, simulated: domain discovery, login, agent session and `availableAgents` in
//! JSON and XML over a real socket, with a world that moves by itself (LivePerson contract §1–5).
//!
//! Plain HTTP only: it is for loopback. Start it with [`Simulator::start`]; look at its people with
//! [`Simulator::world`], break it with [`Simulator::faults`], and turn what nobody documents with
//! [`Simulator::behave`].

mod agents;
mod answer;
mod behaviour;
mod connection;
mod discovery;
mod element;
mod faults;
mod gzip;
mod json;
mod list;
mod login;
mod people;
mod recorder;
mod request;
mod service;
mod session;
mod world;
mod xml;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::net::TcpListener;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

pub use self::{
    behaviour::{
        Behaviour, Empty, Namespace, Next, SessionAnswer, SessionOver, StaleCursor, Style,
    },
    faults::{Fault, Faults, FaultsHandle, Place, What},
    people::{GROUPS, SKILLS, SimAgent},
    recorder::Recorded,
    world::WorldHandle,
};
use self::{
    login::Logins,
    recorder::Recorder,
    service::{Identity, Service},
    world::Recipe,
};
use crate::ports::Clock;

/// What a simulator is made from. It has no `Debug`, since it holds a password.
#[derive(Clone)]
pub struct SimConfig {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Account number.
    pub account: String,
    /// Login name of the one user who may log in.
    pub username: String,
    /// Its password.
    pub password: String,
    /// For a login by keys instead of the password (contract §2.3): the key or client id.
    pub app_key: String,
    /// The secret of that key.
    pub app_secret: String,
    /// How many agents there are besides that user.
    pub agents: usize,
    /// Seed of the world and of the tokens. Same seed, same steps: same people, same states.
    pub seed: u64,
    /// How often the world moves by itself; zero leaves that to [`WorldHandle::step`].
    pub step_every: Duration,
    /// Whether steps also take agents off the list and bring them back, from ten agents on.
    pub turnover: bool,
    /// How it behaves where the contract is open.
    pub behaviour: Behaviour,
    /// What goes wrong from the start.
    pub faults: Faults,
}

impl Default for SimConfig {
    /// Account `12345678`, user `bridge` with password `bridge-password`, 25 agents who move every
    /// second, on a free port of loopback.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            account: "12345678".to_owned(),
            username: "bridge".to_owned(),
            password: "bridge-password".to_owned(),
            app_key: "bridge-key".to_owned(),
            app_secret: "bridge-secret".to_owned(),
            agents: 25,
            seed: 1,
            step_every: Duration::from_secs(1),
            turnover: true,
            behaviour: Behaviour::default(),
            faults: Faults::default(),
        }
    }
}

/// A running simulator. Dropping it stops it, too, without waiting.
pub struct Simulator {
    addr: SocketAddr,
    service: Arc<Service>,
    recorder: Arc<Recorder>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stops_when_dropped: DropGuard,
}

impl Simulator {
    /// Binds, and serves until stopped. Fails only when the address cannot be bound.
    pub async fn start(config: SimConfig, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let addr = listener.local_addr()?;
        // A step by hand counts as a second of the world.
        let step_seconds = config.step_every.as_secs().max(1);
        let world = WorldHandle::new(&Recipe {
            agents: config.agents,
            seed: config.seed,
            own_login: config.username.clone(),
            step_seconds: i64::try_from(step_seconds).unwrap_or(1),
            turnover: config.turnover,
        });
        let service = Arc::new(Service {
            identity: Identity {
                account: config.account,
                username: config.username,
                password: config.password,
                app_key: config.app_key,
                app_secret: config.app_secret,
            },
            behaviour: Mutex::new(config.behaviour),
            faults: FaultsHandle::new(config.faults),
            world: world.clone(),
            clock: Arc::clone(&clock),
            logins: Mutex::new(Logins::new(config.seed)),
            lists: agents::Lists::default(),
        });
        let recorder = Arc::new(Recorder::default());
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(connection::accept(
            listener,
            connection::Desk {
                service: Arc::clone(&service),
                recorder: Arc::clone(&recorder),
                own: addr.to_string(),
            },
            tasks.clone(),
            stop.clone(),
        ));
        if !config.step_every.is_zero() {
            tasks.spawn(keep_moving(world, clock, config.step_every, stop.clone()));
        }
        Ok(Self {
            addr,
            service,
            recorder,
            tasks,
            _stops_when_dropped: stop.clone().drop_guard(),
            stop,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:port`: what to use as the discovery address.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The people.
    pub fn world(&self) -> WorldHandle {
        self.service.world.clone()
    }

    /// The faults.
    pub fn faults(&self) -> FaultsHandle {
        self.service.faults.clone()
    }

    /// Changes how it behaves where the contract is open.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        let behaviour = self.service.behaviour.lock();
        change(&mut behaviour.unwrap_or_else(PoisonError::into_inner));
    }

    /// The newest few thousand requests, oldest first.
    pub fn log(&self) -> Vec<Recorded> {
        self.recorder.all()
    }

    /// Stops listening, drops every connection and waits until nothing of it runs.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn keep_moving(
    world: WorldHandle,
    clock: Arc<dyn Clock>,
    every: Duration,
    stop: CancellationToken,
) {
    let moving = async {
        loop {
            clock.sleep(every).await;
            world.step();
        }
    };
    stop.run_until_cancelled(moving).await;
}
