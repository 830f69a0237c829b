//! Work under way, as `_jobs.py` drives it: fed from the user's thread, watched, waited for, given up.

use std::time::Duration;

use pyo3::prelude::*;
use xano_metadata::Error;
use xano_metadata::records::{self, JobProgress, Report};

use super::rows::Rows;
use crate::completions::{Completions, Outcome, Ticket, submit};
use crate::decode;
use crate::owned::Owned;
use crate::raise::{raise, refuse};
use crate::wait::wait_telling;

/// A job. When it is dropped the work is given up.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Job(Owned<records::Job>);

impl Job {
    pub fn new(job: records::Job) -> Self {
        Self(Owned::new(job))
    }

    fn job(&self, py: Python<'_>) -> PyResult<&records::Job> {
        self.0.get("This job").map_err(|error| raise(py, &error))
    }
}

fn taken(py: Python<'_>, rows: &Rows) -> PyResult<records::Rows> {
    rows.take()
        .ok_or_else(|| refuse(py, None, "These rows were given to a job before."))
}

/// A report as a dict.
fn report(py: Python<'_>, report: &Report) -> PyResult<Py<PyAny>> {
    let read = serde_json::to_vec(report)
        .ok()
        .and_then(|text| decode::json(py, &text).ok());
    read.ok_or_else(|| raise(py, &Error::internal("A report does not read as JSON.")))
}

#[pymethods]
impl Job {
    /// Hands rows over, waiting while enough of them wait already; `tell` is called meanwhile, now and then. False when the
    /// job has ended and takes no more.
    #[pyo3(signature = (rows, tell, /))]
    fn feed(&self, py: Python<'_>, rows: &Rows, tell: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let (job, rows) = (self.job(py)?.clone(), taken(py, rows)?);
        wait_telling(py, async move { Ok(job.feed(rows).await) }, || call(tell))
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, rows, /))]
    fn submit_feed(
        &self,
        py: Python<'_>,
        completions: Py<Completions>,
        future: Py<PyAny>,
        rows: &Rows,
    ) -> PyResult<Ticket> {
        let (job, rows) = (self.job(py)?.clone(), taken(py, rows)?);
        submit(py, completions, future, None, async move {
            let fed = job.feed(rows).await;
            Ok(Outcome::made(move |py| {
                Ok(fed.into_pyobject(py)?.to_owned().into_any().unbind())
            }))
        })
    }

    /// Says that the source has ended.
    fn end_feed(&self, py: Python<'_>) -> PyResult<()> {
        self.job(py)?.end_feed();
        Ok(())
    }

    /// Waits for the end; `tell` is called meanwhile, now and then.
    #[pyo3(signature = (tell, /))]
    fn wait(&self, py: Python<'_>, tell: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        let job = self.job(py)?.clone();
        let done = wait_telling(py, async move { job.wait().await }, || call(tell))?;
        report(py, &done)
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, /))]
    fn submit_wait(&self, py: Python<'_>, completions: Py<Completions>, future: Py<PyAny>) -> PyResult<Ticket> {
        let job = self.job(py)?.clone();
        submit(py, completions, future, None, async move {
            let done = job.wait().await?;
            Ok(Outcome::made(move |py| report(py, &done)))
        })
    }

    /// Rows, bytes, total, seconds, rows a second, seconds left.
    #[expect(clippy::type_complexity, reason = "it is unpacked on the other side")]
    fn progress(&self, py: Python<'_>) -> PyResult<(u64, u64, Option<u64>, f64, f64, Option<f64>)> {
        let JobProgress {
            rows,
            bytes,
            total,
            seconds,
            rate,
            remaining,
            ..
        } = self.job(py)?.progress();
        Ok((rows, bytes, total, seconds, rate, remaining))
    }

    /// Gives it up, and waits a moment until its task is gone, so that whoever takes up its checkpoint is alone with it.
    #[pyo3(signature = (seconds, /))]
    fn cancel(&self, py: Python<'_>, seconds: f64) {
        let Ok(job) = self.0.get("This job") else { return };
        job.cancel();
        let limit = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        py.detach(|| {
            if let Ok(handle) = xano_metadata::runtime::handle() {
                // Whether it ended in time or how it ended is of no interest to someone who gave it up.
                let _ = handle.block_on(async { tokio::time::timeout(limit, job.wait()).await });
            }
        });
    }
}

fn call(tell: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    tell.map_or(Ok(()), |tell| tell.call0().map(|_| ()))
}
