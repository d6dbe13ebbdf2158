//! `lp2rc check` through the real program: every step, its words and the exit code that it decides.

use lp2rc::sim::liveperson::{Fault, Place, SimConfig, What};
use serde_json::Value;

use crate::program::{Finished, Home, World, get};

/// Without the account configuration, which a simulator need not offer.
const MORE: &str =
    "[schedule]\nevery = \"1h\"\n[log]\nlevel = \"off\"\n[liveperson.account_config]\nread = false";

fn steps(done: &Finished) -> Vec<Value> {
    let shown: Value =
        serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"));
    shown["steps"].as_array().unwrap().clone()
}

/// `name=result` of every step.
fn results(done: &Finished) -> Vec<String> {
    let word = |step: &Value, key: &str| step[key].as_str().unwrap().to_owned();
    steps(done)
        .iter()
        .map(|step| format!("{}={}", word(step, "step"), word(step, "result")))
        .collect()
}

fn step(done: &Finished, name: &str) -> Value {
    let found = steps(done).into_iter().find(|step| step["step"] == name);
    found.unwrap_or_else(|| panic!("no step {name}: {done:?}"))
}

fn check(home: &Home, more: &[&str]) -> Finished {
    let done = home.run(&[&["check", "--output", "json"], more].concat());
    for secret in ["bridge-password", "bridge-secret"] {
        assert!(!done.stdout.contains(secret) && !done.stderr.contains(secret));
    }
    done
}

fn logins(world: &World) -> usize {
    let log = world.sim.log();
    let asked = log.iter().filter(|call| call.target.contains("/login"));
    asked.count()
}

const SOURCE: [&str; 9] = [
    "discovery=ok",
    "tls=ok",
    "login=ok",
    "session=ok",
    "poll in JSON=ok",
    "poll in XML=ok",
    "next link=ok",
    "rights=skipped",
    "clock=ok",
];

#[test]
fn a_healthy_chain_is_all_ok_before_and_after_there_is_a_state() {
    let world = World::of(7);
    let home = Home::of(&world, MORE);
    let done = check(&home, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let none = ["configuration=ok", "state=skipped"];
    assert_eq!(results(&done), [&none[..], &SOURCE].concat());
    assert!(!home.state().exists(), "a check makes no state");
    assert!(done.stderr.contains("no daemon answers"), "{done:?}");
    let last = world.sim.log().pop().unwrap();
    assert!(last.target.contains("/logout"), "{last:?}");

    assert_eq!(home.run(&["sync"]).code, 0);
    let done = check(&home, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let some = ["configuration=ok", "state=ok"];
    assert_eq!(results(&done), [&some[..], &SOURCE].concat());
    let state = step(&done, "state")["detail"].as_str().unwrap().to_owned();
    assert!(state.contains("generation 1, 7 agents"), "{state}");
    let json = step(&done, "poll in JSON");
    assert!(json["detail"].as_str().unwrap().starts_with("7 agents"));
    assert_eq!(json["remedy"], "");
    assert_eq!(json["blame"], Value::Null);
}

#[test]
fn beside_a_daemon_the_daemon_looks_with_its_own_login() {
    let world = World::of(5);
    let home = Home::of(&world, MORE);
    let daemon = home.serve();
    assert_eq!(logins(&world), 1);
    let done = check(&home, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let mut expect = vec!["configuration=ok", "state=ok"];
    expect.extend(SOURCE);
    let shown = results(&done);
    assert_eq!(shown[..expect.len()], expect);
    let words: Vec<_> = shown[expect.len()..].to_vec();
    assert!(words.contains(&"source=ok".to_owned()), "{words:?}");
    assert!(words.contains(&"scheduler=ok".to_owned()), "{words:?}");
    assert_eq!(words.len(), 3, "{words:?}");
    let login = step(&done, "login")["detail"].as_str().unwrap().to_owned();
    assert!(login.starts_with("the running login is used"), "{login}");
    assert_eq!(logins(&world), 1, "a second login would end the daemon's");
    // The words are those of readiness.
    let ready = get(&format!("{}/readyz", daemon.ops)).json();
    for part in ["source", "store", "scheduler"] {
        let detail = step(&done, part)["detail"].as_str().unwrap().to_owned();
        let told = &ready["components"][part];
        let health = told["state"].as_str().unwrap();
        assert_eq!(
            detail,
            format!("{health}: {}", told["reason"].as_str().unwrap())
        );
    }
    // And it goes on polling with the session that was there.
    assert_eq!(home.run(&["sync"]).code, 0);
    assert_eq!(logins(&world), 1);
}

#[test]
fn a_dead_peer_is_20_and_what_depends_on_it_is_skipped() {
    let world = World::of(1);
    let home = Home::of(&world, MORE);
    world.off();
    let done = check(&home, &[]);
    assert_eq!(done.code, 20, "{done:?}");
    let results = results(&done);
    assert_eq!(results[2], "discovery=failed");
    assert!(
        results[3..].iter().all(|step| step.ends_with("=skipped")),
        "{results:?}"
    );
    assert!(
        done.stderr.contains("the check failed at `discovery`"),
        "{done:?}"
    );
    assert!(done.stderr.contains("hint: "), "{done:?}");
}

#[test]
fn a_wrong_password_is_22_and_a_person_may_have_it_tried_again() {
    let world = World::of(3);
    let home = Home::of(&world, MORE);
    home.edit("bridge-password", "another");
    let done = check(&home, &[]);
    assert_eq!(done.code, 22, "{done:?}");
    assert_eq!(logins(&world), 1);
    let login = step(&done, "login");
    assert_eq!(login["blame"], "credentials");
    assert!(
        login["remedy"]
            .as_str()
            .unwrap()
            .contains("lp2rc check --retry-login")
    );

    // A daemon whose login is refused while it serves does not try it by itself.
    home.edit("another", "bridge-password");
    let daemon = home.serve();
    let before = logins(&world);
    let refuse = Fault::lasting(What::Status(401));
    world.sim.faults().put(Place::Login, refuse.clone());
    world.sim.faults().put(Place::Refresh, refuse);
    assert_eq!(check(&home, &[]).code, 22);
    assert_eq!(logins(&world), before + 1);
    let left = check(&home, &[]);
    assert_eq!(left.code, 22, "{left:?}");
    assert!(
        step(&left, "login")["detail"]
            .as_str()
            .unwrap()
            .contains("not tried")
    );
    assert_eq!(logins(&world), before + 1);
    assert_eq!(home.run(&["sync"]).code, 22);
    let refused = get(&format!("{}/readyz", daemon.ops)).json();
    assert_eq!(
        refused["components"]["source"]["state"],
        "credentials-rejected"
    );

    // The user works again: a person says so, and the daemon goes on.
    world.sim.faults().clear();
    let done = check(&home, &["--retry-login"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(logins(&world), before + 2);
    assert!(
        step(&done, "cycle")["detail"]
            .as_str()
            .unwrap()
            .contains("3 agents seen")
    );
    assert_eq!(step(&done, "source")["result"], "ok");
    assert_eq!(home.run(&["sync"]).code, 0);
    assert_eq!(logins(&world), before + 2);
}

#[test]
fn an_account_without_agents_is_a_warning_and_11() {
    let world = World::of(4);
    let home = Home::of(&world, MORE);
    world
        .sim
        .faults()
        .put(Place::Agents, Fault::lasting(What::EmptyList));
    let done = check(&home, &[]);
    assert_eq!(done.code, 11, "{done:?}");
    assert!(
        done.stderr
            .contains("the first at `poll in JSON`: 0 agents"),
        "{done:?}"
    );
}

#[test]
fn a_broken_xml_matters_as_much_as_polls_need_it() {
    let world = World::of(4);
    let broken = || {
        // JSON is read first and is well; what comes then is cut.
        let wait = Fault::times(1, What::Truncate(40));
        world.sim.faults().put(Place::Agents, wait);
    };
    let home = Home::of(&world, MORE);
    // The other way round: JSON is cut, and polls ask for XML.
    home.edit("connect_timeout", "format = \"xml\"\nconnect_timeout");
    broken();
    let done = check(&home, &[]);
    assert_eq!(done.code, 11, "{done:?}");
    assert_eq!(step(&done, "poll in JSON")["result"], "warning");
    assert_eq!(step(&done, "poll in XML")["result"], "ok");
    home.edit("format = \"xml\"", "format = \"json\"");
    broken();
    let done = check(&home, &[]);
    assert_eq!(done.code, 20, "{done:?}");
    assert_eq!(step(&done, "poll in JSON")["result"], "failed");
    assert_eq!(step(&done, "poll in XML")["result"], "ok");
}

#[test]
fn a_wrong_configuration_is_2_and_nothing_is_contacted() {
    let world = World::of(1);
    let home = Home::of(&world, MORE);
    home.edit("connect_timeout", "connect_time_out");
    let done = check(&home, &[]);
    assert_eq!(done.code, 2, "{done:?}");
    let results = results(&done);
    assert_eq!(results[0], "configuration=failed");
    assert!(
        results[1..].iter().all(|step| step.ends_with("=skipped")),
        "{results:?}"
    );
    assert!(world.sim.log().is_empty());
}

#[test]
fn a_state_in_other_hands_is_75_and_its_owner_keeps_its_login() {
    let world = World::of(2);
    let home = Home::of(&world, MORE);
    let _daemon = home.serve();
    let before = world.sim.log().len();
    std::fs::remove_file(home.state().join("admin.addr")).unwrap();
    let done = check(&home, &[]);
    assert_eq!(done.code, 75, "{done:?}");
    assert_eq!(step(&done, "state")["blame"], "busy");
    assert_eq!(step(&done, "login")["result"], "skipped");
    assert_eq!(world.sim.log().len(), before);
}

#[test]
fn the_table_is_read_at_a_hundred_columns() {
    let world = World::of(1);
    let home = Home::of(&world, MORE);
    home.edit("bridge-password", "another");
    let done = home.run(&["check"]);
    assert_eq!(done.code, 22, "{done:?}");
    for line in done.stdout.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    let first = done.stdout.lines().next().unwrap();
    let at = |word| first.find(word).unwrap();
    assert_eq!(at("step"), 0);
    // Folded lines stand below their own column.
    let folded = done
        .stdout
        .lines()
        .find(|line| line.starts_with(' '))
        .unwrap();
    assert_eq!(folded[..at("detail")].trim(), "", "{}", done.stdout);
    let markdown = home.run(&["check", "--output", "markdown"]);
    assert!(
        markdown
            .stdout
            .lines()
            .all(|line| line.starts_with('|') && line.ends_with('|'))
    );
    let help = home.run(&["check", "--help"]);
    for said in [
        "--retry-login",
        "Exit codes",
        "poll in XML",
        "ends with a logout",
    ] {
        assert!(help.stdout.contains(said), "{said}: {}", help.stdout);
    }
}

#[test]
fn a_refusal_is_remembered_from_one_run_to_the_next() {
    let world = World::of(2);
    let home = Home::of(&world, MORE);
    let refuse = Fault::lasting(What::Status(401));
    world.sim.faults().put(Place::Login, refuse);
    assert_eq!(home.run(&["sync"]).code, 22);
    let asked = logins(&world);
    world.sim.faults().clear();
    let done = check(&home, &[]);
    assert_eq!(done.code, 22, "{done:?}");
    let login = step(&done, "login");
    assert!(
        login["detail"].as_str().unwrap().contains("not tried"),
        "{login}"
    );
    assert_eq!(logins(&world), asked);
    assert_eq!(check(&home, &["--retry-login"]).code, 0);
    assert_eq!(logins(&world), asked + 1);
    assert_eq!(home.run(&["sync"]).code, 0);
}

#[test]
fn a_clock_that_is_wrong_is_a_warning() {
    let world = World::of(2);
    let home = Home::of(&world, MORE);
    world.sim.jump(-90_000);
    let done = check(&home, &[]);
    assert_eq!(done.code, 11, "{done:?}");
    let clock = step(&done, "clock");
    assert_eq!(clock["result"], "warning");
    assert!(
        clock["detail"].as_str().unwrap().ends_with("s behind ours"),
        "{clock}"
    );
    assert!(clock["remedy"].as_str().unwrap().contains("NTP"));
}

#[test]
fn a_certificate_is_believed_only_when_its_authority_is_named() {
    let world = World::with(SimConfig {
        agents: 2,
        turnover: false,
        tls: true,
        ..SimConfig::default()
    });
    let home = Home::of(&world, MORE);
    let done = check(&home, &[]);
    assert_eq!(done.code, 20, "{done:?}");
    for name in ["discovery", "tls"] {
        let step = step(&done, name);
        assert_eq!(step["result"], "failed");
        let remedy = step["remedy"].as_str().unwrap();
        assert!(remedy.contains("liveperson.ca_files"), "{remedy}");
    }
    assert_eq!(logins(&world), 0, "no secret goes to a stranger");

    let ca = home.config().with_file_name("ca.pem");
    let named = format!("ca_files = [\"{}\"]\nconnect_timeout", ca.display());
    home.edit("connect_timeout", &named);
    let done = check(&home, &[]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stderr.contains("at `client`: "), "{done:?}");

    std::fs::write(&ca, world.sim.ca_pem().unwrap()).unwrap();
    let done = check(&home, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let tls = step(&done, "tls")["detail"].as_str().unwrap().to_owned();
    assert!(tls.ends_with("and 1 of liveperson.ca_files"), "{tls}");
}

#[test]
fn the_right_to_the_account_configuration_is_looked_at() {
    let world = World::of(2);
    let home = Home::of(&world, &MORE.replace("read = false", "read = true"));
    let done = check(&home, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(step(&done, "rights")["result"], "ok");
}
