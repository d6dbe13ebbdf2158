//! The shortest scripts by which the laws were broken once, or would be.

use std::time::Duration;

use lp2rc::domain::{Coverage, MergeRules, Presence};

use super::{
    Step, Wish,
    model::{Change, Filter, Reply},
    rig::{Disk, Rig, routing},
    runtime, walk,
    watch::Watch,
};

/// Twelve agents who are all read once, and what happens to them then.
fn passes(follow: bool, filter: Option<Filter>, steps: &[Step]) {
    let start = [polls(1, Reply::Honest)];
    let steps = [&start, steps].concat();
    runtime().block_on(walk(Watch::new(12, follow, filter), &steps));
}

fn polls(after: u64, reply: Reply) -> Step {
    Step::Polls(after, reply, Wish::Tick, Disk::Works)
}

/// The first agent goes offline.
const OFFLINE: Step = Step::Changes(0, Change::Becomes(Presence::Offline));

#[test]
fn a_change_that_a_dry_run_has_seen_is_in_the_next_answer_too() {
    let dry = Step::Polls(1, Reply::Honest, Wish::DryRun, Disk::Works);
    passes(true, None, &[OFFLINE, dry, polls(1, Reply::Honest)]);
}

#[test]
fn a_change_whose_commit_failed_is_in_the_next_answer_too() {
    for disk in [
        Disk::Refuses,
        Disk::KeepsAndRefuses,
        Disk::Dead,
        Disk::Another,
    ] {
        let lost = Step::Polls(1, Reply::Honest, Wish::Tick, disk);
        passes(true, None, &[OFFLINE, lost, polls(1, Reply::Honest)]);
    }
}

#[test]
fn a_change_in_a_cycle_that_was_given_up_is_in_the_next_answer_too() {
    for keeping in [false, true] {
        let lost = Step::GivenUp(Wish::Tick, keeping);
        passes(true, None, &[OFFLINE, lost, polls(1, Reply::Honest)]);
    }
}

#[test]
fn a_change_behind_a_doubted_answer_is_in_the_next_answer_too() {
    let doubted = Step::Polls(1, Reply::Nobody, Wish::Request, Disk::Works);
    passes(true, None, &[OFFLINE, doubted, polls(1, Reply::Honest)]);
}

#[test]
fn a_wall_clock_that_is_put_back_does_not_put_off_the_whole_answer() {
    let full_every = MergeRules::default().full_every.as_secs();
    let steps = [
        polls(full_every - 1, Reply::Honest),
        Step::Jumps(-300),
        polls(1, Reply::Honest),
    ];
    passes(true, None, &steps);
}

#[test]
fn an_empty_answer_after_an_outage_does_not_serve_what_was_too_old() {
    let max_age = routing().max_age.as_secs();
    let outage = [OFFLINE, Step::Passes(max_age)];
    for jump in [0, -7_200] {
        let end = [Step::Jumps(jump), polls(1, Reply::Nobody)];
        passes(false, None, &[&outage[..], &end].concat());
        let restart = Step::Restarts(false, None);
        passes(false, None, &[&outage[..], &end, &[restart]].concat());
    }
}

/// Following is not only allowed between whole answers, it happens.
#[test]
fn a_follower_follows_with_filters_and_without() {
    for filter in [None, Some(Filter::Online), Some(Filter::Skill)] {
        let rig = Rig::new(12, true, filter);
        let coverage = runtime().block_on(async {
            let mut seen = Vec::new();
            for _ in 0..3 {
                let done = rig.cycle(Wish::Tick.request(), Disk::Works).await;
                seen.push(done.unwrap().coverage);
                rig.clock.advance(Duration::from_secs(30));
            }
            seen
        });
        let whole = match filter {
            None => Coverage::Full,
            Some(_) => Coverage::Filtered,
        };
        assert_eq!(coverage, [whole, Coverage::Partial, Coverage::Partial]);
    }
}
