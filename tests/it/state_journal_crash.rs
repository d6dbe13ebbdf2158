//! kill -9 in the middle of a move: what `begin_run` and `record` have acknowledged is there.
#![expect(
    clippy::print_stdout,
    reason = "says how many rounds stand behind the result"
)]

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use lp2rc::{
    domain::Outcome,
    ports::{Inspect, JournalStore, News, Opened},
    state::verify,
};

use crate::{
    state_journal_world::{changes, link, run},
    state_world::open,
};

/// Names the directory for the child. Read here and not in `config`: it is no setting.
const DIR: &str = "LP2RC_KILL_JOURNAL_DIR";
const ROUNDS: u64 = 8;
/// Outcomes noted of each run; the child then begins the next one.
const NOTED: usize = 12;

/// Every third run needs several batches.
fn size(number: usize) -> usize {
    if number.is_multiple_of(3) { 2_300 } else { 40 }
}

fn name(number: usize) -> String {
    format!("m{number:06}")
}

#[test]
#[ignore = "the child of the test below"]
fn child() {
    let dir = std::env::var_os(DIR).unwrap();
    let store = open(Path::new(&dir));
    let mut out = std::io::stdout();
    for number in store.move_runs().unwrap().len().. {
        let (id, size) = (name(number), size(number));
        store.begin_run(&run(&id, size), &changes(size)).unwrap();
        writeln!(out, "\nbegun {}", number * NOTED).unwrap();
        for place in 0..NOTED {
            let news = News {
                outcomes: vec![(u32::try_from(place).unwrap(), Outcome::Done)],
                agents: vec![link(number * NOTED + place)],
                departments: Vec::new(),
            };
            store.record(&id, &news).unwrap();
            writeln!(out, "\nnoted {}", number * NOTED + place).unwrap();
        }
    }
}

#[test]
fn no_run_is_torn_and_no_outcome_or_link_is_lost_by_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut dice = fastrand::Rng::with_seed(20_261_121);
    // The last acknowledged step of each kind, counted over all runs.
    let mut acknowledged = [None; 2];
    for round in 0..ROUNDS {
        let before = acknowledged;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "state_journal_crash::child",
                "--ignored",
                "--nocapture",
            ])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (first, has_begun) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            let mut last: [Option<usize>; 2] = before;
            for line in out.lines() {
                let line = line.unwrap();
                for (place, word) in ["begun ", "noted "].into_iter().enumerate() {
                    // The last line may be cut off in the middle of its number: a lower number.
                    if let Some(number) = line.strip_prefix(word).and_then(|n| n.parse().ok()) {
                        last[place] = last[place].max(Some(number));
                        // Nobody listens any more after the first.
                        let _ = first.send(());
                    }
                }
            }
            last
        });
        has_begun.recv_timeout(Duration::from_secs(60)).unwrap();
        // Not a wait for something: the moment of death is what is drawn by lot.
        std::thread::sleep(Duration::from_micros(dice.u64(0..150_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = reader.join().unwrap();

        let store = open(dir.path());
        assert_eq!(store.opened(), Opened::Clean, "round {round}");
        assert_eq!(verify(&store).unwrap(), [], "round {round}");
        let mut runs = store.move_runs().unwrap();
        runs.reverse();
        let begun = acknowledged[0].map_or(0, |step| step / NOTED + 1);
        assert!(
            runs.len() >= begun,
            "round {round}: {} of {begun}",
            runs.len()
        );
        let links = store.links().unwrap();
        let noted = acknowledged[1].map_or(0, |step| step + 1);
        for (number, kept) in runs.iter().enumerate() {
            assert_eq!(kept.id, name(number), "round {round}");
            let journal = store.journal(&kept.id).unwrap();
            assert_eq!(journal.len(), size(number), "round {round}: {kept:?}");
            let plan = changes(size(number));
            assert!(journal.iter().map(|one| &one.change).eq(&plan), "{kept:?}");
            let done: Vec<_> = journal.iter().filter(|one| one.outcome.is_some()).collect();
            assert_eq!(kept.done, done.len(), "round {round}: {kept:?}");
            for one in done {
                let agent = link(number * NOTED + usize::try_from(one.number).unwrap());
                assert_eq!(links.agents.get(&agent.source_id), Some(&agent));
            }
        }
        // A killed child leaves its run where it was: its successor begins the next one.
        let last = noted
            .checked_sub(1)
            .map(|step| (step / NOTED, step % NOTED));
        if let Some((number, place)) = last {
            assert!(
                runs[number].done > place,
                "round {round}: {:?}",
                runs[number]
            );
        }
    }
    println!("{ROUNDS} rounds, {acknowledged:?}");
    assert!(acknowledged[1].is_some(), "no child noted anything");
}
