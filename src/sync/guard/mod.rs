//! A plan within its limits, or the reasons why not.
//!
//! | limit | what counts |
//! |---|---|
//! | removals | changes that take away; members one by one |
//! | absences | agents closed, stripped or deactivated because they left the source or no longer take part |
//! | mapping | changes of agents who are there; roles and memberships that mapping takes from them |
//! | opened | agents made available |
//!
//! A presence that the source reported is in no plan, so it is never guarded.

mod count;

#[cfg(test)]
mod cases;

use count::Counts;

use crate::domain::moving::{GuardRules, Limit};
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
    /// Its name, by which it is accepted: one of [`LIMITS`].
    pub name: &'static str,
    /// The numbers, the settings and the way on, in one sentence.
    pub why: String,
}

/// The names of all limits, by which they are accepted.
pub const LIMITS: [&str; 4] = ["removals", "absences", "mapping", "opened"];

/// Lets a plan through, or says which limits it exceeds. `accepted` names limits that somebody has
/// looked at, for this one plan.
pub fn guard(plan: Plan, rules: &GuardRules, accepted: &[String]) -> Result<SafePlan, Vec<Excess>> {
    let counts = Counts::of(&plan);
    let concerned = plan.concerned();
    let [removals, absences, mapping, opened] = LIMITS;
    let limits = [
        (
            removals,
            "takes away",
            "roles, memberships, users or departments",
            counts.removals,
            rules.removals,
        ),
        (
            absences,
            "closes",
            "agents who left the source or no longer take part",
            counts.absences,
            rules.absences,
        ),
        (
            mapping,
            "changes",
            "facts of agents who are there",
            counts.mapping,
            rules.mapping,
        ),
        (
            opened,
            "makes available",
            "agents",
            counts.opened,
            rules.opened,
        ),
    ];
    let excesses: Vec<_> = limits
        .into_iter()
        .filter(|(name, ..)| !accepted.iter().any(|accepted| accepted == name))
        .filter_map(|(name, does, what, count, limit)| {
            let exceeded = exceeded(name, count, concerned, limit, rules.minimum)?;
            let why = format!(
                "the plan {does} {count} {what}, with {concerned} agents concerned; more than {exceeded} allows: look at the plan, then repeat with --accept {name}"
            );
            Some(Excess { name, why })
        })
        .collect();
    if excesses.is_empty() {
        Ok(SafePlan(plan))
    } else {
        Err(excesses)
    }
}

/// The settings that so many exceed, as they are written.
fn exceeded(
    name: &str,
    count: usize,
    concerned: usize,
    limit: Limit,
    minimum: usize,
) -> Option<String> {
    let mut settings = Vec::new();
    let share = usize::from(limit.percent).saturating_mul(concerned);
    if concerned >= minimum && count.saturating_mul(100) > share {
        settings.push(format!("migrate.guard.{name}_percent = {}", limit.percent));
    }
    if count > limit.count {
        settings.push(format!("migrate.guard.{name}_count = {}", limit.count));
    }
    (!settings.is_empty()).then(|| settings.join(" and "))
}
