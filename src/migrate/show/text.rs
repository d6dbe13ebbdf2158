//! Foreign text made harmless for the page it is put into.

use std::fmt::Display;

/// Without what acts instead of being read: control characters, and the marks that turn the
/// direction of everything behind them. Line breaks and tabs become blanks.
fn plain(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|one| match one {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        '\u{061C}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        one if one.is_control() => char::REPLACEMENT_CHARACTER,
        one => one,
    })
}

/// For HTML, between tags and in quoted attributes.
pub(super) fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for one in plain(text) {
        match one {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            one => safe.push(one),
        }
    }
    safe
}

/// For Markdown, in a cell of a table and elsewhere: no mark-up, no HTML, no end of the cell.
pub(super) fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for one in plain(text) {
        if matches!(
            one,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' | '~'
        ) {
            safe.push('\\');
        }
        safe.push(one);
    }
    let safe = safe.trim();
    if safe.is_empty() {
        "-".to_owned()
    } else {
        safe.to_owned()
    }
}

/// `12,345`.
pub(super) fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_is_shown_instead() {
        let cases = [
            ("<b>&'\"", "&lt;b&gt;&amp;&#39;&quot;", r#"\<b\>\&'""#),
            ("a|b\nc", "a|b c", r"a\|b c"),
            (
                "\u{1b}[31m\u{202e}x",
                "\u{fffd}[31m\u{fffd}x",
                "\u{fffd}\\[31m\u{fffd}x",
            ),
            ("![x](y)", "![x](y)", r"!\[x\](y)"),
            ("  ", "  ", "-"),
            ("Zoë", "Zoë", "Zoë"),
        ];
        for (given, page, cell) in cases {
            assert_eq!(html(given), page, "{given:?}");
            assert_eq!(markdown(given), cell, "{given:?}");
        }
        assert_eq!(
            ["7", "999", "1000", "1234567"].map(grouped),
            ["7", "999", "1,000", "1,234,567"]
        );
    }

    proptest! {
        #[test]
        fn html_has_no_tag_quote_or_open_entity(text in any::<String>()) {
            let safe = html(&text);
            prop_assert!(!safe.contains(['<', '>', '"', '\'']));
            prop_assert!(!safe.chars().any(char::is_control));
            for (place, _) in safe.match_indices('&') {
                let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
                prop_assert!(known.iter().any(|one| safe[place..].starts_with(one)));
            }
        }

        #[test]
        fn markdown_marks_nothing_up(text in any::<String>()) {
            let safe = markdown(&text);
            prop_assert!(!safe.chars().any(char::is_control));
            prop_assert!(!safe.is_empty());
            let mut rest = safe.chars();
            while let Some(one) = rest.next() {
                if one == '\\' {
                    // Never the last character, where it would eat the end of the cell.
                    prop_assert!(rest.next().is_some());
                } else {
                    prop_assert!(!"`*_[]<>|&~".contains(one));
                }
            }
        }
    }
}
