//! Looking for what is wrong, and saying how much there is. Nothing is changed.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use super::{
    engine::{Engine, scan_all},
    export,
    import::{Family, family},
    key,
    record::{
        self, AgentLinkRecord, ChangeRecord, CounterRow, CursorRecord, DepartmentLinkRecord,
        IdentityRecord, LatchRecord, MoveRunRecord, OutcomeRecord, RosterRecord, RunRecord,
        Unreadable,
    },
    store::{SCHEMA, Store},
};
use crate::{
    domain::{Cursor, Generation},
    ports::StoreError,
};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Key of the record, or the first of two.
    pub key: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The record cannot be read.
    Unreadable(String),
    /// The record was written by a newer program.
    Newer {
        /// Version found.
        found: u32,
        /// Version known.
        known: u32,
    },
    /// The key is of no known kind.
    UnknownKey,
    /// The record belongs under another key.
    Misplaced {
        /// The key it belongs under.
        belongs: String,
    },
    /// Two agents have one id in the target.
    SharedTargetId {
        /// Key of the other one.
        with: String,
    },
    /// Two agents have one name in the target, without regard to case.
    SharedUsername {
        /// Key of the other one.
        with: String,
    },
    /// There are records, but no generation.
    NoGeneration,
    /// The rows of roster and mapping are not those that the cursor was written for.
    TallyDiffers,
    /// A run of the move has another number of changes than its record says.
    ChangesDiffer {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// How a change ended is known, but not the change.
    NoChange,
    /// An import or a migration was cut off.
    Unsettled,
}

impl Problem {
    /// What the operator should do.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable(_)
            | Self::Misplaced { .. }
            | Self::TallyDiffers
            | Self::ChangesDiffer { .. }
            | Self::NoChange
            | Self::Unsettled => "restore the last export with `lp2rc state import`",
            Self::Newer { .. } => "install the newer lp2rc",
            Self::UnknownKey => "nothing is lost by it; tell the authors which version wrote it",
            Self::SharedTargetId { .. } | Self::SharedUsername { .. } => {
                "remove both identities from an export and import it: the next full poll makes new ones"
            }
            Self::NoGeneration => "run `lp2rc sync`: a full poll writes it anew",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ", self.key)?;
        match &self.problem {
            Problem::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Problem::Newer { found, known } => {
                write!(f, "has version {found}, this program knows up to {known}")
            }
            Problem::UnknownKey => write!(f, "is of no known kind"),
            Problem::Misplaced { belongs } => write!(f, "belongs under `{belongs}`"),
            Problem::SharedTargetId { with } => write!(f, "has the target id of `{with}`"),
            Problem::SharedUsername { with } => write!(f, "has the username of `{with}`"),
            Problem::NoGeneration => write!(f, "is missing although there are records"),
            Problem::TallyDiffers => {
                write!(f, "was written for other rows: some were lost or changed")
            }
            Problem::ChangesDiffer { found, expected } => {
                write!(
                    f,
                    "has {found} changes in the journal instead of {expected}"
                )
            }
            Problem::NoChange => write!(f, "tells how a change ended that is not in the journal"),
            Problem::Unsettled => write!(f, "shows that an import or a migration was cut off"),
        }?;
        write!(f, "; {}", self.problem.remedy())
    }
}

/// What is stored, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Version of the key layout.
    pub schema: u32,
    /// Version of roster, mapping and cursor.
    pub generation: Generation,
    /// Where reading stands.
    pub cursor: Cursor,
    /// Agents believed, the gone ones included.
    pub agents: usize,
    /// Agents with an identity in the target.
    pub identities: usize,
    /// Routing counters.
    pub counters: usize,
    /// Runs in the history.
    pub runs: usize,
    /// Runs of the move.
    pub move_runs: usize,
    /// Users and departments of the target that are ours.
    pub links: usize,
    /// Bytes of all keys and values.
    pub logical_bytes: u64,
    /// Bytes on disk; 0 for engines without a disk.
    pub disk_bytes: u64,
}

/// The numbers of the store. Reads every record, decodes only the cursor.
pub fn show<E: Engine>(store: &Store<E>) -> Result<Summary, StoreError> {
    let _turn = store.turn();
    let (generation, cursor, _) = store.cursor()?;
    let mut summary = Summary {
        schema: SCHEMA,
        generation,
        cursor,
        disk_bytes: store.engine.disk_bytes(),
        ..Summary::default()
    };
    scan_all(&store.engine, &mut |key, bytes| {
        summary.logical_bytes += (key.len() + bytes.len()) as u64;
        match family(key) {
            Family::Roster => summary.agents += 1,
            Family::Identity => summary.identities += 1,
            Family::Counter => summary.counters += 1,
            Family::Run => summary.runs += 1,
            Family::MoveRun => summary.move_runs += 1,
            Family::AgentLink | Family::DepartmentLink => summary.links += 1,
            Family::Cursor
            | Family::Latch
            | Family::MoveChange
            | Family::MoveOutcome
            | Family::Unknown => {}
        }
        Ok(())
    })?;
    Ok(summary)
}

/// Reads and decodes every record and checks what must hold between them. An error means that
/// the engine could not be read at all; everything else is a finding.
pub fn verify<E: Engine>(store: &Store<E>) -> Result<Vec<Finding>, StoreError> {
    let _turn = store.turn();
    let mut walk = Walk::default();
    scan_all(&store.engine, &mut |key, bytes| {
        walk.look(key, bytes);
        Ok(())
    })?;
    if walk.records > 0 && !walk.has_cursor {
        walk.report(key::CURSOR, Problem::NoGeneration);
    } else if walk.cursor_reads && !store.tally_holds(store.count_tally()?)? {
        walk.report(key::CURSOR, Problem::TallyDiffers);
    }
    Ok(walk.findings)
}

/// The same for an export that is not in a store yet. [`super::import()`] itself asks only that every
/// record can be read, so that a restore after damage takes what there is; an operator's import
/// asks for this first.
pub fn verify_export(what: &str, text: &str) -> Result<Vec<Finding>, StoreError> {
    let export = export::read(what, text)?;
    let mut walk = Walk::default();
    for (key, value) in &export.rows {
        walk.look(key, value.as_bytes());
    }
    Ok(walk.findings)
}

#[derive(Default)]
struct Walk {
    findings: Vec<Finding>,
    records: usize,
    has_cursor: bool,
    cursor_reads: bool,
    target_ids: HashMap<String, String>,
    usernames: HashMap<String, String>,
    /// Changes by run. Runs come after their changes and outcomes, in key order.
    changes: HashMap<String, HashSet<u32>>,
}

impl Walk {
    fn report(&mut self, key: &str, problem: Problem) {
        self.findings.push(Finding {
            key: key.to_owned(),
            problem,
        });
    }

    fn look(&mut self, key: &str, bytes: &[u8]) {
        match family(key) {
            Family::Roster => {
                self.records += 1;
                if let Some(record) = self.decode::<RosterRecord>(key, bytes) {
                    self.placed(key, key::roster(&record.into_domain().agent.id));
                }
            }
            Family::Identity => {
                self.records += 1;
                self.look_at_identity(key, bytes);
            }
            Family::Counter => {
                if let Some(record) = self.decode::<CounterRow>(key, bytes) {
                    let counter = record.into_domain();
                    let belongs = key::counter(&counter.agent, counter.department.as_ref());
                    self.placed(key, belongs);
                }
            }
            Family::Run => drop(self.decode::<RunRecord>(key, bytes)),
            Family::Latch => drop(self.decode::<LatchRecord>(key, bytes)),
            Family::MoveChange => {
                if let Some((run, number)) = key::place_in_run(key::MOVE_CHANGE, key) {
                    self.changes
                        .entry(run.to_owned())
                        .or_default()
                        .insert(number);
                }
                drop(self.decode::<ChangeRecord>(key, bytes));
            }
            Family::MoveOutcome => {
                let change = key::place_in_run(key::MOVE_OUTCOME, key);
                let known = |(run, number)| {
                    let changes = self.changes.get(run);
                    changes.is_some_and(|changes| changes.contains(&number))
                };
                if !change.is_some_and(known) {
                    self.report(key, Problem::NoChange);
                }
                drop(self.decode::<OutcomeRecord>(key, bytes));
            }
            Family::MoveRun => self.look_at_move_run(key, bytes),
            Family::AgentLink => {
                if let Some(record) = self.decode::<AgentLinkRecord>(key, bytes) {
                    self.placed(key, key::agent_link(&record.into_domain().source_id));
                }
            }
            Family::DepartmentLink => {
                if let Some(record) = self.decode::<DepartmentLinkRecord>(key, bytes) {
                    self.placed(key, key::department_link(&record.into_domain().name));
                }
            }
            Family::Cursor => {
                self.has_cursor = true;
                self.cursor_reads = self.decode::<CursorRecord>(key, bytes).is_some();
            }
            Family::Unknown if key == key::UNSETTLED => {
                // A commit that was cut off is settled by the next one.
                if bytes != key::COMMIT {
                    self.report(key, Problem::Unsettled);
                }
            }
            Family::Unknown if key.starts_with(key::META) => {}
            Family::Unknown => self.report(key, Problem::UnknownKey),
        }
    }

    fn look_at_identity(&mut self, key: &str, bytes: &[u8]) {
        let Some(record) = self.decode::<IdentityRecord>(key, bytes) else {
            return;
        };
        let identity = record.into_domain();
        self.placed(key, key::identity(&identity.source_id));
        let target_id = identity.target_id.as_str().to_owned();
        if let Some(with) = self.target_ids.insert(target_id, key.to_owned()) {
            self.report(key, Problem::SharedTargetId { with });
        }
        let username = identity.username.to_lowercase();
        if let Some(with) = self.usernames.insert(username, key.to_owned()) {
            self.report(key, Problem::SharedUsername { with });
        }
    }

    fn look_at_move_run(&mut self, key: &str, bytes: &[u8]) {
        let Some(record) = self.decode::<MoveRunRecord>(key, bytes) else {
            return;
        };
        let run = record.into_domain();
        self.placed(key, key::move_run(&run.id));
        let found = self.changes.get(&run.id).map_or(0, HashSet::len);
        let expected = run.changes;
        if found != expected {
            self.report(key, Problem::ChangesDiffer { found, expected });
        }
    }

    fn decode<R: record::Record>(&mut self, key: &str, bytes: &[u8]) -> Option<R> {
        match record::decode(bytes) {
            Ok(record) => Some(record),
            Err(Unreadable::Newer { found, known }) => {
                self.report(key, Problem::Newer { found, known });
                None
            }
            Err(Unreadable::Broken(why)) => {
                self.report(key, Problem::Unreadable(why));
                None
            }
        }
    }

    fn placed(&mut self, key: &str, belongs: String) {
        if key != belongs {
            self.report(key, Problem::Misplaced { belongs });
        }
    }
}
