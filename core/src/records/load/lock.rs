//! Keeping a second job away from a checkpoint.
//!
//! The checkpoint itself is replaced at each writing, so the lock is on a file beside it. The system frees it when its owner
//! dies, however it dies; the file alone means nothing.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::target::private;

/// A job that was just given up may still be writing its last state.
const PATIENCE: Duration = Duration::from_secs(2);

/// Held as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    _held: File,
    path: PathBuf,
}

impl Lock {
    /// Locks the checkpoint at this path, waiting for a moment.
    pub(super) fn take(checkpoint: &Path) -> Result<Self, Error> {
        let path = beside(checkpoint, ".lock");
        let begun = Instant::now();
        loop {
            let failed = |cause: &io::Error| {
                Error::config(format!(
                    "The checkpoint {} cannot be used: {cause}. Its folder must exist and be writable.",
                    checkpoint.display()
                ))
            };
            let mut file = private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
                .open(&path)
                .map_err(|cause| failed(&cause))?;
            match file.try_lock() {
                Ok(()) => {}
                // A file system without locks: then there is no protection against a second process.
                Err(TryLockError::Error(cause)) if cause.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(cause)) => return Err(failed(&cause)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    let mut owner = String::new();
                    // Only for the message.
                    let _ = file.read_to_string(&mut owner);
                    return Err(Error::config(format!(
                        "The checkpoint {} is in use by another job (process {}). Wait for it, or give another file.",
                        checkpoint.display(),
                        owner.trim()
                    )));
                }
            }
            if !is_still(&file, &path) {
                // Its last owner removed it between opening and locking.
                continue;
            }
            let _ = file.set_len(0).and_then(|()| file.rewind());
            let _ = writeln!(file, "{}", std::process::id());
            return Ok(Self { _held: file, path });
        }
    }

    /// Takes the file away, as nobody will need it. Best effort: a left-over file keeps nobody away.
    pub(super) fn remove(&self) {
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

/// The path with something behind its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
