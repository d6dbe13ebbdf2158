//! Whatever LivePerson answers: one clear sentence, the right exit code, nothing served changes.

use lp2rc::sim::liveperson::{Fault, Place, What};

use crate::program::{Home, World, run};

/// One sentence, possibly followed by a hint after an empty line.
fn is_one_sentence(stderr: &str) -> bool {
    let talk: Vec<_> = stderr
        .lines()
        .filter(|line| line.starts_with("lp2rc: "))
        .collect();
    talk.len() == 1
}

fn agents(home: &Home) -> String {
    let listed = home.run(&["agents", "--output", "json"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    listed.stdout
}

/// What goes wrong, where, the exit code, and a word that the sentence must have.
type Case = (&'static str, Place, What, i32, &'static str);

fn cases(format: &str) -> Vec<Case> {
    use Place::{Agents, Discovery, Login};
    let mut cases = vec![
        ("HTML, not JSON", Agents, What::Html200, 20, "web page"),
        ("an HTML 503", Agents, What::Html503, 20, "503"),
        (
            "a truncated document",
            Agents,
            What::Truncate(900),
            20,
            "cut off",
        ),
        ("a reset on the way", Agents, What::Reset(900), 20, "broke"),
        (
            "a 200 MB body",
            Agents,
            What::HugeBody(200 << 20),
            20,
            "32 MiB",
        ),
        (
            "a gzip bomb",
            Agents,
            What::GzipBomb(200 << 20),
            20,
            "32 MiB",
        ),
        (
            "another account",
            Agents,
            What::ForeignAccount("99".into()),
            20,
            "account",
        ),
        ("a refused login", Login, What::Status(401), 22, "password"),
        ("a throttled login", Login, What::Status(429), 20, "429"),
        ("a blacklisted user", Login, What::Status(451), 22, "451"),
        (
            "a broken discovery",
            Discovery,
            What::Html200,
            20,
            "web page",
        ),
    ];
    if format == "xml" {
        cases.push(("an entity bomb", Agents, What::EntityBomb, 20, "entit"));
    }
    cases
}

#[test]
fn a_bad_answer_changes_nothing_and_says_what_to_do() {
    let world = World::of(30);
    for format in ["json", "xml"] {
        let at_home = || {
            let home = Home::of(&world, "[log]\nlevel = \"off\"");
            home.edit(
                "discovery_url",
                &format!("format = \"{format}\"\ndiscovery_url"),
            );
            let first = home.run(&["sync"]);
            assert_eq!(first.code, 0, "{first:?}");
            home
        };
        let mut home = at_home();
        let before = agents(&home);
        assert!(before.contains("\"username\""), "{before}");
        for (name, place, what, code, word) in cases(format) {
            world.sim.faults().put(place, Fault::lasting(what));
            let done = home.run(&["sync"]);
            world.sim.faults().clear();
            assert_eq!(done.code, code, "{name} in {format}: {done:?}");
            assert!(
                done.stderr.contains(word),
                "{name} in {format}: {}",
                done.stderr
            );
            assert!(
                is_one_sentence(&done.stderr),
                "{name} in {format}: {}",
                done.stderr
            );
            assert!(
                done.stdout.is_empty(),
                "{name} in {format}: {}",
                done.stdout
            );
            assert_eq!(
                agents(&home),
                before,
                "{name} in {format} changed what is served"
            );
            for secret in ["bearer", "csrf", "@", "session_id="] {
                assert!(
                    !done.stderr.contains(secret),
                    "{name}: `{secret}` in {}",
                    done.stderr
                );
            }
            if code == 22 {
                // Kept with the state: the next one-shot does not ask again.
                let again = home.run(&["sync"]);
                assert_eq!(again.code, 22, "{name}: {again:?}");
                assert!(again.stderr.contains("not tried"), "{}", again.stderr);
                home = at_home();
            }
        }
    }
}

#[test]
fn a_sudden_fall_is_doubted_with_its_numbers_and_the_way_out() {
    let world = World::of(30);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    assert_eq!(home.run(&["sync"]).code, 0);
    for what in [What::EmptyList, What::HalfList] {
        let fall = format!("{what:?}");
        let limit = if fall == "HalfList" {
            "fall_percent = 40"
        } else {
            "fall_percent = 50"
        };
        home.edit("[log]", &format!("[sync]\n{limit}\n[log]"));
        world.sim.faults().put(Place::Agents, Fault::lasting(what));
        let done = home.run(&["sync"]);
        world.sim.faults().clear();
        assert_eq!(done.code, 10, "{fall}: {done:?}");
        for word in ["30 agents", "fall_percent", "--accept-fall"] {
            assert!(
                done.stderr.contains(word),
                "{fall}: `{word}` in {}",
                done.stderr
            );
        }
        let kept = home.run(&["agents", "--output", "json"]);
        assert_eq!(kept.stdout.matches("\"source_id\"").count(), 30, "{fall}");
        home.edit(&format!("[sync]\n{limit}\n"), "");
        assert_eq!(home.run(&["sync"]).code, 0, "{fall}: recovers by itself");
    }
}

#[test]
fn nobody_there_is_said_with_the_address() {
    let world = World::of(1);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    let address = world.sim.addr().to_string();
    world.off();
    let done = home.run(&["sync"]);
    assert_eq!(done.code, 20, "{done:?}");
    assert!(done.stderr.contains(&address), "{}", done.stderr);
    assert!(is_one_sentence(&done.stderr), "{}", done.stderr);
}

#[test]
fn a_wrong_configuration_exits_2_with_key_and_place() {
    let world = World::of(1);
    let missing = run(&["sync", "--config", "no/such.toml"]);
    assert_eq!(missing.code, 2, "{missing:?}");
    assert!(missing.stderr.contains("no/such.toml"), "{missing:?}");
    for (more, words) in [
        (
            "[schedule]\ncron = \"whenever\"",
            ["schedule.cron", "six fields"],
        ),
        (
            "[routing]\npolice = \"manual\"",
            ["routing.police", "is not a setting"],
        ),
        (
            "[routing]\nagent_next_share = \"all\"",
            ["routing.agent_next_share", "lp2rc.toml"],
        ),
        ("[nonsense]\nx = 1", ["nonsense", "is not a setting"]),
    ] {
        let home = Home::of(&world, more);
        for verb in [&["sync"][..], &["serve"], &["config", "check"], &["agents"]] {
            let done = home.run(verb);
            assert_eq!(done.code, 2, "{verb:?} with {more}: {done:?}");
            for word in words {
                assert!(
                    done.stderr.contains(word),
                    "{verb:?} with {more}: {}",
                    done.stderr
                );
            }
        }
    }
}

#[test]
fn a_daemon_with_nothing_to_serve_ends_on_a_refused_login() {
    let world = World::of(3);
    let home = Home::of(&world, "[schedule]\nevery = \"100ms\"");
    world
        .sim
        .faults()
        .put(Place::Login, Fault::lasting(What::Status(401)));
    let (code, stderr) = home.spawn_serve().wait();
    assert_eq!(code, 22, "{stderr}");
    assert!(stderr.contains("credentials-rejected"), "{stderr}");
    let logins = world
        .sim
        .log()
        .iter()
        .filter(|request| request.target.contains("/login"))
        .count();
    assert_eq!(
        logins, 1,
        "a refused password is never tried again by itself"
    );
}
