//! Looking into the book: the one place that knows the shapes of what it tells.

use super::wire;
use crate::{
    ledger::{Freshness, Ledger},
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
