//! The closed vocabulary of health: the same words in logs, readiness, metrics and on screen.

/// A part of the bridge whose health is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// The system we read from.
    Source,
    /// Our own durable state.
    Store,
    /// The loop that polls.
    Scheduler,
}

impl Component {
    /// Every component, in the order of readiness.
    pub const ALL: [Self; 3] = [Self::Source, Self::Store, Self::Scheduler];

    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Store => "store",
            Self::Scheduler => "scheduler",
        }
    }
}

/// How a component is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// Nothing has happened yet.
    #[default]
    Starting,
    /// Working.
    Connected,
    /// Working on what it had; the last attempts failed.
    Degraded,
    /// Answers look like a fault; absences are frozen until acknowledged or recovered.
    Quarantined,
    /// The source refused the login; nothing is tried until the credentials change.
    CredentialsRejected,
    /// The source asked us to slow down.
    Throttled,
    /// The source refused us by name.
    Blacklisted,
    /// Another client uses our user.
    Replaced,
    /// The source is gone for good.
    Retired,
}

impl Health {
    /// Every word.
    pub const ALL: [Self; 9] = [
        Self::Starting,
        Self::Connected,
        Self::Degraded,
        Self::Quarantined,
        Self::CredentialsRejected,
        Self::Throttled,
        Self::Blacklisted,
        Self::Replaced,
        Self::Retired,
    ];

    /// The word used outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Connected => "connected",
            Self::Degraded => "degraded",
            Self::Quarantined => "quarantined",
            Self::CredentialsRejected => "credentials-rejected",
            Self::Throttled => "throttled",
            Self::Blacklisted => "blacklisted",
            Self::Replaced => "replaced",
            Self::Retired => "retired",
        }
    }

    /// The health of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|health| health.word() == word)
    }

    /// What the operator should do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Starting => "wait for the first poll",
            Self::Connected => "nothing to do",
            Self::Degraded => "read the reason; it retries by itself",
            Self::Quarantined => {
                "compare with the source; if the fall is real run `lp2rc sync --accept-fall`"
            }
            Self::CredentialsRejected => {
                "correct the user or the secret and restart; `lp2rc check --retry-login` tries the same ones once more"
            }
            Self::Throttled => "poll less often (`[schedule]`); it retries by itself",
            Self::Blacklisted => {
                "ask the source's support; then run `lp2rc check --retry-login`, nothing is tried before"
            }
            Self::Replaced => {
                "stop the other client, or give the bridge a user of its own; it retries by itself"
            }
            Self::Retired => {
                "the source is switched off: finish the migration; everybody is kept as last seen"
            }
        }
    }

    /// Whether a component in this state still does its work.
    pub const fn is_ready(self) -> bool {
        matches!(self, Self::Connected | Self::Degraded | Self::Throttled)
    }
}
