//! Batches as bytes of Arrow's streaming format, for languages without the C interface.
//!
//! Only what [`read_arrow`](super::super::Records::read_arrow) makes is written, so that the format fits in a few hundred
//! lines: no dictionaries, no compression, no views. Any reader of Arrow takes the bytes: first [`IpcWriter::schema`], then
//! [`IpcWriter::batch`] for each batch, then [`IpcWriter::END`].

mod flat;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMillisecondType};
use arrow_array::{Array, RecordBatch};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, FieldRef, SchemaRef, TimeUnit};

use super::ArrowReader;
use crate::error::Error;
use flat::{Flat, Part};

/// Stands before the length of each message.
const MARK: [u8; 4] = [0xff; 4];

/// Version 5 of the format, which is that of Arrow 1.0 and later.
const VERSION: Part = Part::Short(4);

const SCHEMA: u8 = 1;
const BATCH: u8 = 3;

/// Writes the messages of one stream.
#[derive(Clone, Debug)]
pub struct IpcWriter {
    schema: SchemaRef,
}

/// A read under way, as the bytes of a stream.
#[derive(Debug)]
pub struct IpcReader {
    writer: IpcWriter,
    reader: ArrowReader,
    next: Next,
}

#[derive(Debug)]
enum Next {
    Schema,
    Batch,
    Nothing,
}

impl IpcReader {
    pub(super) fn new(reader: ArrowReader) -> Result<Self, Error> {
        Ok(Self {
            writer: IpcWriter::new(reader.schema())?,
            reader,
            next: Next::Schema,
        })
    }

    /// The next bytes: the schema at first, then a batch of the size of a page each time, at last the end marker; none
    /// behind it. It may be given up and called again: nothing is lost by that.
    ///
    /// # Errors
    /// Those of [`ArrowReader::next`].
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self.next {
            Next::Schema => {
                self.next = Next::Batch;
                Ok(Some(self.writer.schema()))
            }
            Next::Batch => {
                let batch = self.reader.next().await;
                // Unless all goes well. Set behind the wait, which may be the last that is heard of this call.
                self.next = Next::Nothing;
                let Some(batch) = batch? else {
                    return Ok(Some(IpcWriter::END.to_vec()));
                };
                let bytes = self.writer.batch(&batch)?;
                self.next = Next::Batch;
                Ok(Some(bytes))
            }
            Next::Nothing => Ok(None),
        }
    }

    /// Records in the whole read, as far as is known.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.reader.total()
    }
}

impl IpcWriter {
    /// What stands behind the last batch.
    pub const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

    /// A writer for batches with these columns.
    ///
    /// # Errors
    /// `config_error` when a column has a type that a read does not make.
    pub fn new(schema: SchemaRef) -> Result<Self, Error> {
        schema.fields().iter().try_for_each(|field| check(field))?;
        Ok(Self { schema })
    }

    /// The message that begins the stream.
    #[must_use]
    pub fn schema(&self) -> Vec<u8> {
        let mut flat = Flat::new();
        let message = flat.table(&[VERSION, Part::Byte(SCHEMA), Part::Place, Part::Long(0)]);
        flat.lead(0, message.start);
        let big_endian = i16::from(cfg!(target_endian = "big"));
        let schema = flat.table(&[Part::Short(big_endian), Part::Place]);
        flat.lead(message.parts[2], schema.start);
        fields(&mut flat, schema.parts[1], self.schema.fields());
        framed(flat, &[])
    }

    /// The message of a batch.
    ///
    /// # Errors
    /// `config_error` when the batch has other columns than the stream.
    pub fn batch(&self, batch: &RecordBatch) -> Result<Vec<u8>, Error> {
        if batch.schema_ref().fields() != self.schema.fields() {
            return Err(Error::config("The batch has other columns than the stream."));
        }
        let mut body = Body::default();
        for array in batch.columns() {
            body.array(array.as_ref());
        }
        let mut flat = Flat::new();
        let message = flat.table(&[
            VERSION,
            Part::Byte(BATCH),
            Part::Place,
            Part::Long(long(body.bytes.len())),
        ]);
        flat.lead(0, message.start);
        let header = flat.table(&[Part::Long(long(batch.num_rows())), Part::Place, Part::Place]);
        flat.lead(message.parts[2], header.start);
        flat.pairs(header.parts[1], &body.nodes);
        flat.pairs(header.parts[2], &body.buffers);
        Ok(framed(flat, &body.bytes))
    }
}

fn check(field: &Field) -> Result<(), Error> {
    match field.data_type() {
        DataType::Boolean
        | DataType::Int64
        | DataType::Float64
        | DataType::Utf8
        | DataType::Date32
        | DataType::Timestamp(TimeUnit::Millisecond, _) => Ok(()),
        DataType::List(item) => check(item),
        DataType::Struct(fields) => fields.iter().try_for_each(|field| check(field)),
        other => Err(Error::config(format!(
            "The column {:?} is of Arrow's type {other}, which is not written here.",
            field.name()
        ))),
    }
}

/// A message with its length before it and its body behind it.
fn framed(flat: Flat, body: &[u8]) -> Vec<u8> {
    let head = flat.finish();
    let mut bytes = Vec::with_capacity(8 + head.len() + body.len());
    bytes.extend_from_slice(&MARK);
    // A multiple of eight, and far below 2^31.
    bytes.extend_from_slice(&u32::try_from(head.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(body);
    bytes
}

fn fields(flat: &mut Flat, from: usize, fields: &[FieldRef]) {
    let places = flat.places(from, fields.len());
    for (field, place) in fields.iter().zip(places) {
        write_field(flat, place, field);
    }
}

fn write_field(flat: &mut Flat, from: usize, field: &Field) {
    // The number of the type in the format, its parts, and what it holds.
    let (kind, parts, children): (u8, &[Part], &[FieldRef]) = match field.data_type() {
        DataType::Int64 => (2, &[Part::Int(64), Part::Byte(1)], &[]),
        DataType::Float64 => (3, &[Part::Short(2)], &[]),
        DataType::Boolean => (6, &[], &[]),
        DataType::Date32 => (8, &[Part::Short(0)], &[]),
        DataType::Timestamp(_, Some(_)) => (10, &[Part::Short(1), Part::Place], &[]),
        DataType::Timestamp(..) => (10, &[Part::Short(1)], &[]),
        DataType::List(item) => (12, &[], std::slice::from_ref(item)),
        DataType::Struct(fields) => (13, &[], fields),
        _ => (5, &[], &[]),
    };
    let table = flat.table(&[
        Part::Place,
        Part::Byte(field.is_nullable().into()),
        Part::Byte(kind),
        Part::Place,
        Part::Absent,
        Part::Place,
        Part::Place,
    ]);
    flat.lead(from, table.start);
    flat.text(table.parts[0], field.name());
    let kind = flat.table(parts);
    flat.lead(table.parts[3], kind.start);
    if let DataType::Timestamp(_, Some(zone)) = field.data_type() {
        flat.text(kind.parts[1], zone);
    }
    fields(flat, table.parts[5], children);
    let mut metadata: Vec<_> = field.metadata().iter().collect();
    metadata.sort();
    let places = flat.places(table.parts[6], metadata.len());
    for ((key, value), place) in metadata.into_iter().zip(places) {
        let pair = flat.table(&[Part::Place, Part::Place]);
        flat.lead(place, pair.start);
        flat.text(pair.parts[0], key);
        flat.text(pair.parts[1], value);
    }
}

/// The values of a batch, one buffer behind the other.
#[derive(Default)]
struct Body {
    bytes: Vec<u8>,
    /// Length and count of nulls of each array.
    nodes: Vec<(i64, i64)>,
    /// Begin and length of each buffer.
    buffers: Vec<(i64, i64)>,
}

impl Body {
    fn buffer(&mut self, bytes: &[u8]) {
        self.buffers.push((long(self.bytes.len()), long(bytes.len())));
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
    }

    fn array(&mut self, array: &dyn Array) {
        self.nodes.push((long(array.len()), long(array.null_count())));
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            Some(nulls) => self.buffer(nulls.inner().sliced().as_slice()),
            None => self.buffer(&[]),
        }
        match array.data_type() {
            DataType::Int64 => self.buffer(array.as_primitive::<Int64Type>().values().inner()),
            DataType::Float64 => self.buffer(array.as_primitive::<Float64Type>().values().inner()),
            DataType::Date32 => self.buffer(array.as_primitive::<Date32Type>().values().inner()),
            DataType::Timestamp(..) => self.buffer(array.as_primitive::<TimestampMillisecondType>().values().inner()),
            DataType::Boolean => self.buffer(array.as_boolean().values().sliced().as_slice()),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let (start, end) = self.offsets(list.offsets());
                self.array(list.values().slice(start, end - start).as_ref());
            }
            DataType::Struct(_) => {
                for column in array.as_struct().columns() {
                    self.array(column.as_ref());
                }
            }
            _ => {
                let text = array.as_string::<i32>();
                let (start, end) = self.offsets(text.offsets());
                self.buffer(&text.values()[start..end]);
            }
        }
    }

    /// Writes offsets counted from 0, and answers what part of the values they speak of.
    fn offsets(&mut self, offsets: &OffsetBuffer<i32>) -> (usize, usize) {
        let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
        if first == 0 {
            self.buffer(offsets.inner().inner());
        } else {
            let bytes: Vec<u8> = offsets.iter().flat_map(|end| (end - first).to_ne_bytes()).collect();
            self.buffer(&bytes);
        }
        let place = |offset| usize::try_from(offset).unwrap_or_default();
        (place(first), place(last))
    }
}

fn long(number: usize) -> i64 {
    // Memory ends before the numbers do.
    i64::try_from(number).unwrap_or(i64::MAX)
}
