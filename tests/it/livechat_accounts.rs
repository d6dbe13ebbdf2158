//! Service accounts in the configuration: made by the program, and never shown.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use lp2rc::{
    config::{Layers, Loaded, load},
    server::account_id,
};

use crate::program::{Finished, run};

/// `lp2rc livechat hash` with this password on stdin.
fn hash_of(words: &[&str], stdin: &str) -> Finished {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lp2rc"))
        .args(["livechat", "hash"])
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read it may be gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Finished {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn loaded(accounts: &str) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lp2rc.toml");
    let least = "[liveperson]\naccount = \"1\"\nusername = \"u\"\npassword = \"p\"\n";
    std::fs::write(&file, format!("{accounts}\n{least}")).unwrap();
    let layers = Layers {
        file: Some(file),
        ..Layers::default()
    };
    load(&layers).map_err(|error| error.to_string())
}

#[test]
fn a_password_becomes_an_account_that_can_be_pasted() {
    let made = hash_of(&["carol"], "the right horse\r\nignored\n");
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(
        made.stderr,
        format!("X-User-Id: {}\n", account_id("carol")),
        "no token, no password"
    );
    let loaded = loaded(&made.stdout).unwrap();
    let account = &loaded.config.livechat.accounts[0];
    assert_eq!(account.username, "carol");
    let hash = account.password_hash.clone().unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");

    let shown = format!("{} {loaded:?} {:?}", loaded.dump(), loaded.config);
    assert!(
        !shown.contains(&hash) && !shown.contains("argon2"),
        "{shown}"
    );
    assert!(loaded.dump().contains("password_hash = \"*****\""));
    assert!(loaded.dump().contains("username = \"carol\""));
}

#[test]
fn a_token_is_told_once_and_only_its_hash_is_pasted() {
    let made = hash_of(&["c\"arol", "--token"], "");
    assert_eq!(made.code, 0, "{made:?}");
    let line = made.stderr.lines().next().unwrap();
    let token = line.strip_prefix("X-Auth-Token: ").unwrap();
    assert_eq!(token.len(), 43, "{made:?}");
    assert!(!made.stdout.contains(token));
    let loaded = loaded(&made.stdout).unwrap();
    let account = &loaded.config.livechat.accounts[0];
    assert_eq!(account.username, "c\"arol");
    let hash = account.token_hash.clone().unwrap();
    let shown = format!("{} {loaded:?} {:?}", loaded.dump(), loaded.config);
    assert!(!shown.contains(&hash), "{shown}");
}

#[test]
fn what_is_no_password_is_refused() {
    let long = "x".repeat(5_000);
    for (words, stdin, why) in [
        (&["carol"][..], "", "stdin had no password"),
        (&["carol"], "\n", "stdin had no password"),
        (&["carol"], long.as_str(), "longer than 4096 bytes"),
        (&[], "p\n", "USERNAME"),
        (&[""], "p\n", "USERNAME"),
    ] {
        let done = hash_of(words, stdin);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done:?}");
        assert!(done.stderr.contains(why), "{done:?}");
    }
    assert_eq!(run(&["livechat"]).code, 2);
}

#[test]
fn a_hash_that_cannot_be_checked_is_refused_at_the_start() {
    let account = |key: &str, hash: &str| {
        loaded(&format!(
            "[[livechat.accounts]]\nusername = \"carol\"\n{key} = {hash}\n"
        ))
    };
    let wrong = [
        ("password_hash", "\"hunter2\"".to_owned()),
        ("password_hash", "\"$argon2id$hunter2\"".to_owned()),
        (
            "password_hash",
            "\"$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg\"".to_owned(),
        ),
        ("password_hash", "[\"hunter2\"]".to_owned()),
        ("token_hash", "\"hunter2\"".to_owned()),
        ("token_hash", "[\"hunter2\"]".to_owned()),
    ];
    for (key, hash) in wrong {
        let error = account(key, &hash).unwrap_err();
        assert!(error.contains("livechat.accounts"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
