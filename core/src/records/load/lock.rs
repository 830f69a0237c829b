//! Keeping a second job away from a checkpoint.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::file_lock::FileLock;

/// A job that was just given up may still be writing its last state.
const PATIENCE: Duration = Duration::from_secs(2);

/// Locks the checkpoint at this path, waiting for a moment.
pub(super) fn take(checkpoint: &Path) -> Result<FileLock, Error> {
    let begun = Instant::now();
    loop {
        let attempt = FileLock::attempt(checkpoint).map_err(|cause| {
            Error::config(format!(
                "The checkpoint {} cannot be used: {cause}. Its folder must exist and be writable.",
                checkpoint.display()
            ))
        })?;
        match attempt {
            Ok(lock) => return Ok(lock),
            Err(_) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
            Err(owner) => {
                return Err(Error::config(format!(
                    "The checkpoint {} is in use by another job (process {owner}). Wait for it, or give another file.",
                    checkpoint.display()
                )));
            }
        }
    }
}
