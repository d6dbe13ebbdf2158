//! Durable state: one store over two engines, sled on a disk and a table in memory.
//!
//! Reading order: [`store`](Store) holds the ports' rules (compare-and-swap, limits, history),
//! `engine` says what a table must do, [`disk`](SledStore) keeps its promise through kill -9 and
//! power loss and opens what is damaged, `journal` is what the move keeps, `record`, `key` and `tally` are the stored form. Around them:
//! [`export_to_file`], [`import`], [`verify`], [`show`] and the migrations.
//!
//! The state directory (mode 0700):
//!
//! | name | what |
//! |---|---|
//! | `db/` | sled; its data file is `db/db` |
//! | `livechat/` | sled again: the conversations |
//! | `files/` | what visitors and agents sent |
//! | `export.jsonl` | the last own export (mode 0600), read back when the database is lost |
//! | `before-import-*.jsonl`, `before-schema-*.jsonl` | what was there before |
//! | `quarantine/<epoch ms>/` | damaged files |
//! | `first-start-under-way`, `repair-under-way` | only until the database is whole |
//!
//! All methods block; everything may be called from several threads.

mod disk;
mod documents;
mod engine;
mod export;
mod import;
mod journal;
mod key;
mod migrate;
mod record;
mod store;
mod tally;
mod verify;

pub use disk::{Disk, DiskDocuments, Durable, EXPORT, Fsync, SledStore};
pub use documents::MemoryDocuments;
pub use engine::{Applied, Change, Engine, Guard, Memory, Visit};
pub use export::{Export, export_to_file, read as read_export};
pub use import::{Imported, import};
pub use store::{MemoryStore, SCHEMA, Store};
pub use verify::{Finding, Problem, Summary, show, verify, verify_export};
