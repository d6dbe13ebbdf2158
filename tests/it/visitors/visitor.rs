//! One visitor with a widget's manners: registers, gets a room, listens on a socket, writes, waits for
//! the answer, and in the end compares what was heard with the history.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::Instant};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message as Frame};

/// No answer takes longer; only a broken bridge would.
const PATIENCE: Duration = Duration::from_secs(120);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A visitor with a room and a socket.
pub(super) struct Visitor {
    client: Client,
    api: String,
    token: String,
    rid: String,
    socket: Socket,
    /// Ids and texts in the order in which the socket told them.
    heard: Vec<(String, String)>,
    /// Ids and texts that were acknowledged.
    pub(super) kept: Vec<(String, String)>,
}

/// How long the parts of a dialogue took.
#[derive(Default)]
pub(super) struct Times {
    /// Writing, until it was acknowledged.
    pub(super) writing: Vec<Duration>,
    /// From writing until the answer was heard.
    pub(super) answers: Vec<Duration>,
    /// How often a window was used up.
    pub(super) waits: usize,
}

/// What became of a message.
pub(super) struct Written {
    /// How often the window was used up.
    pub(super) waits: usize,
}

/// What an ask got.
enum Asked {
    /// Status and body.
    Answer(u16, Value),
    /// The window is used up; completes when the next one begins.
    Limited(std::pin::Pin<Box<dyn Future<Output = ()> + Send>>),
}

/// Asks once; `Err` is a bridge that went away.
async fn ask(
    client: &Client,
    method: reqwest::Method,
    address: String,
    body: Value,
) -> Result<Asked, reqwest::Error> {
    let mut request = client.request(method, address);
    if !body.is_null() {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    if status == 429 {
        let reset = answer.headers()["x-ratelimit-reset"].to_str().unwrap();
        let reset: u64 = reset.parse().unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let wait = Duration::from_millis(reset).saturating_sub(now.unwrap());
        return Ok(Asked::Limited(Box::pin(tokio::time::sleep(wait))));
    }
    let text = answer.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Asked::Answer(status, body))
}

/// Asks until there is an answer that is no refusal.
async fn get(client: &Client, method: reqwest::Method, address: String, body: Value) -> Value {
    loop {
        match ask(client, method.clone(), address.clone(), body.clone())
            .await
            .unwrap()
        {
            Asked::Answer(200, answer) => return answer,
            Asked::Answer(status, answer) => panic!("{status}: {answer}"),
            Asked::Limited(reset) => reset.await,
        }
    }
}

impl Visitor {
    /// Comes in and sits down.
    pub(super) async fn arrive(client: Client, api: &str, token: &str) -> Self {
        let body = json!({"visitor": {"token": token, "name": format!("Visitor {token}")}});
        let address = format!("{api}/api/v1/livechat/visitor");
        get(&client, reqwest::Method::POST, address, body).await;
        let address = format!("{api}/api/v1/livechat/room?token={token}");
        let answer = get(&client, reqwest::Method::GET, address, Value::Null).await;
        let rid = answer["room"]["_id"].as_str().unwrap().to_owned();
        let socket = listen(api, token, &rid).await;
        Self {
            client,
            api: api.to_owned(),
            token: token.to_owned(),
            rid,
            socket,
            heard: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Writes with an id of their own, as the widget does. Where the window is used up they wait for
    /// the next one. `Err`: no answer came.
    pub(super) async fn write(&mut self, id: &str, text: &str) -> Result<Written, reqwest::Error> {
        let body = json!({"_id": id, "token": self.token, "rid": self.rid, "msg": text});
        let address = format!("{}/api/v1/livechat/message", self.api);
        let post = reqwest::Method::POST;
        let mut waits = 0;
        let answer = loop {
            match ask(&self.client, post.clone(), address.clone(), body.clone()).await? {
                Asked::Answer(200, answer) => break answer,
                Asked::Answer(status, answer) => panic!("{status}: {answer}"),
                Asked::Limited(reset) => {
                    waits += 1;
                    reset.await;
                }
            }
        };
        assert_eq!(answer["message"]["_id"], id);
        if !self.kept.iter().any(|(kept, _)| kept == id) {
            self.kept.push((id.to_owned(), text.to_owned()));
        }
        Ok(Written { waits })
    }

    /// Listens until an agent's message holds these words.
    pub(super) async fn wait_for(&mut self, words: &str) {
        let waiting = async {
            loop {
                let frame = self.socket.next().await.unwrap().unwrap();
                let Frame::Text(text) = frame else { continue };
                let frame: Value = serde_json::from_str(&text).unwrap();
                match frame["msg"].as_str() {
                    Some("ping") => {
                        let pong = Frame::text(json!({"msg": "pong"}).to_string());
                        self.socket.send(pong).await.unwrap();
                    }
                    Some("changed") if frame["collection"] == "stream-room-messages" => {
                        let message = &frame["fields"]["args"][0];
                        assert_eq!(message["rid"], self.rid, "somebody else's room");
                        assert!(message["ts"]["$date"].is_i64(), "{message}");
                        let text = message["msg"].as_str().unwrap();
                        self.heard
                            .push((message["_id"].as_str().unwrap().to_owned(), text.to_owned()));
                        let by_agent = message.get("token").is_none() && message.get("t").is_none();
                        if by_agent && text.contains(words) {
                            return;
                        }
                    }
                    Some(_) | None => {}
                }
            }
        };
        let came = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(came.is_ok(), "{} was never answered: {words}", self.token);
    }

    /// Writes so many messages and waits for each answer.
    pub(super) async fn talk(&mut self, questions: usize) -> Times {
        let mut times = Times::default();
        for number in 0..questions {
            let text = format!("question {number} of {}", self.token);
            let id = format!("{}-{number}", self.token);
            let began = Instant::now();
            times.waits += self.write(&id, &text).await.unwrap().waits;
            times.writing.push(began.elapsed());
            self.wait_for(&text).await;
            times.answers.push(began.elapsed());
        }
        times
    }

    /// The whole history, oldest first: nothing lost, nothing doubled, in order, and the same as the
    /// socket told. Gives the number of messages.
    pub(super) async fn check(&self) -> usize {
        let history = history(&self.client, &self.api, &self.token, &self.rid).await;
        let ids: Vec<_> = history
            .iter()
            .map(|message| message["_id"].as_str().unwrap())
            .collect();
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "doubled: {ids:?}");
        let mut places = self.kept.iter().map(|(id, text)| {
            let place = ids.iter().position(|known| known == id);
            let place = place.unwrap_or_else(|| panic!("{id} of {} is lost", self.token));
            assert_eq!(history[place]["msg"], text.as_str());
            place
        });
        assert!(places.by_ref().is_sorted(), "out of order: {ids:?}");
        let moments: Vec<_> = history
            .iter()
            .map(|message| message["ts"].as_str().unwrap())
            .collect();
        assert!(moments.is_sorted(), "{moments:?}");
        let heard: Vec<_> = self.heard.iter().map(|(id, _)| id.as_str()).collect();
        let first = heard
            .first()
            .and_then(|first| ids.iter().position(|id| id == first));
        if let Some(first) = first {
            assert_eq!(
                ids[first..first + heard.len()],
                heard,
                "heard in another order"
            );
        }
        history.len()
    }

    /// Takes up the same room at a bridge that was started again.
    pub(super) async fn come_back(&mut self, api: &str) {
        api.clone_into(&mut self.api);
        self.heard.clear();
        self.socket = listen(api, &self.token, &self.rid).await;
    }
}

/// Every message of a room, oldest first, as of one moment: pages would shift while somebody writes.
async fn history(client: &Client, api: &str, token: &str, rid: &str) -> Vec<Value> {
    let address = format!("{api}/api/v1/livechat/messages.history/{rid}?token={token}&limit=1000");
    let mut page = get(client, reqwest::Method::GET, address, Value::Null).await;
    let mut messages = std::mem::take(page["messages"].as_array_mut().unwrap());
    messages.reverse();
    messages
}

/// Opens a socket and subscribes to a room as the widget does.
async fn listen(api: &str, token: &str, rid: &str) -> Socket {
    let address = api.replacen("http", "ws", 1) + "/websocket";
    let (mut socket, _) = tokio_tungstenite::connect_async(address).await.unwrap();
    let access = json!({"useCollection": false, "args": [{"token": token, "visitorToken": token}]});
    for frame in [
        json!({"msg": "connect", "version": "1", "support": ["1", "pre2", "pre1"]}),
        json!({"msg": "sub", "id": "messages", "name": "stream-room-messages", "params": [rid, access]}),
    ] {
        socket.send(Frame::text(frame.to_string())).await.unwrap();
    }
    loop {
        let frame = socket.next().await.unwrap().unwrap();
        let Frame::Text(text) = frame else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        assert_ne!(frame["msg"], "nosub", "{frame}");
        if frame["msg"] == "ready" {
            return socket;
        }
    }
}
