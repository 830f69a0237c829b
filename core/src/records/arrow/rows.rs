//! From batches of any origin to rows for a load.
//!
//! Whoever speaks Arrow may be the source: data frames, query engines, files. Values become JSON in the form that a load
//! checks against the table: every digit of a number, moments as text with the digits they have, text as text. What JSON
//! or Xano cannot say (NaN, bytes, durations) makes its row a refused one that names the column.

use std::fmt;

use arrow_array::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};

use super::cells::{Cells, write_json};
use crate::error::Error;
use crate::records::Rows;

/// Rows that are handed over at once, at most.
const ROWS: usize = 1000;

/// Bytes of rows after which no more are added.
const BYTES: usize = 1 << 20;

/// The rows of a stream of batches, a chunk at a time, so that a frame of any size passes through little memory.
pub struct ArrowRows {
    schema: SchemaRef,
    batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>,
    /// The batch at hand and how many of its rows were taken.
    current: Option<(RecordBatch, usize)>,
    over: bool,
}

impl fmt::Debug for ArrowRows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ArrowRows")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl ArrowRows {
    /// Takes a stream of Arrow's C interface over.
    ///
    /// # Errors
    /// `config_error` when the stream was used up already, gives no schema, or has two columns of one name.
    pub fn from_ffi(stream: FFI_ArrowArrayStream) -> Result<Self, Error> {
        let reader = ArrowArrayStreamReader::try_new(stream)
            .map_err(|cause| Error::config(format!("The Arrow stream cannot be read: {cause}.")).with_source(cause))?;
        Self::new(reader)
    }

    /// The rows of the batches that `reader` gives.
    ///
    /// # Errors
    /// `config_error` when it has two columns of one name.
    pub fn new(reader: impl RecordBatchReader + Send + 'static) -> Result<Self, Error> {
        let schema = reader.schema();
        check_names(&schema)?;
        Ok(Self {
            schema,
            batches: Box::new(reader),
            current: None,
            over: false,
        })
    }

    /// The columns of the stream.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// The next rows, at most 1,000 of them; none at the end. Blocks for as long as the stream takes to give a batch.
    ///
    /// # Errors
    /// `record_error` with the stream's own words when it fails; it ends there.
    pub fn next_rows(&mut self) -> Result<Option<Rows>, Error> {
        loop {
            if let Some((batch, taken)) = &mut self.current {
                let rows = chunk(batch, *taken);
                *taken += rows.len();
                if !rows.is_empty() {
                    return Ok(Some(rows));
                }
                self.current = None;
            }
            if self.over {
                return Ok(None);
            }
            match self.batches.next() {
                None => self.over = true,
                Some(Ok(batch)) => self.current = Some((batch, 0)),
                Some(Err(cause)) => {
                    self.over = true;
                    let text = format!("The Arrow stream that gives the rows failed: {cause}");
                    return Err(Error::record(text, None, None).with_source(cause));
                }
            }
        }
    }
}

/// All rows of a batch at once.
///
/// # Errors
/// `config_error` when the batch has two columns of one name.
pub fn rows_of(batch: &RecordBatch) -> Result<Rows, Error> {
    check_names(batch.schema_ref())?;
    let mut rows = Rows::new();
    push(batch, 0, &mut rows, |_| false);
    Ok(rows)
}

fn check_names(schema: &SchemaRef) -> Result<(), Error> {
    let fields = schema.fields();
    let twice = |(at, field): (usize, &arrow_schema::FieldRef)| {
        let found = fields[..at].iter().any(|other| other.name() == field.name());
        found.then(|| field.name().clone())
    };
    match fields.iter().enumerate().find_map(twice) {
        Some(name) => Err(Error::config(format!(
            "The Arrow data has two columns with the name {name:?}; rename or drop one."
        ))),
        None => Ok(()),
    }
}

/// The rows behind the first `taken`.
fn chunk(batch: &RecordBatch, taken: usize) -> Rows {
    let mut rows = Rows::new();
    push(batch, taken, &mut rows, |rows| {
        rows.len() >= ROWS || rows.bytes() >= BYTES
    });
    rows
}

fn push(batch: &RecordBatch, from: usize, rows: &mut Rows, full: impl Fn(&Rows) -> bool) {
    let columns: Vec<(Vec<u8>, Cells<'_>)> = batch
        .schema_ref()
        .fields()
        .iter()
        .zip(batch.columns())
        .enumerate()
        .map(|(at, (field, array))| {
            let mut lead = vec![if at == 0 { b'{' } else { b',' }];
            write_json(field.name(), &mut lead);
            lead.push(b':');
            (lead, Cells::new(field, array.as_ref()))
        })
        .collect();
    for row in from..batch.num_rows() {
        rows.push_with(|out| {
            if columns.is_empty() {
                out.push(b'{');
            }
            for (at, (lead, cells)) in columns.iter().enumerate() {
                out.extend_from_slice(lead);
                cells
                    .write(row, out)
                    .map_err(|bad| bad.into_trouble(batch.schema_ref().field(at).name()))?;
            }
            out.push(b'}');
            Ok(())
        });
        if full(rows) {
            return;
        }
    }
}
