//! The ledger of a job and its file.
//!
//! Before a request goes out, what it means to do is in the file; what came of it follows with the next such writing, as
//! forgetting it costs no more than looking it up again. Batches that want to be written at the same time are written
//! together.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::checkpoint::Checkpoint;
use super::ledger::Ledger;
use crate::error::Error;

#[derive(Debug)]
pub(super) struct Book {
    state: Mutex<State>,
    /// Changes that are in the file. Held while it is written.
    written: tokio::sync::Mutex<u64>,
    file: Option<Checkpoint>,
    job: String,
    began: Instant,
    seconds_before: f64,
}

#[derive(Debug)]
struct State {
    ledger: Ledger,
    changes: u64,
}

impl Book {
    pub(super) fn new(ledger: Ledger, job: String, file: Option<Checkpoint>) -> Self {
        Self {
            seconds_before: ledger.seconds,
            state: Mutex::new(State { ledger, changes: 1 }),
            written: tokio::sync::Mutex::new(0),
            file,
            job,
            began: Instant::now(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the ledger, or changes it.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Ledger) -> T) -> T {
        let mut state = self.lock();
        state.changes += 1;
        work(&mut state.ledger)
    }

    /// Whether there is a file.
    pub(super) const fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// The random name of the job, which stays when it goes on.
    pub(super) fn job(&self) -> &str {
        &self.job
    }

    /// Seconds over all runs.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds_before + self.began.elapsed().as_secs_f64()
    }

    /// Returns when everything noted so far is in the file.
    pub(super) async fn save(&self) -> Result<(), Error> {
        let Some(file) = &self.file else { return Ok(()) };
        let wanted = self.lock().changes;
        let mut written = self.written.lock().await;
        if *written >= wanted {
            return Ok(());
        }
        let (mut ledger, changes) = {
            let state = self.lock();
            (state.ledger.clone(), state.changes)
        };
        ledger.seconds = self.seconds();
        file.write(file.text(&self.job, &ledger)?).await?;
        *written = changes;
        Ok(())
    }

    /// The job is done: the file goes.
    pub(super) fn close(self) -> Result<(), Error> {
        self.file.map_or(Ok(()), Checkpoint::remove)
    }
}
