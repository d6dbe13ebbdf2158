//! Telling about a cycle: its numbers, its health words, its log lines. Decides nothing. Failures
//! are logged by whoever handles them: the loop goes on, the command line ends.

use crate::{
    domain::{
        Component, Cursor, CycleReport, Generation, Health, Presence, Roster, Skipped, Standing,
        Timestamp, Verdict,
    },
    ports::{SourceError, StoreError},
    telemetry::{
        HealthBoard, Metrics,
        metrics::{Coverage, Fault, Kind, Presence as PresenceLabel, Reason},
    },
};

/// Where a cycle tells what happens.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    metrics: Metrics,
    health: HealthBoard,
}

impl Notes {
    /// Writes to these.
    pub fn new(metrics: Metrics, health: HealthBoard) -> Self {
        Self { metrics, health }
    }

    pub(super) fn attempt(&self, at: Timestamp) {
        self.metrics.last_attempt.set(at.millis() / 1_000);
    }

    pub(super) fn poll_failed(&self, error: &SourceError, now: Timestamp) {
        let fault = error.fault.word();
        self.metrics
            .poll_failures
            .get_or_create(&Fault { fault })
            .inc();
        let reason = match error.retry_after {
            Some(wait) => format!("{error}; the next try is in {wait:.0?}"),
            None => error.to_string(),
        };
        self.health
            .set(Component::Source, error.fault.health(), reason, now);
    }

    pub(super) fn store_failed(&self, error: &StoreError, now: Timestamp) {
        self.metrics.store_failures.inc();
        self.health
            .set(Component::Store, Health::Degraded, error.to_string(), now);
    }

    pub(super) fn store_works(&self, now: Timestamp) {
        self.health
            .set(Component::Store, Health::Connected, "state is kept", now);
    }

    /// A cycle that was kept and published.
    pub(super) fn cycle(
        &self,
        report: &CycleReport,
        skipped: &[Skipped],
        roster: &Roster,
        cursor: &Cursor,
        now: Timestamp,
    ) {
        let metrics = &self.metrics;
        metrics
            .polls
            .get_or_create(&Coverage {
                coverage: report.coverage.word(),
            })
            .inc();
        for entry in skipped {
            metrics
                .skipped_agents
                .get_or_create(&Reason {
                    reason: entry.reason.word(),
                })
                .inc();
            tracing::warn!(
                run = report.run,
                position = entry.position,
                reason = entry.reason.word(),
                "an entry of the answer could not be used and was skipped"
            );
        }
        metrics.last_success.set(now.millis() / 1_000);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one cycle")]
        metrics
            .cycle_seconds
            .observe(report.took_ms as f64 / 1_000.0);
        metrics.commits.inc();
        self.generation(report.generation);
        for (kind, count) in kinds(report) {
            metrics
                .changes
                .get_or_create(&Kind { kind })
                .inc_by(count as u64);
        }
        for (kind, count) in [
            ("excluded", report.notes.excluded),
            ("unmapped_skills", report.notes.unmapped_skills),
            ("missing_emails", report.notes.missing_emails),
            ("name_collisions", report.notes.name_collisions),
            ("names_changed", report.notes.names_changed),
        ] {
            metrics
                .mapping_notes
                .get_or_create(&Kind { kind })
                .set(gauge(count));
        }
        if report.counts.changed() > 0 {
            self.roster(roster, report.routable, report.generation);
        }
        match report.verdict {
            // A filtered or partial answer cannot lift a quarantine.
            Verdict::Trusted if cursor.quarantined_since.is_some() => {}
            Verdict::Trusted => {
                let seen = report.counts.seen;
                let reason = format!("{seen} agents in the last answer");
                self.health
                    .set(Component::Source, Health::Connected, reason, now);
            }
            Verdict::Quarantined { before, now: left } => {
                let reason = format!(
                    "of {before} agents only {left} are left in the last full answer, past the limits of [sync] fall_percent and fall_minimum"
                );
                self.health
                    .set(Component::Source, Health::Quarantined, reason, now);
            }
        }
        if report.counts.changed() > 0 {
            tracing::info!(
                run = report.run,
                trigger = report.trigger.word(),
                poll.coverage = report.coverage.word(),
                poll.agents = report.counts.seen,
                roster.changed = report.counts.changed(),
                roster.routable = report.routable,
                generation = report.generation.0,
                duration_ms = report.took_ms,
                "cycle {}: {} agents seen, {} changed, {} routable",
                report.run,
                report.counts.seen,
                report.counts.changed(),
                report.routable,
            );
        } else {
            tracing::debug!(run = report.run, "cycle {}: nothing changed", report.run);
        }
    }

    fn generation(&self, generation: Generation) {
        let number = i64::try_from(generation.0).unwrap_or(i64::MAX);
        self.metrics.generation.set(number);
    }

    pub(super) fn roster(&self, roster: &Roster, routable: usize, generation: Generation) {
        let mut counts = [0_usize; Presence::ALL.len()];
        for entry in roster.entries() {
            if !matches!(entry.standing, Standing::Gone { .. })
                && let Some(place) = Presence::ALL
                    .iter()
                    .position(|presence| *presence == entry.agent.presence)
            {
                counts[place] += 1;
            }
        }
        for (presence, count) in Presence::ALL.into_iter().zip(counts) {
            let label = PresenceLabel {
                presence: presence.word(),
            };
            self.metrics.agents.get_or_create(&label).set(gauge(count));
        }
        self.metrics.routable_agents.set(gauge(routable));
        self.generation(generation);
    }
}

fn kinds(report: &CycleReport) -> [(&'static str, usize); 6] {
    let counts = &report.counts;
    [
        ("added", counts.added),
        ("returned", counts.returned),
        ("updated", counts.updated),
        ("missing", counts.missing),
        ("frozen", counts.frozen),
        ("gone", counts.gone),
    ]
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
