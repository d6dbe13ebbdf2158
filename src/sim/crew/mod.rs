//! A simulated crew: answers visitors in the agents' place, so that a rehearsal is a dialogue.
//!
//! It is a client like any other: a service account on `/websocket` that hears every room's messages
//! (`__my_messages__`) and writes as whoever serves the room. It greets when an agent joins, and
//! answers every message of a visitor with words of theirs in it. When it is cut off (a slow reader
//! is), it comes back and answers what was left waiting.

mod frames;
mod talk;

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_util::sync::CancellationToken;

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

/// Tries of one answer: a room that waits for an agent takes none.
const TRIES: u8 = 60;

/// How long to wait before an answer that was not taken is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// An answer that was sent and perhaps not taken.
struct Answer {
    frame: String,
    tries: u8,
}

/// What goes on during one connection.
struct Visit<'a> {
    config: &'a CrewConfig,
    clock: &'a Arc<dyn Clock>,
    talk: Talk,
    /// Answers under way, by the question's id.
    answers: HashMap<String, Answer>,
    /// Frames whose time has come.
    due: mpsc::UnboundedSender<String>,
}

/// One connection, from login until it is cut off.
async fn visit(config: &CrewConfig, clock: &Arc<dyn Clock>) -> Result<(), CutOff> {
    let address = config.api.replacen("http", "ws", 1) + "/websocket";
    let (socket, _) = tokio_tungstenite::connect_async(address)
        .await
        .map_err(|_| CutOff)?;
    let (mut out, mut heard) = socket.split();
    let (due, mut due_now) = mpsc::unbounded_channel::<String>();
    let (left, mut left_over) = mpsc::unbounded_channel::<Said>();
    let mut visit = Visit {
        config,
        clock,
        talk: Talk::default(),
        answers: HashMap::new(),
        due,
    };
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
                        // Beside the socket, which must be read all the time.
                        tokio::spawn(left_waiting(config.clone(), left.clone()));
                    }
                    Heard::Said(said) => visit.answer(&said),
                    Heard::Answered { question, taken } => visit.note(&question, taken),
                    Heard::Other => {}
                }
            }
            Some(said) = left_over.recv() => visit.answer(&said),
            Some(frame) = due_now.recv() => {
                out.send(Frame::text(frame)).await.map_err(|_| CutOff)?;
            }
        }
    }
}

impl Visit<'_> {
    /// Thinks of an answer and sends it when somebody would have typed it. What is heard twice is
    /// answered once.
    fn answer(&mut self, said: &Said) {
        if self.answers.contains_key(&said.id) {
            return;
        }
        let Some(text) = self.talk.answer(said) else {
            return;
        };
        let frame = frames::send(&said.rid, &text, &said.id);
        self.send_after(self.config.takes, frame.clone());
        let answer = Answer { frame, tries: 1 };
        self.answers.insert(said.id.clone(), answer);
    }

    /// Tries an answer again that was not taken.
    fn note(&mut self, question: &str, taken: bool) {
        let Some(answer) = self.answers.get_mut(question) else {
            return;
        };
        if taken || answer.tries >= TRIES {
            self.answers.remove(question);
            return;
        }
        answer.tries += 1;
        let frame = answer.frame.clone();
        self.send_after(AGAIN, frame);
    }

    fn send_after(&self, wait: Duration, frame: String) {
        let (wait, due) = (self.clock.sleep(wait), self.due.clone());
        tokio::spawn(async move {
            wait.await;
            // Cut off meanwhile: it is answered after the return.
            let _ = due.send(frame);
        });
    }
}

/// Finds messages of visitors that nobody has answered yet.
async fn left_waiting(config: CrewConfig, found: mpsc::UnboundedSender<Said>) {
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
        for said in waiting {
            // Whoever asked may have been cut off.
            let _ = found.send(said);
        }
        if seen < 100 {
            break;
        }
    }
}
