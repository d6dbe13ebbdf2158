//! The configuration: it loads, or one sentence says where it is wrong; a password never shows.

use std::{fs, path::Path};

use bolero::{Driver, ValueGenerator, check};
use lp2rc::config::{ConfigError, Layers, load};

use crate::{
    INPUTS,
    figures::Figures,
    seeds::{self, Edited},
};

const PASSWORD: &str = "Zq9-planted-Zq9";
const LEAST: &[u8] = b"[liveperson]\naccount = \"1\"\nusername = \"b\"\n";
const WORDS: [&str; 24] = [
    "[",
    "]",
    "[[",
    "=",
    "\"",
    "\"\"\"",
    "\n",
    "#",
    ".",
    "{",
    "}",
    "true",
    "-1",
    "1e400",
    "9223372036854775808",
    "\"5s\"",
    "\"soon\"",
    "[schedule]\n",
    "[mapping]\n",
    "every = ",
    "cron = ",
    "password = ",
    "password_file = ",
    "1979-05-27",
];

/// What stands before and behind the password.
struct Inputs(Edited);

impl ValueGenerator for Inputs {
    type Output = (Vec<u8>, Vec<u8>);

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<Self::Output> {
        // Most of the time the section before it holds, so that the rest is looked at too.
        let before = if seeds::below(driver, 4)? == 0 {
            self.0.generate(driver)?
        } else {
            LEAST.to_vec()
        };
        Some((before, self.0.generate(driver)?))
    }
}

#[test]
fn configuration() {
    let folders = [("tests/fuzz/corpus/config", "toml"), ("config", "toml")];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lp2rc.toml");
    let figures = Figures::of("configuration");
    let seeds = seeds::files(&folders);
    for seed in &seeds {
        holds(&file, b"", seed);
    }
    check!()
        .with_iterations(INPUTS)
        .with_generator(Inputs(Edited::new(seeds, &WORDS)))
        .for_each(|(before, behind)| figures.input(|| holds(&file, before, behind)));
}

fn holds(file: &Path, before: &[u8], behind: &[u8]) -> bool {
    let line = format!("\npassword = \"{PASSWORD}\"\n");
    // A new file each time: to write over one waits for the disk.
    drop(fs::remove_file(file));
    let text = [before, line.as_bytes(), behind].concat();
    fs::write(file, &text).unwrap();
    let loaded = load(&Layers {
        file: Some(file.to_owned()),
        ..Layers::default()
    });
    let shown = match &loaded {
        Ok(loaded) => format!("{} {loaded:?} {:?}", loaded.dump(), loaded.config),
        Err(error) => {
            let said = error.to_string();
            match error {
                ConfigError::Key { key, origin, why } => {
                    assert!(
                        !key.is_empty() && !origin.is_empty() && !why.is_empty(),
                        "{said}"
                    );
                    assert!(said.contains(key.as_str()), "{said}");
                }
                ConfigError::Syntax { why, .. } => {
                    let line = why
                        .strip_prefix("line ")
                        .and_then(|rest| rest.split_once(':'));
                    match line {
                        Some((line, _)) => assert!(line.parse::<usize>().unwrap() > 0, "{said}"),
                        None => assert_eq!(why, "recursion limit"),
                    }
                }
                // Not UTF-8.
                ConfigError::Unreadable { .. } => {}
            }
            format!("{said} {error:?}")
        }
    };
    if is_password(&text) {
        assert!(!shown.contains("Zq9"), "{shown}");
    }
    loaded.is_ok() || matches!(loaded, Err(ConfigError::Key { .. }))
}

/// Whether what was planted is where a password belongs. What an edit made a name in `[mapping]`,
/// or a line of a longer text, is shown like any other.
fn is_password(text: &[u8]) -> bool {
    let parsed = String::from_utf8_lossy(text).parse::<toml::Table>();
    let Ok(mut table) = parsed else { return true };
    let section = table.get_mut("liveperson");
    let planted = section.and_then(|section| section.as_table_mut()?.remove("password"));
    planted.is_some() && !table.to_string().contains("Zq9")
}
