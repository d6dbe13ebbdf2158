//! Looking at the chain from the configuration to the agents, step by step: findings are data.

/// How one step of a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepResult {
    /// It works.
    Passed,
    /// It was not tried, because an earlier step failed or it is switched off.
    Skipped,
    /// It works, and somebody should look.
    Warned,
    /// It does not work.
    Failed,
}

impl StepResult {
    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Skipped => "skipped",
            Self::Warned => "warning",
            Self::Failed => "failed",
        }
    }
}

/// One step of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckStep {
    /// What was looked at, in one or two words: `login`, `poll in XML`.
    pub name: &'static str,
    /// How it ended.
    pub result: StepResult,
    /// What was seen, in one sentence: no secrets, e-mails or bodies.
    pub detail: String,
    /// What to do about it; empty when there is nothing to do.
    pub remedy: String,
}
