//! What the crew says. Every answer holds the words it answers, so that a rehearsal can be checked.

use super::frames::{Kind, Said};

/// Longest part of a visitor's words that is said back, in characters.
const SAID_BACK: usize = 500;

const ANSWERS: [&str; 4] = [
    "Thank you. You wrote: ",
    "I am looking into this: ",
    "Let me see. About ",
    "I have noted: ",
];

/// Finds words, in turn.
#[derive(Debug, Default)]
pub(super) struct Talk {
    turn: usize,
}

impl Talk {
    /// An answer; `None` where nothing needs one.
    pub(super) fn answer(&mut self, said: &Said) -> Option<String> {
        match said.kind {
            Kind::Joined => Some(format!("Hello, this is {}. How can I help?", said.name)),
            Kind::Question if said.text.is_empty() => None,
            Kind::Question => {
                let opening = ANSWERS[self.turn % ANSWERS.len()];
                self.turn += 1;
                let words: String = said.text.chars().take(SAID_BACK).collect();
                Some(format!("{opening}{words}"))
            }
        }
    }
}
