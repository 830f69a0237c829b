//! Long work that goes on by itself: it can be fed, watched, waited for and given up.
//!
//! A job is a task on the runtime. Whoever holds it feeds rows (when it takes rows), looks at its progress and waits for
//! its report. Dropping it gives it up; a checkpoint, if there is one, is usable at any moment.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use super::report::Report;
use super::rows::Rows;
use crate::error::Error;
use crate::runtime;

/// Feeds that may wait: one that is being worked on and one behind it, so that neither side idles.
const WAITING: usize = 2;

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct JobProgress {
    /// Rows that are done with: stored, written, skipped or refused.
    pub rows: u64,
    /// Bytes of rows that were sent or written.
    pub bytes: u64,
    /// Rows in all, where known.
    pub total: Option<u64>,
    /// Seconds since the job began.
    pub seconds: f64,
    /// Rows a second, over the whole time of this run.
    pub rate: f64,
    /// Seconds left, by the rate so far, where the total is known.
    pub remaining: Option<f64>,
}

/// Where a task notes how far it is.
#[derive(Debug)]
pub(crate) struct Meter {
    began: Instant,
    rows: AtomicU64,
    /// Rows that an earlier run had done, which say nothing of the rate.
    before: AtomicU64,
    bytes: AtomicU64,
    /// Plus one; 0 = not known.
    total: AtomicU64,
}

impl Meter {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            rows: AtomicU64::new(0),
            before: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            total: AtomicU64::new(0),
        })
    }

    pub(crate) fn add(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Rows that were done when this run began.
    pub(crate) fn resume_at(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.before.store(rows, Ordering::Relaxed);
    }

    pub(crate) fn set_total(&self, total: Option<u64>) {
        self.total.store(total.map_or(0, |total| total + 1), Ordering::Relaxed);
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate is an estimate")]
    pub(crate) fn read(&self) -> JobProgress {
        let rows = self.rows.load(Ordering::Relaxed);
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = rows.saturating_sub(self.before.load(Ordering::Relaxed)) as f64 / seconds.max(1e-9);
        let total = self.total.load(Ordering::Relaxed).checked_sub(1);
        let left = total.map(|total| total.saturating_sub(rows) as f64);
        JobProgress {
            rows,
            bytes: self.bytes.load(Ordering::Relaxed),
            total,
            seconds,
            rate,
            remaining: left.filter(|_| rate > 0.0).map(|left| left / rate),
        }
    }
}

/// Rows as they are fed; none when the source has ended.
pub(crate) type Feed = mpsc::Receiver<Rows>;

/// Work under way. Clones are of the same job; when the last is dropped it is given up.
#[derive(Clone, Debug)]
pub struct Job {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    meter: Arc<Meter>,
    feed: Mutex<Option<mpsc::Sender<Rows>>>,
    ended: watch::Receiver<bool>,
    outcome: Arc<Mutex<Option<Result<Report, Error>>>>,
    task: AbortHandle,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Job {
    /// Starts `work` on the current runtime, or on the engine's own where there is none.
    pub(crate) fn start<W>(work: impl FnOnce(Feed, Arc<Meter>) -> W) -> Result<Self, Error>
    where
        W: Future<Output = Result<Report, Error>> + Send + 'static,
    {
        let meter = Meter::new();
        let (sender, feed) = mpsc::channel(WAITING);
        // In a box, so that what runs it is compiled once for all kinds of work.
        let work = Box::pin(work(feed, Arc::clone(&meter)));
        Self::start_boxed(work, meter, sender)
    }

    fn start_boxed(
        work: BoxFuture<'static, Result<Report, Error>>,
        meter: Arc<Meter>,
        sender: mpsc::Sender<Rows>,
    ) -> Result<Self, Error> {
        let handle = match tokio::runtime::Handle::try_current() {
            Ok(handle) => handle,
            Err(_) => runtime::handle()?.clone(),
        };
        let (done, ended) = watch::channel(false);
        let outcome = Arc::new(Mutex::new(None));
        let place = Arc::clone(&outcome);
        let task = runtime::spawn(&handle, async move {
            // A panic must not look like a job that somebody gave up.
            let result = AssertUnwindSafe(work)
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(Error::internal("The job panicked.")));
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            // Nobody may be listening any more.
            let _ = done.send(true);
        });
        Ok(Self {
            inner: Arc::new(Inner {
                meter,
                feed: Mutex::new(Some(sender)),
                ended,
                outcome,
                task: task.abort_handle(),
            }),
        })
    }

    /// Hands rows over, waiting while enough of them wait already. False when the job has ended and takes no more; then
    /// [`wait`](Self::wait) says why.
    pub async fn feed(&self, rows: Rows) -> bool {
        let sender = self.inner.feed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match sender {
            Some(sender) => sender.send(rows).await.is_ok(),
            None => false,
        }
    }

    /// Says that the source has ended.
    pub fn end_feed(&self) {
        self.inner.feed.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> JobProgress {
        self.inner.meter.read()
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        *self.inner.ended.borrow()
    }

    /// Gives it up at once. What is in flight may still arrive; a checkpoint knows of it.
    pub fn cancel(&self) {
        self.inner.task.abort();
    }

    /// Waits for its end. The report is handed out once.
    ///
    /// # Errors
    /// `record_error` when a row was refused and the job was to stop, or when it cannot be known what became of some; those
    /// of a call; each with the report so far ([`Error::report`]). `cancelled` when the job was given up.
    pub async fn wait(&self) -> Result<Report, Error> {
        let mut ended = self.inner.ended.clone();
        // An error means that the task is gone without a word.
        let _ = ended.wait_for(|ended| *ended).await;
        let outcome = self.inner.outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        outcome.unwrap_or_else(|| Err(Error::cancelled("The job was given up.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test]
    async fn a_panic_is_an_error_of_ours_and_not_a_job_given_up() {
        let job = Job::start(|_feed, _meter| async { panic!("on purpose") }).expect("a runtime");
        assert_eq!(job.wait().await.expect_err("a panic").kind(), ErrorKind::Internal);
        let endless = Job::start(|_feed, _meter| std::future::pending()).expect("a runtime");
        endless.cancel();
        assert_eq!(endless.wait().await.expect_err("given up").kind(), ErrorKind::Cancelled);
    }
}
