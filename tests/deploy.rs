//! The shipped unit is one that systemd understands and that keeps the promises of its comments.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::print_stderr, reason = "a skipped check says so")]

use std::{fs, process::Command};

const UNIT: &str = "deploy/systemd/lp2rc.service";

/// All values of a key, in order.
fn values(key: &str) -> Vec<String> {
    fs::read_to_string(UNIT)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .map(str::to_owned)
        .collect()
}

#[test]
fn systemd_finds_no_fault_with_the_unit() {
    // The program is not installed where tests run; everything else is checked as it is.
    let text = fs::read_to_string(UNIT).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("lp2rc.service");
    fs::write(&copy, text.replace("/usr/bin/lp2rc", "/bin/true")).unwrap();
    let Ok(output) = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&copy)
        .output()
    else {
        eprintln!("skipped: there is no systemd-analyze here");
        return;
    };
    // An unknown key is told on stderr only: the exit code stays 0.
    let complaints = String::from_utf8_lossy(&output.stderr);
    let about_us: Vec<_> = complaints
        .lines()
        .filter(|line| line.contains("lp2rc.service"))
        .collect();
    assert!(
        output.status.success() && about_us.is_empty(),
        "{complaints}"
    );
}

#[test]
fn a_refused_configuration_and_rejected_credentials_are_not_retried() {
    assert_eq!(values("Restart"), ["on-failure"]);
    assert_eq!(values("RestartPreventExitStatus"), ["2 22"]);
}

#[test]
fn the_password_comes_as_a_credential_and_not_on_the_command_line() {
    let loaded = values("LoadCredential");
    let (name, _) = loaded[0].split_once(':').unwrap();
    let variable = format!("LP2RC_LIVEPERSON__PASSWORD_FILE=%d/{name}");
    assert_eq!(values("Environment"), [variable]);
    assert_eq!(
        values("ExecStart"),
        ["/usr/bin/lp2rc serve --config /etc/lp2rc/lp2rc.toml"]
    );
}

#[test]
fn nobody_else_reads_the_state() {
    assert_eq!(values("StateDirectory"), ["lp2rc"]);
    assert_eq!(values("StateDirectoryMode"), ["0700"]);
    assert_eq!(values("UMask"), ["0077"]);
}
