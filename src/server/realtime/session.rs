//! One client's DDP session: what each frame does.
//!
//! Frames of one socket are done one after the other. Whoever subscribes is let in on the
//! conversations' thread itself, together with the look at the room: so nothing that comes after
//! the `ready`, or after any answer the client had before, is missed.

use std::{net::IpAddr, sync::Arc};

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    super::livechat::{
        Livechat,
        account::{Caller, Permission},
    },
    frame::{self, Meteor, Said},
    hub::{Hub, NoSubscription, Seat},
    outbox::Outbox,
    topic::{self, NoWish, Place, Topic, Wish},
    viewer::Viewer,
};
use crate::conversation::{Refused, random_id};

/// A session of a socket.
pub(super) struct Session {
    pub(super) face: Arc<Livechat>,
    pub(super) hub: Arc<Hub>,
    pub(super) outbox: Outbox,
    /// The socket's number.
    pub(super) socket: u64,
    /// Its address.
    pub(super) client: IpAddr,
    /// Who is logged in, and the token they showed.
    pub(super) login: Option<(Caller, String)>,
    /// The version spoken, once connected.
    version: Option<&'static str>,
}

/// How it goes on after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The next frame.
    Frame,
    /// The socket is closed: the version is not spoken.
    Close,
}

impl Session {
    pub(super) fn new(face: Arc<Livechat>, hub: Arc<Hub>, outbox: Outbox, seat: &Seat) -> Self {
        Self {
            face,
            hub,
            outbox,
            socket: seat.id(),
            client: seat.address(),
            login: None,
            version: None,
        }
    }

    pub(super) fn caller(&self) -> Option<&Caller> {
        self.login.as_ref().map(|(caller, _)| caller)
    }

    /// Whether the client answers pings: from version `pre2` on.
    pub(super) fn is_pinged(&self) -> bool {
        self.version.is_some_and(|version| version != "pre1")
    }

    /// Does what a frame says.
    pub(super) async fn hear(&mut self, text: &str) -> Next {
        match frame::read(text) {
            Said::Nonsense(why, said) => self.say(frame::error(why, said)),
            Said::Connect(_) if self.version.is_some() => {
                self.say(frame::error("Already connected", None));
            }
            Said::Connect(Ok(version)) => {
                self.version = Some(version);
                self.say(frame::connected(&random_id()));
            }
            Said::Connect(Err(version)) => {
                self.say(frame::failed(version));
                return Next::Close;
            }
            Said::Ping(_)
            | Said::Pong
            | Said::Sub { .. }
            | Said::Unsub(_)
            | Said::Method { .. }
                if self.version.is_none() =>
            {
                self.say(frame::error("Must connect first", None));
            }
            Said::Ping(id) => self.say(frame::pong(id)),
            Said::Pong => {}
            Said::Sub { id, name, params } => {
                self.look_at_login().await;
                self.subscribe(id, &name, &params).await;
            }
            Said::Unsub(id) => {
                self.hub.unsubscribe(self.socket, &id);
                self.say(frame::nosub(&id, None));
            }
            Said::Method { id, name, params } => {
                self.look_at_login().await;
                let outcome = self.method(&name, &params).await;
                self.say(frame::result(&id, outcome));
                self.say(frame::updated(&id));
            }
        }
        Next::Frame
    }

    pub(super) fn say(&self, frame: Utf8Bytes) {
        self.outbox.put(frame);
    }

    async fn subscribe(&mut self, id: String, name: &str, params: &[serde_json::Value]) {
        // As Meteor: a client that repeats itself after a reconnection is not told twice.
        if self.hub.has(self.socket, &id) {
            return;
        }
        let outcome = match topic::wish(name, params) {
            Ok(wish) => self.listen(&id, wish).await,
            Err(NoWish::Unknown) => {
                let reason = format!("Subscription '{name}' not found");
                Err(Meteor::new(404, reason))
            }
            Err(NoWish::Malformed) => Err(Meteor::no_match()),
        };
        if let Err(why) = outcome {
            self.say(frame::nosub(&id, Some(&why)));
        }
    }

    /// Lets the client listen, if they may. `ready` is said where they are let in.
    async fn listen(&mut self, id: &str, wish: Wish) -> Result<(), Meteor> {
        let ledger = &self.face.ledger;
        let account = self.caller();
        let eyes = account.and_then(|caller| Viewer::of(caller, ledger));
        match &wish.place {
            Place::Room(rid) => {
                let rid = rid.clone();
                self.listen_in_room(id, rid, wish, eyes).await
            }
            Place::Mine => {
                let viewer = eyes.ok_or_else(Meteor::not_allowed)?;
                self.listen_everywhere(id, wish, viewer).await
            }
            Place::Queue(_) => {
                let caller = account.filter(|caller| caller.may(Permission::ViewRoom));
                let viewer = eyes.filter(|_| caller.is_some());
                let viewer = viewer.ok_or_else(Meteor::not_allowed)?;
                stands(self.hub.subscribe(self.socket, id, wish, viewer))
            }
            Place::Silence => {
                let nobody = Viewer::Visitor(String::new());
                stands(self.hub.subscribe(self.socket, id, wish, nobody))
            }
        }
    }

    async fn listen_in_room(
        &self,
        id: &str,
        rid: String,
        wish: Wish,
        eyes: Option<Viewer>,
    ) -> Result<(), Meteor> {
        let (hub, socket, id) = (Arc::clone(&self.hub), self.socket, id.to_owned());
        // Visitors' tokens come first: a page may be logged in and be a visitor.
        let viewers: Vec<_> = wish
            .token
            .clone()
            .map(Viewer::Visitor)
            .into_iter()
            .chain(eyes)
            .collect();
        if viewers.is_empty() {
            return Err(Meteor::not_allowed());
        }
        let asked = self.face.conversations.ask(move |chats| {
            let room = chats.room(&rid)?;
            let viewer = room.and_then(|room| {
                let mut viewers = viewers.into_iter();
                viewers.find(|viewer| viewer.may_see(&room))
            });
            Ok(match viewer {
                Some(viewer) => stands(hub.subscribe(socket, &id, wish, viewer)),
                None => Err(Meteor::not_allowed()),
            })
        });
        asked.await.unwrap_or_else(|refused| Err(meteor(refused)))
    }

    async fn listen_everywhere(&self, id: &str, wish: Wish, viewer: Viewer) -> Result<(), Meteor> {
        let (hub, socket, id) = (Arc::clone(&self.hub), self.socket, id.to_owned());
        let asked = self.face.conversations.ask(move |chats| {
            if matches!(viewer, Viewer::Agent { .. }) && !hub.has_learnt() {
                hub.learn(chats.every_open_room()?);
            }
            Ok(stands(hub.subscribe(socket, &id, wish, viewer)))
        });
        asked.await.unwrap_or_else(|refused| Err(meteor(refused)))
    }

    /// Whether the client takes part in a room: as the visitor of this token, or as an account.
    pub(super) async fn takes_part(&self, rid: &str, token: Option<String>) -> bool {
        // Whoever listens there has been let in, and would have been sent away since.
        if self.hub.listens(self.socket, rid, token.as_deref()) {
            return true;
        }
        let viewer = match (token, self.caller()) {
            (Some(token), _) => Some(Viewer::Visitor(token)),
            (None, Some(caller)) => Viewer::of(caller, &self.face.ledger),
            (None, None) => None,
        };
        let Some(viewer) = viewer else { return false };
        let rid = rid.to_owned();
        let asked = self.face.conversations.ask(move |chats| {
            let room = chats.room(&rid)?;
            Ok(room.is_some_and(|room| room.open && viewer.may_see(&room)))
        });
        asked.await.unwrap_or(false)
    }

    /// Passes an event of a room on to its other listeners.
    pub(super) fn pass_on(&self, rid: &str, name: &str, args: &[serde_json::Value]) {
        let place = Place::Room(rid.to_owned());
        let topic = Topic::Notify(name.to_owned());
        self.hub.tell(&place, &topic, Some(self.socket), || {
            frame::changed(topic::NOTIFY, &format!("{rid}/{name}"), args)
        });
    }
}

fn stands(outcome: Result<(), NoSubscription>) -> Result<(), Meteor> {
    match outcome {
        Ok(()) | Err(NoSubscription::Nothing) => Ok(()),
        Err(NoSubscription::TooMany) => Err(Meteor::new(
            "too-many-subscriptions",
            "This connection has as many subscriptions as it may have",
        )),
    }
}

/// A refusal of the conversations in Meteor's words.
pub(super) fn meteor(refused: Refused) -> Meteor {
    match refused {
        Refused::Plain(text) => Meteor::code(&text),
        Refused::Meteor { code, reason } => match reason {
            Some(reason) => Meteor::new(code.into_owned(), reason),
            None => Meteor::code(&code),
        },
        Refused::Bare => Meteor::new(400, "Bad request"),
        Refused::NotFound(text) => Meteor::new(404, text),
        Refused::Forbidden(text) => Meteor::new(403, text),
        Refused::Unavailable(why) => {
            tracing::error!("a method or subscription could not be done: {why}");
            Meteor::internal()
        }
    }
}
