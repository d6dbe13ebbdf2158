//! Looking into the book: the one place that knows the shapes of what it tells.

use super::wire;
use crate::{
    domain::Timestamp,
    ledger::{Freshness, Ledger},
    ports::Clock,
    routing,
};

/// Everybody who is published, with what the book has laid over them.
pub fn agents(ledger: &Ledger) -> wire::Agents {
    let (snapshot, taken) = ledger.taken();
    wire::Agents {
        generation: snapshot.generation.0,
        agents: snapshot
            .rows()
            .iter()
            .zip(taken)
            .map(|(row, taken)| wire::Agent::new(&snapshot, row, taken))
            .collect(),
    }
}

/// What to say when [`department_id`] finds nothing.
pub const NO_DEPARTMENT: &str = "no department has that id or name; `lp2rc agents` shows them";

/// The id of the department that has this id, or else this name without regard to case.
pub fn department_id(ledger: &Ledger, named: &str) -> Option<String> {
    let snapshot = ledger.snapshot();
    let place = snapshot.department(named).or_else(|| {
        let named = named.to_lowercase();
        let mut all = snapshot.departments().iter();
        all.position(|department| department.name.to_lowercase() == named)
    })?;
    let found = snapshot.departments().get(place)?;
    Some(found.id.as_str().to_owned())
}

/// When the source was last read: the snapshot itself is older where nothing has changed since.
pub(in crate::server) fn source_seen(ledger: &Ledger, clock: &dyn Clock) -> Option<String> {
    let age = match ledger.freshness() {
        Freshness::Never => return None,
        Freshness::Fresh { age } | Freshness::Stale { age } | Freshness::TooOld { age } => age,
    };
    let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    Some(Timestamp::from_millis(clock.now().millis().saturating_sub(age)).to_string())
}

/// The word and the age in seconds of what is served.
pub(in crate::server) fn freshness(freshness: Freshness) -> (&'static str, Option<f64>) {
    match freshness {
        Freshness::Never => ("never", None),
        Freshness::Fresh { age } => ("fresh", Some(age.as_secs_f64())),
        Freshness::Stale { age } => ("stale", Some(age.as_secs_f64())),
        Freshness::TooOld { age } => ("too_old", Some(age.as_secs_f64())),
    }
}

impl From<&routing::Explanation> for wire::Explanation {
    fn from(explanation: &routing::Explanation) -> Self {
        Self {
            policy: explanation.policy.word().to_owned(),
            department: explanation.department.clone(),
            transfer: explanation.purpose == crate::domain::Purpose::Transfer,
            candidates: explanation.candidates.iter().map(Into::into).collect(),
            refused: explanation.refused.iter().map(Into::into).collect(),
            tally: explanation
                .tally
                .iter()
                .map(|(refusal, agents)| (refusal.word().to_owned(), agents))
                .collect(),
            notes: explanation.notes.clone(),
        }
    }
}

impl From<&routing::Candidate> for wire::Candidate {
    fn from(candidate: &routing::Candidate) -> Self {
        Self {
            username: candidate.username.clone(),
            taken: candidate.taken,
            capacity: wire::limit(candidate.capacity),
            key: candidate
                .key
                .iter()
                .map(|(what, value)| ((*what).to_owned(), value.clone()))
                .collect(),
            remark: candidate.remark.map(str::to_owned),
        }
    }
}

impl From<&routing::Refused> for wire::Refused {
    fn from(refused: &routing::Refused) -> Self {
        Self {
            username: refused.username.clone(),
            reason: refused.refusal.word().to_owned(),
            sentence: refused.sentence.clone(),
        }
    }
}
