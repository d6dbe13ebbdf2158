//! Which department of the target is meant by a name: names are not unique there.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{Actual, DepartmentId, Desired, moving::Links, target::TargetDepartment},
    migrate::{verify::wanted::Wanted, wire::Remark},
};

/// What the target has under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::migrate) enum Found<'a> {
    /// This one.
    One(&'a TargetDepartment),
    /// None.
    Nothing,
    /// So many, and none of them is known to be meant.
    Several(usize),
}

/// Looks a department up: by link, by the id that mapping names, by exact name; an open one before
/// archived ones.
pub(in crate::migrate) fn find<'a>(
    name: &'a str,
    desired: &Desired,
    actual: &'a Actual,
    links: &Links,
) -> Found<'a> {
    let linked = links.departments.get(name).map(|link| &link.id);
    let wanted = desired.departments.iter().filter(|one| one.name == name);
    let mut by_id = linked.into_iter().chain(wanted.map(|one| &one.id));
    if let Some(found) = by_id.find_map(|id| actual.department(id)) {
        return Found::One(found);
    }
    let all: Vec<_> = actual.departments_named(name).collect();
    let mut open = all.iter().filter(|one| !one.archived);
    match (all.as_slice(), open.next(), open.next()) {
        ([], _, _) => Found::Nothing,
        ([one], _, _) | (_, Some(one), None) => Found::One(one),
        (several, _, _) => Found::Several(several.len()),
    }
}

/// The departments that somebody of these is wanted in, each once.
pub(in crate::migrate) fn needed<'a>(people: &[Wanted<'a>]) -> BTreeSet<&'a str> {
    let moved = people.iter().filter(|one| one.left_out.is_none());
    moved
        .flat_map(|one| one.departments.iter().copied())
        .collect()
}

/// Ids of the needed departments that are there, by name.
pub(super) fn meant<'a>(
    people: &[Wanted<'a>],
    desired: &Desired,
    actual: &'a Actual,
    links: &Links,
) -> BTreeMap<&'a str, &'a DepartmentId> {
    let names = needed(people).into_iter();
    let known = names.filter_map(|name| match find(name, desired, actual, links) {
        Found::One(one) => Some((name, &one.id)),
        Found::Nothing | Found::Several(_) => None,
    });
    known.collect()
}

/// Departments that are not there as they should be.
pub(super) fn differing(
    people: &[Wanted<'_>],
    desired: &Desired,
    actual: &Actual,
    links: &Links,
) -> Vec<Remark> {
    let wrong = |name: &str| match find(name, desired, actual, links) {
        Found::Nothing => Some("is not there; the move creates it".to_owned()),
        Found::Several(count) => Some(format!(
            "{count} departments have this name there, and none of them is ours; rename the others, or name the one that is meant by its id in mapping.skills.map"
        )),
        Found::One(one) if one.archived => {
            Some("is archived there, so no chat is routed to it; the move opens it".to_owned())
        }
        Found::One(one) if !one.enabled => {
            Some("is disabled there, so no chat is routed to it; the move opens it".to_owned())
        }
        Found::One(_) => None,
    };
    let remark = |name: &str| {
        Some(Remark {
            subject: name.to_owned(),
            why: wrong(name)?,
        })
    };
    needed(people).into_iter().filter_map(remark).collect()
}
