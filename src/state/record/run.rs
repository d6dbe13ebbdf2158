//! Finished cycles as stored.

use serde::{Deserialize, Serialize};

use super::{LIMIT, Record, Version, encode};
use crate::domain::{
    Coverage, CycleReport, Generation, MappingNotes, MergeCounts, Timestamp, Trigger, Verdict,
};

/// `run/<number>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunRecord {
    v: Version<1>,
    run: String,
    trigger: TriggerWord,
    dry_run: bool,
    started_at: i64,
    took_ms: u64,
    coverage: CoverageWord,
    counts: CountsRecord,
    /// Absent when the answer was trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quarantined: Option<FallRecord>,
    skipped: usize,
    notes: NotesRecord,
    routable: usize,
    generation: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<String>,
}

impl Record for RunRecord {
    const VERSION: u32 = 1;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TriggerWord {
    Start,
    Schedule,
    Request,
    Overdue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CoverageWord {
    Full,
    Filtered,
    Partial,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CountsRecord {
    seen: usize,
    added: usize,
    returned: usize,
    updated: usize,
    missing: usize,
    frozen: usize,
    gone: usize,
    unchanged: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FallRecord {
    before: usize,
    now: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct NotesRecord {
    excluded: usize,
    unmapped_skills: usize,
    missing_emails: usize,
    name_collisions: usize,
    names_changed: usize,
}

impl RunRecord {
    pub(crate) fn new(report: &CycleReport) -> Self {
        let counts = &report.counts;
        let notes = &report.notes;
        Self {
            v: Version,
            run: report.run.clone(),
            trigger: match report.trigger {
                Trigger::Start => TriggerWord::Start,
                Trigger::Schedule => TriggerWord::Schedule,
                Trigger::Request => TriggerWord::Request,
                Trigger::Overdue => TriggerWord::Overdue,
            },
            dry_run: report.dry_run,
            started_at: report.started_at.millis(),
            took_ms: report.took_ms,
            coverage: match report.coverage {
                Coverage::Full => CoverageWord::Full,
                Coverage::Filtered => CoverageWord::Filtered,
                Coverage::Partial => CoverageWord::Partial,
            },
            counts: CountsRecord {
                seen: counts.seen,
                added: counts.added,
                returned: counts.returned,
                updated: counts.updated,
                missing: counts.missing,
                frozen: counts.frozen,
                gone: counts.gone,
                unchanged: counts.unchanged,
            },
            quarantined: match report.verdict {
                Verdict::Trusted => None,
                Verdict::Quarantined { before, now } => Some(FallRecord { before, now }),
            },
            skipped: report.skipped,
            notes: NotesRecord {
                excluded: notes.excluded,
                unmapped_skills: notes.unmapped_skills,
                missing_emails: notes.missing_emails,
                name_collisions: notes.name_collisions,
                names_changed: notes.names_changed,
            },
            routable: report.routable,
            generation: report.generation.0,
            changes: report.changes.clone(),
        }
    }

    /// The bytes to store. History is worth cutting, not worth failing a cycle for: changes are
    /// left out from the end, and the last line says how many, until the record fits.
    pub(crate) fn encode_within_limit(mut self) -> Vec<u8> {
        let mut bytes = encode(&self);
        let mut left_out = 0;
        while bytes.len() > LIMIT && !self.changes.is_empty() {
            if left_out > 0 {
                self.changes.pop();
            }
            let keep = self.changes.len() / 2;
            left_out += self.changes.len() - keep;
            self.changes.truncate(keep);
            self.changes.push(format!("… and {left_out} more"));
            bytes = encode(&self);
            if keep == 0 {
                break;
            }
        }
        bytes
    }

    pub(crate) fn into_domain(self) -> CycleReport {
        let counts = self.counts;
        let notes = self.notes;
        CycleReport {
            run: self.run,
            trigger: match self.trigger {
                TriggerWord::Start => Trigger::Start,
                TriggerWord::Schedule => Trigger::Schedule,
                TriggerWord::Request => Trigger::Request,
                TriggerWord::Overdue => Trigger::Overdue,
            },
            dry_run: self.dry_run,
            started_at: Timestamp::from_millis(self.started_at),
            took_ms: self.took_ms,
            coverage: match self.coverage {
                CoverageWord::Full => Coverage::Full,
                CoverageWord::Filtered => Coverage::Filtered,
                CoverageWord::Partial => Coverage::Partial,
            },
            counts: MergeCounts {
                seen: counts.seen,
                added: counts.added,
                returned: counts.returned,
                updated: counts.updated,
                missing: counts.missing,
                frozen: counts.frozen,
                gone: counts.gone,
                unchanged: counts.unchanged,
            },
            verdict: self
                .quarantined
                .map_or(Verdict::Trusted, |fall| Verdict::Quarantined {
                    before: fall.before,
                    now: fall.now,
                }),
            skipped: self.skipped,
            notes: MappingNotes {
                excluded: notes.excluded,
                unmapped_skills: notes.unmapped_skills,
                missing_emails: notes.missing_emails,
                name_collisions: notes.name_collisions,
                names_changed: notes.names_changed,
            },
            routable: self.routable,
            generation: Generation(self.generation),
            changes: self.changes,
        }
    }
}
