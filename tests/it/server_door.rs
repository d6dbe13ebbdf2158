//! The files by which the command line finds a running bridge.

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt as _};

use lp2rc::server::door::{self, Door, DoorError};
use secrecy::{ExposeSecret as _, SecretString};

#[test]
fn a_door_is_found_while_it_is_open_and_its_files_are_private() {
    let dir = tempfile::tempdir().unwrap();
    assert!(door::read(dir.path()).unwrap().is_none());
    let token = door::make_token().unwrap();
    let address: SocketAddr = "127.0.0.1:4711".parse().unwrap();
    let door = Door::open(dir.path(), address, &token).unwrap();
    let visit = door::read(dir.path()).unwrap().unwrap();
    assert_eq!(visit.address, address);
    assert_eq!(visit.token.expose_secret(), token.expose_secret());
    assert!(!format!("{visit:?}").contains(token.expose_secret()));
    let mut names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (entry.file_name().into_string().unwrap(), mode)
        })
        .collect();
    names.sort();
    let private = |name: &str| (name.to_owned(), 0o600);
    assert_eq!(names, [private("admin.addr"), private("admin.token")]);
    door.close();
    assert!(door::read(dir.path()).unwrap().is_none());
}

#[test]
fn tokens_are_256_bits_and_never_the_same() {
    let (one, other) = (door::make_token().unwrap(), door::make_token().unwrap());
    let is_hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    assert_eq!(one.expose_secret().len(), 64);
    assert!(one.expose_secret().chars().all(is_hexadecimal));
    assert_ne!(one.expose_secret(), other.expose_secret());
}

#[test]
fn a_leftover_of_a_crash_is_replaced_and_its_rights_with_it() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["admin.token", "admin.addr", "admin.new"] {
        fs::write(dir.path().join(name), "old").unwrap();
    }
    let token = SecretString::from("fresh");
    let address = "0.0.0.0:9".parse().unwrap();
    let door = Door::open(dir.path(), address, &token).unwrap();
    let mode = fs::metadata(dir.path().join("admin.token"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let visit = door::read(dir.path()).unwrap().unwrap();
    assert_eq!(
        visit.address,
        "127.0.0.1:9".parse().unwrap(),
        "every address is no address"
    );
    assert_eq!(visit.token.expose_secret(), "fresh");
    // Another bridge has opened its own door meanwhile: ours must not close it.
    let theirs = Door::open(dir.path(), "127.0.0.1:10".parse().unwrap(), &token).unwrap();
    door.close();
    assert!(door::read(dir.path()).unwrap().is_some());
    theirs.close();
}

#[test]
fn damaged_or_missing_files_are_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("admin.addr"), "127.0.0.1").unwrap();
    let refused = door::read(dir.path()).unwrap_err();
    assert!(
        matches!(refused, DoorError::NotAnAddress { .. }),
        "{refused}"
    );
    fs::write(dir.path().join("admin.addr"), "127.0.0.1:9\n").unwrap();
    let refused = door::read(dir.path()).unwrap_err();
    assert!(refused.to_string().contains("admin.token"), "{refused}");
    let nowhere = dir.path().join("nowhere");
    let token = SecretString::from("x");
    let refused = Door::open(&nowhere, "127.0.0.1:9".parse().unwrap(), &token).unwrap_err();
    assert!(refused.to_string().contains("cannot write"), "{refused}");
}
