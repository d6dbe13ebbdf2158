//! What a query or a body must look like, as data: the checks of livechat contract §1.5 run on it, and
//! the `OpenAPI` document is made of it.
//!
//! [`validate`] is ajv without all-errors mode: `required`, then unknown keys, then the properties in
//! order, and only the first failure. [`check`] is Meteor's `check`: keys as they come, then missing
//! ones. An optional property is `Match.Maybe` there.

use serde_json::{Map, Number, Value};

/// An object.
#[derive(Debug)]
pub(in super::super) struct Schema {
    /// Keys that must be there, in the order in which missing ones are told.
    pub(in super::super) required: &'static [&'static str],
    /// Keys and their kinds, in order.
    pub(in super::super) properties: &'static [(&'static str, Kind)],
    /// Whether other keys may be there too.
    pub(in super::super) open: bool,
}

/// What a value may be.
#[derive(Debug)]
pub(in super::super) enum Kind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// An object of its own.
    Object(&'static Schema),
    /// A list with at least so many items, perhaps without doubles.
    List {
        /// What each item is.
        item: &'static Kind,
        /// Fewest items.
        least: usize,
        /// Whether equal items are refused.
        unique: bool,
    },
    /// The same or `null`.
    Nullable(&'static Kind),
    /// An object of whatever.
    AnyObject,
    /// Anything.
    Any,
}

/// Checks and coerces as ajv does. `unwraps`: one-element lists stand for their element, except where
/// `null` is allowed (8.x, queries). The text is ajv's.
pub(in super::super) fn validate(
    schema: &Schema,
    value: &mut Value,
    unwraps: bool,
) -> Result<(), String> {
    let Value::Object(object) = value else {
        return Err("must be object".to_owned());
    };
    object_is(schema, object, unwraps)
}

fn object_is(
    schema: &Schema,
    object: &mut Map<String, Value>,
    unwraps: bool,
) -> Result<(), String> {
    for key in schema.required {
        if !object.contains_key(*key) {
            return Err(format!("must have required property '{key}'"));
        }
    }
    let known = |key: &String| schema.properties.iter().any(|(name, _)| name == key);
    if !schema.open && !object.keys().all(known) {
        return Err("must NOT have additional properties".to_owned());
    }
    for (key, kind) in schema.properties {
        if let Some(value) = object.get_mut(*key) {
            is(kind, value, unwraps)?;
        }
    }
    Ok(())
}

fn is(kind: &Kind, value: &mut Value, unwraps: bool) -> Result<(), String> {
    if unwraps
        && !matches!(kind, Kind::Nullable(_) | Kind::List { .. } | Kind::Any)
        && let Value::Array(items) = value
        && items.len() == 1
    {
        *value = items.swap_remove(0);
    }
    let wrong = |what: &str| Err(format!("must be {what}"));
    match kind {
        Kind::Any => Ok(()),
        Kind::Nullable(_) if value.is_null() => Ok(()),
        // A nullable key has no unwrapping of its own.
        Kind::Nullable(inner) => is(inner, value, false),
        Kind::Text => match text(value) {
            Some(text) => {
                *value = Value::from(text);
                Ok(())
            }
            None => wrong("string"),
        },
        Kind::OneOf(words) => match text(value) {
            Some(text) if words.contains(&text.as_str()) => {
                *value = Value::from(text);
                Ok(())
            }
            Some(_) => wrong("equal to one of the allowed values"),
            None => wrong("string"),
        },
        Kind::Number => match number(value) {
            Some(number) => {
                *value = Value::Number(number);
                Ok(())
            }
            None => wrong("number"),
        },
        Kind::Flag => match flag(value) {
            Some(flag) => {
                *value = Value::from(flag);
                Ok(())
            }
            None => wrong("boolean"),
        },
        Kind::AnyObject if value.is_object() => Ok(()),
        Kind::AnyObject => wrong("object"),
        Kind::Object(schema) => match value {
            Value::Object(object) => object_is(schema, object, unwraps),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => wrong("object"),
        },
        Kind::List {
            item,
            least,
            unique,
        } => {
            let Value::Array(items) = value else {
                return wrong("array");
            };
            if items.len() < *least {
                return Err(format!("must NOT have fewer than {least} items"));
            }
            for item_value in items.iter_mut() {
                is(item, item_value, unwraps)?;
            }
            match unique.then(|| double(items)).flatten() {
                Some((first, second)) => Err(format!(
                    "must NOT have duplicate items (items ## {first} and {second} are identical)"
                )),
                None => Ok(()),
            }
        }
    }
}

/// Places of the last two equal items, as ajv tells them.
fn double(items: &[Value]) -> Option<(usize, usize)> {
    (0..items.len()).rev().find_map(|later| {
        let first = (0..later).rev().find(|at| items[*at] == items[later])?;
        Some((first, later))
    })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::Bool(flag) => Some(Number::from(u8::from(*flag))),
        Value::Null => Some(Number::from(0)),
        Value::String(text) => match text.trim().parse::<i64>() {
            Ok(whole) => Some(Number::from(whole)),
            Err(_) => text.trim().parse::<f64>().ok().and_then(Number::from_f64),
        },
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Null => Some(false),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Checks as Meteor's `check` does; nothing is coerced. The text follows `Match error: `.
pub(in super::super) fn check(schema: &Schema, value: &Value) -> Result<(), String> {
    let Value::Object(object) = value else {
        return Err(format!("Expected object, got {}", kind_of(value)));
    };
    matches_object(schema, object, "")
}

fn matches_object(schema: &Schema, object: &Map<String, Value>, path: &str) -> Result<(), String> {
    let at = |text: String, path: &str| {
        if path.is_empty() {
            text
        } else {
            format!("{text} in field {path}")
        }
    };
    for (key, value) in object {
        let inner = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        let known = schema.properties.iter().find(|(name, _)| name == key);
        match known {
            None if schema.open => {}
            None => return Err(at("Unknown key".to_owned(), &inner)),
            Some((name, kind)) if schema.required.contains(name) => {
                matches_value(kind, value, &inner)?;
            }
            Some((_, kind)) => {
                // Optional keys are `Match.Maybe`, whose own failure hides the inner one.
                if !value.is_null() && matches_value(kind, value, &inner).is_err() {
                    let text = "Failed Match.OneOf, Match.Maybe or Match.Optional validation";
                    return Err(at(text.to_owned(), &inner));
                }
            }
        }
    }
    for key in schema.required {
        if !object.contains_key(*key) {
            return Err(at(format!("Missing key '{key}'"), path));
        }
    }
    Ok(())
}

fn matches_value(kind: &Kind, value: &Value, path: &str) -> Result<(), String> {
    let expected = |what: &str| {
        Err(format!(
            "Expected {what}, got {} in field {path}",
            kind_of(value)
        ))
    };
    match kind {
        Kind::Any => Ok(()),
        Kind::Nullable(_) if value.is_null() => Ok(()),
        Kind::Nullable(inner) => matches_value(inner, value, path),
        Kind::Text | Kind::OneOf(_) if value.is_string() => Ok(()),
        Kind::Text | Kind::OneOf(_) => expected("string"),
        Kind::Number if value.is_number() => Ok(()),
        Kind::Number => expected("number"),
        Kind::Flag if value.is_boolean() => Ok(()),
        Kind::Flag => expected("boolean"),
        Kind::AnyObject if value.is_object() => Ok(()),
        Kind::AnyObject => expected("object"),
        Kind::Object(schema) => match value.as_object() {
            Some(object) => matches_object(schema, object, path),
            None => expected("object"),
        },
        Kind::List { item, .. } => match value.as_array() {
            Some(items) => {
                for (place, inner) in items.iter().enumerate() {
                    matches_value(item, inner, &format!("{path}[{place}]"))?;
                }
                Ok(())
            }
            None => Err(format!("Expected array, got {}", kind_of(value))),
        },
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) | Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLACE: Schema = Schema {
        required: &["href"],
        properties: &[("href", Kind::Text)],
        open: false,
    };
    const SCHEMA: Schema = Schema {
        required: &["token", "page"],
        properties: &[
            ("token", Kind::Text),
            ("rid", Kind::Nullable(&Kind::Text)),
            ("page", Kind::Object(&PLACE)),
            ("limit", Kind::Number),
            ("on", Kind::Flag),
            ("status", Kind::OneOf(&["a", "b"])),
            (
                "tags",
                Kind::List {
                    item: &Kind::Text,
                    least: 1,
                    unique: true,
                },
            ),
        ],
        open: false,
    };

    #[test]
    fn ajv_tells_the_first_failure_in_its_order() {
        let page = json!({"href": "h"});
        let cases = [
            (json!([]), "must be object"),
            (json!({}), "must have required property 'token'"),
            (
                json!({"token": "t", "rid": {}}),
                "must have required property 'page'",
            ),
            (
                json!({"token": [], "page": page, "x": 1}),
                "must NOT have additional properties",
            ),
            (json!({"token": {}, "page": page}), "must be string"),
            (json!({"token": "t", "page": 1}), "must be object"),
            (
                json!({"token": "t", "page": {}}),
                "must have required property 'href'",
            ),
            (
                json!({"token": "t", "page": page, "rid": []}),
                "must be string",
            ),
            (
                json!({"token": "t", "page": page, "limit": "x"}),
                "must be number",
            ),
            (
                json!({"token": "t", "page": page, "on": "yes"}),
                "must be boolean",
            ),
            (
                json!({"token": "t", "page": page, "status": "c"}),
                "must be equal to one of the allowed values",
            ),
            (
                json!({"token": "t", "page": page, "tags": "a"}),
                "must be array",
            ),
            (
                json!({"token": "t", "page": page, "tags": []}),
                "must NOT have fewer than 1 items",
            ),
            (
                json!({"token": "t", "page": page, "tags": ["a", "a"]}),
                "must NOT have duplicate items (items ## 0 and 1 are identical)",
            ),
        ];
        for (mut value, text) in cases {
            assert_eq!(validate(&SCHEMA, &mut value, false), Err(text.to_owned()));
        }
    }

    #[test]
    fn ajv_coerces() {
        let mut value =
            json!({"token": 5, "rid": null, "page": {"href": null}, "limit": "5", "on": 1});
        assert_eq!(validate(&SCHEMA, &mut value, false), Ok(()));
        assert_eq!(
            value,
            json!({"token": "5", "rid": null, "page": {"href": ""}, "limit": 5, "on": true})
        );
        let mut list = json!({"token": ["t"], "page": {"href": "h"}});
        assert_eq!(
            validate(&SCHEMA, &mut list.clone(), false),
            Err("must be string".to_owned())
        );
        assert_eq!(validate(&SCHEMA, &mut list, true), Ok(()));
        let mut nullable = json!({"token": "t", "page": {"href": "h"}, "rid": ["r"]});
        assert_eq!(
            validate(&SCHEMA, &mut nullable, true),
            Err("must be string".to_owned())
        );
    }

    #[test]
    fn meteor_looks_at_what_is_there_first() {
        let cases = [
            (json!([]), "Expected object, got object"),
            (json!({}), "Missing key 'token'"),
            (json!({"token": "t"}), "Missing key 'page'"),
            (json!({"foo": 1}), "Unknown key in field foo"),
            (
                json!({"token": 1}),
                "Expected string, got number in field token",
            ),
            (
                json!({"token": "t", "page": {}}),
                "Missing key 'href' in field page",
            ),
            (
                json!({"rid": 1}),
                "Failed Match.OneOf, Match.Maybe or Match.Optional validation in field rid",
            ),
        ];
        for (value, text) in cases {
            assert_eq!(check(&SCHEMA, &value), Err(text.to_owned()), "{value}");
        }
        let fine = json!({"token": "t", "rid": null, "page": {"href": "h"}});
        assert_eq!(check(&SCHEMA, &fine), Ok(()));
    }
}
