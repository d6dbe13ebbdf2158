//! `md`: a message's text in the form of `@rocket.chat/message-parser`.
//!
//! Covered: paragraphs and line breaks, `*bold*` and `**bold**`, `_italic_` and `__italic__`,
//! `` `code` ``, blocks between lines of three backticks, `[text](address)`, bare addresses that begin
//! with `http`, and mail addresses. The rest stays plain text: headings, lists, quotes, tasks, strikes,
//! spoilers, emoji, mentions, pictures, colours, escapes, and marks that cross each other. Addresses are
//! links by their form; the target asks a list of top-level domains. Links elsewhere than `http`, `https`
//! and `mailto` stay text, because clients would open them.
//!
//! No text is lost, and the time is linear in the text, whatever it is.

mod address;
mod inline;

use serde_json::{Value, json};

const FENCE: &str = "```";

/// The blocks of a text.
pub(in super::super) fn parse(text: &str) -> Value {
    let mut blocks = Vec::new();
    let mut rest = text;
    // Once no fence ends, none before it does.
    let mut fences_end = true;
    while !rest.is_empty() {
        if fences_end && rest.starts_with(FENCE) {
            if let Some((block, after)) = code(rest) {
                blocks.push(block);
                rest = after;
                continue;
            }
            fences_end = rest.contains("\n```");
        }
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let line = line.strip_suffix('\r').unwrap_or(line);
        blocks.push(if line.is_empty() {
            json!({"type": "LINE_BREAK"})
        } else {
            json!({"type": "PARAGRAPH", "value": inline::parse(line)})
        });
        rest = after;
    }
    Value::Array(blocks)
}

/// A block of code at the beginning of a text, and what follows its last fence.
fn code(text: &str) -> Option<(Value, &str)> {
    let (language, inside) = text.strip_prefix(FENCE)?.split_once('\n')?;
    let language = language.strip_suffix('\r').unwrap_or(language);
    let plain = |c: char| c.is_ascii_alphanumeric() || " _-.".contains(c);
    if !language.chars().all(plain) {
        return None;
    }
    let (lines, after) = inside.split_once("\n```")?;
    let lines: Vec<_> = lines
        .split('\n')
        .map(|line| {
            let line = line.strip_suffix('\r').unwrap_or(line);
            json!({"type": "CODE_LINE", "value": plain_text(line)})
        })
        .collect();
    let language = if language.is_empty() {
        "none"
    } else {
        language
    };
    Some((
        json!({"type": "CODE", "language": language, "value": lines}),
        after,
    ))
}

fn plain_text(text: &str) -> Value {
    json!({"type": "PLAIN_TEXT", "value": text})
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    /// All the text that is shown, and where links lead.
    fn shown(value: &Value, text: &mut String) {
        match value {
            Value::String(part) => text.push_str(part),
            Value::Array(items) => items.iter().for_each(|item| shown(item, text)),
            Value::Object(object) => {
                for key in ["language", "src", "label", "value"] {
                    if let Some(inner) = object.get(key) {
                        shown(inner, text);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "([*_`\\[\\]()\n ]|```|http://a\\.com|a@b\\.com|[a-z0-9]{1,3}|é){0,40}") {
            let mut found = String::new();
            shown(&parse(&text), &mut found);
            let mut rest = found.as_str();
            // Links show their address first; so words may come early, but each is there.
            for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
                prop_assert!(found.contains(word), "{word} of {text:?} in {found:?}");
                rest = rest.split_once(word).map_or(rest, |(_, after)| after);
            }
        }

        #[test]
        fn anything_is_parsed(text: String) {
            let _ = parse(&text);
        }
    }

    #[test]
    fn twice_the_text_takes_no_more_than_a_few_times_as_long() {
        let pieces = [
            "*",
            "_",
            "`",
            "[",
            "](",
            "[](",
            "*a",
            "_a",
            "*_",
            "**a*",
            "http://",
            "http://a.com",
            "a@",
            "```\n",
            "```",
            "\n",
            "[a](b ",
            "*a _b ",
            "mailto:",
        ];
        for piece in pieces {
            let time = |length: usize| {
                let text = piece.repeat(length / piece.len());
                let runs = (0..5).map(|_| {
                    let begin = now();
                    let _ = parse(&text);
                    now().duration_since(begin)
                });
                runs.min().unwrap_or_default()
            };
            let (small, large) = (time(8_000), time(64_000));
            // Eight times the text: quadratic would be 64 times.
            let most = small.max(Duration::from_micros(500)) * 30;
            assert!(large < most, "{piece:?}: {small:?}, then {large:?}");
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the test measures how long it takes"
    )]
    fn now() -> Instant {
        Instant::now()
    }
}
