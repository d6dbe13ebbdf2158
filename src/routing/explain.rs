//! The same story in words: every agent, in order or refused. O(n log n), never on the hot path.

use super::{
    condition::{Claim, Condition, Room},
    order::{key, words},
    refusal::{Refusal, Tally},
    roll::{Roll, Seat},
};
use crate::domain::{Ask, Capacity, Policy, Purpose};

/// What would happen to an ask, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The order of choice.
    pub policy: Policy,
    /// The asked-for department.
    pub department: Option<String>,
    /// What for.
    pub purpose: Purpose,
    /// Who may be picked, the next one first.
    pub candidates: Vec<Candidate>,
    /// Who may not, by username.
    pub refused: Vec<Refused>,
    /// The refused ones by reason.
    pub tally: Tally,
    /// What one should know to understand the rest.
    pub notes: Vec<String>,
}

/// Somebody who may be picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Row in the snapshot.
    pub place: usize,
    /// Name in the target.
    pub username: String,
    /// The sort key: what is compared, and its value, in order.
    pub key: Vec<(&'static str, String)>,
    /// Chats and holds.
    pub taken: u32,
    /// Chats allowed at once.
    pub capacity: Capacity,
    /// What else decided the order, for example a hold that must give way.
    pub remark: Option<&'static str>,
}

/// Somebody who may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Row in the snapshot.
    pub place: usize,
    /// Name in the target.
    pub username: String,
    /// The reason.
    pub refusal: Refusal,
    /// The reason with the agent's own numbers.
    pub sentence: String,
}

/// Explains an ask under a policy, as if it came now. A new chat is explained as an anonymous
/// question, which takes free slots only; a transfer displaces holds. `share_spent` says that
/// anonymous answers hold all they may.
pub fn explain(roll: &Roll, ask: &Ask<'_>, policy: Policy, share_spent: bool) -> Explanation {
    let claim = match ask.purpose {
        Purpose::NewChat => Claim::Anonymous,
        Purpose::Transfer => Claim::Transfer,
    };
    let place = ask.department.map(|id| roll.snapshot().department(id));
    let ignored = ask.ignored_agent.and_then(|id| roll.find(id));
    let mut ordered = Vec::new();
    let mut refused = Vec::new();
    let mut tally = Tally::default();
    for (row, seat) in roll.seats.iter().enumerate() {
        let link = place
            .flatten()
            .and_then(|place| roll.link(row, place))
            .map(|at| &roll.links[at]);
        let refusal = match place {
            _ if policy == Policy::Manual => Some(Refusal::ManualPolicy),
            Some(None) => Some(Refusal::UnknownDepartment),
            Some(Some(_)) if link.is_none() => Some(Refusal::NotInDepartment),
            _ if ignored == Some(row) => Some(Refusal::Ignored),
            Some(Some(_)) | None => seat
                .condition
                .refusal(claim)
                .or((share_spent && claim == Claim::Anonymous).then_some(Refusal::ShareSpent)),
        };
        let marks = roll.marks(row, link);
        if let Some(refusal) = refusal {
            tally.add(refusal, 1);
            refused.push(Refused {
                place: row,
                username: roll.snapshot.rows()[row].username().to_owned(),
                refusal,
                sentence: sentence(refusal, seat),
            });
        } else {
            ordered.push((key(policy, seat.condition.class(), marks), row, marks));
        }
    }
    ordered.sort_unstable_by_key(|(key, ..)| *key);
    let candidates = ordered
        .into_iter()
        .map(|(_, row, marks)| {
            let username = roll.snapshot.rows()[row].username();
            let seat = &roll.seats[row];
            Candidate {
                place: row,
                username: username.to_owned(),
                key: words(policy, place.flatten().is_some(), &marks, username),
                taken: seat.taken(),
                capacity: seat.capacity,
                remark: remark(seat.condition),
            }
        })
        .collect();
    Explanation {
        policy,
        department: ask.department.map(str::to_owned),
        purpose: ask.purpose,
        candidates,
        refused,
        tally,
        notes: notes(roll, policy, place.is_some()),
    }
}

fn remark(condition: Condition) -> Option<&'static str> {
    use super::condition::Takes;
    match condition {
        Condition::Open(Takes::NewChats, Room::Held) => Some("an anonymous hold gives way"),
        Condition::Open(Takes::Transfers, Room::Free) => Some("after those who take new chats"),
        Condition::Open(Takes::Transfers, Room::Held) => {
            Some("after those who take new chats; an anonymous hold gives way")
        }
        Condition::Open(_, Room::Free | Room::Full | Room::Closed) | Condition::Shut(_) => None,
    }
}

fn sentence(refusal: Refusal, seat: &Seat) -> String {
    match (refusal, seat.capacity) {
        (Refusal::AtCapacity, Capacity::Limited(limit)) => format!(
            "{} of {limit} chats: {} open, {} booked, {} held for anonymous answers",
            seat.taken(),
            seat.load,
            seat.desk.firm,
            seat.desk.tentative
        ),
        (refusal, _) => refusal.sentence().to_owned(),
    }
}

fn notes(roll: &Roll, policy: Policy, department: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |text: &str| notes.push(text.to_owned());
    if policy != roll.policy {
        note("this is not the configured policy: a question now would be answered by the other");
    }
    match policy {
        Policy::AutoSelection => {
            note(
                "picks are counted here, from 0: no API shows the target's own counters, so they \
                 start level",
            );
            note("picks never decay: whoever is new comes first until level with the others");
            if department {
                note("the source has no `order` of members, so it is 0 for everybody");
            }
        }
        Policy::LoadBalancing => {
            note("open chats are the source's count plus the holds and bookings of this book");
            if department {
                note(
                    "the source does not say for which department a chat is, so all of an \
                     agent's chats count",
                );
            }
            note("times of picks start empty: no API shows the target's own");
        }
        Policy::LoadRotation => note("times of picks start empty: no API shows the target's own"),
        Policy::Manual => note("the policy is manual: nobody is ever picked"),
    }
    if !roll.young {
        note("the source was not read for longer than `max_age`: agents it owns are refused");
    }
    if roll.is_empty() {
        note("no agent is known yet");
    }
    notes
}
