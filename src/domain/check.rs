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

/// Where the trouble of a failed step lies: it decides a check's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blame {
    /// In the configuration.
    Configuration,
    /// In our own durable state.
    State,
    /// Nowhere: another process has what is needed.
    Busy,
    /// In the source, or on the way to it.
    Source,
    /// In the target, or on the way to it.
    Target,
    /// In the user or the secret that the source was shown: a person is needed.
    Credentials,
    /// Elsewhere.
    Other,
}

impl Blame {
    /// Every place.
    pub const ALL: [Self; 7] = [
        Self::Configuration,
        Self::State,
        Self::Busy,
        Self::Source,
        Self::Target,
        Self::Credentials,
        Self::Other,
    ];

    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::State => "state",
            Self::Busy => "busy",
            Self::Source => "source",
            Self::Target => "target",
            Self::Credentials => "credentials",
            Self::Other => "other",
        }
    }

    /// The place of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|blame| blame.word() == word)
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
    /// Where the trouble lies, when it failed.
    pub blame: Option<Blame>,
}

impl CheckStep {
    /// A step that works.
    pub fn passed(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            result: StepResult::Passed,
            detail: detail.into(),
            remedy: String::new(),
            blame: None,
        }
    }

    /// A step that was not tried, and why.
    pub fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Self {
            result: StepResult::Skipped,
            ..Self::passed(name, why)
        }
    }

    /// A step that works and should be looked at.
    pub fn warned(
        name: &'static str,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            result: StepResult::Warned,
            remedy: remedy.into(),
            ..Self::passed(name, detail)
        }
    }

    /// A step that does not work.
    pub fn failed(
        name: &'static str,
        blame: Blame,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            result: StepResult::Failed,
            blame: Some(blame),
            ..Self::warned(name, detail, remedy)
        }
    }
}
