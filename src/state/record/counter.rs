//! Routing counters as stored.

use serde::{Deserialize, Serialize};

use super::{Record, Version};
use crate::{
    domain::{DepartmentId, TargetId, Timestamp},
    ports::CounterRecord,
};

/// `counter/["<agent>",<department or null>]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CounterRow {
    v: Version<1>,
    agent: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    department: Option<String>,
    picks: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_picked: Option<i64>,
}

impl Record for CounterRow {
    const VERSION: u32 = 1;
}

impl CounterRow {
    pub(crate) fn new(counter: &CounterRecord) -> Self {
        Self {
            v: Version,
            agent: counter.agent.as_str().to_owned(),
            department: counter.department.as_ref().map(|d| d.as_str().to_owned()),
            picks: counter.picks,
            last_picked: counter.last_picked.map(Timestamp::millis),
        }
    }

    pub(crate) fn into_domain(self) -> CounterRecord {
        CounterRecord {
            agent: TargetId::new(self.agent),
            department: self.department.map(DepartmentId::new),
            picks: self.picks,
            last_picked: self.last_picked.map(Timestamp::from_millis),
        }
    }
}
