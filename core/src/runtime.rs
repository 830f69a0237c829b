//! The tokio runtime for callers that have none: the Python and Node bindings.
//!
//! It is made at first use, belongs to one process (a forked child makes its own, see `process.rs`) and is shut down
//! once: a task that comes late, when an interpreter is already being torn down, must not bring it back to life, because
//! its threads would then run code that is being unloaded. Rust callers who are on tokio already never touch it.
//!
//! ```
//! let answer = xano_metadata::runtime::handle()?.block_on(async { 6 * 7 });
//! assert_eq!(answer, 42);
//! # Ok::<(), xano_metadata::Error>(())
//! ```

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinHandle};

use crate::error::Error;
use crate::process::{self, PerProcess};

/// Worker threads at most. One is enough to saturate a few connections; four leave room for decompression.
const MAX_WORKERS: usize = 4;

/// Processors for each worker. Of two, one stays for whoever waits for the answer; a second worker would find little to
/// do, and waking it takes a third of the time of a small call.
const PROCESSORS: usize = 2;

static ENGINE: PerProcess<Result<Engine, String>> = PerProcess::new();

/// The process that was shut down; a child of it may still start its own runtime.
static SHUT_DOWN: AtomicU32 = AtomicU32::new(0);

struct Engine {
    handle: Handle,
    runtime: Mutex<Option<Runtime>>,
}

/// The runtime's handle, made if need be.
///
/// # Errors
/// `cancelled` after [`shutdown`]; `internal_error` when the system gives no threads.
pub fn handle() -> Result<&'static Handle, Error> {
    if is_shut_down() {
        return Err(Error::cancelled(
            "The call came after the client's engine was shut down, as happens at exit.",
        ));
    }
    match ENGINE.get_or_init(start) {
        Ok(engine) => Ok(&engine.handle),
        Err(cause) => Err(Error::internal(format!(
            "The system gives no threads for the client's engine: {cause}."
        ))),
    }
}

/// Whether [`shutdown`] was called in this process.
#[must_use]
pub fn is_shut_down() -> bool {
    SHUT_DOWN.load(Ordering::Acquire) == process::id()
}

/// Drops every task and ends the threads, waiting at most `timeout` for those that are busy. Later calls of [`handle`]
/// fail instead of starting anew. Calling it twice does no harm.
pub fn shutdown(timeout: Duration) {
    SHUT_DOWN.store(process::id(), Ordering::Release);
    let Some(Ok(engine)) = ENGINE.get() else { return };
    let runtime = engine.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(runtime) = runtime else { return };
    if Handle::try_current().is_ok() {
        // A thread of a runtime must not wait for runtimes; the workers then end on their own.
        runtime.shutdown_background();
    } else {
        runtime.shutdown_timeout(timeout);
    }
}

/// Starts a task. All tasks are of one shape for the runtime: each shape of its own costs every package some five kilobytes.
pub fn spawn(handle: &Handle, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    fn start(handle: &Handle, work: Pin<Box<dyn Future<Output = ()> + Send>>) -> JoinHandle<()> {
        handle.spawn(work)
    }
    start(handle, Box::pin(work))
}

/// Does what may wait for the disk, or computes a while, on a thread where nobody else has to wait for it. Once begun it runs
/// to its end, also when nobody waits any more. Like [`spawn`], it is of one shape.
///
/// # Errors
/// When the work panicked, or the runtime ended before it began.
///
/// # Panics
/// Never: work that ended has left its result.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    fn start(work: Box<dyn FnOnce() + Send>) -> JoinHandle<()> {
        tokio::task::spawn_blocking(work)
    }
    let place = Arc::new(Mutex::new(None));
    let result = Arc::clone(&place);
    start(Box::new(move || {
        let done = work();
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    }))
    .await?;
    let done = result.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(done.expect("work that ended left its result"))
}

fn start() -> Result<Engine, String> {
    let workers = std::thread::available_parallelism().map_or(1, |count| usize::from(count) / PROCESSORS);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers.clamp(1, MAX_WORKERS))
        .thread_name("xano-metadata")
        .enable_all()
        .build()
        .map_err(|cause| cause.to_string())?;
    Ok(Engine {
        handle: runtime.handle().clone(),
        runtime: Mutex::new(Some(runtime)),
    })
}
