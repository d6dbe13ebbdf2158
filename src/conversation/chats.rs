//! What the conversations' thread works on: documents, the book, and what is to be told.

use std::{cell::RefCell, collections::BTreeMap, io, ops::ControlFlow, sync::Arc};

use super::{
    document::{Document, Moment, Unreadable, open, seal},
    event::{Audience, Event},
    files::Files,
    index::{Change, OpenIndex},
    key,
    open::OpenVisitors,
    refused::Refused,
};
use crate::{
    config::LivechatConfig,
    domain::{Purpose, Timestamp},
    ledger::{Insist, Ledger},
    ports::{Clock, Documents, Edit, Order, StoreError},
    telemetry::Metrics,
};

/// What conversations are made of.
pub struct Parts {
    /// Where they are kept.
    pub documents: Box<dyn Documents>,
    /// Who gives agents.
    pub ledger: Arc<Ledger>,
    /// Moments.
    pub clock: Arc<dyn Clock>,
    /// `[livechat]`.
    pub config: Arc<LivechatConfig>,
    /// Who hears of everything.
    pub audience: Arc<dyn Audience>,
    /// Counters.
    pub metrics: Metrics,
    /// What visitors sent.
    pub files: Arc<Files>,
}

/// All conversations, as one operation sees them.
pub struct Chats {
    documents: Box<dyn Documents>,
    pub(super) ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    pub(super) config: Arc<LivechatConfig>,
    audience: Arc<dyn Audience>,
    pub(super) metrics: Metrics,
    open: Arc<OpenVisitors>,
    /// Open rooms, by who waits and who serves.
    pub(super) index: OpenIndex,
    /// What this operation changes there.
    indexed: Vec<Change>,
    pub(super) files: Arc<Files>,
    /// What this operation has written so far.
    written: BTreeMap<String, Option<Vec<u8>>>,
    /// What it wants told.
    told: Vec<Event>,
    /// Tokens whose rooms it opened (`true`) or closed.
    moved: Vec<(bool, String)>,
    /// Rooms whose agent it booked, and whose they were before.
    booked: Vec<(String, Option<String>)>,
    /// Rooms whose agent is free once it is kept.
    released: Vec<String>,
    /// The same of the operations of this group that went well.
    settled: (Vec<Event>, Vec<(bool, String)>),
    /// Files whose documents they removed.
    orphans: Vec<String>,
    unsettled: bool,
    /// What the engine said when it failed in this group. It opens anew from the disk then, and what
    /// earlier operations of the group wrote may be gone: none of them may be called kept.
    broken: RefCell<Option<String>>,
}

impl std::fmt::Debug for Chats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chats").finish_non_exhaustive()
    }
}

impl Chats {
    pub(super) fn new(parts: Parts, open: Arc<OpenVisitors>) -> Self {
        Self {
            documents: parts.documents,
            ledger: parts.ledger,
            clock: parts.clock,
            config: parts.config,
            audience: parts.audience,
            metrics: parts.metrics,
            files: parts.files,
            open,
            index: OpenIndex::default(),
            indexed: Vec::new(),
            written: BTreeMap::new(),
            told: Vec::new(),
            moved: Vec::new(),
            booked: Vec::new(),
            released: Vec::new(),
            settled: (Vec::new(), Vec::new()),
            orphans: Vec::new(),
            unsettled: false,
            broken: RefCell::default(),
        }
    }

    /// How the livechat face behaves.
    pub fn config(&self) -> &LivechatConfig {
        &self.config
    }

    /// Who gives agents.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Now, as it is kept.
    pub fn now(&self) -> Moment {
        self.clock.now().into()
    }

    /// The document of a key, as this operation left it.
    pub(super) fn get<T: Document>(&self, key: &str) -> Result<Option<T>, Refused> {
        let bytes = match self.written.get(key) {
            Some(written) => written.clone(),
            None => self.noticed(self.documents.get(key))?,
        };
        bytes.map(|bytes| read(key, &bytes)).transpose()
    }

    /// The text under a key.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Refused> {
        let bytes = match self.written.get(key) {
            Some(written) => written.clone(),
            None => self.noticed(self.documents.get(key))?,
        };
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Whether there is anything under a key.
    pub(super) fn has(&self, key: &str) -> Result<bool, Refused> {
        Ok(self.text(key)?.is_some())
    }

    /// Looks at the documents of keys from `from` up to, not including, `to`, as earlier operations
    /// left them, until `look` breaks.
    pub(super) fn walk<T: Document>(
        &self,
        from: &str,
        to: &str,
        order: Order,
        mut look: impl FnMut(&str, T) -> ControlFlow<()>,
    ) -> Result<(), Refused> {
        let mut failed = None;
        let walked =
            self.documents
                .walk(from, to, order, &mut |key, bytes| match read(key, bytes) {
                    Ok(document) => look(key, document),
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                });
        self.noticed(walked)?;
        failed.map_or(Ok(()), Err)
    }

    /// The keys from `from` up to, not including, `to`, in order, at most `limit`.
    pub(super) fn keys(&self, from: &str, to: &str, limit: usize) -> Result<Vec<String>, Refused> {
        let mut keys = Vec::new();
        let walked = self
            .documents
            .walk(from, to, Order::Ascending, &mut |key, _| {
                if keys.len() == limit {
                    return ControlFlow::Break(());
                }
                keys.push(key.to_owned());
                ControlFlow::Continue(())
            });
        self.noticed(walked)?;
        Ok(keys)
    }

    /// Whether the engine failed in this group.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.borrow().is_some()
    }

    /// Notes a failure of the engine: the group is not kept.
    fn noticed<T>(&self, outcome: Result<T, StoreError>) -> Result<T, Refused> {
        outcome.map_err(|error| {
            // A document that is too long was refused before anything was touched.
            let harmless = matches!(
                &error,
                StoreError::Io { source, .. } if source.kind() == io::ErrorKind::InvalidInput
            );
            if !harmless {
                self.broken
                    .borrow_mut()
                    .get_or_insert_with(|| error.to_string());
            }
            error.into()
        })
    }

    /// Puts a document under a key.
    pub(super) fn put<T: Document>(&mut self, key: String, document: &T) {
        self.written.insert(key, Some(seal(document)));
    }

    /// Puts a text under a key.
    pub(super) fn put_text(&mut self, key: String, text: &str) {
        self.written.insert(key, Some(text.as_bytes().to_vec()));
    }

    /// Removes what is under a key.
    pub(super) fn remove(&mut self, key: String) {
        self.written.insert(key, None);
    }

    /// Tells those who listen, once all is kept.
    pub(super) fn tell(&mut self, event: Event) {
        self.told.push(event);
    }

    /// Notes that the visitor of this token has one open room more, or one less.
    pub(super) fn note_open(&mut self, token: &str, opened: bool) {
        self.moved.push((opened, token.to_owned()));
    }

    /// Notes that an agent was booked for a room: given back if the operation fails.
    pub(super) fn note_booking(&mut self, rid: &str) {
        self.booked.push((rid.to_owned(), None));
    }

    /// Notes that the booking of a room went from this agent to another: goes back if the operation
    /// fails.
    pub(super) fn note_moved_booking(&mut self, rid: &str, was: Option<String>) {
        self.booked.push((rid.to_owned(), was));
    }

    /// Notes what becomes of the index of open rooms.
    pub(super) fn note_index(&mut self, change: Change) {
        self.indexed.push(change);
    }

    /// Frees the agent of a room when the operation ends well.
    pub(super) fn note_release(&mut self, rid: &str) {
        self.released.push(rid.to_owned());
    }

    /// Ends an operation: writes what it changed, or forgets it.
    pub(super) fn end(&mut self, well: bool) -> Result<(), Refused> {
        let written = std::mem::take(&mut self.written);
        let (told, moved) = (
            std::mem::take(&mut self.told),
            std::mem::take(&mut self.moved),
        );
        let (booked, released) = (
            std::mem::take(&mut self.booked),
            std::mem::take(&mut self.released),
        );
        let mut indexed = std::mem::take(&mut self.indexed);
        if !well {
            self.unbook(booked);
            return Ok(());
        }
        if !written.is_empty() {
            let edits: Vec<_> = written
                .into_iter()
                .map(|(key, value)| Edit { key, value })
                .collect();
            if let Err(error) = self.noticed(self.documents.write(&edits)) {
                self.unbook(booked);
                return Err(error);
            }
            self.unsettled = true;
            let removed = edits.iter().filter(|edit| edit.value.is_none());
            let files = removed.filter_map(|edit| edit.key.strip_prefix(key::FILE));
            self.orphans.extend(files.map(str::to_owned));
            indexed.extend(edits.iter().filter_map(removed_room));
        }
        for change in indexed {
            self.index.apply(change);
        }
        for rid in released {
            self.ledger.release(&rid);
        }
        self.settled.0.extend(told);
        self.settled.1.extend(moved);
        Ok(())
    }

    /// Gives bookings back to whom they were, newest first.
    fn unbook(&self, booked: Vec<(String, Option<String>)>) {
        for (rid, was) in booked.into_iter().rev() {
            let back = was.and_then(|agent| {
                let insist = Insist::Anyhow;
                self.ledger
                    .take_agent(&rid, None, &agent, Purpose::Transfer, insist)
            });
            if back.is_none() {
                self.ledger.release(&rid);
            }
        }
    }

    /// Makes the group's writes durable, then tells.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        let (told, moved) = std::mem::take(&mut self.settled);
        let orphans = std::mem::take(&mut self.orphans);
        let mut broken = self.broken.take();
        if std::mem::take(&mut self.unsettled) && broken.is_none() {
            broken = self.documents.settle().err().map(|e| e.to_string());
        }
        if let Some(why) = broken {
            // What the book and the lists say may be ahead of the disk now.
            self.start_again();
            self.metrics.livechat_failed_groups.inc();
            return Err(why);
        }
        for id in orphans {
            self.files.remove(&id);
        }
        for (opened, token) in moved {
            if opened {
                self.open.opened(&token);
            } else {
                self.open.closed(&token);
            }
        }
        for event in told {
            self.audience.hear(&event);
        }
        self.show_counts();
        Ok(())
    }

    fn show_counts(&self) {
        let (open, waiting) = self.index.counts();
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.metrics.livechat_open_rooms.set(number(open));
        self.metrics.livechat_waiting_rooms.set(number(waiting));
    }

    /// Fits memory to what is kept: who has an open room, and who serves it.
    pub(super) fn start_again(&mut self) {
        self.open.clear();
        for rid in std::mem::take(&mut self.index).rooms() {
            // Perhaps booked with an agent whom the disk does not know of.
            self.ledger.release(rid);
        }
        match self.every_open_room() {
            Ok(rooms) => {
                for room in rooms {
                    self.open.opened(&room.v.token);
                    self.index.apply(Change::of(&room));
                    self.book_again(&room);
                }
            }
            Err(error) => {
                tracing::error!(
                    "open conversations could not be read: {error}; look at the disk, then restart lp2rc"
                );
            }
        }
    }

    /// Moments of the wall clock.
    pub(super) fn timestamp(&self) -> Timestamp {
        self.clock.now()
    }

    /// Bytes the conversations take on the disk.
    pub fn disk_bytes(&self) -> u64 {
        self.documents.disk_bytes()
    }
}

/// Whoever removes a room's document has closed it for good.
fn removed_room(edit: &Edit) -> Option<Change> {
    let is_room = edit.value.is_none() && edit.key.starts_with(key::ROOM);
    is_room.then(|| Change::Gone(key::last(&edit.key).to_owned()))
}

fn read<T: Document>(key: &str, bytes: &[u8]) -> Result<T, Refused> {
    let family = key.split('/').next().unwrap_or_default();
    open(bytes).map_err(|why| {
        Refused::Unavailable(match why {
            Unreadable::Newer { found } => format!(
                "a kept `{family}` has version {found}, this program knows up to {}; install the newer lp2rc",
                T::VERSION
            ),
            Unreadable::Broken { at } => format!(
                "a kept `{family}` cannot be read at byte {at}; look at the disk, and report it"
            ),
        })
    })
}
