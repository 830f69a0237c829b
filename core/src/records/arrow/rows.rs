//! From batches of any origin to rows for a load.
//!
//! Whoever speaks Arrow may be the source: data frames, query engines, files. Values become JSON in the form that a load
//! checks against the table: every digit of a number, moments as text with the digits they have, text as text. What JSON
//! or Xano cannot say (NaN, bytes, durations) makes its row a refused one that names the column.

use std::fmt;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, RecordBatch, RecordBatchReader};
use arrow_buffer::NullBuffer;
use arrow_data::ArrayData;
use arrow_schema::{Field, FieldRef, Fields, SchemaRef};

use super::cells::{Cells, write_json};
use super::import::Import;
use crate::error::Error;
use crate::records::{Rows, Trouble};

/// Rows that are handed over at once, at most.
const ROWS: usize = 1000;

/// Bytes of rows after which no more are added.
const BYTES: usize = 1 << 20;

/// The rows of a stream of batches, a chunk at a time, so that a frame of any size passes through little memory.
pub struct ArrowRows {
    schema: SchemaRef,
    /// An error is a phrase.
    frames: Box<dyn Iterator<Item = Result<Frame, String>> + Send>,
    /// What is at hand, and how many of its rows were taken.
    current: Option<(Frame, usize)>,
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
        let import = Import::new(stream)
            .map_err(|reason| Error::config(format!("The Arrow stream cannot be read: {reason}.")))?;
        let schema = SchemaRef::clone(import.schema());
        Self::of(schema, import.map(|data| data.map(|data| Frame::of_struct(&data))))
    }

    /// The rows of the batches that `reader` gives.
    ///
    /// # Errors
    /// `config_error` when it has two columns of one name.
    pub fn new(reader: impl RecordBatchReader + Send + 'static) -> Result<Self, Error> {
        let frame = |batch: RecordBatch| Frame::of_batch(&batch);
        Self::of(
            reader.schema(),
            reader.map(move |batch| batch.map(frame).map_err(|cause| cause.to_string())),
        )
    }

    fn of(
        schema: SchemaRef,
        frames: impl Iterator<Item = Result<Frame, String>> + Send + 'static,
    ) -> Result<Self, Error> {
        check_names(&schema)?;
        Ok(Self {
            schema,
            frames: Box::new(frames),
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
            if let Some((frame, taken)) = &mut self.current {
                let mut rows = Rows::new();
                frame.push(self.schema.fields(), *taken, &mut rows, |rows| {
                    rows.len() >= ROWS || rows.bytes() >= BYTES
                });
                *taken += rows.len();
                if !rows.is_empty() {
                    return Ok(Some(rows));
                }
                self.current = None;
            }
            if self.over {
                return Ok(None);
            }
            match self.frames.next() {
                None => self.over = true,
                Some(Ok(frame)) => self.current = Some((frame, 0)),
                Some(Err(reason)) => {
                    self.over = true;
                    let text = format!("The Arrow stream that gives the rows failed: {reason}.");
                    return Err(Error::record(text, None, None));
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
    Frame::of_batch(batch).push(batch.schema_ref().fields(), 0, &mut rows, |_| false);
    Ok(rows)
}

fn check_names(schema: &SchemaRef) -> Result<(), Error> {
    let fields = schema.fields();
    let twice = |(at, field): (usize, &FieldRef)| {
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

/// One batch.
struct Frame {
    columns: Vec<ArrayData>,
    rows: usize,
    /// Values of each column that belong to rows before the first.
    offset: usize,
    /// Rows that are null as a whole, which a batch should not have.
    nulls: Option<NullBuffer>,
}

impl Frame {
    fn of_batch(batch: &RecordBatch) -> Self {
        Self {
            columns: batch.columns().iter().map(Array::to_data).collect(),
            rows: batch.num_rows(),
            offset: 0,
            nulls: None,
        }
    }

    fn of_struct(data: &ArrayData) -> Self {
        Self {
            columns: data.child_data().to_vec(),
            rows: data.len(),
            offset: data.offset(),
            nulls: data.nulls().cloned(),
        }
    }

    /// Appends the rows behind the first `taken` until there are enough.
    fn push(&self, fields: &Fields, taken: usize, rows: &mut Rows, enough: impl Fn(&Rows) -> bool) {
        let columns: Vec<Column<'_>> = fields
            .iter()
            .zip(&self.columns)
            .enumerate()
            .map(|(at, (field, data))| Column::new(at == 0, field, data))
            .collect();
        for row in taken..self.rows {
            rows.push_with(|out| {
                if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                    return Err(Trouble::of_row("It is null."));
                }
                if columns.is_empty() {
                    out.push(b'{');
                }
                for column in &columns {
                    out.extend_from_slice(&column.lead);
                    let written = column.cells.write(self.offset + row, out);
                    written.map_err(|bad| bad.into_trouble(column.name))?;
                }
                out.push(b'}');
                Ok(())
            });
            if enough(rows) {
                return;
            }
        }
    }
}

struct Column<'a> {
    name: &'a str,
    /// What stands before its values: `,"name":`.
    lead: Vec<u8>,
    cells: Cells<'a>,
}

impl<'a> Column<'a> {
    fn new(is_first: bool, field: &'a Field, data: &'a ArrayData) -> Self {
        let mut lead = vec![if is_first { b'{' } else { b',' }];
        write_json(field.name(), &mut lead);
        lead.push(b':');
        Self {
            name: field.name(),
            lead,
            cells: Cells::new(field.metadata(), data),
        }
    }
}
