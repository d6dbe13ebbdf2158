//! Which custom fields may be sent: those the target has defined, or that this plan defines.

use std::collections::{BTreeMap, BTreeSet};

use super::{Facts, LeftOut, json::Object, shown};
use crate::domain::{Change, Effect, Phase, Subject, Write, target::SettingValue};

/// The setting that defines the custom fields of users, as JSON text (admin contract §3.7).
const SETTING: &str = "Accounts_CustomFields";

/// A field that takes any text and may be missing.
const DEFINITION: &str = r#"{"type":"text","required":false}"#;

/// The custom fields that may be sent.
#[derive(Default)]
pub(super) struct Defined(BTreeSet<String>);

impl Defined {
    /// Of these fields those that may be sent.
    pub(super) fn among(&self, fields: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let fields = fields.iter().filter(|(name, _)| self.0.contains(*name));
        fields
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// Defines what is missing.
pub(super) fn define(facts: &Facts<'_>) -> (Defined, Result<Option<Change>, LeftOut>) {
    let wanted = &facts.rules.custom_fields;
    if wanted.is_empty() {
        return (Defined::default(), Ok(None));
    }
    let out = |why: &str| {
        let subject = Subject::Setting(SETTING.to_owned());
        let why = why.to_owned();
        (Defined::default(), Err(LeftOut { subject, why }))
    };
    let capabilities = &facts.actual.capabilities;
    let Some(text) = capabilities.text(SETTING) else {
        return out(
            "cannot be read, so no custom fields are written; give our user the right view-privileged-setting",
        );
    };
    let Some(object) = Object::read(text) else {
        return out(
            "is no JSON object, so no custom fields are written; mend it in the target's settings",
        );
    };
    let missing: BTreeSet<&str> = wanted
        .iter()
        .map(String::as_str)
        .filter(|name| !object.names.contains(*name))
        .collect();
    let mut names = object.names.clone();
    names.extend(missing.iter().copied().map(str::to_owned));
    if missing.is_empty() {
        return (Defined(names), Ok(None));
    }
    let value = object.with(missing.iter().map(|name| (*name, DEFINITION)));
    let change = Change {
        phase: Phase::Settings,
        subject: Subject::Setting(SETTING.to_owned()),
        effect: Effect::Create,
        reason: "custom fields of agents must be defined before they can be written".to_owned(),
        fields: missing
            .iter()
            .map(|name| shown::gained(format!("custom field {name}"), "text, not required"))
            .collect(),
        writes: vec![Write::SetSetting {
            id: SETTING.to_owned(),
            value: SettingValue::Text(value),
            was: Some(SettingValue::Text(text.to_owned())),
        }],
    };
    (Defined(names), Ok(Some(change)))
}
