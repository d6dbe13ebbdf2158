//! One request in a hundred goes wrong, each in its own way: the same end.
#![expect(
    clippy::print_stdout,
    reason = "the figures of the faults are its result"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a larger move is chosen from outside"
)]

use lp2rc::sim::rocketchat::{Fault, On, RateLimit, SimConfig, What};
use std::time::Duration;

use super::{Ends, Setup, WAVES};

fn agents() -> usize {
    std::env::var("LP2RC_MOVE_AGENTS").map_or(40, |text| text.parse().expect("a number"))
}

#[test]
fn random_faults_end_in_the_same_state() {
    let setup = || Setup {
        agents: agents(),
        more: WAVES.to_owned(),
        migrate: "stop_after_failures = 1000\n".to_owned(),
        ..Setup::default()
    };
    let healthy = Ends::read(setup());
    healthy.expect(0, &["apply", "--cut-over"]);
    let expected = healthy.digest();
    healthy.off();

    let ends = Ends::read(setup());
    // Together at least one in a hundred; the writes' own troubles among them.
    let faults = [
        (What::Status(500), On::Any),
        (What::Status(429), On::Any),
        (What::Status(502), On::Any),
        (What::StatusAfter(500), On::Writes),
        (What::Reset, On::Any),
        (What::ResetAfter, On::Writes),
        (What::SilenceAfter, On::Writes),
        (What::Html, On::Any),
        (What::Truncate, On::Any),
    ];
    // Each strikes by itself; reads meet only some of them.
    let chance = 0.002;
    let faults = faults
        .into_iter()
        .map(|(what, on)| Fault::at("any", what).on(on).by_chance(chance))
        .collect();
    ends.target.faults().set(faults);
    let mut tries = 1;
    // A survey may fail as a whole (20, 21), a change may use up its tries (13): again, then.
    while ends.migrate(&["apply", "--cut-over"]).code != 0 {
        tries += 1;
        assert!(tries < 20, "it does not come to an end");
    }
    let struck = ends.target.faults().struck();
    assert!(struck > 0, "no fault ever struck");
    ends.target.faults().clear();
    ends.expect(0, &["verify"]);
    assert_eq!(ends.digest(), expected);
    println!(
        "{struck} faults in {} requests of a move of {} agents: the same end after {tries} tries",
        ends.target.log().len(),
        agents()
    );
    ends.off();
}

#[test]
fn the_rate_limiter_is_never_provoked() {
    // Full figures: 60 agents at 10 calls per 2 s.
    let full = std::env::var("LP2RC_MOVE_AGENTS").is_ok();
    // Ends of windows nearer than a quarter of a second are one to the pace.
    let (agents, window) = if full { (60, 2_000) } else { (20, 400) };
    let ends = Ends::read(Setup {
        agents,
        target: SimConfig {
            rate_limit: Some(RateLimit {
                calls: 10,
                window: Duration::from_millis(window),
            }),
            bypass: false,
            ..SimConfig::default()
        },
        migrate: String::new(),
        ..Setup::default()
    });
    ends.expect(0, &["apply", "--acknowledge", "rate-limit"]);
    let log = ends.target.log();
    let refused = log.iter().filter(|one| one.status == 429).count();
    assert_eq!(refused, 0, "of {} requests", log.len());
    println!(
        "{agents} agents, 10 calls per {window} ms: {} requests, no 429",
        log.len()
    );
    ends.off();
}
