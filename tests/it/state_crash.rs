//! kill -9: a child commits and says what was acknowledged, its parent kills it and looks.
#![expect(
    clippy::print_stdout,
    reason = "says how many rounds and commits stand behind the result"
)]

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use lp2rc::{
    domain::Generation,
    ports::{BridgeStore, CounterRecord, CounterStore, Inspect, Opened, RunStore},
    state::verify,
};

use crate::state_world::{NOON, commit, cursor, entry, open, report};

/// Names the directory for the child. Read here and not in `config`: it is no setting.
const DIR: &str = "LP2RC_KILL_DIR";
/// So many rounds instead of ten.
const ROUNDS: &str = "LP2RC_KILL_ROUNDS";

/// Every tenth commit needs several batches.
fn is_large(version: u64) -> bool {
    version.is_multiple_of(10)
}

fn numbers(version: u64) -> std::ops::Range<u64> {
    if is_large(version) { 0..1_100 } else { 0..20 }
}

fn counter(version: u64) -> CounterRecord {
    CounterRecord {
        agent: lp2rc::domain::TargetId::new("a"),
        department: None,
        picks: version,
        last_picked: Some(NOON),
    }
}

#[test]
#[ignore = "the child of the test below"]
fn child() {
    let dir = std::env::var_os(DIR).unwrap();
    let store = open(Path::new(&dir));
    let mut generation = store.load().unwrap().generation;
    let mut out = std::io::stdout();
    loop {
        let version = generation.0 + 1;
        generation = store
            .commit(generation, &commit(numbers(version), version))
            .unwrap();
        writeln!(out, "\nkept {version}").unwrap();
        store.save_counters(&[counter(version)]).unwrap();
        writeln!(out, "\ncounted {version}").unwrap();
        store.append_run(&report(version)).unwrap();
        writeln!(out, "\nran {version}").unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_or_torn_by_kill_9() {
    let rounds =
        std::env::var_os(ROUNDS).map_or(10, |text| text.to_str().unwrap().parse::<u64>().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut dice = fastrand::Rng::with_seed(20_261_121);
    let mut acknowledged = [0; 3];
    for round in 0..rounds {
        let before = acknowledged;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "state_crash::child", "--ignored", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let wait = Duration::from_micros(dice.u64(0..120_000));
        let (first, has_begun) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            let mut last = before;
            for line in out.lines() {
                let line = line.unwrap();
                if line.starts_with("kept ") {
                    // Nobody listens in the rounds that do not wait for it.
                    let _ = first.send(());
                }
                for (place, word) in ["kept ", "counted ", "ran "].into_iter().enumerate() {
                    // The last line may be cut off in the middle of its number: a lower number.
                    if let Some(number) = line.strip_prefix(word).and_then(|n| n.parse().ok()) {
                        last[place] = last[place].max(number);
                    }
                }
            }
            last
        });
        // Every fifth child dies while it starts, the others some time after their first commit.
        if !round.is_multiple_of(5) {
            has_begun.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        // Not a wait for something: the moment of death is what is drawn by lot.
        std::thread::sleep(wait);
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = reader.join().unwrap();

        let store = open(dir.path());
        let stored = store.load().unwrap();
        let Generation(version) = stored.generation;
        let opened = store.opened();
        assert!(
            matches!(opened, Opened::Clean | Opened::New),
            "round {round}: {opened:?}"
        );
        assert!(
            version >= acknowledged[0],
            "round {round}: {version} of {acknowledged:?}"
        );
        if version > 0 {
            assert_eq!(stored.cursor, cursor(version), "round {round}");
        }
        for number in 0..if version > 0 { 20 } else { 0 } {
            let found = stored.roster.get(&entry(number, 0).agent.id).unwrap();
            // Rows of a large commit may be ahead of the cursor, as the port says.
            let ahead = is_large(version + 1) && *found == entry(number, version + 1);
            assert!(
                *found == entry(number, version) || ahead,
                "round {round}: {found:?}"
            );
        }
        let picks = store
            .load_counters()
            .unwrap()
            .first()
            .map_or(0, |counter| counter.picks);
        assert!(picks >= acknowledged[1], "round {round}");
        let run = store
            .recent_runs(1)
            .unwrap()
            .first()
            .map_or(0, |run| run.took_ms);
        assert!(run >= acknowledged[2], "round {round}");
        assert_eq!(verify(&store).unwrap(), [], "round {round}");
    }
    println!("{rounds} rounds, {} acknowledged commits", acknowledged[0]);
    assert!(acknowledged[0] > 0, "no child got as far as one commit");
}
