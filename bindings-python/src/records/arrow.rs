//! Records for whoever speaks Arrow, through capsules as Arrow's interface for Python has them.
//!
//! A stream is read by code of others, on a thread of theirs and with or without the GIL; Ctrl-C is looked for while it
//! waits. Arrow hands on the text of an error alone, so whatever is ours reads batches instead.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use tokio::sync::Mutex as AsyncMutex;
use xano_metadata::Error;
use xano_metadata::records::arrow::arrow_array::ffi::FFI_ArrowSchema;
use xano_metadata::records::arrow::arrow_array::ffi_stream::FFI_ArrowArrayStream;
use xano_metadata::records::arrow::arrow_array::{RecordBatch, RecordBatchIterator};
use xano_metadata::records::arrow::arrow_schema::{FieldRef, SchemaRef};
use xano_metadata::records::arrow::{self, ArrowOptions, ENCODING};
use xano_metadata::records::{ReadOptions, Records};

use super::columns;
use crate::completions::{Completions, Outcome, Ticket, submit};
use crate::owned::Owned;
use crate::raise::{raise, refuse};
use crate::wait::wait_telling;

const STREAM: &std::ffi::CStr = c"arrow_array_stream";
const SCHEMA: &std::ffi::CStr = c"arrow_schema";

/// The stream in a capsule, which is left empty.
pub fn take_stream(capsule: &Bound<'_, PyCapsule>) -> PyResult<FFI_ArrowArrayStream> {
    let place = capsule.pointer_checked(Some(STREAM))?;
    // SAFETY: a capsule of this name holds such a stream, by Arrow's interface for Python; what was moved out before is
    // marked as released, which the reader of the stream looks at.
    Ok(unsafe { FFI_ArrowArrayStream::from_raw(place.cast().as_ptr()) })
}

fn schema_capsule<'py>(py: Python<'py>, schema: &SchemaRef) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(schema.as_ref()).map_err(|cause| refuse(py, None, &format!("{cause}.")))?;
    PyCapsule::new_with_value(py, schema, SCHEMA)
}

/// A read that was begun: for one consumer of its stream, or batch by batch.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct ArrowReader {
    schema: SchemaRef,
    reader: Owned<Arc<AsyncMutex<Option<arrow::ArrowReader>>>>,
}

impl ArrowReader {
    pub fn new(reader: arrow::ArrowReader) -> Self {
        Self {
            schema: reader.schema(),
            reader: Owned::new(Arc::new(AsyncMutex::new(Some(reader)))),
        }
    }

    fn reader(&self, py: Python<'_>) -> PyResult<Arc<AsyncMutex<Option<arrow::ArrowReader>>>> {
        let reader = self.reader.get("This read").map_err(|error| raise(py, &error))?;
        Ok(Arc::clone(reader))
    }
}

async fn next(reader: &AsyncMutex<Option<arrow::ArrowReader>>) -> Result<Option<Batches>, Error> {
    let mut reader = reader.lock().await;
    let Some(reader) = reader.as_mut() else { return Ok(None) };
    let batch = reader.next().await?;
    Ok(batch.map(|batch| Batches {
        schema: reader.schema(),
        total: reader.total(),
        parts: vec![batch],
    }))
}

#[pymethods]
impl ArrowReader {
    /// The columns.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.schema)
    }

    /// The stream; once.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let reader = self.reader(py)?;
        let reader = reader.try_lock().ok().and_then(|mut reader| reader.take());
        let reader = reader.ok_or_else(|| refuse(py, None, "This Arrow stream was taken before."))?;
        let stream = reader.into_stream().checking(look_for_signals);
        PyCapsule::new_with_value(py, stream.into_ffi(), STREAM)
    }

    /// Names of the columns whose text is JSON.
    fn json_columns(&self) -> Vec<String> {
        let is_json = |field: &&FieldRef| field.metadata().get(ENCODING).is_some_and(|name| name == "json");
        let fields = self.schema.fields().iter().filter(is_json);
        fields.map(|field| field.name().clone()).collect()
    }

    /// The next batch; None at the end. `tell` is called meanwhile, now and then.
    #[pyo3(signature = (tell, /))]
    fn next(&self, py: Python<'_>, tell: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Batches>> {
        let reader = self.reader(py)?;
        let tell = || tell.map_or(Ok(()), |tell| tell.call0().map(|_| ()));
        wait_telling(py, async move { next(&reader).await }, tell)
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, /))]
    fn submit_next(&self, py: Python<'_>, completions: Py<Completions>, future: Py<PyAny>) -> PyResult<Ticket> {
        let reader = self.reader(py)?;
        submit(py, completions, future, None, async move {
            let batch = next(&reader).await?;
            Ok(Outcome::made(|py| Ok(batch.into_pyobject(py)?.unbind())))
        })
    }
}

/// Runs the handlers of signals that came. What they raise ends the stream: the consumer makes an error of its own of it,
/// so that Ctrl-C arrives as an error that names it.
fn look_for_signals() -> Result<(), Error> {
    let outcome = Python::try_attach(|py| {
        py.check_signals().map_err(|raised| {
            let kind = raised.get_type(py);
            let name = kind
                .name()
                .map_or_else(|_| "a signal".to_owned(), |name| name.to_string());
            Error::cancelled(format!("The read was given up: {name}."))
        })
    });
    outcome.unwrap_or_else(|| Err(Error::cancelled("The read was given up because the program is ending.")))
}

/// Records that were read, as batches.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Batches {
    schema: SchemaRef,
    /// Records in the whole read, where known.
    #[pyo3(get)]
    total: Option<u64>,
    parts: Vec<RecordBatch>,
}

impl Batches {
    pub async fn read(records: &Records, read: ReadOptions, arrow: &ArrowOptions) -> Result<Self, Error> {
        let mut reader = records.read_arrow(read, arrow).await?;
        let mut parts = Vec::new();
        while let Some(batch) = reader.next().await? {
            parts.push(batch);
        }
        Ok(Self {
            schema: reader.schema(),
            total: reader.total(),
            parts,
        })
    }
}

#[pymethods]
impl Batches {
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.schema)
    }

    /// A stream of all batches; the requested schema is a wish that is not met.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let batches = self.parts.clone().into_iter().map(Ok);
        let reader = RecordBatchIterator::new(batches, SchemaRef::clone(&self.schema));
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), STREAM)
    }

    fn __len__(&self) -> usize {
        self.parts.iter().map(RecordBatch::num_rows).sum()
    }

    /// For each column its name, its kind, and what that kind is made of; see `_frames.py`. Text stays out when `text` is
    /// false: then only its name and kind are there.
    #[pyo3(signature = (text, /))]
    fn columns<'py>(&self, py: Python<'py>, text: bool) -> PyResult<Vec<columns::Column<'py>>> {
        columns::of(py, &self.schema, &self.parts, text)
    }
}
