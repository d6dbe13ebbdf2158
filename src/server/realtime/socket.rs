//! One socket's life: frames in, frames out, silence, and its end.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    super::{listener::Ends, livechat::Livechat},
    frame,
    hub::{Hub, Seat},
    outbox::{Outbox, Outgoing},
    session::{Next, Session},
};
use crate::ports::Clock;

/// What is read at once; frames of clients are some hundred bytes.
const READ_BUFFER: usize = 4 * 1024;

/// How long the other side may take to answer a close frame.
const GOODBYE: Duration = Duration::from_secs(5);

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// A socket that has its seat.
pub(super) struct Socket {
    pub(super) face: Arc<Livechat>,
    pub(super) hub: Arc<Hub>,
    pub(super) seat: Seat,
    pub(super) outbox: Outbox,
    pub(super) outgoing: Outgoing,
    pub(super) ends: Ends,
}

/// How a socket ends.
enum End {
    /// The client said goodbye or has gone, or does not read.
    Gone,
    /// We say goodbye, with this.
    Goodbye(CloseCode, &'static str),
}

impl Socket {
    /// Lives until one side ends it.
    pub(super) async fn live(self, upgraded: Upgraded) {
        let Self {
            face,
            hub,
            seat,
            outbox,
            mut outgoing,
            ends,
        } = self;
        let most = hub.limits.max_frame;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            // Every frame is written at once, and nothing waits but in the outbox.
            .write_buffer_size(0)
            .max_message_size(Some(most))
            .max_frame_size(Some(most));
        let io = TokioIo::new(upgraded);
        let mut stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        outbox.put(frame::server_id());
        let session = Session::new(Arc::clone(&face), hub, outbox, &seat);
        let overrun = outgoing.overrun();
        let stopped = {
            let mut talk = Talk {
                stream: &mut stream,
                outgoing: &mut outgoing,
                clock: Arc::clone(&face.clock),
                session,
                ends: ends.clone(),
            };
            let end = tokio::select! {
                biased;
                // Also in the middle of a write that makes no progress.
                () = overrun.cancelled() => End::Gone,
                () = ends.drop_all.cancelled() => End::Gone,
                end = talk.go_on() => end,
            };
            if let End::Goodbye(code, reason) = end {
                talk.goodbye(code, reason).await;
            }
            ends.stop.is_cancelled()
        };
        drop(stream);
        let offline = seat.leave();
        // A bridge that stops will be there again: its visitors have not gone.
        if let Some(token) = offline.filter(|_| !stopped) {
            // Unknown by now, or the bridge stops: there is nobody to be offline.
            let _ = face
                .conversations
                .ask(move |chats| chats.set_visitor_status(&token, "offline"))
                .await;
        }
    }
}

struct Talk<'a> {
    stream: &'a mut Stream,
    outgoing: &'a mut Outgoing,
    clock: Arc<dyn Clock>,
    session: Session,
    ends: Ends,
}

impl Talk<'_> {
    async fn go_on(&mut self) -> End {
        let limits = self.session.hub.limits;
        let mut heard = self.clock.elapsed();
        let mut bell = self.clock.sleep(limits.ping_every);
        loop {
            let message = tokio::select! {
                biased;
                () = self.ends.stop.cancelled() => {
                    return End::Goodbye(CloseCode::Away, "lp2rc is stopping");
                }
                // What is said comes before what is heard, so that answers never pile up.
                Some(frame) = self.outgoing.next() => {
                    if self.send(frame).await.is_err() {
                        return End::Gone;
                    }
                    continue;
                }
                message = self.stream.next() => message,
                () = &mut bell => {
                    let quiet = self.clock.elapsed().saturating_sub(heard);
                    if quiet >= limits.idle_timeout {
                        return End::Goodbye(CloseCode::Away, "nothing was heard");
                    }
                    if quiet >= limits.ping_every && self.ping().await.is_err() {
                        return End::Gone;
                    }
                    let next = if quiet >= limits.ping_every {
                        limits.ping_every.min(limits.idle_timeout.saturating_sub(quiet))
                    } else {
                        limits.ping_every.saturating_sub(quiet)
                    };
                    bell = self.clock.sleep(next);
                    continue;
                }
            };
            heard = self.clock.elapsed();
            match message {
                Some(Ok(Message::Text(text))) => {
                    self.session.hub.metrics.realtime_frames_in.inc();
                    match self.work(text.as_str()).await {
                        Ok(Next::Frame) => {}
                        Ok(Next::Close) => return End::Goodbye(CloseCode::Normal, ""),
                        Err(_) => return End::Gone,
                    }
                }
                Some(Ok(Message::Binary(_))) => {
                    return End::Goodbye(CloseCode::Unsupported, "frames are text");
                }
                // Answered by the stream itself. After a close nothing more comes.
                Some(Ok(
                    Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_),
                )) => {}
                Some(Err(Error::Capacity(_))) => {
                    return End::Goodbye(CloseCode::Size, "the frame is too large");
                }
                Some(Err(Error::Utf8(_))) => {
                    return End::Goodbye(CloseCode::Invalid, "text is UTF-8");
                }
                Some(Err(Error::Protocol(_))) => {
                    return End::Goodbye(CloseCode::Protocol, "this is no websocket frame");
                }
                Some(Err(_)) | None => return End::Gone,
            }
        }
    }

    /// Does what a frame says; what is told meanwhile is sent meanwhile.
    async fn work(&mut self, text: &str) -> Result<Next, Error> {
        let Self {
            stream,
            outgoing,
            session,
            ..
        } = self;
        let metrics = session.hub.metrics.clone();
        let mut work = std::pin::pin!(session.hear(text));
        loop {
            tokio::select! {
                biased;
                next = &mut work => return Ok(next),
                Some(frame) = outgoing.next() => {
                    stream.send(Message::Text(frame)).await?;
                    metrics.realtime_frames_out.inc();
                }
            }
        }
    }

    async fn send(
        &mut self,
        frame: tokio_tungstenite::tungstenite::Utf8Bytes,
    ) -> Result<(), Error> {
        self.stream.send(Message::Text(frame)).await?;
        self.session.hub.metrics.realtime_frames_out.inc();
        Ok(())
    }

    /// Asks a silent client whether it is there, in a way that it answers.
    async fn ping(&mut self) -> Result<(), Error> {
        if self.session.is_pinged() {
            self.send(frame::ping()).await
        } else {
            self.stream.send(Message::Ping(bytes::Bytes::new())).await
        }
    }

    /// Sends what is there already, then the close frame, and waits for the other's.
    async fn goodbye(&mut self, code: CloseCode, reason: &'static str) {
        let (clock, ends) = (Arc::clone(&self.clock), self.ends.clone());
        let parting = async {
            while let Some(frame) = self.outgoing.ready() {
                if self.send(frame).await.is_err() {
                    return;
                }
            }
            let close = CloseFrame {
                code,
                reason: reason.into(),
            };
            if self.stream.close(Some(close)).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        tokio::select! {
            () = parting => {}
            () = clock.sleep(GOODBYE) => {}
            () = ends.drop_all.cancelled() => {}
        }
    }
}
