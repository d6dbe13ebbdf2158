//! What an endpoint is, and which one a path means.

use std::{pin::Pin, sync::Arc};

use http::Method;

use super::{Livechat, account::Permission, call::Call, failure::Outcome, schema::Schema};
use crate::config::livechat::Version;

/// An endpoint of the table. Where versions differ in form there are several entries.
pub(in super::super) struct Endpoint {
    /// GET answers HEAD too.
    pub(in super::super) method: Method,
    /// Below `/api/v1/`; a segment with a colon is a parameter.
    pub(in super::super) template: &'static str,
    /// Versions that have it, both included.
    pub(in super::super) versions: (Version, Version),
    /// Who may call it.
    pub(in super::super) auth: Auth,
    /// Calls and milliseconds of its own window; `None` is the configured one.
    pub(in super::super) limit: Option<(u32, u64)>,
    /// What must be sent.
    pub(in super::super) params: Params,
    /// What it does. One sentence, for the `OpenAPI` document.
    pub(in super::super) summary: &'static str,
    /// Does it.
    pub(in super::super) run: Run,
}

/// An endpoint's work.
pub(in super::super) type Run =
    fn(Arc<Livechat>, Call) -> Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Who may call.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Auth {
    /// Everybody.
    Public,
    /// Whoever is logged in and holds all of these.
    Needs(&'static [Permission]),
}

/// What must be sent, and in whose words it is missed.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Params {
    /// Nothing is looked at.
    Free,
    /// ajv on the query.
    Query(&'static Schema),
    /// ajv on the body.
    Body(&'static Schema),
    /// A typed route: ajv on the body before the rate limit, texts without suffix.
    TypedBody(&'static Schema),
    /// Meteor's `check` on the query.
    CheckQuery(&'static Schema),
    /// Meteor's `check` on the body.
    CheckBody(&'static Schema),
    /// The body is a stream, read by the endpoint.
    Stream,
}

/// All versions.
pub(in super::super) const ALWAYS: (Version, Version) = (Version::V6, Version::V8);
/// From 7.x on.
pub(in super::super) const FROM_7: (Version, Version) = (Version::V7, Version::V8);
/// From 8.0 on.
pub(in super::super) const FROM_8: (Version, Version) = (Version::V8, Version::V8);
/// Removed in 8.0.
pub(in super::super) const UP_TO_7: (Version, Version) = (Version::V6, Version::V7);
/// Removed in 7.0.
pub(in super::super) const UP_TO_6: (Version, Version) = (Version::V6, Version::V6);

/// What a path and a method mean.
pub(in super::super) enum Found {
    /// This endpoint (by its place in the table), with the path's parameters.
    Endpoint(usize, Vec<String>),
    /// The path is known, with other methods.
    OtherMethod(Vec<Method>),
    /// No such path.
    Nothing,
}

/// Looks for an endpoint. Literal segments win over parameters.
pub(in super::super) fn find(
    table: &[&'static Endpoint],
    version: Version,
    method: &Method,
    path: &str,
) -> Found {
    let wanted = if *method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let mut best: Option<(usize, Vec<String>)> = None;
    let mut others = Vec::new();
    for (place, endpoint) in table.iter().enumerate() {
        let (first, last) = endpoint.versions;
        if version < first || version > last {
            continue;
        }
        let Some(params) = fits(endpoint.template, path) else {
            continue;
        };
        if endpoint.method != *wanted {
            others.push(endpoint.method.clone());
        } else if best
            .as_ref()
            .is_none_or(|(_, known)| params.len() < known.len())
        {
            best = Some((place, params));
        }
    }
    match best {
        Some((place, params)) => Found::Endpoint(place, params),
        None if others.is_empty() => Found::Nothing,
        None => Found::OtherMethod(others),
    }
}

/// The parameters of a path that fits a template: as many segments, none of them empty.
fn fits(template: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut params = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(name), Some(segment)) if name.starts_with(':') => {
                if segment.is_empty() {
                    return None;
                }
                params.push(super::super::api::decode_segment(segment).into_owned());
            }
            (Some(name), Some(segment)) if name == segment => {}
            (Some(_) | None, Some(_) | None) => return None,
        }
    }
}
