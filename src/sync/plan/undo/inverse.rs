//! Inverse writes, as people read them.

use super::super::{
    Facts, shown,
    standing::{department_of, user_of},
    users::custom_field_changes,
};
use crate::domain::{Effect, FieldChange, Owner, Write, change::Profile};

/// What going back does, by its strongest write.
pub(super) fn effect(writes: &[Write]) -> Effect {
    let any = |is: fn(&Write) -> bool| writes.iter().any(is);
    if any(|write| {
        matches!(
            write,
            Write::RevokeRole { .. }
                | Write::SetActive { active: false, .. }
                | Write::CloseDepartment { .. }
                | Write::RemoveMembers { .. }
        )
    }) {
        Effect::Remove
    } else if any(|write| matches!(write, Write::GrantRole { .. } | Write::AddMembers { .. })) {
        Effect::Create
    } else if any(|write| {
        matches!(
            write,
            Write::SetAvailability {
                available: true,
                ..
            }
        )
    }) {
        Effect::Open
    } else if any(|write| {
        matches!(
            write,
            Write::SetAvailability {
                available: false,
                ..
            }
        )
    }) {
        Effect::Close
    } else {
        Effect::Update
    }
}

/// What is different after a write.
pub(super) fn fields(write: &Write) -> Vec<FieldChange> {
    match write {
        Write::SetActive { active, .. } => vec![shown::active(*active)],
        Write::UpdateUser { set, was, .. } => profile(set, was),
        Write::GrantRole { role, .. } => vec![shown::gained("role", role)],
        Write::RevokeRole { role, .. } => vec![shown::lost("role", role)],
        Write::SetAvailability { available, was, .. } if available == was => Vec::new(),
        Write::SetAvailability { available, was, .. } => {
            vec![shown::availability(*was, *available)]
        }
        Write::OpenDepartment { .. } => {
            vec![shown::field("state", Some("archived"), Some("open"))]
        }
        Write::CloseDepartment { .. } => {
            vec![shown::field("state", Some("open"), Some("archived"))]
        }
        Write::AddMembers { members, .. } => members
            .iter()
            .map(|member| shown::gained("member", &member.user.username))
            .collect(),
        Write::RemoveMembers { members, .. } => members
            .iter()
            .map(|member| shown::lost("member", &member.user.username))
            .collect(),
        Write::SetLimit { limit, was, .. } => vec![shown::limit(*was, *limit)],
        Write::SetSetting { id, value, was } => vec![shown::setting(id, was.as_ref(), Some(value))],
        Write::SetOwner { owner, was, .. } => vec![shown::owner(*was, *owner)],
        // No inverse creates anything or sends a mail.
        Write::CreateUser(_) | Write::CreateDepartment(_) | Write::SendResetMail { .. } => {
            Vec::new()
        }
    }
}

fn profile(set: &Profile, was: &Profile) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    if let Some(name) = &set.name {
        fields.push(shown::field("name", was.name.as_deref(), Some(name)));
    }
    if let Some(email) = &set.email {
        fields.push(shown::field("e-mail", was.email.as_deref(), Some(email)));
    }
    if let (Some(set), Some(was)) = (&set.custom_fields, &was.custom_fields) {
        fields.extend(custom_field_changes(was, set));
    }
    fields
}

/// The facts of an update one by one: what was set, and what was before.
pub(super) fn single_facts(set: &Profile, was: &Profile) -> Vec<(Profile, Profile)> {
    let name = |one: &Profile| Profile {
        name: one.name.clone(),
        ..Profile::default()
    };
    let email = |one: &Profile| Profile {
        email: one.email.clone(),
        ..Profile::default()
    };
    let custom_fields = |one: &Profile| Profile {
        custom_fields: one.custom_fields.clone(),
        ..Profile::default()
    };
    let all = [
        (name(set), name(was)),
        (email(set), email(was)),
        (custom_fields(set), custom_fields(was)),
    ];
    let there = all.into_iter();
    there
        .filter(|(set, _)| *set != Profile::default())
        .collect()
}

/// Why a write is not taken back: what it is now. E-mail addresses and settings are not told.
pub(super) fn stays(write: &Write, facts: &Facts<'_>) -> String {
    let limit = |limit: Option<u32>| limit.map_or("none".to_owned(), |limit| limit.to_string());
    let what = match write {
        Write::UpdateUser { user, set, .. } => match user_of(facts.actual, user) {
            Some(user) if set.name.is_some() => format!("the name is now {}", user.name),
            Some(_) if set.email.is_some() => "the e-mail address is another one now".to_owned(),
            Some(_) => "custom fields are different now".to_owned(),
            None => "the user is no longer there".to_owned(),
        },
        Write::SetLimit { user, .. } => {
            let user = user_of(facts.actual, user);
            let agent = user.and_then(|user| user.agent.as_ref());
            format!(
                "the limit is now {}",
                limit(agent.and_then(|agent| agent.limit))
            )
        }
        Write::SetSetting { .. } => "the setting has another value now".to_owned(),
        Write::SetOwner { source_id, .. } => match facts.roster.get(source_id).map(|one| one.owner)
        {
            Some(Owner::Source) => "his availability is the source's now",
            Some(Owner::Target) => "his availability is the target's now",
            Some(Owner::Both) => "his availability is both sides' now",
            None => "the source no longer knows him",
        }
        .to_owned(),
        Write::OpenDepartment { department }
        | Write::CloseDepartment { department }
        | Write::AddMembers { department, .. }
        | Write::RemoveMembers { department, .. } => {
            match department_of(facts.actual, department) {
                Some(_) => "the department is different now".to_owned(),
                None => "the department is no longer there".to_owned(),
            }
        }
        Write::CreateUser(_)
        | Write::SendResetMail { .. }
        | Write::SetActive { .. }
        | Write::GrantRole { .. }
        | Write::RevokeRole { .. }
        | Write::SetAvailability { .. }
        | Write::CreateDepartment(_) => "is different now".to_owned(),
    };
    format!("somebody changed it since: {what}; it stays as it is")
}
