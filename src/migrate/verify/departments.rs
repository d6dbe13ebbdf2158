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
    One {
        /// The department.
        department: &'a TargetDepartment,
        /// Whether it is linked: what is not ours is not opened.
        ours: bool,
    },
    /// None.
    Nothing,
    /// So many, and none of them is known to be meant.
    Several(usize),
}

/// Looks a department up: by link, by the id that mapping names, by exact name.
pub(in crate::migrate) fn find<'a>(
    name: &str,
    desired: &Desired,
    actual: &'a Actual,
    links: &Links,
) -> Found<'a> {
    let link = links.departments.get(name);
    if let Some(department) = link.and_then(|link| actual.department(&link.id)) {
        let ours = true;
        return Found::One { department, ours };
    }
    let mut wanted = desired.departments.iter().filter(|one| one.name == name);
    let given = wanted.find_map(|one| actual.department(&one.id));
    let named = actual.departments().iter().filter(|one| one.name == name);
    let named: Vec<_> = named.collect();
    match (given, named.as_slice()) {
        (Some(department), _) | (None, &[department]) => Found::One {
            department,
            ours: false,
        },
        (None, []) => Found::Nothing,
        (None, several) => Found::Several(several.len()),
    }
}

/// The departments that somebody of these is wanted in, each once.
pub(in crate::migrate) fn needed<'a>(people: &[Wanted<'a>]) -> BTreeSet<&'a str> {
    let moved = people.iter().filter(|one| one.left_out.is_none());
    moved
        .flat_map(|one| one.departments.iter().copied())
        .collect()
}

/// Ids of all departments that mapping knows or that are ours, by name, as far as they are there.
pub(super) fn known<'a>(
    people: &[Wanted<'a>],
    desired: &'a Desired,
    actual: &'a Actual,
    links: &'a Links,
) -> BTreeMap<&'a str, &'a DepartmentId> {
    let mapped = desired.departments.iter().map(|one| one.name.as_str());
    let linked = links.departments.keys().map(String::as_str);
    let names: BTreeSet<_> = mapped.chain(linked).chain(needed(people)).collect();
    let there = names.into_iter();
    let there = there.filter_map(|name| match find(name, desired, actual, links) {
        Found::One { department, .. } => Some((name, &department.id)),
        Found::Nothing | Found::Several(_) => None,
    });
    there.collect()
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
        Found::One { department, ours } if department.archived || !department.enabled => {
            let state = if department.archived {
                "archived"
            } else {
                "disabled"
            };
            let remedy = if ours {
                "the move opens it"
            } else {
                "it is not ours, so open it there, or map to another name"
            };
            Some(format!(
                "is {state} there, so no chat is routed to it; {remedy}"
            ))
        }
        Found::One { .. } => None,
    };
    let remark = |name: &str| {
        Some(Remark {
            subject: name.to_owned(),
            why: wrong(name)?,
        })
    };
    needed(people).into_iter().filter_map(remark).collect()
}
