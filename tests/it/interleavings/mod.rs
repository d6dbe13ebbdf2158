//! Any interleaving of full, filtered, partial, failed and doubtful polls, dry runs, lost commits,
//! restarts and jumping clocks, against a model that knows the truth.
//!
//! What is proved, after every step:
//!
//! 1. Nobody who exists is ever removed: who was on the list all along is neither missing nor gone,
//!    and nobody at all is erased, as long as false answers are such as the rules doubt.
//! 2. Nobody is served for longer than the stated age after the last answer that showed them
//!    available: `routing.max_age`, plus `sync.full_every` where `follow_next` is on (a partial
//!    answer cannot say who left). Only a restart may add to that, by as much as the wall clock was
//!    put back before it: between two processes there is no other clock.
//! 3. Nothing at the cursor's boundary is skipped: after every successful cycle with an honest
//!    answer, partial or not, the roster shows everybody in it as they are now.
//! 4. The whole account is asked for at least every `sync.full_every`.

mod any;
mod cases;
mod model;
mod rig;
mod watch;

use lp2rc::{domain::Trigger, ports::CycleRequest};
use model::{Change, Filter, Reply};
use proptest::test_runner::{Config, TestRunner};
use rig::Disk;
use watch::Watch;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    Changes(u32, Change),
    /// So many seconds pass; then a cycle.
    Polls(u64, Reply, Wish, Disk),
    /// A cycle that is given up: while waiting for the source, or while keeping.
    GivenUp(Wish, bool),
    Restarts(bool, Option<Filter>),
    /// The wall clock alone, by so many seconds.
    Jumps(i64),
    Passes(u64),
}

/// Who asks for a cycle, and how.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Tick,
    Overdue,
    Request,
    DryRun,
    AcceptFall,
}

impl Wish {
    fn request(self) -> CycleRequest {
        let trigger = match self {
            Self::Tick => Trigger::Schedule,
            Self::Overdue => Trigger::Overdue,
            Self::Request | Self::DryRun | Self::AcceptFall => Trigger::Request,
        };
        CycleRequest {
            dry_run: matches!(self, Self::DryRun),
            accept_fall: matches!(self, Self::AcceptFall),
            ..CycleRequest::from_trigger(trigger)
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

async fn walk(mut watch: Watch, steps: &[Step]) -> Watch {
    for step in steps {
        watch = watch.takes(*step).await;
    }
    watch
}

#[test]
fn whatever_comes_nobody_is_lost_nobody_is_kept_too_long_and_nothing_is_skipped() {
    let script = (
        8..20u32,
        any::some_setting(),
        proptest::collection::vec(any::some_step(), 1..60),
    );
    let runtime = runtime();
    // Nothing is written beside the sources: a found case becomes one of `cases`.
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let run = |(people, (follow, filter), steps): (u32, (bool, Option<Filter>), Vec<Step>)| {
        runtime.block_on(walk(Watch::new(people, follow, filter), &steps));
        Ok(())
    };
    if let Err(failure) = TestRunner::new(config).run(&script, run) {
        panic!("{failure}");
    }
}
