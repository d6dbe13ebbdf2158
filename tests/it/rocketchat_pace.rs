//! The rate limiter is never run into, and without one nothing is held back.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use lp2rc::{
    config::{RocketChatConfig, TargetCredentials},
    domain::{Timestamp, Write},
    ports::{Clock, ManualClock, Target},
    rocketchat::RocketChat,
    sim::rocketchat::{RateLimit, SimConfig, Simulator},
    telemetry::{Metrics, metrics::TargetCall},
};
use secrecy::SecretString;
use tokio::sync::Barrier;

use crate::{
    rocketchat_server::{Reply, START, Server, ok},
    rocketchat_writes::{ada, user},
};

fn active(id: &str) -> Write {
    Write::SetActive {
        user: user("somebody", id),
        active: true,
    }
}

#[tokio::test]
async fn thirty_two_callers_never_provoke_a_429() {
    // What the answers take is by the same clock: they come in the middle of windows, and late.
    for delay in [0, 130, 1_990] {
        let clock = ManualClock::at(Timestamp::from_millis(START));
        let limit = RateLimit {
            calls: 10,
            window: Duration::from_secs(2),
        };
        let config = SimConfig {
            rate_limit: Some(limit),
            bypass: false,
            delay: Duration::from_millis(delay),
            ..SimConfig::default()
        };
        let sim = Simulator::start(config, Arc::new(clock.clone())).await;
        let sim = sim.unwrap();
        let metrics = Metrics::new();
        let client = RocketChat::new(
            RocketChatConfig {
                credentials: TargetCredentials::Token {
                    user_id: sim.user_id().to_owned(),
                    token: SecretString::from(sim.token().to_owned()),
                },
                ..crate::rocketchat_server::config(&sim.base_url())
            },
            Arc::new(clock.clone()),
            metrics.clone(),
        );
        let client = client.unwrap();
        let writes: Vec<Write> = (0..32).map(|_| active(sim.user_id())).collect();
        let done = AtomicBool::new(false);
        let work = async {
            // Each caller goes on as soon as he may.
            let callers = writes.iter().map(|write| async {
                for _ in 0..4 {
                    client.write(write).await.unwrap();
                }
            });
            join_all(callers).await;
            done.store(true, Ordering::Relaxed);
        };
        tokio::join!(work, run(&clock, &done));
        let statuses: Vec<u16> = sim.log().iter().map(|call| call.status).collect();
        assert_eq!(statuses, [200; 128], "delay {delay}");
        let took = clock.elapsed();
        let least = Duration::from_secs(2 * 12);
        assert!(took >= least, "{took:?}: the limiter cannot have counted");
        // Twelve full windows, a little for each, and what answers take.
        let most = least + Duration::from_millis(13 * (50 + 2 * delay));
        assert!(took <= most, "{took:?} of {most:?}, delay {delay}");
        assert!(metrics.target_waited.get() > 100.0);
        sim.stop().await;
    }
}

/// Moves the clock to the next moment for which anybody sleeps, except those who only watch that
/// calls do not take too long.
async fn run(clock: &ManualClock, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        if let Some(wake) = clock.next_wake()
            && wake <= Duration::from_millis(2_100)
        {
            clock.advance(wake);
        }
    }
}

#[tokio::test]
async fn a_target_whose_clock_is_wrong_is_paced_by_its_own() {
    // Its clock is ten minutes behind ours, as its `Date` shows; the window ends in five seconds.
    let headers = |left: &str| {
        vec![
            ("date", "Tue, 14 Nov 2023 22:03:20 GMT".to_owned()),
            ("x-ratelimit-limit", "2".to_owned()),
            ("x-ratelimit-remaining", left.to_owned()),
            ("x-ratelimit-reset", (START - 600_000 + 5_000).to_string()),
        ]
    };
    let told = |left| Reply::Answer(200, headers(left), r#"{"success":true}"#.to_owned());
    let server = Server::start([told("1"), told("0"), ok()]).await;
    let (client, clock) = server.client();
    let write = active("u1");
    client.write(&write).await.unwrap();
    client.write(&write).await.unwrap();
    let mut third = std::pin::pin!(client.write(&write));
    let pending = tokio::select! {
        biased;
        _ = &mut third => false,
        () = tokio::task::yield_now() => true,
    };
    assert!(pending);
    assert_eq!(clock.next_wake(), Some(Duration::from_millis(5_020)));
    assert_eq!(server.asked().len(), 2);
    clock.advance(Duration::from_millis(5_020));
    third.await.unwrap();
}

#[tokio::test]
async fn without_a_limiter_as_many_calls_are_under_way_as_allowed() {
    for in_flight in [1, 32] {
        let barrier = Arc::new(Barrier::new(in_flight));
        let first = AtomicBool::new(true);
        let server = Server::of(move |_| {
            // The first answer tells that there is no limiter; nobody goes beside it.
            if first.swap(false, Ordering::Relaxed) {
                return ok();
            }
            Reply::Together(Arc::clone(&barrier))
        })
        .await;
        let config = RocketChatConfig {
            in_flight,
            ..server.config()
        };
        let clock = ManualClock::at(Timestamp::from_millis(START));
        let metrics = Metrics::new();
        let client = RocketChat::new(config, Arc::new(clock.clone()), metrics.clone()).unwrap();
        let write = Write::SetActive {
            user: ada(),
            active: true,
        };
        let count = 1 + 4 * in_flight;
        // They end only if so many are there together, four times over.
        let calls = (0..count).map(|_| client.write(&write));
        for done in join_all(calls).await {
            done.unwrap();
        }
        assert_eq!(server.busiest(), in_flight);
        let label = TargetCall {
            route: "users",
            outcome: "ok",
        };
        let counted = metrics.target_calls.get_or_create(&label).get();
        assert_eq!(counted, u64::try_from(count).unwrap());
        // Connections are kept, and not one more is made than calls were under way.
        let ports = server.asked().into_iter().map(|asked| asked.port);
        let mut connections: BTreeMap<u16, usize> = BTreeMap::new();
        ports.for_each(|port| *connections.entry(port).or_default() += 1);
        assert!(connections.len() <= in_flight, "{connections:?}");
    }
}
