//! Who is next, and why nobody: pure.
//!
//! An [`Index`] lays the book's counts over a snapshot and keeps one tournament tree for everybody
//! and one for each department, so that picking and updating cost O(log n) and picking never
//! allocates. [`next()`] asks it; [`explain()`] tells the same story in words, slowly. Nothing here
//! knows the time: the ledger says which agents were not seen for too long and whether the source
//! is young enough.
//!
//! Reading order: [`refusal`], [`condition`] (who may be picked), [`order`] (who comes first),
//! `tree`, [`roll`], [`index`], [`next`](mod@next), [`explain`](mod@explain).

pub mod condition;
pub mod explain;
pub mod index;
pub mod next;
pub mod order;
pub mod refusal;
pub mod roll;
mod tree;

pub use condition::{Claim, Condition, Room, Takes};
pub use explain::{Candidate, Explanation, Refused, explain};
pub use index::Index;
pub use next::{Choice, Nobody, Pick, next};
pub use order::Marks;
pub use refusal::{Refusal, Tally};
pub use roll::{Desk, Roll};

#[cfg(test)]
mod cases;
#[cfg(test)]
pub(crate) mod people;
#[cfg(test)]
mod scan;
