//! Records as Arrow: typed columns without an object per value.
//!
//! [`Records::read_arrow`] gives batches, one or more for each page of the read. [`ArrowStream`] hands the same batches to
//! whoever speaks Arrow's C stream interface, `IpcWriter` to whoever reads its bytes. The way back is
//! [`ArrowRows`], which turns batches of any origin into [`Rows`](super::Rows) for a load.
//!
//! The builders are our own, fed straight from the JSON of a page: that is as fast as reading JSON gets, and costs a
//! fraction of what the readers of the Arrow project add to a package's size.

mod build;
mod cells;
mod column;
mod import;
#[cfg(feature = "arrow-ipc")]
mod ipc;
mod load;
mod moment;
mod nested;
mod rows;
mod stream;
mod types;
mod vectors;

use std::collections::VecDeque;
use std::fmt;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use futures_util::future::BoxFuture;

pub use arrow_array;
pub use arrow_schema;

#[cfg(feature = "arrow-ipc")]
pub use ipc::{IpcReader, IpcWriter};
pub use rows::{ArrowRows, rows_of};
pub use stream::{ArrowStream, Failed};
pub use types::{ArrowOptions, Decimals, ENCODING, Nested, XANO_TYPE};

use super::{ReadOptions, Reader, Records};
use crate::error::Error;
use build::Decoder;
use types::Plan;

/// Where pages come from.
pub(crate) trait Pages: Send {
    /// The text of the next JSON array of records; none at the end.
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, Error>>;

    /// Records in the whole read, as far as is known.
    fn total(&self) -> Option<u64>;
}

impl Pages for Reader {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, Error>> {
        Box::pin(async { Ok(self.next().await?.map(|page| page.items)) })
    }

    fn total(&self) -> Option<u64> {
        self.total()
    }
}

impl Records {
    /// Reads the records that `read` speaks of as Arrow. The columns are read at once, the records when batches are asked
    /// for; see [`read`](Records::read) for what a read promises.
    ///
    /// Scope: Workspace Database: Read, and Workspace Content: Read.
    ///
    /// # Errors
    /// `config_error` when the options name a column that the table lacks, or ask for what a read cannot do, before any
    /// record is asked for; those of a call.
    ///
    /// ```no_run
    /// # async fn example(records: xano_metadata::records::Records) -> Result<(), xano_metadata::Error> {
    /// use xano_metadata::records::ReadOptions;
    /// use xano_metadata::records::arrow::ArrowOptions;
    ///
    /// let options = ArrowOptions { datetimes: true, ..ArrowOptions::default() };
    /// let mut reader = records.read_arrow(ReadOptions::default(), &options).await?;
    /// while let Some(batch) = reader.next().await? {
    ///     println!("{} rows of {}", batch.num_rows(), batch.schema());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read_arrow(&self, read: ReadOptions, arrow: &ArrowOptions) -> Result<ArrowReader, Error> {
        let mut reader = self.read(read);
        if let Some(error) = reader.refusal() {
            return Err(error);
        }
        let plan = Plan::new(&self.schema().await?, arrow)?;
        Ok(ArrowReader::new(&plan, Box::new(reader)))
    }
}

/// A read under way, as batches.
pub struct ArrowReader {
    schema: SchemaRef,
    pages: Box<dyn Pages>,
    decoder: Decoder,
    /// Batches of a page that was cut.
    ready: VecDeque<RecordBatch>,
    /// Whether the read has ended, or failed: what came behind a failure would have a gap before it.
    over: bool,
}

impl fmt::Debug for ArrowReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ArrowReader")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl ArrowReader {
    pub(crate) fn new(plan: &Plan, pages: Box<dyn Pages>) -> Self {
        Self {
            schema: SchemaRef::clone(&plan.schema),
            pages,
            decoder: Decoder::new(plan),
            ready: VecDeque::new(),
            over: false,
        }
    }

    /// The columns of every batch.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// Records in the whole read, as the server told at its start; none before the first batch, and where it does not tell.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.pages.total()
    }

    /// The next batch, of the size of a page and never empty; none at the end. It may be given up and called again: nothing
    /// is lost by that.
    ///
    /// # Errors
    /// Those of a call; `decode_error` when a record is not what the table's columns promise, which names the record and
    /// the column. After an error there is no further batch.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            if self.over {
                return Ok(None);
            }
            let page = self.pages.next_page().await;
            // Unless all goes well. Set behind the wait, which may be the last that is heard of this call.
            self.over = true;
            let Some(page) = page? else {
                return Ok(None);
            };
            let batches = self.decoder.decode(&page)?;
            self.ready
                .extend(batches.into_iter().filter(|batch| batch.num_rows() > 0));
            self.over = false;
        }
    }

    /// The same read as a stream for Arrow's C interface.
    #[must_use]
    pub fn into_stream(self) -> ArrowStream {
        ArrowStream::new(self)
    }

    /// The same read as bytes of Arrow's streaming format.
    ///
    /// # Errors
    /// None that a read of this client can meet.
    #[cfg(feature = "arrow-ipc")]
    pub fn into_ipc(self) -> Result<IpcReader, Error> {
        IpcReader::new(self)
    }
}

#[cfg(feature = "fuzzing")]
pub(crate) fn decode_for_fuzzing(
    schema: &super::Schema,
    options: &ArrowOptions,
    page: &[u8],
) -> Result<Vec<RecordBatch>, Error> {
    Decoder::new(&Plan::new(schema, options)?).decode(page)
}

#[cfg(test)]
mod tests;
