//! Rows on their way into a load: from dicts, from columns of values, from Arrow.
//!
//! A row that JSON cannot say keeps its place as a refused one, because the load counts it and may go on without it. What a
//! generator of the user's raises is no trouble with a row: it ends the load.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyIterator, PyList};
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

/// Takes rows from an iterator until there are so many, or so many bytes of them; None at its end.
#[pyfunction]
#[pyo3(signature = (iterator, most_rows, most_bytes, /))]
pub fn take_rows(iterator: &Bound<'_, PyIterator>, most_rows: usize, most_bytes: usize) -> PyResult<Option<Rows>> {
    let mut rows = records::Rows::new();
    while rows.len() < most_rows && rows.bytes() < most_bytes {
        let Some(row) = iterator.clone().next() else { break };
        let row = row?;
        push(&mut rows, |out| encode::row(out, &row))?;
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

/// The rows of an Arrow stream.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct ArrowRows(Mutex<records::arrow::ArrowRows>);

#[pymethods]
impl ArrowRows {
    /// Takes the stream of a capsule over.
    #[new]
    #[pyo3(signature = (capsule, /))]
    fn new(py: Python<'_>, capsule: &Bound<'_, PyCapsule>) -> PyResult<Self> {
        let stream = take_stream(capsule)?;
        // The stream's own code may want the GIL, on any thread.
        let rows = py.detach(|| records::arrow::ArrowRows::from_ffi(stream));
        rows.map(|rows| Self(Mutex::new(rows)))
            .map_err(|error| raise(py, &error))
    }

    /// The next rows; None at the end.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Rows>> {
        let rows = py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).next_rows());
        rows.map(|rows| rows.map(Rows::new)).map_err(|error| raise(py, &error))
    }
}
