//! LivePerson takes connections and says nothing, or nonsense, for longer than anybody may be
//! served: what the bridge says meanwhile, to the millisecond, and how it comes back.

use std::time::Duration;

use lp2rc::{
    ledger::Freshness,
    sim::liveperson::{Fault, Faults, SimConfig, What},
};

use crate::day::{clockwork::runtime, pair::Pair};

const STEP: Duration = Duration::from_millis(1);

/// The same trouble at every resource.
fn everywhere(what: &What) -> Faults {
    let fault = || Some(Fault::lasting(what.clone()));
    Faults {
        discovery: fault(),
        login: fault(),
        refresh: fault(),
        session: fault(),
        agents: fault(),
        accounts: fault(),
    }
}

/// What comes instead of an answer in the n-th minute.
type Instead = fn(u64) -> What;

fn silence(_: u64) -> What {
    What::Silence
}

fn garbage(minute: u64) -> What {
    let mut dice = fastrand::Rng::with_seed(minute);
    let noise = |dice: &mut fastrand::Rng| -> String {
        std::iter::repeat_with(|| dice.char('\u{1}'..'\u{7ff}'))
            .take(3_000)
            .collect()
    };
    match minute % 4 {
        0 => What::Html200,
        1 => What::Truncate(37),
        2 => What::Truncate(900),
        _ => What::Answer {
            status: 200,
            content_type: "application/json".to_owned(),
            body: noise(&mut dice),
        },
    }
}

async fn moved_to(pair: &Pair, until: Duration, instead: Instead) {
    // Something else every minute.
    loop {
        let minute = pair.elapsed().as_secs() / 60;
        let next = Duration::from_secs((minute + 1) * 60);
        pair.run_to(next.min(until)).await;
        if next >= until {
            return;
        }
        let faults = everywhere(&instead(minute + 1));
        // Setting a silence anew would end it for those who are kept in it.
        if faults != pair.sim.faults().get() {
            pair.sim.faults().set(faults);
        }
    }
}

/// What all three faces of the bridge say at this moment.
async fn says(pair: &Pair, freshness: &str, readyz: u16, agent_next: u16) {
    let at = pair.elapsed();
    let ready = pair.page("/readyz").await;
    let told = ready.json();
    assert_eq!(ready.status, readyz, "{at:?}: {told:#}");
    let status = if readyz == 200 { "degraded" } else { "unready" };
    assert_eq!(told["status"], status, "{at:?}: {told:#}");
    assert_eq!(told["snapshot"]["freshness"], freshness, "{at:?}: {told:#}");
    let source = &told["components"]["source"];
    assert_ne!(source["state"], "connected", "{at:?}: {told:#}");
    for why in ["reason", "remedy"] {
        let text = source[why].as_str().unwrap();
        assert!(text.len() > 20, "{at:?}: {why} is `{text}`");
    }
    let next = pair.agent_next().await;
    assert_eq!(next.status, agent_next, "{at:?}: {}", next.body);
    if agent_next != 200 {
        assert!(next.body.contains("agent-not-found"), "{}", next.body);
    }
    let age = pair.metric("lp2rc_snapshot_age_seconds", "").await;
    assert_eq!(Some(age), told["snapshot"]["age_seconds"].as_f64());
    let connected = pair
        .metric("lp2rc_health", "source\",health=\"connected")
        .await;
    assert!(connected < 1.0, "{at:?}: the metric says connected");
    assert!(pair.metric("lp2rc_poll_failures_total", "").await >= 1.0);
}

fn grows_old_to_the_millisecond_and_recovers(instead: Instead) {
    for format in ["json", "xml"] {
        runtime().block_on(async {
            let world = SimConfig {
                agents: 30,
                step_every: Duration::ZERO,
                ..SimConfig::default()
            };
            let settings = [
                ("liveperson.format", format),
                ("schedule.every", "30s"),
                ("schedule.jitter", "0s"),
            ];
            let pair = Pair::start(world, &settings).await;
            pair.run_to(Duration::from_secs(45)).await;
            let Freshness::Fresh { age } = pair.ledger.freshness() else {
                panic!(
                    "not fresh before the trouble: {:?}",
                    pair.ledger.freshness()
                );
            };
            assert_eq!(pair.agent_next().await.status, 200);
            let (seen, rules) = (pair.elapsed().saturating_sub(age), pair.config.routing);
            pair.sim.faults().set(everywhere(&instead(0)));

            moved_to(&pair, seen + rules.stale_after, instead).await;
            says(&pair, "fresh", 200, 200).await;
            moved_to(&pair, seen + rules.stale_after + STEP, instead).await;
            says(&pair, "stale", 200, 200).await;
            moved_to(&pair, seen + rules.max_age, instead).await;
            says(&pair, "stale", 200, 200).await;
            assert!(refused_as_too_old(&pair).await < 1.0);
            moved_to(&pair, seen + rules.max_age + STEP, instead).await;
            says(&pair, "too_old", 503, 400).await;
            assert!(refused_as_too_old(&pair).await >= 1.0);
            moved_to(&pair, Duration::from_secs(45 + 660), instead).await;
            says(&pair, "too_old", 503, 400).await;

            pair.sim.faults().clear();
            let back = pair.elapsed();
            let source = &pair.config.liveperson;
            let most = source.retry.slow_max * 2 + Duration::from_secs(30) + source.total_timeout;
            while !matches!(pair.ledger.freshness(), Freshness::Fresh { .. }) {
                let waited = pair.elapsed().saturating_sub(back);
                assert!(
                    waited <= most,
                    "not back {waited:?} after LivePerson ({format})"
                );
                pair.run_to(pair.elapsed() + Duration::from_secs(5)).await;
            }
            let ready = pair.page("/readyz").await;
            assert_eq!(ready.json()["status"], "ready", "{}", ready.body);
            assert_eq!(pair.agent_next().await.status, 200);
            let (_, sim) = pair.stop().await;
            let counts = sim.counts();
            assert_eq!((counts.logins, counts.sessions), (0, 0), "{counts:?}");
        });
    }
}

async fn refused_as_too_old(pair: &Pair) -> f64 {
    pair.metric("lp2rc_agent_next_refused_total", "source_too_old")
        .await
}

#[test]
fn ten_minutes_of_silence() {
    grows_old_to_the_millisecond_and_recovers(silence);
}

#[test]
fn ten_minutes_of_garbage() {
    grows_old_to_the_millisecond_and_recovers(garbage);
}
