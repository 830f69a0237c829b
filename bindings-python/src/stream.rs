//! Answers that are read as they come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use pyo3::prelude::*;
use tokio::sync::Mutex;
use xano_metadata::{Download, Error};

use crate::completions::{Completions, Outcome, Ticket, submit};
use crate::decode;
use crate::wait::wait;

/// An open answer.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Stream(Arc<Shared>);

struct Shared {
    download: Mutex<Option<Download>>,
    closed: AtomicBool,
}

impl Stream {
    pub fn new(download: Download) -> Self {
        let download = Mutex::new(Some(download));
        Self(Arc::new(Shared {
            download,
            closed: AtomicBool::new(false),
        }))
    }
}

impl Shared {
    async fn chunk(&self) -> Result<Option<Bytes>, Error> {
        let mut place = self.download.lock().await;
        let piece = match place.as_mut() {
            Some(download) if !self.closed.load(Ordering::Acquire) => download.chunk().await?,
            _ => None,
        };
        if piece.is_none() || self.closed.load(Ordering::Acquire) {
            *place = None;
        }
        Ok(piece)
    }
}

#[pymethods]
impl Stream {
    /// The next piece; None at the end, or when the stream was closed.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let shared = Arc::clone(&self.0);
        let piece = wait(py, async move { shared.chunk().await }, None)?;
        Ok(piece.map(|piece| decode::chunk(py, Some(&piece))))
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, /))]
    fn submit_next(&self, py: Python<'_>, completions: Py<Completions>, future: Py<PyAny>) -> PyResult<Ticket> {
        let shared = Arc::clone(&self.0);
        let call = async move { shared.chunk().await.map(Outcome::Chunk) };
        submit(py, completions, future, None, call)
    }

    /// Drops the connection; at once, or when the piece that is being read has come.
    fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        if let Ok(mut place) = self.0.download.try_lock() {
            *place = None;
        }
    }
}
