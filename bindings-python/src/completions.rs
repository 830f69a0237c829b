//! asyncio: finished calls queue up, and a loop is woken once for all that came meanwhile.
//!
//! Waking a loop costs more than a small request, so results do not come one by one. Each loop has a [`Completions`]; a task
//! of the engine that ends puts its result there and, if nobody did so yet, wakes the loop. The loop then
//! calls [`Completions::drain`], which decodes and resolves everything in the queue.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use pyo3::intern;
use pyo3::prelude::*;
use tokio::task::AbortHandle;
use xano_metadata::{Download, Error, RawPage, Reply, runtime};

use crate::bell;
use crate::decode::{self, Answer};
use crate::hub::{self, Note};
use crate::raise::raise;
use crate::stream::Stream;
use crate::wait::{Meter, guarded};

/// What a finished call leaves for its future.
pub enum Outcome {
    Reply(Box<Reply>, Answer),
    Page(Option<Box<RawPage>>),
    Opened(Box<Download>),
    Chunk(Option<Bytes>),
    /// Whatever this makes of what the call left.
    Made(Make),
    Done,
}

/// Makes a result, on the loop's thread.
type Make = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

impl Outcome {
    pub fn made(make: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static) -> Self {
        Self::Made(Box::new(make))
    }
}

struct Finished {
    future: Py<PyAny>,
    outcome: Result<Outcome, Error>,
}

/// The queue of one event loop.
///
/// Where loops watch sockets (everywhere but Windows' default), a byte on a pair of sockets wakes the loop, which takes
/// neither the GIL nor a thread. Elsewhere the hub's thread does it through `call_soon_threadsafe`.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Completions {
    queue: Mutex<Vec<Finished>>,
    woken: AtomicBool,
    bell: OnceLock<bell::Bell>,
}

#[pymethods]
impl Completions {
    #[new]
    fn new() -> Self {
        Self {
            queue: Mutex::default(),
            woken: AtomicBool::new(false),
            bell: OnceLock::new(),
        }
    }

    /// The descriptor that becomes readable when there is something to drain; None where there is no such thing.
    fn watch(&self) -> Option<i32> {
        let (bell, descriptor) = bell::Bell::new()?;
        self.bell.set(bell).ok()?;
        Some(descriptor)
    }

    /// Resolves the futures of everything in the queue; the loop calls it.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        if let Some(bell) = self.bell.get() {
            bell.hush();
        }
        // In this order: what is queued after the queue was taken finds the mark down and wakes the loop again.
        self.woken.store(false, Ordering::Release);
        let finished = std::mem::take(&mut *self.lock());
        for one in finished {
            resolve(py, one)?;
        }
        Ok(())
    }
}

impl Completions {
    fn lock(&self) -> MutexGuard<'_, Vec<Finished>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn resolve(py: Python<'_>, finished: Finished) -> PyResult<()> {
    let future = finished.future.bind(py);
    if future.call_method0(intern!(py, "done"))?.is_truthy()? {
        return Ok(()); // cancelled meanwhile
    }
    let value = match finished.outcome {
        Ok(Outcome::Reply(reply, kind)) => decode::answer(py, &reply, kind),
        Ok(Outcome::Page(Some(page))) => decode::page(py, &page),
        Ok(Outcome::Page(None) | Outcome::Done) => Ok(py.None()),
        Ok(Outcome::Opened(download)) => Py::new(py, Stream::new(*download)).map(Py::into_any),
        Ok(Outcome::Chunk(piece)) => Ok(decode::chunk(py, piece.as_ref())),
        Ok(Outcome::Made(make)) => make(py),
        Err(error) => Err(raise(py, &error)),
    };
    match value {
        Ok(value) => future.call_method1(intern!(py, "set_result"), (value,))?,
        Err(error) => future.call_method1(intern!(py, "set_exception"), (error,))?,
    };
    Ok(())
}

/// Asks a loop to drain its queue; the hub's thread calls it.
pub fn wake(py: Python<'_>, queue: &Py<Completions>) {
    let completions = queue.get();
    let first = completions.lock().first().map(|finished| finished.future.clone_ref(py));
    let Some(future) = first else {
        completions.woken.store(false, Ordering::Release);
        return;
    };
    let asked = || -> PyResult<()> {
        let event_loop = future.bind(py).call_method0(intern!(py, "get_loop"))?;
        let drain = queue.bind(py).getattr(intern!(py, "drain"))?;
        event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (drain,))?;
        Ok(())
    };
    if asked().is_err() {
        // The loop is closed: nobody waits for these results any more.
        completions.woken.store(false, Ordering::Release);
        let abandoned = std::mem::take(&mut *completions.lock());
        drop(abandoned);
    }
}

/// Starts a call whose result goes to `future`, a future of the loop that `completions` belongs to.
pub fn submit<F>(
    py: Python<'_>,
    completions: Py<Completions>,
    future: Py<PyAny>,
    meter: Option<Arc<Meter>>,
    call: F,
) -> PyResult<Ticket>
where
    F: Future<Output = Result<Outcome, Error>> + Send + 'static,
{
    // In a box, so that what follows is compiled once for all calls.
    submit_boxed(py, completions, future, meter, Box::pin(call))
}

fn submit_boxed(
    py: Python<'_>,
    completions: Py<Completions>,
    future: Py<PyAny>,
    meter: Option<Arc<Meter>>,
    call: BoxFuture<'static, Result<Outcome, Error>>,
) -> PyResult<Ticket> {
    let handle = runtime::handle().map_err(|error| raise(py, &error))?;
    let task = runtime::spawn(handle, async move {
        let outcome = guarded(call).await;
        let queue = completions.get();
        queue.lock().push(Finished { future, outcome });
        if !queue.woken.swap(true, Ordering::AcqRel) {
            match queue.bell.get() {
                Some(bell) => bell.ring(),
                None => hub::send(Note::Wake(completions)),
            }
        }
    });
    Ok(Ticket {
        task: task.abort_handle(),
        meter,
    })
}

/// A call under way.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Ticket {
    task: AbortHandle,
    meter: Option<Arc<Meter>>,
}

#[pymethods]
impl Ticket {
    /// Gives the call up and drops its request.
    fn cancel(&self) {
        self.task.abort();
    }

    /// Bytes so far and, where known, in all; None before the first.
    fn progress(&self) -> Option<(u64, Option<u64>)> {
        self.meter.as_ref()?.get()
    }
}
