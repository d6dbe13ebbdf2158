//! What may happen, and how often.

use lp2rc::{domain::Presence, ports::SourceFault};
use proptest::{prelude::*, sample::select};

use super::{
    Step, Wish,
    model::{Change, Filter, Reply},
    rig::Disk,
};

const FAULTS: [SourceFault; 13] = [
    SourceFault::Unreachable,
    SourceFault::ServerError,
    SourceFault::UnexpectedAnswer,
    SourceFault::ForeignAnswer,
    SourceFault::CredentialsRejected,
    SourceFault::SessionLost,
    SourceFault::Forbidden,
    SourceFault::Throttled,
    SourceFault::Blacklisted,
    SourceFault::Refused,
    SourceFault::NotFound,
    SourceFault::Replaced,
    SourceFault::Retired,
];

fn some_change() -> impl Strategy<Value = Step> {
    let presence = select(&Presence::ALL[..4]);
    let change = prop_oneof![
        4 => presence.prop_map(Change::Becomes),
        1 => (0..4u32).prop_map(Change::Chats),
        3 => Just(Change::Leaves),
        2 => Just(Change::Returns),
        1 => Just(Change::Arrives),
    ];
    (0..40u32, change).prop_map(|(whom, change)| Step::Changes(whom, change))
}

fn some_reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        8 => Just(Reply::Honest),
        2 => Just(Reply::Upsert),
        3 => select(&FAULTS[..]).prop_map(Reply::Fails),
        1 => select(vec![Reply::Nobody, Reply::LessThanHalf, Reply::Strangers]),
    ]
}

fn some_wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        12 => Just(Wish::Tick),
        1 => Just(Wish::Overdue),
        1 => Just(Wish::Request),
        2 => Just(Wish::DryRun),
        1 => Just(Wish::AcceptFall),
    ]
}

fn some_disk() -> impl Strategy<Value = Disk> {
    let broken = [
        Disk::Refuses,
        Disk::KeepsAndRefuses,
        Disk::Dead,
        Disk::Another,
    ];
    prop_oneof![6 => Just(Disk::Works), 1 => select(broken.to_vec())]
}

pub(super) fn some_setting() -> impl Strategy<Value = (bool, Option<Filter>)> {
    let filter = select(vec![
        None,
        None,
        None,
        Some(Filter::Online),
        Some(Filter::Skill),
    ]);
    (proptest::bool::weighted(0.7), filter)
}

pub(super) fn some_step() -> impl Strategy<Value = Step> {
    let seconds = || select(vec![1, 5, 30, 30, 30, 90, 299, 300, 599, 600, 601]);
    let polls = (seconds(), some_reply(), some_wish(), some_disk());
    let jump = select(vec![-7_200, -600, -300, -60, 60, 300, 600, 7_200]);
    prop_oneof![
        10 => some_change(),
        14 => polls.prop_map(|(after, reply, wish, disk)| Step::Polls(after, reply, wish, disk)),
        1 => (some_wish(), any::<bool>()).prop_map(|(wish, keeping)| Step::GivenUp(wish, keeping)),
        1 => some_setting().prop_map(|(follow, filter)| Step::Restarts(follow, filter)),
        2 => jump.prop_map(Step::Jumps),
        2 => prop_oneof![seconds(), Just(3_600)].prop_map(Step::Passes),
    ]
}
