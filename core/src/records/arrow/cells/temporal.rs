//! Days, times and moments.
//!
//! A moment of a column that comes from a timestamp of Xano is a number of milliseconds, as the server writes it. Any other
//! is text with all the digits it has: a load makes milliseconds of it where the column wants them, a day where it is a
//! midnight, and refuses what it would have to round.

use arrow_array::Array;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_schema::{DataType, Field, TimeUnit};

use super::{Bad, Write, each, write_json};
use crate::records::arrow::moment;
use crate::records::arrow::types::XANO_TYPE;

pub(super) fn writer<'a>(field: &Field, array: &'a dyn Array) -> Write<'a> {
    match array.data_type() {
        DataType::Date32 => {
            let array = array.as_primitive::<Date32Type>();
            each(|row, out| quoted(out, |out| moment::write_day(array.value(row).into(), out)))
        }
        DataType::Date64 => {
            const DAY: i64 = 86_400_000;
            let array = array.as_primitive::<Date64Type>();
            each(|row, out| {
                let number = array.value(row);
                quoted(out, |out| match number % DAY {
                    0 => moment::write_day(number / DAY, out),
                    _ => moment::write_moment(number, TimeUnit::Millisecond, out),
                })
            })
        }
        DataType::Time32(TimeUnit::Second) => time::<Time32SecondType>(array, TimeUnit::Second),
        DataType::Time32(unit) => time::<Time32MillisecondType>(array, *unit),
        DataType::Time64(TimeUnit::Microsecond) => time::<Time64MicrosecondType>(array, TimeUnit::Microsecond),
        DataType::Time64(unit) => time::<Time64NanosecondType>(array, *unit),
        DataType::Timestamp(TimeUnit::Second, _) => timestamp::<TimestampSecondType>(field, array, TimeUnit::Second),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            timestamp::<TimestampMillisecondType>(field, array, TimeUnit::Millisecond)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            timestamp::<TimestampMicrosecondType>(field, array, TimeUnit::Microsecond)
        }
        _ => timestamp::<TimestampNanosecondType>(field, array, TimeUnit::Nanosecond),
    }
}

/// Appends what `write` appends, in quotation marks.
fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> bool) -> Result<(), Bad> {
    out.push(b'"');
    if !write(out) {
        return Err(Bad::new("It lies outside the years 1 to 9999."));
    }
    out.push(b'"');
    Ok(())
}

fn time<T>(array: &dyn Array, unit: TimeUnit) -> Write<'_>
where
    T: ArrowPrimitiveType<Native: Into<i64>>,
{
    let array = array.as_primitive::<T>();
    each(move |row, out| {
        out.push(b'"');
        if !moment::write_clock(array.value(row).into(), unit, out) {
            return Err(Bad::new("It is no time of a day."));
        }
        out.push(b'"');
        Ok(())
    })
}

fn timestamp<'a, T>(field: &Field, array: &'a dyn Array, unit: TimeUnit) -> Write<'a>
where
    T: ArrowPrimitiveType<Native = i64>,
{
    let as_number = field.metadata().get(XANO_TYPE).is_some_and(|kind| kind == "timestamp");
    let zoned = matches!(array.data_type(), DataType::Timestamp(_, Some(_)));
    let array = array.as_primitive::<T>();
    each(move |row, out| {
        let number = array.value(row);
        if let Some(millis) = moment::millis(number, unit).filter(|_| as_number) {
            write_json(&millis, out);
            return Ok(());
        }
        quoted(out, |out| {
            let written = moment::write_moment(number, unit, out);
            if zoned {
                // Whatever the zone is called, the number counts from midnight in UTC.
                out.push(b'Z');
            }
            written
        })
    })
}
