//! The control API: everything a rehearsal changes while the simulator runs, below `/sim/`.
//!
//! It is a tool for one machine: nobody has to log in, so a client from elsewhere is refused
//! unless the simulator was told otherwise at its start. Bad input gets 400 with a sentence that
//! names what is known, and changes nothing. Requests to it are not in the log.
//!
//! | path | GET | POST | DELETE |
//! |---|---|---|---|
//! | `/sim/faults` | the faults | any places; `null` clears one | clears all |
//! | `/sim/behaviour` | the switches | any of them | |
//! | `/sim/world` | the people | steps, changes of people | |
//! | `/sim/identity` | | who may log in | |
//! | `/sim/intrude` | | another client logs in | |
//! | `/sim/clock` | | the told time jumps | |
//! | `/sim/log` | the requests | | empties it |
//! | `/sim/state` | the counts | | |

mod people;

use std::{net::SocketAddr, sync::Arc};

use http::Method;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    answer::Answer,
    behaviour::Behaviour,
    faults::{Faults, Place},
    identity::IdentityChange,
    recorder::Recorder,
    service::Service,
};

/// First segment of every path of the control API.
pub(super) const ROOT: &str = "sim";

/// Changes of many people are long.
pub(super) const BODY_LIMIT: usize = 16 * 1024 * 1024;

const PATHS: [&str; 8] = [
    "faults",
    "behaviour",
    "world",
    "identity",
    "intrude",
    "clock",
    "log",
    "state",
];

/// The told time stays between the years 1970 and 9999.
const LAST_MILLIS: i64 = 253_402_300_799_999;

/// What the control API works on.
#[derive(Clone)]
pub(super) struct Control {
    pub(super) service: Arc<Service>,
    pub(super) recorder: Arc<Recorder>,
    /// Clients from elsewhere are let in, too.
    pub(super) from_anywhere: bool,
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
        if !self.from_anywhere && !is_near(peer) {
            let message = "the control API is for clients on this machine; start the simulator \
                           with --control-from-anywhere to let others in";
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
            ("faults", "POST") => set_faults(service, body)?,
            ("faults", "DELETE") => service.faults.clear(),
            ("behaviour", "GET") => return Ok(shown(&service.behaviour())),
            ("behaviour", "POST") => return set_behaviour(service, body),
            ("world", "GET") => return Ok(shown(&people::show(service))),
            ("world", "POST") => return people::change(service, body).map(|world| shown(&world)),
            ("identity", "POST") => {
                service.identify(read::<IdentityChange>("the identity", body)?);
                let identity = service.identity();
                let who = json!({ "account": identity.account, "username": identity.username });
                return Ok(shown(&who));
            }
            ("intrude", "POST") => {
                nothing("the intruder", body)?;
                service.intrude();
                return Ok(shown(&service.counts()));
            }
            ("clock", "POST") => return jump(service, body),
            ("log", "GET") => return Ok(shown(&json!({ "requests": self.recorder.all() }))),
            ("log", "DELETE") => {
                self.recorder.clear();
                return Ok(shown(&json!({ "requests": [] })));
            }
            ("state", "GET") => return Ok(shown(&service.counts())),
            (known, method) if PATHS.contains(&known) => {
                return Err((405, format!("/sim/{known} does not take {method}")));
            }
            _ => return Err(not_found()),
        }
        Ok(shown(&service.faults.get()))
    }
}

/// Whether a client is on this machine.
fn is_near(peer: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback()
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
    serde_path_to_error::deserialize(&mut from)
        .and_then(|value| match from.end() {
            Ok(()) => Ok(value),
            Err(error) => {
                let path = serde_path_to_error::Track::new().path();
                Err(serde_path_to_error::Error::new(path, error))
            }
        })
        .map_err(|error| unreadable(what, &error))
}

/// A body for a call without choices: none, or an empty object.
fn nothing(what: &str, body: &[u8]) -> Result<(), Refusal> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    if body.is_empty() {
        return Ok(());
    }
    read(what, body).map(|Nothing {}| ())
}

fn unreadable(what: &str, error: &impl std::fmt::Display) -> Refusal {
    (400, format!("cannot read {what}: {error}"))
}

fn set_faults(service: &Service, body: &[u8]) -> Result<(), Refusal> {
    let named: Map<String, Value> = read("the faults", body)?;
    let mut faults: Faults = read("the faults", body)?;
    let places = Place::ALL.into_iter();
    service.faults.put_all(
        places
            .filter(|(name, _)| named.contains_key(*name))
            .map(|(_, place)| (place, faults.at(place).take())),
    );
    Ok(())
}

fn set_behaviour(service: &Service, body: &[u8]) -> Result<Answer, Refusal> {
    let patch: Map<String, Value> = read("the behaviour", body)?;
    service.behave(|behaviour| {
        let mut whole = serde_json::to_value(&*behaviour)
            .map_err(|error| unreadable("the behaviour", &error))?;
        for (name, value) in patch {
            match (whole.get_mut(&name), value) {
                (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
                (_, value) => whole[name] = value,
            }
        }
        *behaviour = serde_path_to_error::deserialize::<_, Behaviour>(whole)
            .map_err(|error| unreadable("the behaviour", &error))?;
        Ok(shown(behaviour))
    })
}

fn jump(service: &Service, body: &[u8]) -> Result<Answer, Refusal> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Jump {
        jump_ms: i64,
    }
    let Jump { jump_ms } = read("the clock", body)?;
    let after = service.clock.now().millis().checked_add(jump_ms);
    if !after.is_some_and(|millis| (0..=LAST_MILLIS).contains(&millis)) {
        let message = "cannot move the clock: it must stay between the years 1970 and 9999";
        return Err((400, message.to_owned()));
    }
    service.clock.jump(jump_ms);
    Ok(shown(&json!({ "now_ms": service.clock.now().millis() })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clients_on_this_machine_are_near() {
        let cases = [
            ("127.0.0.1:5", true),
            ("127.9.9.9:5", true),
            ("[::1]:5", true),
            ("[::ffff:127.0.0.1]:5", true),
            ("10.0.0.1:5", false),
            ("[::ffff:10.0.0.1]:5", false),
            ("[fe80::1]:5", false),
            ("0.0.0.0:5", false),
        ];
        for (peer, near) in cases {
            assert_eq!(is_near(peer.parse().unwrap()), near, "{peer}");
        }
    }
}
