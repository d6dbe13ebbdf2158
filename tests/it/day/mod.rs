//! Long stretches of time over real sockets, in one process (DESIGN decision "time is a port").
//!
//! A day: thousands of polls of a LivePerson where things go wrong by dice. After every poll nobody
//! who was there all along is removed, and nobody is served who has not been available for longer
//! than the stated age: `max_age`, and `full_every` where `next` is followed. In the end, when
//! nothing goes wrong any more, the roster is the world, no session is left behind and memory has
//! not grown.
//!
//! `LP2RC_DAY_SEED`, `LP2RC_DAY_HOURS` and `LP2RC_DAY_AGENTS` choose another day.
#![expect(clippy::print_stdout, reason = "the figures of a day are its result")]
#![expect(
    clippy::disallowed_methods,
    reason = "another day is chosen from outside"
)]

pub(crate) mod clockwork;
mod mischief;
pub(crate) mod pair;
mod truth;

use std::{process::Command, time::Duration};

use clockwork::runtime;
use lp2rc::{
    app::Outcome,
    ledger::Freshness,
    ports::{Clock as _, SystemClock},
    sim::liveperson::SimConfig,
};
use pair::Pair;
use truth::Truth;

const INTERVAL: Duration = Duration::from_secs(30);

/// Set in the process that has the day to itself.
const ALONE: &str = "LP2RC_DAY_ALONE";

/// So many sessions an hour are normal in such a world, whatever goes wrong in it.
const SESSIONS_AN_HOUR: u64 = 60;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Resident memory of this process in KiB; 0 where there is no `/proc`.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

/// In a process of its own: the memory of other tests must not be measured.
#[test]
fn one_seed_of_two_hours() {
    if std::env::var_os(ALONE).is_some() {
        let seed = setting("LP2RC_DAY_SEED", 1);
        let hours = setting("LP2RC_DAY_HOURS", 2);
        let agents = setting("LP2RC_DAY_AGENTS", 200);
        runtime().block_on(day(seed, hours, usize::try_from(agents).unwrap()));
        return;
    }
    let alone = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "day::one_seed_of_two_hours", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let (said, why) = (
        String::from_utf8_lossy(&alone.stdout),
        String::from_utf8_lossy(&alone.stderr),
    );
    println!("{said}");
    assert!(alone.status.success(), "{why}");
}

async fn day(seed: u64, hours: u64, agents: usize) {
    let real = SystemClock::new();
    let mut dice = fastrand::Rng::with_seed(seed);
    // The bridge's own dice: the same seed is the same day.
    fastrand::seed(seed);
    let format = if dice.bool() { "json" } else { "xml" };
    let follow = if dice.bool() { "true" } else { "false" };
    let world = SimConfig {
        agents,
        seed,
        step_every: Duration::ZERO,
        ..SimConfig::default()
    };
    // A half list is a fall here, as at its default it is just none.
    let settings = [
        ("liveperson.format", format),
        ("liveperson.follow_next", follow),
        ("liveperson.total_timeout", "10s"),
        ("schedule.every", "30s"),
        ("schedule.jitter", "2s"),
        ("sync.fall_percent", "40"),
    ];
    let pair = Pair::start(world, &settings).await;
    let mut truth = Truth::new(&pair);
    let (mut hired, mut quarter) = (0, 0);
    mischief::behaves(&mut dice, &pair.sim);
    let ticks = hours * 3_600 / INTERVAL.as_secs();
    for tick in 0..ticks {
        truth.notes(&pair);
        mischief::people_change(&mut dice, &pair.sim, &mut hired);
        truth.notes(&pair);
        mischief::strikes(&mut dice, &pair.sim);
        pair.run_to(pair.elapsed() + INTERVAL).await;
        truth.holds(&pair);
        if tick % 20 == 0 {
            says_what_the_book_says(&pair).await;
        }
        if tick == ticks / 4 {
            quarter = resident();
        }
    }
    let end = resident();
    mischief::ends(&pair.sim);
    recovers(&pair, &mut truth).await;
    truth::is_equal(&pair);

    let (polls, failures) = (
        pair.metric("lp2rc_polls_total", "").await,
        by_fault(&pair).await,
    );
    let virtual_seconds = pair.elapsed().as_secs();
    let (outcome, sim) = pair.stop().await;
    assert!(matches!(outcome, Outcome::Stopped), "{outcome:?}");
    let counts = sim.counts();
    println!(
        "seed {seed}: {agents} agents, {format}, follow_next {follow}: {polls} polls; failures {failures}; \
         {} logins and {} sessions made; longest served in vain {:?}; \
         {virtual_seconds} virtual seconds in {:.1} real ones; RSS {quarter} KiB after a quarter, {end} KiB at the end",
        counts.logins_made,
        counts.sessions_made,
        truth.longest(),
        real.elapsed().as_secs_f64(),
    );
    assert!(
        counts.logins <= 1 && counts.sessions <= 1,
        "left behind: {counts:?}"
    );
    assert!(
        counts.sessions_made <= (hours + 1) * SESSIONS_AN_HOUR,
        "{counts:?}"
    );
    assert!(
        end * 5 <= quarter * 6,
        "memory grew from {quarter} to {end} KiB"
    );
}

/// The public socket answers as the book does.
async fn says_what_the_book_says(pair: &Pair) {
    let next = pair.ledger.preview(None);
    let said = pair.agent_next().await;
    match next.username() {
        Some(username) => {
            assert_eq!(said.status, 200, "{}", said.body);
            assert!(
                said.body.contains(&format!("\"{username}\"")),
                "{}",
                said.body
            );
        }
        None => assert!(said.body.contains("agent-not-found"), "{}", said.body),
    }
}

/// After the last fault: the longest wait of any schedule, then polls enough for two whole answers.
async fn recovers(pair: &Pair, truth: &mut Truth) {
    let retry = &pair.config.liveperson.retry;
    let longest = (retry.slow_max.max(retry.replaced_wait).max(retry.refused)) * 2;
    let polls = pair.config.merge.full_every * 2 + INTERVAL * 4;
    for wait in [longest + INTERVAL * 2, polls] {
        let until = pair.elapsed() + wait;
        while pair.elapsed() < until {
            truth.notes(pair);
            pair.run_to(pair.elapsed() + INTERVAL).await;
            truth.holds(pair);
        }
        let freshness = pair.ledger.freshness();
        assert!(
            matches!(freshness, Freshness::Fresh { .. }),
            "{freshness:?}"
        );
    }
}

/// How often polls failed, by fault.
async fn by_fault(pair: &Pair) -> String {
    let metrics = pair.page("/metrics").await.body;
    let lines = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix("lp2rc_poll_failures_total{fault=\"")?;
        let (fault, count) = rest.split_once("\"} ")?;
        Some(format!("{fault} {count}"))
    });
    let mut all: Vec<_> = lines.collect();
    all.sort();
    all.join(", ")
}
