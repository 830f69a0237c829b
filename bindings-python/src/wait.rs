//! Sync calls: a task on the engine's runtime, and a thread of Python that waits for it without the GIL.
//!
//! The call runs as a task and not on the waiting thread, so that the thread can always leave: it looks up every 50 ms for
//! signals (Ctrl-C), and when the runtime is shut down at the interpreter's exit the task's end of the channel goes away,
//! which ends the wait at once. Dropping the wait aborts the task, which drops the request.
//!
//! A plain call takes a shorter way where it can ([`wait_here`]): the waiting thread does the work itself, which spares two
//! wakes of other threads, more than half of what a small call costs.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pyo3::prelude::*;
use tokio::task::AbortHandle;
use xano_metadata::{Client, Error, Here, Progress, runtime};

use crate::raise::raise;

/// How long a waiting thread may go without looking for signals. People feel a tenth of a second.
const SLICE: Duration = Duration::from_millis(50);

/// Threads of Python that wait here.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// How far a transfer is, shared between the engine's thread and Python's.
#[derive(Debug, Default)]
pub struct Meter {
    /// Bytes so far plus one; 0 = nothing was reported yet.
    done: AtomicU64,
    /// Bytes in all plus one; 0 = not known.
    total: AtomicU64,
}

impl Meter {
    pub fn set(&self, progress: Progress) {
        self.total
            .store(progress.total.map_or(0, |total| total + 1), Ordering::Relaxed);
        self.done.store(progress.done + 1, Ordering::Release);
    }

    pub fn get(&self) -> Option<(u64, Option<u64>)> {
        let done = self.done.load(Ordering::Acquire).checked_sub(1)?;
        Some((done, self.total.load(Ordering::Relaxed).checked_sub(1)))
    }
}

/// A callback for progress with what it last told.
pub struct Report<'a, 'py> {
    meter: Arc<Meter>,
    callback: &'a Bound<'py, PyAny>,
    told: Option<(u64, Option<u64>)>,
}

impl<'a, 'py> Report<'a, 'py> {
    pub fn new(meter: Arc<Meter>, callback: &'a Bound<'py, PyAny>) -> Self {
        Self {
            meter,
            callback,
            told: None,
        }
    }

    fn tell(&mut self) -> PyResult<()> {
        let now = self.meter.get();
        if let Some(progress) = now
            && now != self.told
        {
            self.told = now;
            self.callback.call1(progress)?;
        }
        Ok(())
    }
}

/// Turns a panic into an error. Its text is not passed on: it may hold anything.
pub async fn guarded<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    AssertUnwindSafe(future)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::internal("The engine panicked.")))
}

/// Runs a call and waits for it.
pub fn wait<T, F>(py: Python<'_>, future: F, mut report: Option<Report<'_, '_>>) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    wait_telling(py, future, || report.as_mut().map_or(Ok(()), Report::tell))
}

/// Runs a call of this client on the waiting thread, unless another thread does so at the moment.
pub fn wait_here<T, F>(py: Python<'_>, client: &Client, future: F, mut report: Option<Report<'_, '_>>) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let Some(mut here) = Here::borrow(client).filter(|_| !runtime::is_shut_down()) else {
        return wait(py, future, report);
    };
    let _count = Counted::new();
    let mut call = std::pin::pin!(guarded(future));
    loop {
        let step = py.detach(|| here.drive(call.as_mut(), SLICE));
        if let Some(report) = &mut report {
            report.tell()?;
        }
        match step {
            Some(result) => return result.map_err(|error| raise(py, &error)),
            None if runtime::is_shut_down() => return Err(raise(py, &ending())),
            None => py.check_signals()?,
        }
    }
}

fn ending() -> Error {
    Error::cancelled("The call was given up because the program is ending.")
}

/// Runs a call and waits for it; `tell` is called every 50 ms, and when the call has ended. What it raises ends the wait.
pub fn wait_telling<T, F>(py: Python<'_>, future: F, mut tell: impl FnMut() -> PyResult<()>) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let result = Arc::new(Mutex::new(None));
    let place = Arc::clone(&result);
    let call = Box::pin(async move {
        let result = guarded(future).await;
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    });
    wait_boxed(py, call, &mut tell)?;
    let result = result.lock().unwrap_or_else(PoisonError::into_inner).take();
    result
        .unwrap_or_else(|| Err(ending()))
        .map_err(|error| raise(py, &error))
}

/// The same for all calls, so that it is compiled once.
fn wait_boxed(py: Python<'_>, call: BoxFuture<'static, ()>, tell: &mut dyn FnMut() -> PyResult<()>) -> PyResult<()> {
    let handle = runtime::handle().map_err(|error| raise(py, &error))?;
    let (sender, mut receiver) = mpsc::sync_channel(1);
    let task = runtime::spawn(handle, async move {
        call.await;
        // A failed send means that nobody waits any more.
        let _ = sender.send(());
    });
    let _abort = AbortOnDrop(task.abort_handle());
    let _count = Counted::new();
    loop {
        // The receiver moves in and out because a closure without the GIL may hold nothing that is tied to a thread.
        let (step, back) = py.detach(move || {
            let step = receiver.recv_timeout(SLICE);
            (step, receiver)
        });
        receiver = back;
        tell()?;
        match step {
            Ok(()) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return Err(raise(py, &ending())),
        }
    }
}

/// Waits until no thread of Python waits here any more, so that none comes back into an interpreter that is gone.
pub fn settle(limit: Duration) {
    let until = Instant::now() + limit;
    while WAITING.load(Ordering::Acquire) > 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Aborts a task that is not waited for any more; one that is done does not mind.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Counted;

impl Counted {
    fn new() -> Self {
        WAITING.fetch_add(1, Ordering::AcqRel);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::AcqRel);
    }
}
