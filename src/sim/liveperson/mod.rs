//! LivePerson's side, simulated: domain discovery, login, agent session and `availableAgents` in
//! JSON and XML over a real socket, with a world that moves by itself (LivePerson contract §1–5).
//!
//! Start it with [`Simulator::start`]; look at its people with [`Simulator::world`], break it with
//! [`Simulator::faults`], and turn what nobody documents with [`Simulator::behave`]. The same can
//! be done from outside, through the control API below `/sim/`.

mod accounts;
mod agents;
mod answer;
mod behaviour;
mod breakage;
mod connection;
mod control;
mod discovery;
mod drip;
mod element;
mod faults;
mod gzip;
mod identity;
mod json;
mod list;
mod login;
mod millis;
mod people;
mod recorder;
mod request;
mod resource;
mod service;
mod session;
mod setup;
mod style;
mod tls;
mod told;
mod traffic;
mod what;
mod world;
mod xml;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::net::TcpListener;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

pub use self::{
    behaviour::{
        Behaviour, CookieName, DiscoveryAnswer, Next, RevisionHeader, SessionAnswer, SessionOver,
        StaleCursor, Unchanged, UnknownSkill,
    },
    faults::{Fault, Faults, FaultsHandle, Place},
    identity::IdentityChange,
    people::{GROUPS, SKILLS, SimAgent},
    recorder::Recorded,
    service::Counts,
    setup::SimConfig,
    style::{Empty, Namespace, States, Style},
    what::What,
    world::WorldHandle,
};
use self::{
    connection::Desk, control::Control, identity::Identity, login::Logins, recorder::Recorder,
    service::Service, tls::Tls, told::ToldClock, traffic::Traffic, world::Recipe,
};
use crate::ports::Clock;

/// A running simulator. Dropping it stops it, too, without waiting.
pub struct Simulator {
    addr: SocketAddr,
    control: Option<SocketAddr>,
    /// The authority's certificate, when it serves https.
    ca_pem: Option<String>,
    service: Arc<Service>,
    recorder: Arc<Recorder>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stops_when_dropped: DropGuard,
}

impl Simulator {
    /// Binds, and serves until stopped. Fails when an address cannot be bound, or when no
    /// certificate could be made for https.
    pub async fn start(config: SimConfig, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let listener = bind(config.listen).await?;
        let control = match config.control {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let addr = listener.local_addr()?;
        let tls = if config.tls {
            Some(Tls::new(addr).map_err(io::Error::other)?)
        } else {
            None
        };
        let service = Arc::new(service(&config, Arc::clone(&clock)));
        let world = service.world.clone();
        let recorder = Arc::new(Recorder::default());
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let desk = Desk {
            service: Arc::clone(&service),
            recorder: Arc::clone(&recorder),
            own: addr.to_string(),
            tls: tls.as_ref().map(|tls| tls.acceptor.clone()),
            control: Control {
                service: Arc::clone(&service),
                recorder: Arc::clone(&recorder),
                from_anywhere: config.control_from_anywhere,
            },
            control_only: false,
        };
        let mut control_addr = None;
        if let Some(control) = control {
            control_addr = Some(control.local_addr()?);
            let desk = Desk {
                control_only: true,
                tls: None,
                ..desk.clone()
            };
            let accepting = connection::accept(control, desk, tasks.clone(), stop.clone());
            tasks.spawn(accepting);
        }
        let accepting = connection::accept(listener, desk, tasks.clone(), stop.clone());
        tasks.spawn(accepting);
        if !config.step_every.is_zero() {
            tasks.spawn(keep_moving(world, clock, config.step_every, stop.clone()));
        }
        Ok(Self {
            addr,
            control: control_addr,
            ca_pem: tls.map(|tls| tls.ca_pem),
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

    /// `http://127.0.0.1:port`, or the same with https: what to use as the discovery address.
    pub fn base_url(&self) -> String {
        let scheme = match self.ca_pem {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.addr)
    }

    /// The certificate, in PEM, of the authority that clients must trust; `None` without https.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Under which address `/sim/` is served: a listener of its own, or [`Self::base_url`].
    pub fn control_url(&self) -> String {
        match self.control {
            Some(address) => format!("http://{address}"),
            None => self.base_url(),
        }
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
        self.service.behave(change);
    }

    /// How it behaves where the contract is open.
    pub fn behaviour(&self) -> Behaviour {
        self.service.behaviour()
    }

    /// Changes who may log in, and ends all logins when told so.
    pub fn identify(&self, change: IdentityChange) {
        self.service.identify(change);
    }

    /// Another client logs in as the same user; what that does to the first one is up to
    /// [`Behaviour::second_login_revokes`].
    pub fn intrude(&self) {
        self.service.intrude();
    }

    /// Moves the wall clock that it tells, in milliseconds, either way. Its waits do not notice.
    pub fn jump(&self, millis: i64) {
        self.service.clock.jump(millis);
    }

    /// How many logins, sessions and requests there are.
    pub fn counts(&self) -> Counts {
        self.service.counts()
    }

    /// Requests being answered now, to the last byte of the answer.
    pub fn in_flight(&self) -> usize {
        self.counts().in_flight
    }

    /// Those of them that wait on the clock or in silence. When all are held, nothing more happens
    /// until the clock moves or a fault is changed.
    pub fn held(&self) -> usize {
        self.counts().held
    }

    /// The newest few thousand requests, oldest first.
    pub fn log(&self) -> Vec<Recorded> {
        self.recorder.all()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.recorder.clear();
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
    // A step by hand counts as a second of the world.
    let step_seconds = config.step_every.as_secs().max(1);
    Service {
        identity: Mutex::new(Identity {
            account: config.account.clone(),
            username: config.username.clone(),
            password: config.password.clone(),
            app_key: config.app_key.clone(),
            app_secret: config.app_secret.clone(),
        }),
        behaviour: Mutex::new(config.behaviour.clone()),
        faults: FaultsHandle::new(config.faults.clone()),
        world: WorldHandle::new(&Recipe {
            agents: config.agents,
            skills: config.skills.clamp(1, SKILLS.len()),
            seed: config.seed,
            own_login: config.username.clone(),
            step_seconds: i64::try_from(step_seconds).unwrap_or(1),
            turnover: config.turnover,
        }),
        clock: Arc::new(ToldClock::new(clock)),
        traffic: Arc::new(Traffic::default()),
        logins: Mutex::new(Logins::new(config.seed)),
        lists: agents::Lists::default(),
        skills: config.skills.clamp(1, SKILLS.len()),
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
