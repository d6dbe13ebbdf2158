//! The control API: everything a rehearsal changes while the simulator runs, below `/sim/`.
//!
//! It is a tool for one machine: nobody has to log in, so a client from elsewhere is refused. Bad
//! input gets 400 with a sentence, and changes nothing. Requests to it are not in the log.
//!
//! | path | GET | POST | DELETE |
//! |---|---|---|---|
//! | `/sim/faults` | the faults | all of them, a list | clears all |
//! | `/sim/behaviour` | the switches | any of them | |
//! | `/sim/world` | the people | people, presence, departments, settings | |
//! | `/sim/state` | the final state without ids and moments | | |
//! | `/sim/log` | the requests | | empties it |
//! | `/sim/writes` | those that took effect | | empties it |

use std::{net::SocketAddr, sync::Arc};

use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    answer::Answer,
    arrange::{self, Arrangement},
    behaviour::Behaviour,
    faults::Faults,
    service::Service,
};

/// First segment of every path of the control API.
pub(super) const ROOT: &str = "sim";

/// Arrangements of many people are long.
pub(super) const BODY_LIMIT: usize = 16 * 1024 * 1024;

const PATHS: [&str; 6] = ["faults", "behaviour", "world", "state", "log", "writes"];

/// What the control API works on.
#[derive(Clone)]
pub(super) struct Control {
    pub(super) service: Arc<Service>,
}

/// Why a request changes nothing.
type Refusal = (u16, String);

impl Control {
    /// Answers a request to `/sim/{path}` by the client at `peer`.
    pub(super) fn answer(
        &self,
        peer: SocketAddr,
        method: &Method,
        path: &[&str],
        body: &[u8],
    ) -> Answer {
        if !peer.ip().to_canonical().is_loopback() {
            let message = "the control API is for clients on this machine";
            return refused((403, message.to_owned()));
        }
        let [name] = path else {
            return refused(not_found());
        };
        self.act(name, method.as_str(), body)
            .unwrap_or_else(refused)
    }

    fn act(&self, name: &str, method: &str, body: &[u8]) -> Result<Answer, Refusal> {
        let service = &self.service;
        match (name, method) {
            ("faults", "GET") => {}
            ("faults", "POST") => service.faults.set(read::<Faults>("the faults", body)?),
            ("faults", "DELETE") => service.faults.clear(),
            ("behaviour", "GET") => return Ok(shown(&service.behaviour())),
            ("behaviour", "POST") => return set_behaviour(service, body),
            ("world" | "state", "GET") => return Ok(shown(&service.world.digest())),
            ("world", "POST") => {
                let wanted = read::<Arrangement>("the world", body)?;
                let done = arrange::apply(service, wanted);
                done.map_err(|error| (400, format!("cannot arrange the world: {error}")))?;
                return Ok(shown(&service.world.digest()));
            }
            ("log", "GET") => return Ok(shown(&json!({ "requests": service.recorder.all() }))),
            ("writes", "GET") => {
                return Ok(shown(&json!({ "requests": service.recorder.writes() })));
            }
            ("log" | "writes", "DELETE") => {
                service.recorder.clear();
                return Ok(shown(&json!({ "requests": [] })));
            }
            (known, method) if PATHS.contains(&known) => {
                return Err((405, format!("/sim/{known} does not take {method}")));
            }
            _ => return Err(not_found()),
        }
        Ok(shown(&service.faults.get()))
    }
}

fn not_found() -> Refusal {
    let known = PATHS.map(|path| format!("/sim/{path}")).join(", ");
    (404, format!("no such path; there are {known}"))
}

fn refused((status, message): Refusal) -> Answer {
    Answer::json(status, &json!({ "error": message }))
}

fn shown(value: &impl Serialize) -> Answer {
    match serde_json::to_vec(value) {
        Ok(body) => Answer::text(200, "application/json", body),
        // Our own bug: maps with keys of text cannot fail.
        Err(error) => refused((500, error.to_string())),
    }
}

/// A body as JSON of a known shape.
fn read<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, Refusal> {
    let mut from = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut from).map_err(|error| error.to_string());
    let read = read.and_then(|value| {
        let end = from.end().map_err(|error| error.to_string());
        end.map(|()| value)
    });
    read.map_err(|error| (400, format!("cannot read {what}: {error}")))
}

fn set_behaviour(service: &Service, body: &[u8]) -> Result<Answer, Refusal> {
    let patch: Map<String, Value> = read("the behaviour", body)?;
    let unreadable = |error: &dyn std::fmt::Display| {
        let message = format!("cannot read the behaviour: {error}");
        (400, message)
    };
    service.behave(|behaviour| {
        let mut whole = serde_json::to_value(&*behaviour).map_err(|error| unreadable(&error))?;
        for (name, value) in patch {
            whole[name] = value;
        }
        *behaviour = serde_path_to_error::deserialize::<_, Behaviour>(whole)
            .map_err(|error| unreadable(&error))?;
        Ok(shown(behaviour))
    })
}
