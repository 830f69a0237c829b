//! Batches as the source of a load.

use super::ArrowRows;
use crate::error::Error;
use crate::records::job::Job;
use crate::records::load::{self, check};
use crate::records::source::Source;
use crate::records::{LoadOptions, Records, Rows, Schema};
use crate::runtime;

impl Records {
    /// Loads the rows of a stream of batches: see [`load`](Records::load) for what a load does and the scope it needs.
    ///
    /// # Errors
    /// `config_error` when the options cannot be used. Everything else comes from [`Job::wait`].
    ///
    /// ```no_run
    /// # use xano_metadata::records::arrow::arrow_array::RecordBatchReader;
    /// # async fn example(
    /// #     records: xano_metadata::records::Records,
    /// #     batches: impl RecordBatchReader + Send + 'static,
    /// # ) -> Result<(), xano_metadata::Error> {
    /// use xano_metadata::records::LoadOptions;
    /// use xano_metadata::records::arrow::ArrowRows;
    ///
    /// let job = records.load_arrow(ArrowRows::new(batches)?, LoadOptions::default())?;
    /// println!("{} inserted", job.wait().await?.inserted);
    /// # Ok(())
    /// # }
    /// ```
    pub fn load_arrow(&self, rows: ArrowRows, options: LoadOptions) -> Result<Job, Error> {
        check(&options)?;
        let records = self.clone();
        Job::start(|_, meter| load::run(records, options, Batches(Some(rows)), meter))
    }
}

/// Rows of a stream that blocks, asked for on threads that may.
struct Batches(Option<ArrowRows>);

impl Source for Batches {
    async fn next(&mut self, _schema: &Schema) -> Result<Option<Rows>, Error> {
        let Some(mut rows) = self.0.take() else {
            return Ok(None);
        };
        let asked = runtime::blocking(move || {
            let next = rows.next_rows();
            (rows, next)
        });
        let (rows, next) = asked
            .await
            .map_err(|_| Error::internal("The Arrow stream that gives the rows panicked."))?;
        self.0 = Some(rows);
        next
    }
}
