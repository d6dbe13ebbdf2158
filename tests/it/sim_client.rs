//! A client of bytes for the simulated LivePerson: it writes a request on a raw socket and reads
//! until the other side closes. It knows nothing of either room's wire types.

use std::{sync::Arc, time::Duration};

use lp2rc::{
    domain::Timestamp,
    ports::ManualClock,
    sim::liveperson::{SimConfig, Simulator},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Wall time at the start of every test: that of the documentation's sample.
pub(crate) const START: i64 = 1_331_544_926_464;

/// A simulator whose world moves only by hand, on a clock that moves only by hand.
pub(crate) async fn still(config: SimConfig) -> (Simulator, ManualClock) {
    let clock = ManualClock::at(Timestamp::from_millis(START));
    let config = SimConfig {
        step_every: Duration::ZERO,
        ..config
    };
    let sim = Simulator::start(config, Arc::new(clock.clone())).await;
    (sim.unwrap(), clock)
}

/// An answer, or what came of it before the connection broke.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Lower-case names.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The connection was reset, or the body is shorter than announced.
    pub(crate) broken: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Sends one request, `GET /path`, on a connection of its own.
pub(crate) async fn send(
    sim: &Simulator,
    line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let headers: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\n{}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        sim.addr(),
        headers.concat(),
        body.len(),
    );
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes).await;
    parse(&bytes, read.is_err())
}

fn parse(bytes: &[u8], reset: bool) -> Reply {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.expect("an answer with a head");
    let mut lines = std::str::from_utf8(&bytes[..end]).unwrap().split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut reply = Reply {
        status: status.parse().unwrap(),
        headers,
        body: bytes[end + 4..].to_vec(),
        broken: reset,
    };
    if let Ok(announced) = reply.header("content-length").parse::<usize>() {
        reply.broken |= announced != reply.body.len();
    }
    if reply.header("transfer-encoding") == "chunked" {
        reply.body = unchunked(&reply.body);
    }
    reply
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        body.extend(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 2 + size + 2..];
    }
    body
}

/// A login with an agent session.
#[derive(Clone, Debug)]
pub(crate) struct Entered {
    pub(crate) authorization: String,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
    pub(crate) user_id: String,
    /// Path of the agent session.
    pub(crate) session: String,
}

/// `POST login` with the default user and the given password.
pub(crate) async fn login(sim: &Simulator, password: &str) -> Reply {
    let body = json!({ "username": "bridge", "password": password }).to_string();
    let line = "POST /api/account/12345678/login?v=1.3";
    send(sim, line, &[("Content-Type", "application/json")], &body).await
}

/// Logs in and opens an agent session.
pub(crate) async fn enter(sim: &Simulator) -> Entered {
    let reply = login(sim, "bridge-password").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let body = reply.json();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let authorization = format!("Bearer {}", word(&body["bearer"]));
    let cookie = reply.header("set-cookie").split(';').next().unwrap();
    let line = "POST /api/account/12345678/agentSession?v=1&NC=true";
    let headers = [("Authorization", authorization.as_str())];
    let made = send(sim, line, &headers, r#"{"loginData":""}"#).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let href = word(&made.json()["agentSessionLocation"]["link"]["@href"]);
    Entered {
        cookie: cookie.to_owned(),
        csrf: word(&body["csrf"]),
        user_id: word(&body["config"]["userId"]),
        session: href.strip_prefix(&sim.base_url()).unwrap().to_owned(),
        authorization,
    }
}

impl Entered {
    /// `GET {session}{path}` with a given `Accept`.
    pub(crate) async fn get(&self, sim: &Simulator, path: &str, accept: &str) -> Reply {
        let headers = [
            ("Authorization", self.authorization.as_str()),
            ("Accept", accept),
        ];
        send(sim, &format!("GET {}{path}", self.session), &headers, "").await
    }

    /// The list of agents as JSON, asked with a given query besides `v` and `NC`.
    pub(crate) async fn list(&self, sim: &Simulator, query: &str) -> Reply {
        let path = format!("/availableAgents?v=1&NC=true{query}");
        self.get(sim, &path, "application/json").await
    }
}

/// The ids of a JSON list, in its order.
pub(crate) fn ids(list: &Value) -> Vec<String> {
    many(&list["availableAgents"]["agents"]["agent"])
        .iter()
        .map(|agent| agent["@id"].as_str().unwrap().to_owned())
        .collect()
}

/// One, several or none.
pub(crate) fn many(value: &Value) -> Vec<Value> {
    match value.as_array() {
        Some(several) => several.clone(),
        None if value.is_null() => Vec::new(),
        None => vec![value.clone()],
    }
}
