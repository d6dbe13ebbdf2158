//! Rocket.Chat's admin side, simulated: users, roles, agents, departments, memberships, limits and
//! settings over a real socket, with the behaviours that provisioning trips over (admin contract
//! §1–3, §6).
//!
//! Start it with [`Simulator::start`]; look at and arrange its workspace with
//! [`Simulator::world`], break it with [`Simulator::faults`], and turn what releases differ in with
//! [`Simulator::behave`]. The same can be done from outside, through the control API below `/sim/`.

mod answer;
mod api;
mod arrange;
mod behaviour;
mod call;
mod connection;
mod control;
mod faults;
mod limiter;
mod paging;
mod recorder;
mod request;
mod route;
mod schema;
mod service;
mod setup;
mod webhook;
mod world;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

pub use self::{
    behaviour::{Behaviour, BusinessHours, CustomFields, ReAdd, TwoFactor, UndefinedField},
    faults::{Fault, Faults, FaultsHandle, On, What},
    recorder::Recorded,
    setup::{Edition, RateLimit, SimConfig, Version},
    world::{NewUser, SimDepartment, SimEmail, SimMail, SimMember, SimUser, WorldHandle},
};
use self::{
    connection::Desk, control::Control, limiter::Limiter, recorder::Recorder, service::Service,
    world::World,
};
use crate::ports::Clock;

/// A running simulator. Dropping it stops it, too, without waiting.
pub struct Simulator {
    addr: SocketAddr,
    control: Option<SocketAddr>,
    user_id: String,
    token: String,
    service: Arc<Service>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stops_when_dropped: DropGuard,
}

impl Simulator {
    /// Binds, and serves until stopped. Fails when an address cannot be bound.
    pub async fn start(config: SimConfig, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let listener = bind(config.listen).await?;
        let control = match config.control {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let addr = listener.local_addr()?;
        let service = Arc::new(service(&config, clock));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let desk = Desk {
            service: Arc::clone(&service),
            control: Control {
                service: Arc::clone(&service),
            },
            control_only: false,
        };
        let mut control_addr = None;
        if let Some(control) = control {
            control_addr = Some(control.local_addr()?);
            let desk = Desk {
                control_only: true,
                ..desk.clone()
            };
            let accepting = connection::accept(control, desk, tasks.clone(), stop.clone());
            tasks.spawn(accepting);
        }
        let accepting = connection::accept(listener, desk, tasks.clone(), stop.clone());
        tasks.spawn(accepting);
        Ok(Self {
            addr,
            control: control_addr,
            user_id: config.user_id,
            token: config.token,
            service,
            tasks,
            _stops_when_dropped: stop.clone().drop_guard(),
            stop,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:port`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Under which address `/sim/` is served: a listener of its own, or [`Self::base_url`].
    pub fn control_url(&self) -> String {
        let address = self.control.unwrap_or(self.addr);
        format!("http://{address}")
    }

    /// The id of the bridge's service user.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// His personal access token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The workspace.
    pub fn world(&self) -> WorldHandle {
        self.service.world.clone()
    }

    /// The faults.
    pub fn faults(&self) -> FaultsHandle {
        self.service.faults.clone()
    }

    /// Changes how it behaves where releases differ.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        self.service.behave(change);
    }

    /// How it behaves where releases differ.
    pub fn behaviour(&self) -> Behaviour {
        self.service.behaviour()
    }

    /// The newest 20,000 requests, oldest first.
    pub fn log(&self) -> Vec<Recorded> {
        self.service.recorder.all()
    }

    /// The newest 100,000 requests that changed something, in the order of their effects. One whose
    /// answer got lost is among them; one that set what was there already is not.
    pub fn writes(&self) -> Vec<Recorded> {
        self.service.recorder.writes()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.service.recorder.clear();
    }

    /// The whole state as sorted JSON without ids and moments: equal ends dump alike.
    pub fn state_digest(&self) -> Value {
        self.service.world.digest()
    }

    /// Stops listening, drops every connection and waits until nothing of it runs.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Says which address it was when it fails.
async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| {
        let message = format!("cannot listen on {address}: {error}");
        io::Error::new(error.kind(), message)
    })
}

fn service(config: &SimConfig, clock: Arc<dyn Clock>) -> Service {
    let behaviour = Behaviour {
        delay: config.behaviour.delay.max(config.delay),
        ..config.behaviour.clone()
    };
    Service {
        world: WorldHandle::new(World::new(config, clock.now())),
        behaviour: Mutex::new(behaviour),
        faults: FaultsHandle::new(config.faults.clone(), config.seed),
        recorder: Recorder::default(),
        limiter: Mutex::new(Limiter::default()),
        rate_limit: config.rate_limit,
        version: config.version,
        clock,
    }
}
