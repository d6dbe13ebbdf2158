//! Settings that shall have certain values: what `connect` sets.

use super::{Facts, Plan, assemble, shown};
use crate::domain::{Change, Effect, Phase, Subject, Write, moving::Scope, target::SettingValue};

/// Plans those that differ. One that could not be read is set, and cannot be taken back.
pub(super) fn settings(facts: &Facts<'_>, wanted: &[(String, SettingValue)]) -> Plan {
    let have = &facts.actual.capabilities.settings;
    let differing = wanted
        .iter()
        .filter(|(id, value)| have.get(id) != Some(value));
    let changes = differing.map(|(id, value)| {
        let was = have.get(id);
        Change {
            phase: Phase::Connect,
            subject: Subject::Setting(id.clone()),
            effect: Effect::Update,
            reason: match was {
                Some(_) => "differs from what is wanted".to_owned(),
                None => "could not be read, so it cannot be taken back".to_owned(),
            },
            fields: vec![shown::setting(id, was, Some(value))],
            writes: vec![Write::SetSetting {
                id: id.clone(),
                value: value.clone(),
                was: was.cloned(),
            }],
        }
    });
    assemble::Draft {
        scope: Scope::default(),
        changes: changes.collect(),
        ..assemble::Draft::default()
    }
    .finish(facts.rules)
}
