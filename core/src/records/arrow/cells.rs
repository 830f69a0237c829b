//! The values of one column of Arrow data as JSON.
//!
//! What a column holds is looked at once, not per value: [`Cells::new`] picks the closure that writes one. The closures
//! read the buffers themselves: the typed arrays of the Arrow project would do the same, with ten times the code for
//! operations that nobody asks of them here.

mod nested;
mod number;
mod temporal;
mod text;

use std::collections::HashMap;

use arrow_buffer::{ArrowNativeType, NullBuffer, bit_util};
use arrow_data::ArrayData;
use arrow_schema::DataType;
use serde::Serialize;

use crate::records::Trouble;

/// What a field says of itself beyond its type.
pub(super) type Metadata = HashMap<String, String>;

/// Under this key Arrow's own extension types say what they are.
const EXTENSION: &str = "ARROW:extension:name";

/// Why a value cannot be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bad {
    /// The way to the value within the column: `[2].price`.
    path: String,
    /// A sentence.
    reason: String,
}

impl Bad {
    #[cold]
    fn new(reason: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            reason: reason.into(),
        }
    }

    #[cold]
    fn inside(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }

    #[cold]
    pub(super) fn into_trouble(self, column: &str) -> Trouble {
        let Self { path, reason } = self;
        if path.is_empty() {
            Trouble::at(column, reason)
        } else {
            Trouble::at(column, format!("At {column}{path}: {reason}"))
        }
    }
}

/// Appends the value of a row that is not null.
type Write<'a> = Box<dyn Fn(usize, &mut Vec<u8>) -> Result<(), Bad> + 'a>;

/// The values of a column.
pub(super) struct Cells<'a> {
    nulls: Option<&'a NullBuffer>,
    write: Write<'a>,
}

impl<'a> Cells<'a> {
    pub(super) fn new(metadata: &Metadata, data: &'a ArrayData) -> Self {
        Self {
            nulls: data.nulls(),
            write: writer(metadata, data),
        }
    }

    /// Appends the value at `row` as JSON.
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<(), Bad> {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        (self.write)(row, out)
    }
}

/// Appends a value that serde writes without fail: numbers, text, true and false.
pub(super) fn write_json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, value);
}

/// The values of a buffer from the column's first on.
fn buffer<T: ArrowNativeType>(data: &ArrayData, index: usize) -> &[T] {
    let all = data.buffers().get(index).map_or(&[][..], |buffer| buffer.typed_data());
    all.get(data.offset()..).unwrap_or_default()
}

/// The bytes of a buffer that does not hold one value for each row.
fn bytes(data: &ArrayData, index: usize) -> &[u8] {
    data.buffers().get(index).map_or(&[], |buffer| buffer.as_slice())
}

/// Helps the compiler to see what a closure is for.
fn each<'a>(write: impl Fn(usize, &mut Vec<u8>) -> Result<(), Bad> + 'a) -> Write<'a> {
    Box::new(write)
}

fn writer<'a>(metadata: &Metadata, data: &'a ArrayData) -> Write<'a> {
    match data.data_type() {
        DataType::Null => each(|_, out| {
            out.extend_from_slice(b"null");
            Ok(())
        }),
        DataType::Boolean => {
            let (bits, offset) = (bytes(data, 0), data.offset());
            each(move |row, out| {
                write_json(&bit_util::get_bit(bits, offset + row), out);
                Ok(())
            })
        }
        DataType::Int8 => number::whole::<i8>(data),
        DataType::Int16 => number::whole::<i16>(data),
        DataType::Int32 => number::whole::<i32>(data),
        DataType::Int64 => number::whole::<i64>(data),
        DataType::UInt8 => number::whole::<u8>(data),
        DataType::UInt16 => number::whole::<u16>(data),
        DataType::UInt32 => number::whole::<u32>(data),
        DataType::UInt64 => number::whole::<u64>(data),
        DataType::Float16 => number::half(data),
        DataType::Float32 => number::float::<f32>(data),
        DataType::Float64 => number::float::<f64>(data),
        DataType::Decimal32(_, scale) => number::decimal::<i32>(data, *scale),
        DataType::Decimal64(_, scale) => number::decimal::<i64>(data, *scale),
        DataType::Decimal128(_, scale) => number::decimal::<i128>(data, *scale),
        DataType::Decimal256(_, scale) => number::long_decimal(data, *scale),
        DataType::Utf8 => text::plain::<i32>(metadata, data),
        DataType::LargeUtf8 => text::plain::<i64>(metadata, data),
        DataType::Utf8View => text::view(metadata, data),
        DataType::Date32 => temporal::day(data),
        DataType::Date64 => temporal::date64(data),
        DataType::Time32(unit) => temporal::time::<i32>(data, *unit),
        DataType::Time64(unit) => temporal::time::<i64>(data, *unit),
        DataType::Timestamp(unit, zone) => temporal::timestamp(metadata, data, *unit, zone.is_some()),
        DataType::FixedSizeBinary(16) if extension(metadata) == Some("arrow.uuid") => text::uuid(data),
        _ => nested::writer(data),
    }
}

fn extension(metadata: &Metadata) -> Option<&str> {
    metadata.get(EXTENSION).map(String::as_str)
}
