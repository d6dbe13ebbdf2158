//! A client of bytes for the simulated Rocket.Chat: it writes a request on a raw socket and reads
//! until the other side closes. It knows nothing of either room's wire types.

use std::sync::Arc;

use lp2rc::{
    domain::Timestamp,
    ports::ManualClock,
    sim::rocketchat::{SimConfig, Simulator},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Wall time at the start of every test.
pub(crate) const START: i64 = 1_700_000_000_000;

/// A simulator on a clock that moves only by hand, and the bridge's credentials for it.
pub(crate) struct Workspace {
    pub(crate) sim: Simulator,
    pub(crate) clock: ManualClock,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Lower-case names.
    headers: Vec<(String, String)>,
    pub(crate) text: String,
    /// The body as JSON; null when it is none.
    pub(crate) json: Value,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// Status and `errorType`.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.json["errorType"].as_str().unwrap_or(""))
    }
}

/// Starts one.
pub(crate) async fn start(config: SimConfig) -> Workspace {
    let clock = ManualClock::at(Timestamp::from_millis(START));
    let sim = Simulator::start(config, Arc::new(clock.clone())).await;
    let sim = sim.unwrap();
    Workspace { sim, clock }
}

impl Workspace {
    /// Asks as the bridge; the answer must be whole.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, None).await.unwrap()
    }

    /// Tells as the bridge; the answer must be whole.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.ask("POST", path, Some(body)).await.unwrap()
    }

    /// Tells as the bridge, and it must be done.
    pub(crate) async fn done(&self, path: &str, body: Value) -> Value {
        let reply = self.post(path, body).await;
        assert_eq!(
            (reply.status, &reply.json["success"]),
            (200, &json!(true)),
            "{path}: {}",
            reply.text
        );
        reply.json
    }

    /// As the bridge; `None` when the connection broke.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Option<Reply> {
        let (user, token) = (self.sim.user_id(), self.sim.token());
        let login = [("X-User-Id", user), ("X-Auth-Token", token)];
        let body = body.map_or_else(String::new, |body| body.to_string());
        let path = format!("/api/v1/{path}");
        self.send(&format!("{method} {path}"), &login, &body).await
    }

    /// Anything; `None` when the connection broke.
    pub(crate) async fn send(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Reply> {
        let headers: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\n{}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.sim.addr(),
            headers.concat(),
            body.len(),
        );
        let mut stream = TcpStream::connect(self.sim.addr()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.ok()?;
        parse(&bytes)
    }

    /// A plain user made over the wire; his id.
    pub(crate) async fn user(&self, username: &str) -> String {
        let made = self.done("users.create", person(username)).await;
        made["user"]["_id"].as_str().unwrap().to_owned()
    }

    /// An agent made over the wire; his id.
    pub(crate) async fn agent(&self, username: &str) -> String {
        let id = self.user(username).await;
        let body = json!({ "username": username });
        self.done("livechat/users/agent", body).await;
        id
    }

    /// A department made over the wire; its id.
    pub(crate) async fn department(&self, name: &str) -> String {
        let body = json!({ "department": department(name) });
        let made = self.done("livechat/department", body).await;
        made["department"]["_id"].as_str().unwrap().to_owned()
    }
}

/// The body that makes a user.
pub(crate) fn person(username: &str) -> Value {
    json!({
        "username": username,
        "name": format!("Name of {username}"),
        "email": format!("{username}@example.org"),
        "password": "not-a-secret",
        "verified": true,
        "joinDefaultChannels": false,
        "sendWelcomeEmail": false,
    })
}

/// A department's required fields.
pub(crate) fn department(name: &str) -> Value {
    json!({
        "name": name,
        "email": "sales@example.org",
        "enabled": true,
        "showOnRegistration": false,
        "showOnOfflineForm": false,
    })
}

fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let mut lines = std::str::from_utf8(&bytes[..end]).unwrap().split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let text = String::from_utf8(bytes[end + 4..].to_vec()).unwrap();
    let reply = Reply {
        status: status.parse().unwrap(),
        headers,
        json: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
    };
    let announced = reply.header("content-length").parse::<usize>();
    (announced == Ok(reply.text.len())).then_some(reply)
}
