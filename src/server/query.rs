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

/// The whole query as `qs` makes an object of it: `a=1&a=2` and `a[]=1` are lists, `a[b]=c` is an
/// object, brackets deeper than five stay text (livechat contract §1.2).
pub(super) fn object(query: &str) -> serde_json::Value {
    let mut root = serde_json::Map::new();
    for (key, value) in pairs(query) {
        let (name, rest) = root_of(&key);
        let path = brackets(rest);
        let place = root
            .entry(name.to_owned())
            .or_insert(serde_json::Value::Null);
        put(place, &path, &value);
    }
    serde_json::Value::Object(root)
}

/// The name before the brackets, and the brackets.
fn root_of(key: &str) -> (&str, &str) {
    match first_brackets(key) {
        None => (key, ""),
        Some((0, close)) => (&key[1..close], &key[close + 1..]),
        Some((open, _)) => key.split_at(open),
    }
}

/// Most brackets of a key, as in `qs`.
const DEPTH: usize = 5;

fn brackets(mut rest: &str) -> Vec<&str> {
    let mut path = Vec::new();
    while path.len() < DEPTH
        && let Some((0, close)) = first_brackets(rest)
    {
        path.push(&rest[1..close]);
        rest = &rest[close + 1..];
    }
    path
}

fn put(place: &mut serde_json::Value, path: &[&str], value: &str) {
    use serde_json::Value;
    let Some((first, deeper)) = path.split_first() else {
        match place {
            Value::Null => *place = Value::from(value),
            Value::Array(items) => items.push(Value::from(value)),
            Value::Object(object) => {
                object.insert(value.to_owned(), Value::from(true));
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let old = place.take();
                *place = Value::Array(vec![old, Value::from(value)]);
            }
        }
        return;
    };
    let is_place = first.is_empty() || first.parse::<u8>().is_ok_and(|n| n <= 20);
    if is_place && !place.is_object() {
        if !place.is_array() {
            let old = place.take();
            *place = Value::Array(if old.is_null() { Vec::new() } else { vec![old] });
        }
        if let Value::Array(items) = place {
            let mut item = Value::Null;
            put(&mut item, deeper, value);
            items.push(item);
        }
        return;
    }
    if !place.is_object() {
        *place = Value::Object(serde_json::Map::new());
    }
    if let Value::Object(object) = place {
        let inner = object.entry((*first).to_owned()).or_insert(Value::Null);
        put(inner, deeper, value);
    }
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
    fn a_query_is_an_object_as_qs_makes_it() {
        use serde_json::json;
        let cases = [
            ("", json!({})),
            ("a=1&a=2", json!({"a": ["1", "2"]})),
            ("a[]=x", json!({"a": ["x"]})),
            ("a[0]=x&a[1]=y", json!({"a": ["x", "y"]})),
            ("a[b]=c&a[d]=e", json!({"a": {"b": "c", "d": "e"}})),
            ("a[b][]=c", json!({"a": {"b": ["c"]}})),
            ("token", json!({"token": ""})),
        ];
        for (query, expected) in cases {
            assert_eq!(object(query), expected, "{query}");
        }
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
