//! Long work across instances (`xano_fleet`), a step at a time, as `_tasks.py` drives it: what it tells, what it asks and
//! is answered, its result. Callbacks of the user are called there, in Python.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use xano_fleet::{Answer, Context, Step};
use xano_metadata::Error;

use crate::client::{Client, Connection};
use crate::completions::{Completions, Outcome, Ticket, submit};
use crate::decode;
use crate::fleet::Fleet;
use crate::owned::Owned;
use crate::raise::{raise, refuse};
use crate::wait::wait;

/// Work under way. When it is dropped it is given up.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Task(Owned<xano_fleet::Task>);

impl Task {
    fn task(&self, py: Python<'_>) -> PyResult<&xano_fleet::Task> {
        self.0.get("This task").map_err(|error| raise(py, &error))
    }
}

/// A step as a dict.
fn step(py: Python<'_>, step: &Step) -> PyResult<Py<PyAny>> {
    let read = serde_json::to_vec(step)
        .ok()
        .and_then(|text| decode::json(py, &text).ok());
    read.ok_or_else(|| raise(py, &Error::internal("A step does not read as JSON.")))
}

#[pymethods]
impl Task {
    /// Starts the task of this name; `arguments` is JSON.
    #[new]
    #[pyo3(signature = (name, arguments, client, fleet, connections, /))]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a list of Python is taken as a vector, not as a slice"
    )]
    fn new(
        py: Python<'_>,
        name: &str,
        arguments: &Bound<'_, PyBytes>,
        client: Option<&Client>,
        fleet: Option<&Fleet>,
        connections: Vec<PyRef<'_, Connection>>,
    ) -> PyResult<Self> {
        let arguments = serde_json::from_slice(arguments.as_bytes())
            .map_err(|error| refuse(py, None, &format!("The arguments of {name} are no JSON: {error}.")))?;
        let context = Context {
            client: client.map(|client| client.engine().clone()),
            fleet: fleet.map(|fleet| fleet.engine().clone()),
            connections: connections.iter().map(|one| one.engine().clone()).collect(),
        };
        let task = py.detach(|| xano_fleet::Task::start(name, arguments, context));
        task.map(|task| Self(Owned::new(task)))
            .map_err(|error| raise(py, &error))
    }

    /// Waits for the next step; the last one is `done`.
    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let task = self.task(py)?.clone();
        let next = wait(py, async move { task.next().await }, None)?;
        step(py, &next)
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, /))]
    fn submit_next(&self, py: Python<'_>, completions: Py<Completions>, future: Py<PyAny>) -> PyResult<Ticket> {
        let task = self.task(py)?.clone();
        submit(py, completions, future, None, async move {
            let next = task.next().await?;
            Ok(Outcome::made(move |py| step(py, &next)))
        })
    }

    /// Answers the question with this number; True when it was waiting for it.
    #[pyo3(signature = (number, yes, reason, /))]
    fn answer(&self, py: Python<'_>, number: u64, yes: bool, reason: Option<String>) -> PyResult<bool> {
        Ok(self.task(py)?.answer(number, Answer { yes, reason }))
    }

    /// Gives it up, and waits a moment until its work is gone, so that whoever takes up its journal is alone with it.
    #[pyo3(signature = (seconds, /))]
    fn cancel(&self, py: Python<'_>, seconds: f64) {
        let Ok(task) = self.0.get("This task") else { return };
        task.cancel();
        let limit = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        py.detach(|| {
            if let Ok(handle) = xano_metadata::runtime::handle() {
                // Whether it was gone in time is of no interest to someone who gave it up.
                let _ = handle.block_on(async { tokio::time::timeout(limit, task.gone()).await });
            }
        });
    }
}
