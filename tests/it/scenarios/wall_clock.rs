//! A wall clock of the bridge's own, which a script can set. The program has no hook for it: a
//! small library (`tests/scenarios/wall_clock.c`) is put under the process.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The library, and the file that holds how far the clock is ahead.
pub(super) struct WallClock {
    library: PathBuf,
    ahead: PathBuf,
}

impl WallClock {
    /// Builds the library into `folder`. The clock starts right.
    pub(super) fn build(folder: &Path) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/wall_clock.c");
        let library = folder.join("wall_clock.so");
        let done = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        let clock = Self {
            library,
            ahead: folder.join("wall_clock"),
        };
        clock.set(0);
        clock
    }

    /// Puts the clock so many seconds ahead of the true time, or behind it.
    pub(super) fn set(&self, seconds: i64) {
        // At once: a reader must never find half a number.
        let new = self.ahead.with_extension("new");
        std::fs::write(&new, seconds.to_string()).unwrap();
        std::fs::rename(new, &self.ahead).unwrap();
    }

    /// What a process needs in its environment to live by this clock.
    pub(super) fn settings(&self) -> [(String, String); 2] {
        [
            ("LD_PRELOAD", &self.library),
            ("SCENARIO_CLOCK", &self.ahead),
        ]
        .map(|(name, path)| (name.to_owned(), path.display().to_string()))
    }
}
