//! Opaque names of things. Only the room that makes an id may look inside it.

use std::fmt;

macro_rules! opaque {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it came; nothing is parsed or changed.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text as it came.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

opaque! {
    /// An account of the source, for example `12345678`.
    AccountId
}
opaque! {
    /// An agent's id in the source. With the account it is the agent's stable identity.
    SourceId
}
opaque! {
    /// An agent's id in the target: derived until the target gives one of its own.
    TargetId
}
opaque! {
    /// A department's id in the target.
    DepartmentId
}
opaque! {
    /// A skill's id in the source.
    SkillId
}

/// The version of the stored roster, mapping and cursor. Every commit moves it by one, and a
/// commit that expects another version than the stored one is refused (compare-and-swap).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

impl Generation {
    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
