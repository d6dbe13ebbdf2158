//! Damaged files are moved aside, never deleted: `<dir>/quarantine/<epoch milliseconds>/`.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use crate::{domain::Timestamp, state::export::parent};

/// Holds the quarantine's path while a database is being replaced, so that a crash in between is
/// noticed at the next start.
const MARKER: &str = "repair-under-way";

/// There until a new database has its first record: a database without one is damaged otherwise.
const FIRST_START: &str = "first-start-under-way";

pub(super) fn is_first_start(dir: &Path) -> bool {
    dir.join(FIRST_START).exists()
}

pub(super) fn begin_first_start(dir: &Path) -> io::Result<()> {
    fs::File::create(dir.join(FIRST_START))?.sync_all()?;
    sync(dir)
}

/// Also after a start that was not the first one; then there is nothing to end.
pub(super) fn end_first_start(dir: &Path) -> io::Result<()> {
    match fs::remove_file(dir.join(FIRST_START)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A fresh place. Not made yet.
pub(super) fn place(dir: &Path, now: Timestamp) -> PathBuf {
    let all = dir.join("quarantine");
    let mut place = all.join(now.millis().to_string());
    let mut again = 1;
    while place.exists() {
        place = all.join(format!("{}-{again}", now.millis()));
        again += 1;
    }
    place
}

/// Whether there is a database in which something was written once.
pub(super) fn has_content(database: &Path) -> bool {
    fs::metadata(database.join("db")).is_ok_and(|file| file.len() > 0)
}

/// Moves the snapshot files; gives their number.
pub(super) fn move_snapshots(database: &Path, place: &Path) -> io::Result<usize> {
    let mut moved = 0;
    for entry in fs::read_dir(database)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b"snap.") {
            make(place)?;
            fs::rename(entry.path(), place.join(entry.file_name()))?;
            moved += 1;
        }
    }
    if moved > 0 {
        sync(place)?;
        sync(database)?;
    }
    Ok(moved)
}

/// Moves the whole database. Called again after a crash, it throws away only what was half-built
/// in its stead.
pub(super) fn move_database(dir: &Path, database: &Path, place: &Path) -> io::Result<()> {
    make(place)?;
    let marker = dir.join(MARKER);
    fs::write(&marker, place.as_os_str().as_encoded_bytes())?;
    fs::File::open(&marker)?.sync_all()?;
    sync(dir)?;
    let aside = place.join(super::DATABASE);
    if aside.exists() {
        match fs::remove_dir_all(database) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    } else if database.exists() {
        fs::rename(database, &aside)?;
    }
    sync(place)?;
    sync(dir)
}

/// Moves a database that nothing can be restored from.
pub(super) fn move_aside(database: &Path, place: &Path) -> io::Result<()> {
    make(place)?;
    fs::rename(
        database,
        place.join(database.file_name().unwrap_or_default()),
    )?;
    sync(place)?;
    sync(&parent(database))
}

/// Moves one file.
pub(super) fn move_file(path: &Path, place: &Path) -> io::Result<()> {
    make(place)?;
    fs::rename(path, place.join(path.file_name().unwrap_or_default()))?;
    sync(place)
}

/// The quarantine of a replacement that was cut off.
pub(super) fn unfinished(dir: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(dir.join(MARKER)).ok()?;
    let place = PathBuf::from(text);
    // Only ever inside our own directory; an empty marker was cut off before anything moved.
    place.starts_with(dir.join("quarantine")).then_some(place)
}

/// The replacement is whole.
pub(super) fn finish(dir: &Path) -> io::Result<()> {
    fs::remove_file(dir.join(MARKER))?;
    sync(dir)
}

fn make(place: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(place)
}

fn sync(dir: &Path) -> io::Result<()> {
    fs::File::open(dir)?.sync_all()
}
