//! A simulated crew: answers visitors in the agents' place, so that a rehearsal is a dialogue.
//!
//! It is a client like any other: a service account on `/websocket` that hears every room's messages
//! (`__my_messages__`) and writes as whoever serves the room. It greets when an agent joins, and
//! answers every message of a visitor with words of theirs in it. When it is cut off (a slow reader
//! is), it comes back and answers what was left waiting.

mod frames;
mod talk;

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    frames::{Heard, Said},
    talk::Talk,
};
use crate::ports::Clock;

/// How a crew works.
#[derive(Clone, Debug)]
pub struct CrewConfig {
    /// `http://host:port` of the bridge.
    pub api: String,
    /// `_id` of the service account.
    pub user_id: String,
    /// Its personal access token.
    pub token: String,
    /// How long somebody takes to answer.
    pub takes: Duration,
}

/// How long to stay away after having been cut off.
const AWAY: Duration = Duration::from_millis(200);

/// Why a visit to the bridge ended. Told to nobody: the crew simply comes back.
#[derive(Debug)]
struct CutOff;

/// A crew at work. Dropped, it goes.
#[derive(Debug)]
pub struct Crew {
    stop: CancellationToken,
}

impl Crew {
    /// Sends the crew to work, until this is dropped. Must be called inside a tokio runtime.
    pub fn start(config: CrewConfig, clock: Arc<dyn Clock>) -> Self {
        let stop = CancellationToken::new();
        let work = stop.clone().run_until_cancelled_owned(async move {
            loop {
                // Whether it was cut off or refused, all there is to do is to try again.
                let _ = visit(&config, &clock).await;
                clock.sleep(AWAY).await;
            }
        });
        tokio::spawn(work);
        Self { stop }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// One connection, from login until it is cut off.
async fn visit(config: &CrewConfig, clock: &Arc<dyn Clock>) -> Result<(), CutOff> {
    let address = config.api.replacen("http", "ws", 1) + "/websocket";
    let (socket, _) = tokio_tungstenite::connect_async(address)
        .await
        .map_err(|_| CutOff)?;
    let (mut out, mut heard) = socket.split();
    let (later, mut due) = mpsc::unbounded_channel::<String>();
    let pending = TaskTracker::new();
    let mut talk = Talk::default();
    for frame in frames::greeting(&config.token) {
        out.send(Frame::text(frame)).await.map_err(|_| CutOff)?;
    }
    loop {
        tokio::select! {
            frame = heard.next() => {
                let Some(Ok(frame)) = frame else { return Err(CutOff) };
                let Frame::Text(text) = frame else { continue };
                match frames::read(&text) {
                    Heard::Ping(pong) => {
                        out.send(Frame::text(pong)).await.map_err(|_| CutOff)?;
                    }
                    Heard::Refused => return Err(CutOff),
                    Heard::Listening => {
                        for said in left_waiting(config).await {
                            answer(&mut talk, &said, (config, clock), &later, &pending);
                        }
                    }
                    Heard::Said(said) => {
                        answer(&mut talk, &said, (config, clock), &later, &pending);
                    }
                    Heard::Other => {}
                }
            }
            Some(frame) = due.recv() => {
                out.send(Frame::text(frame)).await.map_err(|_| CutOff)?;
            }
        }
    }
}

/// Thinks of an answer and sends it when somebody would have typed it. What is heard twice is answered
/// twice with one id, which is one answer.
fn answer(
    talk: &mut Talk,
    said: &Said,
    (config, clock): (&CrewConfig, &Arc<dyn Clock>),
    later: &mpsc::UnboundedSender<String>,
    pending: &TaskTracker,
) {
    let Some(text) = talk.answer(said) else {
        return;
    };
    let frame = frames::send(&said.rid, &text, &said.id);
    let (wait, later) = (clock.sleep(config.takes), later.clone());
    pending.spawn(async move {
        wait.await;
        // Cut off meanwhile: it is answered after the return.
        let _ = later.send(frame);
    });
}

/// Messages of visitors that nobody has answered yet.
async fn left_waiting(config: &CrewConfig) -> Vec<Said> {
    let mut found = Vec::new();
    let client = reqwest::Client::new();
    for page in 0.. {
        let address = format!(
            "{}/api/v1/livechat/rooms?open=true&count=100&offset={}",
            config.api,
            page * 100
        );
        let asked = client
            .get(address)
            .header("x-user-id", &config.user_id)
            .header("x-auth-token", &config.token);
        let Ok(Ok(text)) =
            async { Ok::<_, CutOff>(asked.send().await.map_err(|_| CutOff)?.text().await) }.await
        else {
            break;
        };
        let (waiting, seen) = frames::waiting(&text);
        found.extend(waiting);
        if seen < 100 {
            break;
        }
    }
    found
}
