//! Which route a path is.

use std::borrow::Cow;

/// The template whose calls share one rate window: the limit is by route, not by token.
const AGENT_NEXT: &str = "/api/v1/livechat/agent.next/";

/// A path, understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// `/api/v1/livechat/agent.next/:token`.
    AgentNext {
        /// One segment, decoded, never empty.
        token: Cow<'a, str>,
    },
    /// `/api/info`.
    Info,
    /// No route of ours.
    Unknown,
}

impl<'a> Route<'a> {
    /// The route of a path. A trailing slash or an empty token is no route (livechat contract
    /// §1.1).
    pub(super) fn of(path: &'a str) -> Self {
        match path.strip_prefix(AGENT_NEXT) {
            Some(segment) if !segment.is_empty() && !segment.contains('/') => Self::AgentNext {
                token: decode(segment),
            },
            None if path == "/api/info" => Self::Info,
            Some(_) | None => Self::Unknown,
        }
    }
}

/// Whether CORS questions about this path are answered.
pub(super) fn is_under_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// Decodes the escapes of one segment, each unbroken run of them by itself: a run that is not
/// UTF-8 is left as it is, as is a `%` without two digits. `+` stays (livechat contract §1.1).
pub(in super::super) fn decode(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let (mut decoded, mut run) = (String::with_capacity(segment.len()), Vec::new());
    let mut rest = segment;
    while let Some(next) = rest.chars().next() {
        let start = rest;
        run.clear();
        while let Some((byte, after)) = escape(rest) {
            run.push(byte);
            rest = after;
        }
        if run.is_empty() {
            decoded.push(next);
            rest = &rest[next.len_utf8()..];
        } else {
            let raw = &start[..start.len() - rest.len()];
            decoded.push_str(std::str::from_utf8(&run).unwrap_or(raw));
        }
    }
    Cow::Owned(decoded)
}

/// The byte of the escape at the start of `text`, and what follows.
fn escape(text: &str) -> Option<(u8, &str)> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let byte = u8::from_str_radix(digits, 16).ok()?;
    Some((byte, &text[3..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_decoded_segment() {
        let cases = [
            ("T1", Some("T1")),
            ("a%2Fb", Some("a/b")),
            ("a%20b", Some("a b")),
            ("a+b", Some("a+b")),
            ("%C3%A9", Some("é")),
            ("%ff", Some("%ff")),
            ("%ff-%41", Some("%ff-A")),
            ("%41%ff", Some("%41%ff")),
            ("100%", Some("100%")),
            ("%4", Some("%4")),
            ("%zz%41", Some("%zzA")),
            ("%+1", Some("%+1")),
            ("%é1", Some("%é1")),
            ("", None),
            ("T1/", None),
            ("T1/x", None),
        ];
        for (segment, token) in cases {
            let path = format!("/api/v1/livechat/agent.next/{segment}");
            let expected = token.map_or(Route::Unknown, |token| Route::AgentNext {
                token: token.into(),
            });
            assert_eq!(Route::of(&path), expected, "{segment}");
        }
    }

    #[test]
    fn other_paths_are_unknown() {
        for path in [
            "/",
            "/api",
            "/api/info/",
            "/api/v1/livechat/agent.next",
            "/api/v1/livechat/agentXnext/T1",
            "/API/info",
        ] {
            assert_eq!(Route::of(path), Route::Unknown, "{path}");
        }
        assert_eq!(Route::of("/api/info"), Route::Info);
    }
}
