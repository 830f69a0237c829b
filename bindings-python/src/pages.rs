//! Lists: the engine walks pages, Python reads them.

use std::sync::Arc;

use pyo3::prelude::*;
use tokio::sync::Mutex;

use crate::completions::{Completions, Outcome, Ticket, submit};
use crate::decode;
use crate::wait::wait;

/// A walk over the pages of a list.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Pages(Arc<Mutex<xano_metadata::Pages>>);

impl Pages {
    pub fn new(pages: xano_metadata::Pages) -> Self {
        Self(Arc::new(Mutex::new(pages)))
    }
}

#[pymethods]
impl Pages {
    /// The next page as a tuple; None after the last.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let pages = Arc::clone(&self.0);
        let page = wait(py, async move { pages.lock().await.next().await }, None)?;
        page.map(|page| decode::page(py, &page)).transpose()
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, /))]
    fn submit_next(&self, py: Python<'_>, completions: Py<Completions>, future: Py<PyAny>) -> PyResult<Ticket> {
        let pages = Arc::clone(&self.0);
        let call = async move {
            pages
                .lock()
                .await
                .next()
                .await
                .map(|page| Outcome::Page(page.map(Box::new)))
        };
        submit(py, completions, future, None, call)
    }
}
