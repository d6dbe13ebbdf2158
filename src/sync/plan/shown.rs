//! How a plan shows things to people: fields before and after, nothing as `-`, secrets as stars.

use crate::domain::{FieldChange, agent::Owner, target::SettingValue};

const NOTHING: &str = "-";
const STARS: &str = "*****";

/// One field before and after; an empty text is nothing.
pub(super) fn field(
    name: impl Into<String>,
    before: Option<&str>,
    after: Option<&str>,
) -> FieldChange {
    let text = |side: Option<&str>| match side {
        None | Some("") => NOTHING.to_owned(),
        Some(text) => text.to_owned(),
    };
    FieldChange {
        field: name.into(),
        before: text(before),
        after: text(after),
    }
}

/// Something that comes: nothing before.
pub(super) fn gained(name: impl Into<String>, after: &str) -> FieldChange {
    field(name, None, Some(after))
}

/// Something that goes: nothing afterwards.
pub(super) fn lost(name: impl Into<String>, before: &str) -> FieldChange {
    field(name, Some(before), None)
}

/// Available or not.
pub(super) fn availability(before: bool, after: bool) -> FieldChange {
    let word = |available| {
        if available {
            "available"
        } else {
            "not available"
        }
    };
    field("availability", Some(word(before)), Some(word(after)))
}

/// Active or not.
pub(super) fn active(after: bool) -> FieldChange {
    let word = |active| if active { "yes" } else { "no" };
    field("active", Some(word(!after)), Some(word(after)))
}

/// A limit of one's own.
pub(super) fn limit(before: Option<u32>, after: Option<u32>) -> FieldChange {
    let text = |limit: Option<u32>| limit.map(|limit| limit.to_string());
    field("limit", text(before).as_deref(), text(after).as_deref())
}

/// Whose word about availability counts.
pub(super) fn owner(before: Owner, after: Owner) -> FieldChange {
    let word = |owner| match owner {
        Owner::Source => "source",
        Owner::Target => "target",
        Owner::Both => "both",
    };
    field("availability owner", Some(word(before)), Some(word(after)))
}

/// A setting; those whose names say that they are secret are stars.
pub(super) fn setting(
    id: &str,
    before: Option<&SettingValue>,
    after: Option<&SettingValue>,
) -> FieldChange {
    let folded = id.to_lowercase();
    let secret = ["token", "secret", "password"]
        .iter()
        .any(|word| folded.contains(word));
    let text = |value: Option<&SettingValue>| {
        let text = match value? {
            SettingValue::Text(text) => text.clone(),
            SettingValue::Flag(flag) => flag.to_string(),
            SettingValue::Number(number) => number.to_string(),
        };
        Some(if secret && !text.is_empty() {
            STARS.to_owned()
        } else {
            text
        })
    };
    field(id, text(before).as_deref(), text(after).as_deref())
}
