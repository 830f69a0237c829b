//! Telling how far something is, no more often than anyone wants to hear it.

use std::time::{Duration, Instant};

use crate::host::{Host, Notice, Progress};

/// Between two notices of the same thing.
const PAUSE: Duration = Duration::from_millis(100);

/// Progress of one thing.
pub(crate) struct Telling<'h> {
    host: &'h dyn Host,
    what: String,
    unit: &'static str,
    last: Option<Instant>,
}

impl<'h> Telling<'h> {
    pub(crate) fn new(host: &'h dyn Host, what: impl Into<String>, unit: &'static str) -> Self {
        Self {
            host,
            what: what.into(),
            unit,
            last: None,
        }
    }

    /// Says how far it is, unless it was said a moment ago.
    pub(crate) fn at(&mut self, done: u64, total: Option<u64>) {
        if self.last.is_none_or(|last| last.elapsed() >= PAUSE) {
            self.end(done, total);
        }
    }

    /// Says how far it is in any case.
    pub(crate) fn end(&mut self, done: u64, total: Option<u64>) {
        self.last = Some(Instant::now());
        let progress = Progress::new(self.what.clone(), done, total, self.unit);
        self.host.tell(Notice::Progress(progress));
    }
}

/// Says something that the user should know.
pub(crate) fn warn(host: &dyn Host, message: impl Into<String>) {
    host.tell(Notice::Warning {
        message: message.into(),
    });
}
