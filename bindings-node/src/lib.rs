//! The native side of the Node face: the core behind about a dozen generic functions, however many operations there are.
//!
//! TypeScript packs arguments, and builds objects and errors; Rust makes the calls. What crosses the boundary is a number
//! for each call, JSON text for parameters, and bytes for bodies. Outcomes go back in batches over one wake of the event
//! loop ([`hub`]), because waking is what costs, not carrying.
//!
//! Calls run on the core's own runtime and not on one of napi's: it is shut down once, at exit, and nothing brings it back.
#![deny(unsafe_code)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "napi hands arguments over by value, whatever is done with them"
)]

mod big_ints;
mod client;
pub mod command_line;
mod delivery;
mod download;
mod emulator;
mod fleet;
mod hub;
mod jobs;
mod options;
mod records;
mod request;
mod tasks;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use napi_derive::napi;
use xano_metadata::{Error, runtime};

/// How long a process that exits waits for the engine's threads.
const EXIT: Duration = Duration::from_millis(500);

/// Ends the engine's threads, at the exit of the process.
#[napi]
pub fn shutdown() {
    runtime::shutdown(EXIT);
}

/// A core error as an exception whose message is its JSON; TypeScript makes the real error of it.
fn throw(error: &Error) -> napi::Error {
    napi::Error::from_reason(error.to_json())
}

/// Runs what JavaScript called; neither an error nor a panic of it leaves as anything but an exception.
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> napi::Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(throw(&error)),
        Err(_) => Err(throw(&panicked())),
    }
}

fn panicked() -> Error {
    Error::internal("The native code of xano-metadata panicked; the message is on the standard error stream.")
}
