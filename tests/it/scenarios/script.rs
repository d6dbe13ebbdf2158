//! A script as it lies on disk.

use std::path::Path;

/// A reason, then commands.
#[derive(Debug)]
pub(super) struct Script {
    /// The mistake it guards against.
    pub(super) reason: String,
    /// What to do, in order.
    pub(super) commands: Vec<Command>,
}

/// One line.
#[derive(Debug)]
pub(super) struct Command {
    /// `half_list.txt:7`, for complaints.
    pub(super) at: String,
    /// The line.
    pub(super) text: String,
}

impl Script {
    /// Reads a script. The reason is the comment at its beginning; later comments, and empty lines,
    /// are for readers of the script alone.
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        let reason: Vec<_> = text
            .lines()
            .map_while(|line| line.strip_prefix('#'))
            .collect();
        let commands = text.lines().enumerate().filter(|(_, line)| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#')
        });
        Self {
            reason: reason.join("\n").trim().to_owned(),
            commands: commands
                .map(|(index, line)| Command {
                    at: format!("{name}:{}", index + 1),
                    text: line.trim().to_owned(),
                })
                .collect(),
        }
    }
}

impl Command {
    /// The first word, and the rest without spaces around it.
    pub(super) fn parts(&self) -> (&str, &str) {
        split(&self.text)
    }

    /// Ends the test: the script makes no sense here.
    pub(super) fn nonsense(&self, why: &str) -> ! {
        panic!("{}: `{}`: {why}", self.at, self.text)
    }
}

/// The first word, and the rest without spaces around it.
pub(super) fn split(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((word, rest)) => (word, rest.trim()),
        None => (text, ""),
    }
}
