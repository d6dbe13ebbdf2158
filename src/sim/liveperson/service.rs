//! The service behind the socket: what every resource shares, and the way of a request through it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use serde_json::json;

use super::{
    accounts,
    agents::{self, Lists},
    answer::Answer,
    behaviour::Behaviour,
    breakage::{instead, spoil},
    discovery,
    faults::{FaultsHandle, Taken},
    identity::{Identity, IdentityChange},
    login,
    login::Logins,
    request::Request,
    resource::Resource,
    session,
    told::ToldClock,
    traffic::{Traffic, Until},
    what::What,
    world::WorldHandle,
};

/// Everything the resources share.
pub(super) struct Service {
    pub(super) identity: Mutex<Identity>,
    pub(super) behaviour: Mutex<Behaviour>,
    pub(super) faults: FaultsHandle,
    pub(super) world: WorldHandle,
    pub(super) clock: Arc<ToldClock>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) logins: Mutex<Logins>,
    pub(super) lists: Lists,
    /// How many of the skills there are the account has.
    pub(super) skills: usize,
}

/// How many log-ins, sessions and requests there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Logins that are good now.
    pub logins: usize,
    /// Agent sessions that are good now.
    pub sessions: usize,
    /// Logins ever made, those of intruders among them.
    pub logins_made: u64,
    /// Agent sessions ever made.
    pub sessions_made: u64,
    /// Requests being answered now.
    pub in_flight: usize,
    /// Those of them that wait on the clock, or in silence.
    pub held: usize,
}

impl Service {
    pub(super) fn behaviour(&self) -> Behaviour {
        lock(&self.behaviour).clone()
    }

    /// Changes the switches, or looks at them.
    pub(super) fn behave<T>(&self, change: impl FnOnce(&mut Behaviour) -> T) -> T {
        change(&mut lock(&self.behaviour))
    }

    pub(super) fn identity(&self) -> Identity {
        lock(&self.identity).clone()
    }

    pub(super) fn logins(&self) -> MutexGuard<'_, Logins> {
        lock(&self.logins)
    }

    /// Changes who may log in. Who is logged in already stays so unless the change revokes.
    pub(super) fn identify(&self, change: IdentityChange) {
        if change.revoke {
            self.logins().revoke_all();
        }
        lock(&self.identity).change(change);
    }

    /// Another client logs in as the same user.
    pub(super) fn intrude(&self) {
        let behaviour = self.behaviour();
        self.logins().open(self.clock.elapsed(), &behaviour);
    }

    pub(super) fn counts(&self) -> Counts {
        let now = self.clock.elapsed();
        let (in_flight, held) = self.traffic.count(now);
        let behaviour = self.behaviour();
        Counts {
            in_flight,
            held,
            ..self.logins().counts(now, &behaviour)
        }
    }

    /// Answers one request, with the fault in force at its place.
    pub(super) async fn answer(self: &Arc<Self>, request: Request) -> Answer {
        let Some((_, resource)) = Resource::find(&request.path) else {
            return Answer::text(404, "text/plain", "Not Found");
        };
        let place = resource.place();
        let fault = self.faults.take(place);
        if let Some(fault) = &fault {
            self.wait(fault).await;
        }
        let what = fault.map(|fault| fault.what);
        if let Some(instead) = what
            .as_ref()
            .and_then(|what| instead(self, &request, place, what))
        {
            return instead;
        }
        let (service, spoilt) = (Arc::clone(self), what.clone());
        // Rendering 100,000 agents takes a while: not on a thread that serves others.
        let answer =
            tokio::task::spawn_blocking(move || service.healthy(&request, spoilt.as_ref()));
        match (answer.await, what) {
            (Ok(answer), None) => answer,
            (Ok(answer), Some(what)) => spoil(self, answer, what),
            // Our own bug: say so instead of leaving the client hanging.
            (Err(_), _) => Answer::text(500, "text/plain", "the simulator failed"),
        }
    }

    /// Holds an answer back as a fault says.
    async fn wait(&self, fault: &Taken) {
        if !fault.delay.is_zero() {
            let nap = self.clock.sleep(fault.delay);
            let until = Until::Elapsed(self.clock.elapsed() + fault.delay);
            let _held = self.traffic.hold(until);
            nap.await;
        }
        if fault.what == What::Silence {
            let until = Until::Released(fault.released.clone());
            let _held = self.traffic.hold(until);
            fault.released.cancelled().await;
        }
    }

    fn healthy(&self, request: &Request, fault: Option<&What>) -> Answer {
        let Some((account, resource)) = Resource::find(&request.path) else {
            return Answer::empty(404);
        };
        if !resource.takes(request.verb) {
            return Answer::text(405, "text/plain", "Method Not Allowed");
        }
        let refused = match resource {
            Resource::Domain(_)
            | Resource::Domains
            | Resource::Login
            | Resource::Refresh
            | Resource::Logout
            // Answers for itself: its refusals look like those of the login service.
            | Resource::Accounts(_) => None,
            Resource::Sessions => session::refused(self, request, account),
            Resource::Session(id)
            | Resource::Availability(id)
            | Resource::Info(id)
            | Resource::Incoming(id)
            | Resource::Agents(id) => session::shut_out(self, request, account, id),
        };
        if let Some(refused) = refused {
            return refused;
        }
        match resource {
            Resource::Domain(name) => discovery::one(self, request, account, name),
            Resource::Domains => discovery::all(self, request, account),
            Resource::Login => login::login(self, request, account, fault),
            Resource::Refresh => login::refresh(self, request, account),
            Resource::Logout => login::logout(self, request, account),
            Resource::Sessions => session::open(self, request, account, fault),
            Resource::Session(id) => session::show(request, account, id, fault),
            Resource::Availability(_) => session::availability(self, request),
            Resource::Info(id) => session::info(self, request, account, id, fault),
            Resource::Incoming(_) => session::incoming(request),
            Resource::Agents(id) => agents::show(self, request, account, id, fault),
            Resource::Accounts(kind) => accounts::show(self, request, account, kind, fault),
        }
    }
}

/// An error of the login service and of discovery: always JSON (contract §7.1 row 2).
pub(super) fn refusal(service: &Service, status: u16, code: u32, message: &str) -> Answer {
    let now = service.clock.now();
    let time = jiff::Timestamp::from_millisecond(now.millis())
        .map(|time| time.strftime("%b %-d, %Y %-I:%M:%S %p").to_string());
    let name = StatusCode::from_u16(status).ok();
    let name = name
        .and_then(|status| status.canonical_reason())
        .unwrap_or("UNKNOWN");
    Answer::json(
        status,
        &json!({ "error": {
            "time": time.unwrap_or_default(),
            "message": message,
            "internalCode": code,
            "responseStatus": name.to_uppercase().replace(' ', "_"),
        }}),
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
