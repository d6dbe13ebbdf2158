//! Durable state, one trait a family. All methods block: call them on the blocking pool.

use std::sync::Arc;

use crate::domain::{
    AccountId, Cursor, CycleReport, DepartmentId, Generation, Identity, Roster, RosterEntry,
    TargetId, Timestamp,
};

/// What is kept of the bridge: one generation of roster, mapping and cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Version of the three.
    pub generation: Generation,
    /// What we believe.
    pub roster: Roster,
    /// Who is who in the target, by source id.
    pub identities: Vec<Arc<Identity>>,
    /// Where reading stands.
    pub cursor: Cursor,
}

/// One cycle's changes. Kept together or not at all, cursor last.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Entries that are new or different.
    pub entries: Vec<Arc<RosterEntry>>,
    /// Identities that are new or different.
    pub identities: Vec<Arc<Identity>>,
    /// Where reading stands now.
    pub cursor: Cursor,
}

/// Roster, mapping and cursor.
pub trait BridgeStore: Send + Sync + 'static {
    /// Everything that was acknowledged.
    fn load(&self) -> Result<Stored, StoreError>;

    /// Keeps the changes if the stored generation is `expected`, and gives the next one. When it
    /// returns, the changes survive kill -9 and power loss.
    fn commit(&self, expected: Generation, commit: &Commit) -> Result<Generation, StoreError>;
}

/// Picks of one agent, as routing counts them. Written behind: a crash may lose the last seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterRecord {
    /// The agent.
    pub agent: TargetId,
    /// The department the picks were made for; `None` for picks without one.
    pub department: Option<DepartmentId>,
    /// Times picked.
    pub picks: u64,
    /// When last picked.
    pub last_picked: Option<Timestamp>,
}

/// Routing counters.
pub trait CounterStore: Send + Sync + 'static {
    /// All counters.
    fn load_counters(&self) -> Result<Vec<CounterRecord>, StoreError>;

    /// Replaces the given counters, in one group commit.
    fn save_counters(&self, counters: &[CounterRecord]) -> Result<(), StoreError>;
}

/// A login that the source refused. As long as it stands, nobody logs in with the same credentials:
/// another try could lock the user for good (source contract §2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latch {
    /// Tells whether the credentials are still the same. Too short to guess a password from.
    pub fingerprint: String,
    /// Why it was refused.
    pub reason: LatchReason,
    /// When.
    pub since: Timestamp,
}

/// Why a login was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatchReason {
    /// Wrong user, password or key.
    CredentialsRejected,
    /// The source refuses the user or the account by name.
    Blacklisted,
}

/// The refused login: kept over restarts and shared by one-shots.
pub trait LatchStore: Send + Sync + 'static {
    /// The refusal that stands, if one does.
    fn load_latch(&self) -> Result<Option<Latch>, StoreError>;

    /// Replaces it; `None` forgets it. When it returns, that survives kill -9 and power loss.
    fn save_latch(&self, latch: Option<&Latch>) -> Result<(), StoreError>;
}

/// History of cycles, newest kept, bounded.
pub trait RunStore: Send + Sync + 'static {
    /// Adds one finished run and drops the oldest beyond the limit.
    fn append_run(&self, report: &CycleReport) -> Result<(), StoreError>;

    /// The last `limit` runs, newest first.
    fn recent_runs(&self, limit: usize) -> Result<Vec<CycleReport>, StoreError>;
}

/// How a store came up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// As it was left.
    Clean,
    /// It did not exist before.
    New,
    /// A damaged snapshot file was moved to quarantine; what is there is whole. Only where the data
    /// file was damaged as well may the last commits be missing: the next full poll makes up.
    Repaired {
        /// Where the damaged files are now.
        quarantine: String,
    },
    /// The database was moved to quarantine and the last export was read back.
    Restored {
        /// Where the damaged database is now.
        quarantine: String,
        /// When that export was made.
        exported_at: Timestamp,
    },
    /// The database was moved to quarantine and there was no export: all is empty.
    Lost {
        /// Where the damaged database is now.
        quarantine: String,
    },
}

/// Looking at the whole store.
pub trait Inspect: Send + Sync + 'static {
    /// How it came up.
    fn opened(&self) -> Opened;

    /// The whole content as JSON Lines, ending with a line that carries its SHA-256.
    fn export(&self, exported_at: Timestamp) -> Result<String, StoreError>;

    /// Reads every record and checks what must hold between them; each finding is one sentence
    /// that ends with its remedy. Empty is well.
    fn findings(&self) -> Result<Vec<String>, StoreError>;

    /// Size on disk in bytes; 0 for engines without a disk.
    fn disk_bytes(&self) -> u64;
}

/// Why the store refused.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else committed first.
    #[error(
        "the state is at generation {stored}, not {expected}: another writer was faster; run the cycle again"
    )]
    Conflict {
        /// What was expected.
        expected: Generation,
        /// What is stored.
        stored: Generation,
    },
    /// Another process has it open.
    #[error(
        "the state in {path} is in use by another lp2rc, which does not answer at its admin address; look at that process, or try again later"
    )]
    Locked {
        /// The directory.
        path: String,
    },
    /// It holds the agents of another account.
    #[error(
        "the state belongs to account {stored}, the configuration names {configured}; give each account a state directory of its own"
    )]
    OtherAccount {
        /// Whose agents are stored.
        stored: AccountId,
        /// Whose agents are read.
        configured: AccountId,
    },
    /// The super-user would make files that its owner cannot open.
    #[error(
        "the state in {path} belongs to the user with id {owner}, and you are root: files made now would lock that user out; run it as that user (deploy/README.md)"
    )]
    OtherOwner {
        /// The directory.
        path: String,
        /// Its owner.
        owner: u32,
    },
    /// It was written by a newer version.
    #[error(
        "the state in {path} has schema {found}, this program knows up to {known}; install the newer lp2rc"
    )]
    Newer {
        /// The directory.
        path: String,
        /// Schema found.
        found: u32,
        /// Schema known.
        known: u32,
    },
    /// A record or an export cannot be read.
    #[error("{what} is damaged: {why}; bring back an undamaged export with `lp2rc state import`")]
    Damaged {
        /// Which record or file.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The disk or the file system refused.
    #[error(
        "{doing} in {path}: {source}; free space or mend the rights of the directory, then it goes on"
    )]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The directory or file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}
