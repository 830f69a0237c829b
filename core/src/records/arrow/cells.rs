//! The values of one Arrow array as JSON.
//!
//! What an array holds is looked at once, not per value: [`Cells::new`] picks the closure that writes one.

mod nested;
mod temporal;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field};
use serde::Serialize;

use super::types::ENCODING;
use crate::records::Trouble;
use crate::records::check::scan::Cursor;

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

type Write<'a> = Box<dyn Fn(usize, &mut Vec<u8>) -> Result<(), Bad> + 'a>;

/// The values of an array.
pub(super) struct Cells<'a> {
    nulls: Option<&'a NullBuffer>,
    /// Writes a value that is not null.
    write: Write<'a>,
}

impl<'a> Cells<'a> {
    pub(super) fn new(field: &Field, array: &'a dyn Array) -> Self {
        Self {
            nulls: array.nulls(),
            write: writer(field, array),
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

fn writer<'a>(field: &Field, array: &'a dyn Array) -> Write<'a> {
    match array.data_type() {
        DataType::Null => each(|_, out| {
            out.extend_from_slice(b"null");
            Ok(())
        }),
        DataType::Boolean => {
            let array = array.as_boolean();
            each(|row, out| {
                write_json(&array.value(row), out);
                Ok(())
            })
        }
        DataType::Int8 => whole::<Int8Type>(array),
        DataType::Int16 => whole::<Int16Type>(array),
        DataType::Int32 => whole::<Int32Type>(array),
        DataType::Int64 => whole::<Int64Type>(array),
        DataType::UInt8 => whole::<UInt8Type>(array),
        DataType::UInt16 => whole::<UInt16Type>(array),
        DataType::UInt32 => whole::<UInt32Type>(array),
        DataType::UInt64 => whole::<UInt64Type>(array),
        DataType::Float16 => {
            let array = array.as_primitive::<Float16Type>();
            each(|row, out| float(array.value(row).to_f32(), out))
        }
        DataType::Float32 => {
            let array = array.as_primitive::<Float32Type>();
            each(|row, out| float(array.value(row), out))
        }
        DataType::Float64 => {
            let array = array.as_primitive::<Float64Type>();
            each(|row, out| float(array.value(row), out))
        }
        DataType::Decimal32(..) => decimal::<Decimal32Type>(array),
        DataType::Decimal64(..) => decimal::<Decimal64Type>(array),
        DataType::Decimal128(..) => decimal::<Decimal128Type>(array),
        DataType::Decimal256(..) => decimal::<Decimal256Type>(array),
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            text(field, |row| array.value(row))
        }
        DataType::LargeUtf8 => {
            let array = array.as_string::<i64>();
            text(field, |row| array.value(row))
        }
        DataType::Utf8View => {
            let array = array.as_string_view();
            text(field, |row| array.value(row))
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) | DataType::Time32(_) | DataType::Time64(_) => {
            temporal::writer(field, array)
        }
        DataType::FixedSizeBinary(16) if extension(field) == Some("arrow.uuid") => uuid(array),
        _ => nested::writer(array),
    }
}

/// Helps the compiler to see what a closure is for.
fn each<'a>(write: impl Fn(usize, &mut Vec<u8>) -> Result<(), Bad> + 'a) -> Write<'a> {
    Box::new(write)
}

fn whole<T>(array: &dyn Array) -> Write<'_>
where
    T: ArrowPrimitiveType<Native: Serialize>,
{
    let array = array.as_primitive::<T>();
    each(|row, out| {
        write_json(&array.value(row), out);
        Ok(())
    })
}

/// Whole numbers without the point, as the server writes them: a frame turns whole numbers into floats where some are
/// missing.
fn float<T: Into<f64> + Serialize + Copy>(number: T, out: &mut Vec<u8>) -> Result<(), Bad> {
    let double: f64 = number.into();
    if !double.is_finite() {
        return Err(Bad::new(format!("It is {double}, which no column can hold.")));
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and small enough to be exact")]
    if double.fract() == 0.0 && double.abs() < 9.0e15 && (double != 0.0 || double.is_sign_positive()) {
        write_json(&(double as i64), out);
    } else {
        write_json(&number, out);
    }
    Ok(())
}

fn decimal<T: DecimalType>(array: &dyn Array) -> Write<'_> {
    let array: &PrimitiveArray<T> = array.as_primitive();
    each(|row, out| {
        out.extend_from_slice(array.value_as_string(row).as_bytes());
        Ok(())
    })
}

fn extension(field: &Field) -> Option<&str> {
    field.metadata().get(EXTENSION).map(String::as_str)
}

/// Text, or JSON where the field says that its text is such.
fn text<'a>(field: &Field, value: impl Fn(usize) -> &'a str + 'a) -> Write<'a> {
    let is_json = field
        .metadata()
        .get(ENCODING)
        .is_some_and(|encoding| encoding == "json");
    if !is_json && extension(field) != Some("arrow.json") {
        return each(move |row, out| {
            write_json(value(row), out);
            Ok(())
        });
    }
    each(move |row, out| {
        let mut cursor = Cursor::new(value(row));
        cursor.space();
        let broken = |broken| Bad::new(format!("It should be the text of JSON, but is not: {broken}."));
        cursor.value().map_err(broken)?.write_minified(out);
        cursor.end().map_err(broken)
    })
}

fn uuid(array: &dyn Array) -> Write<'_> {
    let array = array.as_fixed_size_binary();
    each(|row, out| {
        out.push(b'"');
        for (at, byte) in array.value(row).iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                out.push(b'-');
            }
            out.extend_from_slice(format!("{byte:02x}").as_bytes());
        }
        out.push(b'"');
        Ok(())
    })
}
