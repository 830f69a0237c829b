//! Batches for whoever speaks Arrow's C stream interface: pyarrow, polars, duckdb, pandas and others.
//!
//! That interface blocks, and its consumer calls from whatever thread it likes. So the read goes on in a task on the
//! engine's own runtime, a few batches ahead, and the consumer's thread sleeps until one is there. It needs no runtime
//! itself; where it happens to be a worker of one, it first gives its other tasks to another thread.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use futures_util::FutureExt as _;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::ArrowReader;
use crate::error::Error;
use crate::runtime;

/// Batches that wait to be taken: while the consumer works on one, the next is being made.
const AHEAD: usize = 2;

/// How often the check of [`ArrowStream::checking`] is made.
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// What the read says: a batch, its end, or why it failed.
type News = Result<Option<RecordBatch>, Error>;

type Check = Box<dyn FnMut() -> Result<(), Error> + Send>;

/// A read as an iterator that blocks. Dropping it gives the read up.
///
/// Nothing is read before the first batch is asked for. Rust code that is async itself should use [`ArrowReader::next`].
pub struct ArrowStream {
    schema: SchemaRef,
    state: State,
    failed: Failed,
    check: Option<Check>,
}

enum State {
    Waiting(Box<ArrowReader>),
    Running(Running),
    Over,
}

/// The error of a stream. Arrow's interface hands on its text alone; here it can be had whole.
#[derive(Clone, Debug, Default)]
pub struct Failed(Arc<Mutex<Option<Error>>>);

impl Failed {
    /// Takes the error, if the stream has failed.
    #[must_use]
    pub fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, error: Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

impl fmt::Debug for ArrowStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ArrowStream")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl ArrowStream {
    pub(super) fn new(reader: ArrowReader) -> Self {
        Self {
            schema: reader.schema(),
            state: State::Waiting(Box::new(reader)),
            failed: Failed::default(),
            check: None,
        }
    }

    /// Has `check` called every 50 ms while a batch is waited for, on the waiting thread; an error ends the stream. It is
    /// how a language with signals of its own lets Ctrl-C through.
    #[must_use]
    pub fn checking(mut self, check: impl FnMut() -> Result<(), Error> + Send + 'static) -> Self {
        self.check = Some(Box::new(check));
        self
    }

    /// Where the error will be found if the stream fails.
    #[must_use]
    pub fn failed(&self) -> Failed {
        self.failed.clone()
    }

    /// The stream in the form of Arrow's C interface. Releasing it gives the read up.
    #[must_use]
    pub fn into_ffi(self) -> FFI_ArrowArrayStream {
        FFI_ArrowArrayStream::new(Box::new(self))
    }

    fn advance(&mut self) -> News {
        let mut running = match std::mem::replace(&mut self.state, State::Over) {
            State::Waiting(reader) => Running::start(*reader)?,
            State::Running(running) => running,
            State::Over => return Ok(None),
        };
        let batch = running.wait(self.check.as_mut())?;
        if batch.is_some() {
            self.state = State::Running(running);
        }
        Ok(batch)
    }
}

impl Iterator for ArrowStream {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance() {
            Ok(batch) => batch.map(Ok),
            Err(error) => {
                // The C interface ends its texts with a zero.
                let text = error.to_string().replace('\0', "\u{fffd}");
                self.failed.set(error);
                Some(Err(ArrowError::IoError(text.clone(), std::io::Error::other(text))))
            }
        }
    }
}

impl RecordBatchReader for ArrowStream {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }
}

/// The task that reads, as seen from the consumer.
struct Running {
    /// None once it was left to a process that is not ours.
    news: Option<mpsc::Receiver<News>>,
    task: AbortHandle,
    process: u32,
}

impl Running {
    fn start(mut reader: ArrowReader) -> Result<Self, Error> {
        let (sender, news) = mpsc::channel(AHEAD);
        let task = runtime::spawn(runtime::handle()?, async move {
            loop {
                let next = AssertUnwindSafe(reader.next()).catch_unwind().await;
                let next = next.unwrap_or_else(|_| Err(Error::internal("A page of records could not be decoded.")));
                let last = !matches!(next, Ok(Some(_)));
                if sender.send(next).await.is_err() || last {
                    return;
                }
            }
        });
        Ok(Self {
            news: Some(news),
            task: task.abort_handle(),
            process: std::process::id(),
        })
    }

    fn wait(&mut self, check: Option<&mut Check>) -> News {
        if self.process != std::process::id() {
            return Err(Error::cancelled(
                "The stream was begun by the process that this one was forked from, and is read there.",
            ));
        }
        let Some(news) = &mut self.news else { return Ok(None) };
        let worker = Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
        let next = if worker {
            tokio::task::block_in_place(|| sleep_until_next(news, check))
        } else {
            sleep_until_next(news, check)
        };
        next?.unwrap_or_else(|| {
            Err(Error::cancelled(
                "The read ended before its last batch, because the client's engine was shut down.",
            ))
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.process == std::process::id() {
            self.task.abort();
        } else {
            // Its locks may be held by threads that a forked child does not have.
            std::mem::forget(self.news.take());
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The next message, or none when there will be no more. Tokio's own blocking calls panic on threads that run tasks.
fn sleep_until_next(news: &mut mpsc::Receiver<News>, mut check: Option<&mut Check>) -> Result<Option<News>, Error> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(next) = news.poll_recv(&mut context) {
            return Ok(next);
        }
        match &mut check {
            Some(check) => {
                std::thread::park_timeout(CHECK_EVERY);
                check()?;
            }
            None => std::thread::park(),
        }
    }
}
