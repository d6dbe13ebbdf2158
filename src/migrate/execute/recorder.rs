//! Noting outcomes behind the workers, many in one commit: a worker never waits for the disk.
//!
//! What a kill loses is the last outcomes, never a before-image: those were kept before the run
//! began, and whoever takes the run up looks first whether the writes happened.

use std::sync::Arc;

use tokio::sync::mpsc::Receiver;

use super::Execution;
use crate::{
    domain::{
        Outcome,
        moving::{DepartmentLink, Link},
    },
    ports::{Amendment, News, StoreError, blocking},
};

/// Outcomes of one commit at most.
const BATCH: usize = 256;

/// How one change ended, and what came of it.
pub(super) struct Ended {
    number: u32,
    pub(super) outcome: Outcome,
    pub(super) agents: Vec<Link>,
    pub(super) departments: Vec<DepartmentLink>,
    pub(super) amendments: Vec<Amendment>,
}

impl Ended {
    /// Done, so far.
    pub(super) fn of(number: u32) -> Self {
        Self {
            number,
            outcome: Outcome::Done,
            agents: Vec::new(),
            departments: Vec::new(),
            amendments: Vec::new(),
        }
    }
}

/// Notes what it hears until nobody speaks any more. Owners change before the outcome is noted: a
/// kill in between repeats the change, which does no harm.
pub(super) async fn record(
    execution: Arc<Execution>,
    mut heard: Receiver<Ended>,
) -> Result<(), StoreError> {
    let mut batch = Vec::new();
    while heard.recv_many(&mut batch, BATCH).await > 0 {
        let (mut news, mut amendments, mut failed) = (News::default(), Vec::new(), 0);
        let ended = batch.len();
        for one in batch.drain(..) {
            failed += usize::from(matches!(one.outcome, Outcome::Failed { .. }));
            news.outcomes.push((one.number, one.outcome));
            news.agents.extend(one.agents);
            news.departments.extend(one.departments);
            amendments.extend(one.amendments);
        }
        let (parts, run) = (Arc::clone(&execution.parts), execution.run.id.clone());
        blocking(move || {
            if !amendments.is_empty() {
                parts.centre.amend(&amendments)?;
            }
            parts.journal.record(&run, &news)
        })
        .await?;
        execution.teller.ended(ended, failed);
    }
    Ok(())
}
