//! Moments and days, as column values.
//!
//! A timestamp is a number of milliseconds since 1970 in UTC, and may be sent as one, as `now`, or in
//! any of the spellings of a date and time that clients use. A date is `YYYY-MM-DD` and stays text.

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar, by Howard Hinnant's algorithm.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let doy = (153 * shifted + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i64> {
    (digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn civil(text: &str) -> Option<(i64, i64, i64)> {
    let mut parts = text.splitn(3, '-');
    let year = number(parts.next()?, 4..=4)?;
    let month = number(parts.next()?, 2..=2)?;
    let day = number(parts.next()?, 2..=2)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (year >= 1 && (1..=last).contains(&day)).then_some((year, month, day))
}

/// Whether the text is a day that exists, from 0001-01-01 to 9999-12-31.
pub fn is_date(text: &str) -> bool {
    civil(text).is_some()
}

/// Reads `2023-04-12`, `2023-04-12 22:00:38+0000`, `2023-04-12T22:00:38.123Z` and their like.
pub fn timestamp(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(ms) = text.parse::<i64>() {
        return Some(ms);
    }
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim_start()),
        None => (text, ""),
    };
    let (year, month, day) = civil(date)?;
    let midnight = days_from_civil(year, month, day) * 86_400_000;
    if rest.is_empty() {
        return Some(midnight);
    }
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    Some(midnight + clock_time(rest[..zone_at].trim_end())? - zone(&rest[zone_at..])?)
}

fn clock_time(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.splitn(3, ':');
    let hour = number(parts.next()?, 2..=2).filter(|h| *h < 24)?;
    let minute = number(parts.next()?, 2..=2).filter(|m| *m < 60)?;
    let second = number(parts.next().unwrap_or("00"), 2..=2).filter(|s| *s < 60)?;
    let ms = if fraction.is_empty() {
        0
    } else {
        number(fraction, 1..=9)?;
        format!("{fraction:0<3}")[..3].parse().ok()?
    };
    Some(((hour * 60 + minute) * 60 + second) * 1000 + ms)
}

fn zone(text: &str) -> Option<i64> {
    if text.is_empty() || text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text[1..].replace(':', "");
    let hours = number(digits.get(..2)?, 2..=2).filter(|h| *h <= 15)?;
    let minutes = match &digits[2..] {
        "" => 0,
        rest => number(rest, 2..=2).filter(|m| *m < 60)?,
    };
    Some(sign * (hours * 60 + minutes) * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_spelling_of_one_moment() {
        for text in [
            "1681336838000",
            "2023-04-12 22:00:38+0000",
            "2023-04-12T22:00:38Z",
            "2023-04-12T22:00:38.000+00:00",
            "2023-04-13T00:00:38+02",
            "2023-04-12 22:00:38",
        ] {
            assert_eq!(timestamp(text), Some(1_681_336_838_000), "{text}");
        }
        assert_eq!(timestamp("2023-04-12T22:00:38.5Z"), Some(1_681_336_838_500));
        assert_eq!(timestamp("1969-12-31"), Some(-86_400_000));
        assert_eq!(timestamp("9999-12-31T23:59:59.999Z"), Some(253_402_300_799_999));
    }

    #[test]
    fn refuses_what_no_calendar_has() {
        for text in [
            "",
            "2023-02-29",
            "2023-13-01",
            "2023-04-12T24:00:00Z",
            "soon",
            "2023-4-1",
            "2023-04-12T10",
        ] {
            assert_eq!(timestamp(text), None, "{text}");
        }
        assert!(is_date("2024-02-29") && is_date("0001-01-01") && is_date("9999-12-31"));
        for text in [
            "2023-02-29",
            "1900-02-29",
            "0000-01-01",
            "2023-04-12 ",
            "12/04/2023",
            "2023-04-12T00:00:00Z",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }
}
