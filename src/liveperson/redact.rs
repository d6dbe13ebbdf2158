//! The beginning of an error body, made fit for a debug log line (contract §9.1, rule 9).
//!
//! Error bodies come from servers and proxies that nobody documents, so this does not look for
//! secrets: it lets through what is plainly prose or form, and masks the rest. When in doubt it
//! masks; a line that says too little costs less than one that says too much.

/// Longest result, in bytes.
const MOST: usize = 500;

/// Only so much of a body is looked at, in bytes.
const WINDOW: usize = 4096;

const MASK: &str = "***";

/// A word of this many characters may be a token.
const TOKEN: usize = 16;

/// So many digits may be an id, a telephone number or a moment in somebody's life.
const DIGITS: usize = 6;

/// Parts of names whose values are never shown, compared without case, `_` and `-`.
const SECRET: [&str; 30] = [
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "pwd",
    "bearer",
    "csrf",
    "csfr",
    "xsrf",
    "secret",
    "token",
    "session",
    "cookie",
    "authoriz",
    "authentic",
    "apikey",
    "appkey",
    "privatekey",
    "credential",
    "assertion",
    "jwt",
    "signature",
    "nonce",
    "wsuk",
    "mail",
    "username",
    "nickname",
    "loginname",
    "phone",
    "visitor",
];

/// The same, as whole names: as parts of words they are too common.
const SECRET_WHOLE: [&str; 11] = [
    "pw",
    "pass",
    "user",
    "login",
    "name",
    "firstname",
    "lastname",
    "fullname",
    "text",
    "line",
    "sid",
];

/// Names after which the next words are masked even when nothing but a blank follows.
const LOOSE: [&str; 12] = [
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "pwd",
    "bearer",
    "csrf",
    "secret",
    "cookie",
    "token",
    "basic",
    "digest",
];

/// How many words [`LOOSE`] masks: `password is hunter2`.
const LOOSE_WORDS: usize = 2;

/// At most 500 bytes of `body` on one line of printable ASCII. Masked are: words of 16 characters
/// or more, anything with `@`, an escape or a letter beyond ASCII, digits from six on, queries of
/// addresses, and the values of telling names (`bearer`, `csrf`, `password`, `secret`, `sessionId`,
/// `cookie`, `accessToken`, `authorization`, `email` and others) in JSON, XML, forms and headers.
pub fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(WINDOW)]);
    let mut text = text.as_ref();
    if body.len() > WINDOW {
        // A secret cut in two would look like a harmless word.
        text = &text[..text.rfind(is_blank).unwrap_or(0)];
    }
    let mut line = Line::default();
    if text.is_empty() && !body.is_empty() {
        line.mask();
    }
    let mut before = ' ';
    while let Some(next) = text.chars().next() {
        if line.text.len() > MOST {
            break;
        }
        let used = match next {
            _ if is_blank(next) => {
                line.blank();
                next.len_utf8()
            }
            _ if is_mark(text, before) => {
                line.push(next);
                next.len_utf8()
            }
            _ => word(text, before == '<', &mut line),
        };
        before = text[..used].chars().next_back().unwrap_or(' ');
        text = &text[used..];
    }
    line.finish()
}

/// What is let through so far. Only ASCII ever gets in, so it can be cut anywhere.
#[derive(Default)]
struct Line {
    text: String,
    /// Words still to be masked.
    loose: usize,
}

impl Line {
    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    fn push(&mut self, mark: char) {
        self.text.push(mark);
    }

    /// One mask for any number of masked words: their number tells something too.
    fn mask(&mut self) {
        if !self.text.trim_end().ends_with(MASK) {
            self.text.push_str(MASK);
        }
    }

    /// A part of a word, shown when it is plain.
    fn part(&mut self, part: &str) {
        if self.loose > 0 && !part.is_empty() {
            self.loose -= 1;
            self.mask();
        } else if is_plain(part) {
            self.text.push_str(part);
        } else {
            self.mask();
        }
    }

    fn finish(mut self) -> String {
        if self.text.len() > MOST {
            self.text.truncate(MOST - 3);
            self.text.push_str("...");
        }
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether `text` begins with a character that parts words. An apostrophe inside one does not.
fn is_mark(text: &str, before: char) -> bool {
    let mut chars = text.chars();
    match chars.next() {
        Some('\'') => {
            !(before.is_alphanumeric() && chars.next().is_some_and(char::is_alphanumeric))
        }
        Some('"' | '<' | '>' | '{' | '}' | '[' | ']' | '(' | ')' | ',' | ';') => true,
        Some(_) | None => false,
    }
}

/// Handles the word at the start of `text` with what belongs to it, and tells its length.
/// `in_tag`: it follows a `<`.
fn word(text: &str, in_tag: bool, line: &mut Line) -> usize {
    let end = end_of_word(text);
    let (all, rest) = text.split_at(end);
    if let Some(length) = number(text) {
        line.mask();
        return length;
    }
    let closes = in_tag && all.starts_with('/');
    if in_tag && !closes && tells(all) {
        line.part(all);
        line.mask();
        let close = format!("</{all}");
        return end + rest.find(&close).unwrap_or(rest.len());
    }
    let key = telling_part(all, rest).filter(|_| !closes);
    let head = &all[..key.unwrap_or(end)];
    let query = all.find('?').filter(|at| at + 1 < end);
    if all.contains('@') {
        line.mask();
    } else {
        let shown_to = query.unwrap_or(end).min(head.len());
        for part in head[..shown_to].split_inclusive(['=', '&']) {
            shown(part, line);
        }
    }
    let mut used = end;
    if let Some(key) = key {
        line.mask();
        used = used.max(key + value(&text[key..]));
    }
    if query.is_some() {
        // A query may hold what parts words elsewhere.
        line.mask();
        let ends = text.find(|c| is_blank(c) || matches!(c, '"' | '<' | '>'));
        used = used.max(ends.unwrap_or(text.len()));
    }
    let bare = normal(all);
    if !closes && key.is_none() && LOOSE.iter().any(|name| bare.contains(name)) {
        line.loose = LOOSE_WORDS;
    }
    used
}

/// A part of a form with the sign that ends it.
fn shown(part: &str, line: &mut Line) {
    let name = part.trim_end_matches(['=', '&']);
    line.part(name);
    for sign in part[name.len()..].chars() {
        line.push(sign);
    }
}

fn end_of_word(text: &str) -> usize {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if at > 0 && (is_blank(c) || is_mark(&text[at..], before)) {
            return at;
        }
        before = c;
    }
    text.len()
}

/// Length of a run of digits with signs and blanks between them, when it has too many digits.
fn number(text: &str) -> Option<usize> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || is_blank(c) || "+-./:,()".contains(c)))
        .unwrap_or(text.len());
    let last = text[..end].rfind(|c: char| c.is_ascii_digit())? + 1;
    let digits = text[..last].bytes().filter(u8::is_ascii_digit).count();
    // Up to the end of the word that the last digit is in.
    (digits >= DIGITS).then(|| last + end_of_rest(&text[last..]))
}

fn end_of_rest(text: &str) -> usize {
    text.find(|c| is_blank(c) || is_mark(c.encode_utf8(&mut [0; 4]), ' '))
        .unwrap_or(text.len())
}

/// Where the sign behind a telling name begins, in a word and what follows it.
fn telling_part(all: &str, rest: &str) -> Option<usize> {
    let is_sign = |c: char| !(c.is_ascii_alphanumeric() || "_-.\\".contains(c));
    let mut start = 0;
    while let Some(sign) = all[start..].find(is_sign).map(|at| start + at) {
        // `&` ends a value, it does not begin one.
        if tells(&all[start..sign]) && !all[sign..].starts_with('&') {
            return Some(sign);
        }
        start = sign + all[sign..].chars().next().map_or(1, char::len_utf8);
    }
    let follows = rest.trim_start_matches(|c| is_blank(c) || matches!(c, '"' | '\'' | '\\'));
    let begins = follows.starts_with([':', '=']) || rest.starts_with('>');
    (begins && tells(&all[start..])).then_some(all.len())
}

/// Length of the value that begins in `text`, with the signs before it.
fn value(text: &str) -> usize {
    // `"name" : "` up to the sign, then the value's own quote.
    let sign = text
        .find(|c| !(is_blank(c) || matches!(c, '"' | '\'' | '\\')))
        .unwrap_or(text.len());
    let rest = &text[sign..];
    if rest.starts_with('>') {
        return sign + rest.find('<').unwrap_or(rest.len());
    }
    let inner = rest.trim_start_matches(|c: char| is_blank(c) || ":=\\".contains(c));
    let start = text.len() - inner.len();
    let escapes = |end: usize| {
        text[..end]
            .bytes()
            .rev()
            .take_while(|b| *b == b'\\')
            .count()
    };
    match inner.chars().next() {
        // The quote that ends it is not escaped more deeply than the one that began it.
        Some(quote @ ('"' | '\'')) => {
            let depth = escapes(start);
            let mut ends = text[start + 1..].match_indices(quote);
            let end = ends.find(|(at, _)| escapes(start + 1 + at) <= depth);
            end.map_or(text.len(), |(at, _)| start + 1 + at + 1)
        }
        // Whatever is in there belongs to the name.
        Some('{' | '[') | None => text.len(),
        Some(_) => start + literal(inner).unwrap_or_else(|| end_of_line(inner)),
    }
}

/// Length of a JSON number or word that is followed by what follows such.
fn literal(text: &str) -> Option<usize> {
    let end = text
        .find([',', '}', ']'])
        .filter(|end| text[*end..].len() > 1 || *end > 0)?;
    let found = text[..end].trim_end();
    let is_literal = matches!(found, "true" | "false" | "null")
        || (!found.is_empty() && found.bytes().all(|b| b.is_ascii_digit()));
    is_literal.then_some(end)
}

/// A line that begins with a blank goes on with the one before it.
fn end_of_line(text: &str) -> usize {
    text.match_indices('\n')
        .map(|(at, _)| at)
        .find(|at| !text[at + 1..].starts_with([' ', '\t']))
        .unwrap_or(text.len())
}

/// Whether values of this name are secret. The whole names count behind a prefix, too.
fn tells(name: &str) -> bool {
    let all = normal(name);
    SECRET.iter().any(|part| all.contains(part))
        || name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|piece| {
                SECRET_WHOLE
                    .iter()
                    .any(|whole| piece.eq_ignore_ascii_case(whole))
            })
}

fn normal(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Whether a part of a word can hold nothing that matters.
fn is_plain(part: &str) -> bool {
    let part = part.trim_end_matches('\\');
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let end = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let mixed = end.bytes().any(|b| b.is_ascii_alphabetic());
    part.len() < TOKEN
        && digits < DIGITS
        // `LeLogin1` and `HTTP/1.1` are words; `a1b2c3` is none.
        && (!mixed || (digits < 3 && !end.bytes().any(|b| b.is_ascii_digit())))
        && (digits == 0 || !tells(part))
        && part.bytes().all(|b| b.is_ascii_graphic() && !b"@%\\#".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_and_form_are_shown_and_the_rest_is_masked() {
        let cases = [
            ("", ""),
            (" \n ", ""),
            ("Service Unavailable", "Service Unavailable"),
            (
                r#"{"error":"LeLogin1 failed - invalid url received from app server"}"#,
                r#"{"error":"LeLogin1 failed - invalid url received from app server"}"#,
            ),
            (
                "<html>\r\n<h1>503 Service\tUnavailable</h1>",
                "<html> <h1>503 Service Unavailable</h1>",
            ),
            (
                r#"{"internalCode":10,"ok":false}"#,
                r#"{"internalCode":10,"ok":false}"#,
            ),
            // Words that may be tokens, ids, addresses, people.
            ("id 0123456789abcdef end", "id *** end"),
            ("agent 1234567 of 99999", "agent *** of 99999"),
            ("call +49 (0) 170/12 34 now", "call *** now"),
            ("mail to o'brien@example.org, ok", "mail to ***, ok"),
            ("<jo@example.org>", "<***>"),
            ("at https://h/?a=1;b=2,c d", "at https://h/*** d"),
            ("https://jo:x@h/ x", "*** x"),
            ("https://jo:pw@h/ x", "***"),
            ("https://h/?a=1&password=b,c\nd", "https://h/*** d"),
            ("password=a@b;c", "***"),
            ("<n:text>a b</n:text>", "<n:text***</n:text>"),
            ("a%40b.de a\\u0040b.de gr\u{fc}n \u{0}x", "***"),
            ("k3y0a x1", "*** x1"),
            // Telling names, in each form.
            (
                r#"{"bearer" : "abc def","a":"b"}"#,
                r#"{"bearer***,"a":"b"}"#,
            ),
            (r#"{"csrf":"a\"b c","a":1}"#, r#"{"csrf***,"a":1}"#),
            (r#"{"sessionId":12345,"a":1}"#, r#"{"sessionId***,"a":1}"#),
            (r#"{"cookies":["a","b"],"a":1}"#, r#"{"cookies***"#),
            (
                r#""{\"password\":\"a b\",\"a\":1}""#,
                r#""{\"password\***,\"a\":1}""#,
            ),
            (
                "<password>a b</password><a>b</a>",
                "<password***</password><a>b</a>",
            ),
            (
                "<secret x='1'><b>c</b></secret><a>",
                "<secret***</secret><a>",
            ),
            ("<x email='a b' c='d'>", "<x email*** c='d'>"),
            ("accessToken=a&b=c d", "accessToken***"),
            ("a=b&password=c", "a=b&password***"),
            ("Set-Cookie: a=b; c\n d\nVia: x", "Set-Cookie*** Via: x"),
            (
                "Authorization: Basic abc\nVia: x",
                "Authorization*** Via: x",
            ),
            ("the password is hunter said he", "the password *** said he"),
            ("Bearer abc def ghi", "Bearer *** ghi"),
            ("password/hunter", "password***"),
        ];
        for (body, expect) in cases {
            assert_eq!(excerpt(body.as_bytes()), expect, "{body}");
        }
    }

    #[test]
    fn it_is_one_short_line_whatever_comes() {
        let long = excerpt("many words ".repeat(1000).as_bytes());
        assert_eq!(long.len(), MOST);
        assert!(long.ends_with("..."), "{long}");
        // A token that the window cuts is not shown in part.
        let cut = format!("{:width$}QQQQQQQQQQQQQQQQQQQQ", "x", width = WINDOW - 5);
        assert_eq!(excerpt(cut.as_bytes()), "x");
        assert_eq!(excerpt(&[b'Q'; 10_000]), MASK);
        assert_eq!(excerpt(&[0xff, 0xfe, b'Q']), MASK);
    }
}
