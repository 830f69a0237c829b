//! Days, times and moments.
//!
//! A moment of a column that comes from a timestamp of Xano is a number of milliseconds, as the server writes it. Any other
//! is text with all the digits it has: a load makes milliseconds of it where the column wants them, a day where it is a
//! midnight, and refuses what it would have to round.

use arrow_buffer::ArrowNativeType;
use arrow_data::ArrayData;
use arrow_schema::TimeUnit;

use super::{Bad, Metadata, Write, buffer, each, write_json};
use crate::records::arrow::moment;
use crate::records::arrow::types::XANO_TYPE;

/// Days since 1970.
pub(super) fn day(data: &ArrayData) -> Write<'_> {
    let days = buffer::<i32>(data, 0);
    each(|row, out| quoted(out, |out| moment::write_day(days[row].into(), out)))
}

/// Milliseconds since 1970 that should be midnights.
pub(super) fn date64(data: &ArrayData) -> Write<'_> {
    const DAY: i64 = 86_400_000;
    let moments = buffer::<i64>(data, 0);
    each(|row, out| {
        let number = moments[row];
        quoted(out, |out| match number % DAY {
            0 => moment::write_day(number / DAY, out),
            _ => moment::write_moment(number, TimeUnit::Millisecond, out),
        })
    })
}

/// Times since midnight.
pub(super) fn time<T: ArrowNativeType + Into<i64>>(data: &ArrayData, unit: TimeUnit) -> Write<'_> {
    let times = buffer::<T>(data, 0);
    each(move |row, out| {
        out.push(b'"');
        if !moment::write_clock(times[row].into(), unit, out) {
            return Err(Bad::new("It is no time of a day."));
        }
        out.push(b'"');
        Ok(())
    })
}

/// Moments since 1970; those with a zone as UTC, because whatever the zone is called, they count from midnight there.
pub(super) fn timestamp<'a>(metadata: &Metadata, data: &'a ArrayData, unit: TimeUnit, zoned: bool) -> Write<'a> {
    let as_number = metadata.get(XANO_TYPE).is_some_and(|kind| kind == "timestamp");
    let moments = buffer::<i64>(data, 0);
    each(move |row, out| {
        let number = moments[row];
        if let Some(millis) = moment::millis(number, unit).filter(|_| as_number) {
            write_json(&millis, out);
            return Ok(());
        }
        quoted(out, |out| {
            let written = moment::write_moment(number, unit, out);
            if zoned {
                out.push(b'Z');
            }
            written
        })
    })
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
