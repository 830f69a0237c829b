//! The client and its connections: what generated methods call on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use xano_metadata::{ProgressSink, Request};

use crate::completions::{Completions, Outcome, Ticket, submit};
use crate::decode::{self, Answer};
use crate::events;
use crate::options;
use crate::pages::Pages;
use crate::raise::raise;
use crate::request::unpack;
use crate::stream::Stream;
use crate::wait::{Meter, Report, wait, wait_here};

/// How often a call asks whether someone began to listen to the log.
const REFRESH_EVERY: u32 = 64;

static CALLS: AtomicU32 = AtomicU32::new(0);

/// One set of credentials and one pool of connections.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Client(xano_metadata::Client);

impl Client {
    /// Around one of the engine's.
    pub const fn over(client: xano_metadata::Client) -> Self {
        Self(client)
    }

    /// The same for the engine.
    pub fn engine(&self) -> &xano_metadata::Client {
        &self.0
    }
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (options, /))]
    fn new(py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        events::refresh(py);
        let mut options = options::client(py, options)?;
        options.on_event = Some(events::sink());
        let client = py.detach(|| xano_metadata::Client::new(options));
        client.map(Self).map_err(|error| raise(py, &error))
    }

    fn account(&self) -> Connection {
        Connection(self.0.account())
    }

    #[pyo3(signature = (name, /))]
    fn instance(&self, name: String) -> Connection {
        Connection(self.0.instance(name))
    }

    #[pyo3(signature = (meta_api, rate_limited, /))]
    fn instance_named_by_account(&self, py: Python<'_>, meta_api: &str, rate_limited: bool) -> PyResult<Connection> {
        let connection = self.0.instance_named_by_account(meta_api, rate_limited);
        connection.map(Connection).map_err(|error| raise(py, &error))
    }

    #[pyo3(signature = (url, /))]
    fn instance_at(&self, py: Python<'_>, url: Option<&str>) -> PyResult<Connection> {
        let connection = match url {
            Some(url) => self.0.instance_at(url, None),
            None => self.0.default_instance(),
        };
        connection.map(Connection).map_err(|error| raise(py, &error))
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.0.stats();
        let dict = PyDict::new(py);
        dict.set_item("requests", stats.requests)?;
        dict.set_item("retries", stats.retries)?;
        dict.set_item("limiter_waits", stats.limiter_waits)?;
        dict.set_item("limiter_wait_seconds", stats.limiter_wait.as_secs_f64())?;
        dict.set_item("bytes_in", stats.bytes_in)?;
        dict.set_item("bytes_out", stats.bytes_out)?;
        dict.set_item("connections", stats.connections)?;
        Ok(dict)
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

/// A way to one API.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Connection(xano_metadata::Connection);

impl Connection {
    /// Around one of the engine's.
    pub const fn over(connection: xano_metadata::Connection) -> Self {
        Self(connection)
    }

    /// The same for the engine.
    pub fn engine(&self) -> &xano_metadata::Connection {
        &self.0
    }
}

#[pymethods]
impl Connection {
    fn base_url(&self) -> Option<String> {
        self.0.base_url()
    }

    /// Makes a call and waits for the answer.
    #[pyo3(signature = (packed, answer, on_progress = None, /))]
    fn call(
        &self,
        py: Python<'_>,
        packed: &Bound<'_, PyTuple>,
        answer: u8,
        on_progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        listen(py);
        let mut request = unpack(py, packed)?;
        let meter = on_progress.map(|_| metered(&mut request));
        let report = meter
            .zip(on_progress)
            .map(|(meter, callback)| Report::new(meter, callback));
        let connection = self.0.clone();
        let client = self.0.client();
        let reply = wait_here(py, client, async move { connection.call(request).await }, report)?;
        decode::answer(py, &reply, Answer::from_number(answer))
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, packed, answer, /))]
    fn submit(
        &self,
        py: Python<'_>,
        completions: Py<Completions>,
        future: Py<PyAny>,
        packed: &Bound<'_, PyTuple>,
        answer: u8,
    ) -> PyResult<Ticket> {
        listen(py);
        let mut request = unpack(py, packed)?;
        // Only forms are long enough to be watched on their way out.
        let meter = matches!(request.body, xano_metadata::Body::Multipart(_)).then(|| metered(&mut request));
        let connection = self.0.clone();
        let answer = Answer::from_number(answer);
        let call = async move {
            connection
                .call(request)
                .await
                .map(|reply| Outcome::Reply(Box::new(reply), answer))
        };
        submit(py, completions, future, meter, call)
    }

    /// Starts a walk over a list; `ahead` lets it fetch pages before they are asked for.
    #[pyo3(signature = (packed, ahead, /))]
    fn pages(&self, py: Python<'_>, packed: &Bound<'_, PyTuple>, ahead: bool) -> PyResult<Pages> {
        listen(py);
        let mut request = unpack(py, packed)?;
        if !ahead {
            request.options.prefetch = Some(0);
        }
        Ok(Pages::new(self.0.pages(request)))
    }

    /// Writes an answer to a file and waits until it is there.
    #[pyo3(signature = (packed, to, on_progress, /))]
    fn save(
        &self,
        py: Python<'_>,
        packed: &Bound<'_, PyTuple>,
        to: String,
        on_progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        listen(py);
        let request = unpack(py, packed)?;
        let meter = Arc::new(Meter::default());
        let report = on_progress.map(|callback| Report::new(Arc::clone(&meter), callback));
        let connection = self.0.clone();
        let call = async move {
            let download = connection.open(request).await?;
            download.save(to, |progress| meter.set(progress)).await
        };
        wait(py, call, report).map(|_| ())
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, packed, to, /))]
    fn submit_save(
        &self,
        py: Python<'_>,
        completions: Py<Completions>,
        future: Py<PyAny>,
        packed: &Bound<'_, PyTuple>,
        to: String,
    ) -> PyResult<Ticket> {
        listen(py);
        let request = unpack(py, packed)?;
        let meter = Arc::new(Meter::default());
        let connection = self.0.clone();
        let shared = Arc::clone(&meter);
        let call = async move {
            let download = connection.open(request).await?;
            download
                .save(to, |progress| shared.set(progress))
                .await
                .map(|_| Outcome::Done)
        };
        submit(py, completions, future, Some(meter), call)
    }

    /// Fetches a file by its address, without the token.
    #[pyo3(signature = (src, to, on_progress, /))]
    fn fetch(&self, py: Python<'_>, src: String, to: String, on_progress: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let meter = Arc::new(Meter::default());
        let report = on_progress.map(|callback| Report::new(Arc::clone(&meter), callback));
        let connection = self.0.clone();
        let call = async move {
            let download = connection.fetch(&src).await?;
            download.save(to, |progress| meter.set(progress)).await
        };
        wait(py, call, report).map(|_| ())
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, src, to, /))]
    fn submit_fetch(
        &self,
        py: Python<'_>,
        completions: Py<Completions>,
        future: Py<PyAny>,
        src: String,
        to: String,
    ) -> PyResult<Ticket> {
        let meter = Arc::new(Meter::default());
        let connection = self.0.clone();
        let shared = Arc::clone(&meter);
        let call = async move {
            let download = connection.fetch(&src).await?;
            download
                .save(to, |progress| shared.set(progress))
                .await
                .map(|_| Outcome::Done)
        };
        submit(py, completions, future, Some(meter), call)
    }

    /// Opens an answer that is read as it comes.
    #[pyo3(signature = (packed, /))]
    fn open(&self, py: Python<'_>, packed: &Bound<'_, PyTuple>) -> PyResult<Stream> {
        listen(py);
        let request = unpack(py, packed)?;
        let connection = self.0.clone();
        wait(py, async move { connection.open(request).await }, None).map(Stream::new)
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, packed, /))]
    fn submit_open(
        &self,
        py: Python<'_>,
        completions: Py<Completions>,
        future: Py<PyAny>,
        packed: &Bound<'_, PyTuple>,
    ) -> PyResult<Ticket> {
        listen(py);
        let request = unpack(py, packed)?;
        let connection = self.0.clone();
        let call = async move {
            connection
                .open(request)
                .await
                .map(|download| Outcome::Opened(Box::new(download)))
        };
        submit(py, completions, future, None, call)
    }
}

/// Now and then asks whether someone listens to the log.
fn listen(py: Python<'_>) {
    if CALLS.fetch_add(1, Ordering::Relaxed).is_multiple_of(REFRESH_EVERY) {
        events::refresh(py);
    }
}

/// Lets a request tell how far its body is.
fn metered(request: &mut Request) -> Arc<Meter> {
    let meter = Arc::new(Meter::default());
    let sink = Arc::clone(&meter);
    request.options.progress = Some(ProgressSink::new(move |progress| sink.set(progress)));
    meter
}
