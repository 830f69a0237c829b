//! Keeping a second process away from a journal.

use std::path::Path;
use std::time::{Duration, Instant};

use xano_metadata::Error;
use xano_metadata::file_lock::FileLock;

use crate::disk::cannot;

/// A run that was just given up may still be writing its last state.
const PATIENCE: Duration = Duration::from_secs(2);

/// Held as long as it lives; then the file goes as well.
#[derive(Debug)]
pub(super) struct Lock(FileLock);

impl Lock {
    /// Locks the journal at this path, waiting for a moment.
    pub(super) async fn take(journal: &Path) -> Result<Self, Error> {
        let begun = Instant::now();
        loop {
            match FileLock::attempt(journal).map_err(|cause| cannot("locked", journal, &cause))? {
                Ok(lock) => return Ok(Self(lock)),
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
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.remove();
    }
}
