//! `[[livechat.triggers]]`, `[[livechat.departments]]`, `[[livechat.custom_fields]]`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::super::error::ConfigError;

/// A trigger that the widget runs by itself; conditions and actions pass through as they are
/// (livechat contract §4.2.1: `{_id, actions:[{name, params}], conditions:[{name, value}], runOnce}`).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trigger {
    /// `_id`.
    pub id: String,
    /// `runOnce`.
    pub run_once: bool,
    /// `conditions`, tables of `name` and `value`.
    pub conditions: Vec<toml::Table>,
    /// `actions`, tables of `name` and `params`.
    pub actions: Vec<toml::Table>,
}

/// What LivePerson does not know of a department.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DepartmentSettings {
    /// Name or id of a department that the mapping makes.
    pub name: String,
    /// Offered in the registration form, and to visitors who name none (livechat contract §2.4).
    pub show_on_registration: bool,
    /// Offered in the offline form.
    pub show_on_offline_form: bool,
    /// Where its offline messages go.
    pub email: String,
    /// Name or id of the department that steps in when nobody is online.
    pub fallback: String,
    /// A chat cannot be closed without a tag.
    pub tags_required: bool,
}

/// Whose data a custom field belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The visitor's `livechatData`.
    #[default]
    Visitor,
    /// The room's.
    Room,
}

/// A custom field (livechat contract §3.4).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustomField {
    /// `_id`, the key of its value.
    pub id: String,
    /// What people see.
    pub label: String,
    /// Whose.
    pub scope: Scope,
    /// Shown in `config.customFields`.
    pub public: bool,
    /// Must be given (7.x).
    pub required: bool,
    /// Looked for by `contact.search`.
    pub searchable: bool,
    /// What a value must match; empty: anything.
    pub regexp: String,
    /// `input` or `select`; empty: absent.
    #[serde(rename = "type")]
    pub kind: String,
    /// Given where nobody gives one; empty: none.
    pub default_value: String,
    /// Values of a `select`.
    pub options: Vec<String>,
}

/// Triggers and departments are there by a name of their own.
pub(super) fn check_lists(
    triggers: &[Trigger],
    departments: &[DepartmentSettings],
) -> Result<(), ConfigError> {
    let ids = triggers.iter().map(|trigger| &trigger.id);
    each_once("livechat.triggers", "id", ids)?;
    let names = departments.iter().map(|department| &department.name);
    each_once("livechat.departments", "name", names)
}

fn each_once<'a>(
    list: &str,
    key: &str,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() {
            return Err(ConfigError::meaning(list, format!("one has no `{key}`")));
        }
        if !seen.insert(name) {
            let why = format!("the {key} \"{name}\" is given twice");
            return Err(ConfigError::meaning(list, why));
        }
    }
    Ok(())
}

/// Ids are there, single and fit to be keys; patterns can be read; a select has values.
pub(super) fn check(fields: &[CustomField]) -> Result<(), ConfigError> {
    let wrong = |why: String| Err(ConfigError::meaning("livechat.custom_fields", why));
    each_once(
        "livechat.custom_fields",
        "id",
        fields.iter().map(|field| &field.id),
    )?;
    for field in fields {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !field.id.bytes().all(plain) {
            return wrong(format!(
                "the id \"{}\" must be letters, digits, `-` and `_`",
                field.id
            ));
        }
        if let Err(error) = regex_automata::meta::Regex::new(&field.regexp) {
            let error = error.to_string().lines().collect::<Vec<_>>().join("; ");
            return wrong(format!(
                "the regexp of \"{}\" cannot be read: {error}",
                field.id
            ));
        }
        if !matches!(field.kind.as_str(), "" | "input" | "select") {
            return wrong(format!(
                "the type of \"{}\" must be \"input\" or \"select\"",
                field.id
            ));
        }
        if field.kind == "select" && field.options.is_empty() {
            return wrong(format!(
                "\"{}\" is a select without options; name its values",
                field.id
            ));
        }
    }
    Ok(())
}
