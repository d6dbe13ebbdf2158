//! What the move is asked and what it answers, as JSON: the daemon's job writes it, the command
//! line reads it, and plan files are made of it. Words are those of [`crate::domain`]; moments are
//! ISO-8601 in UTC. Plans and parity reports hold e-mail addresses: they are documents for a
//! review, not log lines.

use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "verb")]
pub enum Request {
    /// Looks whether the move can go well: a [`Checks`].
    Check,
    /// What would be done: a [`PlanDocument`].
    Plan(Part),
    /// Does it: an [`Applied`].
    Apply(Apply),
    /// Compares the three sides: a [`Parity`].
    Verify(Part),
    /// Sets and tests External routing and webhooks: an [`Applied`].
    Connect(Apply),
    /// Runs, phases, waves, who is where: a [`Status`].
    Status,
    /// Takes existing users as ours: an [`Owned`].
    Adopt(People),
    /// Forgets that users are ours: an [`Owned`].
    Release(People),
    /// Takes a run, a phase or a wave back: an [`Applied`].
    Undo(Undo),
    /// Hands everybody to the target: an [`Applied`].
    Finish(Apply),
}

impl Request {
    /// The word used on the command line.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Plan(_) => "plan",
            Self::Apply(_) => "apply",
            Self::Verify(_) => "verify",
            Self::Connect(_) => "connect",
            Self::Status => "status",
            Self::Adopt(_) => "adopt",
            Self::Release(_) => "release",
            Self::Undo(_) => "undo",
            Self::Finish(_) => "finish",
        }
    }
}

/// A part of the move.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Part {
    /// One wave, or everybody.
    pub wave: Option<String>,
    /// Whether to go on to the cut-over.
    pub cut_over: bool,
}

/// How to apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Apply {
    /// What part.
    pub part: Part,
    /// Only if the plan has this checksum.
    pub checksum: Option<String>,
    /// Limits of the guard that somebody has looked at, by name.
    pub accept: Vec<String>,
    /// Warnings of the checks that somebody has read, by name.
    pub acknowledge: Vec<String>,
    /// Everything but the writes.
    pub dry_run: bool,
}

/// What to take back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Undo {
    /// Which run; the newest that can be taken back, when it is not said.
    pub run: Option<String>,
    /// Only what it did in this phase.
    pub phase: Option<String>,
    /// How; `part.wave` limits it to the people of a wave.
    pub apply: Apply,
}

/// Users by name in the target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct People {
    /// Usernames, without regard to case.
    pub users: Vec<String>,
    /// Instead of names: everybody whose e-mail address is an agent's.
    pub matching: bool,
}

/// How a request ended. The command line makes exit codes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Done, or nothing to do.
    Done,
    /// Nothing but warnings.
    Warnings,
    /// There are changes, or differences.
    Differences,
    /// Done in part.
    Partial,
    /// Refused by a check or a guard.
    Refused,
    /// The configuration or the arguments do not fit.
    Config,
    /// The source was never read, or is doubted.
    Source,
    /// The target is not available, or refuses.
    Target,
    /// The target refused the credentials.
    Credentials,
    /// The state is unusable.
    State,
    /// Somebody else is at it.
    Busy,
    /// Stopped before the end; it can be resumed.
    Interrupted,
    /// A part of the bridge broke; the log has the panic.
    Broken,
}

impl End {
    /// Every end.
    pub const ALL: [Self; 13] = [
        Self::Done,
        Self::Warnings,
        Self::Differences,
        Self::Partial,
        Self::Refused,
        Self::Config,
        Self::Source,
        Self::Target,
        Self::Credentials,
        Self::State,
        Self::Busy,
        Self::Interrupted,
        Self::Broken,
    ];

    /// The word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Warnings => "warnings",
            Self::Differences => "differences",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::Config => "config",
            Self::Source => "source",
            Self::Target => "target",
            Self::Credentials => "credentials",
            Self::State => "state",
            Self::Busy => "busy",
            Self::Interrupted => "interrupted",
            Self::Broken => "broken",
        }
    }

    /// The end of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.word() == word)
    }
}

/// What was looked at before a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Checks {
    /// In a fixed order.
    pub findings: Vec<Finding>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Finding {
    /// Its name, by which a warning is acknowledged: `seats`.
    pub name: String,
    /// `ok`, `skipped`, `warning`, `acknowledged` or `failed`.
    pub result: String,
    /// What was seen, in one sentence.
    pub detail: String,
    /// What to do about it; empty when there is nothing to do.
    pub remedy: String,
    /// Whom or what it is about, at most a hundred of them, by name.
    pub about: Vec<String>,
}

/// A plan, as it is reviewed. [`PlanDocument::checksum`] binds `apply --plan` to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PlanDocument {
    /// `lp2rc-plan-1`: another form gets another name.
    pub format: String,
    /// Checksum of scope and changes.
    pub checksum: String,
    /// When it was made.
    pub made_at: String,
    /// Of which part.
    pub part: Part,
    /// Agents it is about.
    pub agents: usize,
    /// Changes by phase and effect.
    pub summary: Vec<Tally>,
    /// Every change.
    pub changes: Vec<ChangeLine>,
    /// Changes that the policy does not allow.
    pub withheld: Vec<ChangeLine>,
    /// Who is left alone, and why.
    pub left_out: Vec<Remark>,
    /// Agents there that are not ours, and never touched.
    pub foreign: usize,
    /// Limits it exceeds.
    pub refused_by: Vec<Remark>,
}

/// Name of [`PlanDocument`]'s form.
pub const PLAN_FORMAT: &str = "lp2rc-plan-1";

/// How many changes of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Tally {
    /// Phase.
    pub phase: String,
    /// Effect.
    pub effect: String,
    /// How many.
    pub count: usize,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ChangeLine {
    /// Phase.
    pub phase: String,
    /// Effect.
    pub effect: String,
    /// About whom.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// Field by field.
    pub fields: Vec<FieldLine>,
    /// What will be written, in order: the words of the writes.
    pub writes: Vec<String>,
}

/// One field before and after.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct FieldLine {
    /// Which.
    pub field: String,
    /// As it is.
    pub before: String,
    /// As it will be.
    pub after: String,
}

/// Something about somebody.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Remark {
    /// Whom, or which limit.
    pub subject: String,
    /// What, why, and what to do.
    pub why: String,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Applied {
    /// What was to be done; `None` where an interrupted run was taken up again.
    pub plan: Option<PlanDocument>,
    /// The run; `None` when nothing was to be done or it was only a dry run.
    pub run: Option<RunLine>,
    /// Changes that failed or were not tried.
    pub troubles: Vec<Trouble>,
    /// Agents with whom the limits' or routing's test was made, and other remarks.
    pub remarks: Vec<Remark>,
}

/// A change that did not come about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Trouble {
    /// Phase.
    pub phase: String,
    /// About whom.
    pub subject: String,
    /// `failed` or `skipped`.
    pub result: String,
    /// Why, and what to do.
    pub why: String,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct RunLine {
    /// Its id.
    pub run: String,
    /// `apply`, `finish`, `connect` or `undo`.
    pub kind: String,
    /// The run it takes back.
    pub undoes: Option<String>,
    /// Of which part.
    pub part: Part,
    /// When it began.
    pub started_at: String,
    /// When it ended; `None` while it is open.
    pub ended_at: Option<String>,
    /// Changes there are.
    pub changes: usize,
    /// Those done.
    pub done: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those not tried.
    pub skipped: usize,
    /// Done and total by phase.
    pub phases: Vec<PhaseLine>,
}

/// A phase of a run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PhaseLine {
    /// Which.
    pub phase: String,
    /// Changes done.
    pub done: usize,
    /// Changes there are.
    pub total: usize,
}

/// Agent by agent: the source, the bridge, the target.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Parity {
    /// When it was looked.
    pub at: String,
    /// Of which part.
    pub part: Part,
    /// Version and address of the target.
    pub target: String,
    /// Account of the source.
    pub account: String,
    /// How old the view of the source was, in seconds.
    pub source_age_seconds: Option<u64>,
    /// Agents compared.
    pub agents: usize,
    /// Those without any difference.
    pub equal: usize,
    /// Those whose differences are all acknowledged.
    pub acknowledged: usize,
    /// Those with differences.
    pub different: usize,
    /// Agents left out on purpose, and why.
    pub left_out: Vec<Remark>,
    /// By wave.
    pub waves: Vec<WaveLine>,
    /// Departments that differ as such.
    pub departments: Vec<Remark>,
    /// Everybody, by id in the source.
    pub people: Vec<PersonLine>,
}

/// One agent on all sides.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PersonLine {
    /// Id in the source.
    pub source_id: String,
    /// Name in the target.
    pub username: String,
    /// Name shown.
    pub name: String,
    /// Wave.
    pub wave: String,
    /// Whose word about availability counts.
    pub owner: String,
    /// `equal`, `acknowledged` or `different`.
    pub result: String,
    /// Whether new chats could be routed to the agent there now.
    pub routable: bool,
    /// Why not; empty when they could.
    pub why_not: String,
    /// Field by field what differs.
    pub differences: Vec<Difference>,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Difference {
    /// `user`, `name`, `email`, `roles`, `departments`, `limit`, `availability`, `active`, `id field`,
    /// `custom fields`.
    pub field: String,
    /// What the source says.
    pub source: String,
    /// What the bridge wants.
    pub bridge: String,
    /// What the target has.
    pub target: String,
    /// The name under which it is acknowledged; empty when it is not.
    pub acknowledged_as: String,
}

/// A wave in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct WaveLine {
    /// Its name.
    pub wave: String,
    /// Agents in it.
    pub agents: usize,
    /// Those with a user of ours.
    pub provisioned: usize,
    /// Those whose availability is the target's.
    pub cut_over: usize,
    /// Those without a difference; in a status always 0.
    pub equal: usize,
}

/// Where the move stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Status {
    /// The job that runs in this process, in words; empty when none does.
    pub doing: String,
    /// By wave.
    pub waves: Vec<WaveLine>,
    /// Runs, newest first.
    pub runs: Vec<RunLine>,
    /// Who is where.
    pub people: Vec<WhoIsWhere>,
}

/// One agent's place in the move.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct WhoIsWhere {
    /// Id in the source.
    pub source_id: String,
    /// Name in the target, or to be.
    pub username: String,
    /// Wave.
    pub wave: String,
    /// Id in the target, once there is one.
    pub target_id: Option<String>,
    /// `created`, `adopted`, or empty.
    pub origin: String,
    /// Whose word about availability counts.
    pub owner: String,
}

/// What adoption or release came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Owned {
    /// Users that are ours now, or no longer.
    pub done: Vec<Remark>,
    /// Users that were refused, and why.
    pub refused: Vec<Remark>,
}
