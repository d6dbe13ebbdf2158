//! The bytes of files that visitors send: `<state dir>/files/<id>`.
//!
//! A file is written as `<id>.part`, made durable, named `<id>`, and the directory is made durable;
//! only then the conversations keep its document. So a kept document has its bytes, whatever is pulled
//! out, and a crash between leaves bytes without a document: those are removed at the next start. A
//! file whose document is removed goes once the removal is durable. Ids are made here; no name of a
//! client's is ever a path. All methods block.

mod image;
mod sent;

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::id::random_id;

pub use image::dimensions;
pub use sent::{SentFile, plain_name};

/// Name of the directory below the state directory.
const DIRECTORY: &str = "files";

/// Bytes of a file that are looked at.
const HEAD: usize = 64 * 1024;

/// End of the name of what is not whole yet.
const PART: &str = ".part";

/// The last step of keeping a file, so that a test can see its order and let it fail.
pub trait MakeDurable: Send + Sync {
    /// Makes a file's bytes survive power loss.
    fn file(&self, file: &File) -> io::Result<()>;
    /// Makes a directory's names survive power loss.
    fn directory(&self, directory: &Path) -> io::Result<()>;
}

/// fsync.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fsync;

impl MakeDurable for Fsync {
    fn file(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }
}

/// The directory of files.
pub struct Files {
    directory: PathBuf,
    durable: Arc<dyn MakeDurable>,
    /// Bytes of all files, those on their way included.
    used: AtomicU64,
    /// Whole files that were there at the start.
    found: BTreeSet<String>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

/// A file on its way. Dropped before [`Incoming::keep`] it is removed.
#[derive(Debug)]
pub struct Incoming {
    files: Arc<Files>,
    id: String,
    file: File,
    size: u64,
    kept: bool,
}

/// Why no more bytes are taken.
#[derive(Debug, thiserror::Error)]
pub enum Full {
    /// Larger than one file may be.
    #[error("larger than `livechat.files.max_size`")]
    TooLarge,
    /// All files together are larger than they may be.
    #[error(
        "all files together reach `livechat.files.max_total`; raise it, or let retention remove more"
    )]
    NoRoom,
    /// The disk.
    #[error("a file that was sent cannot be written: {0}; look at the disk")]
    Disk(#[from] io::Error),
}

impl Files {
    /// Opens `<state dir>/files`, makes it where it is missing, and removes what was cut off.
    pub fn open(state: &Path) -> io::Result<Arc<Self>> {
        Self::open_with(state, Arc::new(Fsync))
    }

    /// The same with a given last step.
    pub fn open_with(state: &Path, durable: Arc<dyn MakeDurable>) -> io::Result<Arc<Self>> {
        let directory = state.join(DIRECTORY);
        if !directory.is_dir() {
            fs::DirBuilder::new().mode(0o700).create(&directory)?;
            durable.directory(state)?;
        }
        let (mut used, mut found) = (0, BTreeSet::new());
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.ends_with(PART) {
                fs::remove_file(entry.path())?;
            } else if is_id(&name) {
                used += entry.metadata()?.len();
                found.insert(name);
            }
        }
        Ok(Arc::new(Self {
            directory,
            durable,
            used: AtomicU64::new(used),
            found,
        }))
    }

    /// Bytes of all files, those on their way included.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Begins a file under a new id.
    pub fn begin(self: &Arc<Self>) -> io::Result<Incoming> {
        let id = random_id();
        let file = OpenOptions::new()
            .write(true)
            .read(true)
            .create_new(true)
            .mode(0o600)
            .open(self.directory.join(format!("{id}{PART}")))?;
        Ok(Incoming {
            files: Arc::clone(self),
            id,
            file,
            size: 0,
            kept: false,
        })
    }

    /// Opens a whole file for reading. `NotFound` also for what cannot be an id.
    pub fn read(&self, id: &str) -> io::Result<File> {
        if !is_id(id) {
            return Err(io::ErrorKind::NotFound.into());
        }
        File::open(self.directory.join(id))
    }

    /// Removes a file; one that is gone is gone.
    pub fn remove(&self, id: &str) {
        if !is_id(id) {
            return;
        }
        let path = self.directory.join(id);
        let size = fs::metadata(&path).map_or(0, |about| about.len());
        match fs::remove_file(&path) {
            Ok(()) => self.give_back(size),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // It has no document any more, so the next start tries again.
            Err(error) => tracing::warn!("a file that was sent cannot be removed: {error}"),
        }
    }

    /// Removes every file of the last run that `is_known` does not know.
    pub(super) fn sweep(&self, mut is_known: impl FnMut(&str) -> bool) {
        for id in &self.found {
            if !is_known(id) {
                self.remove(id);
            }
        }
    }

    fn give_back(&self, size: u64) {
        self.used.fetch_sub(size, Ordering::Relaxed);
    }
}

impl Incoming {
    /// Its id, and its name on the disk once it is kept.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes more bytes. `most` is the limit of one file, `most_of_all` of all together.
    pub fn write(&mut self, bytes: &[u8], most: Option<u64>, most_of_all: u64) -> Result<(), Full> {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if most.is_some_and(|most| self.size.saturating_add(more) > most) {
            return Err(Full::TooLarge);
        }
        let used = self.files.used.fetch_add(more, Ordering::Relaxed);
        self.size += more;
        if used.saturating_add(more) > most_of_all {
            return Err(Full::NoRoom);
        }
        self.file.write_all(bytes)?;
        Ok(())
    }

    /// Its first bytes: enough for what a picture's kind says of itself.
    pub fn head(&self) -> io::Result<Vec<u8>> {
        let mut head = vec![0; HEAD];
        let mut filled = 0;
        while filled < head.len() {
            let place = u64::try_from(filled).unwrap_or(u64::MAX);
            match self.file.read_at(&mut head[filled..], place)? {
                0 => break,
                more => filled += more,
            }
        }
        head.truncate(filled);
        Ok(head)
    }

    /// Makes it durable under its id. Until its document is kept it is nobody's: call
    /// [`Files::remove`] when that fails.
    pub fn keep(mut self) -> io::Result<String> {
        let durable = Arc::clone(&self.files.durable);
        let path = self.files.directory.join(&self.id);
        durable.file(&self.file)?;
        fs::rename(self.part(), &path)?;
        if let Err(error) = durable.directory(&self.files.directory) {
            fs::rename(&path, self.part())?;
            return Err(error);
        }
        self.kept = true;
        Ok(self.id.clone())
    }

    fn part(&self) -> PathBuf {
        self.files.directory.join(format!("{}{PART}", self.id))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept {
            // What is left over is removed at the next start.
            let _ = fs::remove_file(self.part());
            self.files.give_back(self.size);
        }
    }
}

/// Whether a text can be the id of a file: plain letters and digits, so never a path.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}
