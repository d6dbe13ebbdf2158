//! Comparing the three sides agent by agent: what the source shows, what the bridge wants, what
//! the target has.
//!
//! Pure: everything comes as an argument. Nothing here knows a plan, so that a fault of planning
//! cannot hide itself.

pub(in crate::migrate) mod departments;
mod left;
mod person;
mod routable;
pub(in crate::migrate) mod wanted;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod field_cases;
#[cfg(test)]
pub(in crate::migrate) mod world;

use std::collections::HashMap;

use self::{
    person::Sides,
    wanted::{LeftOut, Wanted},
};
use super::wire::{End, Parity, Part, PersonLine, Remark, WaveLine};
use crate::{
    domain::{
        Actual, DepartmentId, Owner, TargetId, Timestamp, Waves,
        moving::{Links, MoveRules},
    },
    ports::moving::Believed,
};

pub use person::{FIELDS, acknowledgement};

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The source's side and the bridge's.
    pub believed: &'a Believed,
    /// The target's side.
    pub actual: &'a Actual,
    /// Which users are whose.
    pub links: &'a Links,
    /// What decides.
    pub rules: &'a MoveRules,
    /// Names under which differences are acknowledged: those of warnings, and
    /// [`acknowledgement`]s of fields.
    pub acknowledged: &'a [String],
    /// Whom to compare. With [`Part::cut_over`] everybody must have been cut over.
    pub part: &'a Part,
    /// Address of the target, for the page's head.
    pub address: &'a str,
    /// When the target was read.
    pub at: Timestamp,
}

/// Compares. Whoever is left out on purpose is listed with the reason, and is no difference.
pub fn verify(inputs: &Inputs<'_>) -> Parity {
    let Inputs {
        believed,
        actual,
        links,
        rules,
        part,
        ..
    } = *inputs;
    let wanted = wanted::everybody(believed, actual, links, rules, part.wave.as_deref());
    let sides = Sides {
        actual,
        departments: departments::known(&wanted, &believed.desired, actual, links),
        rules,
        acknowledged: inputs.acknowledged.iter().map(String::as_str).collect(),
        cut_over: part.cut_over,
        memberships: Memberships::new(actual),
    };
    let moved: Vec<_> = wanted.iter().filter(|one| one.left_out.is_none()).collect();
    let mut people: Vec<_> = moved
        .iter()
        .map(|one| person::compare(one, &sides))
        .collect();
    let waves = waves(&moved, &people, rules, part.wave.as_deref());
    let mut left_out: Vec<_> = wanted.iter().filter_map(|one| remark(one)).collect();
    left::judge(inputs, &sides, &mut people, &mut left_out);
    people.sort_by(|a, b| a.source_id.cmp(&b.source_id));
    left_out.sort_by(|a, b| a.subject.cmp(&b.subject));
    let count = |result: &str| people.iter().filter(|one| one.result == result).count();
    Parity {
        at: inputs.at.to_string(),
        part: part.clone(),
        target: format!(
            "Rocket.Chat {} at {}",
            actual.capabilities.version, inputs.address
        ),
        account: believed.account.to_string(),
        source_age_seconds: believed.age_seconds,
        agents: people.len(),
        equal: count("equal"),
        acknowledged: count("acknowledged"),
        different: count("different"),
        left_out,
        waves,
        departments: departments::differing(&wanted, &believed.desired, actual, links),
        people,
    }
}

/// How a comparison ends: [`End::Done`] only at full parity or with acknowledged differences. A
/// source that was never read proves nothing.
pub fn parity_end(parity: &Parity) -> End {
    if parity.source_age_seconds.is_none() {
        End::Source
    } else if parity.different == 0 && parity.departments.is_empty() {
        End::Done
    } else {
        End::Differences
    }
}

/// Departments of each user: asked once per agent, so looked up instead of searched.
struct Memberships<'a>(HashMap<&'a TargetId, Vec<&'a DepartmentId>>);

impl<'a> Memberships<'a> {
    fn new(actual: &'a Actual) -> Self {
        let mut by_user: HashMap<_, Vec<_>> = HashMap::new();
        for one in actual.memberships() {
            by_user.entry(&one.user).or_default().push(&one.department);
        }
        Self(by_user)
    }

    fn of(&self, user: &TargetId) -> &[&'a DepartmentId] {
        self.0.get(user).map_or(&[], Vec::as_slice)
    }
}

/// One line a wave, in the order of the rules; an empty rest is not worth a line.
fn waves(
    moved: &[&Wanted<'_>],
    people: &[PersonLine],
    rules: &MoveRules,
    only: Option<&str>,
) -> Vec<WaveLine> {
    let names = Waves::new(rules).names().collect::<Vec<_>>();
    let lines = names.iter().map(|name| {
        let mut line = WaveLine {
            wave: (*name).to_owned(),
            ..WaveLine::default()
        };
        for (one, person) in moved
            .iter()
            .zip(people)
            .filter(|(one, _)| one.wave == *name)
        {
            line.agents += 1;
            line.provisioned += usize::from(one.link.is_some() && one.user.is_some());
            line.cut_over += usize::from(one.agent.owner() == Owner::Target);
            line.equal += usize::from(person.result == "equal");
        }
        line
    });
    lines
        .filter(|line| only.is_none_or(|only| only == line.wave))
        .filter(|line| line.agents > 0 || line.wave != crate::domain::moving::REST)
        .collect()
}

fn remark(one: &Wanted<'_>) -> Option<Remark> {
    let why = one.left_out.map(LeftOut::why)?;
    Some(Remark {
        subject: format!("{} ({})", one.username(), one.agent.identity.source_id),
        why: why.to_owned(),
    })
}
