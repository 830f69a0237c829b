//! Records for whoever speaks Arrow, through capsules as Arrow's interface for Python has them.
//!
//! The stream is read by code of others, on a thread of theirs and with or without the GIL. Ctrl-C is looked for while it
//! waits; the error that ended it is kept, because Arrow hands on its text alone.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use xano_metadata::Error;
use xano_metadata::records::arrow::arrow_array::ffi::FFI_ArrowSchema;
use xano_metadata::records::arrow::arrow_array::ffi_stream::FFI_ArrowArrayStream;
use xano_metadata::records::arrow::arrow_array::{RecordBatch, RecordBatchIterator};
use xano_metadata::records::arrow::arrow_schema::SchemaRef;
use xano_metadata::records::arrow::{ArrowOptions, ArrowReader, Failed};
use xano_metadata::records::{ReadOptions, Records};

use super::columns;
use crate::raise::{raise, refuse};

const STREAM: &std::ffi::CStr = c"arrow_array_stream";
const SCHEMA: &std::ffi::CStr = c"arrow_schema";

/// What a check for signals raised.
type Raised = Arc<Mutex<Option<PyErr>>>;

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

/// A read that was begun, for one consumer.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct ArrowStream {
    schema: SchemaRef,
    reader: Mutex<Option<ArrowReader>>,
    failed: Mutex<Option<Failed>>,
    raised: Raised,
}

impl ArrowStream {
    pub fn new(reader: ArrowReader) -> Self {
        Self {
            schema: reader.schema(),
            reader: Mutex::new(Some(reader)),
            failed: Mutex::new(None),
            raised: Raised::default(),
        }
    }
}

#[pymethods]
impl ArrowStream {
    /// The columns.
    fn schema_capsule<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.schema)
    }

    /// The stream; once.
    fn capsule<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        let reader = reader.ok_or_else(|| refuse(py, None, "This Arrow stream was taken before."))?;
        let stream = reader.into_stream();
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream.failed());
        let raised = Arc::clone(&self.raised);
        let stream = stream.checking(move || look_for_signals(&raised));
        PyCapsule::new_with_value(py, stream.into_ffi(), STREAM)
    }

    /// Raises what ended the stream, if it failed.
    fn raise_failure(&self, py: Python<'_>) -> PyResult<()> {
        if let Some(error) = self.raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match failed.as_ref().and_then(Failed::take) {
            Some(error) => Err(raise(py, &error)),
            None => Ok(()),
        }
    }
}

/// Runs the handlers of signals that came. What they raise ends the stream, and is kept for [`ArrowStream::raise_failure`].
fn look_for_signals(raised: &Mutex<Option<PyErr>>) -> Result<(), Error> {
    let outcome = Python::try_attach(|py| {
        let Err(error) = py.check_signals() else { return Ok(()) };
        let told = error.to_string();
        if error.is_instance_of::<PyKeyboardInterrupt>(py) {
            // The consumer makes an error of its own of ours. With the signal set again Ctrl-C is seen all the same.
            // SAFETY: it only sets a mark, and needs nothing for that.
            unsafe { pyo3::ffi::PyErr_SetInterrupt() };
        }
        *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        Err(Error::cancelled(format!("The read was given up: {told}.")))
    });
    outcome.unwrap_or_else(|| Err(Error::cancelled("The read was given up because the program is ending.")))
}

/// Records that were read, as batches.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Batches {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Batches {
    pub async fn read(records: &Records, read: ReadOptions, arrow: &ArrowOptions) -> Result<Self, Error> {
        let mut reader = records.read_arrow(read, arrow).await?;
        let mut batches = Vec::new();
        while let Some(batch) = reader.next().await? {
            batches.push(batch);
        }
        Ok(Self {
            schema: reader.schema(),
            batches,
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
        let batches = self.batches.clone().into_iter().map(Ok);
        let reader = RecordBatchIterator::new(batches, SchemaRef::clone(&self.schema));
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), STREAM)
    }

    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// For each column its name, its kind, and what that kind is made of; see `_frames.py`. Text stays out when `text` is
    /// false: then only its name and kind are there.
    #[pyo3(signature = (text, /))]
    fn columns<'py>(&self, py: Python<'py>, text: bool) -> PyResult<Vec<columns::Column<'py>>> {
        columns::of(py, &self.schema, &self.batches, text)
    }
}
