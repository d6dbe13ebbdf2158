//! Which users are created, activated and updated.

use std::collections::BTreeMap;

use super::{custom_fields::Defined, matching::Person, shown};
use crate::domain::{
    Change, Effect, FieldChange, Phase, TargetUser, Write,
    change::{NewUser, Profile},
    moving::Login,
};

/// The user of one agent as it should be.
pub(super) fn settle(person: &Person<'_>, defined: &Defined, login: Login) -> Option<Change> {
    match person.user {
        None => create(person, defined, login),
        Some(user) => mend(person, user, defined),
    }
}

fn create(person: &Person<'_>, defined: &Defined, login: Login) -> Option<Change> {
    // Nobody is matched as new without an address.
    let address = person.address.as_ref()?;
    let user = person.user_ref();
    let custom_fields = defined.among(&person.agent.custom_fields);
    let mut fields = vec![
        shown::gained("username", &user.username),
        shown::gained("name", &person.agent.writable_name()),
        shown::gained("e-mail", &address.text),
        shown::gained("login", login.word()),
    ];
    fields.extend(
        custom_fields
            .iter()
            .map(|(name, value)| shown::gained(custom_field(name), value)),
    );
    let mut writes = vec![Write::CreateUser(NewUser {
        user: user.clone(),
        name: person.agent.writable_name().into_owned(),
        email: address.text.clone(),
        verified: address.verified,
        custom_fields,
        login,
    })];
    match login {
        Login::ResetMail => writes.push(Write::SendResetMail {
            user,
            email: address.text.clone(),
        }),
        Login::Sso | Login::RequireChange => {}
    }
    Some(Change {
        phase: Phase::Users,
        subject: person.subject(),
        effect: Effect::Create,
        reason: "no user there is this agent's".to_owned(),
        fields,
        writes,
    })
}

fn mend(person: &Person<'_>, user: &TargetUser, defined: &Defined) -> Option<Change> {
    let mut fields = Vec::new();
    let mut writes = Vec::new();
    let mut reasons = Vec::new();
    if !user.active {
        fields.push(shown::active(true));
        writes.push(Write::SetActive {
            user: person.user_ref(),
            active: true,
        });
        reasons.push("takes part, but the user is deactivated");
    }
    let (set, was) = differences(person, user, defined, &mut fields);
    if set != Profile::default() {
        writes.push(Write::UpdateUser {
            user: person.user_ref(),
            set,
            was,
        });
        reasons.push("differs from the source");
    }
    (!writes.is_empty()).then(|| Change {
        phase: Phase::Users,
        subject: person.subject(),
        effect: Effect::Update,
        reason: reasons.join("; "),
        fields,
        writes,
    })
}

/// What shall be and what was, of the facts that differ.
fn differences(
    person: &Person<'_>,
    user: &TargetUser,
    defined: &Defined,
    fields: &mut Vec<FieldChange>,
) -> (Profile, Profile) {
    let (mut set, mut was) = (Profile::default(), Profile::default());
    let name = person.agent.writable_name();
    if name != user.name {
        fields.push(shown::field("name", Some(&user.name), Some(&name)));
        set.name = Some(name.into_owned());
        was.name = Some(user.name.clone());
    }
    let has = user.emails.first().map(|email| email.address.as_str());
    if let Some(address) = &person.address
        && has.is_none_or(|has| has.to_lowercase() != address.text.to_lowercase())
    {
        fields.push(shown::field("e-mail", has, Some(&address.text)));
        set.email = Some(address.text.clone());
        was.email = Some(has.unwrap_or_default().to_owned());
    }
    let wanted = defined.among(&person.agent.custom_fields);
    let before = defined.among(&user.custom_fields);
    let mut after = before.clone();
    after.extend(wanted);
    if before != after {
        fields.extend(custom_field_changes(&before, &after));
        set.custom_fields = Some(after);
        was.custom_fields = Some(before);
    }
    (set, was)
}

/// Custom fields that differ, by name.
pub(super) fn custom_field_changes(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<FieldChange> {
    let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let text = |side: &BTreeMap<String, String>, name| side.get(name).cloned().unwrap_or_default();
    names
        .into_iter()
        .map(|name| (name, text(before, name), text(after, name)))
        .filter(|(_, before, after)| before != after)
        .map(|(name, before, after)| shown::field(custom_field(name), Some(&before), Some(&after)))
        .collect()
}

fn custom_field(name: &str) -> String {
    format!("custom field {name}")
}
