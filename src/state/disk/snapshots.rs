//! A second copy of sled's snapshot file, `<database>-snapshot/`.
//!
//! sled writes its snapshot when it opens and goes on from there. A database that was opened often
//! and rewritten in between cannot be read without it: the log's beginning has been reused (30 openings
//! lost all of 200 rows). The bridge's own state has exports for that; conversations have this copy.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

fn place(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push("-snapshot");
    PathBuf::from(name)
}

fn snapshots(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if name.as_encoded_bytes().starts_with(b"snap.") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Copies the snapshot of a database that has just been opened whole.
pub(super) fn copy(database: &Path) -> io::Result<()> {
    let place = place(database);
    fs::create_dir_all(&place)?;
    let old = snapshots(&place)?;
    let mut kept = Vec::new();
    for snapshot in snapshots(database)? {
        let copied = place.join(snapshot.file_name().unwrap_or_default());
        fs::copy(&snapshot, &copied)?;
        fs::File::open(&copied)?.sync_all()?;
        kept.push(copied);
    }
    // After the new ones: a crash in between leaves one too many.
    for path in old.iter().filter(|path| !kept.contains(path)) {
        fs::remove_file(path)?;
    }
    fs::File::open(&place)?.sync_all()
}

/// Puts the copies where the snapshot was. Nothing where there is no copy.
pub(super) fn put_back(database: &Path) -> io::Result<()> {
    let place = place(database);
    if !place.is_dir() {
        return Ok(());
    }
    for copied in snapshots(&place)? {
        let snapshot = database.join(copied.file_name().unwrap_or_default());
        fs::copy(&copied, &snapshot)?;
        fs::File::open(&snapshot)?.sync_all()?;
    }
    fs::File::open(database)?.sync_all()
}
