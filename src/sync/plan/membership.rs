//! Who comes into which department, and who leaves it.
//!
//! Those who are in stay as they are, counts included; foreign members are not looked at.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    departments::{Departments, Settled, Wanted},
    matching::Person,
    shown,
};
use crate::domain::{
    Actual, Change, DepartmentId, Effect, Phase, Subject, TargetId, Write,
    change::{DepartmentRef, Member},
    target::Membership,
};

/// Members in one write: small enough for one answer in time, large enough that a department of
/// thousands takes seconds.
pub const BATCH: usize = 100;

/// New members, by department and agent.
pub(super) fn add(settled: &Settled<'_>, wanted: &Wanted<'_, '_>, actual: &Actual) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, department) in &settled.usable {
        let id = department.id.as_ref();
        let members = id.map_or(&[][..], |id| actual.members(id));
        let inside: HashSet<&TargetId> = members.iter().map(|one| &one.user).collect();
        // Whoever starts at 0 among others would get every chat until he is level with them.
        let count = members.iter().map(|one| one.count).min().unwrap_or(0);
        let missing = wanted.get(name).into_iter().flatten();
        let missing: Vec<Member> = missing
            .filter(|person| person.user.is_none_or(|user| !inside.contains(&user.id)))
            .map(|person| Member {
                user: person.user_ref(),
                count,
                order: 0,
            })
            .collect();
        changes.extend(
            missing
                .chunks(BATCH)
                .map(|batch| adding(department.clone(), batch.to_vec(), "mapping puts them in")),
        );
    }
    changes
}

/// Members of ours in departments that mapping knows and where it does not put them.
pub(super) fn remove<'a>(
    departments: &Departments<'a>,
    wanted: &Wanted<'a, '_>,
    people: &[Person<'a>],
    actual: &Actual,
) -> Vec<Change> {
    let by_id: HashMap<&TargetId, &Person<'_>> = people
        .iter()
        .filter_map(|person| Some((&person.user?.id, person)))
        .collect();
    // By id: two names may mean one department.
    let mut known: BTreeMap<&DepartmentId, (&str, HashSet<&TargetId>)> = BTreeMap::new();
    for name in departments.known() {
        if let Some(department) = departments.there(name) {
            let members = wanted.get(name).into_iter().flatten();
            let (_, staying) = known
                .entry(&department.id)
                .or_insert((name, HashSet::new()));
            staying.extend(members.filter_map(|person| Some(&person.user?.id)));
        }
    }
    let mut changes = Vec::new();
    for (id, (name, staying)) in known {
        let members = actual.members(id).iter();
        let mut surplus: Vec<Member> = members
            .filter(|member| !staying.contains(&member.user))
            .filter_map(|member| {
                Some(Member {
                    user: by_id.get(&member.user)?.user_ref(),
                    count: member.count,
                    order: member.order,
                })
            })
            .collect();
        surplus.sort();
        let department = DepartmentRef {
            name: name.to_owned(),
            id: Some(id.clone()),
        };
        let reason = "mapping no longer puts them in";
        changes.extend(
            surplus
                .chunks(BATCH)
                .map(|batch| removing(department.clone(), batch.to_vec(), reason)),
        );
    }
    changes
}

/// A change that adds these members.
pub(super) fn adding(department: DepartmentRef, members: Vec<Member>, reason: &str) -> Change {
    Change {
        phase: Phase::Membership,
        subject: Subject::Department(department.name.clone()),
        effect: Effect::Create,
        reason: reason.to_owned(),
        fields: members
            .iter()
            .map(|member| shown::gained("member", &member.user.username))
            .collect(),
        writes: vec![Write::AddMembers {
            department,
            members,
        }],
    }
}

/// A change that removes these members.
pub(super) fn removing(department: DepartmentRef, members: Vec<Member>, reason: &str) -> Change {
    Change {
        phase: Phase::Membership,
        subject: Subject::Department(department.name.clone()),
        effect: Effect::Remove,
        reason: reason.to_owned(),
        fields: members
            .iter()
            .map(|member| shown::lost("member", &member.user.username))
            .collect(),
        writes: vec![Write::RemoveMembers {
            department,
            members,
        }],
    }
}

/// Departments of users, by user.
pub(super) fn by_user<'a>(
    actual: &'a Actual,
    users: &HashSet<&TargetId>,
) -> HashMap<&'a TargetId, Vec<&'a Membership>> {
    let mut found: HashMap<&TargetId, Vec<_>> = HashMap::new();
    for one in actual.memberships() {
        if users.contains(&one.user) {
            found.entry(&one.user).or_default().push(one);
        }
    }
    found
}
