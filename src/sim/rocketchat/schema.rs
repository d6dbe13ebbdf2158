//! Strict bodies and queries (contract §1.3, §2.1): what is missing, of another type or unknown
//! gets 400 before anything else is looked at.

use serde_json::{Map, Value};

use super::{answer::Refused, behaviour::Behaviour, request::Request, setup::Version};

/// The type of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    Flag,
    /// Whole number.
    Whole,
    Object,
    List,
    Texts,
    /// Text or null.
    Nullable,
    /// Text, flag or whole number.
    Scalar,
    Any,
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::Whole => value.is_i64(),
            Self::Object => value.is_object(),
            Self::List => value.is_array(),
            Self::Texts => value
                .as_array()
                .is_some_and(|all| all.iter().all(Value::is_string)),
            Self::Nullable => value.is_string() || value.is_null(),
            Self::Scalar => value.is_string() || value.is_boolean() || value.is_i64(),
            Self::Any => true,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Text => "must be string",
            Self::Flag => "must be boolean",
            Self::Whole => "must be integer",
            Self::Object => "must be object",
            Self::List | Self::Texts => "must be array",
            Self::Nullable => "must be string,null",
            Self::Scalar => "must be string,boolean,integer",
            Self::Any => "",
        }
    }
}

/// A member: its name, its type, and whether it must be there.
pub(super) type Member = (&'static str, Kind, Need);

/// Whether a member must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Must,
    May,
}

/// What becomes of members that the schema does not name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Others {
    Refused,
    /// Accepted when they are text, flag or whole number.
    Scalars,
    Accepted,
}

/// Checks an object; what is wrong with it otherwise.
pub(super) fn check<'a>(
    value: &'a Value,
    members: &[Member],
    others: Others,
) -> Result<&'a Map<String, Value>, String> {
    let Some(object) = value.as_object() else {
        return Err("must be object".to_owned());
    };
    for (name, kind, need) in members {
        match object.get(*name) {
            None if *need == Need::Must => {
                return Err(format!("must have required property '{name}'"));
            }
            Some(value) if !kind.fits(value) => return Err(kind.name().to_owned()),
            None | Some(_) => {}
        }
    }
    for (name, value) in object {
        if members.iter().any(|(known, ..)| known == name) {
            continue;
        }
        let fits = match others {
            Others::Refused => false,
            Others::Scalars => Kind::Scalar.fits(value),
            Others::Accepted => true,
        };
        if !fits {
            return Err("must NOT have additional properties".to_owned());
        }
    }
    Ok(object)
}

/// The refusal of a body or query: its code is another one from 8 on.
pub(super) fn invalid(version: Version, why: &str) -> Refused {
    match version {
        Version::V6 | Version::V7 => Refused::coded("invalid-params", why),
        Version::V8 => Refused::coded("error-invalid-params", why),
    }
}

/// Checks that a query says nothing but what is named here, and the paging parameters.
pub(super) fn check_query(
    request: &Request,
    names: &[&str],
    (behaviour, version): (&Behaviour, Version),
) -> Result<(), Refused> {
    for (name, _) in &request.query {
        let deprecated = matches!(name.as_str(), "query" | "fields");
        let ignored = deprecated && !behaviour.refuse_query_and_fields && names.contains(&"sort");
        if !ignored && !names.contains(&name.as_str()) {
            return Err(invalid(version, "must NOT have additional properties"));
        }
    }
    Ok(())
}
