//! What goes wrong in a day, by dice: every fault at every place, and every reading of the contract.

use std::time::Duration;

use fastrand::Rng;
use lp2rc::sim::liveperson::{
    Empty, Fault, IdentityChange, Next, Place, SessionAnswer, SessionOver, SimAgent, Simulator,
    StaleCursor, Unchanged, What,
};

/// Ids of agents who are hired during the day start here.
const HIRED: u64 = 90_000_000;

const PLACES: [Place; 6] = [
    Place::Discovery,
    Place::Login,
    Place::Refresh,
    Place::Session,
    Place::Agents,
    Place::Accounts,
];

fn pick<T: Clone>(dice: &mut Rng, from: &[T]) -> T {
    from[dice.usize(..from.len())].clone()
}

fn some_fault(dice: &mut Rng, place: Place) -> What {
    let statuses: &[u16] = match place {
        // A login's 401 and 451 are final by design: no bridge recovers from those by itself.
        Place::Login => &[400, 403, 404, 429, 500, 503],
        Place::Discovery | Place::Refresh | Place::Session | Place::Agents | Place::Accounts => {
            &[400, 401, 403, 404, 429, 500, 503]
        }
    };
    match dice.u8(..14) {
        0..4 => What::Status(pick(dice, statuses)),
        4 => What::StatusRetryAfter(429, dice.u8(1..120).to_string()),
        5 => What::Html200,
        6 => What::Html503,
        7 => What::Truncate(dice.usize(1..4_000)),
        8 => What::Reset(dice.usize(1..4_000)),
        9 => What::EmptyList,
        10 => What::HalfList,
        11 => What::Silence,
        12 => What::SlowDrip {
            bytes: dice.usize(500..20_000),
            every: Duration::from_millis(dice.u64(10..2_000)),
        },
        // The delay below alone.
        _ => What::Nothing,
    }
}

/// How this LivePerson reads its contract from now on.
pub(super) fn behaves(dice: &mut Rng, sim: &Simulator) {
    sim.behave(|behaviour| {
        behaviour.next = pick(dice, &[Next::Full, Next::Delta, Next::Delta, Next::Missing]);
        behaviour.unchanged = pick(
            dice,
            &[
                Unchanged::List,
                Unchanged::NoContent,
                Unchanged::NotModified,
                Unchanged::EmptyBody,
            ],
        );
        behaviour.stale_cursor = pick(
            dice,
            &[
                StaleCursor::Full,
                StaleCursor::BadRequest,
                StaleCursor::NotFound,
                StaleCursor::Gone,
            ],
        );
        behaviour.cursor_ttl = Duration::from_secs(dice.u64(20..900));
        behaviour.session_over = pick(dice, &[SessionOver::Unauthorized, SessionOver::NotFound]);
        behaviour.session_answer = pick(
            dice,
            &[
                SessionAnswer::BodyAndLocation,
                SessionAnswer::BodyOnly,
                SessionAnswer::Old200,
            ],
        );
        behaviour.style.empty = pick(
            dice,
            &[Empty::Absent, Empty::Object, Empty::Text, Empty::Null],
        );
        behaviour.session_id_in_body = dice.bool();
        behaviour.own_user_listed = dice.bool();
    });
}

/// What happens before the next poll: mostly nothing, so that there is something to be spoilt.
pub(super) fn strikes(dice: &mut Rng, sim: &Simulator) {
    match dice.u8(..100) {
        0..8 => {
            let place = if dice.bool() {
                Place::Agents
            } else {
                pick(dice, &PLACES)
            };
            let what = some_fault(dice, place);
            let fault = if dice.u8(..4) == 0 {
                Fault::lasting(what)
            } else {
                Fault::times(dice.u32(1..6), what)
            };
            // Some answers come later than anybody waits.
            let delay = pick(dice, &[0, 0, 0, 200, 3_000, 20_000]);
            sim.faults()
                .put(place, fault.after(Duration::from_millis(delay)));
        }
        8..24 => sim.faults().clear(),
        24 => sim.intrude(),
        25 => logs_everybody_out(sim),
        26 => behaves(dice, sim),
        27 => sim.behave(|behaviour| {
            behaviour.session_idle = Duration::from_secs(pick(dice, &[45, 400, 400, 400]));
            behaviour.login_ttl = Duration::from_secs(pick(dice, &[200, 1_800, 28_800]));
        }),
        28 => sim.jump(dice.i64(-600_000..600_000)),
        _ => {}
    }
}

/// Bearers and sessions end, those of intruders too.
pub(super) fn logs_everybody_out(sim: &Simulator) {
    sim.identify(IdentityChange {
        revoke: true,
        ..IdentityChange::default()
    });
}

/// Nothing goes wrong any more.
pub(super) fn ends(sim: &Simulator) {
    sim.faults().clear();
    sim.behave(|behaviour| {
        behaviour.session_idle = Duration::from_secs(400);
        behaviour.login_ttl = Duration::from_secs(28_800);
    });
    logs_everybody_out(sim);
}

/// People come, go for good, and change.
pub(super) fn people_change(dice: &mut Rng, sim: &Simulator, hired: &mut u64) {
    let world = sim.world();
    for _ in 0..dice.u8(..4) {
        world.step();
    }
    let agents = world.agents();
    let whom = agents[dice.usize(..agents.len())].id;
    match dice.u8(..40) {
        0 => {
            *hired += 1;
            world.add(SimAgent::new(HIRED + *hired, &format!("hired{hired}")));
        }
        1 => {
            world.remove(whom);
        }
        2 => {
            world.set_skills(whom, &[lp2rc::sim::liveperson::SKILLS[dice.usize(..12)].0]);
        }
        3 => {
            let name = format!("renamed{}", dice.u32(..));
            world.rename(whom, &name, &name);
        }
        _ => {}
    }
}
