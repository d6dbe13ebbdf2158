//! `md`: a message's text as Rocket.Chat's message parser writes it.

use serde_json::{Value, json};

/// One paragraph a line; empty lines are line breaks.
pub(in super::super) fn parse(text: &str) -> Value {
    text.split('\n')
        .map(|line| {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() {
                json!({"type": "LINE_BREAK"})
            } else {
                json!({"type": "PARAGRAPH", "value": [{"type": "PLAIN_TEXT", "value": line}]})
            }
        })
        .collect()
}
