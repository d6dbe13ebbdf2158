//! Conversations: visitors, rooms, messages and all that belongs to them, kept so that nothing
//! that was acknowledged is lost.
//!
//! One thread owns them all ([`Conversations`] hands it work, [`Chats`] is what the work sees). So
//! no operation meets another halfway, and a burst of them shares one fsync: a group of operations
//! runs, the store settles once, and only then is anybody told. Blocking is nobody else's business.
//!
//! **To add an operation**: an `impl Chats` method in the file of its noun ([`visitor`](register::Registration),
//! `room`, `message`, …) that reads with [`Chats::get`], checks, then changes with [`Chats::put`],
//! [`Chats::remove`] and [`Chats::tell`], and gives `Result<T, Refused>`. An `Err` undoes everything
//! the operation wrote and told, and bookings in the ledger that it noted (`note_booking`,
//! `note_moved_booking`). Reads see what the
//! same operation has put by [`Chats::get`]; [`Chats::walk`] sees only earlier operations.
//!
//! Reading order: `document` (what is kept), `key` (where), [`Refused`], `event` (what is told to
//! those who listen), `chats`, `thread`, then the nouns.

pub mod document;
pub mod files;

mod actor;
mod agent_message;
mod away;
mod bulk;
mod chats;
mod closing;
mod contacts;
mod custom_field;
mod editing;
mod entered;
mod event;
mod id;
mod index;
mod inquiries;
mod joining;
mod key;
mod message;
mod offline;
mod open;
mod outbox;
mod page;
mod quote;
mod refused;
mod register;
mod removal;
mod room;
mod room_info;
mod room_list;
mod routing;
mod sessions;
mod survey;
mod sweep;
mod thread;
mod transcript;
mod transfer;
mod video;
mod visitor;

pub use actor::Actor;
pub use agent_message::{AgentSaying, Search};
pub use chats::{Chats, Parts};
pub use closing::{AgentClosing, TranscriptWish};
pub use contacts::{ContactEntry, ContactKey, ContactSearch};
pub use custom_field::SentField;
pub use entered::{VisitorEntry, VisitorSearch};
pub use event::{Audience, Event, Nobody};
pub use id::random_id;
pub use message::{Draft, History, RoomView, Saying};
pub use offline::OfflineMessage;
pub use open::OpenVisitors;
pub use outbox::carry_mail;
pub use refused::Refused;
pub use register::Registration;
pub use room::{Closing, RoomRequest};
pub use room_info::RoomInfo;
pub use room_list::{Page, RoomFilter, SortKey, Span};
pub use routing::{
    agent_of, find_agent, find_department, offered_department, settings as department_settings,
};
pub use sweep::{SweepPlace, keep_swept};
pub use thread::{Conversations, Running};
pub use transcript::NO_MAIL;
pub use transfer::Forwarding;
pub use video::Calling;
