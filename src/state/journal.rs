//! What the move keeps: runs, their changes, how those ended, and what is ours.
//!
//! A run is there once its own record is: changes go first. A change is written once; how it ended
//! is a small record of its own, and the run's record carries the counts, so that noting an
//! outcome costs one batch however long the journal is.

use std::collections::BTreeMap;

use super::{
    engine::{Applied, BATCH, Change as Row, Engine, scan_family},
    key,
    record::{
        self, AgentLinkRecord, ChangeRecord, DepartmentLinkRecord, MoveRunRecord, OutcomeRecord,
    },
    store::Store,
};
use crate::{
    domain::{
        Change, Outcome, SourceId,
        moving::{Journalled, Links, MoveRun},
    },
    ports::{JournalStore, News, StoreError},
};

/// What makes a record of the move shorter.
const SHORTEN: &str = "shorten the texts it holds, or give a department fewer members";

impl<E: Engine> JournalStore for Store<E> {
    fn begin_run(&self, run: &MoveRun, changes: &[Change]) -> Result<(), StoreError> {
        if !key::is_run_id(&run.id) {
            return Err(self.refused(format!(
                "the run `{}` cannot be kept under that id",
                run.id.chars().take(80).collect::<String>()
            )));
        }
        if changes.len() != run.changes || u32::try_from(changes.len()).is_err() {
            return Err(self.refused(format!(
                "the run {} says {} changes and has {}; nothing was written",
                run.id,
                run.changes,
                changes.len()
            )));
        }
        let mut rows: Vec<_> = (0..)
            .zip(changes)
            .map(|(number, change)| {
                let key = key::in_run(key::MOVE_CHANGE, &run.id, number);
                Row::put(key, record::encode(&ChangeRecord::new(change)))
            })
            .collect();
        rows.push(run_row(run));
        self.fits(&rows, SHORTEN)?;
        let _turn = self.turn();
        if self.engine.get(&key::move_run(&run.id))?.is_some() {
            return Err(self.refused(format!(
                "the run {} is in the journal already; nothing was written",
                run.id
            )));
        }
        let rests = self.rests()?;
        self.keep(&rests)?;
        self.keep(&rows)
    }

    fn record(&self, run: &str, news: &News) -> Result<(), StoreError> {
        let agents = news.agents.iter().map(|link| {
            let record = AgentLinkRecord::new(link);
            Row::put(key::agent_link(&link.source_id), record::encode(&record))
        });
        let departments = news.departments.iter().map(|link| {
            let record = DepartmentLinkRecord::new(link);
            Row::put(key::department_link(&link.name), record::encode(&record))
        });
        // Links first: an outcome that is kept without its link would leave a user that nobody
        // knows to be ours.
        let mut rows: Vec<_> = agents.chain(departments).collect();
        // A map: of two outcomes of one change the last one counts.
        let outcomes: BTreeMap<_, _> = news.outcomes.iter().map(|(n, o)| (*n, o)).collect();
        let _turn = self.turn();
        if outcomes.is_empty() {
            self.fits(&rows, SHORTEN)?;
            return self.keep(&rows);
        }
        let mut counted = self.move_run(run)?;
        for (number, outcome) in outcomes {
            // Far more than anybody has to tell at once: every batch carries its own counts.
            if rows.len() + 2 > BATCH {
                rows.push(run_row(&counted));
                self.fits(&rows, SHORTEN)?;
                self.keep(&std::mem::take(&mut rows))?;
            }
            if usize::try_from(number).is_ok_and(|number| number >= counted.changes) {
                return Err(self.refused(format!(
                    "the run {run} has {} changes, and none with the number {number}",
                    counted.changes
                )));
            }
            let key = key::in_run(key::MOVE_OUTCOME, run, number);
            if let Some(bytes) = self.engine.get(&key)? {
                let replaced = self.read::<OutcomeRecord>(&key, &bytes)?.into_domain();
                let count = counter_of(&replaced, &mut counted);
                *count = count.saturating_sub(1);
            }
            *counter_of(outcome, &mut counted) += 1;
            rows.push(Row::put(key, record::encode(&OutcomeRecord::new(outcome))));
        }
        rows.push(run_row(&counted));
        self.fits(&rows, SHORTEN)?;
        self.keep(&rows)
    }

    fn save_run(&self, run: &MoveRun) -> Result<(), StoreError> {
        let row = run_row(run);
        self.fits(std::slice::from_ref(&row), SHORTEN)?;
        let _turn = self.turn();
        // Also looks whether it was begun: a run without changes would read as one without work.
        self.move_run(&run.id)?;
        self.keep(&[row])
    }

    fn move_runs(&self) -> Result<Vec<MoveRun>, StoreError> {
        let _turn = self.turn();
        let mut runs = Vec::new();
        scan_family(&self.engine, key::MOVE_RUN, &mut |key, bytes| {
            runs.push(self.read::<MoveRunRecord>(key, bytes)?.into_domain());
            Ok(())
        })?;
        runs.reverse();
        Ok(runs)
    }

    fn journal(&self, run: &str) -> Result<Vec<Journalled>, StoreError> {
        let _turn = self.turn();
        if !key::is_run_id(run) || self.engine.get(&key::move_run(run))?.is_none() {
            return Ok(Vec::new());
        }
        let mut journal = BTreeMap::new();
        let changes = key::of_run(key::MOVE_CHANGE, run);
        scan_family(&self.engine, &changes, &mut |key, bytes| {
            if let Some((_, number)) = key::place_in_run(key::MOVE_CHANGE, key) {
                let change = self.read::<ChangeRecord>(key, bytes)?.into_domain();
                let journalled = Journalled {
                    number,
                    change,
                    outcome: None,
                };
                journal.insert(number, journalled);
            }
            Ok(())
        })?;
        let outcomes = key::of_run(key::MOVE_OUTCOME, run);
        scan_family(&self.engine, &outcomes, &mut |key, bytes| {
            let place = key::place_in_run(key::MOVE_OUTCOME, key);
            if let Some(journalled) = place.and_then(|(_, number)| journal.get_mut(&number)) {
                journalled.outcome = Some(self.read::<OutcomeRecord>(key, bytes)?.into_domain());
            }
            Ok(())
        })?;
        Ok(journal.into_values().collect())
    }

    fn links(&self) -> Result<Links, StoreError> {
        let _turn = self.turn();
        let mut links = Links::default();
        scan_family(&self.engine, key::AGENT_LINK, &mut |key, bytes| {
            let record = self.read::<AgentLinkRecord>(key, bytes)?;
            let released = record.released;
            let link = record.into_domain();
            if released {
                links.released.insert(link.target_id);
            } else {
                links.agents.insert(link.source_id.clone(), link);
            }
            Ok(())
        })?;
        scan_family(&self.engine, key::DEPARTMENT_LINK, &mut |key, bytes| {
            let link = self.read::<DepartmentLinkRecord>(key, bytes)?.into_domain();
            links.departments.insert(link.name.clone(), link);
            Ok(())
        })?;
        Ok(links)
    }

    fn unlink(&self, agents: &[SourceId]) -> Result<(), StoreError> {
        let _turn = self.turn();
        let mut rows = Vec::new();
        for agent in agents {
            let key = key::agent_link(agent);
            if let Some(bytes) = self.engine.get(&key)? {
                let mut record = self.read::<AgentLinkRecord>(&key, &bytes)?;
                record.released = true;
                rows.push(Row::put(key, record::encode(&record)));
            }
        }
        self.keep(&rows)
    }
}

impl<E: Engine> Store<E> {
    fn keep(&self, rows: &[Row]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        match self.engine.apply(rows, None)? {
            // Without a guard nothing is ever refused.
            Applied::Done | Applied::Refused => Ok(()),
        }
    }

    fn move_run(&self, id: &str) -> Result<MoveRun, StoreError> {
        let key = key::move_run(id);
        let Some(bytes) = self.engine.get(&key)? else {
            return Err(StoreError::Damaged {
                what: format!("the journal of the move in {}", self.place()),
                why: format!(
                    "it has no run `{}`",
                    id.chars().take(80).collect::<String>()
                ),
            });
        };
        Ok(self.read::<MoveRunRecord>(&key, &bytes)?.into_domain())
    }

    /// Removes what is left of runs whose beginning was cut off. Ids sort by age, so those can
    /// only be the last ones; nothing else is looked at.
    fn rests(&self) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        let mut end = key::after(key::MOVE_CHANGE);
        while let Some(last) = self.engine.last_key(key::MOVE_CHANGE, &end)? {
            let Some((run, _)) = key::place_in_run(key::MOVE_CHANGE, &last) else {
                break;
            };
            if self.engine.get(&key::move_run(run))?.is_some() {
                break;
            }
            let changes = key::of_run(key::MOVE_CHANGE, run);
            scan_family(&self.engine, &changes, &mut |key, _| {
                rows.push(Row::remove(key));
                Ok(())
            })?;
            end = changes;
        }
        Ok(rows)
    }
}

fn run_row(run: &MoveRun) -> Row {
    let record = MoveRunRecord::new(run);
    Row::put(key::move_run(&run.id), record::encode(&record))
}

/// Where the run counts changes that ended so.
fn counter_of<'a>(outcome: &Outcome, run: &'a mut MoveRun) -> &'a mut usize {
    match outcome {
        Outcome::Done => &mut run.done,
        Outcome::Failed { .. } => &mut run.failed,
        Outcome::Skipped { .. } => &mut run.skipped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            Timestamp,
            moving::{RunKind, Scope},
        },
        ports::Inspect,
        state::MemoryStore,
    };

    fn run(id: &str) -> MoveRun {
        MoveRun {
            id: id.to_owned(),
            kind: RunKind::Apply,
            scope: Scope::default(),
            checksum: "0".to_owned(),
            started_at: Timestamp::default(),
            ended_at: None,
            changes: 0,
            done: 0,
            failed: 0,
            skipped: 0,
        }
    }

    #[test]
    fn the_rest_of_a_beginning_that_was_cut_off_is_no_run_and_goes_with_the_next() {
        let store = MemoryStore::new(5);
        store.begin_run(&run("m1"), &[]).unwrap();
        let clean = store.export(Timestamp::default()).unwrap();
        // What two crashes before the run's own record leave behind.
        let rest = |run| {
            let change = br#"{"v":1,"phase":"users","subject":{"setting":"x"},"effect":"create","reason":"","writes":[]}"#;
            (0..3).map(move |n| Row::put(key::in_run(key::MOVE_CHANGE, run, n), change.to_vec()))
        };
        let rests: Vec<_> = rest("m2").chain(rest("m3")).collect();
        store.keep(&rests).unwrap();
        assert_eq!(store.journal("m2").unwrap(), []);
        assert_eq!(store.move_runs().unwrap(), [run("m1")]);
        assert_eq!(store.findings().unwrap(), Vec::<String>::new());

        store.begin_run(&run("m4"), &[]).unwrap();
        let mut expected = MemoryStore::new(5);
        for id in ["m1", "m4"] {
            expected.begin_run(&run(id), &[]).unwrap();
        }
        let now = Timestamp::default();
        assert_eq!(store.export(now).unwrap(), expected.export(now).unwrap());
        expected = MemoryStore::new(5);
        expected.begin_run(&run("m1"), &[]).unwrap();
        assert_eq!(expected.export(now).unwrap(), clean);
    }
}
