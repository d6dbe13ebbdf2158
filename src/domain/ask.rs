//! Somebody wants an agent.

/// What the asked-for agent is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A visitor who is not talking to anybody yet.
    NewChat,
    /// A chat that leaves another agent.
    Transfer,
}

/// One question to the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask<'a> {
    /// Id of the department, or anybody.
    pub department: Option<&'a str>,
    /// What for.
    pub purpose: Purpose,
    /// The target's id of an agent who must not be chosen.
    pub ignored_agent: Option<&'a str>,
}

/// How the next agent is chosen (admin contract §4.1 and §4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Fewest picks so far.
    #[default]
    AutoSelection,
    /// Fewest open chats, then longest since the last pick.
    LoadBalancing,
    /// Longest since the last pick.
    LoadRotation,
    /// Nobody: agents take chats themselves.
    Manual,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 4] = [
        Self::AutoSelection,
        Self::LoadBalancing,
        Self::LoadRotation,
        Self::Manual,
    ];

    /// The word used in configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AutoSelection => "auto-selection",
            Self::LoadBalancing => "load-balancing",
            Self::LoadRotation => "load-rotation",
            Self::Manual => "manual",
        }
    }

    /// The policy of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.word() == word)
    }
}
