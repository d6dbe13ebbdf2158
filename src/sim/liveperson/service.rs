//! The service behind the socket: which resource a request means, and what a fault makes of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{StatusCode, header};
use serde_json::json;

use super::{
    agents::{self, Lists},
    answer::{Answer, Pieces},
    behaviour::Behaviour,
    discovery,
    faults::{Fault, FaultsHandle, Place, What},
    gzip, login,
    login::Logins,
    request::{Request, Verb},
    session,
    world::WorldHandle,
    xml,
};
use crate::ports::Clock;

/// Who the account is and who may log in.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) account: String,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) app_key: String,
    pub(super) app_secret: String,
}

/// Everything the resources share.
pub(super) struct Service {
    pub(super) identity: Identity,
    pub(super) behaviour: Mutex<Behaviour>,
    pub(super) faults: FaultsHandle,
    pub(super) world: WorldHandle,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) logins: Mutex<Logins>,
    pub(super) lists: Lists,
}

/// What a request means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource<'a> {
    Domain(&'a str),
    Domains,
    Login,
    Refresh,
    Logout,
    Sessions,
    Session(&'a str),
    Availability(&'a str),
    Info(&'a str),
    Incoming(&'a str),
    Agents(&'a str),
}

impl<'a> Resource<'a> {
    /// The account and the resource that a path names; names are case-sensitive (contract §4.1).
    fn find(path: &'a [String]) -> Option<(&'a str, Self)> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (root, account, rest) = match path.as_slice() {
            [root @ ("api" | "csdr"), "account", account, rest @ ..] => (*root, *account, rest),
            _ => return None,
        };
        let resource = match rest {
            ["service", name, "baseURI"] => Self::Domain(name),
            ["service", "baseURI"] => Self::Domains,
            // The older root knows nothing but discovery (contract §1).
            _ if root == "csdr" => return None,
            ["login"] => Self::Login,
            ["refresh"] => Self::Refresh,
            ["logout"] => Self::Logout,
            ["agentSession"] => Self::Sessions,
            ["agentSession", id] => Self::Session(id),
            ["agentSession", id, "availability"] => Self::Availability(id),
            ["agentSession", id, "info"] => Self::Info(id),
            ["agentSession", id, "incomingRequests"] => Self::Incoming(id),
            ["agentSession", id, "availableAgents"] => Self::Agents(id),
            _ => return None,
        };
        Some((account, resource))
    }

    const fn place(self) -> Place {
        match self {
            Self::Domain(_) | Self::Domains => Place::Discovery,
            Self::Login => Place::Login,
            Self::Refresh | Self::Logout => Place::Refresh,
            Self::Sessions
            | Self::Session(_)
            | Self::Availability(_)
            | Self::Info(_)
            | Self::Incoming(_) => Place::Session,
            Self::Agents(_) => Place::Agents,
        }
    }

    /// Whether a method is for this resource. Availability answers for itself.
    const fn takes(self, verb: Verb) -> bool {
        match self {
            Self::Login | Self::Refresh | Self::Logout | Self::Sessions => {
                matches!(verb, Verb::Post)
            }
            Self::Availability(_) => true,
            Self::Domain(_)
            | Self::Domains
            | Self::Session(_)
            | Self::Info(_)
            | Self::Incoming(_)
            | Self::Agents(_) => matches!(verb, Verb::Get),
        }
    }
}

impl Service {
    pub(super) fn behaviour(&self) -> Behaviour {
        let behaviour = self
            .behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        behaviour.clone()
    }

    pub(super) fn logins(&self) -> MutexGuard<'_, Logins> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request, with the fault in force at its place.
    pub(super) async fn answer(self: &Arc<Self>, request: Request) -> Answer {
        let Some((_, resource)) = Resource::find(&request.path) else {
            return Answer::text(404, "text/plain", "Not Found");
        };
        let place = resource.place();
        let fault = self.faults.take(place);
        if let Some(Fault { delay, .. }) = &fault {
            self.clock.sleep(*delay).await;
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
            (Ok(answer), Some(what)) => spoil(answer, what),
            // Our own bug: say so instead of leaving the client hanging.
            (Err(_), _) => Answer::text(500, "text/plain", "the simulator failed"),
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
            | Resource::Logout => None,
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
            Resource::Login => login::login(self, request, account),
            Resource::Refresh => login::refresh(self, request, account),
            Resource::Logout => login::logout(self, request, account),
            Resource::Sessions => session::open(self, request, account),
            Resource::Session(id) => session::show(request, account, id),
            Resource::Availability(_) => session::availability(self, request),
            Resource::Info(id) => session::info(self, request, account, id),
            Resource::Incoming(_) => session::incoming(request),
            Resource::Agents(id) => agents::show(self, request, account, id, fault),
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

/// The answer of a fault that does not look at the request.
fn instead(service: &Service, request: &Request, place: Place, what: &What) -> Option<Answer> {
    let page = |status| {
        let body = "<!DOCTYPE html><html><head><title>Service unavailable</title></head>\
                    <body><h1>We will be back soon</h1></body></html>";
        Answer::text(status, "text/html; charset=utf-8", body)
    };
    Some(match what {
        What::Html503 => page(503),
        What::Html200 => page(200),
        What::Status(status) => by_status(service, request, place, *status),
        What::Answer {
            status,
            content_type,
            body,
        } => Answer::text(*status, content_type, body.clone()),
        What::EntityBomb => Answer::text(200, "application/xml", xml::entity_bomb()),
        What::HugeBody(size) => {
            let open = Pieces::of([HUGE.into()]).filled(size.saturating_sub(HUGE.len() as u64));
            Answer {
                body: open,
                ..Answer::text(200, "application/json", "")
            }
        }
        What::GzipBomb(size) => Answer::text(200, "application/json", gzip::bomb(HUGE, *size))
            .with(header::CONTENT_ENCODING, "gzip".to_owned()),
        What::Nothing
        | What::ContentType(_)
        | What::Truncate(_)
        | What::Reset(_)
        | What::EmptyList
        | What::HalfList
        | What::ForeignAccount(_) => return None,
    })
}

/// How a huge list begins: valid so far, and white space after it is valid, too.
const HUGE: &str = "{\"availableAgents\":{\"agents\":{\"agent\":[ ";

/// A status with the body LivePerson sends beside it.
fn by_status(service: &Service, request: &Request, place: Place, status: u16) -> Answer {
    let known = StatusCode::from_u16(status).ok();
    let reason = known
        .and_then(|status| status.canonical_reason())
        .unwrap_or("refused");
    match (status, place) {
        (204 | 304, _) => Answer::empty(status),
        (500.., _) => {
            let body = json!({ "error": "LeLogin1 failed - invalid url received from app server" });
            Answer::json(status, &body)
        }
        (401, Place::Session | Place::Agents) => session::rejected(),
        (_, Place::Session | Place::Agents) => session::problem(service, request, status, reason),
        (_, Place::Discovery | Place::Login | Place::Refresh) => {
            refusal(service, status, 5, reason)
        }
    }
}

/// What a fault makes of a true answer.
fn spoil(mut answer: Answer, what: What) -> Answer {
    match what {
        What::ContentType(name) => answer.content_type = name,
        What::Truncate(size) => answer.body.truncate(size),
        What::Reset(size) => {
            answer.body.truncate(size);
            answer.body = answer.body.broken();
        }
        // Done where the list is made, or instead of it.
        What::Nothing
        | What::EmptyList
        | What::HalfList
        | What::ForeignAccount(_)
        | What::Html503
        | What::Html200
        | What::Status(_)
        | What::Answer { .. }
        | What::HugeBody(_)
        | What::GzipBomb(_)
        | What::EntityBomb => {}
    }
    answer
}
