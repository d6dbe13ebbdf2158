//! The scripts of `tests/scenarios`: the real program against a simulated LivePerson in another
//! process, in JSON and in XML.
//!
//! A script opens with the mistake it guards against, then has one command a line
//! ([`stage`] lists them). Beside it lies the transcript that both formats must give. Transcripts
//! are written by this program, never by hand, and then read:
//!
//! ```text
//! LP2RC_BLESS=1 cargo test --locked --test it -- scenarios::half_list
//! ```
//!
//! Keep them narrow: a transcript that shows what its scenario is not about breaks for reasons that
//! are none.

mod bridge;
mod liveperson;
mod patience;
mod requests;
mod script;
mod stage;
mod telling;
mod wall_clock;

use std::{collections::BTreeSet, path::PathBuf};

use self::{script::Script, stage::Stage};

/// How the bridge asks LivePerson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Xml,
}

impl Format {
    const fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xml => "xml",
        }
    }
}

/// Two tests a script, so that a failure names scenario and format.
macro_rules! scenarios {
    ($($name:ident,)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        $(mod $name {
            #[test]
            fn json() {
                super::prove(stringify!($name), super::Format::Json);
            }

            #[test]
            fn xml() {
                super::prove(stringify!($name), super::Format::Xml);
            }
        })*
    };
}

scenarios! {
    account_config_fails,
    account_config_fills_in,
    account_config_refused,
    account_switched,
    agent_session_idles_out,
    bearer_expires_mid_poll,
    blacklisted,
    clock_jumps_back,
    clock_jumps_forward,
    closed_accounts,
    delta_next,
    discovery_moved,
    down_at_the_start,
    empty_list,
    filtered_poll_loses_an_agent,
    foreign_next_link,
    full_list_next,
    gzip_bomb,
    half_list,
    html_503,
    https_with_a_ca_file,
    kill_in_quarantine,
    login_that_is_none,
    namespaced_xml,
    nothing_changed,
    oauth2_client_credentials,
    password_changed,
    password_changed_under_a_daemon,
    quarantine_accepted,
    rare_polls_keep_the_session,
    refused_login_retried,
    replaced_after_three_losses,
    reset_mid_body,
    retired,
    retries_then_waits,
    second_login_elsewhere,
    slow_drip,
    stale_time_stamp,
    their_clock_jumps,
    throttled,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn blessing() -> bool {
    std::env::var_os("LP2RC_BLESS").is_some()
}

/// Plays a script and compares; with `LP2RC_BLESS` set it writes the transcript instead.
fn prove(name: &str, format: Format) {
    let script = Script::read(&folder().join(format!("{name}.txt")));
    let path = folder().join(format!("{name}.out"));
    if blessing() {
        // Written once, by one of the two: what they say must be the same anyway.
        if format == Format::Json {
            let [json, xml] = [Format::Json, Format::Xml].map(|format| play(&script, format));
            assert_eq!(json, xml, "{name}: JSON on the left, XML on the right");
            std::fs::write(path, json).unwrap();
        }
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let got = play(&script, format);
    assert!(
        got == expected,
        "{name} in {} went another way; if that is right, bless it.\n--- expected\n{expected}\n--- got\n{got}",
        format.word(),
    );
}

fn play(script: &Script, format: Format) -> String {
    let mut stage = Stage::new(format);
    let mut transcript = Vec::new();
    for command in &script.commands {
        transcript.push(format!("> {}", command.text));
        transcript.extend(stage.act(command));
    }
    transcript.join("\n") + "\n"
}

#[test]
fn every_script_is_a_test_and_says_what_it_guards_against() {
    let mut scripts = BTreeSet::new();
    let mut transcripts = BTreeSet::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("txt") => {
                assert!(!Script::read(&path).reason.is_empty(), "{stem}");
                scripts.insert(stem);
            }
            Some("out") => {
                transcripts.insert(stem);
            }
            _ => assert_eq!(stem, "wall_clock", "neither script nor transcript"),
        }
    }
    let tests: BTreeSet<_> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(scripts, tests, "scripts on the left, tests on the right");
    if !blessing() {
        assert_eq!(transcripts, tests, "transcripts on the left");
    }
}
