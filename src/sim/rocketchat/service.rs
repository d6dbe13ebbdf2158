//! The service behind the socket: what every route shares, and the way of a request through it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::{
    answer::{Answer, Refused},
    api,
    behaviour::Behaviour,
    call::Call,
    faults::{FaultsHandle, What},
    limiter::{Limiter, Told},
    recorder::{Recorded, Recorder},
    request::Request,
    route::{Found, Route},
    setup::{RateLimit, Version},
    webhook::{self, Outgoing},
    world::WorldHandle,
};
use crate::ports::Clock;

/// Everything that the routes share.
pub(super) struct Service {
    pub(super) world: WorldHandle,
    pub(super) behaviour: Mutex<Behaviour>,
    pub(super) faults: FaultsHandle,
    pub(super) recorder: Recorder,
    pub(super) limiter: Mutex<Limiter>,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) version: Version,
    pub(super) clock: Arc<dyn Clock>,
}

/// What came of a request before anything is sent.
struct Handled {
    answer: Answer,
    outgoing: Option<Outgoing>,
}

impl Service {
    pub(super) fn behaviour(&self) -> Behaviour {
        lock(&self.behaviour).clone()
    }

    /// Changes the switches, or looks at them.
    pub(super) fn behave<T>(&self, change: impl FnOnce(&mut Behaviour) -> T) -> T {
        change(&mut lock(&self.behaviour))
    }

    /// Answers one request, with the fault that strikes it.
    pub(super) async fn answer(&self, request: Request) -> Answer {
        let (route, variable) = match Route::find(&request.method, &request.segments) {
            Found::Route(route, variable) => (route, variable),
            Found::OtherMethod => return self.lost(&request, 405, "Method not allowed"),
            Found::Nowhere => return self.lost(&request, 404, "Resource not found"),
        };
        let fault = self.faults.take(route, request.reads());
        let what = fault.as_ref().map(|fault| &fault.what);
        let handled = match what.and_then(instead) {
            Some(answer) => {
                self.recorder
                    .add(record(&request, Some(route), answer.status, false));
                Handled {
                    answer,
                    outgoing: None,
                }
            }
            None => self.handle(&request, (route, &variable), what),
        };
        let mut answer = match handled.outgoing {
            Some(outgoing) => webhook::deliver(&outgoing, &*self.clock).await,
            None => handled.answer,
        };
        let mut delay = self.behave(|behaviour| behaviour.delay);
        if let Some(fault) = fault {
            delay += fault.delay;
            match fault.what {
                What::Silence | What::SilenceAfter => fault.released.cancelled().await,
                What::StatusAfter(status) => answer = Answer::status(status),
                What::ResetAfter => answer = Answer::reset(),
                What::Truncate => answer = answer.cut(),
                // Done instead of the answer, or by the handler.
                What::Nothing
                | What::Status(_)
                | What::Reset
                | What::Html
                | What::Unsuccessful
                | What::UserWithoutFields
                | What::UserWithoutFlag => {}
            }
        }
        if !delay.is_zero() {
            self.clock.sleep(delay).await;
        }
        answer
    }

    /// A request to a path or with a method that does not exist.
    fn lost(&self, request: &Request, status: u16, why: &str) -> Answer {
        self.recorder.add(record(request, None, status, false));
        Refused::plain_with(status, why).into_answer()
    }

    /// Handles a request and writes it into the log, all under one lock, so that the order of the
    /// log is that of the effects.
    fn handle(
        &self,
        request: &Request,
        (route, variable): (Route, &[String]),
        what: Option<&What>,
    ) -> Handled {
        let behaviour = self.behaviour();
        let mut world = self.world.lock();
        world.now = self.clock.now();
        world.changed = false;
        let mut call = Call {
            world: &mut world,
            request,
            route,
            variable,
            caller: String::new(),
            behaviour: &behaviour,
            version: self.version,
            elapsed: self.clock.elapsed(),
            fault: what,
            outgoing: None,
            admitted: false,
        };
        let mut told = None;
        let done = call
            .identify()
            .and_then(|()| self.limit(&call, &mut told))
            .and_then(|()| api::act(&mut call));
        let (outgoing, admitted) = (call.outgoing.take(), call.admitted);
        debug_assert!(
            done.is_err() || admitted,
            "{route:?} checked no permissions"
        );
        let mut answer = match done {
            Ok(mut body) => {
                if !matches!(route, Route::Login | Route::Logout) {
                    body.insert("success".to_owned(), Value::Bool(true));
                }
                Answer::json(200, &Value::Object(body))
            }
            Err(refused) => refused.into_answer(),
        };
        if let Some(told) = told {
            let end = world.now.plus(told.reset_in).millis();
            answer = answer
                .with("x-ratelimit-limit", told.limit.to_string())
                .with("x-ratelimit-remaining", told.remaining.to_string())
                .with("x-ratelimit-reset", end.to_string());
        }
        let status = match what {
            Some(What::ResetAfter | What::SilenceAfter | What::Silence) => 0,
            Some(What::StatusAfter(status)) => *status,
            _ => answer.status,
        };
        self.recorder
            .add(record(request, Some(route), status, world.changed));
        Handled { answer, outgoing }
    }

    fn limit(&self, call: &Call<'_>, told: &mut Option<Told>) -> Result<(), Refused> {
        let Some(limit) = self.rate_limit else {
            return Ok(());
        };
        if !call.world.is_on("API_Enable_Rate_Limiter") || call.may("api-bypass-rate-limit") {
            return Ok(());
        }
        let key = (call.request.peer, call.route);
        let said = lock(&self.limiter).count(limit, key, call.elapsed);
        *told = Some(said);
        if said.allowed {
            return Ok(());
        }
        Err(Refused::too_many(said.reset_in.as_secs().max(1)))
    }

    /// The last window of every caller is forgotten.
    pub(super) fn forget_limits(&self) {
        lock(&self.limiter).clear();
    }
}

/// What a fault sends instead of handling anything.
fn instead(what: &What) -> Option<Answer> {
    Some(match what {
        What::Status(status) => Answer::status(*status),
        What::Reset | What::Silence => Answer::reset(),
        What::Html => Answer::page(200),
        What::Unsuccessful => Answer::json(200, &serde_json::json!({ "success": false })),
        What::Nothing
        | What::StatusAfter(_)
        | What::ResetAfter
        | What::SilenceAfter
        | What::Truncate
        | What::UserWithoutFields
        | What::UserWithoutFlag => return None,
    })
}

fn record(request: &Request, route: Option<Route>, status: u16, took_effect: bool) -> Recorded {
    let empty = |body: &Value| body.as_object().is_some_and(serde_json::Map::is_empty);
    Recorded {
        method: request.method.to_string(),
        path: request.path.clone(),
        query: request.query.clone(),
        body: request.body.clone().filter(|body| !empty(body)),
        status,
        route: route.map_or("", Route::name),
        took_effect,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
