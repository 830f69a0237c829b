//! The engine's events become records of Python's `logging`, in batches, under the logger `xano_metadata`.
//!
//! Whether anyone listens is known by the logger's level, which Python tells now and then; an event below it is dropped
//! where it was made, so that a program without logging pays nearly nothing.

use std::sync::atomic::{AtomicU8, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyList;
use xano_metadata::{Event, EventSink};

use crate::hub::{self, Note};

/// What is logged: the event's JSON text.
pub struct Record(String);

/// The least level anyone wants, as `logging` numbers them. It starts at warnings: nobody has set up logging yet.
static WANTED: AtomicU8 = AtomicU8::new(30);

/// A sink for a client's events.
pub fn sink() -> EventSink {
    EventSink::new(|event| {
        if number(event) >= WANTED.load(Ordering::Relaxed) {
            hub::send(Note::Log(Record(event.to_json())));
        }
    })
}

fn number(event: &Event) -> u8 {
    match event.level().as_str() {
        "ERROR" => 40,
        "WARN" => 30,
        "INFO" => 20,
        _ => 10,
    }
}

/// Asks `_logging.py` for the least level that anyone wants.
pub fn refresh(py: Python<'_>) {
    let level = py
        .import("xano_metadata._logging")
        .and_then(|module| module.call_method0("level"))
        .and_then(|level| level.extract::<u8>());
    if let Ok(level) = level {
        WANTED.store(level, Ordering::Relaxed);
    }
}

/// Hands records to `_logging.py`; the hub's thread calls it.
pub fn log(py: Python<'_>, records: &[Record]) {
    if records.is_empty() {
        return;
    }
    let done = || -> PyResult<()> {
        let texts = PyList::new(py, records.iter().map(|record| record.0.as_str()))?;
        py.import("xano_metadata._logging")?.call_method1("forward", (texts,))?;
        Ok(())
    };
    if let Err(error) = done() {
        // A handler failed; there is no caller to tell, so Python's hook for such errors gets it.
        error.write_unraisable(py, None);
    }
}
