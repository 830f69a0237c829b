//! Records as data, from the native side: rows of Python become [`Rows`](xano_metadata::records::Rows), options become
//! structs of the core, pages become dicts and columns. What a read or a job does is the core's business.
//!
//! - [`reader`]: pages of a read as lists of dicts;
//! - [`rows`]: what a load is fed with;
//! - [`job`]: loading, exporting and copying under way;
//! - [`arrow`]: streams and batches for whoever speaks Arrow;
//! - [`columns`]: batches as what pandas is made of.

mod arrow;
mod columns;
mod job;
mod objects;
mod options;
mod reader;
mod rows;

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use xano_metadata::records::arrow::ArrowOptions;
use xano_metadata::records::{self, CopyOptions, ExportOptions, LoadOptions, ReadOptions};

use crate::client::Connection;
use crate::completions::{Completions, Outcome, Ticket, submit};
use crate::raise::raise;
use crate::request::to_value;
use crate::wait::wait;
use arrow::{ArrowReader, Batches};
use job::Job;
use options::{format, parse};
use reader::Reader;

/// Makes the classes and functions of this module known.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Records>()?;
    module.add_class::<Reader>()?;
    module.add_class::<Job>()?;
    module.add_class::<ArrowReader>()?;
    module.add_class::<Batches>()?;
    module.add_class::<rows::Rows>()?;
    module.add_class::<rows::ArrowRows>()?;
    module.add_function(wrap_pyfunction!(rows::take_rows, module)?)?;
    module.add_function(wrap_pyfunction!(rows::rows_of_columns, module)?)?;
    Ok(())
}

/// The records of a table in a data source.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Records(records::Records);

impl Records {
    fn job(
        &self,
        py: Python<'_>,
        start: impl FnOnce(&records::Records) -> Result<records::Job, xano_metadata::Error> + Send,
    ) -> PyResult<Job> {
        let job = py.detach(|| start(&self.0));
        job.map(Job::new).map_err(|error| raise(py, &error))
    }
}

#[pymethods]
impl Records {
    #[new]
    #[pyo3(signature = (connection, workspace, table, data_source, /))]
    fn new(
        py: Python<'_>,
        connection: &Connection,
        workspace: &Bound<'_, PyAny>,
        table: &Bound<'_, PyAny>,
        data_source: Option<String>,
    ) -> PyResult<Self> {
        let workspace = to_value(py, None, "workspace_id", workspace)?;
        let table = to_value(py, None, "table_id", table)?;
        let records = records::Records::new(connection.engine().clone(), workspace, table);
        Ok(Self(match data_source {
            Some(label) => records.in_data_source(label),
            None => records,
        }))
    }

    /// Starts a read; nothing is sent before its first page is asked for.
    #[pyo3(signature = (options, /))]
    fn read(&self, py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<Reader> {
        let options: ReadOptions = parse(py, options)?;
        Ok(Reader::new(self.0.read(options)))
    }

    /// Starts a read as Arrow, after asking for the table's columns.
    #[pyo3(signature = (options, arrow, /))]
    fn read_arrow(
        &self,
        py: Python<'_>,
        options: &Bound<'_, PyDict>,
        arrow: &Bound<'_, PyDict>,
    ) -> PyResult<ArrowReader> {
        let (read, arrow): (ReadOptions, ArrowOptions) = (parse(py, options)?, parse(py, arrow)?);
        let records = self.0.clone();
        let reader = wait(py, async move { records.read_arrow(read, &arrow).await }, None)?;
        Ok(ArrowReader::new(reader))
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, options, arrow, /))]
    fn submit_read_arrow(
        &self,
        py: Python<'_>,
        completions: Py<Completions>,
        future: Py<PyAny>,
        options: &Bound<'_, PyDict>,
        arrow: &Bound<'_, PyDict>,
    ) -> PyResult<Ticket> {
        let (read, arrow): (ReadOptions, ArrowOptions) = (parse(py, options)?, parse(py, arrow)?);
        let records = self.0.clone();
        submit(py, completions, future, None, async move {
            let reader = records.read_arrow(read, &arrow).await?;
            Ok(Outcome::made(
                |py| Ok(Py::new(py, ArrowReader::new(reader))?.into_any()),
            ))
        })
    }

    /// Reads everything as batches.
    #[pyo3(signature = (options, arrow, /))]
    fn batches(&self, py: Python<'_>, options: &Bound<'_, PyDict>, arrow: &Bound<'_, PyDict>) -> PyResult<Batches> {
        let (read, arrow): (ReadOptions, ArrowOptions) = (parse(py, options)?, parse(py, arrow)?);
        let records = self.0.clone();
        wait(py, async move { Batches::read(&records, read, &arrow).await }, None)
    }

    /// The same, for a future.
    #[pyo3(signature = (completions, future, options, arrow, /))]
    fn submit_batches(
        &self,
        py: Python<'_>,
        completions: Py<Completions>,
        future: Py<PyAny>,
        options: &Bound<'_, PyDict>,
        arrow: &Bound<'_, PyDict>,
    ) -> PyResult<Ticket> {
        let (read, arrow): (ReadOptions, ArrowOptions) = (parse(py, options)?, parse(py, arrow)?);
        let records = self.0.clone();
        submit(py, completions, future, None, async move {
            let batches = Batches::read(&records, read, &arrow).await?;
            Ok(Outcome::made(|py| Ok(Py::new(py, batches)?.into_any())))
        })
    }

    /// Starts a load that is fed with rows.
    #[pyo3(signature = (options, /))]
    fn load(&self, py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<Job> {
        let options: LoadOptions = parse(py, options)?;
        self.job(py, |records| records.load(options))
    }

    /// Starts a load from a file.
    #[pyo3(signature = (path, format_name, options, /))]
    fn import_file(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format_name: Option<&str>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Job> {
        let (format, options): (_, LoadOptions) = (format(py, format_name)?, parse(py, options)?);
        self.job(py, |records| records.import(path, format, options))
    }

    /// Starts writing records to a file.
    #[pyo3(signature = (path, format_name, options, /))]
    fn export(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format_name: Option<&str>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Job> {
        let (format, read): (_, ReadOptions) = (format(py, format_name)?, parse(py, options)?);
        self.job(py, |records| records.export(path, ExportOptions { read, format }))
    }

    /// Starts copying records to another table.
    #[pyo3(signature = (target, options, load, create, /))]
    fn copy_to(
        &self,
        py: Python<'_>,
        target: &Self,
        options: &Bound<'_, PyDict>,
        load: &Bound<'_, PyDict>,
        create: bool,
    ) -> PyResult<Job> {
        let (read, load): (ReadOptions, LoadOptions) = (parse(py, options)?, parse(py, load)?);
        let target = &target.0;
        self.job(py, |records| {
            records.copy_to(target, CopyOptions { read, load, create })
        })
    }
}
