//! Rows on their way into a load: from dicts, from columns of values, from Arrow.
//!
//! A row that JSON cannot say keeps its place as a refused one, because the load counts it and may go on without it. What a
//! generator of the user's raises is no trouble with a row: it ends the load.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyIterator, PyList};
use xano_metadata::Error;
use xano_metadata::records::arrow::ENCODING;
use xano_metadata::records::arrow::arrow_array::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use xano_metadata::records::arrow::arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader as _};
use xano_metadata::records::arrow::arrow_schema::{Field, Schema};
use xano_metadata::records::{self, Trouble};

use super::arrow::take_stream;
use crate::encode;
use crate::raise::raise;

/// Rows as text, for one job to take.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Rows(Mutex<Option<records::Rows>>);

impl Rows {
    pub fn new(rows: records::Rows) -> Self {
        Self(Mutex::new(Some(rows)))
    }

    /// The rows; none when they were taken before.
    pub fn take(&self) -> Option<records::Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Adds a row. The outer error is one that ends the load.
fn push(rows: &mut records::Rows, write: impl FnOnce(&mut Vec<u8>) -> PyResult<Result<(), Trouble>>) -> PyResult<()> {
    let mut fatal = None;
    rows.push_with(|out| {
        write(out).unwrap_or_else(|error| {
            fatal = Some(error);
            Err(Trouble::of_row("It could not be read."))
        })
    });
    fatal.map_or(Ok(()), Err)
}

/// After so many rows it is known how long they are.
const SAMPLE: usize = 32;

/// Takes rows from an iterator until there are so many, or so many bytes of them; None at its end.
#[pyfunction]
#[pyo3(signature = (iterator, most_rows, most_bytes, /))]
pub fn take_rows(iterator: &Bound<'_, PyIterator>, most_rows: usize, most_bytes: usize) -> PyResult<Option<Rows>> {
    let mut rows = records::Rows::new();
    let mut names = encode::Names::new();
    let mut iterator = iterator.clone();
    while rows.len() < most_rows && rows.bytes() < most_bytes {
        let Some(row) = iterator.next() else { break };
        let row = row?;
        push(&mut rows, |out| encode::row(out, &mut names, &row))?;
        if rows.len() == SAMPLE {
            rows.make_room(most_rows, most_bytes);
        }
    }
    Ok((!rows.is_empty()).then(|| Rows::new(rows)))
}

/// Rows whose values stand in columns of one length.
#[pyfunction]
#[pyo3(signature = (names, columns, /))]
pub fn rows_of_columns(py: Python<'_>, names: Vec<String>, columns: Vec<Bound<'_, PyList>>) -> PyResult<Rows> {
    let count = columns.first().map_or(0, PyListMethods::len);
    let columns: Vec<_> = names.into_iter().zip(columns).collect();
    let mut rows = records::Rows::new();
    for place in 0..count {
        push(&mut rows, |out| encode::row_of_columns(py, out, &columns, place))?;
    }
    Ok(Rows::new(rows))
}

/// The rows of a stream some of whose columns are JSON and do not say so.
fn with_json(stream: FFI_ArrowArrayStream, names: &[String]) -> Result<records::arrow::ArrowRows, Error> {
    let reader = ArrowArrayStreamReader::try_new(stream)
        .map_err(|cause| Error::config(format!("The Arrow stream cannot be read: {cause}.")))?;
    let given = reader.schema();
    let fields: Vec<Field> = given
        .fields()
        .iter()
        .map(|field| {
            let mut notes = field.metadata().clone();
            if names.contains(field.name()) {
                notes.insert(ENCODING.to_owned(), "json".to_owned());
            }
            field.as_ref().clone().with_metadata(notes)
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let noted = Arc::clone(&schema);
    let batches = reader.map(move |batch| RecordBatch::try_new(Arc::clone(&noted), batch?.columns().to_vec()));
    records::arrow::ArrowRows::new(RecordBatchIterator::new(batches, schema))
}

/// The rows of an Arrow stream.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct ArrowRows(Mutex<records::arrow::ArrowRows>);

#[pymethods]
impl ArrowRows {
    /// Takes the stream of a capsule over. The text of columns that are named is JSON, whether the stream says so or not.
    #[new]
    #[pyo3(signature = (capsule, json_columns, /))]
    fn new(py: Python<'_>, capsule: &Bound<'_, PyCapsule>, json_columns: Vec<String>) -> PyResult<Self> {
        let stream = take_stream(capsule)?;
        // The stream's own code may want the GIL, on any thread.
        let rows = py.detach(move || {
            if json_columns.is_empty() {
                records::arrow::ArrowRows::from_ffi(stream)
            } else {
                with_json(stream, &json_columns)
            }
        });
        rows.map(|rows| Self(Mutex::new(rows)))
            .map_err(|error| raise(py, &error))
    }

    /// The next rows; None at the end.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Rows>> {
        let rows = py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).next_rows());
        rows.map(|rows| rows.map(Rows::new)).map_err(|error| raise(py, &error))
    }
}
