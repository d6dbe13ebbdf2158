//! What the move keeps, and what it asks of the centre.

use super::store::StoreError;
use crate::domain::{
    AccountId, Change, Desired, Outcome, Roster, SourceId, TargetId,
    agent::Owner,
    moving::{DepartmentLink, Journalled, Link, Links, MoveRun},
};

/// The journal of the move and the links it made. All methods block, and what they have written
/// survives kill -9 and power loss when they return.
pub trait JournalStore: Send + Sync + 'static {
    /// Begins a run: all its changes, with their before-images, before anything is written.
    fn begin_run(&self, run: &MoveRun, changes: &[Change]) -> Result<(), StoreError>;

    /// Notes how changes ended, together with the links that came of them. Outcomes of one change
    /// replace each other; the run's counts move along. Links alone need no run: adopted and
    /// recognised users come with an empty `run`.
    fn record(&self, run: &str, news: &News) -> Result<(), StoreError>;

    /// Replaces the run itself: ended, or counted anew.
    fn save_run(&self, run: &MoveRun) -> Result<(), StoreError>;

    /// All runs, newest first.
    fn move_runs(&self) -> Result<Vec<MoveRun>, StoreError>;

    /// The changes of a run, in order.
    fn journal(&self, run: &str) -> Result<Vec<Journalled>, StoreError>;

    /// Everything that is ours.
    fn links(&self) -> Result<Links, StoreError>;

    /// These agents' users are ours no longer; who they were is remembered in [`Links::released`].
    fn unlink(&self, agents: &[SourceId]) -> Result<(), StoreError>;
}

/// What is to be noted together.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// How changes ended, by their place in the run.
    pub outcomes: Vec<(u32, Outcome)>,
    /// Agents that are ours now.
    pub agents: Vec<Link>,
    /// Departments that are ours now.
    pub departments: Vec<DepartmentLink>,
}

/// What the centre believes, as far as the move must know.
#[derive(Clone, Debug)]
pub struct Believed {
    /// Whose agents these are.
    pub account: AccountId,
    /// Everybody ever seen.
    pub roster: Roster,
    /// Everybody who takes part, in the target's model.
    pub desired: Desired,
    /// How old the view of the source is, in seconds; `None` when it was never read.
    pub age_seconds: Option<u64>,
    /// Whether the last full answer of the source is doubted.
    pub quarantined: bool,
}

/// A fact about an agent that the move has established.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// About whom.
    pub source_id: SourceId,
    /// Whose word about availability counts from now on.
    pub owner: Option<Owner>,
    /// Who it is in the target: id, and the name the user has there.
    pub identity: Option<(TargetId, String)>,
}

/// Telling the centre what the move has established. All methods block.
pub trait Centre: Send + Sync + 'static {
    /// What is believed now.
    fn believed(&self) -> Result<Believed, StoreError>;

    /// Keeps and publishes; agents nobody knows are passed over. Durable when it returns.
    fn amend(&self, amendments: &[Amendment]) -> Result<(), StoreError>;
}
