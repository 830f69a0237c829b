//! Keeping a second process away from a file that is replaced at each writing, such as a checkpoint or a journal.
//!
//! A lock on the file itself would be on the one that is replaced, so it is on a file beside it. The system frees it when its
//! owner dies, however it dies; the file alone means nothing.
//!
//! ```
//! use xano_metadata::file_lock::FileLock;
//!
//! let journal = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
//! let lock = FileLock::attempt(&journal)?.expect("nobody has it");
//! assert_eq!(FileLock::attempt(&journal)?.expect_err("it is ours"), std::process::id().to_string());
//! lock.remove();
//! # Ok::<(), std::io::Error>(())
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::target::private;

/// A lock, held as long as it lives.
#[derive(Debug)]
pub struct FileLock {
    _held: File,
    path: PathBuf,
}

impl FileLock {
    /// Locks the file at this path, which need not exist, by one beside it. The inner error is the number of the process
    /// that has it. On a file system without locks everybody gets it.
    ///
    /// # Errors
    /// When the file beside it cannot be opened, or the system refuses to lock it.
    pub fn attempt(file: &Path) -> io::Result<Result<Self, String>> {
        let path = beside(file, ".lock");
        loop {
            let mut file =
                private(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::Error(cause)) if cause.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(cause)) => return Err(cause),
                Err(TryLockError::WouldBlock) => {
                    let mut owner = String::new();
                    // Only for messages.
                    let _ = file.read_to_string(&mut owner);
                    return Ok(Err(owner.trim().to_owned()));
                }
            }
            if !is_still(&file, &path) {
                // Its last owner removed it between opening and locking.
                continue;
            }
            let _ = file.set_len(0).and_then(|()| file.rewind());
            let _ = writeln!(file, "{}", std::process::id());
            return Ok(Ok(Self { _held: file, path }));
        }
    }

    /// Whether somebody has it.
    #[must_use]
    pub fn is_held(file: &Path) -> bool {
        // Without a file nobody has, and none is to be made by looking.
        beside(file, ".lock").exists() && matches!(Self::attempt(file), Ok(Err(_)))
    }

    /// Takes the file beside it away, as nobody will need it. Best effort: a file that is left keeps nobody away.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The path with something behind its name.
#[must_use]
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still(_file: &File, path: &Path) -> bool {
    path.exists()
}
