//! Keeping a second process away from a journal.
//!
//! The journal itself is replaced at each writing, so the lock is on a file beside it. The system frees it when its owner dies,
//! however it dies; the file alone means nothing.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use xano_metadata::Error;

use super::beside;
use crate::disk::cannot;

/// A run that was just given up may still be writing its last state.
const PATIENCE: Duration = Duration::from_secs(2);

/// Held as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    _held: File,
    path: PathBuf,
}

impl Lock {
    /// Locks the journal at this path, waiting for a moment.
    pub(super) async fn take(journal: &Path) -> Result<Self, Error> {
        let begun = Instant::now();
        loop {
            match Self::attempt(journal)? {
                Ok(lock) => return Ok(lock),
                Err(_) if begun.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(owner) => {
                    return Err(Error::refused(format!(
                        "The journal {} is in use by process {owner}. Wait for its end, or end it.",
                        journal.display()
                    )));
                }
            }
        }
    }

    /// Whether somebody is at work with it.
    pub(super) fn is_held(journal: &Path) -> bool {
        // Without a file nobody is, and none is to be made by looking.
        beside(journal, ".lock").exists() && matches!(Self::attempt(journal), Ok(Err(_)))
    }

    fn attempt(journal: &Path) -> Result<Result<Self, String>, Error> {
        let path = beside(journal, ".lock");
        let failed = |cause: io::Error| cannot("locked", journal, &cause);
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                // A file system without locks: then there is no protection against a second process.
                Err(TryLockError::Error(cause)) if cause.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(cause)) => return Err(failed(cause)),
                Err(TryLockError::WouldBlock) => {
                    let mut owner = String::new();
                    // Only for the message.
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
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Best effort: a file that is left keeps nobody away.
        let _ = fs::remove_file(&self.path);
    }
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
