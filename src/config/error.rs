//! One sentence about what is wrong with the configuration, and where.

/// Why the configuration cannot be used. Exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error(
        "cannot read the configuration {path}: {source}; give another one with --config, or start from config/lp2rc.toml"
    )]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not TOML.
    #[error("{path} is not valid TOML: {why}")]
    Syntax {
        /// Which file.
        path: String,
        /// Where and why.
        why: String,
    },
    /// A key is unknown, missing or of the wrong type.
    #[error("`{key}` in {origin}: {why}")]
    Key {
        /// Dotted key.
        key: String,
        /// File or variable that set it.
        origin: String,
        /// What is wrong and what would be right.
        why: String,
    },
}

impl ConfigError {
    /// A key whose value parses but makes no sense. The origin is filled in by the loader.
    pub(crate) fn meaning(key: &str, why: impl Into<String>) -> Self {
        Self::Key {
            key: key.to_owned(),
            origin: String::new(),
            why: why.into(),
        }
    }
}
