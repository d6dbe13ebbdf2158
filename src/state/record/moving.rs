//! The move's journal and links as stored.

use serde::{Deserialize, Serialize};

use super::{
    Record, Version,
    words::{EffectWord, OriginWord, PhaseWord},
    write::WriteRecord,
};
use crate::domain::{
    Change, DepartmentId, Outcome, SourceId, Subject, TargetId, Timestamp,
    change::FieldChange,
    moving::{DepartmentLink, Link, MoveRun, RunKind, Scope},
};

/// `move/run/<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MoveRunRecord {
    v: Version<1>,
    id: String,
    kind: KindWord,
    /// The run that is taken back; there exactly when `kind` is `undo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wave: Option<String>,
    cut_over: bool,
    checksum: String,
    started_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    changes: usize,
    done: usize,
    failed: usize,
    skipped: usize,
}

impl Record for MoveRunRecord {
    const VERSION: u32 = 1;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindWord {
    Apply,
    Finish,
    Connect,
    Undo,
}

impl MoveRunRecord {
    pub(crate) fn new(run: &MoveRun) -> Self {
        let (kind, of) = match &run.kind {
            RunKind::Apply => (KindWord::Apply, None),
            RunKind::Finish => (KindWord::Finish, None),
            RunKind::Connect => (KindWord::Connect, None),
            RunKind::Undo { of } => (KindWord::Undo, Some(of.clone())),
        };
        Self {
            v: Version,
            id: run.id.clone(),
            kind,
            of,
            wave: run.scope.wave.clone(),
            cut_over: run.scope.cut_over,
            checksum: run.checksum.clone(),
            started_at: run.started_at.millis(),
            ended_at: run.ended_at.map(Timestamp::millis),
            changes: run.changes,
            done: run.done,
            failed: run.failed,
            skipped: run.skipped,
        }
    }

    pub(crate) fn into_domain(self) -> MoveRun {
        MoveRun {
            id: self.id,
            kind: match self.kind {
                KindWord::Apply => RunKind::Apply,
                KindWord::Finish => RunKind::Finish,
                KindWord::Connect => RunKind::Connect,
                KindWord::Undo => RunKind::Undo {
                    of: self.of.unwrap_or_default(),
                },
            },
            scope: Scope {
                wave: self.wave,
                cut_over: self.cut_over,
            },
            checksum: self.checksum,
            started_at: Timestamp::from_millis(self.started_at),
            ended_at: self.ended_at.map(Timestamp::from_millis),
            changes: self.changes,
            done: self.done,
            failed: self.failed,
            skipped: self.skipped,
        }
    }
}

/// `move/change/<run>/<8 hexadecimal digits>`: written once, before anything is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangeRecord {
    v: Version<1>,
    phase: PhaseWord,
    subject: SubjectRow,
    effect: EffectWord,
    reason: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldRow>,
    writes: Vec<WriteRecord>,
}

impl Record for ChangeRecord {
    const VERSION: u32 = 1;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SubjectRow {
    Agent { source_id: String, username: String },
    Department(String),
    Setting(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FieldRow {
    field: String,
    before: String,
    after: String,
}

impl ChangeRecord {
    pub(crate) fn new(change: &Change) -> Self {
        let field = |field: &FieldChange| FieldRow {
            field: field.field.clone(),
            before: field.before.clone(),
            after: field.after.clone(),
        };
        Self {
            v: Version,
            phase: change.phase.into(),
            subject: match &change.subject {
                Subject::Agent {
                    source_id,
                    username,
                } => SubjectRow::Agent {
                    source_id: source_id.to_string(),
                    username: username.clone(),
                },
                Subject::Department(name) => SubjectRow::Department(name.clone()),
                Subject::Setting(id) => SubjectRow::Setting(id.clone()),
            },
            effect: change.effect.into(),
            reason: change.reason.clone(),
            fields: change.fields.iter().map(field).collect(),
            writes: change.writes.iter().map(WriteRecord::from).collect(),
        }
    }

    pub(crate) fn into_domain(self) -> Change {
        let field = |row: FieldRow| FieldChange {
            field: row.field,
            before: row.before,
            after: row.after,
        };
        Change {
            phase: self.phase.into(),
            subject: match self.subject {
                SubjectRow::Agent {
                    source_id,
                    username,
                } => Subject::Agent {
                    source_id: SourceId::new(source_id),
                    username,
                },
                SubjectRow::Department(name) => Subject::Department(name),
                SubjectRow::Setting(id) => Subject::Setting(id),
            },
            effect: self.effect.into(),
            reason: self.reason,
            fields: self.fields.into_iter().map(field).collect(),
            writes: self.writes.into_iter().map(Into::into).collect(),
        }
    }
}

/// `move/outcome/<run>/<8 hexadecimal digits>`: beside the change, so that the big record is not
/// written again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OutcomeRecord {
    v: Version<1>,
    outcome: OutcomeWord,
    /// Absent exactly when `outcome` is `done`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Whether trying again may help; only with `failed`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    transient: bool,
}

impl Record for OutcomeRecord {
    const VERSION: u32 = 1;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeWord {
    Done,
    Failed,
    Skipped,
}

impl OutcomeRecord {
    pub(crate) fn new(outcome: &Outcome) -> Self {
        let (outcome, why, transient) = match outcome {
            Outcome::Done => (OutcomeWord::Done, None, false),
            Outcome::Failed { why, transient } => {
                (OutcomeWord::Failed, Some(why.clone()), *transient)
            }
            Outcome::Skipped { why } => (OutcomeWord::Skipped, Some(why.clone()), false),
        };
        Self {
            v: Version,
            outcome,
            why,
            transient,
        }
    }

    pub(crate) fn into_domain(self) -> Outcome {
        let why = self.why.unwrap_or_default();
        match self.outcome {
            OutcomeWord::Done => Outcome::Done,
            OutcomeWord::Failed => Outcome::Failed {
                why,
                transient: self.transient,
            },
            OutcomeWord::Skipped => Outcome::Skipped { why },
        }
    }
}

/// `link/agent/<source id>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgentLinkRecord {
    v: Version<1>,
    source_id: String,
    target_id: String,
    username: String,
    origin: OriginWord,
    wave: String,
    /// Set once the user is ours no longer: he may still carry the agent's id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) released: bool,
}

impl Record for AgentLinkRecord {
    const VERSION: u32 = 1;
}

impl AgentLinkRecord {
    pub(crate) fn new(link: &Link) -> Self {
        Self {
            v: Version,
            source_id: link.source_id.to_string(),
            target_id: link.target_id.to_string(),
            username: link.username.clone(),
            origin: link.origin.into(),
            wave: link.wave.clone(),
            released: false,
        }
    }

    pub(crate) fn into_domain(self) -> Link {
        Link {
            source_id: SourceId::new(self.source_id),
            target_id: TargetId::new(self.target_id),
            username: self.username,
            origin: self.origin.into(),
            wave: self.wave,
        }
    }
}

/// `link/department/<name>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DepartmentLinkRecord {
    v: Version<1>,
    name: String,
    id: String,
    origin: OriginWord,
}

impl Record for DepartmentLinkRecord {
    const VERSION: u32 = 1;
}

impl DepartmentLinkRecord {
    pub(crate) fn new(link: &DepartmentLink) -> Self {
        Self {
            v: Version,
            name: link.name.clone(),
            id: link.id.to_string(),
            origin: link.origin.into(),
        }
    }

    pub(crate) fn into_domain(self) -> DepartmentLink {
        DepartmentLink {
            name: self.name,
            id: DepartmentId::new(self.id),
            origin: self.origin.into(),
        }
    }
}
