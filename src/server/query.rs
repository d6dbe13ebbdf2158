//! Query strings, as the `qs` package reads them: the target's own parser (livechat contract §1.2).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// `qs` looks at no more parts than these.
const PARTS: usize = 1_000;

/// The decoded keys and values, in order. A part without `=` has an empty value; empty keys are
/// left out. As in `qs`, a `]=` is where key and value part if there is one: `a[b=c]=d` has the
/// key `a[b=c]`.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query
        .split('&')
        .take(PARTS)
        .map(|part| {
            let equals = part
                .find("]=")
                .map(|place| place + 1)
                .or_else(|| part.find('='));
            match equals {
                Some(place) => (decode(&part[..place]), decode(&part[place + 1..])),
                None => (decode(part), Cow::Borrowed("")),
            }
        })
        .filter(|(key, _)| !key.is_empty())
}

/// What a key of `qs` names: its first part, and whether there are more parts in brackets (which
/// make the value an array or an object). `a[b]` is (`a`, true), `[a]` is (`a`, false), and
/// brackets that do not close are part of the name.
pub(super) fn root(key: &str) -> (&str, bool) {
    let Some((open, close)) = first_brackets(key) else {
        return (key, false);
    };
    if open > 0 {
        return (&key[..open], true);
    }
    let inside = &key[1..close];
    (inside, first_brackets(&key[close + 1..]).is_some())
}

/// Places of the first `[` and its `]` with no bracket between them.
fn first_brackets(key: &str) -> Option<(usize, usize)> {
    let mut open = None;
    for (place, byte) in key.bytes().enumerate() {
        match (byte, open) {
            (b'[', _) => open = Some(place),
            (b']', Some(start)) => return Some((start, place)),
            _ => {}
        }
    }
    None
}

/// `+` is a space; a text whose escapes are not UTF-8 keeps its escapes.
fn decode(text: &str) -> Cow<'_, str> {
    let spaced: Cow<'_, str> = if text.contains('+') {
        Cow::Owned(text.replace('+', " "))
    } else {
        Cow::Borrowed(text)
    };
    if !spaced.contains('%') {
        return spaced;
    }
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Cow::Owned(decoded.into_owned()),
        Err(_) => Cow::Owned(spaced.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_part_as_in_qs() {
        let cases: [(&str, &[(&str, &str)]); 9] = [
            ("", &[]),
            ("a=1&b=2", &[("a", "1"), ("b", "2")]),
            ("a", &[("a", "")]),
            ("=x&&b", &[("b", "")]),
            ("a=b=c", &[("a", "b=c")]),
            ("a+b=c+d", &[("a b", "c d")]),
            ("a%5B%5D=x%26y", &[("a[]", "x&y")]),
            ("a[b=c]=d", &[("a[b=c]", "d")]),
            ("a=%ff+%41", &[("a", "%ff %41")]),
        ];
        for (query, expected) in cases {
            let got: Vec<_> = pairs(query).collect();
            let got: Vec<_> = got.iter().map(|(k, v)| (k.as_ref(), v.as_ref())).collect();
            assert_eq!(got, expected, "{query}");
        }
        assert_eq!(pairs(&"a&".repeat(2_000)).count(), PARTS);
    }

    #[test]
    fn a_key_names_its_root() {
        let cases = [
            ("a", ("a", false)),
            ("a[]", ("a", true)),
            ("a[b]", ("a", true)),
            ("a[b]c", ("a", true)),
            ("a[0][b]", ("a", true)),
            ("[a]", ("a", false)),
            ("[a][]", ("a", true)),
            ("[]", ("", false)),
            ("a]", ("a]", false)),
            ("a[", ("a[", false)),
            ("a[b", ("a[b", false)),
            ("x[a[b]", ("x[a", true)),
        ];
        for (key, expected) in cases {
            assert_eq!(root(key), expected, "{key}");
        }
    }
}
