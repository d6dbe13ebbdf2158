//! One line: marks, code, links and the text between.
//!
//! A mark that does not close costs one search; every other search ends where the next one begins.

use serde_json::{Value, json};

use super::{address, plain_text};

/// What a part of a line is inside of: marks do not nest in themselves, and there are no bare
/// addresses inside of anything.
#[derive(Clone, Copy, Default)]
struct Inside {
    bold: bool,
    italic: bool,
    link: bool,
}

impl Inside {
    fn anything(self) -> bool {
        self.bold || self.italic || self.link
    }
}

/// The parts of a line.
pub(super) fn parse(line: &str) -> Vec<Value> {
    parts(line, Inside::default())
}

fn parts(text: &str, inside: Inside) -> Vec<Value> {
    let mut found = Vec::new();
    // What is plain so far begins at `plain`; links can begin only from `links` on.
    let (mut at, mut plain, mut links) = (0, 0, 0);
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        let before = text[..at].chars().next_back();
        let part = match next {
            '`' => code(rest),
            '*' if !inside.bold => bold(rest, inside),
            '_' if !inside.italic && !before.is_some_and(|c| c.is_ascii_alphanumeric()) => {
                italic(rest, inside)
            }
            '[' if !inside.link && at >= links => match link(rest, inside) {
                Ok(part) => Some(part),
                Err(dead) => {
                    links = at + dead;
                    None
                }
            },
            _ if inside.anything() => None,
            'h' | 'H' if !before.is_some_and(char::is_alphanumeric) => bare(rest),
            _ if before.is_none_or(char::is_whitespace) => mail(rest),
            _ => None,
        };
        // A word that is no address begins with a letter that is no mark.
        let part = match part {
            None if matches!(next, 'h' | 'H')
                && !inside.anything()
                && before.is_none_or(char::is_whitespace) =>
            {
                mail(rest)
            }
            part => part,
        };
        match part {
            Some((node, length)) => {
                if plain < at {
                    found.push(plain_text(&text[plain..at]));
                }
                found.push(node);
                at += length;
                plain = at;
            }
            None => at += next.len_utf8(),
        }
    }
    if plain < at {
        found.push(plain_text(&text[plain..]));
    }
    found
}

/// `` `code` ``
fn code(text: &str) -> Option<(Value, usize)> {
    let inner = &text[1..];
    let end = inner.find('`').filter(|end| *end > 0)?;
    let node = json!({"type": "INLINE_CODE", "value": plain_text(&inner[..end])});
    Some((node, end + 2))
}

/// `**bold**` or `*bold*`
fn bold(text: &str, inside: Inside) -> Option<(Value, usize)> {
    let (inner, length) = marked(text, '*')?;
    let inside = Inside {
        bold: true,
        ..inside
    };
    let node = json!({"type": "BOLD", "value": parts(inner, inside)});
    Some((node, length))
}

/// `__italic__` or `_italic_`, which ends no word.
fn italic(text: &str, inside: Inside) -> Option<(Value, usize)> {
    let (inner, length) = marked(text, '_')?;
    if text[length..].starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let inside = Inside {
        italic: true,
        ..inside
    };
    let node = json!({"type": "ITALIC", "value": parts(inner, inside)});
    Some((node, length))
}

/// What is between two marks, or two pairs of them, without the mark in it.
fn marked(text: &str, mark: char) -> Option<(&str, usize)> {
    let inner = &text[1..];
    let double = inner.strip_prefix(mark);
    let inner = double.unwrap_or(inner);
    let end = inner.find(mark)?;
    if inner[..end].trim().is_empty() {
        return None;
    }
    match double {
        None => Some((&inner[..end], end + 2)),
        Some(_) if inner[end + 1..].starts_with(mark) => Some((&inner[..end], end + 4)),
        // Tried again from the second mark.
        Some(_) => None,
    }
}

/// `[label](address)`; else how far no link can begin.
fn link(text: &str, inside: Inside) -> Result<(Value, usize), usize> {
    let Some(middle) = text.find("](") else {
        return Err(text.len());
    };
    let (label, after) = (&text[1..middle], &text[middle + 2..]);
    let end = address::end_in_brackets(after).ok_or(middle + 1)?;
    let target = &after[..end];
    if !address::may_be_opened(target) {
        return Err(middle + 1);
    }
    let label = if label.is_empty() { target } else { label };
    let inside = Inside {
        link: true,
        ..inside
    };
    let node = json!({
        "type": "LINK",
        "value": {"src": plain_text(target), "label": parts(label, inside)},
    });
    Ok((node, middle + 2 + end + 1))
}

/// An address that begins with `http`.
fn bare(text: &str) -> Option<(Value, usize)> {
    let length = address::length(text)?;
    let target = plain_text(&text[..length]);
    let node = json!({"type": "LINK", "value": {"src": target, "label": [target]}});
    Some((node, length))
}

/// A mail address, with or without `mailto:`.
fn mail(text: &str) -> Option<(Value, usize)> {
    let (scheme, length) = address::mail(text)?;
    let name = &text[scheme..length];
    let target = plain_text(&format!("mailto:{name}"));
    let node = json!({"type": "LINK", "value": {"src": target, "label": [plain_text(name)]}});
    Some((node, length))
}
