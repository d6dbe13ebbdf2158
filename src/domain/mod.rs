//! The words of the bridge: plain data, no I/O, no wire formats.
//!
//! It says *source* and *target*, never the two brands. Reading order: [`time`], [`ids`],
//! [`agent`], [`observation`], [`roster`], [`desired`], [`snapshot`], [`ask`], then the
//! [`rules`] that configuration builds and the [`report`] a cycle leaves behind. The move has words
//! of its own: [`target`] (what is there), [`change`] (what a plan is made of), [`moving`] (its rules).

pub mod agent;
pub mod ask;
pub mod change;
pub mod check;
pub mod desired;
pub mod health;
pub mod ids;
pub mod marks;
pub mod moving;
pub mod observation;
pub mod report;
pub mod roster;
pub mod rules;
pub mod snapshot;
pub mod target;
pub mod time;
pub mod waves;

pub use agent::{Capacity, Owner, Presence, Skill, SourceAgent};
pub use ask::{Ask, Policy, Purpose};
pub use change::{Change, Effect, FieldChange, Outcome, Phase, Subject, Write, Written};
pub use check::{Blame, CheckStep, StepResult};
pub use desired::{
    Availability, Department, Desired, DesiredAgent, EmailAddress, Identity, MappingNotes,
    TargetStatus,
};
pub use health::{Component, Health};
pub use ids::{AccountId, DepartmentId, Generation, SkillId, SourceId, TargetId};
pub use observation::{Coverage, Observation, SkipReason, Skipped, StaticHalf};
pub use report::{CycleReport, MergeCounts, Trigger, Verdict};
pub use roster::{Cursor, Roster, RosterEntry, Standing};
pub use rules::{MappingRules, MergeRules, RoutingRules};
pub use snapshot::{Snapshot, SnapshotDepartment, SnapshotRow};
pub use target::{Actual, Capabilities, TargetUser};
pub use time::Timestamp;
pub use waves::Waves;
