//! Days, times and moments as text, in the proleptic Gregorian calendar. [`check::time`](crate::records::check::time) is
//! the way back.

use arrow_schema::TimeUnit;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// How many of a unit make a second, and how many digits that is.
const fn scale(unit: TimeUnit) -> (i64, usize) {
    match unit {
        TimeUnit::Second => (1, 0),
        TimeUnit::Millisecond => (1_000, 3),
        TimeUnit::Microsecond => (1_000_000, 6),
        TimeUnit::Nanosecond => (1_000_000_000, 9),
    }
}

/// Whole milliseconds; none when there are none, or too many.
pub(super) fn millis(number: i64, unit: TimeUnit) -> Option<i64> {
    let (per_second, _) = scale(unit);
    if per_second < 1000 {
        return number.checked_mul(1000 / per_second);
    }
    let per_milli = per_second / 1000;
    (number % per_milli == 0).then_some(number / per_milli)
}

/// Appends `YYYY-MM-DD` for days since 1970; false, and nothing, when the year is not one from 1 to 9999.
pub(super) fn write_day(days: i64, out: &mut Vec<u8>) -> bool {
    let Some((year, month, day)) = civil(days) else {
        return false;
    };
    out.extend_from_slice(format!("{year:04}-{month:02}-{day:02}").as_bytes());
    true
}

/// Appends `YYYY-MM-DDTHH:MM:SS` with the digits of a fraction that are needed; false, and nothing, as for a day.
pub(super) fn write_moment(number: i64, unit: TimeUnit, out: &mut Vec<u8>) -> bool {
    let (per_second, _) = scale(unit);
    let per_day = DAY * per_second;
    if !write_day(number.div_euclid(per_day), out) {
        return false;
    }
    out.push(b'T');
    write_clock(number.rem_euclid(per_day), unit, out)
}

/// Appends `HH:MM:SS` likewise, for a time since midnight; false, and nothing, when that is none.
pub(super) fn write_clock(number: i64, unit: TimeUnit, out: &mut Vec<u8>) -> bool {
    let (per_second, width) = scale(unit);
    let (seconds, fraction) = (number / per_second, number % per_second);
    if number < 0 || seconds >= DAY {
        return false;
    }
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{hour:02}:{minute:02}:{second:02}");
    if fraction != 0 {
        text.push_str(format!(".{fraction:0width$}").trim_end_matches('0'));
    }
    out.extend_from_slice(text.as_bytes());
    true
}

/// Year, month and day of days since 1970, for years from 1 to 9999. Years begin in March here, so that a leap day is the
/// last.
fn civil(days: i64) -> Option<(i64, i64, i64)> {
    let days = days.checked_add(719_468)?;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (1..=9999).contains(&year).then_some((year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::check::time;

    fn day(days: i64) -> Option<String> {
        let mut out = Vec::new();
        write_day(days, &mut out).then(|| String::from_utf8(out).expect("ASCII"))
    }

    fn moment(number: i64, unit: TimeUnit) -> String {
        let mut out = Vec::new();
        assert!(write_moment(number, unit, &mut out), "{number}");
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn every_day_of_the_calendar_comes_back() {
        let first = time::day("0001-01-01").expect("the first day");
        let last = time::day("9999-12-31").expect("the last day");
        for days in (first..=last).step_by(13).chain([last]) {
            let text = day(days).expect("a day of the calendar");
            assert_eq!(time::day(&text), Some(days), "{text}");
        }
        assert_eq!((day(first - 1), day(last + 1)), (None, None));
        assert_eq!((day(i64::MIN), day(i64::MAX)), (None, None));
    }

    #[test]
    fn moments_come_back() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00"),
            (-1, "1969-12-31T23:59:59.999"),
            (500, "1970-01-01T00:00:00.5"),
            (-62_135_596_800_000, "0001-01-01T00:00:00"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999"),
        ] {
            assert_eq!(moment(millis, TimeUnit::Millisecond), text);
            assert_eq!(time::moment(text), Ok(millis));
        }
        assert!(!write_moment(
            253_402_300_800_000,
            TimeUnit::Millisecond,
            &mut Vec::new()
        ));
    }

    #[test]
    fn every_unit_has_its_digits() {
        assert_eq!(moment(-1, TimeUnit::Second), "1969-12-31T23:59:59");
        assert_eq!(moment(1, TimeUnit::Microsecond), "1970-01-01T00:00:00.000001");
        assert_eq!(moment(i64::MIN, TimeUnit::Nanosecond), "1677-09-21T00:12:43.145224192");
        assert!(!write_moment(i64::MAX, TimeUnit::Second, &mut Vec::new()));
        let mut out = Vec::new();
        assert!(write_clock(DAY * 1_000_000_000 - 1, TimeUnit::Nanosecond, &mut out));
        assert_eq!(out, b"23:59:59.999999999");
        assert!(!write_clock(DAY, TimeUnit::Second, &mut Vec::new()));
        assert!(!write_clock(-1, TimeUnit::Second, &mut Vec::new()));
        assert_eq!(millis(-3, TimeUnit::Second), Some(-3000));
        assert_eq!(millis(i64::MAX, TimeUnit::Second), None);
        assert_eq!(millis(2_000, TimeUnit::Microsecond), Some(2));
        assert_eq!(millis(2_001, TimeUnit::Microsecond), None);
    }
}
