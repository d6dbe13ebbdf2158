//! Who listens to what. One lock over small maps: an event looks at its own place only, copies out
//! who stands there, and renders and sends outside the lock. Nobody is ever waited for.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    super::livechat::Livechat,
    frame::{self, Meteor},
    later::Later,
    outbox::Outbox,
    topic::{Place, Topic, Wish},
    viewer::Viewer,
};
use crate::{
    config::livechat::RealtimeLimits,
    conversation::document::{Room, ServedBy},
    telemetry::Metrics,
};

/// All sockets and what they listen to: the audience of the conversations.
pub struct Hub {
    pub(super) limits: RealtimeLimits,
    pub(super) metrics: Metrics,
    /// Who renders agents. Weak, because the face leads to the conversations, and they lead here.
    face: OnceLock<Weak<Livechat>>,
    pub(super) later: Later,
    state: Mutex<State>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    seats: HashMap<u64, Seated>,
    addresses: HashMap<IpAddr, usize>,
    /// Sockets whose end makes the visitor of a token offline.
    visitors: HashMap<String, usize>,
    /// By socket and id of the subscription, so that the subscriptions of one socket are together.
    places: HashMap<Place, BTreeMap<(u64, String), Listener>>,
    /// Who serves which room, for those who listen to all rooms that they may see. Kept from the
    /// first such listener on.
    served: Option<HashMap<String, Served>>,
}

#[derive(Debug)]
struct Seated {
    address: IpAddr,
    outbox: Outbox,
    subscriptions: HashMap<String, Place>,
    visitor: Option<String>,
}

#[derive(Clone, Debug)]
struct Listener {
    topic: Topic,
    viewer: Viewer,
    outbox: Outbox,
}

#[derive(Debug)]
struct Served {
    by: Option<ServedBy>,
    joined: Vec<String>,
}

/// Why a socket gets no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSeat {
    /// There are as many as there may be.
    Full,
    /// Of this address there are as many as there may be.
    TooManyOfAddress,
}

/// Why a subscription does not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSubscription {
    /// The socket has as many as it may.
    TooMany,
    /// The id is taken, or the socket has gone: nothing is said.
    Nothing,
}

impl Hub {
    /// Nobody listens yet.
    pub fn new(limits: RealtimeLimits, metrics: Metrics) -> Self {
        Self {
            limits,
            metrics,
            face: OnceLock::new(),
            later: Later::default(),
            state: Mutex::default(),
        }
    }

    /// Says who renders agents and looks visitors up. The first one stays.
    pub(in super::super) fn serve(&self, face: &Arc<Livechat>) {
        // A second listener over the same conversations renders the same.
        let _ = self.face.set(Arc::downgrade(face));
    }

    pub(super) fn face(&self) -> Option<Arc<Livechat>> {
        self.face.get()?.upgrade()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a socket of this address.
    pub(super) fn sit(self: &Arc<Self>, address: IpAddr, outbox: Outbox) -> Result<Seat, NoSeat> {
        let mut state = self.state();
        if state.seats.len() >= self.limits.max_connections {
            return Err(NoSeat::Full);
        }
        let of_address = state.addresses.entry(address).or_default();
        if *of_address >= self.limits.max_per_address {
            return Err(NoSeat::TooManyOfAddress);
        }
        *of_address += 1;
        state.next += 1;
        let id = state.next;
        let seated = Seated {
            address,
            outbox,
            subscriptions: HashMap::new(),
            visitor: None,
        };
        state.seats.insert(id, seated);
        self.metrics.realtime_sockets.inc();
        Ok(Seat {
            hub: Arc::clone(self),
            id,
            address,
        })
    }

    /// Lets a socket listen, and says `ready` to it before anything else can be.
    pub(super) fn subscribe(
        &self,
        socket: u64,
        id: &str,
        wish: Wish,
        viewer: Viewer,
    ) -> Result<(), NoSubscription> {
        let mut state = self.state();
        let most = self.limits.max_subscriptions;
        let seated = state.seats.get_mut(&socket);
        let seated = seated.ok_or(NoSubscription::Nothing)?;
        if seated.subscriptions.contains_key(id) {
            return Err(NoSubscription::Nothing);
        }
        if seated.subscriptions.len() >= most {
            return Err(NoSubscription::TooMany);
        }
        let outbox = seated.outbox.clone();
        let place = wish.place.clone();
        seated.subscriptions.insert(id.to_owned(), wish.place);
        self.metrics.realtime_subscriptions.inc();
        outbox.put(frame::ready(id));
        let listener = Listener {
            topic: wish.topic,
            viewer,
            outbox,
        };
        let listeners = state.places.entry(place).or_default();
        listeners.insert((socket, id.to_owned()), listener);
        Ok(())
    }

    /// Whether a socket has a subscription of this id.
    pub(super) fn has(&self, socket: u64, id: &str) -> bool {
        let state = self.state();
        let seated = state.seats.get(&socket);
        seated.is_some_and(|seated| seated.subscriptions.contains_key(id))
    }

    /// Ends a subscription, if there is one.
    pub(super) fn unsubscribe(&self, socket: u64, id: &str) {
        let mut state = self.state();
        let Some(seated) = state.seats.get_mut(&socket) else {
            return;
        };
        if let Some(place) = seated.subscriptions.remove(id) {
            state.remove(&place, &(socket, id.to_owned()));
            self.metrics.realtime_subscriptions.dec();
        }
    }

    /// Whoever was logged in at a socket is so no longer: what was listened to in their name ends.
    pub(super) fn forget_account(&self, socket: u64) {
        let mut state = self.state();
        let Some(seated) = state.seats.get(&socket) else {
            return;
        };
        let all: Vec<_> = seated.subscriptions.clone().into_iter().collect();
        for (id, place) in all {
            let key = (socket, id);
            let listeners = state.places.get(&place);
            let listener = listeners.and_then(|listeners| listeners.get(&key));
            if listener.is_none_or(|listener| matches!(listener.viewer, Viewer::Visitor(_))) {
                continue;
            }
            state.remove(&place, &key);
            if let Some(seated) = state.seats.get_mut(&socket) {
                seated.subscriptions.remove(&key.1);
                let why = Meteor::not_allowed();
                seated.outbox.put(frame::nosub(&key.1, Some(&why)));
            }
            self.metrics.realtime_subscriptions.dec();
        }
    }

    /// Notes whose socket it is. Only the first token of a socket counts.
    pub(super) fn belongs_to(&self, socket: u64, token: String) {
        let mut state = self.state();
        let Some(seated) = state.seats.get_mut(&socket) else {
            return;
        };
        if seated.visitor.is_none() {
            seated.visitor = Some(token.clone());
            *state.visitors.entry(token).or_default() += 1;
        }
    }

    /// Frees everything of a socket. Gives the visitor's token if this was their last one.
    fn leave(&self, socket: u64) -> Option<String> {
        let mut state = self.state();
        let seated = state.seats.remove(&socket)?;
        self.metrics.realtime_sockets.dec();
        for (id, place) in seated.subscriptions {
            state.remove(&place, &(socket, id));
            self.metrics.realtime_subscriptions.dec();
        }
        if let Some(count) = state.addresses.get_mut(&seated.address) {
            *count -= 1;
            if *count == 0 {
                state.addresses.remove(&seated.address);
            }
        }
        let token = seated.visitor?;
        let count = state.visitors.get_mut(&token)?;
        *count -= 1;
        if *count > 0 {
            return None;
        }
        state.visitors.remove(&token);
        Some(token)
    }

    /// Whether a socket listens in a room, as the visitor of this token or as an account.
    pub(super) fn listens(&self, socket: u64, rid: &str, token: Option<&str>) -> bool {
        let state = self.state();
        let Some(listeners) = state.places.get(&Place::Room(rid.to_owned())) else {
            return false;
        };
        let of_socket = listeners.range((socket, String::new())..(socket + 1, String::new()));
        let mut viewers = of_socket.map(|(_, listener)| &listener.viewer);
        viewers.any(|viewer| match viewer {
            Viewer::Visitor(theirs) => token.is_none_or(|token| token == theirs),
            Viewer::Everything | Viewer::Agent { .. } => token.is_none(),
        })
    }

    /// Whether anybody listens to this.
    pub(super) fn anybody(&self, place: &Place, topic: &Topic) -> bool {
        let state = self.state();
        let listeners = state.places.get(place);
        listeners.is_some_and(|found| found.values().any(|listener| listener.topic == *topic))
    }

    /// Rooms in which somebody listens to this.
    pub(super) fn rooms_with(&self, topic: &Topic) -> HashSet<String> {
        let state = self.state();
        let found = state.places.iter().filter_map(|(place, listeners)| {
            let Place::Room(rid) = place else { return None };
            let wanted = listeners.values().any(|listener| listener.topic == *topic);
            wanted.then(|| rid.clone())
        });
        found.collect()
    }

    /// Tells everybody at a place, each socket once: its clients look for a frame by stream and
    /// event, so a second one would be shown twice. `except` is the socket it came from.
    pub(super) fn tell(
        &self,
        place: &Place,
        topic: &Topic,
        except: Option<u64>,
        render: impl FnOnce() -> Utf8Bytes,
    ) {
        let mut outboxes = Vec::new();
        if let Some(listeners) = self.state().places.get(place) {
            let mut last = except;
            for ((socket, _), listener) in listeners {
                if listener.topic == *topic && last != Some(*socket) && except != Some(*socket) {
                    last = Some(*socket);
                    outboxes.push(listener.outbox.clone());
                }
            }
        }
        if outboxes.is_empty() {
            return;
        }
        let frame = render();
        for outbox in outboxes {
            outbox.put(frame.clone());
        }
    }

    /// Tells those who listen to all rooms and may see this one.
    pub(super) fn tell_all_rooms(&self, rid: &str, render: impl FnOnce() -> Utf8Bytes) {
        let mut outboxes = Vec::new();
        {
            let state = self.state();
            let Some(listeners) = state.places.get(&Place::Mine) else {
                return;
            };
            let room = state.served.as_ref().and_then(|served| served.get(rid));
            let mut last = None;
            for ((socket, _), listener) in listeners {
                if last != Some(*socket) && sees(&listener.viewer, room) {
                    last = Some(*socket);
                    outboxes.push(listener.outbox.clone());
                }
            }
        }
        if outboxes.is_empty() {
            return;
        }
        let frame = render();
        for outbox in outboxes {
            outbox.put(frame.clone());
        }
    }

    /// Learns who serves the open rooms; asked once, before the first who listens to all of them.
    pub(super) fn learn(&self, rooms: Vec<Room>) {
        let mut served = HashMap::with_capacity(rooms.len());
        for room in rooms {
            served.insert(room.id, Served::new(room.served_by, room.joined));
        }
        self.state().served = Some(served);
    }

    /// Whether [`Self::learn`] was done.
    pub(super) fn has_learnt(&self) -> bool {
        self.state().served.is_some()
    }

    /// A room is now as it is: those who may no longer see it stop listening.
    pub(super) fn note_room(&self, room: &Room) {
        let mut state = self.state();
        if let Some(served) = &mut state.served {
            if room.open {
                let now = Served::new(room.served_by.clone(), room.joined.clone());
                served.insert(room.id.clone(), now);
            } else {
                served.remove(&room.id);
            }
        }
        self.end(&mut state, &room.id, |listener| {
            !listener.viewer.may_see(room)
        });
    }

    /// A room has another agent, or none.
    pub(super) fn note_agent(&self, rid: &str, agent: Option<&ServedBy>) {
        if let Some(served) = &mut self.state().served {
            let room = served.entry(rid.to_owned());
            let room = room.or_insert_with(|| Served::new(None, Vec::new()));
            room.by = agent.cloned();
        }
    }

    /// A room is gone: nobody listens to it any more.
    pub(super) fn note_gone(&self, rid: &str) {
        let mut state = self.state();
        if let Some(served) = &mut state.served {
            served.remove(rid);
        }
        self.end(&mut state, rid, |_| true);
    }

    /// Ends the subscriptions of a room that `ends` points at, with `nosub`.
    fn end(&self, state: &mut State, rid: &str, ends: impl Fn(&Listener) -> bool) {
        let place = Place::Room(rid.to_owned());
        let Some(listeners) = state.places.get(&place) else {
            return;
        };
        let over = listeners.iter().filter(|(_, listener)| ends(listener));
        let over: Vec<_> = over.map(|(key, _)| key.clone()).collect();
        for key in over {
            state.remove(&place, &key);
            let (socket, id) = key;
            if let Some(seated) = state.seats.get_mut(&socket) {
                seated.subscriptions.remove(&id);
                let why = Meteor::not_allowed();
                seated.outbox.put(frame::nosub(&id, Some(&why)));
            }
            self.metrics.realtime_subscriptions.dec();
        }
    }
}

impl State {
    fn remove(&mut self, place: &Place, key: &(u64, String)) {
        if let Some(listeners) = self.places.get_mut(place) {
            listeners.remove(key);
            if listeners.is_empty() {
                self.places.remove(place);
            }
        }
    }
}

impl Served {
    fn new(by: Option<ServedBy>, joined: Vec<String>) -> Self {
        Self { by, joined }
    }
}

/// As [`Viewer::may_see`], by what is remembered of a room; of one that is not, nobody but those
/// who see everything.
fn sees(viewer: &Viewer, room: Option<&Served>) -> bool {
    match (viewer, room) {
        (Viewer::Everything, _) => true,
        (Viewer::Visitor(_), _) | (Viewer::Agent { .. }, None) => false,
        (Viewer::Agent { id, username }, Some(room)) => match &room.by {
            Some(served) => {
                served.id == *id || served.username == *username || room.joined.contains(username)
            }
            None => true,
        },
    }
}

/// A socket's place in the hub; everything of it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    hub: Arc<Hub>,
    id: u64,
    address: IpAddr,
}

impl Seat {
    pub(super) fn address(&self) -> IpAddr {
        self.address
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Gets up. Gives the token of the visitor who is offline now.
    pub(super) fn leave(self) -> Option<String> {
        self.hub.leave(self.id)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Nothing happens after [`Seat::leave`].
        self.hub.leave(self.id);
    }
}
