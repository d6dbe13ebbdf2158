//! Just enough JSON to add members to an object kept as text, without touching what is in it.
//!
//! Parsing into a tree and printing again would reorder and restyle what other people wrote, and
//! would make every plan that adds a field a rewrite of the whole.

use std::{collections::BTreeSet, fmt::Write as _};

/// Deeper texts are not definitions that anybody wrote.
const DEPTH: usize = 64;

/// A text that is one JSON object.
pub(super) struct Object<'a> {
    text: &'a str,
    /// Names of its members.
    pub(super) names: BTreeSet<String>,
}

impl<'a> Object<'a> {
    /// Reads the text; an empty one is an empty object, as a setting that nobody ever filled.
    /// `None` when it is anything else.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let text = if text.is_empty() { "{}" } else { text };
        let mut scan = Scan { text, at: 0 };
        let mut names = BTreeSet::new();
        if scan.peek()? != b'{' {
            return None;
        }
        scan.object(0, Some(&mut names))?;
        (scan.at == text.len()).then_some(Self { text, names })
    }

    /// The text with more members after those it has.
    pub(super) fn with<'b>(&self, members: impl IntoIterator<Item = (&'b str, &'b str)>) -> String {
        let body = self.text.strip_suffix('}').unwrap_or(self.text).trim_end();
        let mut text = body.to_owned();
        let mut first = self.names.is_empty();
        for (name, value) in members {
            if !first {
                text.push(',');
            }
            first = false;
            quote(&mut text, name);
            text.push(':');
            text.push_str(value);
        }
        text.push('}');
        text
    }
}

fn quote(text: &mut String, name: &str) {
    text.push('"');
    for character in name.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            control if control.is_control() && control.is_ascii() => {
                // Writing into a string cannot fail.
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

/// A place in the text. Every reader leaves it behind what it has read and the space after.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then_some(())?;
        self.at += 1;
        self.space();
        Some(())
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth, None),
            b'[' => self.array(depth),
            b'"' => self.string().map(drop),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize, mut names: Option<&mut BTreeSet<String>>) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            return self.take(b'}');
        }
        loop {
            let name = self.string()?;
            if let Some(names) = &mut names {
                names.insert(name);
            }
            self.take(b':')?;
            self.value(depth + 1)?;
            if self.peek()? == b'}' {
                return self.take(b'}');
            }
            self.take(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.take(b'[')?;
        if self.peek()? == b']' {
            return self.take(b']');
        }
        loop {
            self.value(depth + 1)?;
            if self.peek()? == b']' {
                return self.take(b']');
            }
            self.take(b',')?;
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text[self.at..].starts_with(word).then_some(())?;
        self.at += word.len();
        self.space();
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let length = rest
            .find(|one: char| !matches!(one, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        // Rust reads a few spellings that JSON lacks, such as `+1`; to keep them is no harm.
        rest[..length].parse::<f64>().ok()?;
        self.at += length;
        self.space();
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        (self.peek()? == b'"').then_some(())?;
        self.at += 1;
        let mut read = String::new();
        loop {
            let one = self.text[self.at..].chars().next()?;
            self.at += one.len_utf8();
            match one {
                '"' => break,
                '\\' => read.push(self.escape()?),
                control if control < ' ' => return None,
                other => read.push(other),
            }
        }
        self.space();
        Some(read)
    }

    fn escape(&mut self) -> Option<char> {
        let one = self.peek()?;
        self.at += 1;
        Some(match one {
            b'"' | b'\\' | b'/' => char::from(one),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex()?;
                let code = if (0xD800..0xDC00).contains(&high) {
                    (self.text[self.at..].starts_with("\\u")).then_some(())?;
                    self.at += 2;
                    let low = self.hex()?.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
                    0x10000 + ((high - 0xD800) << 10) + low
                } else {
                    high
                };
                char::from_u32(code)?
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let all = digits.bytes().all(|one| one.is_ascii_hexdigit());
        self.at += 4;
        u32::from_str_radix(digits, 16).ok().filter(|_| all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_added_behind_those_there_are() {
        let cases = [
            ("", r#"{"a":1,"b\"":{}}"#),
            (" {} ", r#"{"a":1,"b\"":{}}"#),
            ("{\n}", "{\"a\":1,\"b\\\"\":{}}"),
            (
                "{ \"x\" : [1, {\"a\": null}, \"}\"] }\n",
                "{ \"x\" : [1, {\"a\": null}, \"}\"],\"a\":1,\"b\\\"\":{}}",
            ),
        ];
        for (text, expect) in cases {
            let object = Object::read(text).unwrap();
            let text = object.with([("a", "1"), ("b\"", "{}")]);
            assert_eq!(text, expect);
            let names = Object::read(&text).unwrap().names;
            assert!(names.contains("a") && names.contains("b\""));
        }
    }

    #[test]
    fn only_the_names_of_the_object_itself_are_read() {
        let object = Object::read(r#"{"\u0061\ud83d\ude00\n":{"inner":true},"b":-1.5e3}"#).unwrap();
        let names: Vec<_> = object.names.iter().map(String::as_str).collect();
        assert_eq!(names, ["a😀\n", "b"]);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
        let cases = [
            "[]",
            "1",
            "null",
            "{",
            "{}}",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":tru}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\ud800"}"#,
            "{\"a\":\"\n\"}",
            "{a:1}",
            r#"{"a":1 "b":2}"#,
            r#"{"é":"\u00é9"}"#,
            &deep,
        ];
        for text in cases {
            assert!(Object::read(text).is_none(), "{text}");
        }
    }
}
