//! Days and moments, in the spellings that servers and languages write.

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Reads `2023-04-12`: days since 1970-01-01, for days from 0001-01-01 to 9999-12-31 that exist.
pub(crate) fn day(text: impl AsRef<[u8]>) -> Option<i64> {
    let bytes = text.as_ref();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (digits(&bytes[..4])?, digits(&bytes[5..7])?, digits(&bytes[8..])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (year >= 1 && (1..=last).contains(&day)).then(|| days_since_1970(year, month, day))
}

/// By Howard Hinnant's algorithm: a year that begins in March ends with its leap day.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Why a text is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoMoment {
    /// It does not read as one.
    Unreadable,
    /// It says more than milliseconds can.
    TooFine,
}

/// Reads `2023-04-12T22:00:38.123Z`, `2023-04-12 22:00:38+0000`, `2023-04-12` and their like: milliseconds since 1970.
/// Without a zone it is UTC.
pub(crate) fn moment(text: &str) -> Result<i64, NoMoment> {
    let (date, rest) = text.split_at_checked(10).ok_or(NoMoment::Unreadable)?;
    let midnight = day(date).ok_or(NoMoment::Unreadable)? * DAY;
    if rest.is_empty() {
        return Ok(midnight);
    }
    let rest = rest.strip_prefix(['T', 't', ' ']).ok_or(NoMoment::Unreadable)?;
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(zone_at);
    let offset = self::zone(zone).ok_or(NoMoment::Unreadable)?;
    Ok(midnight + time_of_day(clock.trim_end_matches(' '))? - offset)
}

/// Reads `22:00`, `22:00:38` or `22:00:38.123`.
fn time_of_day(text: &str) -> Result<i64, NoMoment> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let bytes = whole.as_bytes();
    let second = match bytes.len() {
        5 => Some(0),
        8 if bytes[5] == b':' => digits(&bytes[6..]),
        _ => None,
    };
    let parts = second.filter(|_| bytes[2] == b':').and_then(|second| {
        let (hour, minute) = (digits(&bytes[..2])?, digits(&bytes[3..5])?);
        (hour < 24 && minute < 60 && second < 60).then_some((hour * 60 + minute) * 60 + second)
    });
    let seconds = parts.ok_or(NoMoment::Unreadable)?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoMoment::Unreadable);
    }
    let (millis, finer) = fraction.split_at(fraction.len().min(3));
    if finer.bytes().any(|byte| byte != b'0') {
        return Err(NoMoment::TooFine);
    }
    let millis = digits(format!("{millis:0<3}").as_bytes()).ok_or(NoMoment::Unreadable)?;
    Ok(seconds * 1000 + millis)
}

/// Milliseconds that a zone is ahead of UTC: nothing, `Z`, `+02`, `+0200` or `+02:00`.
fn zone(text: &str) -> Option<i64> {
    if matches!(text, "" | "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match &text.as_bytes()[1..] {
        [a, b] => ([*a, *b], [b'0', b'0']),
        [a, b, c, d] | [a, b, b':', c, d] => ([*a, *b], [*c, *d]),
        _ => return None,
    };
    let (hours, minutes) = (digits(&hours)?, digits(&minutes)?);
    (hours < 16 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

/// Reads a day that may be spelt as its midnight in UTC or without a zone: `2023-04-12T00:00:00`.
pub(super) fn day_or_midnight(text: &str) -> Option<&str> {
    let (date, rest) = text.split_at_checked(10)?;
    let days = day(date)?;
    let at_midnight = || {
        let zone = &rest[rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len())..];
        moment(text) == Ok(days * DAY) && self::zone(zone) == Some(0)
    };
    (rest.is_empty() || at_midnight()).then_some(date)
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_moment_is_read() {
        for text in [
            "2023-04-12 22:00:38+0000",
            "2023-04-12T22:00:38Z",
            "2023-04-12t22:00:38z",
            "2023-04-12T22:00:38.000000000+00:00",
            "2023-04-13T00:00:38+02",
            "2023-04-12T17:30:38-04:30",
            "2023-04-12 22:00:38",
            "2023-04-12 22:00:38 +0000",
        ] {
            assert_eq!(moment(text), Ok(1_681_336_838_000), "{text}");
        }
        assert_eq!(moment("2023-04-12T22:00:38.5Z"), Ok(1_681_336_838_500));
        assert_eq!(moment("2023-04-12T22:00"), Ok(1_681_336_800_000));
        assert_eq!(moment("1969-12-31"), Ok(-DAY));
        assert_eq!(moment("0001-01-01T00:00:00Z"), Ok(-62_135_596_800_000));
        assert_eq!(moment("9999-12-31T23:59:59.999Z"), Ok(253_402_300_799_999));
    }

    #[test]
    fn what_no_calendar_has_is_none() {
        for text in [
            "",
            "soon",
            "now",
            "2023-02-29",
            "1900-02-29",
            "2023-13-01",
            "2023-4-1",
            "0000-01-01",
            "2023-04-12T24:00:00Z",
            "2023-04-12T10",
            "2023-04-12T10:00:60",
            "2023-04-12T10:00:00.",
            "2023-04-12T10:00:00.1x",
            "2023-04-12X10:00:00",
            "2023-04-12T",
            "2023-04-12T10:00:00+2",
            "2023-04-12T10:00:00+16:00",
            "2023-04-12T10:00:00+02:0",
            "2023-04-12T10:00:00+001:5",
            "2023-04-12T10:00:00Z12",
            "２023-04-12",
            "2023-04-1２",
        ] {
            assert_eq!(moment(text), Err(NoMoment::Unreadable), "{text}");
        }
        assert_eq!(moment("2023-04-12T10:00:00.0001"), Err(NoMoment::TooFine));
        assert_eq!(moment("2023-04-12T10:00:00.123456Z"), Err(NoMoment::TooFine));
    }

    #[test]
    fn a_day_may_be_spelt_as_its_midnight() {
        for text in [
            "2024-02-29",
            "2024-02-29T00:00:00",
            "2024-02-29 00:00:00.000000Z",
            "2024-02-29T00:00:00+00:00",
        ] {
            assert_eq!(day_or_midnight(text), Some("2024-02-29"), "{text}");
        }
        for text in [
            "2024-02-29T00:00:01",
            "2024-02-29T00:00:00+02:00",
            "2024-02-29T02:00:00+02:00",
            "2024-02-29T",
            "2024-02-29x",
            "12/04/2023",
            "now",
        ] {
            assert_eq!(day_or_midnight(text), None, "{text}");
        }
    }
}
