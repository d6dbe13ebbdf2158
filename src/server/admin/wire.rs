//! The admin API's JSON, both ways: the daemon writes it, the command line reads it and prints the
//! same tables from it when it did the work itself.
//!
//! Moments are ISO-8601 in UTC. Words (`trigger`, `presence`, …) are the ones of [`crate::domain`].
//! E-mail addresses are never in here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        Capacity, CycleReport, MappingNotes, MergeCounts, Snapshot, SnapshotRow, Standing,
        Timestamp, Verdict,
    },
    ports,
};

/// `POST /admin/sync`; an empty body is the same as `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyncRequest {
    /// Look and compare, keep and publish nothing.
    pub dry_run: bool,
    /// Take a doubtful fall as true, this once.
    pub accept_fall: bool,
}

/// One finished cycle: the answer of `POST /admin/sync`, a line of `GET /admin/runs`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Run {
    /// Short id, also in the log.
    pub run: String,
    /// Who started it.
    pub trigger: String,
    /// Whether nothing was kept or published.
    pub dry_run: bool,
    /// When it started.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How much of the source was shown.
    pub coverage: String,
    /// What changed.
    pub counts: Counts,
    /// Set when the answer was doubted and absences were frozen.
    pub quarantined: Option<Fall>,
    /// Entries of the answer that could not be used.
    pub skipped: usize,
    /// What mapping had to decide.
    pub notes: Notes,
    /// Agents offered after this cycle.
    pub routable: usize,
    /// Version of the state afterwards.
    pub generation: u64,
    /// Changed agents in plain words, at most [`CycleReport::LISTED`].
    pub changes: Vec<String>,
}

/// [`MergeCounts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[expect(
    missing_docs,
    reason = "the fields of MergeCounts, which has the words"
)]
pub struct Counts {
    pub seen: usize,
    pub added: usize,
    pub returned: usize,
    pub updated: usize,
    pub missing: usize,
    pub frozen: usize,
    pub gone: usize,
    pub unchanged: usize,
}

/// A doubted fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Fall {
    /// Agents present before.
    pub before: usize,
    /// Of those, agents in this answer.
    pub now: usize,
}

/// [`MappingNotes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[expect(
    missing_docs,
    reason = "the fields of MappingNotes, which has the words"
)]
pub struct Notes {
    pub excluded: usize,
    pub unmapped_skills: usize,
    pub missing_emails: usize,
    pub name_collisions: usize,
    pub names_changed: usize,
}

/// `GET /admin/runs`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Runs {
    /// Newest first.
    pub runs: Vec<Run>,
}

/// `GET /admin/agents`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Agents {
    /// Version of the state they are from.
    pub generation: u64,
    /// By username.
    pub agents: Vec<Agent>,
}

/// One agent as routing sees them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Agent {
    /// In the source.
    pub source_id: String,
    /// In the target.
    pub target_id: String,
    /// In the target.
    pub username: String,
    /// Shown to visitors.
    pub name: String,
    /// What the source says.
    pub presence: String,
    /// What visitors see.
    pub status: String,
    /// Chats as the source says.
    pub load: u32,
    /// Chats allowed at once; `None` is no limit.
    pub capacity: Option<u32>,
    /// Those, and the slots booked or held by the book.
    pub taken: u32,
    /// What the book alone has added: bookings and holds.
    pub holds: u32,
    /// Where they are members.
    pub departments: Vec<Department>,
    /// Whose word about availability counts: `source`, `target` or `both`.
    pub owner: String,
    /// `present`, `missing`, `frozen` or `gone`.
    pub standing: String,
    /// Since when, unless present.
    pub standing_since: Option<String>,
}

/// A department.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Department {
    /// In the target; what `?department=` wants.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// `GET /admin/explain`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Explanation {
    /// The order of choice that was used.
    pub policy: String,
    /// Id of the department asked for.
    pub department: Option<String>,
    /// Whether it was asked for a transferred chat.
    pub transfer: bool,
    /// Who may be chosen; the first one would be.
    pub candidates: Vec<Candidate>,
    /// Who may not, by username.
    pub refused: Vec<Refused>,
    /// How many were refused, by reason.
    pub tally: BTreeMap<String, u32>,
    /// What one should know to understand the rest.
    pub notes: Vec<String>,
}

/// Somebody who may be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Candidate {
    /// In the target.
    pub username: String,
    /// Chats, bookings and holds.
    pub taken: u32,
    /// Chats allowed at once; `None` is no limit.
    pub capacity: Option<u32>,
    /// What is compared, and its value, in order.
    pub key: Vec<(String, String)>,
    /// What else decided the order.
    pub remark: Option<String>,
}

/// Somebody who may not be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Refused {
    /// In the target.
    pub username: String,
    /// Why, as a word of a closed list.
    pub reason: String,
    /// Why, with the agent's own numbers.
    pub sentence: String,
}

/// `GET /admin/state/verify`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Findings {
    /// One sentence each, ending with the remedy; empty is well.
    pub findings: Vec<String>,
}

/// `GET /admin/state`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct State {
    /// Version of what is served.
    pub generation: u64,
    /// When the source was last seen whole.
    pub source_seen: Option<String>,
    /// `never`, `fresh`, `stale` or `too_old`.
    pub freshness: String,
    /// Age of what is served.
    pub age_seconds: Option<f64>,
    /// Agents served.
    pub agents: usize,
    /// Departments served.
    pub departments: usize,
    /// Slots held for answers that were given.
    pub holds: usize,
    /// Size of the store on disk.
    pub disk_bytes: u64,
    /// How the store came up at the start.
    pub opened: Opened,
}

/// [`ports::Opened`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "how", rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the variants of ports::Opened, which has the words"
)]
pub enum Opened {
    Clean,
    New,
    Repaired {
        quarantine: String,
    },
    Restored {
        quarantine: String,
        exported_at: String,
    },
    Lost {
        quarantine: String,
    },
}

/// The body of every answer that is not 200.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Refusal {
    /// One sentence: what, to whom, what to do next.
    pub error: String,
    /// What kind of trouble it is: the command line chooses its exit code by this.
    pub kind: RefusalKind,
    /// [`crate::domain::Health::word`] of the source, where that is the trouble.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
}

/// Kinds of trouble, each with its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// 400: the question makes no sense.
    BadRequest,
    /// 401: no token, or another one.
    Unauthorized,
    /// 404: no such route or department.
    NotFound,
    /// 409: another writer was faster.
    Conflict,
    /// 500: the store cannot be read or written.
    State,
    /// 500: our own fault.
    Unexpected,
    /// 502: the source could not be read.
    SourceUnavailable,
    /// 502: the source refused the login.
    CredentialsRejected,
    /// 503: shutting down, or the store is in other hands.
    Busy,
    /// 504: the cycle took too long.
    Deadline,
}

impl From<&CycleReport> for Run {
    fn from(report: &CycleReport) -> Self {
        Self {
            run: report.run.clone(),
            trigger: report.trigger.word().to_owned(),
            dry_run: report.dry_run,
            started_at: report.started_at.to_string(),
            took_ms: report.took_ms,
            coverage: report.coverage.word().to_owned(),
            counts: report.counts.into(),
            quarantined: match report.verdict {
                Verdict::Trusted => None,
                Verdict::Quarantined { before, now } => Some(Fall { before, now }),
            },
            skipped: report.skipped,
            notes: (&report.notes).into(),
            routable: report.routable,
            generation: report.generation.0,
            changes: report.changes.clone(),
        }
    }
}

impl From<MergeCounts> for Counts {
    fn from(counts: MergeCounts) -> Self {
        // Taken apart, so that a new count cannot be forgotten here.
        let MergeCounts {
            seen,
            added,
            returned,
            updated,
            missing,
            frozen,
            gone,
            unchanged,
        } = counts;
        Self {
            seen,
            added,
            returned,
            updated,
            missing,
            frozen,
            gone,
            unchanged,
        }
    }
}

impl From<&MappingNotes> for Notes {
    fn from(notes: &MappingNotes) -> Self {
        let &MappingNotes {
            excluded,
            unmapped_skills,
            missing_emails,
            name_collisions,
            names_changed,
        } = notes;
        Self {
            excluded,
            unmapped_skills,
            missing_emails,
            name_collisions,
            names_changed,
        }
    }
}

impl From<ports::Opened> for Opened {
    fn from(opened: ports::Opened) -> Self {
        match opened {
            ports::Opened::Clean => Self::Clean,
            ports::Opened::New => Self::New,
            ports::Opened::Repaired { quarantine } => Self::Repaired { quarantine },
            ports::Opened::Restored {
                quarantine,
                exported_at,
            } => Self::Restored {
                quarantine,
                exported_at: exported_at.to_string(),
            },
            ports::Opened::Lost { quarantine } => Self::Lost { quarantine },
        }
    }
}

impl Agent {
    /// A row of a snapshot, with everything that the book counts against its capacity.
    pub fn new(snapshot: &Snapshot, row: &SnapshotRow, taken: u32) -> Self {
        let (standing, since) = standing(row.standing());
        Self {
            source_id: row.source_id().as_str().to_owned(),
            target_id: row.target_id().as_str().to_owned(),
            username: row.username().to_owned(),
            name: row.agent.name.clone(),
            presence: row.agent.believed.agent.presence.word().to_owned(),
            status: row.availability().status.word().to_owned(),
            load: row.load(),
            capacity: limit(row.capacity()),
            taken,
            holds: taken.saturating_sub(row.load()),
            departments: row
                .departments
                .iter()
                .filter_map(|place| snapshot.departments().get(*place as usize))
                .map(|department| Department {
                    id: department.id.as_str().to_owned(),
                    name: department.name.clone(),
                })
                .collect(),
            owner: row.owner().word().to_owned(),
            standing: standing.to_owned(),
            standing_since: since.map(|since| since.to_string()),
        }
    }
}

/// Unlimited is JSON's `null`.
pub(super) fn limit(capacity: Capacity) -> Option<u32> {
    match capacity {
        Capacity::Unlimited => None,
        Capacity::Limited(limit) => Some(limit),
    }
}

fn standing(standing: Standing) -> (&'static str, Option<Timestamp>) {
    match standing {
        Standing::Present => ("present", None),
        Standing::Missing { since } => ("missing", Some(since)),
        Standing::Frozen { since } => ("frozen", Some(since)),
        Standing::Gone { since } => ("gone", Some(since)),
    }
}
