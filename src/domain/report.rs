//! What one cycle did: the same facts for the screen, the admin API and the run history.

use super::{desired::MappingNotes, ids::Generation, observation::Coverage, time::Timestamp};

/// Who started a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// The process has just started.
    Start,
    /// The schedule.
    Schedule,
    /// Somebody asked for it.
    Request,
    /// The staleness guard: no tick came when one was due.
    Overdue,
}

impl Trigger {
    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Schedule => "schedule",
            Self::Request => "request",
            Self::Overdue => "overdue",
        }
    }
}

/// What the absence rules thought of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Taken as it is.
    Trusted,
    /// Presences were taken, absences were frozen.
    Quarantined {
        /// Agents present before.
        before: usize,
        /// Of those, agents in this answer.
        now: usize,
    },
}

/// What changed in the roster. Each agent counts once, under the first line that fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeCounts {
    /// Agents in the answer that could be used.
    pub seen: usize,
    /// Never seen before.
    pub added: usize,
    /// Back after having been gone.
    pub returned: usize,
    /// Known, with something new about them.
    pub updated: usize,
    /// Missing from this answer for the first time.
    pub missing: usize,
    /// Kept as last seen because the answer is doubted.
    pub frozen: usize,
    /// Missing for the second time: no longer offered.
    pub gone: usize,
    /// Known and as before.
    pub unchanged: usize,
}

impl MergeCounts {
    /// How many entries differ from before.
    pub fn changed(&self) -> usize {
        self.added + self.returned + self.updated + self.missing + self.frozen + self.gone
    }
}

/// One finished cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleReport {
    /// Short id of the run, also in the log lines of the cycle.
    pub run: String,
    /// Who started it.
    pub trigger: Trigger,
    /// Whether nothing was kept or published.
    pub dry_run: bool,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How much of the source was shown.
    pub coverage: Coverage,
    /// What changed.
    pub counts: MergeCounts,
    /// What the absence rules thought.
    pub verdict: Verdict,
    /// Entries of the answer that could not be used.
    pub skipped: usize,
    /// What mapping had to decide.
    pub notes: MappingNotes,
    /// Agents offered after this cycle.
    pub routable: usize,
    /// Version of the state afterwards; unchanged by a dry run.
    pub generation: Generation,
    /// Changed agents in plain words, at most [`CycleReport::LISTED`] of them.
    pub changes: Vec<String>,
}

impl CycleReport {
    /// At most so many changes are listed one by one.
    pub const LISTED: usize = 200;
}
