//! A read as lists of dicts, a page at a time.

use std::sync::Arc;

use pyo3::prelude::*;
use tokio::sync::Mutex;
use xano_metadata::Error;
use xano_metadata::records::{self, RecordPage};

use crate::completions::{Completions, Outcome, Ticket, submit};
use crate::decode;
use crate::owned::Owned;
use crate::raise::raise;
use crate::wait::wait;

/// A read under way. Dropping it gives up the pages that are on their way.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Reader(Owned<Arc<Mutex<records::Reader>>>);

impl Reader {
    pub fn new(reader: records::Reader) -> Self {
        Self(Owned::new(Arc::new(Mutex::new(reader))))
    }

    fn shared(&self, py: Python<'_>) -> PyResult<Arc<Mutex<records::Reader>>> {
        let shared = self.0.get("This read").map_err(|error| raise(py, &error))?;
        Ok(Arc::clone(shared))
    }
}

async fn next(reader: &Mutex<records::Reader>) -> Result<Option<RecordPage>, Error> {
    reader.lock().await.next().await
}

fn page(py: Python<'_>, page: Option<&RecordPage>) -> PyResult<Py<PyAny>> {
    let Some(page) = page else { return Ok(py.None()) };
    decode::json(py, &page.items).map_err(|trouble| {
        let at = trouble.description(&page.items);
        raise(
            py,
            &Error::internal(format!("The records of a page do not read as JSON: {at}.")),
        )
    })
}

#[pymethods]
impl Reader {
    /// The records of the next page; None after the last.
    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let reader = self.shared(py)?;
        let found = wait(py, async move { next(&reader).await }, None)?;
        page(py, found.as_ref())
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, /))]
    fn submit_next(&self, py: Python<'_>, completions: Py<Completions>, future: Py<PyAny>) -> PyResult<Ticket> {
        let reader = self.shared(py)?;
        submit(py, completions, future, None, async move {
            let found = next(&reader).await?;
            Ok(Outcome::made(move |py| page(py, found.as_ref())))
        })
    }
}
